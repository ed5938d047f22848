//! Posting one batch: decode, load, decide, save; and what to do when the database does not take it.

use crate::EngineError;
use crate::denial;
use crate::memory::Memory;
use crate::policy::{self, Changeovers};
use crate::worker::Stats;
use clearing::{AccountState, Batch, decide};
use primitives::{AccountId, Code, Command, CommandId, Digest, Record, Refusal, TapId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use store::lease::{Advance, Held};
use store::save::{self, NewState, Part};
use store::state::{Packed, StateError};
use store::{Doing as _, StoreError};
use store::{PgConnection, PgPool};
use tracing::{error, warn};
use wire::{LogEntry, decode_record, partition_of};

/// How often the same batch is tried against a database that answers "try again".
const TRIES_MAX: u32 = 5;

/// The unique keys that say a tap or a command took effect before.
const SEEN_KEYS: [&str; 2] = ["tap_pkey", "command_pkey"];

/// What posting needs.
pub(crate) struct Desk {
    pub pool: PgPool,
    pub changeovers: Changeovers,
    pub owner: String,
    pub lease_ms: i64,
    pub partitions: u32,
    pub memory_bytes: usize,
    pub stats: Arc<Stats>,
}

/// The records of one partition, decoded once, with their raw bytes for quarantine.
pub(crate) struct Slice {
    pub(crate) held: Held,
    records: Vec<(u64, Result<Record, Refusal>)>,
    raw: Vec<Vec<u8>>,
    /// Records the database refused, and why.
    refused: BTreeMap<u64, String>,
}

/// A batch with what came of judging it.
pub(crate) struct Judged {
    pub(crate) slices: Vec<Slice>,
    pub(crate) parts: Vec<Part>,
}

/// What came of saving a batch.
pub(crate) enum Saved {
    /// Committed, just as it was judged.
    AsJudged,
    /// Committed, but it had to be judged anew on the way: where its partitions stand now.
    Otherwise(Vec<Held>),
    /// A lease was lost.
    Lost,
}

/// How one try ended: where the partitions stand now, or nothing when a lease was lost.
type Tried = Option<Vec<Held>>;

impl Desk {
    /// Saves a judged batch. When the database refuses the data, each record is posted by itself, and the one it refuses
    /// is isolated: time never skips a record, and a poison record never blocks the others.
    pub(crate) async fn save(&self, judged: &Judged) -> Result<Saved, EngineError> {
        let mut connection = self.pool.acquire().await.doing("borrowing a connection to post")?;
        let again = match self.save_once(&mut connection, &judged.parts).await {
            Ok(true) => return Ok(Saved::AsJudged),
            Ok(false) => return Ok(Saved::Lost),
            Err(fault) if passes(&fault) => self.try_often(&mut connection, &judged.slices, fault).await,
            Err(fault) => Err(fault),
        };
        let moved = match again {
            Err(fault) if fault.is_data() => {
                warn!(%fault, "the database refuses the batch; posting its records one by one");
                self.post_singly(&mut connection, &judged.slices).await?
            }
            other => other?,
        };
        Ok(moved.map_or(Saved::Lost, Saved::Otherwise))
    }

    /// Makes ready what activations among the records lead to. Some partition must halt when a version is not loaded as it
    /// was: nothing may be priced without it.
    pub(crate) async fn prepare(&self, slices: &[Slice]) -> Result<Option<(Held, Refusal)>, EngineError> {
        let activates =
            |slice: &&Slice| slice.records.iter().any(|(_, record)| policy::named(record).is_some());
        for slice in slices.iter().filter(activates) {
            let mut connection =
                self.pool.acquire().await.doing("borrowing a connection to read policies")?;
            let first = slice.held.next_offset as u64;
            let (part, records) = (slice.held.part, &slice.records);
            if let Err(refusal) = self.changeovers.prepare(&mut connection, part, first, records).await? {
                return Ok(Some((slice.held.clone(), refusal)));
            }
        }
        Ok(None)
    }

    async fn post_singly(
        &self,
        connection: &mut PgConnection,
        slices: &[Slice],
    ) -> Result<Tried, EngineError> {
        let mut moved = Vec::with_capacity(slices.len());
        for slice in slices {
            let mut held = slice.held.clone();
            for (record, raw) in slice.records.iter().zip(&slice.raw) {
                let one = |refused| {
                    let (records, raw) = (vec![record.clone()], vec![raw.clone()]);
                    Slice { held: held.clone(), records, raw, refused }
                };
                let posted = match self.post_one(connection, one(BTreeMap::new())).await {
                    Err(fault) if fault.is_data() => {
                        error!(partition = held.part, offset = record.0, %fault, "POISON: a record is isolated");
                        let refused = BTreeMap::from([(record.0, fault.to_string())]);
                        self.post_one(connection, one(refused)).await?
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

    async fn post_one(&self, connection: &mut PgConnection, slice: Slice) -> Result<Tried, StoreError> {
        let slices = [slice];
        match self.try_once(connection, &slices).await {
            Err(fault) if passes(&fault) => self.try_often(connection, &slices, fault).await,
            other => other,
        }
    }

    /// Judges and saves again after a fault that passes: another partition posted one of these taps meanwhile (a medium
    /// that moved to another account), or the database asks for another try. What is there now decides.
    async fn try_often(
        &self,
        connection: &mut PgConnection,
        slices: &[Slice],
        mut fault: StoreError,
    ) -> Result<Tried, StoreError> {
        for tries in 1..=TRIES_MAX {
            warn!(%fault, tries, "trying the batch again");
            tokio::time::sleep(Duration::from_millis(20 * u64::from(tries) + jitter_ms())).await;
            match self.try_once(connection, slices).await {
                Err(again) if passes(&again) => fault = again,
                other => return other,
            }
        }
        Err(fault)
    }

    async fn try_once(&self, connection: &mut PgConnection, slices: &[Slice]) -> Result<Tried, StoreError> {
        let parts = self.judge(connection, slices).await?;
        let saved = self.save_once(connection, &parts).await?;
        Ok(saved.then(|| parts.iter().map(|part| moved(&part.advance)).collect()))
    }

    async fn save_once(&self, connection: &mut PgConnection, parts: &[Part]) -> Result<bool, StoreError> {
        let started = Instant::now();
        let mut transaction = store::Connection::begin(connection).await.doing("beginning to post")?;
        if !save::save(&mut transaction, &self.owner, parts, self.lease_ms).await? {
            transaction.rollback().await.doing("leaving a lost batch")?;
            return Ok(false);
        }
        transaction.commit().await.doing("committing a batch")?;
        Stats::add(&self.stats.save_us, started);
        self.stats.batches.fetch_add(1, Ordering::Relaxed);
        let records: i64 = parts.iter().map(|part| part.advance.to - part.advance.held.next_offset).sum();
        self.stats.records.fetch_add(records as u64, Ordering::Relaxed);
        Ok(true)
    }

    /// Loads what the batch needs and judges it on what the database holds.
    async fn judge(&self, connection: &mut PgConnection, slices: &[Slice]) -> Result<Vec<Part>, StoreError> {
        self.judge_after(connection, slices, &[], &mut Memory::new(0)).await
    }

    /// As [`Desk::judge`], on top of what is remembered. `ahead` is the batch before, when it is judged but not yet saved:
    /// what it will leave behind stands above what the database holds.
    pub(crate) async fn judge_after(
        &self,
        connection: &mut PgConnection,
        slices: &[Slice],
        ahead: &[Part],
        memory: &mut Memory,
    ) -> Result<Vec<Part>, StoreError> {
        let started = Instant::now();
        let seen = seen(connection, &taps(slices), ahead, memory).await?;
        let mut answered = store::load::answered(connection, &commands(slices)).await?;
        answered.extend(
            ahead.iter().flat_map(|part| &part.decision.commands).map(|row| (row.id, row.body_digest)),
        );
        let accounts: Vec<Vec<AccountId>> = slices.iter().map(Slice::accounts).collect();
        let unknown = |account: &&AccountId| memory.state(**account).is_none();
        let unknown: Vec<AccountId> = accounts.iter().flatten().filter(unknown).copied().collect();
        let mut loaded = store::load::accounts(connection, &unknown).await?;
        Stats::add(&self.stats.load_us, started);
        let started = Instant::now();
        let mut parts = Vec::with_capacity(slices.len());
        for (slice, accounts) in slices.iter().zip(accounts) {
            let mut known = BTreeMap::new();
            for account in accounts {
                let state = match memory.state(account) {
                    Some(packed) => Some(packed.state().map_err(forgotten)?),
                    None => loaded.remove(&account),
                };
                known.extend(state.map(|state| (account, state)));
            }
            parts.push(self.decide(slice, &seen, &answered, known));
        }
        let states = parts.iter().flat_map(|part| &part.states);
        memory.remember(states.map(|state| (state.account, state.packed.clone())));
        Stats::add(&self.stats.decide_us, started);
        Ok(parts)
    }

    /// One pure call a partition: each has its own chain and its own open day, and no account stands in two.
    fn decide(
        &self,
        slice: &Slice,
        seen: &BTreeMap<TapId, Digest>,
        answered: &BTreeMap<CommandId, Digest>,
        accounts: BTreeMap<AccountId, AccountState>,
    ) -> Part {
        let known: BTreeSet<AccountId> = accounts.keys().copied().collect();
        let first = slice.held.next_offset as u64;
        let policies = self.changeovers.before(slice.held.part, first);
        let allowed = denial::debt_allowed(&policies, &slice.records);
        let before = denial::before(allowed, &accounts);
        let mine_seen = slice.taps().filter_map(|accepted| seen.get_key_value(&accepted.tap.id));
        let mine_answered = slice.commands().filter_map(|command| answered.get_key_value(&command.id));
        let mut decision = decide(Batch {
            policies: &policies,
            posting_date: slice.held.posting_date,
            chain_head: slice.held.chain_head,
            seen: mine_seen.map(|(tap, digest)| (*tap, *digest)).collect(),
            answered: mine_answered.map(|(id, digest)| (*id, *digest)).collect(),
            accounts,
            activations: self.changeovers.since(slice.held.part, first),
            refused: slice.refused.clone(),
            records: &slice.records,
        });
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
        let accounts = std::mem::take(&mut decision.accounts);
        let denials = denial::changes(allowed, &before, &accounts);
        let states = accounts.iter().map(|(account, state)| NewState {
            account: *account,
            packed: Packed::of(state),
            is_new: !known.contains(account),
        });
        Part { states: states.collect(), advance, decision, denials, raw }
    }
}

/// Body digests of those taps that took effect before, or will have when the batch ahead is saved.
async fn seen(
    connection: &mut PgConnection,
    taps: &[TapId],
    ahead: &[Part],
    memory: &mut Memory,
) -> Result<BTreeMap<TapId, Digest>, StoreError> {
    let ahead = || ahead.iter().flat_map(|part| &part.decision.taps);
    let strange = memory.strange(taps);
    if !strange.is_empty() {
        memory.learn(store::load::next_sequences(connection, &strange).await?.into_iter());
        ahead().for_each(|tap| memory.judged(tap.id));
    }
    let doubtful = memory.doubtful(taps);
    let mut seen = store::load::seen(connection, &doubtful).await?;
    seen.extend(ahead().map(|tap| (tap.id, tap.body_digest)));
    taps.iter().for_each(|tap| memory.judged(*tap));
    Ok(seen)
}

fn forgotten(error: StateError) -> StoreError {
    StoreError::row("remembering account states", error.to_string())
}

impl Slice {
    fn taps(&self) -> impl Iterator<Item = &primitives::AcceptedTap> {
        self.records.iter().filter_map(|(_, record)| match record {
            Ok(Record::Tap(tap)) => Some(tap.as_ref()),
            Ok(Record::Day(_) | Record::Policy(_) | Record::Command(_)) | Err(_) => None,
        })
    }

    fn commands(&self) -> impl Iterator<Item = &Command> {
        self.records.iter().filter_map(|(_, record)| match record {
            Ok(Record::Command(command)) => Some(command.as_ref()),
            Ok(Record::Day(_) | Record::Policy(_) | Record::Tap(_)) | Err(_) => None,
        })
    }

    /// The accounts its records are about, in order, each once.
    fn accounts(&self) -> Vec<AccountId> {
        let commands = self.commands().map(|command| command.account);
        let mut accounts: Vec<AccountId> = self.taps().map(|tap| tap.account).chain(commands).collect();
        accounts.sort_unstable();
        accounts.dedup();
        accounts
    }
}

/// A record that does not follow the one before it.
pub(crate) struct Gap {
    /// Where the partition stands.
    pub held: Held,
    /// The record that was found.
    pub found: u64,
}

/// Decodes entries into one slice a partition that has any. An entry below the position is a stale queue entry and is
/// dropped; one above it is a gap.
pub(crate) fn slice(held: &[Held], partitions: u32, entries: Vec<LogEntry>) -> Result<Vec<Slice>, Gap> {
    let empty = |held: &Held| {
        let (records, raw, refused) = (Vec::new(), Vec::new(), BTreeMap::new());
        Slice { held: held.clone(), records, raw, refused }
    };
    let mut slices: Vec<Slice> = held.iter().map(empty).collect();
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
            return Err(Gap { held: slice.held.clone(), found: entry.offset });
        }
        slice.records.push((entry.offset, read(&entry, partitions)));
        slice.raw.push(entry.bytes);
    }
    slices.retain(|slice| !slice.records.is_empty());
    Ok(slices)
}

/// The record of an entry, or why it is none that may stand there.
pub(crate) fn read(entry: &LogEntry, partitions: u32) -> Result<Record, Refusal> {
    let record = decode_record(&entry.bytes)?;
    let account = match &record {
        Record::Tap(tap) => tap.account,
        Record::Command(command) => command.account,
        Record::Day(_) | Record::Policy(_) => return Ok(record),
    };
    if partition_of(account, partitions) != entry.partition {
        return Err(Refusal::new(Code::WrongPartition, format!("stands in partition {}", entry.partition)));
    }
    Ok(record)
}

fn taps(slices: &[Slice]) -> Vec<TapId> {
    slices.iter().flat_map(Slice::taps).map(|accepted| accepted.tap.id).collect()
}

fn commands(slices: &[Slice]) -> Vec<CommandId> {
    slices.iter().flat_map(Slice::commands).map(|command| command.id).collect()
}

/// Where a committed part leaves its partition.
pub(crate) fn moved(advance: &Advance) -> Held {
    let Advance { held, to, posting_date, chain_head } = advance;
    Held { next_offset: *to, posting_date: *posting_date, chain_head: *chain_head, ..held.clone() }
}

/// A fault that passes by itself.
fn passes(fault: &StoreError) -> bool {
    fault.is_retryable() || SEEN_KEYS.iter().any(|key| fault.violates(key))
}

/// A few milliseconds that differ between workers, so that two which collided do not collide again.
fn jitter_ms() -> u64 {
    u64::from(std::process::id().wrapping_mul(2_654_435_761) >> 27)
}
