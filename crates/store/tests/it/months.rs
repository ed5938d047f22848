//! The divided tables: rows lie in their month, nobody is refused or held up, and a question reads only the months it names.

use crate::database::{Database, fresh_database};
use primitives::{DeviceId, Digest, JournalId, PartyNo, PostingDate, Sequence, TapId};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, PgPool};
use store::months::{Month, Outcome, ensure_months};
use store::report::{self, ChargeFilter, PageRequest};
use store::verify::{Standing, chain};

/// Prepares months as the house does: what was in use, or took too long on a busy machine, is tried again.
async fn prepare(conn: &mut PgConnection, from: &str, months: u32) -> Vec<Outcome> {
    let mut done: Vec<Month> = Vec::new();
    for _ in 0..20 {
        let tried = ensure_months(&mut *conn, date(from), months).await.unwrap();
        let again = tried.iter().any(|month| month.outcome == Outcome::Busy);
        for month in tried {
            if month.outcome != Outcome::Busy && !done.contains(&month) {
                done.push(month);
            }
        }
        if !again {
            break;
        }
    }
    done.sort_by_key(|month| (month.first, month.table.clone()));
    done.into_iter().map(|month| month.outcome).collect()
}

fn date(text: &str) -> PostingDate {
    PostingDate::parse(text).unwrap()
}

async fn opened() -> (Database, PgPool) {
    let database = fresh_database().await;
    let pool = store::connect(&database.url, 3).await.unwrap();
    store::migrate(&pool).await.unwrap();
    (database, pool)
}

async fn run(conn: &mut PgConnection, statement: impl Into<String>) -> u64 {
    let statement = AssertSqlSafe(statement.into());
    sqlx::raw_sql(statement).execute(conn).await.unwrap().rows_affected()
}

/// Charges, postings and taps of one a record, `from..=to`, all posted on one day.
pub async fn put(conn: &mut PgConnection, day: &str, (from, to): (i64, i64)) {
    let rows = format!("FROM generate_series({from}::bigint, {to}) AS n");
    let charge = format!(
        "INSERT INTO clearing.charge (account_id, leg_device, leg_journal, leg_seq, version, operator_no, route,
           rider_category, fare_medium, tender, service_date, posting_date, shape, gross, rider, funders, funded, d_rides,
           d_gross, d_rider, d_funded, rules, stream_id, part, off)
         SELECT 1 + n % 1000, 1, 1, n, 1, 1, 'R', 'adult', 'card', 'prepaid', '{day}', '{day}', 'ride', 7, 7, '{{}}', '{{}}',
           1, 7, 7, 0, '{{}}', 1, 0, n {rows}"
    );
    let posting = format!(
        "INSERT INTO ledger.posting (stream_id, part, off, ord, posting_date, service_date, kind, account_id, cause_device,
           cause_journal, cause_seq, chart, owner, debit, credit)
         SELECT 1, 0, n, 0, '{day}', '{day}', 'ride', 1 + n % 1000, 1, 1, n, '{{6,7}}', '{{1,1}}', '{{7,0}}', '{{0,7}}' {rows}"
    );
    let tap = format!(
        "INSERT INTO clearing.tap (device_id, journal_id, seq, body_digest, account_id, kind, at, received_at, service_date,
           posting_date, operator_no, outcome, stream_id, part, off)
         SELECT 1, 1, n, decode(repeat('00', 32), 'hex'), 1 + n % 1000, 'board', '{day}', '{day}', '{day}', '{day}', 1,
           'posted', 1, 0, n {rows}"
    );
    for statement in [charge, posting, tap] {
        run(&mut *conn, statement).await;
    }
}

/// Which part each charge and each posting lies in, with how many rows.
pub async fn parts(conn: &mut PgConnection) -> Vec<(String, i64)> {
    sqlx::query_as(
        "SELECT tableoid::regclass::text, count(*) FROM clearing.charge GROUP BY 1
         UNION ALL SELECT tableoid::regclass::text, count(*) FROM ledger.posting GROUP BY 1 ORDER BY 1",
    )
    .fetch_all(conn)
    .await
    .unwrap()
}

