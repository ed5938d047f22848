//! `farehouse retention`, as a scheduler starts it and as a power cut ends it.

use crate::house::*;
use crate::program::program;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_killed_is_finished_by_the_next() {
    let house = House::open().await;
    let mut bus = device(BUS);
    let taps: Vec<_> =
        [2, 3].map(|card| bus.tap(medium(card), boarding(), at(10)).expect("taken")).into_iter().collect();
    house.send(&taps).await;
    house.clear().await;
    let execute = async |statement: &'static str| {
        sqlx::query(statement).execute(&house.pool).await.expect("it is done");
    };
    // As if two months had passed: March is closed and paid, and the gateway's notes are old.
    execute("UPDATE ingest.partition_lease SET posting_date = '2026-05-01'").await;
    execute(
        "INSERT INTO settle.run (run_id, posting_date, state, proposal_digest, maker, message_id)
         VALUES (gen_random_uuid(), '2026-03-31', 'settled', decode(repeat('00', 32), 'hex'), 'lan', 'FH20260331')",
    )
    .await;
    execute("UPDATE ingest.received SET received_at = received_at - interval '8 days'").await;
    let retention = |args: &[&str]| {
        let mut command = program();
        command.env("FAREHOUSE_DATABASE_URL", house.database_url()).arg("retention").args(args);
        command
    };
    let said = |args: &[&str]| {
        let output = retention(args).output().expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let whole = ["--charge-months", "1"];
    let dry = said(&["--charge-months", "1", "--dry-run"]);
    assert!(dry.contains("clearing.charge, 2026-03: 2 rows would leave"), "{dry}");
    assert_eq!(house.number("SELECT count(*) FROM access.retention").await, 0);

    // A reader holds the charges, so the job waits at their month; there it dies.
    let mut reader = house.pool.begin().await.expect("a transaction");
    sqlx::raw_sql(
        "SET LOCAL idle_in_transaction_session_timeout = 0; LOCK TABLE clearing.charge IN ACCESS SHARE MODE",
    )
    .execute(&mut *reader)
    .await
    .expect("held");
    let mut job = retention(&whole).spawn().expect("it starts");
    for _ in 0..600 {
        if house.number("SELECT count(*) FROM ingest.received").await == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    job.kill().expect("it is ours");
    job.wait().expect("it ends");
    reader.rollback().await.expect("let go");
    assert_eq!(house.number("SELECT count(*) FROM ingest.received").await, 0);
    assert_eq!(
        house.number("SELECT count(*) FROM clearing.charge").await,
        2,
        "a month leaves whole or not at all"
    );
    let noted = "SELECT sum(row_count)::bigint FROM access.retention WHERE table_name = 'ingest.received'";
    assert_eq!(house.number(noted).await, 2, "what left is written down though the job died");

    let done = said(&whole);
    assert!(done.contains("clearing.charge, 2026-03: 2 rows left"), "{done}");
    assert_eq!(house.number("SELECT count(*) FROM clearing.charge").await, 0);
    assert!(!said(&whole).contains("clearing.charge"), "a month leaves once");
    let listed = said(&["--list"]);
    assert!(listed.contains("clearing.charge: the month 2026-03, 2 rows, digest "), "{listed}");
    house.send(&taps).await;
    house.clear().await;
    assert_eq!(house.number("SELECT count(*) FROM clearing.charge").await, 0, "sent again, it counts once");
    assert_eq!(house.number("SELECT sum(n_duplicate)::bigint FROM ingest.commit_log").await, 2);
    // Its day was closed by hand, so the log cannot prove it.
    house.assert_sums().await;
}
