//! Proving the books against the log, a real Kafka topic too: what was cleared through it follows from it, and one flipped
//! byte does not. And with the program, against heads that somebody kept elsewhere.

use crate::house::*;
use crate::program::program;
use primitives::*;
use sqlx::AssertSqlSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wire::{BodyFormat, EventLog};

const SOON: Duration = Duration::from_secs(120);
const ROUNDS: i64 = 150;

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_taps_through_kafka_are_proven_and_one_flipped_byte_is_found() {
    let house = House::open().await;
    let log = kafka("verified").await;
    proves_thousands(&house, log).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_taps_through_the_embedded_log_are_proven_and_one_flipped_byte_is_found() {
    let house = House::open().await;
    proves_thousands(&house, Arc::clone(&house.log)).await;
}

async fn proves_thousands<L: EventLog>(house: &House, log: Arc<L>) {
    let (door, mut worker) = house.over(&log, "clearing").await;
    worker.settings.batch_max = 700;
    let worker = Running::worker(worker);
    let (mut bus, mut rail) = (device(BUS), device(RAIL));
    for round in 0..ROUNDS {
        let ride =
            |n: u8| bus.tap(medium(n), boarding(), at(round * 20 - 6_000 + i64::from(n))).expect("taken");
        let mut taps: Vec<_> = (1..=20).map(ride).collect();
        let direction = if round % 2 == 0 { Direction::Entry } else { Direction::Exit };
        let gate = gate(direction, if round % 4 < 2 { "S1" } else { "S2" });
        taps.push(rail.tap(medium(3), gate, at(round * 20 - 5_990)).expect("taken"));
        let batch = taps.iter().map(|tap| (BodyFormat::Proto, tap.encode())).collect();
        for receipt in door.receive(batch).await.expect("the gateway answers") {
            assert_eq!(receipt.answer, engine::intake::Answer::Received, "{:?}", receipt.tap);
        }
    }
    let until = Instant::now() + SOON;
    while house.number("SELECT count(*)::bigint FROM clearing.tap").await < ROUNDS * 21 {
        assert!(Instant::now() < until, "the worker did not catch up");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    worker.stop().await;
    house.assert_invariants_on(log.as_ref()).await;
    let verified = house.verify_on(log.as_ref()).await;
    let judged: u64 = verified.partitions.iter().filter_map(|partition| partition.records).sum();
    assert_eq!(judged as i64, ROUNDS * 21, "every record of the topic was judged again");

    // One byte of one row, in the middle of thousands, in each table by itself; then the byte as it was.
    let byte = |table: &str, column: &str| {
        format!(
            "UPDATE {table} SET {column} = set_byte({column}, 7, get_byte({column}, 7) # 1) WHERE ctid = (
               SELECT ctid FROM {table} ORDER BY ctid OFFSET (SELECT count(*) / 2 FROM {table}) LIMIT 1)"
        )
    };
    for (table, column) in
        [("clearing.tap", "body_digest"), ("clearing.account_state", "state"), ("ingest.outbox", "bytes")]
    {
        let kept = format!("CREATE TABLE kept AS TABLE {table}");
        let back = format!("TRUNCATE {table}; INSERT INTO {table} SELECT * FROM kept; DROP TABLE kept");
        for statement in [kept, byte(table, column)] {
            sqlx::raw_sql(AssertSqlSafe(statement)).execute(&house.pool).await.expect("changed");
        }
        let verified = house.verify_on(log.as_ref()).await;
        assert!(verified.differences.iter().any(|found| found.table == table), "{table}: {verified:#?}");
        sqlx::raw_sql(AssertSqlSafe(back)).execute(&house.pool).await.expect("as it was");
    }
    house.assert_invariants_on(log.as_ref()).await;
}

/// A house whose first day has these riders and is closed.
async fn closed_day(riders: &[u8]) -> House {
    let house = House::open().await;
    let mut bus = device(BUS);
    let taps: Vec<_> =
        riders.iter().map(|n| bus.tap(medium(*n), boarding(), at(i64::from(*n))).expect("taken")).collect();
    house.send(&taps).await;
    house.clear().await;
    house.close_first_day().await;
    house
}

/// Whoever can write everywhere can write another history, log, books and heads, that is right in itself. Only a head that
/// was kept elsewhere tells.
#[tokio::test(flavor = "multi_thread")]
async fn a_history_that_was_rewritten_as_a_whole_is_found_against_heads_kept_elsewhere() {
    let run = |house: &House, args: &[&str]| {
        let mut program = program();
        program.env("FAREHOUSE_DATABASE_URL", house.database_url()).args(args).output().expect("it runs")
    };
    let told = closed_day(&[1, 2, 3, 4, 5, 6]).await;
    let published = run(&told, &["heads"]);
    assert!(published.status.success());
    let folder = tempfile::tempdir().expect("a folder");
    let kept = folder.path().join("heads.txt");
    std::fs::write(&kept, &published.stdout).expect("kept");
    let heads = ["verify", "--topic", "taps", "--heads", &kept.to_string_lossy()];
    let same = run(&told, &heads);
    assert!(same.status.success(), "{}", String::from_utf8_lossy(&same.stdout));

    // The same day without one of its rides, from the log on.
    let rewritten = closed_day(&[1, 2, 3, 5, 6]).await;
    let alone = run(&rewritten, &["verify", "--topic", "taps"]);
    assert!(alone.status.success(), "right in itself: {}", String::from_utf8_lossy(&alone.stdout));
    let against = run(&rewritten, &heads);
    let said = String::from_utf8_lossy(&against.stdout);
    assert_eq!(against.status.code(), Some(1), "{said}");
    assert!(said.contains("DIFFERENT: the copied heads of partition"), "{said}");
    assert!(said.contains("DIFFERENT: ledger.head of partition"), "{said}");
}
