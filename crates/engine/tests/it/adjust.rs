//! What the back office books by hand: every event through its door, with four eyes, and the books hold after each.

use crate::camt::Camt;
use crate::house::{ADULT, BANK_CARD, DAY, House, OPENING, STUDENT, at};
use engine::adjust::{self, Draft};
use ledger::Event;
use primitives::{Code, Digest};
use uuid::Uuid;

const NEXT: &str = "2026-03-03";

fn draft(event: &str, line: Option<(Uuid, u32)>, item: Option<&str>) -> Draft {
    Draft {
        event: Event::parse(event).unwrap(),
        line,
        item: item.map(str::to_owned),
        case_no: "C-1".into(),
        reason: "as the bank's letter says".into(),
    }
}

/// A settled day with claims, and the statement of the next with these lines, which meet nothing. Answers the statement.
async fn day_with(lines: &[(i64, &str)]) -> (House, Uuid) {
    let house = House::open().await;
    house.pay_in(1, ADULT, at(6, 0), 50_000, "cash_desk", "receipt 1").await;
    house.ride_bus(ADULT, at(7, 0)).await;
    house.ride_bus(STUDENT, at(7, 5)).await;
    house.ride_bus(BANK_CARD, at(7, 10)).await;
    house.pay_school(ADULT, at(8, 0), 10_000, "bill").await;
    house.drained().await;
    house.settle(DAY).await;
    let statement =
        lines.iter().fold(Camt::of_day(NEXT, OPENING), |camt, (amount, memo)| camt.line(*amount, "", memo));
    let imported = house.import("camt.xml", &statement.bytes()).await;
    let id = imported.outcome.unwrap()[0].id;
    (house, id)
}

