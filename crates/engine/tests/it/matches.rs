//! What a bank line meets, what it does not, and where the money stands meanwhile.

use crate::camt::Camt;
use crate::house::{ADULT, DAY, House, OPENING, OTHER, STUDENT, at};
use engine::report::{self, PageRequest};

const NEXT: &str = "2026-03-03";
const THIRD: &str = "2026-03-04";

/// The rule or the break of every line of the only statement of `NEXT`, in the bank's order.
async fn lines(house: &House) -> Vec<String> {
    let mut conn = house.connection().await;
    let statements = report::statements(&mut conn, PageRequest::new(1, 10)).await.unwrap();
    let id = statements.rows.iter().find(|row| row.to.to_string() == NEXT).unwrap().id;
    let page = report::statement_lines(&mut conn, id, PageRequest::new(1, 100)).await.unwrap();
    page.rows
        .iter()
        .map(|row| row.matched.as_ref().map(|met| met.rule.clone()).or(row.broken.clone()).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_line_meets_its_item_or_becomes_a_break() {
    let house = House::open().await;
    let exact = house.top_up(ADULT, at(6, 0), 50_000, 1).await;
    let by_id = house.top_up(STUDENT, at(6, 1), 40_000, 2).await;
    let short = house.top_up(OTHER, at(6, 2), 30_000, 3).await;
    let twin = house.top_up(ADULT, at(6, 3), 20_000, 4).await;
    house.pay_in(1, STUDENT, at(6, 4), 20_000, "bank_app", &twin).await;
    house.drained().await;
    assert_eq!(house.balance("BANK_CLEARING").await, 160_000);
    house.settle(DAY).await;

    let (head, tail) = exact.split_at(8);
    let camt = Camt::of_day(NEXT, OPENING)
        .line(50_000, "", &format!("MBVCB.99 nap the {head} {}", tail.to_lowercase()))
        .line(40_000, &by_id, "no word of it in the memo")
        .line(29_900, "", &short)
        .line(20_000, "", &twin)
        .line(12_345, "", "tien gui ban")
        .line(50_000, "", &exact)
        .line(-1_100, "", "PHI DICH VU")
        .line(20_000, "", &format!("{by_id} {short}"));
    house.import("camt.xml", &camt.bytes()).await.outcome.unwrap();
    let expect = [
        "reference",
        "end_to_end",
        "AMOUNT_DIFF",
        "AMBIGUOUS",
        "UNMATCHED_BANK",
        "UNMATCHED_BANK",
        "UNMATCHED_BANK",
        "AMBIGUOUS",
    ];
    assert_eq!(lines(&house).await, expect);
    let breaks = house.breaks().await;
    assert!(breaks.contains(&("AMOUNT_DIFF".into(), -100)), "{breaks:?}");
    assert!(breaks.contains(&("UNMATCHED_BANK".into(), -1_100)), "{breaks:?}");

    // Every booked line is in the ledger, so the book is the bank; what is not understood stands apart.
    assert_eq!(house.difference().await, 0);
    assert_eq!(house.balance("BANK_CLEARING").await, 160_000 - 90_000);
    assert_eq!(house.balance("SUSPENSE").await, -(29_900 + 20_000 + 12_345 + 50_000 + 20_000));
    assert_eq!(
        house.balance("DUE_FROM_OWN").await,
        -OPENING + 1_100,
        "a bank charge is own money's, at once"
    );
    assert_eq!(house.balance("CHANNEL_FEE_EXP").await, 1_100);

    // What should have been there by the next bank day is named.
    house.import("next.xml", &Camt::of_day(THIRD, camt.closing()).bytes()).await.outcome.unwrap();
    let overdue: Vec<i64> =
        house.breaks().await.into_iter().filter(|row| row.0 == "UNMATCHED_LEDGER").map(|row| row.1).collect();
    assert_eq!(overdue, [20_000, 20_000, 30_000]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_came_before_its_item_meets_it_later() {
    let house = House::open().await;
    let reference = bank::reference::make(77);
    let camt =
        Camt::of_day(NEXT, OPENING).line(25_000, "", &reference).line(-5_000, "FH20260302000001", "early");
    house.import("camt.xml", &camt.bytes()).await.outcome.unwrap();
    assert_eq!((house.balance("SUSPENSE").await, house.balance("CHANNEL_FEE_EXP").await), (-25_000, 5_000));
    assert_eq!(house.breaks().await.len(), 2);

    // The tap was offline for a day; the top-up arrives after the bank's statement.
    house.pay_in(1, ADULT, at(6, 0), 25_000, "bank_app", &reference).await;
    house.drained().await;
    let mut conn = house.connection().await;
    assert_eq!(engine::reconcile::rematch(&mut conn, "lan").await.unwrap(), 1);
    assert_eq!(engine::reconcile::rematch(&mut conn, "lan").await.unwrap(), 0, "once");
    assert_eq!((house.balance("SUSPENSE").await, house.balance("BANK_CLEARING").await), (0, 0));
    assert_eq!(house.breaks().await, [("UNMATCHED_BANK".to_owned(), -5_000)]);

    // A payout the bank executed before we read its approval: own money gets back what stood against it.
    house.ride_bus(ADULT, at(7, 0)).await;
    house.drained().await;
    house.settle(DAY).await;
    house.invariants().await;
    assert_eq!(engine::reconcile::rematch(&mut conn, "lan").await.unwrap(), 0, "6,000 is not 5,000");
    assert_eq!((house.difference().await, house.balance("PAYOUT_IN_FLIGHT").await), (0, -6_000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_early_payout_line_gives_own_money_back() {
    let house = House::open().await;
    let camt = Camt::of_day(NEXT, OPENING).line(-6_000, "FH20260302000001", "early");
    house.import("camt.xml", &camt.bytes()).await.outcome.unwrap();
    assert_eq!(house.balance("DUE_FROM_OWN").await, -OPENING + 6_000);
    house.ride_bus(ADULT, at(7, 0)).await;
    house.drained().await;
    let run = house.settle(DAY).await;
    let next = house.import("next.xml", &Camt::of_day(THIRD, camt.closing()).bytes()).await;
    assert!(next.outcome.unwrap()[0].posted);
    assert_eq!(lines(&house).await, ["end_to_end"]);
    assert_eq!((house.balance("PAYOUT_IN_FLIGHT").await, house.balance("CHANNEL_FEE_EXP").await), (0, 0));
    assert_eq!((house.balance("DUE_FROM_OWN").await, house.difference().await), (-OPENING, 0));
    assert_eq!(house.breaks().await, []);
    let mut conn = house.connection().await;
    assert_eq!(report::run(&mut conn, run.id).await.unwrap().unwrap().state, "settled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payout_that_is_not_paid_is_partial_and_then_overdue() {
    let house = House::open().await;
    house.top_up(ADULT, at(6, 0), 50_000, 1).await;
    house.ride_bus(ADULT, at(7, 0)).await;
    house.pay_school(ADULT, at(8, 0), 10_000, "bill").await;
    house.drained().await;
    let run = house.settle(DAY).await;
    let camt = Camt::of_day(NEXT, OPENING).line(50_000, "", &bank::reference::make(1)).line(
        -6_000,
        "FH20260302000001",
        "",
    );
    house.import("camt.xml", &camt.bytes()).await.outcome.unwrap();
    let mut conn = house.connection().await;
    assert_eq!(report::run(&mut conn, run.id).await.unwrap().unwrap().state, "partial");
    assert_eq!(house.breaks().await, [], "the bank has until the next day");
    let third = Camt::of_day(THIRD, camt.closing());
    house.import("third.xml", &third.bytes()).await.outcome.unwrap();
    assert_eq!(house.breaks().await, [("UNMATCHED_LEDGER".to_owned(), -10_000)]);
    // It comes a day late: the break closes, the run is settled.
    let fourth = Camt::of_day("2026-03-05", third.closing()).line(-10_000, "FH20260302000030", "");
    house.import("fourth.xml", &fourth.bytes()).await.outcome.unwrap();
    assert_eq!(house.breaks().await, []);
    assert_eq!(report::run(&mut conn, run.id).await.unwrap().unwrap().state, "settled");
    assert_eq!(house.difference().await, 0);
}
