//! The protocol of docs/architecture.md, fault by fault: who holds what, what halts, what is isolated, what resumes.

use crate::house::*;
use engine::worker::Worker;
use primitives::*;
use sqlx::AssertSqlSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::workers;
use wire::{EventLog, LogIdentity};

/// Far longer than anything here takes; a test that waits it out has failed.
const SOON: Duration = Duration::from_secs(60);

fn quick(house: &House, owner: &str) -> Worker<store::log::EmbeddedLog> {
    let mut worker = house.worker(owner);
    worker.settings.lease_ms = 2_000;
    worker
}

/// Waits until a query that counts something answers `expect`.
async fn wait_for(house: &House, query: &str, expect: i64) -> Duration {
    let started = Instant::now();
    loop {
        let found: i64 = sqlx::query_scalar(AssertSqlSafe(query.to_owned()))
            .fetch_one(&house.pool)
            .await
            .expect("a number");
        if found == expect {
            return started.elapsed();
        }
        assert!(started.elapsed() < SOON, "{query}: {found}, not {expect}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn execute(house: &House, statement: &str) {
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&house.pool).await.expect("executed");
}

fn held_by(owner: &str) -> String {
    format!(
        "SELECT count(*) FROM ingest.partition_lease WHERE owner = '{owner}' AND lease_until > clock_timestamp()"
    )
}

fn halted_for(code: &str) -> String {
    format!(
        "SELECT count(*) FROM ingest.partition_lease WHERE state = 'halt' AND halt_reason LIKE '{code}: %'"
    )
}

async fn send_taps(house: &House, count: i64) {
    let mut bus = device(BUS);
    let tap = |n: i64| bus.tap(medium(n as u8 % 20 + 1), boarding(), at(n)).expect("taken");
    house.send(&(0..count).map(tap).collect::<Vec<_>>()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_comes_gets_its_share_and_leaves_it_when_it_goes() {
    let house = House::open().await;
    let first = Running::worker(quick(&house, "first"));
    wait_for(&house, &held_by("first"), 3).await;
    let second = Running::worker(quick(&house, "second"));
    wait_for(&house, &held_by("second"), 1).await;
    wait_for(&house, &held_by("first"), 2).await;
    send_taps(&house, 60).await;
    house.wait_drained().await;
    second.stop().await;
    // What was given back is free at once: nobody waits for a lease to run out.
    let took = wait_for(&house, &held_by("first"), 3).await;
    println!("what was given back was taken after {took:?}");
    first.stop().await;
    wait_for(
        &house,
        "SELECT count(*) FROM ingest.partition_lease WHERE stream_id > 0 AND owner IS NOT NULL",
        0,
    )
    .await;
    wait_for(&house, "SELECT count(*) FROM ingest.worker", 0).await;
    house.assert_invariants().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_workers_partitions_are_taken_over_when_its_leases_end() {
    let house = House::open().await;
    let dead = Running::worker(quick(&house, "dead"));
    wait_for(&house, &held_by("dead"), 3).await;
    let heir = Running::worker(quick(&house, "heir"));
    wait_for(&house, &held_by("heir"), 1).await;
    dead.kill();
    send_taps(&house, 60).await;
    let took = wait_for(&house, &held_by("heir"), 3).await;
    println!("a lease of 2 s was taken over {took:?} after the death");
    // Promised is the lease and one second; the machine that tests may be slow.
    assert!(took < Duration::from_secs(15), "{took:?}");
    house.wait_drained().await;
    heir.stop().await;
    house.assert_invariants().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_holds_on_to_a_lease_that_is_over_is_ended() {
    let house = House::open().await;
    let lock = "SET idle_in_transaction_session_timeout = 0; BEGIN;
                SELECT FROM ingest.partition_lease WHERE stream_id > 0 FOR UPDATE";
    let mut connection = house.pool.acquire().await.expect("a connection");
    store::lease::acquire(&mut connection, house.stream_id, "stuck", 99, 1).await.expect("acquired");
    // A person's session that locks the same row is none of ours and is left alone.
    sqlx::raw_sql("SET application_name = 'somebody'").execute(&mut *connection).await.expect("named");
    sqlx::raw_sql(lock).execute(&mut *connection).await.expect("locked");
    let mut other = house.pool.acquire().await.expect("a connection");
    tokio::time::sleep(Duration::from_millis(workers::STUCK_MS as u64 + 300)).await;
    assert_eq!(workers::evict(&mut other, house.stream_id).await.expect("looked"), 0);
    sqlx::raw_sql("SET application_name = 'farehouse'").execute(&mut *connection).await.expect("named");
    drop(other);
    let heir = Running::worker(quick(&house, "heir"));
    wait_for(&house, &held_by("heir"), 3).await;
    assert!(sqlx::raw_sql("SELECT 1").execute(&mut *connection).await.is_err(), "its session was ended");
    heir.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_breaks_its_promise_halts_and_nobody_guesses() {
    // One partition of a house each: a hole, a position past the end, a topic made again.
    let check = async |fault: &str, code: &str, halts: i64| {
        let house = House::open().await;
        send_taps(&house, 60).await;
        execute(&house, fault).await;
        let worker = Running::worker(quick(&house, "worker"));
        wait_for(&house, &halted_for(code), halts).await;
        worker.stop().await;
        let posted = house.number("SELECT count(*)::bigint FROM clearing.tap").await;
        let read = house.number("SELECT sum(to_off - from_off)::bigint FROM ingest.commit_log").await;
        assert_eq!(posted, read, "{code}: what stands before the fault is posted, nothing after it");
        assert!(posted < 60, "{code}");
        wait_for(&house, &halted_for(code), halts).await;
    };
    check("DELETE FROM ingest.log_record WHERE part = 1 AND off = 3", "OFFSET_GAP", 1).await;
    check(
        "UPDATE ingest.partition_lease SET next_offset = 1000 WHERE stream_id > 0 AND part = 2",
        "OFFSET_PAST_END",
        1,
    )
    .await;
    check("UPDATE ingest.log_head SET topic_id = 'made again'", "TOPIC_REPLACED", 3).await;
}

/// Lets the database refuse every third tap of the bus.
const POISON: &str = "
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF new.seq % 3 = 0 THEN RAISE EXCEPTION 'refused' USING ERRCODE = '22003'; END IF; RETURN new; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON clearing.tap FOR EACH ROW EXECUTE FUNCTION refuse();";

async fn isolates_poison<L: EventLog>(house: &House, log: Arc<L>) {
    execute(house, POISON).await;
    let (door, worker) = house.over(&log, "poisoned").await;
    let mut bus = device(BUS);
    let mut tap = |n: u8| bus.tap(medium(n), boarding(), at(i64::from(n))).expect("taken");
    let batch = (1..=20).map(|n| (wire::BodyFormat::Proto, tap(n).encode())).collect();
    door.receive(batch).await.expect("received");
    let worker = Running::worker(worker);
    wait_for(house, "SELECT count(*) FROM clearing.tap", 14).await;
    wait_for(house, "SELECT count(*) FROM ingest.quarantine WHERE code = 'POISON' AND length(raw) > 0", 6)
        .await;
    worker.stop().await;
    // Their devices are told: the answer is in quarantine, and what is told of the commit names it.
    let named =
        "SELECT count(*) FROM ingest.quarantine WHERE code = 'POISON' AND by_database AND seq IS NOT NULL";
    wait_for(house, named, 6).await;
    let aside = sqlx::query_scalar("SELECT min(seq) FROM ingest.quarantine").fetch_one(&house.pool).await;
    let aside: i64 = aside.expect("a tap");
    let fate = house.intake.fate(tap_id(BUS, aside.unsigned_abs())).await;
    assert!(
        matches!(fate, Ok(Some(store::intake::Fate::Quarantined { ref code, .. })) if code == "POISON"),
        "{fate:?}"
    );
    house.assert_invariants_on(log.as_ref()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn poison_is_isolated_on_the_embedded_log() {
    let house = House::open().await;
    isolates_poison(&house, Arc::clone(&house.log)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn poison_is_isolated_on_kafka() {
    let house = House::open().await;
    let log = kafka("poison").await;
    isolates_poison(&house, log).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_without_room_is_waited_for() {
    let house = House::open().await;
    execute(
        &house,
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           RAISE EXCEPTION 'no space left' USING ERRCODE = '53100'; END $$;
         CREATE TRIGGER full_disk BEFORE INSERT ON ingest.commit_log FOR EACH ROW EXECUTE FUNCTION full_disk();",
    )
    .await;
    send_taps(&house, 60).await;
    let worker = Running::worker(quick(&house, "worker"));
    wait_for(&house, &held_by("worker"), 3).await;
    // It tries for some time, posts nothing, and halts nothing: room is all it needs.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(house.number("SELECT count(*)::bigint FROM clearing.tap").await, 0);
    execute(&house, "DROP TRIGGER full_disk ON ingest.commit_log").await;
    house.wait_drained().await;
    worker.stop().await;
    assert_eq!(house.number("SELECT count(*)::bigint FROM clearing.tap").await, 60);
    house.assert_invariants().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retired_log_holds_no_day_open() {
    let house = House::open().await;
    let day = PostingDate::parse("2026-03-02").expect("a date");
    let mut connection = house.pool.acquire().await.expect("a connection");
    // The log of before, whose topic is gone.
    let gone = LogIdentity { topic_id: "gone".into(), ..house.log.identity().await.expect("identity") };
    let old = store::lease::ensure_stream(&mut connection, &gone, day).await.expect("registered");
    engine::day::ask_close(&mut connection, house.log.as_ref(), day).await.expect("asked");
    house.clear().await;
    let waiting = engine::day::try_close(&mut connection, day).await.expect("looked");
    assert_eq!(waiting, engine::day::Progress::Waiting(u64::from(PARTITIONS)));

    // Somebody works on it: then it is not over.
    let held = store::lease::acquire(&mut connection, old, "worker", 1, 60_000).await.expect("acquired");
    assert!(!workers::retire(&mut connection, old, "tester").await.expect("an answer"));
    store::lease::release(&mut connection, "worker", &held).await.expect("released");
    assert!(workers::retire(&mut connection, old, "tester").await.expect("an answer"));
    assert!(!workers::retire(&mut connection, old, "tester").await.expect("an answer"), "once");
    let closed = engine::day::try_close(&mut connection, day).await.expect("looked");
    assert!(matches!(closed, engine::day::Progress::Closed(_)), "{closed:?}");
    let streams = workers::streams(&mut connection).await.expect("listed");
    let retired: Vec<_> =
        streams.iter().map(|stream| (stream.stream_id, stream.retired_by.as_deref())).collect();
    assert_eq!(retired, [(house.stream_id, None), (old, Some("tester"))]);
    assert!(store::lease::acquire(&mut connection, old, "worker", 9, 1).await.expect("tried").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_too_much_for_a_starved_database_goes_by_halves() {
    let house = House::open().await;
    // Sixty taps take seven seconds, and a statement has five.
    let slow = "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
                  $$ BEGIN PERFORM pg_sleep(0.12); RETURN new; END $$;
                CREATE TRIGGER slow BEFORE INSERT ON clearing.tap FOR EACH ROW EXECUTE FUNCTION slow()";
    execute(&house, slow).await;
    send_taps(&house, 60).await;
    let mut patient = quick(&house, "patient");
    patient.settings.batch_max = 60;
    let worker = Running::worker(patient);
    wait_for(&house, "SELECT count(*) FROM clearing.tap", 60).await;
    worker.stop().await;
    assert!(house.number("SELECT count(*) FROM ingest.commit_log").await > 3, "in more than one batch");
    house.assert_invariants().await;
}
