//! Posting one batch: decode, load, decide, save; and what to do when the database does not take it.

use crate::EngineError;
use crate::worker::Stats;
use clearing::{Batch, decide};
use fares::Policies;
use primitives::{AccountId, Code, Record, Refusal, TapId};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use store::lease::{Advance, Held};
use store::save::{self, Part};
use store::{Doing as _, StoreError};
use store::{PgConnection, PgPool};
use tracing::{error, warn};
use wire::{LogEntry, decode_record, partition_of};

/// How often the same batch is tried against a database that answers "try again".
const TRIES_MAX: u32 = 5;

/// What became of a batch.
pub(crate) enum Outcome {
    /// Committed; where the partitions stand now.
    Posted(Vec<Held>),
    /// Another worker has taken a partition over: forget everything.
    Lost,
    /// A record does not follow the one before it.
    Gap { held: Held, found: u64 },
}

/// What posting needs.
pub(crate) struct Desk {
    pub pool: PgPool,
    pub policies: Arc<Policies>,
    pub owner: String,
    pub lease_ms: i64,
    pub partitions: u32,
    pub stats: Arc<Stats>,
}

/// The records of one partition, decoded once, with their raw bytes for quarantine.
struct Slice {
    held: Held,
    records: Vec<(u64, Result<Record, Refusal>)>,
    raw: Vec<Vec<u8>>,
}

/// How one try ended: where the partitions stand now, or nothing when a lease was lost.
type Tried = Option<Vec<Held>>;

/// The unique key that says a tap took effect before.
const TAP_KEY: &str = "tap_pkey";

impl Desk {
    pub(crate) async fn post(&self, held: Vec<Held>, entries: Vec<LogEntry>) -> Result<Outcome, EngineError> {
        let started = Instant::now();
        let (slices, mut standing) = match slice(held, self.partitions, entries) {
            Ok(sliced) => sliced,
            Err(gap) => return Ok(gap),
        };
        Stats::add(&self.stats.decode_us, started);
        if slices.is_empty() {
            return Ok(Outcome::Posted(standing));
        }
        let mut connection = self.pool.acquire().await.doing("borrowing a connection to post")?;
        match self.post_slices(&mut connection, slices).await? {
            Some(moved) => {
                standing.extend(moved);
                standing.sort_by_key(|held| held.part);
                Ok(Outcome::Posted(standing))
            }
            None => Ok(Outcome::Lost),
        }
    }

    /// Posts the slices together. When the database refuses the data, each record is posted by itself, and the one it
    /// refuses is isolated: time never skips a record, and a poison record never blocks the others.
    async fn post_slices(
        &self,
        connection: &mut PgConnection,
        slices: Vec<Slice>,
    ) -> Result<Option<Vec<Held>>, EngineError> {
        match self.try_often(connection, &slices).await {
            Ok(tried) => Ok(tried),
            Err(fault) if fault.is_data() => {
                warn!(%fault, "the database refuses the batch; posting its records one by one");
                self.post_singly(connection, slices).await
            }
            Err(fault) => Err(fault.into()),
        }
    }

    async fn post_singly(
        &self,
        connection: &mut PgConnection,
        slices: Vec<Slice>,
    ) -> Result<Option<Vec<Held>>, EngineError> {
        let mut moved = Vec::with_capacity(slices.len());
        for slice in slices {
            let mut held = slice.held;
            for (record, raw) in slice.records.into_iter().zip(slice.raw) {
                let offset = record.0;
                let one = Slice { held: held.clone(), records: vec![record], raw: vec![raw.clone()] };
                let posted = match self.try_often(connection, std::slice::from_ref(&one)).await {
                    Err(fault) if fault.is_data() => {
                        error!(partition = held.part, offset, %fault, "POISON: a record is isolated");
                        let refusal = Refusal::new(Code::Poison, fault.to_string());
                        let poison = Slice {
                            held: held.clone(),
                            records: vec![(offset, Err(refusal))],
                            raw: vec![raw],
                        };
                        self.try_often(connection, std::slice::from_ref(&poison)).await?
                    }
                    other => other?,
                };
                match posted.and_then(|mut moved| moved.pop()) {
                    Some(next) => held = next,
                    None => return Ok(None),
                }
            }
            moved.push(held);
        }
        Ok(Some(moved))
    }

    async fn try_often(&self, connection: &mut PgConnection, slices: &[Slice]) -> Result<Tried, StoreError> {
        let mut tries = 0;
        loop {
            match self.try_once(connection, slices).await {
                Err(fault) if (fault.is_retryable() || fault.violates(TAP_KEY)) && tries < TRIES_MAX => {
                    // Another partition posted one of these taps meanwhile (a medium that moved to another account), or
                    // the database asks for another try: load again, and what is there now decides.
                    tries += 1;
                    warn!(%fault, tries, "trying the batch again");
                    tokio::time::sleep(Duration::from_millis(20 * u64::from(tries) + jitter_ms())).await;
                }
                other => return other,
            }
        }
    }

