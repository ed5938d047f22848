//! Verifying finds whatever was changed, and nothing where nothing was.

use crate::camt::Camt;
use crate::house::{ADULT, BANK_CARD, DAY, House, OPENING, OTHER, STUDENT, at, date, text};
use engine::day::{Progress, try_close};
use engine::verify::Verified;
use primitives::{Code, CommandKind, Currency, Direction, Minor, Money, TapKind};
use sqlx::{AssertSqlSafe, PgPool};
use wire::EventLog as _;

const NEXT: &str = "2026-03-03";

/// Two days with rides, re-rated ones, payments, a refusal, a duplicate, bytes that are no record, commands, a payout and a
/// statement. The first day's news was told, the second's waits; nobody works on them any more.
pub async fn two_days() -> House {
    let house = House::open().await;
    let reference = house.top_up(ADULT, at(6, 0), 50_000, 1).await;
    house.pay_in(1, STUDENT, at(6, 5), 20_000, "cash_desk", "receipt 1").await;
    house.ride_bus(ADULT, at(7, 30)).await;
    house.ride_bus(STUDENT, at(7, 31)).await;
    house.ride_bus(BANK_CARD, at(8, 0)).await;
    let gate = |direction, stop| TapKind::Gate { direction, route: text("L1"), stop: text(stop) };
    house.tap(2, STUDENT, at(9, 20), gate(Direction::Exit, "S2")).await;
    house.drained().await;
    house.tap(2, STUDENT, at(9, 0), gate(Direction::Entry, "S1")).await;
    house.pay_school(ADULT, at(10, 0), 30_000, "bill 1").await;
    house.pay_school(STUDENT, at(10, 1), 900_000, "bill 2").await;
    // The first record once more, and bytes that are none.
    let mut reader = wire::EventLog::reader(house.log.as_ref(), vec![(0, 0)]).await.unwrap();
    let first = wire::LogReader::next(&mut reader, 1, std::time::Duration::ZERO).await.unwrap().remove(0);
    house.log.append(vec![(0, first.bytes), (1, b"no record".to_vec())]).await.unwrap();
    house.command(OTHER, at(11, 0), "lost", CommandKind::Block { medium: None, reason: text("lost") }).await;
    let price = Money::new(Minor::new(1_000), Currency::VND);
    let pay = CommandKind::Pay { payee: text("hill_school"), bill: text("bill 3"), price };
    house.command(OTHER, at(11, 1), "bill 3", pay.clone()).await;
    house.drained().await;
    house.settle(DAY).await;
    house.told().await;
    house.command(OTHER, at(22, 0), "found", CommandKind::Unblock { medium: None }).await;
    // By itself, for who is denied again in the same batch is no news.
    house.drained().await;
    house.command(STUDENT, at(22, 1), "bill 3 again", pay).await;
    house.ride_bus(OTHER, at(23, 0)).await;
    house.ride_bus(ADULT, at(23, 5)).await;
    house.drained().await;
    let statement = Camt::of_day(NEXT, OPENING).line(50_000, "", &format!("NAP THE {reference}"));
    house.import("camt.xml", &statement.bytes()).await;
    house.rest().await;
    house
}

