//! A fair share: how many partitions this worker should hold among those that live, and what it does about it.
//!
//! `share` = partitions ÷ live workers, rounded up. A worker that has more gives one back at a time and looks again; one
//! that has less takes what is free. Nothing here decides who may post: that is the lease row's alone.

use crate::EngineError;
use crate::worker::Worker;
use std::time::Duration;
use store::Doing as _;
use store::lease::{self, Held};
use store::workers;
use tracing::{info, warn};
use wire::EventLog;

/// How often a worker looks at least whether its share is still fair: this and a moment is what a take-over adds to the
/// lease. A tenure that has had no record yet looks after half a lease.
const LOOK_MAX: Duration = Duration::from_millis(500);

impl<L: EventLog> Worker<L> {
    /// How often this worker looks at its share.
    pub(crate) fn look_every(&self) -> Duration {
        LOOK_MAX.min(Duration::from_millis(self.settings.lease_ms.unsigned_abs()) / 3)
    }

    /// Says that this worker lives, and answers how many partitions it should hold.
    pub(crate) async fn share(&self) -> Result<i64, EngineError> {
        let mut connection = self.pool.acquire().await.doing("borrowing a connection to share partitions")?;
        let live =
            workers::beat(&mut connection, self.stream_id, &self.settings.owner, self.settings.lease_ms);
        Ok(fair(self.partitions, live.await?).min(self.settings.share))
    }

    /// False when the tenure should end: this worker has more than its share, or partitions are free that it should have.
    pub(crate) async fn is_fair(&self, held: &[Held]) -> Result<bool, EngineError> {
        let share = self.share().await?;
        if held.len() as i64 > share {
            return Ok(false);
        }
        let mut connection =
            self.pool.acquire().await.doing("borrowing a connection to look at the shares")?;
        Ok(!lease::has_free(&mut connection, self.stream_id, &self.settings.owner, share).await?)
    }

    /// Gives one partition back when this worker has more than its share. Nothing of it may be on the way any more.
    pub(crate) async fn give_back(&self, held: &[Held]) -> Result<(), EngineError> {
        let share = self.share().await?;
        let Some(last) = held.last().filter(|_| held.len() as i64 > share) else { return Ok(()) };
        let owner = &self.settings.owner;
        info!(owner, partition = last.part, share, "giving a partition back: others have fewer");
        let mut connection = self.pool.acquire().await.doing("borrowing a connection to give one back")?;
        Ok(lease::release(&mut connection, owner, std::slice::from_ref(last)).await?)
    }

    /// Makes room for a take-over: ends sessions that still lock rows whose lease is long over.
    pub(crate) async fn evict(&self) -> Result<(), EngineError> {
        let mut connection =
            self.pool.acquire().await.doing("borrowing a connection to look for the stuck")?;
        let ended = workers::evict(&mut connection, self.stream_id).await?;
        if ended > 0 {
            warn!(ended, "sessions were ended that held on to a lease that was over");
        }
        Ok(())
    }

    /// Says that this worker is gone.
    pub(crate) async fn leave(&self) -> Result<(), EngineError> {
        let mut connection = self.pool.acquire().await.doing("borrowing a connection to say good-bye")?;
        Ok(workers::leave(&mut connection, self.stream_id, &self.settings.owner).await?)
    }
}

/// Partitions ÷ live workers, rounded up; at least one.
fn fair(partitions: u32, live: i64) -> i64 {
    let (partitions, live) = (i64::from(partitions), live.max(1));
    (partitions / live + i64::from(partitions % live > 0)).max(1)
}

#[cfg(test)]
mod tests {
    use super::fair;

    #[test]
    fn shares_are_rounded_up_and_never_nothing() {
        let check =
            |partitions, live, expect| assert_eq!(fair(partitions, live), expect, "{partitions}/{live}");
        check(12, 1, 12);
        check(12, 2, 6);
        check(12, 5, 3);
        check(3, 2, 2);
        check(3, 7, 1);
        check(3, 0, 3);
        check(0, 2, 1);
    }
}
