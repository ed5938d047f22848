//! Letting go of what has outlived its time, started once a day. It may be stopped at any moment and started again: what
//! left is written down as it leaves, and what is still there leaves the next time.

use crate::EngineError;
use chrono::{DateTime, Datelike as _, Days, Months, Utc};
use std::time::Duration;
use store::PgConnection;
use store::log::EmbeddedLog;
use store::months::{Outcome, ensure_months};
use store::retention::{self as stored, Aging};
use uuid::Uuid;
use wire::EventLog as _;

pub use store::retention::{Entry, entries};

/// How long what has a life lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lives {
    /// What the gateway put into the log, in days: afterwards a tap that was never posted is *unknown*.
    pub received_days: u32,
    /// Keys of commands, in days: afterwards a key that never reached an answer may be asked again.
    pub asked_days: u32,
    /// Charges, in months before the open accounting day.
    pub charge_months: u32,
    /// Records of the embedded log after their commit, in days; none keeps them all.
    pub log_days: Option<u32>,
}

impl Default for Lives {
    fn default() -> Self {
        Lives { received_days: 7, asked_days: 90, charge_months: 24, log_days: None }
    }
}

/// Days a session of the finance web or a dead worker is still to be seen; neither is of any use after hours.
const SEEN_DAYS: u32 = 1;

/// How often the lock for a month is tried for, and how long in between.
const LOCK_TRIES_MAX: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(250);

/// What a run came to, in the order it was done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Run {
    /// What left, or would leave: the table, which rows, how many.
    pub left: Vec<(&'static str, String, u64)>,
    /// What is older than its life and stays, and why.
    pub stays: Vec<(&'static str, String, String)>,
}

/// Lets go of everything that is older than its life; with `dry_run` nothing is changed, and the answer says what would
/// leave. `log` is the embedded log, where there is one, with its stream.
pub async fn run(
    conn: &mut PgConnection,
    log: Option<(i32, &EmbeddedLog)>,
    lives: Lives,
    dry_run: bool,
) -> Result<Run, EngineError> {
    let id = Uuid::now_v7();
    let now = stored::now(conn).await?;
    let mut run = Run::default();
    for aging in Aging::ALL {
        let than = before(now, days_of(aging, lives));
        let rows = match dry_run {
            true => stored::older(conn, aging, than).await?,
            false => stored::forget(conn, id, aging, than).await?,
        };
        run.left.push((aging.table(), format!("older than {} days", days_of(aging, lives)), rows));
    }
    if let (Some(days), Some((stream_id, log))) = (lives.log_days, log) {
        trim(conn, &mut run, id, (stream_id, log), before(now, days), dry_run).await?;
    }
    charges(conn, &mut run, id, lives.charge_months, dry_run).await?;
    Ok(run)
}

const fn days_of(aging: Aging, lives: Lives) -> u32 {
    match aging {
        Aging::Received => lives.received_days,
        Aging::Asked => lives.asked_days,
        Aging::Session | Aging::Worker => SEEN_DAYS,
    }
}

fn before(now: DateTime<Utc>, days: u32) -> DateTime<Utc> {
    now.checked_sub_days(Days::new(u64::from(days))).unwrap_or(DateTime::<Utc>::MIN_UTC)
}

/// Drops the records of the embedded log that were committed before a time. What was committed lies below the position, and
/// nobody reads there but a rebuild of the books.
async fn trim(
    conn: &mut PgConnection,
    run: &mut Run,
    id: Uuid,
    (stream_id, log): (i32, &EmbeddedLog),
    than: DateTime<Utc>,
    dry_run: bool,
) -> Result<(), EngineError> {
    for (partition, below) in stored::committed_before(conn, stream_id, than).await? {
        let (low, _) = log.bounds(partition).await?;
        let records = below.saturating_sub(low);
        if !dry_run {
            if records > 0 {
                stored::note_trimmed(conn, id, (stream_id, partition), (below, records)).await?;
            }
            // Also without new records: a run that was stopped may have moved the border and left what lies below it.
            log.trim(&[(partition, below.max(low))]).await?;
        }
        run.left.push((
            "ingest.log_record",
            format!("partition {stream_id}/{partition} below {below}"),
            records,
        ));
    }
    Ok(())
}

/// Takes the months of charges out that ended before the life of charges, oldest first. A month that may not leave yet
/// keeps those after it, too: what is there is one stretch of time.
async fn charges(
    conn: &mut PgConnection,
    run: &mut Run,
    id: Uuid,
    months: u32,
    dry_run: bool,
) -> Result<(), EngineError> {
    const TABLE: &str = "clearing.charge";
    let Some(open) = store::settle::oldest_open(conn).await? else { return Ok(()) };
    let Some(border) = open.0.with_day(1).and_then(|first| first.checked_sub_months(Months::new(months)))
    else {
        return Ok(());
    };
    while let Some(date) = stored::oldest_in_default(conn, border).await? {
        let moved = !dry_run
            && ensure_months(conn, date, 1)
                .await?
                .iter()
                .any(|month| month.table == TABLE && matches!(month.outcome, Outcome::Made(_)));
        if !moved {
            let why = "they lie in the default part until they are moved into their month".to_owned();
            run.stays.push((TABLE, format!("from {date} on"), why));
            return Ok(());
        }
    }
    for first in stored::charge_months(conn, border).await? {
        let name = first.format("%Y-%m").to_string();
        if let Some(why) = stored::charges_needed(conn, first).await? {
            run.stays.push((TABLE, name, why));
            return Ok(());
        }
        let leaving = stored::digest_month(conn, first).await?;
        if !dry_run && !drop_month(conn, id, &leaving).await? {
            run.stays.push((TABLE, name, "somebody held the table; the next run tries again".into()));
            return Ok(());
        }
        run.left.push((TABLE, name, leaving.charges));
    }
    Ok(())
}

async fn drop_month(
    conn: &mut PgConnection,
    id: Uuid,
    leaving: &stored::Leaving,
) -> Result<bool, EngineError> {
    for _ in 0..LOCK_TRIES_MAX {
        if stored::drop_month(conn, id, leaving).await? {
            return Ok(true);
        }
        tokio::time::sleep(LOCK_PAUSE).await;
    }
    Ok(false)
}