impl House {
    /// Proposes as one person and approves as another.
    async fn adjust(&self, draft: &Draft) -> Result<adjust::Adjustment, primitives::Refusal> {
        let mut conn = self.connection().await;
        let proposed = adjust::propose(&mut conn, draft, "lan").await.unwrap()?;
        let approved = adjust::approve(&mut conn, proposed.id, proposed.digest, "minh").await.unwrap();
        self.invariants().await;
        approved
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bank_line_is_explained_once_and_the_book_stays_the_banks() {
    let lines = [
        (4_000, "cash of the depot"),
        (3_000, "city pays"),
        (900_000, "own money"),
        (-1_100, "charge"),
        (-5, "?"),
    ];
    let (house, statement) = day_with(&lines).await;
    assert_eq!((house.difference().await, house.breaks().await.len()), (0, 5));
    assert_eq!(house.balance("SUSPENSE").await, -907_000);
    let line = |ordinal| Some((statement, ordinal));
    let check = async |event: &str, ordinal: u32, account: &str, before: i64, after: i64| {
        assert_eq!(house.balance(account).await, before, "{event}");
        let adjusted = house.adjust(&draft(event, line(ordinal), None)).await.unwrap();
        assert_eq!(adjusted.state, "approved");
        assert_eq!((house.balance(account).await, house.difference().await), (after, 0), "{event}");
    };
    check("cash_banked 1 4000", 1, "CASH_IN_TRANSIT", 32_000, 28_000).await;
    check("subsidy_paid 10 3000", 2, "SUBSIDY_RECEIVABLE", 3_000, 0).await;
    check("prefund 900000", 3, "OWN_BANK", -OPENING, -OPENING - 900_000).await;
    check("bank_charge 1000 100", 4, "VAT.input", 0, 100).await;
    assert_eq!((house.balance("SUSPENSE").await, house.balance("CHANNEL_FEE_EXP").await), (0, 1_005));
    assert_eq!(house.breaks().await.len(), 1, "one line is left to explain");

    let refused = async |event: &str, at_line, item| {
        let mut conn = house.connection().await;
        adjust::propose(&mut conn, &draft(event, at_line, item), "lan").await.unwrap().unwrap_err().detail
    };
    let again = Draft { case_no: "C-2".into(), ..draft("cash_banked 1 4000", line(1), None) };
    let twice = house.adjust(&again).await.unwrap_err();
    assert_eq!(twice.code, Code::BadRequest, "explained before: {twice}");
    assert!(refused("bank_charge 4 0", line(5), None).await.contains("moves -4"));
    assert!(refused("prefund 5", None, None).await.contains("explains a bank line"));
    assert!(refused("write_off subsidy 10 1", None, None).await.contains("stands at 0"));
    assert!(refused("subsidy_cut 10 777 1", None, None).await.contains("no party 777"));
    assert!(refused("cash_short 1 0", None, None).await.contains("1 to"));
    assert!(refused("cash_short 1 5", None, Some("X")).await.contains("settles no bank item"));

    house.rest().await;
    let verified = house.verify(&[]).await;
    assert!(verified.equal(), "{verified:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_without_a_bank_line_move_what_they_say() {
    let (house, _) = day_with(&[]).await;
    let check = async |event: &str, item: Option<&str>, expect: &[(&str, i64)]| {
        let mut before = Vec::new();
        for (account, _) in expect {
            before.push(house.balance(account).await);
        }
        house.adjust(&draft(event, None, item)).await.unwrap();
        for ((account, change), before) in expect.iter().zip(before) {
            assert_eq!(house.balance(account).await - before, *change, "{event}: {account}");
        }
    };
    check(
        "cash_short 1 500",
        None,
        &[("CASH_IN_TRANSIT", -500), ("CASH_OVER_SHORT", 500), ("DUE_FROM_OWN", 500)],
    )
    .await;
    check(
        "subsidy_cut 10 1 1000",
        None,
        &[("SUBSIDY_RECEIVABLE", -1_000), ("OPERATOR_PAYABLE.subsidy", 1_000)],
    )
    .await;
    check("write_off subsidy 10 2000", None, &[("SUBSIDY_RECEIVABLE", -2_000), ("WRITE_OFF_EXP", 2_000)])
        .await;
    check("chargeback_raised 40 6000", None, &[("ACQ_RECEIVABLE", -6_000), ("CHARGEBACK_RECEIVABLE", 6_000)])
        .await;
    check("chargeback_won 40 2000", None, &[("ACQ_RECEIVABLE", 2_000), ("CHARGEBACK_RECEIVABLE", -2_000)])
        .await;
    check(
        "chargeback_lost 40 1000 own",
        None,
        &[("CHARGEBACK_LOSS", 1_000), ("CHARGEBACK_RECEIVABLE", -1_000)],
    )
    .await;
    check("chargeback_lost 40 3000 1", None, &[("OPERATOR_PAYABLE.fare", 3_000)]).await;
    let payout = "FH20260302000030";
    check(
        "payout_rejected school 30 10000",
        Some(payout),
        &[("PAYOUT_IN_FLIGHT", 10_000), ("SCHOOL_PAYABLE", -10_000)],
    )
    .await;
    house.rest().await;
    let verified = house.verify(&[]).await;
    assert!(verified.equal(), "{verified:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_adjustment_is_somebody_elses_of_what_was_shown_and_once() {
    let (house, _) = day_with(&[]).await;
    let mut conn = house.connection().await;
    let wanted = draft("write_off subsidy 10 3000", None, None);
    let proposed = adjust::propose(&mut conn, &wanted, "lan").await.unwrap().unwrap();
    let again = adjust::propose(&mut conn, &wanted, "lan").await.unwrap().unwrap();
    assert_eq!(again, proposed, "the same words are the same proposal");
    let rival = draft("subsidy_cut 10 1 3000", None, None);
    let rival = adjust::propose(&mut conn, &rival, "lan").await.unwrap().unwrap();

    let mut refused = async |id, digest, checker: &str| {
        adjust::approve(&mut conn, id, digest, checker).await.unwrap().unwrap_err().code
    };
    assert_eq!(refused(proposed.id, proposed.digest, "lan").await, Code::ApprovalSelf);
    assert_eq!(refused(proposed.id, Digest::of(b"another"), "minh").await, Code::ApprovalStale);
    assert_eq!(refused(Uuid::nil(), proposed.digest, "minh").await, Code::NotFound);
    assert_eq!(house.balance("WRITE_OFF_EXP").await, 0, "a refused approval books nothing");
    adjust::approve(&mut conn, rival.id, rival.digest, "minh").await.unwrap().unwrap();
    let stale = adjust::approve(&mut conn, proposed.id, proposed.digest, "minh").await.unwrap().unwrap_err();
    assert_eq!(stale.code, Code::ApprovalStale, "what is owed was cut meanwhile: {stale}");
    let used = adjust::approve(&mut conn, rival.id, rival.digest, "minh").await.unwrap().unwrap_err();
    assert_eq!(used.code, Code::ApprovalUsed);
    adjust::withdraw(&mut conn, proposed.id, "lan").await.unwrap().unwrap();
    let used = adjust::approve(&mut conn, proposed.id, proposed.digest, "minh").await.unwrap().unwrap_err();
    assert_eq!(used.code, Code::ApprovalUsed);
    assert_eq!(adjust::list(&mut conn, 10).await.unwrap().len(), 2);
}
