//! Where a worker's time went.

use engine::worker::Stats;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// In seconds, summed over workers; the parts of one worker overlap.
#[derive(Default)]
pub struct Spent {
    wait: f64,
    decode: f64,
    load: f64,
    decide: f64,
    save: f64,
    batches: u64,
}

impl Spent {
    pub fn of<'a>(stats: impl IntoIterator<Item = &'a Stats>) -> Self {
        let seconds = |counter: &AtomicU64| counter.load(Ordering::Relaxed) as f64 / 1e6;
        let mut spent = Spent::default();
        for stats in stats {
            spent.wait += seconds(&stats.wait_us);
            spent.decode += seconds(&stats.decode_us);
            spent.load += seconds(&stats.load_us);
            spent.decide += seconds(&stats.decide_us);
            spent.save += seconds(&stats.save_us);
            spent.batches += stats.batches.load(Ordering::Relaxed);
        }
        spent
    }

    pub fn json(&self) -> serde_json::Value {
        let Spent { wait, decode, load, decide, save, batches } = self;
        serde_json::json!({ "wait": wait, "decode": decode, "load": load, "decide": decide, "save": save, "batches": batches })
    }
}

impl fmt::Display for Spent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Spent { wait, decode, load, decide, save, batches } = self;
        write!(
            f,
            "waiting {wait:.2} s, decode {decode:.2} s, load {load:.2} s, decide {decide:.2} s, save {save:.2} s in {batches} batches"
        )
    }
}
