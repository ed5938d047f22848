//! Closing an accounting day: a marker through every partition, then the positions the day leaves behind.
//!
//! Closing is asked for once or a hundred times with the same end. The request is in the tables before the first marker is
//! in the log, so a crash in between is healed by asking again; a worker that meets a marker of a day that is not its
//! open one counts it and goes on.

use crate::EngineError;
use crate::verify::ring_checks;
use primitives::{Code, DayMarker, Digest, PostingDate, Record, Refusal};
use std::time::Duration;
use store::months::{self, Month, Outcome};
use store::settle::{self, Closing};
use store::{Connection as _, Doing as _, PgConnection};
use tokio::time::{Instant, sleep};
use wire::{EventLog, encode_record};

/// What became of a request to close a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// Its markers are in every partition.
    Closing,
    /// It was closed before, and left these positions behind.
    Closed(Digest),
    /// It cannot be closed (now).
    Refused(Refusal),
}

/// How far a day is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Nobody asked to close it.
    NotAsked,
    /// So many partitions still post on it.
    Waiting(u64),
    /// Every partition has gone past it, but the books do not balance: it stays open until they do.
    Refused(Refusal),
    /// It is closed, and left these positions behind.
    Closed(Digest),
}

/// Asks to close an accounting day: notes it, then appends a marker to every partition of the log. Only the oldest open
/// day can be closed, for days close in order.
pub async fn ask_close<L: EventLog>(
    conn: &mut PgConnection,
    log: &L,
    date: PostingDate,
) -> Result<Asked, EngineError> {
    let mut unit = conn.begin().await.doing("beginning to close a day")?;
    settle::office_date(&mut unit).await?;
    match settle::day(&mut unit, date).await? {
        Some(Closing::Closed(positions)) => return Ok(Asked::Closed(positions)),
        Some(Closing::Asked) => {}
        None => {
            if let Some(open) = settle::oldest_open(&mut unit).await?.filter(|open| *open != date) {
                let detail = format!("{date} cannot be closed: the open day is {open}");
                return Ok(Asked::Refused(Refusal::new(Code::BadRequest, detail)));
            }
            settle::ask_close(&mut unit, date).await?;
        }
    }
    unit.commit().await.doing("asking to close a day")?;
    prepare_months(&mut *conn, date.next()).await;

    let marker = encode_record(&Record::Day(DayMarker { closing: date, opening: date.next() }), &[]);
    let partitions = log.identity().await?.partitions;
    log.append((0..partitions).map(|partition| (partition, marker.clone())).collect()).await?;
    Ok(Asked::Closing)
}

/// The month of a day and how many after it have their parts of the divided tables when the day opens: a house that nobody
/// starts or closes for two months still finds them.
const MONTHS_PREPARED: u32 = 3;

/// Prepares the months from this day on. It is never in the way of a day: what was not prepared lies in the default part,
/// and the next day tries again.
pub async fn prepare_months(conn: &mut PgConnection, from: PostingDate) {
    match months::ensure_months(conn, from, MONTHS_PREPARED).await {
        Ok(months) => {
            for Month { table, first, outcome } in months {
                match outcome {
                    Outcome::Made(0) => {}
                    Outcome::Made(moved) => {
                        tracing::info!(%table, %first, moved, "a month got its part late")
                    }
                    Outcome::TooMany => tracing::warn!(%table, %first, "a month stays in the default part"),
                    Outcome::Busy => {
                        tracing::warn!(%table, %first, "a month was not prepared: it was in use")
                    }
                }
            }
        }
        Err(error) => tracing::warn!(%error, "the months to come were not prepared"),
    }
}

/// Closes a day if every partition has gone past it and the books balance (L-4, L-5).
pub async fn try_close(conn: &mut PgConnection, date: PostingDate) -> Result<Progress, EngineError> {
    let mut unit = conn.begin().await.doing("beginning to look at a day")?;
    match settle::day(&mut unit, date).await? {
        None => return Ok(Progress::NotAsked),
        Some(Closing::Closed(positions)) => return Ok(Progress::Closed(positions)),
        Some(Closing::Asked) => {}
    }
    // A partition that has gone past a day never comes back to it, so this answer stays true.
    let open = settle::still_open(&mut unit, date).await?;
    if open > 0 {
        return Ok(Progress::Waiting(open));
    }
    // A closed day never changes, so nobody closes one over books that are wrong.
    let broken = ring_checks(&store::verify::sums(&mut unit).await?).into_iter().find(|check| !check.holds);
    if let Some(check) = broken {
        let detail = format!("{} does not hold: {} ({})", check.id, check.says, check.figures);
        return Ok(Progress::Refused(Refusal::new(Code::BooksUnbalanced, detail)));
    }
    let positions = settle::positions(&mut unit, Some(date)).await?;
    settle::set_closed(&mut unit, date, positions).await?;
    unit.commit().await.doing("closing a day")?;
    Ok(Progress::Closed(positions))
}

/// How often [`wait_closed`] looks.
const LOOK: Duration = Duration::from_millis(100);

/// Waits until a day is closed, at most for `limit`; then answers how far it is.
pub async fn wait_closed(
    conn: &mut PgConnection,
    date: PostingDate,
    limit: Duration,
) -> Result<Progress, EngineError> {
    let until = Instant::now() + limit;
    loop {
        match try_close(&mut *conn, date).await? {
            Progress::Waiting(_) if Instant::now() < until => sleep(LOOK).await,
            progress => return Ok(progress),
        }
    }
}

/// The positions of the whole ledger, whatever the order it came in: where the money is, for every account, account of
/// the chart and day of travel.
pub async fn positions(conn: &mut PgConnection) -> Result<Digest, EngineError> {
    let mut unit = crate::report::snapshot(conn).await?;
    Ok(settle::positions(&mut unit, None).await?)
}
