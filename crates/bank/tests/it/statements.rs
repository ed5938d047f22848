//! What a statement says, in each of the ways banks say it.

use crate::file::*;
use bank::{FindingCode, Proof, Severity, reference};
use primitives::{Code, Currency};

#[test]
fn the_fixture_day_reads_the_same_in_the_oldest_and_the_newest_shape() {
    let old = one(DAY_02);
    assert_eq!(old, one(DAY_08));
    assert_eq!(old.proof, Proof::Proven);
    assert_eq!(old.findings, []);
    assert_eq!((old.id.as_str(), old.sequence), ("0071001234567-20260302", Some(61)));
    assert_eq!((old.account.as_str(), old.currency), ("0071001234567", Currency::VND));
    assert_eq!((old.opening.units(), old.closing.units()), (120_000_000, 120_464_000));
    assert_eq!(
        amounts(&old),
        [100_000, 7_000, 7_000, -74_050_000, 100_000, 200_000, 50_000, 999, 74_050_000]
    );
    let line = |ordinal: usize| &old.lines[ordinal - 1];
    assert!(old.lines.iter().zip(1..).all(|(line, ordinal)| line.ordinal == ordinal));
    // Wrapped inside the reference, with the bank's own words around it.
    assert_eq!(line(1).references, [reference::make(1_000_000_007)]);
    // Two riders, one fare, one minute: two lines.
    assert_eq!((line(2).memo.as_str(), line(3).memo.as_str()), ("ve xe buyt", "ve xe buyt"));
    assert_eq!(line(4).end_to_end.as_deref(), Some("PO20260302OP001"));
    assert_eq!(line(4).memo, "Thanh toan cuoc 01/03 & 02/03");
    // A batch whose details have references becomes one line a detail.
    assert_eq!(line(5).references, [reference::make(3)]);
    assert_eq!(line(6).references, [reference::make(4)]);
    assert_eq!((line(6).end_to_end.as_deref(), line(6).bank_ref.as_deref()), (None, Some("FT26061000005")));
    assert_eq!(line(7).bank_ref.as_deref(), Some("FT26061000005X3"));
    // Pending: shown, and not part of the sum.
    assert!(!line(8).booked && line(7).booked);
    assert!(line(9).reversal && !line(4).reversal);
}

#[test]
fn every_version_and_prefix_reads_the_same() {
    let entries = entry_with("7000", "CRDT", "<AcctSvcrRef>R1</AcctSvcrRef>");
    let body = statement("S1", &format!("{}{entries}", balances("1000", "8000")));
    let plain = one(&document("02", &body));
    for version in ["02", "03", "04", "06", "08", "10", "13", "14"] {
        let mut read = one(&document(version, &body));
        // Only the shape of the status is another matter from .07 on.
        read.findings.retain(|finding| finding.code != FindingCode::StatusForm);
        assert_eq!(read, plain, "{version}");
    }
    for prefix in ["ns2", "camt", "a-b.c", "_x"] {
        let moved = one(&prefixed(&document("02", &body), prefix));
        assert_eq!((&moved.lines, &moved.proof), (&plain.lines, &plain.proof), "{prefix}");
    }
    assert_eq!(one(&prefixed(DAY_02, "d")), one(DAY_02));
}

#[test]
fn another_namespace_or_root_is_no_profile_of_ours() {
    let file = file("1000", "");
    let space = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.02";
    for other in [
        "urn:iso:std:iso:20022:tech:xsd:camt.052.001.02",
        "urn:iso:std:iso:20022:tech:xsd:camt.054.001.08",
        "urn:iso:std:iso:20022:tech:xsd:camt.053.001.01",
        "urn:iso:std:iso:20022:tech:xsd:camt.053.001.00",
        "urn:iso:std:iso:20022:tech:xsd:camt.053.001.2",
        "urn:iso:std:iso:20022:tech:xsd:camt.053.001.+8",
        "urn:iso:std:iso:20022:tech:xsd:camt.053.001.002",
        "urn:iso:std:iso:20022:tech:xsd:camt.053.002.02",
        " urn:iso:std:iso:20022:tech:xsd:camt.053.001.02",
        "http://example.org/",
        "",
    ] {
        assert_eq!(refusal(&file.replace(space, other)).code, Code::FileNoProfile, "{other}");
    }
    assert_eq!(refusal(&file.replace("Document", "Dokument")).code, Code::FileNoProfile);
    assert_eq!(refusal("<html><body/></html>").code, Code::FileNoProfile);
}

