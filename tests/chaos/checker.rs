//! The checker: compares the devices' file with the tables, by SQL alone, and says what does not hold.

use crate::crew::Crew;
use crate::history::{Tap, Told};
use crate::world::{LIVENESS, World};
use anyhow::Result;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// What does not hold; empty when everything does.
pub type Violations = Vec<String>;

/// A question whose answer is the number of rows that break a rule.
pub struct Rule {
    pub says: &'static str,
    pub broken: &'static str,
}

pub const NO_DEADLOCK: Rule = Rule {
    says: "no transaction ends in a deadlock",
    broken: "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()",
};

const RULES: &[Rule] = &[
    Rule {
        says: "committed ranges tile: each begins where the one before ended, the first at 0",
        broken: "SELECT count(*) FROM (SELECT from_off, lag(to_off, 1, 0::bigint) OVER (
                   PARTITION BY stream_id, part ORDER BY from_off, to_off) AS before FROM ingest.commit_log) AS range
                 WHERE from_off <> before",
    },
    Rule {
        says: "a position stands where the last committed range ended",
        broken: "SELECT count(*) FROM ingest.partition_lease lease
                 WHERE stream_id > 0 AND next_offset <> (SELECT coalesce(max(to_off), 0) FROM ingest.commit_log log
                   WHERE log.stream_id = lease.stream_id AND log.part = lease.part)",
    },
    Rule {
        says: "epochs only rise along the committed ranges",
        broken: "SELECT count(*) FROM (SELECT epoch, lag(epoch, 1, 0::bigint) OVER (
                   PARTITION BY stream_id, part ORDER BY from_off, to_off) AS before FROM ingest.commit_log) AS step
                 WHERE epoch < before",
    },
    Rule {
        says: "an epoch has one owner",
        broken: "SELECT count(*) FROM (SELECT FROM ingest.commit_log GROUP BY stream_id, part, epoch
                   HAVING count(DISTINCT owner) > 1) AS shared",
    },
    Rule {
        says: "every record is counted once: posted + duplicate + quarantined + markers = records taken",
        broken: "SELECT count(*) FROM ingest.partition_lease lease
                 WHERE stream_id > 0 AND next_offset <> (
                   SELECT coalesce(sum(n_posted + n_duplicate + n_quarantined + n_marker), 0) FROM ingest.commit_log log
                   WHERE log.stream_id = lease.stream_id AND log.part = lease.part)",
    },
    Rule {
        says: "one row for each tap and command counted as posted",
        broken: "SELECT abs((SELECT count(*) FROM clearing.tap) + (SELECT count(*) FROM clearing.command)
                          - (SELECT coalesce(sum(n_posted), 0) FROM ingest.commit_log))::bigint",
    },
    Rule {
        says: "one row for each record counted as quarantined",
        broken: "SELECT abs((SELECT count(*) FROM ingest.quarantine WHERE source = 'log')
                          - (SELECT coalesce(sum(n_quarantined), 0) FROM ingest.commit_log))::bigint",
    },
    Rule {
        says: "one effect for each identity",
        broken: "SELECT count(*) FROM (SELECT FROM clearing.tap GROUP BY device_id, journal_id, seq
                   HAVING count(*) > 1) AS doubled",
    },
    Rule {
        says: "one effect for each command",
        broken: "SELECT count(*) FROM (SELECT FROM clearing.command GROUP BY command_id HAVING count(*) > 1) AS doubled",
    },
    Rule {
        says: "one first price for each leg",
        broken: "SELECT count(*) FROM (SELECT FROM clearing.charge WHERE version = 1
                   GROUP BY leg_device, leg_journal, leg_seq HAVING count(*) > 1) AS doubled",
    },
    Rule {
        says: "one row for each version of a price",
        broken: "SELECT count(*) FROM (SELECT FROM clearing.charge
                   GROUP BY account_id, leg_device, leg_journal, leg_seq, version HAVING count(*) > 1) AS doubled",
    },
    Rule {
        says: "a ride's price is the rider's part and the funders' parts",
        broken: "SELECT count(*) FROM clearing.charge WHERE d_gross <> d_rider + d_funded",
    },
    Rule {
        says: "debits equal credits in every posting",
        broken: "SELECT count(*) FROM (SELECT FROM ledger.entry GROUP BY stream_id, part, off, ord
                   HAVING sum(debit) <> sum(credit)) AS lame",
    },
    Rule {
        says: "balances are the sums of the entries",
        broken: "SELECT count(*) FROM (
                   SELECT chart, posting_date, service_date, sum(debit) AS debit, sum(credit) AS credit
                   FROM ledger.entry GROUP BY chart, posting_date, service_date) AS entry
                 FULL JOIN (
                   SELECT chart, posting_date, service_date, sum(debit) AS debit, sum(credit) AS credit
                   FROM ledger.balance GROUP BY chart, posting_date, service_date) AS balance
                 USING (chart, posting_date, service_date)
                 WHERE (entry.debit, entry.credit) IS DISTINCT FROM (balance.debit, balance.credit)",
    },
    Rule {
        says: "the purse of an account is the sum of its entries",
        broken: "SELECT count(*) FROM (
                   SELECT owner AS account_id, sum(credit - debit) AS net FROM ledger.entry WHERE chart IN (6, 20)
                   GROUP BY owner) AS entry
                 FULL JOIN clearing.account_state account USING (account_id)
                 WHERE coalesce(entry.net, 0) <> coalesce(account.value - account.debt, 0)",
    },
    Rule {
        says: "no purse is below its floor, and none has value and debt at once",
        broken: "SELECT count(*) FROM clearing.account_state WHERE value < 0 OR debt < 0 OR (value > 0 AND debt > 0)",
    },
    NO_DEADLOCK,
    Rule {
        says: "no session is left inside a transaction",
        broken: "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                   AND state LIKE 'idle in transaction%' AND state_change < clock_timestamp() - interval '6 seconds'",
    },
];

