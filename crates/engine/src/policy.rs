//! Versions of the policy: which hold where in the log, and how another takes effect, with four eyes.
//!
//! The first worker notes which policies the books open with; from then on the log alone says what is in force. An
//! activation is a record in every partition, so each changes over at a place of its log, and a rebuild at the same.

use crate::EngineError;
use crate::registry::revive;
use clearing::{Activated, activate};
use fares::{Policies, Policy};
use primitives::{Canonical, Code, CommandId, Digest, EventTime, PolicyActivation, Record, Refusal, Text};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use store::command as proposals;
use store::policy as stored;
use store::{Connection as _, Doing as _, PgConnection};
use tracing::warn;
use wire::{EventLog, LogIdentity, decode_record, encode_record};

/// How long before it takes effect a version must be agreed, in seconds: longer than any clock of the house is ahead, and
/// long enough for every door to learn of it.
pub const LEAD_SECONDS: i64 = 600;

pub(crate) type Records = [(u64, Result<Record, Refusal>)];
/// What each activation leads to, by offset.
pub(crate) type Activations = BTreeMap<u64, Result<Policies, Refusal>>;
type Loaded = BTreeMap<Digest, Arc<Policy>>;

/// What the activations among some records lead to. The refusal names a version that is not loaded as it was.
pub(crate) fn lead_to(mut now: Policies, records: &Records, known: &Loaded) -> Result<Activations, Refusal> {
    let mut all = Activations::new();
    for (offset, record) in records {
        let Ok(Record::Policy(activation)) = record else { continue };
        let policy = known.get(&activation.digest).ok_or_else(|| missing(activation.digest))?;
        let next = activate(&now, activation, policy);
        if let Ok(next) = &next {
            now.clone_from(next);
        }
        all.insert(*offset, next);
    }
    Ok(all)
}

fn missing(digest: Digest) -> Refusal {
    Refusal::new(Code::PolicyDiffers, format!("no policy with the digest {} is loaded", digest.hex()))
}

/// Loads the policies with these digests. The refusal names one that is not there as it was.
async fn load(
    conn: &mut PgConnection,
    digests: impl IntoIterator<Item = Digest>,
) -> Result<Result<Loaded, Refusal>, EngineError> {
    let wanted: BTreeSet<Digest> = digests.into_iter().collect();
    let mut known = Loaded::new();
    if wanted.is_empty() {
        return Ok(Ok(known));
    }
    for kept in store::registry::policies(conn).await? {
        let digest = kept.digest;
        if wanted.contains(&digest) {
            match revive(kept) {
                Ok(policy) => known.insert(digest, Arc::new(policy)),
                Err(why) => return Ok(Err(Refusal::new(Code::PolicyDiffers, why))),
            };
        }
    }
    Ok(match wanted.into_iter().find(|digest| !known.contains_key(digest)) {
        Some(digest) => Err(missing(digest)),
        None => Ok(known),
    })
}

/// The versions that hold in the partitions a worker has, from place to place.
pub(crate) struct Changeovers {
    opened_with: Arc<Policies>,
    known: Mutex<BTreeMap<i32, Activations>>,
}

impl Changeovers {
    /// What holds in the partitions of a log. `own` are the policies the books open with when nobody opened them yet. The
    /// refusal names a version that is not loaded as it was: nothing may be priced without it.
    pub async fn open(
        conn: &mut PgConnection,
        stream_id: i32,
        own: &Arc<Policies>,
    ) -> Result<Result<Self, Refusal>, EngineError> {
        let digests: Vec<Digest> = own.iter().map(Policy::digest).collect();
        stored::pin(conn, stream_id, &digests).await?;
        let opened_with = match stored::pinned(conn, stream_id).await? {
            Some(pinned) if pinned != digests => match opened(conn, &pinned).await? {
                Ok(policies) => Arc::new(policies),
                Err(refusal) => return Ok(Err(refusal)),
            },
            _ => Arc::clone(own),
        };
        let mut known: BTreeMap<i32, Activations> = BTreeMap::new();
        for (part, partition) in by_partition(stored::activated(conn, stream_id).await?) {
            match follow(conn, (*opened_with).clone(), &partition).await? {
                Ok(all) => known.insert(part, all),
                Err(refusal) => return Ok(Err(refusal)),
            };
        }
        Ok(Ok(Changeovers { opened_with, known: Mutex::new(known) }))
    }

