//! A partition judged again from its first record, and compared on the way.

use crate::EngineError;
use crate::denial::{self, Before};
use crate::policy::{self, Activations};
use crate::post::read;
use clearing::{AccountState, Activated, Batch, DayHead, Decision, Purse, activate, decide};
use fares::{Policies, Policy};
use primitives::{AccountId, CommandId, Digest, Minor, PostingDate, Record, Refusal, TapId};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use store::verify::{self as stored, Commit, Difference, Head, Outbox, Standing, Tables};
use store::{PgConnection, StoreError, state};
use wire::{EventLog, LogEntry, LogError, LogReader as _};

/// Most records judged in one call: a batch as it was committed, so that what it had to tell comes in the same messages.
const BATCH_MAX: i64 = 100_000;
/// Records judged in one call where the borders of batches say nothing.
const PIECE: i64 = 5_000;
/// Records read from the log at a time.
const READ_MAX: usize = 5_000;
/// Committed batches read at a time.
const COMMITS: i64 = 1_000;
/// How long the log may be silent although it has more.
const SILENCE: Duration = Duration::from_secs(30);
/// Account states compared in one statement.
const STATES: usize = 2_000;

type Records = Vec<(u64, Result<Record, Refusal>)>;

/// Rebuilds partitions, one after the other.
pub(super) struct Rebuild<'a, L> {
    log: &'a L,
    partitions: u32,
    policies: BTreeMap<Digest, Arc<Policy>>,
    sets: BTreeMap<Vec<Digest>, Policies>,
    /// Accounts that any partition rebuilt.
    known: Vec<i64>,
    pub differences: Vec<Difference>,
    pub unproven: Vec<String>,
    /// Whether every partition so far was rebuilt to its end.
    pub whole: bool,
    /// Whether everything that was ever told is known.
    pub news_known: bool,
    /// Who is denied, and who no longer, after all that was told.
    pub denials: BTreeMap<AccountId, bool>,
    /// Records of the last partition; none when it could not be rebuilt.
    pub records: Option<u64>,
    /// Records of the last partition that the database refused.
    pub refused_by_database: u64,
}

/// Where the rebuild of a partition is.
struct Walk<R> {
    place: (i32, i32),
    reader: R,
    buffer: VecDeque<LogEntry>,
    tables: Tables,
    outbox: Outbox,
    /// States as bytes: the smallest form they have.
    accounts: BTreeMap<AccountId, (Purse, Vec<u8>)>,
    posting_date: PostingDate,
    chain_head: Digest,
    day_heads: Vec<DayHead>,
    next: i64,
    policies: Vec<Digest>,
    /// Versions of the policy that took effect so far.
    activated: Vec<Activated>,
}

impl<'a, L: EventLog> Rebuild<'a, L> {
    pub fn new(log: &'a L, partitions: u32, policies: BTreeMap<Digest, Arc<Policy>>) -> Self {
        Rebuild {
            log,
            partitions,
            policies,
            sets: BTreeMap::new(),
            known: Vec::new(),
            differences: Vec::new(),
            unproven: Vec::new(),
            whole: true,
            news_known: true,
            denials: BTreeMap::new(),
            records: None,
            refused_by_database: 0,
        }
    }

    /// Every account of the rebuilt partitions, sorted.
    pub fn known(&self) -> Vec<i64> {
        let mut known = self.known.clone();
        known.sort_unstable();
        known
    }

