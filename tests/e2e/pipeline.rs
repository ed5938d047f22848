//! From a signed tap to the ledger: gateway, log, worker, tables.

use crate::house::*;
use engine::intake::Answer;
use primitives::*;
use store::intake::Fate;

#[tokio::test(flavor = "multi_thread")]
async fn a_bus_boarding_walks_through_every_wall() {
    let house = House::open().await;
    let mut bus = device(BUS);
    let tap = bus.tap(medium(2), boarding(), at(10)).expect("the journal takes it");
    let id = bus_tap_id(1);
    assert_eq!(house.intake.fate(id).await.expect("an answer"), None);
    house.send(std::slice::from_ref(&tap)).await;
    assert!(matches!(house.intake.fate(id).await, Ok(Some(Fate::Received { .. }))));
    house.clear().await;
    let Ok(Some(Fate::Posted { charge: Some(charge), .. })) = house.intake.fate(id).await else {
        panic!("the tap is posted");
    };
    assert_eq!((charge.gross, charge.rider, charge.shape.as_str()), (6_000, 3_000, "ride"));
    assert_eq!(charge.funded.len(), 1);
    assert_eq!((charge.funded[0].party.as_str(), charge.funded[0].amount), ("town", 3_000));
    assert_eq!(charge.product.as_deref(), Some("bus_single"));
    assert!(!charge.rules.is_empty());
    house.assert_invariants().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicates_and_late_ends_of_rides_change_nothing_twice() {
    let house = House::open().await;
    let mut rail = device(RAIL);
    let entry = rail.tap(medium(3), gate(Direction::Entry, "S2"), at(0)).expect("taken");
    let exit = rail.tap(medium(3), gate(Direction::Exit, "S1"), at(15)).expect("taken");
    // The exit comes first, and is cleared; then the entry, twice; then the exit once more.
    house.send(std::slice::from_ref(&exit)).await;
    house.clear().await;
    assert_eq!(house.number("SELECT sum(d_gross)::bigint FROM clearing.charge").await, 9_000);
    house.send(&[entry.clone(), entry, exit]).await;
    house.clear().await;
    assert_eq!(house.number("SELECT sum(d_gross)::bigint FROM clearing.charge").await, 7_000);
    assert_eq!(house.number("SELECT sum(d_rides)::bigint FROM clearing.charge").await, 1);
    assert_eq!(house.number("SELECT sum(n_duplicate)::bigint FROM ingest.commit_log").await, 2);
    assert_eq!(house.number("SELECT debt FROM clearing.account_state").await, 7_000);
    house.assert_invariants().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_medium_heals_when_the_card_is_enrolled() {
    let house = House::open().await;
    let mut bus = device(BUS);
    let tap = bus.tap(medium(99), boarding(), at(10)).expect("taken");
    let receipts = house.send_raw(vec![tap.encode()]).await;
    let Answer::Quarantined(refusal) = &receipts[0].answer else { panic!("not enrolled yet") };
    assert_eq!(refusal.code, Code::MediumUnknown);
    let mut connection = house.pool.acquire().await.expect("a connection");
    let card = store::registry::Medium {
        token: medium(99),
        account: account(99),
        fare_medium: text("card"),
        tender: Tender::Prepaid,
    };
    store::registry::enrol_media(&mut connection, &[card]).await.expect("enrolled");
    drop(connection);
    let retried = house.intake.retry_quarantined(Code::MediumUnknown, "tester").await.expect("retried");
    assert_eq!((retried.tried, retried.received), (1, 1));
    house.clear().await;
    assert!(matches!(house.intake.fate(bus_tap_id(1)).await, Ok(Some(Fate::Posted { .. }))));
    assert_eq!(house.number("SELECT count(*)::bigint FROM ingest.quarantine WHERE state = 'open'").await, 0);
    house.assert_invariants().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_lost_its_lease_posts_nothing() {
    let house = House::open().await;
    let mut bus = device(BUS);
    let taps: Vec<_> =
        (1..=20).map(|n| bus.tap(medium(n), boarding(), at(i64::from(n))).expect("taken")).collect();
    house.send(&taps).await;
    // Somebody acquires the partitions, then sleeps past the lease; another worker takes over and clears.
    let mut connection = house.pool.acquire().await.expect("a connection");
    let stale =
        store::lease::acquire(&mut connection, house.stream_id, "sleeper", 99, 1).await.expect("acquired");
    assert_eq!(stale.len() as u32, PARTITIONS);
    house.clear().await;
    let before = house.number("SELECT count(*)::bigint FROM ledger.posting").await;
    assert_eq!(before, 20);
    // The sleeper wakes and tries to commit what it decided meanwhile: the fence lets none of it through.
    let advances: Vec<_> = stale
        .into_iter()
        .map(|held| store::lease::Advance {
            to: held.next_offset + 1,
            posting_date: held.posting_date,
            chain_head: held.chain_head,
            held,
        })
        .collect();
    let through =
        store::lease::advance(&mut connection, "sleeper", &advances, 5_000).await.expect("an answer");
    assert!(!through);
    drop(connection);
    house.assert_invariants().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_share_the_partitions_and_post_everything_once() {
    let house = House::open().await;
    let workers = house.two_workers();
    let mut bus = device(BUS);
    for round in 0..10 {
        let tap = |n: u8| bus.tap(medium(n), boarding(), at(i64::from(n) + round)).expect("taken");
        let taps: Vec<_> = (1..=20).map(tap).collect();
        house.send(&taps).await;
    }
    house.wait_drained().await;
    for worker in workers {
        worker.stop().await;
    }
    assert_eq!(house.number("SELECT count(*)::bigint FROM clearing.tap").await, 200);
    assert_eq!(house.number("SELECT count(DISTINCT owner)::bigint FROM ingest.commit_log").await, 2);
    house.assert_invariants().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_cut_while_posting_lose_nothing_and_double_nothing() {
    let house = House::open().await;
    let mut worker = house.worker("cut off");
    worker.settings.batch_max = 5;
    let worker = Running::worker(worker);
    let mut bus = device(BUS);
    for round in 0..12 {
        let tap = |n: u8| bus.tap(medium(n), boarding(), at(i64::from(n) + round)).expect("taken");
        let taps: Vec<_> = (1..=20).map(tap).collect();
        // A device sends until it is answered; what the log had already is a duplicate.
        let batch = || taps.iter().map(|tap| (wire::BodyFormat::Proto, tap.encode())).collect();
        while house.intake.receive(batch()).await.is_err() {}
        let cut = "SELECT count(pg_terminate_backend(pid))::bigint FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
        while sqlx::query_scalar::<_, i64>(cut).fetch_one(&house.pool).await.is_err() {}
    }
    house.wait_drained().await;
    worker.stop().await;
    assert_eq!(house.number("SELECT count(*)::bigint FROM clearing.tap").await, 240);
    assert_eq!(house.number("SELECT sum(d_rides)::bigint FROM clearing.charge").await, 240);
    house.assert_invariants().await;
}

fn bus_tap_id(sequence: u64) -> TapId {
    tap_id(BUS, sequence)
}
