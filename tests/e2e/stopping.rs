//! Programs that are asked to stop: they finish or leave what they do, and give back what they hold.

use crate::database::{Database, fresh_database};
use crate::program::program;
use sqlx::{AssertSqlSafe, PgPool};
use std::process::{Child, Command};
use std::time::{Duration, Instant};
use store::log::EmbeddedLog;
use wire::EventLog as _;

const SOON: Duration = Duration::from_secs(90);
const RECORDS: u32 = 20_000;

/// A program of this test, which ends with it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // One that ended well before is gone, and needs nothing.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `farehouse clear` on this database, with leases that outlast the test's patience: whoever takes over did not wait for
/// one to run out.
fn clear(database: &Database) -> Running {
    let args = ["--policy", "fixtures/cities/minitown", "--first-day", "2026-03-02", "--partitions", "4"];
    let child = program()
        .env("FAREHOUSE_DATABASE_URL", &database.url)
        .args(["clear", "--topic", "taps", "--lease-ms", "60000", "--batch", "50"])
        .args(args)
        .spawn()
        .expect("the program starts");
    Running(child)
}

/// Asks a process to end, as a service manager does, and waits until it has ended well.
fn terminate(Running(child): &mut Running) {
    let asked = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill runs");
    assert!(asked.success());
    let until = Instant::now() + SOON;
    loop {
        match child.try_wait().expect("the process is ours") {
            Some(status) => return assert!(status.success(), "{status}"),
            None => assert!(Instant::now() < until, "it does not stop"),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

async fn count(pool: &PgPool, query: &str) -> i64 {
    // Until a program has made the schema there is no table to ask.
    sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(pool).await.unwrap_or(-1)
}

async fn wait(pool: &PgPool, query: &str, expect: i64) {
    let until = Instant::now() + SOON;
    loop {
        let found = count(pool, query).await;
        if found == expect {
            return;
        }
        assert!(Instant::now() < until, "{query}: {found}, not {expect}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

const HELD: &str = "SELECT count(*) FROM ingest.partition_lease WHERE lease_until > clock_timestamp()";
const FAIR: &str = "SELECT count(*) FROM (SELECT owner FROM ingest.partition_lease
   WHERE lease_until > clock_timestamp() GROUP BY owner HAVING count(*) = 2) AS fair";
const DONE: &str =
    "SELECT coalesce(sum(next_offset), 0)::bigint FROM ingest.partition_lease WHERE stream_id > 0";

#[tokio::test(flavor = "multi_thread")]
async fn a_program_asked_to_stop_leaves_its_work_whole_and_gives_its_partitions_back() {
    let database = fresh_database().await;
    let pool = store::connect(&database.url, 2).await.expect("the database answers");
    let mut first = clear(&database);
    wait(&pool, HELD, 4).await;
    let mut second = clear(&database);
    wait(&pool, FAIR, 2).await;

    // Both have work: bytes that are no record are work, too, and end in quarantine, each once.
    let log = EmbeddedLog::open(&pool, "taps").await.expect("the log is there");
    let rubbish = |number: u32| (number % 4, format!("no record {number}").into_bytes());
    let rubbish: Vec<_> = (0..RECORDS).map(rubbish).collect();
    for some in rubbish.chunks(1_000) {
        log.append(some.to_vec()).await.expect("appended");
    }
    let until = Instant::now() + SOON;
    while count(&pool, DONE).await < 1 {
        assert!(Instant::now() < until, "nobody works");
    }
    terminate(&mut first);
    let done = count(&pool, DONE).await;
    assert!(done < i64::from(RECORDS), "it was asked in the middle of its work");
    // Its leases had most of a minute to run: what it held is free at once, and the other takes it.
    let two = "SELECT count(DISTINCT owner) FROM ingest.partition_lease WHERE stream_id > 0";
    assert_eq!(count(&pool, two).await, 1, "nothing is held in the name of who stopped");
    wait(&pool, HELD, 4).await;
    wait(&pool, DONE, i64::from(RECORDS)).await;
    terminate(&mut second);

    let given_back = "SELECT count(*) FROM ingest.partition_lease
                      WHERE stream_id > 0 AND owner IS NULL AND lease_until = '-infinity'";
    assert_eq!(count(&pool, given_back).await, 4);
    assert_eq!(count(&pool, "SELECT count(*) FROM ingest.relay_lease WHERE owner IS NOT NULL").await, 0);
    assert_eq!(count(&pool, "SELECT count(*) FROM ingest.worker").await, 0);
    assert_eq!(count(&pool, "SELECT count(*) FROM ingest.quarantine").await, i64::from(RECORDS));
    let mut connection = pool.acquire().await.expect("a connection");
    let verified = engine::verify::verify(&mut connection, Some(&log), &[]).await.expect("looked at");
    assert!(verified.equal(), "{verified:#?}");
}