    /// Rebuilds one partition and compares it; what was found is in the fields.
    pub async fn partition(
        &mut self,
        conn: &mut PgConnection,
        standing: &Standing,
        heads: &[Head],
    ) -> Result<(), EngineError> {
        (self.records, self.refused_by_database) = (None, 0);
        let place = (standing.stream_id, standing.part);
        let (low, high) = self.log.bounds(standing.part as u32).await?;
        if low > 0 {
            self.whole = false;
            self.unproven.push(format!(
                "that partition {}/{} follows from the log: its records below {low} are kept no longer",
                place.0, place.1
            ));
            return Ok(());
        }
        if (high as i64) < standing.next_offset {
            self.whole = false;
            let stored = format!("the log ends at {high}");
            let must = format!("records up to {}", standing.next_offset);
            self.differ(place, None, "the log", stored, must);
            return Ok(());
        }
        let mut walk = Walk {
            place,
            reader: self.log.reader(vec![(standing.part as u32, 0)]).await?,
            buffer: VecDeque::new(),
            tables: Tables::open(conn, place).await?,
            outbox: Outbox::open(conn, place).await?,
            accounts: BTreeMap::new(),
            posting_date: standing.first_day.unwrap_or(standing.posting_date),
            chain_head: ledger::chain::START,
            day_heads: Vec::new(),
            next: 0,
            policies: Vec::new(),
            activated: Vec::new(),
        };
        let came_through = self.follow(conn, &mut walk, standing.next_offset).await?;
        let Walk { tables, outbox, accounts, posting_date, chain_head, day_heads, next, activated, .. } =
            walk;
        self.differences.extend(tables.finish(conn).await?);
        let (differences, told) = outbox.finish(conn).await?;
        self.differences.extend(differences);
        self.denials.extend(told.into_iter().map(|denial| (denial.account, denial.denied)));
        self.records = Some(next as u64);
        if !came_through {
            self.whole = false;
            return Ok(());
        }
        self.ends(standing, posting_date, chain_head, &day_heads, heads);
        self.activations(conn, place, &activated).await?;
        self.states(conn, accounts).await
    }

    /// Follows the committed batches of a partition up to its position. False when it had to stop before.
    async fn follow(
        &mut self,
        conn: &mut PgConnection,
        walk: &mut Walk<L::Reader>,
        until: i64,
    ) -> Result<bool, EngineError> {
        let mut after = -1;
        let mut tiles = true;
        loop {
            let commits = stored::commits(conn, walk.place, after + 1, COMMITS).await?;
            let Some(last) = commits.last() else { break };
            after = last.from;
            for commit in commits {
                if commit.from != walk.next || commit.to > until {
                    // E-1; from here on the borders of batches say nothing, and the records are judged without them.
                    let stored = format!("a batch from {} to {}", commit.from, commit.to);
                    let must = format!("the next batch begins at {} and ends by {until}", walk.next);
                    self.differ(walk.place, Some(commit.from), "ingest.commit_log", stored, must);
                    tiles = false;
                    break;
                }
                if !self.batch(conn, walk, &commit, true).await? {
                    return Ok(false);
                }
            }
            if !tiles {
                break;
            }
        }
        if walk.next == until {
            return Ok(true);
        }
        if tiles {
            let must = format!("batches up to {until}");
            self.differ(walk.place, Some(walk.next), "ingest.commit_log", "no row".into(), must);
        }
        let policies = (!walk.policies.is_empty()).then(|| walk.policies.clone());
        let rest = Commit { from: walk.next, to: until, counts: [0; 4], policies };
        self.batch(conn, walk, &rest, false).await
    }