#[test]
fn elements_of_other_namespaces_are_not_entries() {
    let foreign = "<x:Ntry xmlns:x=\"urn:x\"><x:Amt Ccy=\"VND\">5</x:Amt></x:Ntry>\
        <Ntry xmlns=\"urn:y\"><Amt Ccy=\"VND\">5</Amt></Ntry><Ntry xmlns=\"\"><Amt Ccy=\"VND\">5</Amt></Ntry>";
    let read = one(&file("1000", foreign));
    assert_eq!((read.lines.len(), proof(&read)), (0, "proven".to_owned()));
    // The same namespace under a second prefix is ours.
    let ours = entry("5", "CRDT");
    let ours = prefixed(&ours, "z").replacen(
        "<z:Ntry",
        "<z:Ntry xmlns:z=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02\"",
        1,
    );
    assert_eq!(amounts(&one(&file("1005", &ours))), [5]);
}

#[test]
fn several_statements_stand_in_one_file() {
    let first = statement("S1", &format!("{}{}", balances("1000", "8000"), entry("7000", "CRDT")));
    let empty = statement("S2", &balances("8000", "8000"));
    let wrong = statement("S3", &balances("8000", "8001"));
    let usd = statement("S4", &balances("10", "10")).replace("VND", "USD");
    let read = read(&document("02", &format!("{first}{empty}{wrong}{usd}")));
    let proofs: Vec<String> = read.iter().map(proof).collect();
    assert_eq!(proofs, ["proven", "proven", "failed by -1", "proven"]);
    assert_eq!(read.iter().map(|one| one.lines.len()).collect::<Vec<_>>(), [1, 0, 0, 0]);
    assert_eq!(read[3].opening.units(), 1_000);
    assert_eq!(refusal(&document("02", "")).code, Code::StatementField);
}

#[test]
fn the_same_file_twice_gives_equal_results_and_the_same_statement_twice_is_proven_once() {
    assert_eq!(read(DAY_08), read(DAY_08));
    let body = statement("S1", &format!("{}{}", balances("1000", "8000"), entry("7000", "CRDT")));
    let twice = read(&document("02", &format!("{body}{body}")));
    assert_eq!(twice.iter().map(proof).collect::<Vec<_>>(), ["proven", "not provable"]);
    assert_eq!(codes(&twice[1]), [FindingCode::StatementRepeated]);
    // Another account type is another account.
    let savings = body.replace("<Ccy>", "<Tp><Cd>SVGS</Cd></Tp><Ccy>");
    let both = read(&document("02", &format!("{body}{savings}")));
    assert_eq!(both.iter().map(proof).collect::<Vec<_>>(), ["proven", "proven"]);
    assert_eq!(both[1].account_type.as_deref(), Some("SVGS"));
}

#[test]
fn a_missing_balance_sign_is_read_as_credit_and_never_flipped() {
    let unsigned = |file: &str, code: &str| {
        let at = file.find(code).unwrap();
        let sign = at + file[at..].find("<CdtDbtInd>CRDT</CdtDbtInd>").unwrap();
        format!("{}{}", &file[..sign], &file[sign + "<CdtDbtInd>CRDT</CdtDbtInd>".len()..])
    };
    let read = one(&unsigned(&file("8000", &entry("7000", "CRDT")), "CLBD"));
    assert_eq!((proof(&read), codes(&read)), ("proven".to_owned(), vec![FindingCode::BalanceSignMissing]));
    // An overdrawn account: with the sign it would be proven, without it stays failed.
    let overdrawn = file("500", &entry("1500", "DBIT"));
    let signed = overdrawn.replacen("500</Amt><CdtDbtInd>CRDT", "500</Amt><CdtDbtInd>DBIT", 1);
    assert_eq!(proof(&one(&signed)), "proven");
    let read = one(&unsigned(&overdrawn, "CLBD"));
    assert_eq!(proof(&read), "failed by -1000");
    assert_eq!(codes(&read), [FindingCode::BalanceSignMissing, FindingCode::BalanceProof]);
}