pub fn names(parts: &[(String, i64)]) -> Vec<(&str, i64)> {
    parts.iter().map(|(name, rows)| (name.as_str(), *rows)).collect()
}

#[tokio::test]
async fn rows_lie_in_their_month_and_the_months_are_made_once() {
    let (_database, pool) = opened().await;
    let mut conn = pool.acquire().await.unwrap();
    assert_eq!(prepare(&mut conn, "2026-11-23", 3).await, [Outcome::Made(0); 6]);
    assert_eq!(ensure_months(&mut conn, date("2026-12-31"), 2).await.unwrap(), []);
    for (day, rows) in [("2026-11-30", (1, 2)), ("2026-12-01", (3, 5)), ("2027-01-31", (6, 6))] {
        put(&mut conn, day, rows).await;
    }
    let found = parts(&mut conn).await;
    let expected = [
        ("clearing.charge_2026_11", 2),
        ("clearing.charge_2026_12", 3),
        ("clearing.charge_2027_01", 1),
        ("ledger.posting_2026_11", 2),
        ("ledger.posting_2026_12", 3),
        ("ledger.posting_2027_01", 1),
    ];
    assert_eq!(names(&found), expected);
    let twice = "INSERT INTO ledger.posting SELECT * FROM ledger.posting WHERE off = 3";
    assert!(sqlx::query(twice).execute(&mut *conn).await.is_err(), "a place is written once");
    let shape = "UPDATE clearing.charge SET shape = 'flight' WHERE leg_seq = 3";
    assert!(sqlx::query(shape).execute(&mut *conn).await.is_err(), "every part has the checks of the whole");
}

#[tokio::test]
async fn a_month_nobody_prepared_lies_in_the_default_part_until_it_is() {
    let (_database, pool) = opened().await;
    let mut conn = pool.acquire().await.unwrap();
    put(&mut conn, "2026-05-31", (1, 10)).await;
    put(&mut conn, "2026-06-01", (11, 12)).await;
    let found = parts(&mut conn).await;
    assert_eq!(names(&found), [("clearing.charge_default", 12), ("ledger.posting_default", 12)]);
    let view = "SELECT sum(debit - credit)::bigint FROM ledger.entry";
    let net: i64 = sqlx::query_scalar(view).fetch_one(&mut *conn).await.unwrap();
    assert_eq!(net, 0);

    assert_eq!(prepare(&mut conn, "2026-05-02", 1).await, [Outcome::Made(10); 2]);
    let found = parts(&mut conn).await;
    let expected = [
        ("clearing.charge_2026_05", 10),
        ("clearing.charge_default", 2),
        ("ledger.posting_2026_05", 10),
        ("ledger.posting_default", 2),
    ];
    assert_eq!(names(&found), expected);
}

#[tokio::test]
async fn a_month_with_too_many_rows_to_move_stays_in_the_default_part() {
    let (_database, pool) = opened().await;
    let mut conn = pool.acquire().await.unwrap();
    put(&mut conn, "2026-05-31", (1, 100_001)).await;
    let (stays, made) = (Outcome::TooMany, Outcome::Made(0));
    assert_eq!(prepare(&mut conn, "2026-05-02", 2).await, [stays, stays, made, made]);
    let found = parts(&mut conn).await;
    assert_eq!(names(&found), [("clearing.charge_default", 100_001), ("ledger.posting_default", 100_001)]);
}

#[tokio::test]
async fn preparing_waits_for_a_reader_a_moment_and_holds_no_writer_up() {
    let (database, pool) = opened().await;
    let mut conn = pool.acquire().await.unwrap();
    prepare(&mut conn, "2026-05-01", 1).await;
    let mut reader = PgConnection::connect(&database.url).await.unwrap();
    run(&mut reader, "BEGIN; SELECT count(*) FROM clearing.charge").await;
    let mut writer = PgConnection::connect(&database.url).await.unwrap();
    run(&mut writer, "BEGIN").await;
    put(&mut writer, "2026-05-01", (1, 10)).await;

    let tried = ensure_months(&mut conn, date("2026-06-01"), 1).await.unwrap();
    let outcomes: Vec<Outcome> = tried.iter().map(|month| month.outcome).collect();
    assert_eq!(
        outcomes,
        [Outcome::Busy, Outcome::Made(0)],
        "the reader holds the charges, nobody the postings"
    );
    put(&mut writer, "2026-05-01", (11, 20)).await;
    run(&mut writer, "COMMIT").await;
    run(&mut reader, "COMMIT").await;

    assert_eq!(prepare(&mut conn, "2026-06-01", 1).await, [Outcome::Made(0)]);
}

