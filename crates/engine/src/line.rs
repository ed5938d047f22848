//! The batches of one tenure, one after the other.
//!
//! While one batch is being saved the next is decoded, loaded and judged on what the first will leave behind. It is saved
//! only when the first was saved just so; otherwise it is judged anew on what really happened.

use crate::EngineError;
use crate::memory::Memory;
use crate::post::{Desk, Judged, Saved, Slice, moved, slice};
use crate::worker::Stats;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::Doing as _;
use store::lease::Held;
use store::save::Part;
use tokio::task::JoinHandle;
use wire::LogEntry;

/// What became of a batch that was handed in.
pub(crate) enum Outcome {
    /// It is being saved; everything before it is committed.
    Taken,
    /// Another worker has taken a partition over: forget everything.
    Lost,
    /// A partition must halt until somebody looks: a record does not follow the one before it, or names a policy that is
    /// not there.
    Halt(Held, String),
}

/// At most one batch is being saved while the next is judged.
pub(crate) struct Line {
    desk: Arc<Desk>,
    /// Where the partitions stand when everything under way is saved.
    held: Vec<Held>,
    /// When a batch last moved a partition, by its number: saving a batch renews its leases.
    moved: BTreeMap<i32, Instant>,
    memory: Memory,
    under_way: Option<UnderWay>,
}

struct UnderWay {
    judged: Arc<Judged>,
    saving: JoinHandle<Result<Saved, EngineError>>,
}

impl Line {
    pub(crate) fn new(desk: Desk, held: Vec<Held>) -> Self {
        let memory = Memory::new(desk.memory_bytes);
        Line { desk: Arc::new(desk), held, moved: BTreeMap::new(), memory, under_way: None }
    }

    /// Where the partitions stand when everything under way is saved.
    pub(crate) fn held(&self) -> &[Held] {
        &self.held
    }

    /// The partitions whose lease no batch has renewed for this long.
    pub(crate) fn idle(&self, time: Duration) -> Vec<Held> {
        let moved_long_ago = |held: &&Held| self.moved.get(&held.part).is_none_or(|at| at.elapsed() > time);
        self.held.iter().filter(moved_long_ago).cloned().collect()
    }

    /// Judges a batch, waits for the one before it, and begins to save.
    pub(crate) async fn push(&mut self, entries: Vec<LogEntry>) -> Result<Outcome, EngineError> {
        let started = Instant::now();
        let mut slices = match slice(&self.held, self.desk.partitions, entries) {
            Ok(slices) => slices,
            Err(gap) => {
                let reason = format!("OFFSET_GAP: {} follows {}", gap.found, gap.held.next_offset);
                return Ok(Outcome::Halt(gap.held, reason));
            }
        };
        Stats::add(&self.desk.stats.decode_us, started);
        if slices.is_empty() {
            return Ok(Outcome::Taken);
        }
        if let Some((held, refusal)) = self.desk.prepare(&slices).await? {
            return Ok(Outcome::Halt(held, refusal.to_string()));
        }
        let ahead = self.under_way.as_ref().map(|under_way| Arc::clone(&under_way.judged));
        let judged = self.judge(&slices, ahead.as_ref().map_or(&[], |ahead| &ahead.parts)).await;
        // Whatever came of judging: nobody leaves while a batch is being saved.
        let parts = match self.settle().await? {
            Saved::AsJudged => judged?,
            Saved::Lost => return Ok(Outcome::Lost),
            Saved::Otherwise(_) => {
                for slice in &mut slices {
                    slice.held = self.now(&slice.held);
                }
                self.memory.forget();
                self.judge(&slices, &[]).await?
            }
        };
        self.stand(&parts.iter().map(|part| moved(&part.advance)).collect::<Vec<_>>());
        let judged = Arc::new(Judged { slices, parts });
        let (desk, batch) = (Arc::clone(&self.desk), Arc::clone(&judged));
        // A unit of work nobody aborts (E-3).
        let saving = tokio::spawn(async move { desk.save(&batch).await });
        self.under_way = Some(UnderWay { judged, saving });
        Ok(Outcome::Taken)
    }

    async fn judge(&mut self, slices: &[Slice], ahead: &[Part]) -> Result<Vec<Part>, EngineError> {
        let mut connection =
            self.desk.pool.acquire().await.doing("borrowing a connection to load a batch")?;
        Ok(self.desk.judge_after(&mut connection, slices, ahead, &mut self.memory).await?)
    }

    /// Waits until nothing is under way. False when a lease was lost.
    pub(crate) async fn finish(&mut self) -> Result<bool, EngineError> {
        Ok(!matches!(self.settle().await?, Saved::Lost))
    }

    /// Waits for the batch that is being saved. Nothing under way is as good as saved.
    async fn settle(&mut self) -> Result<Saved, EngineError> {
        let Some(UnderWay { saving, .. }) = self.under_way.take() else { return Ok(Saved::AsJudged) };
        let saved = saving.await??;
        if let Saved::Otherwise(moved) = &saved {
            self.stand(moved);
        }
        Ok(saved)
    }

    /// Some partitions have moved.
    fn stand(&mut self, moved: &[Held]) {
        for now in moved {
            if let Some(held) = self.held.iter_mut().find(|held| held.part == now.part) {
                *held = now.clone();
                self.moved.insert(now.part, Instant::now());
            }
        }
    }

    fn now(&self, held: &Held) -> Held {
        self.held.iter().find(|now| now.part == held.part).unwrap_or(held).clone()
    }
}
