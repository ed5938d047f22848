//! Each named check and each proven table finds its own break, and says which.

use crate::camt::Camt;
use crate::house::{House, OPENING};
use crate::verify::{keep, restore, told, two_days};
use sqlx::AssertSqlSafe;
use store::log::EmbeddedLog;

/// Which named checks do not hold, without repetition.
async fn broken(house: &House) -> Vec<&'static str> {
    let mut conn = house.connection().await;
    let verified = engine::verify::verify::<EmbeddedLog>(&mut conn, None, &[]).await.unwrap();
    let mut broken: Vec<_> =
        verified.checks.iter().filter(|check| !check.holds).map(|check| check.id).collect();
    broken.dedup();
    broken
}

async fn change(house: &House, statement: &str) -> u64 {
    let done = sqlx::query(AssertSqlSafe(statement.to_owned())).execute(&house.pool).await;
    done.unwrap_or_else(|error| panic!("{statement}: {error}")).rows_affected()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_check_of_the_bank_finds_its_own_break() {
    let house = two_days().await;
    let verified = house.verify(&[]).await;
    assert!(verified.equal(), "{}", told(&verified));
    let named: Vec<&str> = verified.checks.iter().map(|check| check.id).collect();
    assert_eq!(named, ["L-4", "L-4", "L-5", "L-6", "L-6", "E-6", "L-8", "L-7"]);

    let card = "(SELECT chart FROM ledger.chart WHERE code = 'CARD_VALUE')";
    let cases = [
        // The bank's last word, changed: the book misses it. Low enough, it does not cover the cards either.
        (
            "UPDATE bank.statement SET closing = closing + 1",
            "UPDATE bank.statement SET closing = closing - 1",
            vec!["L-8"],
        ),
        (
            "UPDATE bank.statement SET closing = closing - 1049999",
            "UPDATE bank.statement SET closing = closing + 1049999",
            vec!["L-8", "L-7"],
        ),
        // A line the bank booked, changed: it is no longer what the ledger moved.
        ("UPDATE bank.line SET amount = amount + 1", "UPDATE bank.line SET amount = amount - 1", vec!["E-6"]),
        // An account taken over with another balance than was posted.
        (
            "UPDATE bank.account SET opening = opening + 1",
            "UPDATE bank.account SET opening = opening - 1",
            vec!["E-6"],
        ),
    ];
    for (damage, mend, expect) in cases {
        assert_eq!(change(&house, damage).await, 1, "{damage}");
        assert_eq!(broken(&house).await, expect, "{damage}");
        change(&house, mend).await;
        assert_eq!(broken(&house).await, Vec::<&str>::new(), "{mend}");
    }
    // Value on cards that no money stands for.
    let pick =
        format!("SELECT ctid FROM ledger.balance WHERE chart = {card} AND credit > 0 ORDER BY part LIMIT 1");
    let sell = format!("UPDATE ledger.balance SET credit = credit + 2000000 WHERE ctid = ({pick})");
    assert_eq!(change(&house, &sell).await, 1);
    assert_eq!(broken(&house).await, ["L-4", "L-6", "L-7"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_book_misses_the_bank_by_the_named_gaps_alone() {
    let house = House::open().await;
    let days: Vec<Camt> = (2..=5).fold(Vec::new(), |mut days, day| {
        let opening = days.last().map_or(OPENING, Camt::closing);
        days.push(Camt::of_day(&format!("2026-03-0{day}"), opening).line(day * 1_000, "", "a gift"));
        days
    });
    let import = async |day: usize| {
        house.import("camt.xml", &days[day].bytes()).await;
        assert_eq!(broken(&house).await, Vec::<&str>::new(), "after statement {day}");
    };
    import(0).await;
    import(3).await;
    let gap = "SELECT amount FROM bank.break WHERE code = 'STATEMENT_GAP' AND state = 'open'";
    let missing = async || sqlx::query_scalar::<_, i64>(gap).fetch_all(&house.pool).await.unwrap();
    assert_eq!(missing().await, [7_000], "two statements are missing");
    import(1).await;
    assert_eq!(missing().await, [4_000], "the break says what is still missing");
    change(&house, "UPDATE bank.break SET amount = amount - 1 WHERE code = 'STATEMENT_GAP'").await;
    assert_eq!(broken(&house).await, ["L-8"]);
    change(&house, "UPDATE bank.break SET amount = amount + 1 WHERE code = 'STATEMENT_GAP'").await;
    import(2).await;
    assert_eq!(missing().await, Vec::<i64>::new());
    assert_eq!(house.difference().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn verdicts_of_commands_and_news_are_proven_against_the_log() {
    let house = two_days().await;
    keep(&house.pool).await;
    let told_of = |topic| format!("topic = '{topic}' ORDER BY part, from_off, ordinal LIMIT 1");
    let first = format!("SELECT ctid FROM ingest.outbox WHERE {}", told_of("postings"));
    let denial = format!("SELECT ctid FROM ingest.outbox WHERE {}", told_of("denylist"));
    let last = "SELECT ctid FROM ingest.outbox ORDER BY part DESC, from_off DESC, ordinal DESC LIMIT 1";
    let cases = [
        ("clearing.command", "UPDATE clearing.command SET amount = amount + 1 WHERE outcome = 'done'".to_owned()),
        ("clearing.command", "UPDATE clearing.command SET detail = detail || '.' WHERE outcome = 'refused'".into()),
        ("clearing.command", "DELETE FROM clearing.command WHERE outcome = 'refused'".into()),
        (
            "clearing.command",
            "INSERT INTO clearing.command SELECT (jsonb_populate_record(old, '{\"command_id\":
               \"\\\\x00112233445566778899aabbccddeeff\", \"off\": 500}')).* FROM clearing.command AS old LIMIT 1"
                .into(),
        ),
        // One flipped byte of a message; one that was taken out though nobody told it; one that nobody wrote.
        (
            "ingest.outbox",
            format!("UPDATE ingest.outbox SET bytes = set_byte(bytes, 9, get_byte(bytes, 9) # 1) WHERE ctid = ({last})"),
        ),
        ("ingest.outbox", format!("DELETE FROM ingest.outbox WHERE ctid = ({first})")),
        ("ingest.outbox", format!("DELETE FROM ingest.outbox WHERE ctid = ({last})")),
        ("ingest.outbox", "DELETE FROM ingest.outbox WHERE topic = 'postings'".into()),
        (
            "ingest.outbox",
            "INSERT INTO ingest.outbox SELECT stream_id, part, from_off, ordinal + 7, topic, bytes FROM ingest.outbox LIMIT 1"
                .into(),
        ),
        // Told, but not noted: who is denied must be what was told last.
        ("registry.denial", format!("DELETE FROM ingest.outbox WHERE ctid = ({denial})")),
        ("registry.denial", "UPDATE registry.denial SET denied = NOT denied".into()),
        ("registry.denial", "DELETE FROM registry.denial".into()),
    ];
    for (table, damage) in cases {
        assert!(change(&house, &damage).await > 0, "{damage}");
        let verified = house.verify(&[]).await;
        assert!(
            verified.differences.iter().any(|difference| difference.table == table),
            "{damage}: {}",
            told(&verified)
        );
        for table in ["clearing.command", "ingest.outbox", "registry.denial"] {
            restore(&house.pool, table).await;
        }
    }
    let waiting: i64 =
        sqlx::query_scalar("SELECT count(*) FROM ingest.outbox").fetch_one(&house.pool).await.unwrap();
    assert!(waiting > 1, "the second day's news waits");
    // What was told and noted is not missed.
    house.told().await;
    let verified = house.verify(&[]).await;
    assert!(verified.equal(), "{}", told(&verified));
    // Noted as told, but the mark that a device trusts does not have it.
    change(&house, "UPDATE ingest.journal_mark SET have = have - int8multirange(int8range(3, 4))").await;
    assert!(told(&house.verify(&[]).await).contains("ingest.outbox"));
}