    /// Judges the records of one committed batch. False when the partition cannot be followed any further.
    async fn batch(
        &mut self,
        conn: &mut PgConnection,
        walk: &mut Walk<L::Reader>,
        commit: &Commit,
        counted: bool,
    ) -> Result<bool, EngineError> {
        let Some(policies) = self.known_policies(walk, commit)? else { return Ok(false) };
        let mut set = self.in_force(&policies, &walk.activated)?;
        let mut counts = [0_u32; 4];
        // A batch is judged as the worker judged it where its border and its policies are known.
        let as_committed = counted && commit.policies.is_some() && commit.to - commit.from <= BATCH_MAX;
        while walk.next < commit.to {
            let want = (commit.to - walk.next).min(if as_committed { BATCH_MAX } else { PIECE }) as usize;
            let Some(entries) = self.read(walk, want).await? else { return Ok(false) };
            let poison = stored::poison(conn, walk.place, (walk.next, walk.next + want as i64)).await?;
            self.refused_by_database += poison.len() as u64;
            let (records, raw) = decode(entries, self.partitions);
            let activations = match policy::lead_to(set.clone(), &records, &self.policies) {
                Ok(activations) => activations,
                Err(refusal) => {
                    let must = "the policy that an activation names".to_owned();
                    self.differ(walk.place, Some(walk.next), "registry.policy", refusal.detail, must);
                    return Ok(false);
                }
            };
            let next = activations.values().rev().find_map(|led| led.as_ref().ok()).cloned();
            let allowed = denial::debt_allowed(&set, &records);
            let (decision, before) =
                walk.judge(conn, (&set, allowed), &records, (activations, poison)).await?;
            set = next.unwrap_or(set);
            let raw = decision
                .quarantined
                .iter()
                .filter_map(|row| Some((row.offset, raw.get(&row.offset)?.clone())));
            walk.tables.compare(conn, &decision, &raw.collect()).await?;
            self.differences.extend(stored::items(conn, &decision.items).await?);
            if as_committed {
                let denials = denial::changes(allowed, &before, &decision.accounts);
                walk.outbox.compare(conn, commit.from, &decision, &denials).await?;
            }
            let now = decision.counts;
            for (sum, more) in counts.iter_mut().zip([now.posted, now.duplicate, now.quarantined, now.marker])
            {
                *sum += more;
            }
            walk.advance(decision, want);
        }
        if !as_committed {
            self.news_unknown();
            walk.outbox.pass(conn, commit.to).await?;
        }
        let stored = commit.counts.map(i64::from);
        let must = counts.map(i64::from);
        if counted && stored != must {
            let show = |[posted, duplicate, quarantined, marker]: [i64; 4]| {
                format!("{posted} posted, {duplicate} duplicate, {quarantined} quarantined, {marker} markers")
            };
            self.differ(walk.place, Some(commit.from), "ingest.commit_log", show(stored), show(must));
        }
        Ok(true)
    }

    fn news_unknown(&mut self) {
        if self.news_known {
            self.news_known = false;
            let why = "that what was told follows from the log: the borders or policies of some batches are not known";
            self.unproven.push(why.into());
        }
    }

    /// Makes the policies of a batch ready and answers under which key; none when one of them is not stored.
    fn known_policies(
        &mut self,
        walk: &mut Walk<L::Reader>,
        commit: &Commit,
    ) -> Result<Option<Vec<Digest>>, EngineError> {
        let noted = commit.policies.clone().unwrap_or_else(|| {
            let why =
                "that batches of before policies were noted knew all of them: they were judged with all";
            if !self.unproven.iter().any(|said| said == why) {
                self.unproven.push(why.into());
            }
            self.policies.keys().copied().collect()
        });
        if !self.sets.contains_key(&noted) {
            let mut versions = Vec::new();
            for digest in &noted {
                let Some(policy) = self.policies.get(digest) else {
                    let must = format!("the policy {} that the batch was judged with", digest.hex());
                    self.differ(
                        walk.place,
                        Some(commit.from),
                        "registry.policy",
                        "no such policy".into(),
                        must,
                    );
                    return Ok(None);
                };
                versions.push(Policy::clone(policy));
            }
            let set = Policies::new(versions).map_err(|error| EngineError::Policy(error.to_string()))?;
            self.sets.insert(noted.clone(), set);
        }
        walk.policies.clone_from(&noted);
        Ok(Some(noted))
    }