#[test]
fn balances_that_are_missing_double_or_of_another_type() {
    let check = |balances: &str, expect: &str, findings: &[FindingCode]| {
        let read = one(&document("02", &statement("S1", balances)));
        assert_eq!((proof(&read).as_str(), codes(&read).as_slice()), (expect, findings), "{balances}");
    };
    let [opening, closing, previous] = ["OPBD", "CLBD", "PRCD"].map(|code| balance(code, "1000"));
    check(&format!("{opening}{closing}"), "proven", &[]);
    check(&closing, "not provable", &[FindingCode::BalanceMissing]);
    check(&opening, "not provable", &[FindingCode::BalanceMissing]);
    check("", "not provable", &[FindingCode::BalanceMissing, FindingCode::BalanceMissing]);
    check(&format!("{previous}{closing}"), "proven", &[FindingCode::OpeningFromPrevious]);
    let other = balance("PRCD", "999");
    check(&format!("{other}{opening}{closing}"), "proven", &[FindingCode::OpeningDiffersFromPrevious]);
    check(&format!("{opening}{opening}{closing}"), "proven", &[]);
    let second = balance("OPBD", "999");
    check(&format!("{opening}{second}{closing}"), "not provable", &[FindingCode::BalanceMissing]);
    // A part of a balance is not the balance, unless it is all there is.
    let part = second.replace("</Tp>", "<SubTp><Prtry>FLOAT</Prtry></SubTp></Tp>");
    check(&format!("{opening}{part}{closing}"), "proven", &[]);
    // Balances nobody uses may be wrong.
    let unused = balance("FWAV", "x");
    check(&format!("{opening}{closing}{unused}"), "proven", &[FindingCode::Field]);
    let unread = balance("CLBD", "1000.5");
    check(&format!("{opening}{closing}{unread}"), "not provable", &[FindingCode::Field]);
    let foreign = balance("CLBD", "1000").replace("VND", "USD");
    check(&format!("{opening}{foreign}"), "not provable", &[FindingCode::Field, FindingCode::BalanceMissing]);
}

#[test]
fn statuses_decide_what_is_summed() {
    let check = |version: &str, status: &str, booked: bool, findings: &[FindingCode]| {
        let entry = entry("7000", "CRDT").replace("<Sts>BOOK</Sts>", status);
        let closing = if booked { "8000" } else { "1000" };
        let body = statement("S1", &format!("{}{entry}", balances("1000", closing)));
        let read = one(&document(version, &body));
        assert_eq!(
            (proof(&read).as_str(), codes(&read).as_slice()),
            ("proven", findings),
            "{version} {status}"
        );
        assert_eq!(read.lines[0].booked, booked);
    };
    check("02", "<Sts>BOOK</Sts>", true, &[]);
    check("08", "<Sts><Cd>BOOK</Cd></Sts>", true, &[]);
    check("08", "<Sts> \n <Cd> BOOK </Cd> </Sts>", true, &[]);
    check("08", "<Sts>BOOK</Sts>", true, &[FindingCode::StatusForm]);
    check("02", "<Sts><Cd>BOOK</Cd></Sts>", true, &[FindingCode::StatusForm]);
    check("02", "<Sts>PDNG</Sts>", false, &[]);
    check("08", "<Sts><Cd>INFO</Cd></Sts>", false, &[]);
    check("08", "<Sts><Prtry>HELD</Prtry></Sts>", false, &[FindingCode::StatusUnknown]);
    check("02", "<Sts>book</Sts>", false, &[FindingCode::StatusUnknown]);
    check("02", "", true, &[FindingCode::StatusMissing]);
    check("02", "<Sts/>", true, &[FindingCode::StatusMissing]);
}

