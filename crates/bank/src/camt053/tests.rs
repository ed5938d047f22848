#![allow(clippy::unwrap_used)]
use super::place::Place;
use super::value::{amount, count, credit, day, id, indicator, once, words};
use primitives::{Currency, Minor};

#[test]
fn amounts_are_read_whole_or_not_at_all() {
    let vnd = |text: &str| amount(text, Currency::VND).map(Minor::units).ok();
    for seven_thousand in ["7000", "7000.0", "7000.00", "7000.00000", "007000"] {
        assert_eq!(vnd(seven_thousand), Some(7_000), "{seven_thousand}");
    }
    for bad in
        ["", "7000.50", "-7000", "+7000", "7,000", "7.000,00", "7 000", "7e3", ".5", "5.", "0x10", "７０００"]
    {
        assert_eq!(vnd(bad), None, "{bad}");
    }
    // Eighteen digits and five decimals are the schema's limits.
    assert_eq!(vnd("999999999999999999"), Some(999_999_999_999_999_999));
    assert_eq!(vnd("9999999999999999990"), None);
    assert_eq!(vnd("1.000000"), None);
    assert_eq!(amount("2.8", Currency::GBP).map(Minor::units), Ok(280));
    assert!(amount("2.801", Currency::GBP).is_err());
}

#[test]
fn days_are_days_of_the_calendar() {
    let check = |text: &str, expect: Option<(&str, bool)>| {
        let read = day(text).ok().map(|day| (day.date.to_string(), day.utc));
        assert_eq!(read, expect.map(|(date, utc)| (date.to_owned(), utc)), "{text}");
    };
    check("2026-03-02", Some(("2026-03-02", false)));
    check("2026-03-02Z", Some(("2026-03-02", false)));
    check("2026-03-02+07:00", Some(("2026-03-02", false)));
    check("2026-03-02T23:59:59", Some(("2026-03-02", false)));
    check("2026-03-02T23:59:59.999+07:00", Some(("2026-03-02", false)));
    check("2026-03-02T17:30:00Z", Some(("2026-03-02", true)));
    check("2026-03-02T17:30:00+00:00", Some(("2026-03-02", true)));
    check("2024-02-29", Some(("2024-02-29", false)));
    for bad in [
        "",
        "2026-02-29",
        "2026-02-31",
        "31/02/2026",
        "26-03-02",
        "2026-3-2",
        "2026-03-02T25:00:00",
        "2026-03-02 10:00:00",
        "2026-03-02T",
        "2026-03-0２",
        "2026-03-02X",
        "2026-03-02+7",
    ] {
        check(bad, None);
    }
}

#[test]
fn words_ids_and_marks() {
    assert_eq!(words("a  b\n c"), Some("a b c".to_owned()));
    assert_eq!(words("a b"), Some("a b".to_owned()));
    assert_eq!(words("nạp  thẻ\u{a0}x"), Some("nạp thẻ x".to_owned()));
    assert_eq!(words(""), None);
    assert_eq!(id("NOTPROVIDED"), None);
    assert_eq!(id("notprovided"), None);
    assert_eq!(id("PO1"), Some("PO1".to_owned()));
    assert_eq!((credit("CRDT"), credit("DBIT")), (Ok(true), Ok(false)));
    assert!(credit("CREDIT").is_err());
    assert_eq!((indicator("true"), indicator("0")), (Ok(true), Ok(false)));
    assert!(indicator("yes").is_err());
    assert_eq!(count("007"), Ok(7));
    assert!(count("-1").is_err() && count("18446744073709551616").is_err() && count("").is_err());
    let mut slot = None;
    assert!(once(&mut slot, 1).is_ok());
    assert!(once(&mut slot, 1).is_err());
}

#[test]
fn a_place_is_found_by_its_path_and_nowhere_else() {
    let at = |path: &str| path.split('/').fold(Place::Document, |place, name| place.child(name));
    assert_eq!(at("BkToCstmrStmt/Stmt/Ntry/Amt"), Place::EntryAmount);
    assert_eq!(at("BkToCstmrStmt/Stmt/Ntry/NtryDtls/TxDtls/Amt"), Place::DetailAmount);
    assert_eq!(
        at("BkToCstmrStmt/Stmt/Ntry/NtryDtls/TxDtls/AmtDtls/TxAmt/Amt"),
        Place::DetailTransactedAmount
    );
    // Amounts that are not the amount: charges, instructed amounts, availability.
    for other in [
        "BkToCstmrStmt/Stmt/Ntry/Chrgs/TtlChrgsAndTaxAmt",
        "BkToCstmrStmt/Stmt/Ntry/AmtDtls/TxAmt/Amt",
        "BkToCstmrStmt/Stmt/Ntry/NtryDtls/TxDtls/AmtDtls/InstdAmt/Amt",
        "BkToCstmrStmt/Stmt/Bal/Avlbty/Amt",
        "BkToCstmrStmt/Stmt/TxsSummry/TtlNtriesPerBkTxCd/NbOfNtries",
        "BkToCstmrStmt/Stmt/Acct/Svcr/FinInstnId/Othr/Id",
        "BkToCstmrStmt/Stmt/Ntry/Ntry",
        "Ntry",
    ] {
        assert_eq!(at(other), Place::Ignored, "{other}");
    }
}