    async fn try_once(&self, connection: &mut PgConnection, slices: &[Slice]) -> Result<Tried, StoreError> {
        let started = Instant::now();
        let seen = store::load::seen(connection, &taps(slices)).await?;
        let accounts = store::load::accounts(connection, &accounts(slices)).await?;
        Stats::add(&self.stats.load_us, started);

        let started = Instant::now();
        let parts = self.decide(slices, seen, accounts);
        Stats::add(&self.stats.decide_us, started);

        let started = Instant::now();
        let mut transaction = store::Connection::begin(connection).await.doing("beginning to post")?;
        if !save::save(&mut transaction, &self.owner, &parts, self.lease_ms).await? {
            transaction.rollback().await.doing("leaving a lost batch")?;
            return Ok(None);
        }
        transaction.commit().await.doing("committing a batch")?;
        Stats::add(&self.stats.save_us, started);
        self.stats.batches.fetch_add(1, Ordering::Relaxed);
        let records: usize = slices.iter().map(|slice| slice.records.len()).sum();
        self.stats.records.fetch_add(records as u64, Ordering::Relaxed);
        Ok(Some(parts.into_iter().map(moved).collect()))
    }

    /// One pure call a partition: each has its own chain and its own open day, and no account stands in two.
    fn decide(
        &self,
        slices: &[Slice],
        seen: BTreeMap<TapId, primitives::Digest>,
        mut accounts: BTreeMap<AccountId, clearing::AccountState>,
    ) -> Vec<Part> {
        let mut parts = Vec::with_capacity(slices.len());
        for slice in slices {
            let mine =
                slice.accounts().filter_map(|account| Some((account, accounts.remove(&account)?))).collect();
            let mine_seen = slice.taps().filter_map(|accepted| seen.get_key_value(&accepted.tap.id));
            let mine_seen = mine_seen.map(|(tap, digest)| (*tap, *digest)).collect();
            let decision = decide(Batch {
                policies: &self.policies,
                posting_date: slice.held.posting_date,
                chain_head: slice.held.chain_head,
                seen: mine_seen,
                accounts: mine,
                records: &slice.records,
            });
            let first = slice.held.next_offset as u64;
            let raw = decision
                .quarantined
                .iter()
                .filter_map(|row| Some((row.offset, slice.raw.get((row.offset - first) as usize)?.clone())))
                .collect();
            let advance = Advance {
                held: slice.held.clone(),
                to: slice.held.next_offset + slice.records.len() as i64,
                posting_date: decision.posting_date,
                chain_head: decision.chain_head,
            };
            parts.push(Part { advance, decision, raw });
        }
        parts
    }
}

impl Slice {
    fn taps(&self) -> impl Iterator<Item = &primitives::AcceptedTap> {
        self.records.iter().filter_map(|(_, record)| match record {
            Ok(Record::Tap(tap)) => Some(tap.as_ref()),
            Ok(Record::Day(_)) | Err(_) => None,
        })
    }

    fn accounts(&self) -> impl Iterator<Item = AccountId> {
        self.taps().map(|tap| tap.account)
    }
}

/// Decodes entries into one slice a partition that has any, and the partitions that have none. An entry below the
/// position is a stale queue entry and is dropped; one above it is a gap.
fn slice(
    held: Vec<Held>,
    partitions: u32,
    entries: Vec<LogEntry>,
) -> Result<(Vec<Slice>, Vec<Held>), Outcome> {
    let mut slices: Vec<Slice> =
        held.into_iter().map(|held| Slice { held, records: Vec::new(), raw: Vec::new() }).collect();
    for entry in entries {
        let Ok(place) = slices.binary_search_by_key(&entry.partition, |slice| slice.held.part as u32) else {
            continue;
        };
        let slice = &mut slices[place];
        let expected = slice.held.next_offset as u64 + slice.records.len() as u64;
        if entry.offset < expected {
            continue;
        }
        if entry.offset > expected {
            return Err(Outcome::Gap { held: slice.held.clone(), found: entry.offset });
        }
        slice.records.push((entry.offset, read(&entry, partitions)));
        slice.raw.push(entry.bytes);
    }
    let (busy, idle): (Vec<Slice>, Vec<Slice>) =
        slices.into_iter().partition(|slice| !slice.records.is_empty());
    Ok((busy, idle.into_iter().map(|slice| slice.held).collect()))
}

fn read(entry: &LogEntry, partitions: u32) -> Result<Record, Refusal> {
    let record = decode_record(&entry.bytes)?;
    match &record {
        Record::Tap(tap) if partition_of(tap.account, partitions) != entry.partition => {
            Err(Refusal::new(Code::WrongPartition, format!("stands in partition {}", entry.partition)))
        }
        Record::Tap(_) | Record::Day(_) => Ok(record),
    }
}

fn taps(slices: &[Slice]) -> Vec<TapId> {
    slices.iter().flat_map(Slice::taps).map(|accepted| accepted.tap.id).collect()
}

fn accounts(slices: &[Slice]) -> Vec<AccountId> {
    let mut accounts: Vec<AccountId> = slices.iter().flat_map(Slice::accounts).collect();
    accounts.sort_unstable();
    accounts.dedup();
    accounts
}

/// Where a committed part leaves its partition.
fn moved(part: Part) -> Held {
    let Advance { held, to, posting_date, chain_head } = part.advance;
    Held { next_offset: to, posting_date, chain_head, ..held }
}

/// A few milliseconds that differ between workers, so that two which collided do not collide again.
fn jitter_ms() -> u64 {
    u64::from(std::process::id().wrapping_mul(2_654_435_761) >> 27)
}
