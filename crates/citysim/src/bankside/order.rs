//! The bank reads a payment order (pain.001.001.09), as strictly as a bank would.

use super::xml::Element;
use crate::SimError;
use primitives::{Currency, Minor};

/// What the customer ordered.
#[derive(Debug)]
pub(super) struct Order {
    /// The account to debit.
    pub(super) debtor_account: String,
    /// The payments, in the order of the file.
    pub(super) payments: Vec<Payment>,
}

/// One payment of an order.
#[derive(Debug)]
pub(super) struct Payment {
    pub(super) end_to_end: String,
    pub(super) creditor: String,
    pub(super) creditor_account: String,
    pub(super) amount: Minor,
    pub(super) remittance: String,
}

/// Reads an order in this currency; an order that does not add up is refused as a whole.
pub(super) fn read(bytes: &[u8], currency: Currency) -> Result<Order, SimError> {
    let document = Element::parse(bytes)?;
    let message = document.at("CstmrCdtTrfInitn").ok_or_else(|| refused("not a payment order"))?;
    let mut order = Order { debtor_account: String::new(), payments: Vec::new() };
    for batch in message.all("PmtInf") {
        let account = account(batch, "DbtrAcct")?;
        if !order.debtor_account.is_empty() && order.debtor_account != account {
            return Err(refused("two debtor accounts"));
        }
        order.debtor_account = account;
        let first = order.payments.len();
        for transfer in batch.all("CdtTrfTxInf") {
            order.payments.push(payment(transfer, currency)?);
        }
        prove(batch, order.payments.get(first..).unwrap_or(&[]), currency)?;
    }
    let header = message.at("GrpHdr").ok_or_else(|| refused("no header"))?;
    prove(header, &order.payments, currency)?;
    let mut ids: Vec<&str> = order.payments.iter().map(|payment| payment.end_to_end.as_str()).collect();
    ids.sort_unstable();
    if ids.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(refused("one end-to-end id twice"));
    }
    Ok(order)
}

fn payment(transfer: &Element, currency: Currency) -> Result<Payment, SimError> {
    let amount = transfer.at("Amt/InstdAmt").ok_or_else(|| refused("no amount"))?;
    if amount.attribute("Ccy") != Some(currency.letters()) {
        return Err(refused("a payment in another currency"));
    }
    let amount = currency.parse_amount(transfer.need("Amt/InstdAmt")?)?;
    if !amount.is_positive() {
        return Err(refused("a payment that is not above zero"));
    }
    Ok(Payment {
        end_to_end: transfer.need("PmtId/EndToEndId")?.to_owned(),
        creditor: transfer.need("Cdtr/Nm")?.to_owned(),
        creditor_account: account(transfer, "CdtrAcct")?,
        amount,
        remittance: transfer.text("RmtInf/Ustrd").unwrap_or("").to_owned(),
    })
}

fn account(holder: &Element, role: &str) -> Result<String, SimError> {
    let iban = holder.text(&format!("{role}/Id/IBAN"));
    iban.map_or_else(|| holder.need(&format!("{role}/Id/Othr/Id")), Ok).map(str::to_owned)
}

fn prove(level: &Element, payments: &[Payment], currency: Currency) -> Result<(), SimError> {
    let sum = Minor::sum(payments.iter().map(|payment| payment.amount))?;
    if let Some(count) = level.text("NbOfTxs")
        && count.parse() != Ok(payments.len())
    {
        return Err(refused("the number of payments is not what the file says"));
    }
    if let Some(total) = level.text("CtrlSum")
        && currency.parse_amount(total)? != sum
    {
        return Err(refused("the payments do not add up to what the file says"));
    }
    Ok(())
}

fn refused(what: &str) -> SimError {
    SimError::Payout(what.to_owned())
}