/// A session that has asked nothing yet, in a transaction: what it reads is counted for it alone.
async fn asking(database: &Database) -> PgConnection {
    let mut conn = PgConnection::connect(&database.url).await.unwrap();
    run(&mut conn, "BEGIN").await;
    conn
}

/// Which of the parts the statements of this session read, and how: `seq` from end to end, through an `index`, or looked
/// at and found `empty`.
async fn read_parts(conn: &mut PgConnection) -> Vec<(String, String)> {
    sqlx::query_as(
        "SELECT relname::text, CASE WHEN seq_tup_read > 0 THEN 'seq' WHEN idx_tup_fetch > 0 THEN 'index' ELSE 'empty' END
         FROM pg_stat_xact_user_tables
         WHERE (relname LIKE 'charge%' OR relname LIKE 'posting%') AND seq_scan + coalesce(idx_scan, 0) > 0 ORDER BY 1",
    )
    .fetch_all(conn)
    .await
    .unwrap()
}

#[tokio::test]
async fn a_question_reads_the_months_it_names_and_the_rest_through_an_index() {
    let (database, pool) = opened().await;
    let mut conn = pool.acquire().await.unwrap();
    prepare(&mut conn, "2026-01-01", 3).await;
    for (place, month) in (0..).zip(["2026-01", "2026-02", "2026-03"]) {
        put(&mut conn, &format!("{month}-15"), (place * 5_000 + 1, place * 5_000 + 5_000)).await;
    }
    run(&mut conn, "UPDATE ledger.posting SET part = 5 WHERE off % 500 = 0").await;
    run(&mut conn, "ANALYZE clearing.charge; ANALYZE ledger.posting; ANALYZE clearing.tap").await;
    let check = |found: Vec<(String, String)>, expected: &[(&str, &str)]| {
        let found: Vec<(&str, &str)> =
            found.iter().map(|(name, how)| (name.as_str(), how.as_str())).collect();
        assert_eq!(found, expected);
    };

    let mut unit = asking(&database).await;
    let filter = ChargeFilter { operator: Some(PartyNo(1)), ..ChargeFilter::of_day(date("2026-02-15")) };
    let page = report::charges(&mut unit, &filter, PageRequest::new(1, 50)).await.unwrap();
    assert_eq!(page.total_rows, 5_000);
    check(read_parts(&mut unit).await, &[("charge_2026_02", "seq")]);

    let mut unit = asking(&database).await;
    let id = TapId {
        device: DeviceId::new(1).unwrap(),
        journal: JournalId::new(1).unwrap(),
        sequence: Sequence::new(7_001).unwrap(),
    };
    let found = report::tap(&mut unit, id).await.unwrap().unwrap();
    assert_eq!((found.legs.len(), found.postings.len()), (1, 1));
    let expected = [
        ("charge_2026_01", "index"),
        ("charge_2026_02", "index"),
        ("charge_2026_03", "index"),
        ("charge_default", "empty"),
        ("posting_2026_02", "index"),
    ];
    check(read_parts(&mut unit).await, &expected);

    let mut unit = asking(&database).await;
    let standing = Standing {
        stream_id: 1,
        part: 5,
        topic_id: String::new(),
        first_day: None,
        next_offset: 15_001,
        posting_date: date("2026-03-15"),
        chain_head: Digest([0; 32]),
    };
    assert_eq!(chain(&mut unit, &standing, &[]).await.unwrap().postings, 30);
    let expected = [
        ("posting_2026_01", "index"),
        ("posting_2026_02", "index"),
        ("posting_2026_03", "index"),
        ("posting_default", "empty"),
    ];
    check(read_parts(&mut unit).await, &expected);
}