#[test]
fn a_field_that_cannot_be_read_takes_its_entry_with_it_and_says_where() {
    let good = entry("7000", "CRDT");
    let check = |from: &str, to: &str, path: &str| {
        assert!(good.contains(from));
        let file = file("8000", &format!("{}{}", entry("0", "CRDT"), good.replace(from, to)));
        let read = one(&file);
        assert_eq!((proof(&read).as_str(), read.lines.len()), ("not provable", 1), "{to}");
        let finding = &read.findings[0];
        assert_eq!((finding.code, finding.path.as_str()), (FindingCode::Field, path), "{to}");
        assert_eq!(finding.code.severity(), Severity::Error);
        let tag = &file[usize::try_from(finding.byte_offset).unwrap()..];
        let places = ["<Amt", "<CdtDbtInd", "<Dt>", "<X/>", "<Ntry>"];
        assert!(places.iter().any(|place| tag.starts_with(place)), "{to}: {tag}");
        assert!(!finding.detail.contains("31"), "a finding never quotes the file");
    };
    let amount = "<Amt Ccy=\"VND\">7000</Amt>";
    for bad in ["7000.50", "-7000", "7,000", "7.000,00", "7 000", "7e3", "", "0000000000000007000"] {
        check(amount, &format!("<Amt Ccy=\"VND\">{bad}</Amt>"), "Stmt[1]/Ntry[2]/Amt");
    }
    check(amount, "<Amt Ccy=\"USD\">7000</Amt>", "Stmt[1]/Ntry[2]/Amt");
    check(amount, "<Amt Ccy=\"vnd\">7000</Amt>", "Stmt[1]/Ntry[2]/Amt");
    check(amount, "<Amt>7000</Amt>", "Stmt[1]/Ntry[2]/Amt");
    check(amount, &format!("{amount}{amount}"), "Stmt[1]/Ntry[2]/Amt");
    check(amount, "<Amt Ccy=\"VND\">70<X/>00</Amt>", "Stmt[1]/Ntry[2]/Amt");
    check(amount, "", "Stmt[1]/Ntry[2]/Amt");
    check("<CdtDbtInd>CRDT</CdtDbtInd>", "<CdtDbtInd>C</CdtDbtInd>", "Stmt[1]/Ntry[2]/CdtDbtInd");
    for bad in ["2026-02-31", "31/02/2026", "26-02-01", "2026-02-01T31:00:00", ""] {
        check("<BookgDt><Dt>2026-03-02</Dt>", &format!("<BookgDt><Dt>{bad}</Dt>"), "Stmt[1]/Ntry[2]/BookgDt");
    }
    let missing = one(&file("8000", &good.replace("<CdtDbtInd>CRDT</CdtDbtInd>", "")));
    assert_eq!((proof(&missing).as_str(), missing.lines.len()), ("not provable", 0));
    assert_eq!(codes(&missing), [FindingCode::EntrySignMissing]);
}

#[test]
fn what_identifies_a_statement_must_be_there() {
    let good = file("1000", "");
    let refused = |from: &str, to: &str| {
        assert!(good.contains(from));
        assert_eq!(refusal(&good.replace(from, to)).code, Code::StatementField, "{from}");
    };
    refused("<Othr><Id>100</Id></Othr>", "");
    let unread = |from: &str, to: &str| {
        let read = one(&good.replace(from, to));
        assert_eq!((proof(&read).as_str(), codes(&read)), ("not provable", vec![FindingCode::Field]), "{to}");
    };
    unread("<FrDtTm>2026-03-02T00:00:00</FrDtTm>", "<FrDtTm>2026-03-03T00:00:00</FrDtTm>");
    unread("<Id>100</Id></Othr>", "<Id>100</Id><Id>101</Id></Othr>");
    unread("<Id>S1</Id>", "<Id>S1</Id><Id>S2</Id>");
    unread(
        "<ToDtTm>2026-03-02T23:59:59</ToDtTm>",
        "<ToDtTm>2026-03-02T23:59:59</ToDtTm><ToDtTm>2026-13-02</ToDtTm>",
    );
    let nothing = good.replace("<Ccy>VND</Ccy>", "").replace(&balances("1000", "1000"), "");
    assert_eq!(refusal(&nothing).code, Code::StatementField);
    // Without its own currency the account has that of its balances.
    assert_eq!(proof(&one(&good.replace("<Ccy>VND</Ccy>", ""))), "proven");
    let no_id = one(&good.replace("<Id>S1</Id>", ""));
    assert_eq!((no_id.id.as_str(), codes(&no_id)), ("", vec![FindingCode::StatementIdMissing]));
}

