//! What is old leaves once, is written down, and is missed by nobody: the books still prove themselves.

use crate::house::{ADULT, House, STUDENT, at, date};
use engine::retention::{Lives, Run, entries, run};
use wire::{EventLog as _, LogReader as _};

const LAST_OF_MARCH: &str = "2026-03-31";

/// Charges of before the open month leave, and the log stays whole.
const LIVES: Lives = Lives { received_days: 7, asked_days: 90, charge_months: 0, log_days: None };

/// Rides posted on the last of March and, after its payout was approved, on the first of April.
async fn two_months() -> House {
    let house = House::open_on(LAST_OF_MARCH).await;
    engine::day::prepare_months(&mut *house.connection().await, date(LAST_OF_MARCH)).await;
    house.top_up(ADULT, at(6, 0), 50_000, 1).await;
    house.ride_bus(ADULT, at(7, 30)).await;
    house.ride_bus(STUDENT, at(7, 31)).await;
    house.drained().await;
    house.settle(LAST_OF_MARCH).await;
    house.ride_bus(ADULT, at(23, 5)).await;
    house.drained().await;
    house
}

async fn execute(house: &House, statement: &'static str) {
    sqlx::query(statement).execute(&house.pool).await.unwrap();
}

/// Taps, charges, postings, what the gateway remembers, and what was written down as gone.
async fn counts(house: &House) -> (i64, i64, i64, i64, i64) {
    sqlx::query_as(
        "SELECT (SELECT count(*) FROM clearing.tap), (SELECT count(*) FROM clearing.charge),
                (SELECT count(*) FROM ledger.posting), (SELECT count(*) FROM ingest.received),
                (SELECT count(*) FROM access.retention)",
    )
    .fetch_one(&house.pool)
    .await
    .unwrap()
}

async fn let_go(house: &House, dry_run: bool) -> Run {
    run(&mut *house.connection().await, None, LIVES, dry_run).await.unwrap()
}

fn left(run: &Run, table: &str) -> Vec<u64> {
    run.left.iter().filter(|(name, ..)| *name == table).map(|(.., rows)| *rows).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_stays_until_it_is_paid_and_leaves_once() {
    let house = two_months().await;
    let before = counts(&house).await;
    let kept = let_go(&house, false).await;
    assert_eq!(left(&kept, "clearing.charge"), [0; 0]);
    assert_eq!(kept.stays.len(), 1, "{kept:?}");
    assert_eq!(kept.stays[0].2, "the payout run of 2026-03-31 is approved");
    assert_eq!(left(&kept, "ingest.received"), [0], "none is a week old");

    execute(&house, "UPDATE settle.run SET state = 'settled'").await;
    execute(&house, "UPDATE ingest.received SET received_at = received_at - interval '8 days' WHERE seq < 3")
        .await;
    let would = let_go(&house, true).await;
    assert_eq!((left(&would, "clearing.charge"), left(&would, "ingest.received")), (vec![2], vec![2]));
    let (taps, charges, postings, received, written) = counts(&house).await;
    assert_eq!((taps, charges, postings, received), (before.0, before.1, before.2, before.3));

    let done = let_go(&house, false).await;
    assert_eq!((&done.left, &done.stays), (&would.left, &would.stays), "what would leave left");
    let after = counts(&house).await;
    assert_eq!(after, (taps, charges - 2, postings, received - 2, written + 5));
    let again = let_go(&house, false).await;
    assert!(again.left.iter().all(|(.., rows)| *rows == 0) && again.stays.is_empty(), "{again:?}");
    assert_eq!(left(&again, "clearing.charge"), [0; 0]);
    let written = entries(&mut *house.connection().await, 100).await.unwrap();
    let month: Vec<_> = written.iter().filter(|entry| entry.month.is_some()).collect();
    assert_eq!((month.len(), month[0].row_count), (1, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_left_counts_once_when_it_is_sent_again_and_the_books_still_follow_from_the_log() {
    let house = two_months().await;
    execute(&house, "UPDATE settle.run SET state = 'settled'").await;
    assert_eq!(left(&let_go(&house, false).await, "clearing.charge"), [2]);
    let before = counts(&house).await;
    for partition in 0..2 {
        let mut reader = house.log.reader(vec![(partition, 0)]).await.unwrap();
        let first = reader.next(2, std::time::Duration::ZERO).await.unwrap();
        house.log.append(first.into_iter().map(|entry| (partition, entry.bytes)).collect()).await.unwrap();
    }
    house.drained().await;
    assert_eq!(counts(&house).await, before, "a tap whose charge left is known by its tap");
    house.invariants().await;
    house.rest().await;

    let verified = house.verify(&[]).await;
    assert!(verified.equal(), "{:?}", verified.differences);
    let named = verified.unproven.iter().filter(|said| said.starts_with("the 2 charges of 2026-03"));
    assert_eq!(named.count(), 1, "{:?}", verified.unproven);
    execute(&house, "UPDATE clearing.charge SET posting_date = '2026-03-31'").await;
    assert!(!house.verify(&[]).await.equal(), "a charge in a month that left is one too many");
}
