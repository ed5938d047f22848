use super::*;
use bank::{Party, Payment, PayoutFile, Proof, read_camt053, write_pain001};
use chrono::DateTime;

fn bank_side() -> BankSide {
    let credit =
        |number, amount| BankCredit { reference: bank::reference::make(number), amount: Minor::new(amount) };
    BankSide {
        account: "1000000001".to_owned(),
        holder: "HOLDER & SONS".to_owned(),
        bic: "SIMBXXM1".to_owned(),
        currency: Currency::VND,
        opening: Minor::new(1_000_000),
        top_ups: (1..=40).map(|number| credit(number * 7_919, 50_000 + number as i64)).collect(),
        unknown: Minor::new(123_457),
        seed: 7,
    }
}

fn order(debtor_account: &str, currency: Currency) -> Vec<u8> {
    let party = |name: &str, account: &str| Party {
        name: name.to_owned(),
        account: account.to_owned(),
        bic: "PAYEXXM1".to_owned(),
    };
    let payment = |id: &str, name: &str, account: &str, amount| Payment {
        end_to_end: id.to_owned(),
        creditor: party(name, account),
        amount: Minor::new(amount),
        remittance: "Settlement of the day".to_owned(),
    };
    let file = PayoutFile {
        message_id: "RUN1".to_owned(),
        created_at: DateTime::from_timestamp(1_772_000_000, 0).expect("a moment"),
        execution_date: date(),
        currency,
        debtor: party("Clearing house", debtor_account),
        payments: vec![
            payment("E2E1", "Đường sắt <1>", "2000000001", 700_000),
            payment("E2E2", "A & B", "2000000002", 40_000),
        ],
    };
    write_pain001(&file).expect("an order")
}

fn date() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, 10).expect("a date")
}

fn claims() -> Vec<ExpectedCredit> {
    [(1_000_001, 250_000), (1_000_002, 0)]
        .map(|(number, amount)| ExpectedCredit {
            reference: bank::reference::make(number),
            amount: Minor::new(amount),
        })
        .to_vec()
}

#[test]
fn the_statement_is_proven_and_closes_as_the_bank_knows() {
    let side = bank_side();
    let file = side.statement(&order(&side.account, side.currency), date(), &claims()).expect("a statement");
    let statements = read_camt053(&file.bytes).expect("well-formed");
    let [statement] = &statements[..] else { panic!("one statement, not {}", statements.len()) };
    assert_eq!(statement.proof, Proof::Proven, "{:?}", statement.findings);
    assert_eq!(statement.findings, []);
    assert_eq!((statement.account.as_str(), statement.from, statement.to), ("1000000001", date(), date()));
    assert_eq!((statement.opening, statement.closing), (file.opening, file.closing));
    let topped_up: i64 = side.top_ups.iter().map(|credit| credit.amount.units()).sum();
    assert_eq!(file.closing.units(), 1_000_000 + topped_up + 250_000 + 123_457 - 740_000);
    // 40 top-ups, one claim (the other is for nothing), two payouts, and the transfer nobody announced.
    assert_eq!((statement.lines.len(), file.lines), (44, 44));
    assert_eq!(file.paid_out, Minor::new(740_000));
}

#[test]
fn every_reference_survives_the_banks_mangling() {
    let side = bank_side();
    let file = side.statement(&[], date(), &claims()).expect("a statement");
    let statements = read_camt053(&file.bytes).expect("well-formed");
    let lines = &statements[0].lines;
    for credit in &side.top_ups {
        let found: Vec<_> =
            lines.iter().filter(|line| line.references == [credit.reference.clone()]).collect();
        assert_eq!(found.len(), 1, "{}", credit.reference);
        assert_eq!(found[0].amount, credit.amount);
    }
    let unexplained: Vec<_> = lines.iter().filter(|line| line.references.is_empty()).collect();
    assert_eq!(unexplained.len(), 1);
    assert_eq!((unexplained[0].amount, unexplained[0].end_to_end.clone()), (Minor::new(123_457), None));
    // All the ways of mangling occur: in the field of its own, wrapped by a new line, cut into two texts.
    let text = String::from_utf8(file.bytes).expect("UTF-8");
    assert!(side.top_ups.iter().any(|credit| text.contains(&format!("<EndToEndId>{}<", credit.reference))));
    assert!(side.top_ups.iter().any(|credit| text.contains(&credit.reference.to_lowercase())));
    assert!(text.contains("</Ustrd><Ustrd>"));
    assert!(text.contains("IBPS/"));
}

#[test]
fn payouts_are_debited_under_their_own_ids() {
    let side = bank_side();
    let file = side.statement(&order(&side.account, side.currency), date(), &[]).expect("a statement");
    let statements = read_camt053(&file.bytes).expect("well-formed");
    let payouts: Vec<_> = statements[0].lines.iter().filter(|line| line.amount.is_negative()).collect();
    let ids: Vec<_> = payouts.iter().map(|line| (line.end_to_end.as_deref(), line.amount.units())).collect();
    assert_eq!(ids, [(Some("E2E1"), -700_000), (Some("E2E2"), -40_000)]);
}

#[test]
fn the_same_day_gives_the_same_bytes() {
    let side = bank_side();
    let statement =
        || side.statement(&order(&side.account, side.currency), date(), &claims()).expect("one").bytes;
    assert_eq!(statement(), statement());
}

#[test]
fn an_order_that_does_not_add_up_is_refused_whole() {
    let check = |order: &[u8], says: &str| {
        let refusal = bank_side().statement(order, date(), &[]).expect_err(says).to_string();
        assert!(refusal.contains(says), "{refusal}");
    };
    let good = String::from_utf8(order("1000000001", Currency::VND)).expect("UTF-8");
    check(&order("1000000002", Currency::VND), "not an account");
    check(&order("1000000001", Currency::GBP), "another currency");
    check(good.replace("740000", "740001").as_bytes(), "do not add up");
    check(good.replace("E2E2", "E2E1").as_bytes(), "twice");
    check(good.replace(">700000<", ">-700000<").as_bytes(), "not above zero");
    check(good.replace("<NbOfTxs>2<", "<NbOfTxs>3<").as_bytes(), "number of payments");
    check(good.trim_end().trim_end_matches("</Document>").as_bytes(), "whole document");
    check(good.replace("CstmrCdtTrfInitn", "SomethingElse").as_bytes(), "not a payment order");
}