    /// Digests of the policies the books opened with.
    pub fn opened_with(&self) -> Vec<Digest> {
        self.opened_with.iter().map(Policy::digest).collect()
    }

    /// Makes ready what records lead to, from where they begin in a partition. The refusal names a version that is not
    /// loaded as it was: the partition must halt.
    pub async fn prepare(
        &self,
        conn: &mut PgConnection,
        part: i32,
        first: u64,
        records: &Records,
    ) -> Result<Result<(), Refusal>, EngineError> {
        let loaded = load(conn, records.iter().filter_map(|(_, record)| named(record))).await?;
        let led = loaded.and_then(|loaded| lead_to(self.before(part, first), records, &loaded));
        Ok(led.map(|all| self.lock().entry(part).or_default().extend(all)))
    }

    /// The versions in force for the record at this offset of a partition.
    pub fn before(&self, part: i32, offset: u64) -> Policies {
        let known = self.lock();
        let earlier =
            known.get(&part).and_then(|all| all.range(..offset).rev().find_map(|(_, led)| led.as_ref().ok()));
        earlier.unwrap_or(&self.opened_with).clone()
    }

    /// What the activations from this offset of a partition on lead to.
    pub fn since(&self, part: i32, offset: u64) -> Activations {
        let known = self.lock();
        let later = known.get(&part).map(|all| all.range(offset..));
        later.into_iter().flatten().map(|(offset, led)| (*offset, led.clone())).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<i32, Activations>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The policy an activation names.
pub(crate) fn named(record: &Result<Record, Refusal>) -> Option<Digest> {
    match record {
        Ok(Record::Policy(activation)) => Some(activation.digest),
        Ok(Record::Tap(_) | Record::Command(_) | Record::Day(_)) | Err(_) => None,
    }
}

fn by_partition(rows: Vec<(i32, Activated)>) -> BTreeMap<i32, Vec<Activated>> {
    let mut parts: BTreeMap<i32, Vec<Activated>> = BTreeMap::new();
    for (part, row) in rows {
        parts.entry(part).or_default().push(row);
    }
    parts
}

async fn opened(
    conn: &mut PgConnection,
    digests: &[Digest],
) -> Result<Result<Policies, Refusal>, EngineError> {
    let fit = |known: Loaded| {
        let versions = known.into_values().map(Arc::unwrap_or_clone).collect();
        Policies::new(versions).map_err(|error| Refusal::new(Code::PolicyDiffers, error.to_string()))
    };
    Ok(load(conn, digests.iter().copied()).await?.and_then(fit))
}

/// What the activations a partition has passed lead to.
async fn follow(
    conn: &mut PgConnection,
    opened_with: Policies,
    passed: &[Activated],
) -> Result<Result<Activations, Refusal>, EngineError> {
    let loaded = load(conn, passed.iter().map(|row| row.activation.digest)).await?;
    let records: Vec<(u64, Result<Record, Refusal>)> =
        passed.iter().map(|row| (row.offset, Ok(Record::Policy(Box::new(row.activation.clone()))))).collect();
    Ok(loaded.and_then(|loaded| lead_to(opened_with, &records, &loaded)))
}

/// The versions in force in a log.
#[derive(Debug, Clone)]
pub struct InForce {
    /// The versions, those that take effect later included.
    pub policies: Policies,
    /// True when every partition has passed the same activations.
    pub everywhere: bool,
}

/// The versions in force in a log, as the partition that is furthest knows them; none before a worker opened its books.
pub async fn in_force(
    conn: &mut PgConnection,
    stream_id: i32,
    partitions: u32,
) -> Result<Result<Option<InForce>, Refusal>, EngineError> {
    let Some(pinned) = stored::pinned(conn, stream_id).await? else { return Ok(Ok(None)) };
    let policies = match opened(conn, &pinned).await? {
        Ok(policies) => policies,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let parts = by_partition(stored::activated(conn, stream_id).await?);
    let Some(furthest) = parts.values().max_by_key(|passed| passed.len()) else {
        return Ok(Ok(Some(InForce { policies, everywhere: true })));
    };
    let same = |passed: &Vec<Activated>| {
        passed.iter().map(|row| &row.activation).eq(furthest.iter().map(|row| &row.activation))
    };
    let everywhere = parts.len() == partitions as usize && parts.values().all(same);
    Ok(follow(conn, policies.clone(), furthest).await?.map(|all| {
        let last = all.into_values().rev().find_map(Result::ok);
        Some(InForce { policies: last.unwrap_or(policies), everywhere })
    }))
}

/// The versions in force as a door of the house knows them: what it was started with, then what the log says.
pub(crate) struct KnownPolicies {
    log: LogIdentity,
    known: Mutex<(Option<Instant>, Arc<Policies>)>,
}

/// How often a door looks whether a version was activated: many times within [`LEAD_SECONDS`].
const LOOK: Duration = Duration::from_secs(30);

impl KnownPolicies {
    pub fn new(log: LogIdentity, started_with: Arc<Policies>) -> Self {
        KnownPolicies { log, known: Mutex::new((None, started_with)) }
    }

    /// The versions.
    pub fn now(&self) -> Arc<Policies> {
        Arc::clone(&self.lock().1)
    }

    /// Looks in the books, when it is time. Who cannot look goes on with what is known.
    pub async fn look(&self, conn: &mut PgConnection) {
        let due = |looked: &Option<Instant>| looked.is_none_or(|looked| looked.elapsed() > LOOK);
        if !due(&self.lock().0) {
            return;
        }
        self.lock().0 = Some(Instant::now());
        match self.changed(conn).await {
            Ok(Ok(Some(policies))) => self.lock().1 = Arc::new(policies),
            Ok(Ok(None)) => {}
            Ok(Err(refusal)) => warn!(%refusal, "a policy in force is not loaded as it was"),
            Err(error) => warn!(%error, "cannot look which policies are in force"),
        }
    }

    /// The versions in force, when they are not those that are known.
    async fn changed(
        &self,
        conn: &mut PgConnection,
    ) -> Result<Result<Option<Policies>, Refusal>, EngineError> {
        let Some(stream_id) = stored::stream_of(conn, &self.log).await? else { return Ok(Ok(None)) };
        let known = self.now();
        let same = known.iter().map(Policy::digest);
        if stored::activated(conn, stream_id).await?.is_empty()
            && stored::pinned(conn, stream_id).await?.is_none_or(|pinned| same.eq(pinned))
        {
            return Ok(Ok(None));
        }
        let found = in_force(conn, stream_id, self.log.partitions).await?;
        Ok(found.map(|found| found.map(|found| found.policies)))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (Option<Instant>, Arc<Policies>)> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What somebody wants to take effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The version's id; it was loaded before.
    pub policy: Text,
    /// From this moment of travel on.
    pub from: EventTime,
    /// It mends the version before it, and may begin in the past: what was priced keeps its price until a ride beside it is
    /// priced.
    pub mends: bool,
}

/// An activation that waits for a second person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its id.
    pub id: CommandId,
    /// The digest the second person gives.
    pub digest: Digest,
    /// What is to take effect.
    pub activation: PolicyActivation,
}

/// Proposes that a version takes effect in a log.
pub async fn propose<L: EventLog>(
    conn: &mut PgConnection,
    log: &L,
    draft: &Draft,
    maker: &Text,
    now: EventTime,
) -> Result<Result<Waiting, Refusal>, EngineError> {
    let kept =
        store::registry::policies(conn).await?.into_iter().find(|kept| kept.id == draft.policy.as_str());
    let Some(kept) = kept else {
        return Ok(Err(Refusal::new(Code::NotFound, format!("no policy {} is loaded", draft.policy))));
    };
    if !draft.mends && is_soon(draft.from, now) {
        return Ok(Err(too_soon()));
    }
    let before = match settled(conn, log).await? {
        Ok(policies) => policies,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let digest = kept.digest;
    let policy = Arc::new(revive(kept).map_err(EngineError::Policy)?);
    if let Err(error) = before.activate(policy, draft.from) {
        return Ok(Err(Refusal::new(Code::PolicyUnfit, error.to_string())));
    }
    let activation = PolicyActivation {
        policy: draft.policy.clone(),
        digest,
        from: draft.from,
        before: before.digest(),
        at: now,
        asked_by: maker.clone(),
        approved_by: None,
    };
    let digest = activation.body_digest();
    let mut name = Canonical::tagged("policy-proposal/1");
    name.bytes(&digest.0).text(maker.as_str()).i64(now.unix_ms());
    let id = CommandId::of_digest(&name.digest());
    let record = encode_record(&Record::Policy(Box::new(activation.clone())), &[]);
    proposals::propose(conn, id, digest, &record, maker).await?;
    Ok(Ok(Waiting { id, digest, activation }))
}

fn is_soon(from: EventTime, now: EventTime) -> bool {
    from.seconds_since(now) < LEAD_SECONDS
}

fn too_soon() -> Refusal {
    let detail = format!("a version takes effect at least {LEAD_SECONDS} s after two people agreed");
    Refusal::new(Code::PolicyUnfit, detail)
}

/// The versions in force, when every partition agrees.
async fn settled<L: EventLog>(
    conn: &mut PgConnection,
    log: &L,
) -> Result<Result<Policies, Refusal>, EngineError> {
    let identity = log.identity().await?;
    let unopened = || Ok(Err(Refusal::new(Code::NotFound, "no worker has opened the books of this log")));
    let Some(stream_id) = stored::stream_of(conn, &identity).await? else { return unopened() };
    match in_force(conn, stream_id, identity.partitions).await? {
        Ok(Some(InForce { policies, everywhere: true })) => Ok(Ok(policies)),
        Ok(Some(_)) => Ok(Err(Refusal::new(Code::Unavailable, "an activation is still on its way"))),
        Ok(None) => unopened(),
        Err(refusal) => Ok(Err(refusal)),
    }
}

/// Another person agrees with exactly what was shown: the activation goes into every partition of the log.
pub async fn approve<L: EventLog>(
    conn: &mut PgConnection,
    log: &L,
    (id, digest): (CommandId, Digest),
    checker: &Text,
    now: EventTime,
) -> Result<Result<PolicyActivation, Refusal>, EngineError> {
    let doing = "approving an activation";
    let before = match settled(conn, log).await? {
        Ok(policies) => policies,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let mut unit = conn.begin().await.doing(doing)?;
    let record = match proposals::approve(&mut unit, id, digest, checker).await? {
        Ok(record) => record,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let Ok(Record::Policy(mut activation)) = decode_record(&record) else {
        return Ok(Err(Refusal::new(Code::NotFound, "what waits under this id is no activation")));
    };
    if before.digest() != activation.before {
        return Ok(Err(Refusal::new(Code::ApprovalStale, "other versions are in force than were shown")));
    }
    let mends = is_soon(activation.from, activation.at);
    if !mends && is_soon(activation.from, now) {
        return Ok(Err(too_soon()));
    }
    activation.approved_by = Some(checker.clone());
    activation.at = now;
    store::access::audit(&mut unit, checker.as_str(), "approve_policy", &id.to_string()).await?;
    // In the log before it is marked: a crash between the two makes a repetition, which changes nothing.
    let partitions = log.identity().await?.partitions;
    let bytes = encode_record(&Record::Policy(activation.clone()), &[]);
    log.append((0..partitions).map(|partition| (partition, bytes.clone())).collect()).await?;
    unit.commit().await.doing(doing)?;
    Ok(Ok(*activation))
}

/// The activations that wait for a second person, oldest first.
pub async fn waiting(conn: &mut PgConnection) -> Result<Vec<Waiting>, EngineError> {
    let activation = |(id, digest, record): (CommandId, Digest, Vec<u8>)| match decode_record(&record) {
        Ok(Record::Policy(activation)) => Some(Waiting { id, digest, activation: *activation }),
        _ => None,
    };
    Ok(stored::waiting(conn).await?.into_iter().filter_map(activation).collect())
}