pub fn told(verified: &Verified) -> String {
    let differences = verified.differences.iter().map(ToString::to_string);
    let checks = verified.checks.iter().filter(|check| !check.holds);
    differences.chain(checks.map(|check| format!("{check:?}"))).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn books_that_nobody_touched_follow_from_the_log() {
    let house = two_days().await;
    let mut conn = house.connection().await;
    let heads = engine::verify::heads(&mut conn).await.unwrap();
    assert_eq!(heads.len(), 3, "the office and two partitions, one closed day");
    let verified = house.verify(&heads).await;
    assert!(verified.equal(), "{}", told(&verified));
    assert_eq!(verified.unproven, Vec::<String>::new());
    let records: u64 = verified.partitions.iter().filter_map(|partition| partition.records).sum();
    assert_eq!(
        records,
        11 + 2 + 4 + 2,
        "taps, what was appended by hand, commands, and a marker a partition"
    );
    assert!(verified.partitions.iter().all(|partition| partition.postings > 0), "{:?}", verified.partitions);

    let alone = engine::verify::verify::<store::log::EmbeddedLog>(&mut conn, None, &heads).await.unwrap();
    assert!(alone.equal() && alone.unproven.len() == 1, "{alone:?}");
    // A log whose beginning is kept no longer leaves the books to prove themselves.
    house.log.trim(&[(0, 1)]).await.unwrap();
    let cut = house.verify(&heads).await;
    assert!(cut.equal() && cut.unproven.len() == 1, "{cut:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_tail_made_to_fit_is_found_against_a_copied_head() {
    let house = two_days().await;
    let mut conn = house.connection().await;
    // The payout and the bank's lines were booked on the second day; its end publishes the office's head.
    engine::day::ask_close(&mut conn, house.log.as_ref(), date(NEXT)).await.unwrap();
    let copied = engine::verify::heads(&mut conn).await.unwrap();
    let alone = async |copied: &[engine::verify::Head]| {
        let mut conn = house.connection().await;
        engine::verify::verify::<store::log::EmbeddedLog>(&mut conn, None, copied).await.unwrap()
    };
    assert!(alone(&copied).await.equal());
    let cut = [
        "DELETE FROM ledger.posting WHERE stream_id = 0",
        "UPDATE ingest.partition_lease SET next_offset = 0, chain_head = decode(repeat('00', 32), 'hex') WHERE stream_id = 0",
        "UPDATE ledger.head SET off = 0, chain_head = decode(repeat('00', 32), 'hex') WHERE stream_id = 0",
        "DELETE FROM ledger.balance WHERE stream_id = 0",
        "UPDATE bank.statement SET posted = false",
        "UPDATE bank.account SET opening_posted = false",
    ];
    for statement in cut {
        sqlx::query(statement).execute(&house.pool).await.unwrap();
    }
    assert!(alone(&[]).await.equal(), "books that were made to fit show nothing by themselves");
    let found = alone(&copied).await;
    assert!(!found.equal() && told(&found).contains("the copied heads of partition 0/0"), "{}", told(&found));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_does_not_close_over_books_that_do_not_balance() {
    let house = House::open().await;
    house.ride_bus(ADULT, at(7, 0)).await;
    house.drained().await;
    let mut conn = house.connection().await;
    engine::day::ask_close(&mut conn, house.log.as_ref(), date(DAY)).await.unwrap();
    house.drained().await;
    let spoil = async |more: i64| {
        let spoil = "UPDATE ledger.balance SET debit = debit + $1 WHERE ctid = (
                       SELECT ctid FROM ledger.balance ORDER BY part, service_date, chart, owner LIMIT 1)";
        sqlx::query(spoil).bind(more).execute(&house.pool).await.unwrap();
    };
    spoil(1).await;
    let Progress::Refused(refusal) = try_close(&mut conn, date(DAY)).await.unwrap() else {
        panic!("a day closed over books that do not balance");
    };
    assert_eq!(refusal.code, Code::BooksUnbalanced);
    assert!(refusal.detail.contains("L-4 does not hold"), "{refusal}");

    // Each ring balances again, but own money owes the trust ring what the trust ring does not know of.
    let mirror = "INSERT INTO ledger.balance (stream_id, part, posting_date, service_date, chart, owner, debit, credit)
                  SELECT 0, 0, $1, $1, chart, 0, CASE code WHEN 'OWN_BANK' THEN 7 ELSE 0 END,
                         CASE code WHEN 'DUE_TO_TRUST' THEN 7 ELSE 0 END
                  FROM ledger.chart WHERE code IN ('OWN_BANK', 'DUE_TO_TRUST')";
    spoil(-1).await;
    sqlx::query(mirror).bind(date(DAY).0).execute(&house.pool).await.unwrap();
    let refused = try_close(&mut conn, date(DAY)).await.unwrap();
    assert!(matches!(&refused, Progress::Refused(why) if why.detail.contains("L-5")), "{refused:?}");

    // The day stays open until the books are right, and then closes as if nothing had been.
    sqlx::query("DELETE FROM ledger.balance WHERE stream_id = 0").execute(&house.pool).await.unwrap();
    assert!(matches!(try_close(&mut conn, date(DAY)).await.unwrap(), Progress::Closed(_)));
    house.rest().await;
    let verified = house.verify(&[]).await;
    assert!(verified.equal(), "{}", told(&verified));
}

/// A small generator of our own: the seed is printed, and gives the same damages again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides.max(1)
    }
}