    /// The versions that hold where these took effect upon those a worker knew.
    fn in_force(&self, noted: &[Digest], activated: &[Activated]) -> Result<Policies, EngineError> {
        let mut set = self.sets.get(noted).ok_or_else(|| lost("the policies of a batch"))?.clone();
        for row in activated {
            let policy = self.policies.get(&row.activation.digest);
            let policy = policy.ok_or_else(|| lost("the policy of an activation"))?;
            set = activate(&set, &row.activation, policy).map_err(|refusal| lost(&refusal.detail))?;
        }
        Ok(set)
    }

    /// What the books say took effect is what did.
    async fn activations(
        &mut self,
        conn: &mut PgConnection,
        place: (i32, i32),
        activated: &[Activated],
    ) -> Result<(), EngineError> {
        let stored = store::policy::activated(conn, place.0).await?;
        let stored: Vec<Activated> =
            stored.into_iter().filter(|(part, _)| *part == place.1).map(|(_, row)| row).collect();
        let show = |row: &Activated| format!("{:?}", row.activation);
        let none = || "no such activation".to_owned();
        for row in activated.iter().filter(|row| !stored.contains(row)) {
            self.differ(place, Some(row.offset as i64), "ingest.activation", none(), show(row));
        }
        for row in stored.iter().filter(|row| !activated.contains(row)) {
            self.differ(place, Some(row.offset as i64), "ingest.activation", show(row), none());
        }
        Ok(())
    }

    /// The next records; none when the log does not have them.
    async fn read(
        &mut self,
        walk: &mut Walk<L::Reader>,
        want: usize,
    ) -> Result<Option<Vec<LogEntry>>, EngineError> {
        while walk.buffer.len() < want {
            let more = walk.reader.next(READ_MAX, SILENCE).await?;
            if more.is_empty() {
                let why = format!("partition {} is silent at offset {}", walk.place.1, walk.next);
                return Err(LogError::Unavailable(why).into());
            }
            walk.buffer.extend(more);
        }
        let entries: Vec<LogEntry> = walk.buffer.drain(..want).collect();
        let misplaced =
            (walk.next as u64..).zip(&entries).find(|(expected, entry)| entry.offset != *expected);
        if let Some((expected, entry)) = misplaced {
            let stored = format!("a record at offset {}", entry.offset);
            let must = format!("one at offset {expected}");
            self.differ(walk.place, Some(expected as i64), "the log", stored, must);
            return Ok(None);
        }
        Ok(Some(entries))
    }

    /// What the partition ends with: the open day, the chain, and the heads that were published on the way.
    fn ends(
        &mut self,
        standing: &Standing,
        posting_date: PostingDate,
        chain_head: Digest,
        day_heads: &[DayHead],
        heads: &[Head],
    ) {
        let place = (standing.stream_id, standing.part);
        let table = "ingest.partition_lease";
        if posting_date != standing.posting_date {
            self.differ(
                place,
                None,
                table,
                format!("day {}", standing.posting_date),
                format!("day {posting_date}"),
            );
        }
        if chain_head != standing.chain_head {
            self.differ(place, None, table, format!("head {}", standing.chain_head.hex()), chain_head.hex());
        }
        let rebuilt: Vec<Head> = day_heads
            .iter()
            .map(|head| Head {
                date: head.date,
                stream_id: place.0,
                part: place.1,
                offset: head.offset as i64,
                chain_head: head.chain_head,
            })
            .collect();
        let show = |head: &Head| format!("day {} at {} {}", head.date, head.offset, head.chain_head.hex());
        for head in rebuilt.iter().filter(|head| !heads.contains(head)) {
            self.differ(place, None, "ledger.head", "no such head".into(), show(head));
        }
        for head in heads.iter().filter(|head| !rebuilt.contains(head)) {
            self.differ(place, None, "ledger.head", show(head), "no such head".into());
        }
    }