/// How a house stands when its faults are over.
pub struct End {
    pub told: Told,
    pub violations: Violations,
    /// For people: how much was sent, and how long after the last fault all of it was posted.
    pub figures: [String; 2],
}

/// Waits for the end of all work since the last fault, ends the workers, and looks at everything.
pub async fn settle(world: &World, crew: &Crew, last_fault: Instant, patience: Duration) -> Result<End> {
    let mut end = settle_posted(world, crew, last_fault, patience).await?;
    let taken = "SELECT sum(next_offset)::bigint FROM ingest.partition_lease WHERE stream_id > 0";
    let (ends, taken) = (world.ends().await?.iter().sum::<i64>(), world.number(taken).await?);
    if taken < ends {
        end.violations.push(format!("all records of the log are taken ({} are not)", ends - taken));
    }
    Ok(end)
}

/// The same where the log lost what it had: nothing is said about the log's own end.
pub async fn settle_posted(
    world: &World,
    crew: &Crew,
    last_fault: Instant,
    patience: Duration,
) -> Result<End> {
    let drained = world.drained(crew, patience).await?;
    let after = last_fault.elapsed().as_secs_f64();
    crew.stop();
    let told = world.history.read()?;
    let mut violations = check_posted(world, &told).await?;
    if drained.is_none() {
        violations.push(format!("all work is done within {} s of the last fault", LIVENESS.as_secs()));
    }
    let figures =
        [format!("{} taps sent", told.sent.len()), format!("all posted {after:.1} s after the last fault")];
    Ok(End { told, violations, figures })
}

/// Everything that must hold once all work is done.
async fn check_posted(world: &World, told: &Told) -> Result<Violations> {
    let mut violations = Violations::new();
    for rule in RULES {
        let broken = world.number(rule.broken).await?;
        if broken != 0 {
            violations.push(format!("{} ({broken} do not)", rule.says));
        }
    }
    let posted = "SELECT device_id, journal_id, seq FROM clearing.tap";
    let mut unhurried = world.unhurried().await?;
    let posted: BTreeSet<Tap> =
        sqlx::query_as(posted).fetch_all(&mut *unhurried).await?.into_iter().collect();
    compare(&mut violations, "every acknowledged tap is posted", &told.acknowledged, &posted);
    compare(&mut violations, "every posted tap was sent", &posted, &told.sent);
    compare(&mut violations, "every sent tap is posted", &told.sent, &posted);
    Ok(violations)
}

fn compare(violations: &mut Violations, says: &str, part: &BTreeSet<Tap>, whole: &BTreeSet<Tap>) {
    let missing: Vec<&Tap> = part.difference(whole).collect();
    if let Some(first) = missing.first() {
        violations.push(format!("{says} ({} are not, the first is {first:?})", missing.len()));
    }
}

/// One digest of what the ledger says, free of batches, offsets and times: accounts, charges, net positions.
pub async fn digest(world: &World) -> Result<String> {
    let mut unhurried = world.unhurried().await?;
    Ok(sqlx::query_scalar(
        "SELECT md5(
           (SELECT coalesce(string_agg(md5(row(account_id, value, debt)::text), '' ORDER BY account_id), '')
            FROM clearing.account_state)
           || (SELECT coalesce(string_agg(md5(leg::text), '' ORDER BY leg::text), '') FROM (
                 SELECT account_id, leg_device, leg_journal, leg_seq, operator_no, route, service_date, sum(d_rides) AS rides,
                        sum(d_gross) AS gross, sum(d_rider) AS rider, sum(d_funded) AS funded
                 FROM clearing.charge
                 GROUP BY account_id, leg_device, leg_journal, leg_seq, operator_no, route, service_date) AS leg)
           || (SELECT coalesce(string_agg(md5(position::text), '' ORDER BY position::text), '') FROM (
                 SELECT account_id, chart, owner, service_date, sum(debit - credit) AS net
                 FROM ledger.entry GROUP BY account_id, chart, owner, service_date) AS position))",
    )
    .fetch_one(&mut *unhurried)
    .await?)
}

/// Whether the indexes agree with their tables; reading every row lets the server check its pages' checksums as well.
pub async fn pages_are_sound(world: &World) -> Result<Violations> {
    sqlx::query("CREATE EXTENSION IF NOT EXISTS amcheck").execute(&world.pool).await?;
    let sound = "SELECT count(bt_index_check(index.indexrelid, true)) FROM pg_index index
                 JOIN pg_class class ON class.oid = index.indexrelid
                 JOIN pg_namespace space ON space.oid = class.relnamespace
                 JOIN pg_am am ON am.oid = class.relam
                 WHERE am.amname = 'btree' AND class.relkind = 'i'
                   AND space.nspname IN ('ingest', 'registry', 'clearing', 'ledger', 'settle', 'bank')";
    match sqlx::query_scalar::<_, i64>(sound).fetch_one(&world.pool).await {
        Ok(_) => Ok(Violations::new()),
        Err(error) => Ok(vec![format!("indexes and pages are sound ({error})")]),
    }
}