/// The tables that follow from the log, and the columns of them that do not.
const TABLES: [(&str, &[&str]); 12] = [
    ("ledger.posting", &[]),
    ("clearing.charge", &[]),
    ("clearing.tap", &[]),
    ("ledger.balance", &[]),
    ("clearing.account_state", &[]),
    ("ledger.head", &[]),
    ("ingest.commit_log", &["epoch", "owner", "at"]),
    (
        "ingest.partition_lease",
        &["owner", "owner_pid", "epoch", "lease_until", "posting_date", "state", "halt_reason"],
    ),
    ("ingest.quarantine", &["quarantine_id", "source", "received_at", "state", "resolved_by", "resolved_at"]),
    ("clearing.command", &[]),
    ("ingest.outbox", &[]),
    ("registry.denial", &["version", "changed_at"]),
];

/// How a row of each of [`TABLES`] becomes another one beside it.
const ADDED: [&str; TABLES.len()] = [
    "'ord', old.ord + 1",
    "'version', old.version + 100",
    "'seq', old.seq + 100, 'off', old.off + 100",
    "'owner', old.owner + 1",
    "'account_id', old.account_id + 100",
    "'posting_date', old.posting_date + 7",
    "'from_off', old.from_off + 100, 'to_off', old.to_off + 100",
    "'part', old.part + 5",
    "'quarantine_id', gen_random_uuid(), 'off', old.off + 100",
    "'command_id', '\\x' || md5(old.kind), 'off', old.off + 100",
    "'ordinal', old.ordinal + 1",
    "'account_id', old.account_id + 100",
];

/// Puts a row like this one beside it.
async fn add(pool: &PgPool, table: usize, row: &str) -> Option<String> {
    let ((table, _), other) = (TABLES[table], ADDED[table]);
    let add = format!(
        "INSERT INTO {table} SELECT (jsonb_populate_record(NULL::{table}, to_jsonb(old) || jsonb_build_object({other}))).*
         FROM {table} AS old WHERE ctid = '{row}'"
    );
    let done = execute(pool, add).await.ok()?;
    (done == 1).then(|| format!("a row added to {table}"))
}

/// Keeps the tables as they are, for [`restore`].
pub async fn keep(pool: &PgPool) {
    execute(pool, "CREATE SCHEMA clean".into()).await.unwrap();
    for (table, _) in TABLES {
        let name = table.replace('.', "_");
        execute(pool, format!("CREATE TABLE clean.{name} AS TABLE {table}")).await.unwrap();
    }
}

/// Puts a table back as it was kept.
pub async fn restore(pool: &PgPool, table: &str) {
    let name = table.replace('.', "_");
    for statement in [format!("TRUNCATE {table}"), format!("INSERT INTO {table} SELECT * FROM clean.{name}")]
    {
        execute(pool, statement).await.unwrap();
    }
}

/// Another text of the same form: one digit or letter is another.
fn flip(text: &str, dice: &mut Dice) -> Option<String> {
    let places: Vec<usize> = text
        .char_indices()
        .filter(|(_, letter)| letter.is_ascii_alphanumeric())
        .map(|(place, _)| place)
        .collect();
    let place = *places.get(dice.roll(places.len()))?;
    let old = text.as_bytes()[place];
    let pool: &[u8] = if old.is_ascii_digit() { b"0123456789" } else { b"abcdef" };
    let new = pool[dice.roll(pool.len())];
    let mut bytes = text.as_bytes().to_vec();
    bytes[place] = new;
    String::from_utf8(bytes).ok().filter(|changed| changed != text)
}

async fn execute(pool: &PgPool, statement: String) -> Result<u64, sqlx::Error> {
    sqlx::query(AssertSqlSafe(statement)).execute(pool).await.map(|done| done.rows_affected())
}