    async fn states(
        &mut self,
        conn: &mut PgConnection,
        accounts: BTreeMap<AccountId, (Purse, Vec<u8>)>,
    ) -> Result<(), EngineError> {
        self.known.extend(accounts.keys().map(|account| account.as_i64()));
        let mut chunk = Vec::with_capacity(STATES);
        for (account, (purse, bytes)) in accounts {
            chunk.push((account, revive(purse, &bytes)?));
            if chunk.len() == STATES {
                self.differences.extend(stored::states(conn, &chunk).await?);
                chunk.clear();
            }
        }
        self.differences.extend(stored::states(conn, &chunk).await?);
        Ok(())
    }

    fn differ(
        &mut self,
        place: (i32, i32),
        offset: Option<i64>,
        table: &'static str,
        stored: String,
        must: String,
    ) {
        let partition = Some(place);
        self.differences.push(Difference { partition, offset, ..Difference::of(table, stored, must) });
    }
}

impl<R> Walk<R> {
    /// What comes of the next records, and how the accounts stood before them that were denied or owed something.
    async fn judge(
        &self,
        conn: &mut PgConnection,
        (policies, allowed): (&Policies, Minor),
        records: &Records,
        (activations, refused): (Activations, BTreeMap<u64, String>),
    ) -> Result<(Decision, Vec<Before>), EngineError> {
        let read = || records.iter().filter_map(|(_, record)| record.as_ref().ok());
        let ids: Vec<TapId> = read().filter_map(tap).collect();
        let commands: Vec<CommandId> = read().filter_map(command).collect();
        let mut accounts = BTreeMap::new();
        for account in read().filter_map(account) {
            if let Some((purse, bytes)) = self.accounts.get(&account)
                && !accounts.contains_key(&account)
            {
                accounts.insert(account, revive(*purse, bytes)?);
            }
        }
        let before = denial::before(allowed, &accounts);
        let decision = decide(Batch {
            policies,
            posting_date: self.posting_date,
            chain_head: self.chain_head,
            seen: stored::seen_before(conn, self.place, self.next, &ids).await?,
            answered: stored::answered_before(conn, self.place, self.next, &commands).await?,
            accounts,
            activations,
            refused,
            records,
        });
        Ok((decision, before))
    }

    fn advance(&mut self, decision: Decision, records: usize) {
        for (account, state) in decision.accounts {
            self.accounts.insert(account, (state.purse, state::encode(&state)));
        }
        self.day_heads.extend(decision.day_heads);
        self.activated.extend(decision.activated);
        (self.posting_date, self.chain_head) = (decision.posting_date, decision.chain_head);
        self.next += records as i64;
    }
}

fn tap(record: &Record) -> Option<TapId> {
    match record {
        Record::Tap(accepted) => Some(accepted.tap.id),
        Record::Command(_) | Record::Day(_) | Record::Policy(_) => None,
    }
}

fn command(record: &Record) -> Option<CommandId> {
    match record {
        Record::Command(command) => Some(command.id),
        Record::Tap(_) | Record::Day(_) | Record::Policy(_) => None,
    }
}

/// The account a record is about.
fn account(record: &Record) -> Option<AccountId> {
    match record {
        Record::Tap(accepted) => Some(accepted.account),
        Record::Command(command) => Some(command.account),
        Record::Day(_) | Record::Policy(_) => None,
    }
}

/// Entries as records, with their bytes.
fn decode(entries: Vec<LogEntry>, partitions: u32) -> (Records, BTreeMap<u64, Vec<u8>>) {
    let mut records = Vec::with_capacity(entries.len());
    let mut raw = BTreeMap::new();
    for entry in entries {
        records.push((entry.offset, read(&entry, partitions)));
        raw.insert(entry.offset, entry.bytes);
    }
    (records, raw)
}

fn revive(purse: Purse, bytes: &[u8]) -> Result<AccountState, EngineError> {
    state::decode(purse, bytes).map_err(|error| lost(&error.to_string()))
}

fn lost(what: &str) -> EngineError {
    StoreError::row("rebuilding", what.to_owned()).into()
}
