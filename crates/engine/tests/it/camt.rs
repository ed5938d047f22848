//! Bank statements for tests: the smallest camt.053 that says everything.

use std::fmt::Write as _;

/// Our account at the bank.
pub const ACCOUNT: &str = "0071001234567";

/// A statement to write.
#[derive(Clone)]
pub struct Camt {
    pub account: &'static str,
    pub currency: &'static str,
    pub id: String,
    pub from: String,
    pub to: String,
    pub opening: i64,
    /// None: what opening and lines come to.
    pub closing: Option<i64>,
    /// Amount, end-to-end id, memo.
    pub lines: Vec<(i64, String, String)>,
}

impl Camt {
    /// A statement of one day.
    pub fn of_day(day: &str, opening: i64) -> Camt {
        Camt {
            account: ACCOUNT,
            currency: "VND",
            id: format!("S{day}"),
            from: day.into(),
            to: day.into(),
            opening,
            closing: None,
            lines: Vec::new(),
        }
    }

    pub fn line(mut self, amount: i64, end_to_end: &str, memo: &str) -> Camt {
        self.lines.push((amount, end_to_end.into(), memo.into()));
        self
    }

    pub fn closing(&self) -> i64 {
        self.closing.unwrap_or(self.opening + self.lines.iter().map(|line| line.0).sum::<i64>())
    }

    /// The file.
    pub fn bytes(&self) -> Vec<u8> {
        let sign = |amount: i64| if amount < 0 { "DBIT" } else { "CRDT" };
        let mut xml = String::from(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt>\
             <GrpHdr><MsgId>M</MsgId><CreDtTm>2026-03-03T05:00:00+07:00</CreDtTm></GrpHdr><Stmt>",
        );
        let Camt { account, currency, id, from, to, opening, .. } = self;
        write!(
            xml,
            "<Id>{id}</Id><FrToDt><FrDtTm>{from}T00:00:00+07:00</FrDtTm><ToDtTm>{to}T23:59:59+07:00</ToDtTm></FrToDt>\
             <Acct><Id><Othr><Id>{account}</Id></Othr></Id><Ccy>{currency}</Ccy></Acct>"
        )
        .unwrap();
        for (code, amount) in [("OPBD", *opening), ("CLBD", self.closing())] {
            write!(
                xml,
                "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy=\"{currency}\">{}</Amt>\
                 <CdtDbtInd>{}</CdtDbtInd><Dt><Dt>{to}</Dt></Dt></Bal>",
                amount.abs(),
                sign(amount)
            )
            .unwrap();
        }
        for (amount, end_to_end, memo) in &self.lines {
            let end_to_end = if end_to_end.is_empty() { "NOTPROVIDED" } else { end_to_end };
            write!(
                xml,
                "<Ntry><Amt Ccy=\"{currency}\">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>\
                 <BookgDt><Dt>{to}</Dt></BookgDt><ValDt><Dt>{to}</Dt></ValDt>\
                 <NtryDtls><TxDtls><Refs><EndToEndId>{end_to_end}</EndToEndId></Refs>\
                 <Amt Ccy=\"{currency}\">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd>\
                 <RmtInf><Ustrd>{memo}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>",
                amount = amount.abs(),
                sign = sign(*amount)
            )
            .unwrap();
        }
        xml.push_str("</Stmt></BkToCstmrStmt></Document>\n");
        xml.into_bytes()
    }
}
