//! The embedded event log: the contract of every log, and what is its own.

use crate::database::{Database, fresh_database};
use crate::log_contract::log_contract;
use sqlx::{Connection as _, PgConnection, PgPool};
use std::time::Duration;
use store::log::{EmbeddedLog, PARTITIONS_MAX};
use wire::{EventLog as _, LogError, LogReader as _};

const TOPIC: &str = "taps";

async fn migrated() -> (Database, PgPool) {
    let database = fresh_database().await;
    let pool = store::connect(&database.url, 6).await.unwrap();
    store::migrate(&pool).await.unwrap();
    (database, pool)
}

async fn fresh_log(partitions: u32) -> (Database, EmbeddedLog) {
    let (database, pool) = migrated().await;
    let log = EmbeddedLog::create(&pool, TOPIC, partitions).await.unwrap();
    (database, log)
}

log_contract!(fresh_log);

fn records(partition: u32, count: usize) -> Vec<(u32, Vec<u8>)> {
    (0..count).map(|index| (partition, index.to_be_bytes().to_vec())).collect()
}

#[tokio::test]
async fn making_a_topic_again_opens_it() {
    let (_database, pool) = migrated().await;
    let (first, second) =
        tokio::join!(EmbeddedLog::create(&pool, TOPIC, 4), EmbeddedLog::create(&pool, TOPIC, 4));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(first.identity().await.unwrap(), second.identity().await.unwrap());
    let opened = EmbeddedLog::open(&pool, TOPIC).await.unwrap();
    assert_eq!(opened.identity().await.unwrap(), first.identity().await.unwrap());
    // Another topic of the same database is another log.
    let other = EmbeddedLog::create(&pool, "other", 4).await.unwrap();
    assert_ne!(other.identity().await.unwrap().topic_id, first.identity().await.unwrap().topic_id);
    first.append(records(0, 3)).await.unwrap();
    assert_eq!(other.bounds(0).await.unwrap(), (0, 0));
}

#[tokio::test]
async fn a_partition_count_never_changes_in_place() {
    let (_database, pool) = migrated().await;
    EmbeddedLog::create(&pool, TOPIC, 4).await.unwrap();
    for partitions in [0, 3, 5, PARTITIONS_MAX + 1] {
        let refused = EmbeddedLog::create(&pool, TOPIC, partitions).await;
        assert!(matches!(refused, Err(LogError::Broken(_))), "{partitions}");
        assert_eq!(EmbeddedLog::open(&pool, TOPIC).await.unwrap().identity().await.unwrap().partitions, 4);
    }
    EmbeddedLog::create(&pool, "wide", PARTITIONS_MAX).await.unwrap();
    assert!(matches!(EmbeddedLog::open(&pool, "unknown").await, Err(LogError::Broken(_))));
}

#[tokio::test]
async fn a_topic_made_again_is_another_log() {
    let (_database, pool) = migrated().await;
    let log = EmbeddedLog::create(&pool, TOPIC, 1).await.unwrap();
    let before = log.identity().await.unwrap();
    log.append(records(0, 5)).await.unwrap();
    let mut reader = log.reader(vec![(0, 2)]).await.unwrap();
    sqlx::query("DELETE FROM ingest.log_record").execute(&pool).await.unwrap();
    sqlx::query("DELETE FROM ingest.log_head").execute(&pool).await.unwrap();
    let again = EmbeddedLog::create(&pool, TOPIC, 1).await.unwrap();
    again.append(records(0, 9)).await.unwrap();

    assert!(matches!(log.append(records(0, 1)).await, Err(LogError::Replaced(_))));
    assert!(matches!(reader.next(10, Duration::ZERO).await, Err(LogError::Replaced(_))));
    assert!(matches!(log.bounds(0).await, Err(LogError::Replaced(_))));
    let identity = log.identity().await.unwrap();
    assert_ne!(identity.topic_id, before.topic_id);
    assert_eq!(identity, again.identity().await.unwrap());
    assert_eq!(again.bounds(0).await.unwrap(), (0, 9));
}

