//! The elements, in the order of the schema, two spaces deeper each level, line feeds only.

use super::PayoutFile;
use super::check::{Batch, Side, Transfer};
use chrono::SecondsFormat;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use std::io;

const NAMESPACE: &str = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09";

/// Writes a checked batch.
pub(super) fn write(file: &PayoutFile, batch: &Batch<'_>) -> io::Result<Vec<u8>> {
    let mut tree = Tree(Writer::new_with_indent(Vec::new(), b' ', 2));
    tree.0.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    tree.0.write_event(Event::Start(BytesStart::new("Document").with_attributes([("xmlns", NAMESPACE)])))?;
    tree.nest("CstmrCdtTrfInitn", |tree| {
        tree.nest("GrpHdr", |tree| header(tree, file, batch))?;
        tree.nest("PmtInf", |tree| payments(tree, file, batch))
    })?;
    tree.0.write_event(Event::End(BytesEnd::new("Document")))?;
    let mut bytes = tree.0.into_inner();
    bytes.push(b'\n');
    Ok(bytes)
}

fn header(tree: &mut Tree, file: &PayoutFile, batch: &Batch<'_>) -> io::Result<()> {
    tree.leaf("MsgId", &file.message_id)?;
    tree.leaf("CreDtTm", &file.created_at.to_rfc3339_opts(SecondsFormat::Secs, true))?;
    totals(tree, file, batch)?;
    tree.nest("InitgPty", |tree| tree.leaf("Nm", &batch.debtor.name))
}

/// One account and one day, so one block: its totals are those of the message.
fn payments(tree: &mut Tree, file: &PayoutFile, batch: &Batch<'_>) -> io::Result<()> {
    tree.leaf("PmtInfId", &file.message_id)?;
    tree.leaf("PmtMtd", "TRF")?;
    // One debit a payment: each line of the statement then carries its own end-to-end id.
    tree.leaf("BtchBookg", "false")?;
    totals(tree, file, batch)?;
    tree.nest("ReqdExctnDt", |tree| tree.leaf("Dt", &file.execution_date.format("%Y-%m-%d").to_string()))?;
    party(tree, "Dbtr", &batch.debtor)?;
    account(tree, "DbtrAcct", &batch.debtor)?;
    agent(tree, "DbtrAgt", &batch.debtor)?;
    batch
        .payments
        .iter()
        .try_for_each(|payment| tree.nest("CdtTrfTxInf", |tree| transfer(tree, file, payment)))
}

fn totals(tree: &mut Tree, file: &PayoutFile, batch: &Batch<'_>) -> io::Result<()> {
    tree.leaf("NbOfTxs", &batch.payments.len().to_string())?;
    tree.leaf("CtrlSum", &file.currency.format_amount(batch.total))
}

fn transfer(tree: &mut Tree, file: &PayoutFile, payment: &Transfer<'_>) -> io::Result<()> {
    tree.nest("PmtId", |tree| tree.leaf("EndToEndId", payment.end_to_end))?;
    tree.nest("Amt", |tree| {
        let currency = BytesStart::new("InstdAmt").with_attributes([("Ccy", file.currency.letters())]);
        tree.text(currency, &file.currency.format_amount(payment.amount))
    })?;
    agent(tree, "CdtrAgt", &payment.creditor)?;
    party(tree, "Cdtr", &payment.creditor)?;
    account(tree, "CdtrAcct", &payment.creditor)?;
    if payment.remittance.is_empty() {
        return Ok(());
    }
    tree.nest("RmtInf", |tree| tree.leaf("Ustrd", &payment.remittance))
}

fn party(tree: &mut Tree, name: &'static str, side: &Side<'_>) -> io::Result<()> {
    tree.nest(name, |tree| tree.leaf("Nm", &side.name))
}

fn account(tree: &mut Tree, name: &'static str, side: &Side<'_>) -> io::Result<()> {
    tree.nest(name, |tree| {
        tree.nest("Id", |tree| {
            if side.iban {
                tree.leaf("IBAN", side.account)
            } else {
                tree.nest("Othr", |tree| tree.leaf("Id", side.account))
            }
        })
    })
}

fn agent(tree: &mut Tree, name: &'static str, side: &Side<'_>) -> io::Result<()> {
    tree.nest(name, |tree| tree.nest("FinInstnId", |tree| tree.leaf("BICFI", side.bic)))
}

/// A writer of nested elements.
struct Tree(Writer<Vec<u8>>);

impl Tree {
    /// An element with elements in it.
    fn nest(
        &mut self,
        name: &'static str,
        inside: impl FnOnce(&mut Tree) -> io::Result<()>,
    ) -> io::Result<()> {
        self.0.write_event(Event::Start(BytesStart::new(name)))?;
        inside(self)?;
        self.0.write_event(Event::End(BytesEnd::new(name)))
    }

    /// An element with text in it.
    fn leaf(&mut self, name: &'static str, text: &str) -> io::Result<()> {
        self.text(BytesStart::new(name), text)
    }

    fn text(&mut self, start: BytesStart<'_>, text: &str) -> io::Result<()> {
        let end = start.to_end().into_owned();
        self.0.write_event(Event::Start(start.borrow()))?;
        self.0.write_event(Event::Text(BytesText::new(text)))?;
        self.0.write_event(Event::End(end))
    }
}