#[test]
fn dates_that_are_left_out_have_a_stand_in() {
    let undated = entry("7000", "CRDT")
        .replace("<BookgDt><Dt>2026-03-02</Dt></BookgDt>", "")
        .replace("<ValDt><Dt>2026-03-02</Dt></ValDt>", "");
    let valued = entry("0", "CRDT")
        .replace("<BookgDt><Dt>2026-03-02</Dt></BookgDt>", "")
        .replace("<ValDt><Dt>2026-03-02</Dt></ValDt>", "<ValDt><Dt>2026-03-01</Dt></ValDt>");
    let read = one(&file("8000", &format!("{undated}{valued}")));
    let days: Vec<String> = read.lines.iter().map(|line| line.booking_date.to_string()).collect();
    assert_eq!(days, ["2026-03-02", "2026-03-01"]);
    assert_eq!(
        codes(&read),
        [FindingCode::DateMissing, FindingCode::DateMissing, FindingCode::DateOutsidePeriod]
    );
    assert_eq!(proof(&read), "proven");
    let period = "<FrToDt><FrDtTm>2026-03-02T00:00:00</FrDtTm><ToDtTm>2026-03-02T23:59:59</ToDtTm></FrToDt>";
    let open = file("1000", "").replace(period, "");
    let read = one(&open);
    assert_eq!((read.from.to_string(), read.to.to_string()), ("2026-03-02".into(), "2026-03-02".into()));
    assert_eq!(codes(&read), [FindingCode::DateMissing]);
    let undated_balances = open.replace("<Dt><Dt>2026-03-02</Dt></Dt>", "");
    assert_eq!(one(&undated_balances).to.to_string(), "2026-03-03", "the day the file was made");
    let nowhere = undated_balances.replace("<CreDtTm>2026-03-03T05:00:00</CreDtTm>", "");
    assert_eq!(refusal(&nowhere).code, Code::StatementField);
    let utc = entry("7000", "CRDT").replace("<BookgDt><Dt>2026-03-02", "<BookgDt><DtTm>2026-03-02T17:30:00Z");
    let utc = one(&file("8000", &utc.replace("</Dt></BookgDt>", "</DtTm></BookgDt>")));
    assert_eq!(codes(&utc), [FindingCode::DateInUtc]);
}

#[test]
fn the_sequence_is_the_electronic_one_else_the_legal_one() {
    let check = |fields: &str, expect: Option<u64>, findings: &[FindingCode]| {
        let file = file("1000", "").replace("<Id>S1</Id>", &format!("<Id>S1</Id>{fields}"));
        let read = one(&file);
        assert_eq!((read.sequence, codes(&read).as_slice()), (expect, findings), "{fields}");
        assert_eq!(proof(&read), "proven");
    };
    check("", None, &[]);
    check("<LglSeqNb>7</LglSeqNb>", Some(7), &[]);
    check("<ElctrncSeqNb>8</ElctrncSeqNb><LglSeqNb>7</LglSeqNb>", Some(8), &[]);
    check("<ElctrncSeqNb>x</ElctrncSeqNb>", None, &[FindingCode::SequenceUnreadable]);
    check("<ElctrncSeqNb>18446744073709551615</ElctrncSeqNb>", None, &[]);
}

#[test]
fn sums_that_do_not_fit_are_not_provable() {
    let huge = entry("999999999999999999", "CRDT").repeat(10);
    let read = one(&file("1000", &huge));
    assert_eq!((proof(&read).as_str(), read.lines.len()), ("not provable", 10));
}

