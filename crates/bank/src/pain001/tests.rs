#![allow(clippy::unwrap_used)]
use super::*;
use chrono::TimeZone;

const GOLDEN: &str = include_str!("../../../../fixtures/bank/pain001-09-payout.xml");

fn party(name: &str, account: &str, bic: &str) -> Party {
    Party { name: name.to_owned(), account: account.to_owned(), bic: bic.to_owned() }
}

fn payment(end_to_end: &str, creditor: Party, amount: i64, remittance: &str) -> Payment {
    Payment {
        end_to_end: end_to_end.to_owned(),
        creditor,
        amount: Minor::new(amount),
        remittance: remittance.to_owned(),
    }
}

fn payout() -> PayoutFile {
    PayoutFile {
        message_id: "PO-20260302-1".to_owned(),
        created_at: Utc.with_ymd_and_hms(2026, 3, 3, 2, 5, 9).unwrap(),
        execution_date: NaiveDate::from_ymd_opt(2026, 3, 3).unwrap(),
        currency: Currency::VND,
        debtor: party("Trung tâm Quản lý Giao thông công cộng", "0071001234567", "BFTVVNVX"),
        payments: vec![
            payment(
                "PO20260302OP002",
                party("Hợp tác xã Vận tải Đồng Tiến (số 2)", "19021234567890", "VTCBVNVX"),
                1_250_000,
                "",
            ),
            payment(
                "PO20260302OP001",
                party("Công ty Đường sắt đô thị & Xe buýt", "113000012345", "ICBVVNVX"),
                74_050_000,
                "Cước ngày 01/03/2026 — kỳ 2026_03",
            ),
            payment(
                "PO20260302SC010",
                party("Trường THCS Trần Đại Nghĩa", "GB29NWBK60161331926819", "NWBKGB2L"),
                1_200_000,
                "Học phí <tháng 3>",
            ),
            payment(
                "PO20260302OP000",
                party("Hợp tác xã Vận tải Đồng Tiến (số 2)", "19021234567890", "VTCBVNVX"),
                7_000,
                "Điều chỉnh",
            ),
        ],
    }
}

fn written(file: &PayoutFile) -> String {
    String::from_utf8(write_pain001(file).unwrap()).unwrap()
}

fn refused(change: impl FnOnce(&mut PayoutFile)) -> PayoutFileError {
    let mut file = payout();
    change(&mut file);
    write_pain001(&file).unwrap_err()
}

/// The golden file was validated against the published schema of pain.001.001.09 when it was made.
#[test]
fn a_batch_is_written_as_the_golden_file() {
    assert_eq!(written(&payout()), GOLDEN);
}

#[test]
fn the_order_given_does_not_matter() {
    let mut file = payout();
    file.payments.reverse();
    assert_eq!(written(&file), GOLDEN);
}

#[test]
fn counts_and_totals_are_those_of_the_payments_at_both_levels() {
    let file = payout();
    let total: i64 = file.payments.iter().map(|payment| payment.amount.units()).sum();
    let text = written(&file);
    assert_eq!(text.matches("<NbOfTxs>4</NbOfTxs>").count(), 2);
    assert_eq!(text.matches(&format!("<CtrlSum>{total}</CtrlSum>")).count(), 2);
    assert_eq!(text.matches("<CdtTrfTxInf>").count(), 4);
    let amounts = text.split("<InstdAmt Ccy=\"VND\">").skip(1);
    let sum: i64 = amounts.map(|rest| rest.split('<').next().unwrap().parse::<i64>().unwrap()).sum();
    assert_eq!(sum, total);
}

#[test]
fn amounts_have_the_decimals_of_their_currency() {
    let mut file = payout();
    file.currency = Currency::GBP;
    let text = written(&file);
    assert!(text.contains("<InstdAmt Ccy=\"GBP\">740500.00</InstdAmt>"));
    assert!(text.contains("<CtrlSum>765070.00</CtrlSum>"));
}

