//! How taps reach the house: in batches, late when a bus had no network, and not always in order.

use crate::SimError;
use crate::machines::{Keys, Machine, Post, Signed, Truth};
use crate::random::Random;
use primitives::{DeviceId, EventTime};
use wire::BodyFormat;

/// One upload, as its sender makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// When it arrives.
    pub at: EventTime,
    /// Who sends it; `None` when the sender is no device of the city.
    pub device: Option<DeviceId>,
    /// The form of the envelopes.
    pub format: BodyFormat,
    /// The envelopes, as they are to be sent: protobuf messages, or JSON objects.
    pub taps: Vec<Vec<u8>>,
}

impl Delivery {
    /// The whole upload: a protobuf `TapBatch`, or `{"taps":[…]}`.
    pub fn body(&self) -> Vec<u8> {
        match self.format {
            BodyFormat::Proto => wire::join_batch(&self.taps),
            BodyFormat::Json => [&b"{\"taps\":["[..], &self.taps.join(&b','), b"]}"].concat(),
        }
    }
}

/// An upload in the making.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    /// Arrival, in milliseconds since 1970.
    pub(crate) at: i64,
    /// Position of the sender among the machines; `None` for a stranger.
    pub(crate) machine: Option<usize>,
    pub(crate) format: BodyFormat,
    pub(crate) items: Vec<Item>,
}

/// One envelope of an upload, and what the house must make of it.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) bytes: Vec<u8>,
    pub(crate) truth: Truth,
    /// The tap inside, when it is one of a sound device.
    pub(crate) tap: Option<primitives::Tap>,
}

impl From<Signed> for Item {
    fn from(signed: Signed) -> Self {
        Item { bytes: signed.bytes, truth: signed.truth, tap: Some(signed.tap) }
    }
}

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
/// An upload goes off when it holds so many taps, or when its first tap is so old.
const BATCH_TAPS: usize = 25;
const BATCH_AGE: i64 = 15 * MINUTE;
/// What a bus that was offline sends at once.
const BACKLOG_TAPS: usize = 200;
/// Of so many buses one loses its network for hours, and one is only read at the depot.
const PATCHY_BUS: usize = 10;
const DEPOT_BUS: usize = 25;
/// Of a hundred uploads, how many carry their taps out of order.
const SHUFFLED_PERCENT: u64 = 20;

/// Everything the machines send, in no order yet. `day_start` and `day_end` bound the service day.
pub(crate) fn send(
    machines: &mut [Machine],
    keys: &Keys,
    (day_start, day_end): (i64, i64),
    chance: &mut Random,
) -> Result<Vec<Batch>, SimError> {
    let mut batches = Vec::new();
    let mut buses = 0;
    for (index, machine) in machines.iter_mut().enumerate() {
        let signed = machine.sign(keys)?;
        let mut offline = None;
        if matches!(machine.post, Post::Bus { .. }) {
            buses += 1;
            if buses % DEPOT_BUS == 7 {
                offline = Some((day_start, day_end - HOUR + chance.between(0, HOUR / 2)));
            } else if buses % PATCHY_BUS == 3 {
                let from = day_start + chance.between(HOUR, 10 * HOUR);
                offline = Some((from, from + chance.between(3 * HOUR, 5 * HOUR)));
            }
        }
        upload(index, machine.format, signed, offline, chance, &mut batches);
    }
    for batch in &mut batches {
        if chance.percent(SHUFFLED_PERCENT) {
            chance.shuffle(&mut batch.items);
        }
    }
    Ok(batches)
}

/// The uploads of one machine.
fn upload(
    machine: usize,
    format: BodyFormat,
    signed: Vec<Signed>,
    offline: Option<(i64, i64)>,
    chance: &mut Random,
    batches: &mut Vec<Batch>,
) {
    let new = |at, items| Batch { at, machine: Some(machine), format, items };
    let (mut open, mut backlog): (Vec<Item>, Vec<Item>) = (Vec::new(), Vec::new());
    let (mut first, mut last) = (0, 0);
    for signed in signed {
        let at = signed.tap.at.unix_ms();
        if offline.is_some_and(|(from, until)| from <= at && at < until) {
            backlog.push(signed.into());
            continue;
        }
        if !open.is_empty() && (open.len() == BATCH_TAPS || at - first > BATCH_AGE) {
            batches.push(new(last + chance.between(2_000, 40_000), std::mem::take(&mut open)));
        }
        if open.is_empty() {
            first = at;
        }
        last = at;
        open.push(signed.into());
    }
    if !open.is_empty() {
        batches.push(new(last + chance.between(2_000, 40_000), open));
    }
    // Some makers send what they kept newest first.
    let newest_first = chance.percent(50);
    let chunks: Vec<&[Item]> = backlog.chunks(BACKLOG_TAPS).collect();
    for (nth, chunk) in chunks.iter().enumerate() {
        let nth = if newest_first { chunks.len() - 1 - nth } else { nth };
        let at = offline.map_or(last, |(_, until)| until) + 5_000 * (1 + nth as i64);
        batches.push(new(at, chunk.to_vec()));
    }
}