#[test]
fn the_summary_counts_with_the_proof() {
    let entries = format!("{}{}", entry("7000", "CRDT"), entry("2000", "DBIT"));
    let check = |summary: &str, expect: &str| {
        let body = format!("{}<TxsSummry>{summary}</TxsSummry>{entries}", balances("1000", "6000"));
        let read = one(&document("02", &statement("S1", &body)));
        assert_eq!(proof(&read), expect, "{summary}");
        let checksum = codes(&read).contains(&FindingCode::Checksum);
        assert_eq!(checksum, expect.starts_with("failed"), "{summary}");
    };
    check("", "proven");
    let all = |inside: &str| format!("<TtlNtries>{inside}</TtlNtries>");
    check(&all("<NbOfNtries>2</NbOfNtries><Sum>9000</Sum>"), "proven");
    check(&all("<Sum>9000.00</Sum><TtlNetNtryAmt>5000</TtlNetNtryAmt><CdtDbtInd>CRDT</CdtDbtInd>"), "proven");
    check(&all("<TtlNetNtry><Amt>5000</Amt><CdtDbtInd>CRDT</CdtDbtInd></TtlNetNtry>"), "proven");
    check(&all("<TtlNetNtryAmt>5000</TtlNetNtryAmt>"), "proven");
    check(&all("<NbOfNtries>3</NbOfNtries>"), "failed by 0");
    check(&all("<Sum>9001</Sum>"), "failed by 1");
    check(&all("<TtlNetNtryAmt>5000</TtlNetNtryAmt><CdtDbtInd>DBIT</CdtDbtInd>"), "failed by -10000");
    check("<TtlCdtNtries><NbOfNtries>1</NbOfNtries><Sum>7000</Sum></TtlCdtNtries>", "proven");
    check("<TtlCdtNtries><NbOfNtries>2</NbOfNtries></TtlCdtNtries>", "failed by 0");
    check("<TtlDbtNtries><NbOfNtries>1</NbOfNtries><Sum>1999</Sum></TtlDbtNtries>", "failed by -1");
    check(&all("<Sum>9000.5</Sum>"), "not provable");
    check(&all("<NbOfNtries>two</NbOfNtries>"), "not provable");
}

#[test]
fn pages_are_joined_in_their_order_before_the_proof() {
    let page = |number: &str, last: &str, rest: &str| {
        statement("S1", rest).replace(
            "<CreDtTm>",
            &format!("<StmtPgntn><PgNb>{number}</PgNb><LastPgInd>{last}</LastPgInd></StmtPgntn><CreDtTm>"),
        )
    };
    let summary = "<TxsSummry><TtlNtries><NbOfNtries>1</NbOfNtries></TtlNtries></TxsSummry>";
    let first = page(
        "1",
        "false",
        &format!("{}{}{summary}{}", balance("OPBD", "1000"), balance("ITBD", "8000"), entry("7000", "CRDT")),
    );
    let second = page(
        "2",
        "true",
        &format!("{}{}{}", balance("ITBD", "8000"), balance("CLBD", "6000"), entry("2000", "DBIT")),
    );
    let joined = one(&document("04", &format!("{first}{second}")));
    assert_eq!((proof(&joined).as_str(), amounts(&joined)), ("proven", vec![7_000, -2_000]));
    assert_eq!(one(&document("04", &format!("{second}{first}"))).lines, joined.lines);
    assert_eq!(joined.lines.iter().map(|line| line.ordinal).collect::<Vec<_>>(), [1, 2]);
    let between = statement("S9", &balances("5", "5"));
    assert_eq!(read(&document("04", &format!("{first}{between}{second}"))).len(), 2);
    for broken in [
        first.clone(),
        second.clone(),
        format!("{first}{first}{second}"),
        format!("{first}{}", second.replace("true", "false")),
        format!("{}{second}", first.replace("false", "true")),
        format!("{first}{}", second.replace("<PgNb>2", "<PgNb>3")),
        format!("{first}{}", second.replace("<PgNb>2</PgNb>", "")),
    ] {
        let read = one(&document("04", &broken));
        assert_eq!(proof(&read), "not provable", "{broken}");
        assert!(codes(&read).contains(&FindingCode::PagesIncomplete));
    }
    // In the oldest version only the message has pages.
    let message = |number: &str, last: &str| {
        let pages =
            format!("<MsgPgntn><PgNb>{number}</PgNb><LastPgInd>{last}</LastPgInd></MsgPgntn></GrpHdr>");
        proof(&one(&file("1000", "").replace("</GrpHdr>", &pages)))
    };
    assert_eq!(message("1", "true"), "proven");
    for (number, last) in [("1", "false"), ("2", "true"), ("1", "perhaps"), ("x", "true")] {
        assert_eq!(message(number, last), "not provable", "{number} {last}");
    }
}