#[test]
fn ids_are_checked() {
    let id = |id: &str| {
        let id = id.to_owned();
        refused(move |file| file.payments[0].end_to_end = id)
    };
    for bad in ["", "po1", "PO-1", "PO 1", "NOTPROVIDED", "Đ1", &"A".repeat(36)] {
        assert_eq!(id(bad), PayoutFileError::EndToEndId { id: bad.to_owned() });
    }
    assert_eq!(id("PO20260302OP001"), PayoutFileError::EndToEndIdTwice { id: "PO20260302OP001".to_owned() });
    let mut file = payout();
    file.payments[0].end_to_end = "A".repeat(35);
    assert!(written(&file).contains(&format!("<EndToEndId>{}</EndToEndId>", "A".repeat(35))));
    for bad in ["", "PO_1", &"A".repeat(36)] {
        let error = refused(|file| file.message_id = bad.to_owned());
        assert_eq!(error, PayoutFileError::MessageId { id: bad.to_owned() });
    }
    file.message_id = "M".repeat(35);
    assert!(write_pain001(&file).is_ok());
}

#[test]
fn amounts_are_checked() {
    let whose = || "PO20260302OP002".to_owned();
    let amount = |units: i64| refused(|file| file.payments[0].amount = Minor::new(units));
    for bad in [0, -1, i64::MIN, 1_000_000_000_000_000_000, i64::MAX] {
        assert_eq!(amount(bad), PayoutFileError::Amount { id: whose() });
    }
    let mut file = payout();
    file.payments.truncate(1);
    file.payments[0].amount = Minor::new(999_999_999_999_999_999);
    assert!(written(&file).contains("<CtrlSum>999999999999999999</CtrlSum>"));
    // The largest payments there may be, but together they are too large for the total.
    assert_eq!(amount(999_999_999_999_999_999), PayoutFileError::Total(MoneyError::Overflow));
}

#[test]
fn a_batch_has_one_to_the_limit_of_payments() {
    assert_eq!(refused(|file| file.payments.clear()), PayoutFileError::Empty);
    let mut file = payout();
    let model = file.payments[0].clone();
    let numbered = |number: usize| Payment { end_to_end: format!("PO{number}"), ..model.clone() };
    file.payments = (0..crate::limits::PAYMENTS_MAX).map(numbered).collect();
    assert!(write_pain001(&file).is_ok());
    file.payments.push(numbered(crate::limits::PAYMENTS_MAX));
    assert_eq!(
        write_pain001(&file).unwrap_err(),
        PayoutFileError::TooMany { count: crate::limits::PAYMENTS_MAX + 1 }
    );
}

#[test]
fn accounts_and_banks_are_checked() {
    let debtor = || "debtor".to_owned();
    for bad in ["", "12 34", "12-34", "ab12", "GB29NWBK60161331926818", &"1".repeat(35)] {
        let error = refused(|file| file.debtor.account = bad.to_owned());
        assert_eq!(error, PayoutFileError::Account { whose: debtor() }, "{bad}");
    }
    let mut file = payout();
    file.debtor.account = "1".repeat(34);
    assert!(write_pain001(&file).is_ok());
    for bad in ["", "BFTVVNV", "bftvvnvx", "BFTVVNVXXX", "BFTV11VX", "BFTVVNVX-XX"] {
        let error = refused(|file| file.payments[1].creditor.bic = bad.to_owned());
        assert_eq!(error, PayoutFileError::Bic { whose: "PO20260302OP001".to_owned() }, "{bad}");
    }
    let error = refused(|file| file.payments[1].creditor.name = "Ж".to_owned());
    assert_eq!(error, PayoutFileError::Name { whose: "PO20260302OP001".to_owned() });
}

#[test]
fn the_approver_sees_which_texts_are_carried_otherwise() {
    let mut file = payout();
    let told = |file: &PayoutFile| {
        let told = payout_findings(file).into_iter();
        told.map(|one| (one.whose, one.field, one.replaced, one.cut)).collect::<Vec<_>>()
    };
    let name = |whose: &str, field, replaced, cut| (whose.to_owned(), field, replaced, cut);
    let expected = vec![
        name("PO20260302OP001", "name", true, false),
        name("PO20260302OP001", "remittance", true, false),
        name("PO20260302SC010", "remittance", true, false),
    ];
    assert_eq!(told(&file), expected);
    file.payments.truncate(1);
    file.debtor.name = "Đ".repeat(NAME_LEN_MAX + 1);
    file.payments[0].remittance = "x".repeat(REMITTANCE_LEN_MAX + 1);
    let expected =
        vec![name("debtor", "name", false, true), name("PO20260302OP002", "remittance", false, true)];
    assert_eq!(told(&file), expected);
    let text = written(&file);
    assert!(text.contains(&format!("<Nm>{}</Nm>", "D".repeat(NAME_LEN_MAX))));
    assert!(text.contains(&format!("<Ustrd>{}</Ustrd>", "x".repeat(REMITTANCE_LEN_MAX))));
}