#[tokio::test]
async fn trimming_drops_what_is_below_and_says_so_to_late_readers() {
    let (_database, pool) = migrated().await;
    let log = EmbeddedLog::create(&pool, TOPIC, 2).await.unwrap();
    log.append(records(0, 50_000)).await.unwrap();
    log.append(records(1, 10)).await.unwrap();
    let mut late = log.reader(vec![(0, 10), (1, 0)]).await.unwrap();
    let mut early = log.reader(vec![(0, 45_000), (1, 0)]).await.unwrap();
    log.trim(&[(0, 45_000)]).await.unwrap();
    log.trim(&[(0, 45_000), (1, 0)]).await.unwrap();
    // Below what is dropped already there is nothing to do; the border never goes back.
    log.trim(&[(0, 7)]).await.unwrap();

    assert_eq!(log.bounds(0).await.unwrap(), (45_000, 50_000));
    assert_eq!(log.bounds(1).await.unwrap(), (0, 10));
    let kept: i64 =
        sqlx::query_scalar("SELECT count(*) FROM ingest.log_record").fetch_one(&pool).await.unwrap();
    assert_eq!(kept, 5_010);
    assert_eq!(early.next(100, Duration::ZERO).await.unwrap().len(), 100);
    match late.next(100, Duration::ZERO).await {
        Err(LogError::OffsetOutOfRange { partition: 0, offset: 10, low: 45_000, high: 50_000 }) => {}
        other => panic!("{other:?}"),
    }
    let refused = log.trim(&[(1, 11)]).await;
    assert!(matches!(
        refused,
        Err(LogError::OffsetOutOfRange { partition: 1, offset: 11, low: 0, high: 10 })
    ));
    // A log trimmed to its end goes on counting.
    log.trim(&[(1, 10)]).await.unwrap();
    assert_eq!(log.append(records(1, 1)).await.unwrap(), [10]);
}

#[tokio::test]
async fn a_reader_is_fair_to_its_partitions() {
    let (_database, log) = fresh_log(3).await;
    for (partition, count) in [(0, 5_000), (1, 40), (2, 5_000)] {
        log.append(records(partition, count)).await.unwrap();
    }
    let mut reader = log.reader(vec![(0, 0), (1, 0), (2, 0)]).await.unwrap();
    let entries = reader.next(1_000, Duration::ZERO).await.unwrap();
    let of = |partition| entries.iter().filter(|entry| entry.partition == partition).count();
    assert_eq!([of(0), of(1), of(2)], [480, 40, 480]);
}

#[tokio::test]
async fn a_record_taken_out_of_the_log_shows_as_a_gap() {
    let (_database, pool) = migrated().await;
    let log = EmbeddedLog::create(&pool, TOPIC, 1).await.unwrap();
    log.append(records(0, 5)).await.unwrap();
    sqlx::query("DELETE FROM ingest.log_record WHERE off IN (0, 3)").execute(&pool).await.unwrap();
    let mut reader = log.reader(vec![(0, 0)]).await.unwrap();
    let entries = reader.next(10, Duration::ZERO).await.unwrap();
    // The reader tells what is there; whoever keeps the position sees that an offset is missing, and halts.
    assert_eq!(entries.iter().map(|entry| entry.offset).collect::<Vec<_>>(), [1, 2, 4]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_that_was_begun_is_finished_though_its_caller_left() {
    let (_database, log) = fresh_log(1).await;
    for _ in 0..20 {
        let _ = tokio::time::timeout(Duration::from_micros(300), log.append(records(0, 50))).await;
    }
    // Each of the twenty is in whole or will be; none is half.
    assert_eq!(log.append(records(0, 1)).await.unwrap().len(), 1);
    let (_, high) = log.bounds(0).await.unwrap();
    assert_eq!(high % 50, 1, "appends of 50 and one of 1 are whole");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_that_fails_leaves_no_hole() {
    let (database, pool) = migrated().await;
    let log = EmbeddedLog::create(&pool, TOPIC, 1).await.unwrap();
    log.append(records(0, 3)).await.unwrap();
    // Somebody holds the head longer than a lock may be waited for.
    let mut other = PgConnection::connect(&database.url).await.unwrap();
    let mut held = other.begin().await.unwrap();
    sqlx::query("SELECT 1 FROM ingest.log_head FOR UPDATE").execute(&mut *held).await.unwrap();
    assert!(matches!(log.append(records(0, 4)).await, Err(LogError::Unavailable(_))));
    held.rollback().await.unwrap();
    assert_eq!(log.append(records(0, 2)).await.unwrap(), [3, 4]);
    let mut reader = log.reader(vec![(0, 0)]).await.unwrap();
    assert_eq!(reader.next(10, Duration::ZERO).await.unwrap().len(), 5);
}