/// Does one damage to a table; what was done, or nothing when the database refuses it.
async fn damage(pool: &PgPool, number: usize, dice: &mut Dice) -> Option<String> {
    let (table, spared) = TABLES[number];
    let rows: Vec<String> =
        sqlx::query_scalar(AssertSqlSafe(format!("SELECT ctid::text FROM {table} ORDER BY ctid")))
            .fetch_all(pool)
            .await
            .unwrap();
    let row = &rows[dice.roll(rows.len())];
    match dice.roll(10) {
        0 => {
            let done = execute(pool, format!("DELETE FROM {table} WHERE ctid = '{row}'")).await.ok()?;
            Some(format!("{done} row of {table} deleted"))
        }
        3 => add(pool, number, row).await,
        1 if table == "ledger.posting" => {
            let swap = "WITH two AS (SELECT stream_id, part, off, ord, lead(off) OVER w AS other
                        FROM ledger.posting WHERE ord = 0 WINDOW w AS (PARTITION BY stream_id, part ORDER BY off) LIMIT 1)
                        UPDATE ledger.posting p SET off = CASE p.off WHEN two.off THEN two.other + 1000000 ELSE two.off + 1000000 END
                        FROM two WHERE p.stream_id = two.stream_id AND p.part = two.part AND p.off IN (two.off, two.other)
                          AND p.ord = 0";
            execute(pool, swap.into()).await.ok()?;
            execute(pool, "UPDATE ledger.posting SET off = off - 1000000 WHERE off >= 1000000".into())
                .await
                .ok()?;
            Some("two postings swapped".into())
        }
        2 if table == "ledger.posting" => {
            let cut = "DELETE FROM ledger.posting WHERE (stream_id, part, off) IN (
                         SELECT stream_id, part, max(off) FROM ledger.posting GROUP BY stream_id, part LIMIT 1)";
            execute(pool, cut.into()).await.ok()?;
            Some("the tail of a partition cut off".into())
        }
        _ => {
            let columns: Vec<(String, String)> = sqlx::query_as(
                "SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute
                 WHERE attrelid = $1::text::regclass AND attnum > 0 ORDER BY attnum",
            )
            .bind(table)
            .fetch_all(pool)
            .await
            .unwrap();
            let (column, form) = &columns[dice.roll(columns.len())];
            if spared.contains(&column.as_str()) {
                return None;
            }
            let read = format!("SELECT {column}::text FROM {table} WHERE ctid = '{row}'");
            let old: Option<String> = sqlx::query_scalar(AssertSqlSafe(read)).fetch_one(pool).await.unwrap();
            let new = flip(old.as_deref().unwrap_or("0"), dice)?;
            let change = format!(
                "UPDATE {table} SET {column} = '{}'::{form} WHERE ctid = '{row}'
                   AND {column} IS DISTINCT FROM '{}'::{form}",
                new.replace('\'', "''"),
                new.replace('\'', "''")
            );
            let done = execute(pool, change).await.ok()?;
            (done == 1).then(|| format!("{table}.{column} {old:?} is now {new}"))
        }
    }
}

/// The books are not what the log says, or a row holds what none can: then looking ends with an error that names it.
async fn is_found(house: &House) -> bool {
    let mut connection = house.connection().await;
    match engine::verify::verify(&mut connection, Some(house.log.as_ref()), &[]).await {
        Ok(verified) => !verified.equal(),
        Err(error) => {
            assert!(error.to_string().contains("reading "), "{error}");
            true
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_flip_delete_added_row_swap_and_cut_is_found() {
    let seed = std::env::var("FAREHOUSE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        u64::from(now.subsec_nanos()) | 1
    });
    println!("FAREHOUSE_SEED={seed}");
    let mut dice = Dice(seed);
    let house = two_days().await;
    keep(&house.pool).await;
    let mut damages = 0;
    while damages < 100 {
        let number = dice.roll(TABLES.len());
        let done = damage(&house.pool, number, &mut dice).await;
        if let Some(what) = &done {
            damages += 1;
            assert!(is_found(&house).await, "not found with seed {seed}, damage {damages}: {what}");
        }
        restore(&house.pool, TABLES[number].0).await;
    }
    let verified = house.verify(&[]).await;
    assert!(verified.equal(), "everything is as it was: {}", told(&verified));
}
