//! Makes camt.053 files, as small as they may be.

use bank::{FileRefusal, Finding, FindingCode, Line, Proof, Statement, read_camt053};

/// The published day of the fixtures, in the oldest and in the newest shape.
pub const DAY_02: &str = include_str!("../../../../fixtures/bank/camt053-02-day.xml");
pub const DAY_08: &str = include_str!("../../../../fixtures/bank/camt053-08-day.xml");

/// A document of this version around statements.
pub fn document(version: &str, statements: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document \
         xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}\"><BkToCstmrStmt><GrpHdr><MsgId>M1</MsgId>\
         <CreDtTm>2026-03-03T05:00:00</CreDtTm></GrpHdr>{statements}</BkToCstmrStmt></Document>\n"
    )
}

/// A statement of account 100 on 2 March 2026 with these contents behind the account.
pub fn statement(id: &str, rest: &str) -> String {
    format!(
        "<Stmt><Id>{id}</Id><CreDtTm>2026-03-03T05:00:00</CreDtTm><FrToDt><FrDtTm>2026-03-02T00:00:00</FrDtTm>\
         <ToDtTm>2026-03-02T23:59:59</ToDtTm></FrToDt><Acct><Id><Othr><Id>100</Id></Othr></Id><Ccy>VND</Ccy></Acct>\
         {rest}</Stmt>"
    )
}

pub fn balance(code: &str, amount: &str) -> String {
    format!(
        "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy=\"VND\">{amount}</Amt>\
         <CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-03-02</Dt></Dt></Bal>"
    )
}

/// Opening and closing balance.
pub fn balances(opening: &str, closing: &str) -> String {
    format!("{}{}", balance("OPBD", opening), balance("CLBD", closing))
}

/// A booked entry with something behind its dates.
pub fn entry_with(amount: &str, sign: &str, rest: &str) -> String {
    format!(
        "<Ntry><Amt Ccy=\"VND\">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd><Sts>BOOK</Sts>\
         <BookgDt><Dt>2026-03-02</Dt></BookgDt><ValDt><Dt>2026-03-02</Dt></ValDt>{rest}</Ntry>"
    )
}

pub fn entry(amount: &str, sign: &str) -> String {
    entry_with(amount, sign, "")
}

/// A file with one statement of opening 1,000 and this closing.
pub fn file(closing: &str, entries: &str) -> String {
    document("02", &statement("S1", &format!("{}{entries}", balances("1000", closing))))
}

/// The same file with a namespace prefix on every element.
pub fn prefixed(file: &str, prefix: &str) -> String {
    let mut out = String::new();
    let mut rest = file;
    while let Some(open) = rest.find('<') {
        let (before, tag) = rest.split_at(open);
        out.push_str(before);
        let (slash, name) = match tag.strip_prefix("</") {
            Some(name) => ("</", name),
            None => ("<", &tag[1..]),
        };
        out.push_str(slash);
        if name.starts_with(|first: char| first.is_ascii_alphabetic()) {
            out.push_str(prefix);
            out.push(':');
        }
        rest = name;
    }
    out.push_str(rest);
    out.replace("xmlns=", &format!("xmlns:{prefix}="))
}

pub fn read(file: &str) -> Vec<Statement> {
    read_camt053(file.as_bytes()).unwrap()
}

/// The only statement of a file.
pub fn one(file: &str) -> Statement {
    let mut statements = read(file);
    assert_eq!(statements.len(), 1);
    statements.remove(0)
}

pub fn refusal(file: &str) -> FileRefusal {
    read_camt053(file.as_bytes()).unwrap_err()
}

pub fn amounts(statement: &Statement) -> Vec<i64> {
    statement.lines.iter().map(|line: &Line| line.amount.units()).collect()
}

pub fn codes(statement: &Statement) -> Vec<FindingCode> {
    statement.findings.iter().map(|finding: &Finding| finding.code).collect()
}

/// Σ of a failed proof, or a word for the others.
pub fn proof(statement: &Statement) -> String {
    match &statement.proof {
        Proof::Proven => "proven".to_owned(),
        Proof::Failed { difference } => format!("failed by {difference}"),
        Proof::NotProvable { .. } => "not provable".to_owned(),
    }
}
