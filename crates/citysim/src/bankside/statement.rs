//! Writes camt.053.001.08, element by element in the order of its schema.

use super::BankSide;
use super::xml::escape;
use crate::SimError;
use chrono::{Datelike, NaiveDate};
use primitives::Minor;
use std::fmt::Write as _;

/// One movement on the account; positive is money in.
#[derive(Debug)]
pub(super) struct Movement {
    pub(super) amount: Minor,
    pub(super) end_to_end: String,
    pub(super) memo: Vec<String>,
    pub(super) counterparty: String,
    pub(super) counterparty_account: String,
}

/// Longest line of unstructured remittance text.
const MEMO_LEN_MAX: usize = 140;

/// The statement of one day.
pub(super) fn write(
    bank: &BankSide,
    date: NaiveDate,
    closing: Minor,
    movements: &[Movement],
) -> Result<Vec<u8>, SimError> {
    let mut xml = String::with_capacity(1024 + movements.len() * 900);
    let number = date.ordinal();
    let id = format!("STMT{}", date.format("%Y%m%d"));
    // The bank writes the statement early the next morning; which second it is does not matter to anyone.
    let written = format!("{date}T23:59:59");
    line(&mut xml, 0, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
    line(&mut xml, 0, "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\">");
    line(&mut xml, 1, "<BkToCstmrStmt>");
    line(&mut xml, 2, &format!("<GrpHdr><MsgId>{id}</MsgId><CreDtTm>{written}</CreDtTm></GrpHdr>"));
    line(&mut xml, 2, "<Stmt>");
    line(&mut xml, 3, &format!("<Id>{id}</Id>"));
    line(&mut xml, 3, &format!("<ElctrncSeqNb>{number}</ElctrncSeqNb>"));
    line(&mut xml, 3, &format!("<CreDtTm>{written}</CreDtTm>"));
    let period = format!("<FrDtTm>{date}T00:00:00</FrDtTm><ToDtTm>{written}</ToDtTm>");
    line(&mut xml, 3, &format!("<FrToDt>{period}</FrToDt>"));
    line(
        &mut xml,
        3,
        &format!(
            "<Acct><Id><Othr><Id>{}</Id></Othr></Id><Ccy>{}</Ccy><Nm>{}</Nm></Acct>",
            escape(&bank.account),
            bank.currency.letters(),
            escape(&bank.holder)
        ),
    );
    balance(&mut xml, bank, "OPBD", bank.opening, date)?;
    balance(&mut xml, bank, "CLBD", closing, date)?;
    summary(&mut xml, bank, movements)?;
    for (ordinal, movement) in movements.iter().enumerate() {
        entry(&mut xml, bank, date, ordinal + 1, movement)?;
    }
    line(&mut xml, 2, "</Stmt>");
    line(&mut xml, 1, "</BkToCstmrStmt>");
    line(&mut xml, 0, "</Document>");
    Ok(xml.into_bytes())
}

fn line(xml: &mut String, depth: usize, text: &str) {
    xml.extend(std::iter::repeat_n("  ", depth));
    xml.push_str(text);
    xml.push('\n');
}

/// `<Amt>` without a sign, and the sign beside it.
fn amount(bank: &BankSide, amount: Minor) -> Result<String, SimError> {
    let (size, sign) = if amount.is_negative() { (amount.negated()?, "DBIT") } else { (amount, "CRDT") };
    Ok(format!(
        "<Amt Ccy=\"{}\">{}</Amt><CdtDbtInd>{sign}</CdtDbtInd>",
        bank.currency.letters(),
        bank.currency.format_amount(size)
    ))
}

fn balance(
    xml: &mut String,
    bank: &BankSide,
    kind: &str,
    value: Minor,
    date: NaiveDate,
) -> Result<(), SimError> {
    let kind = format!("<Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>");
    let value = amount(bank, value)?;
    line(xml, 3, &format!("<Bal>{kind}{value}<Dt><Dt>{date}</Dt></Dt></Bal>"));
    Ok(())
}

fn summary(xml: &mut String, bank: &BankSide, movements: &[Movement]) -> Result<(), SimError> {
    let side = |credit: bool| {
        let of_side = || movements.iter().filter(move |movement| movement.amount.is_negative() != credit);
        Minor::sum(of_side().map(|movement| movement.amount)).map(|sum| (of_side().count(), sum))
    };
    let (credits, credited) = side(true)?;
    let (debits, debited) = side(false)?;
    let text = |sum: Minor| bank.currency.format_amount(sum);
    line(
        xml,
        3,
        &format!(
            "<TxsSummry><TtlNtries><NbOfNtries>{}</NbOfNtries></TtlNtries>\
             <TtlCdtNtries><NbOfNtries>{credits}</NbOfNtries><Sum>{}</Sum></TtlCdtNtries>\
             <TtlDbtNtries><NbOfNtries>{debits}</NbOfNtries><Sum>{}</Sum></TtlDbtNtries></TxsSummry>",
            movements.len(),
            text(credited),
            text(debited.negated()?),
        ),
    );
    Ok(())
}

fn entry(
    xml: &mut String,
    bank: &BankSide,
    date: NaiveDate,
    ordinal: usize,
    movement: &Movement,
) -> Result<(), SimError> {
    let bank_ref = format!("FT{}{ordinal:07}", date.format("%y%m%d"));
    let (family, party) = if movement.amount.is_negative() { ("ICDT", "Cdtr") } else { ("RCDT", "Dbtr") };
    line(xml, 3, "<Ntry>");
    line(xml, 4, &amount(bank, movement.amount)?);
    line(xml, 4, "<Sts><Cd>BOOK</Cd></Sts>");
    line(xml, 4, &format!("<BookgDt><Dt>{date}</Dt></BookgDt><ValDt><Dt>{date}</Dt></ValDt>"));
    line(xml, 4, &format!("<AcctSvcrRef>{bank_ref}</AcctSvcrRef>"));
    let code = format!("<Cd>PMNT</Cd><Fmly><Cd>{family}</Cd><SubFmlyCd>DMCT</SubFmlyCd></Fmly>");
    line(xml, 4, &format!("<BkTxCd><Domn>{code}</Domn></BkTxCd>"));
    line(xml, 4, "<NtryDtls><TxDtls>");
    let end_to_end = escape(&movement.end_to_end);
    line(
        xml,
        5,
        &format!("<Refs><AcctSvcrRef>{bank_ref}</AcctSvcrRef><EndToEndId>{end_to_end}</EndToEndId></Refs>"),
    );
    line(xml, 5, &amount(bank, movement.amount)?);
    line(
        xml,
        5,
        &format!(
            "<RltdPties><{party}><Pty><Nm>{}</Nm></Pty></{party}>\
             <{party}Acct><Id><Othr><Id>{}</Id></Othr></Id></{party}Acct></RltdPties>",
            escape(&movement.counterparty),
            escape(&movement.counterparty_account)
        ),
    );
    if !movement.memo.is_empty() {
        let mut texts = String::new();
        for memo in &movement.memo {
            let cut: String = memo.chars().take(MEMO_LEN_MAX).collect();
            // Writing to a string cannot fail.
            let _ = write!(texts, "<Ustrd>{}</Ustrd>", escape(&cut));
        }
        line(xml, 5, &format!("<RmtInf>{texts}</RmtInf>"));
    }
    line(xml, 4, "</TxDtls></NtryDtls>");
    line(xml, 3, "</Ntry>");
    Ok(())
}
