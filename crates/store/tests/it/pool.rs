//! A cancelled unit of work must never cost another one its write.

use crate::database::fresh_database;
use sqlx::{Connection as _, Executor as _, PgConnection, PgPool};
use std::future::Future;
use std::task::{Context, Waker};
use std::time::Duration;

/// Polls of a future after which it is dropped: more than `begin`, a query or `commit` ever needs here.
const POLLS_MAX: u32 = 12;
const ROUNDS: u32 = 6;

/// Polls a future some times, with pauses in which the server's answer may arrive, and gives it up.
async fn poll_and_drop<F: Future>(future: F, polls: u32, pause: Duration) {
    let mut future = Box::pin(future);
    for _ in 0..polls {
        let ready = std::future::poll_fn(|_| {
            let polled = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            std::task::Poll::Ready(polled.is_ready())
        });
        if ready.await {
            return;
        }
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }
}

async fn insert(pool: &PgPool, id: i32) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO written (id) VALUES ($1)").bind(id).execute(pool).await.map(|_| ())
}

/// Cancels `begin`, a query and `commit` at every number of polls, writing through the same connection after each. Returns
/// how many writes answered `Ok`, and how many of them another connection can see.
async fn writes_after_cancellations(pool: &PgPool, url: &str) -> (usize, usize) {
    let mut other = PgConnection::connect(url).await.unwrap();
    other.execute("CREATE TABLE written (id int PRIMARY KEY); CREATE TABLE given_up (id int)").await.unwrap();
    let mut told = Vec::new();
    for round in 0..ROUNDS {
        let pause = Duration::from_micros(u64::from(round) * 300);
        for polls in 0..=POLLS_MAX {
            poll_and_drop(pool.begin(), polls, pause).await;
            told.push(write(pool, told.len()).await);

            let mut transaction = pool.begin().await.unwrap();
            let query = sqlx::query("INSERT INTO given_up SELECT 1 FROM pg_sleep(0.001)");
            poll_and_drop(query.execute(&mut *transaction), polls, pause).await;
            drop(transaction);
            told.push(write(pool, told.len()).await);

            let mut transaction = pool.begin().await.unwrap();
            transaction.execute("INSERT INTO given_up VALUES (2)").await.unwrap();
            poll_and_drop(transaction.commit(), polls, pause).await;
            told.push(write(pool, told.len()).await);
        }
    }
    let seen: Vec<i32> = sqlx::query_scalar("SELECT id FROM written").fetch_all(&mut other).await.unwrap();
    let never_committed: i64 =
        sqlx::query_scalar("SELECT count(*) FROM given_up WHERE id = 1").fetch_one(&mut other).await.unwrap();
    assert_eq!(never_committed, 0, "a transaction without a commit left something behind");
    let told: Vec<i32> = told.into_iter().flatten().collect();
    (told.len(), told.iter().filter(|id| seen.contains(id)).count())
}

async fn write(pool: &PgPool, number: usize) -> Option<i32> {
    let id = i32::try_from(number).unwrap();
    insert(pool, id).await.ok().map(|()| id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_unit_of_work_loses_nobody_elses_write() {
    let database = fresh_database().await;
    // One connection, so that each write goes through the one that was just given up.
    let pool = store::connect(&database.url, 1).await.unwrap();
    let (told, seen) = writes_after_cancellations(&pool, &database.url).await;
    assert_eq!(told, usize::try_from(3 * ROUNDS * (POLLS_MAX + 1)).unwrap(), "every write answers Ok");
    assert_eq!(seen, told);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[allow(clippy::disallowed_methods, reason = "the mutant: a pool without the hook")]
async fn without_the_hook_the_same_check_fails() {
    let database = fresh_database().await;
    let pool = sqlx::postgres::PgPoolOptions::new().max_connections(1).connect(&database.url).await.unwrap();
    let (told, seen) = writes_after_cancellations(&pool, &database.url).await;
    assert!(
        seen < told,
        "sqlx no longer loses writes after a cancelled begin: the hook of store::pool may go"
    );
}

#[tokio::test]
async fn the_server_ends_what_takes_too_long() {
    let database = fresh_database().await;
    let pool = store::connect(&database.url, 2).await.unwrap();
    for (setting, expect) in [
        ("statement_timeout", "5s"),
        ("lock_timeout", "2s"),
        ("idle_in_transaction_session_timeout", "5s"),
        ("client_connection_check_interval", "2s"),
        ("application_name", store::pool::APPLICATION_NAME),
        ("transaction_isolation", "read committed"),
        ("synchronous_commit", "on"),
    ] {
        let value: String =
            sqlx::query_scalar("SELECT current_setting($1)").bind(setting).fetch_one(&pool).await.unwrap();
        assert_eq!(value, expect, "{setting}");
    }

    let mut first = pool.begin().await.unwrap();
    first.execute("CREATE TABLE held (id int)").await.unwrap();
    first.execute("LOCK TABLE held").await.unwrap();
    let mut admin = PgConnection::connect(&database.url).await.unwrap();
    admin.execute("CREATE TABLE free (id int UNIQUE); INSERT INTO free VALUES (1)").await.unwrap();
    let mut second = pool.begin().await.unwrap();
    sqlx::query("SELECT * FROM free FOR UPDATE").execute(&mut *second).await.unwrap();
    let blocked = sqlx::query("SELECT * FROM free FOR UPDATE").execute(&mut *first).await;
    let error = store::StoreError::new("waiting for a lock", blocked.unwrap_err());
    assert_eq!(error.sql_state().as_deref(), Some("55P03"));
    assert!(error.is_retryable() && !error.is_unknown());

    let twice = sqlx::query("INSERT INTO free VALUES (1)").execute(&mut admin).await;
    let error = store::StoreError::new("inserting twice", twice.unwrap_err());
    assert!(error.is_data() && error.violates("free_id_key"), "{error}");
}

#[tokio::test]
async fn a_connection_the_server_ended_is_replaced() {
    let database = fresh_database().await;
    let pool = store::connect(&database.url, 1).await.unwrap();
    let pid: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&pool).await.unwrap();
    let mut admin = PgConnection::connect(&database.url).await.unwrap();
    sqlx::query("SELECT pg_terminate_backend($1)").bind(pid).execute(&mut admin).await.unwrap();
    let another: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&pool).await.unwrap();
    assert_ne!(pid, another);
}

#[tokio::test]
async fn migrating_twice_is_migrating_once() {
    let database = fresh_database().await;
    let pool = store::connect(&database.url, 2).await.unwrap();
    store::migrate(&pool).await.unwrap();
    store::migrate(&pool).await.unwrap();
    let tables: i64 =
        sqlx::query_scalar("SELECT count(*) FROM ingest.stream").fetch_one(&pool).await.unwrap();
    assert_eq!(tables, 1, "stream 0 is the office");
}
