//! Verifying: the books are rebuilt from the log and compared with what is stored, row by row.
//!
//! Two questions, answered of one moment while the house works on. *Are the books in themselves what they say?* Each
//! posting balances, the chain over them ends at the head that is kept and passes every published one, balances are the
//! sums of postings, closed days left the positions they say. *Do the books follow from the log?* Each record is judged
//! again by [`clearing::decide`], from nothing, and what comes of it must be what stands there.
//!
//! What a rebuild cannot know from the log it takes from the books, and says so: which of two partitions a tap that is in
//! both took effect in (the tap's own row, which the other partition's rebuild proves), which policies a worker knew
//! (`ingest.tenure`), and which records the database itself refused (quarantine, `POISON`).

mod checks;
mod rebuild;

use crate::EngineError;
use fares::Policy;
use primitives::{Digest, PostingDate};
use rebuild::Rebuild;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::posting::OFFICE;
use store::verify::{self as stored, Standing};
use store::{Connection as _, Doing as _, PgConnection};
use wire::EventLog;

pub use checks::Check;
pub(crate) use checks::ring_checks;
pub use store::verify::{Difference, Head, heads};

/// What was looked at in one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionResult {
    /// The stream; 0 is the office.
    pub stream_id: i32,
    /// The partition.
    pub part: i32,
    /// Postings the chain was followed along.
    pub postings: u64,
    /// Records judged again; none where there is no log to judge from.
    pub records: Option<u64>,
    /// Records taken as the books have them, because the database itself refused them.
    pub refused_by_database: u64,
    /// The chain's head.
    pub chain_head: Digest,
}

/// What verifying came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// Every partition, the office first.
    pub partitions: Vec<PartitionResult>,
    /// The promises that sums show.
    pub checks: Vec<Check>,
    /// What does not stand as it must.
    pub differences: Vec<Difference>,
    /// What could not be proven, and why.
    pub unproven: Vec<String>,
}

impl Verified {
    /// True when nothing differs and every check holds.
    pub fn equal(&self) -> bool {
        self.differences.is_empty() && self.checks.iter().all(|check| check.holds)
    }
}

/// Verifies the books, against the log when there is one, and against heads that were copied elsewhere.
pub async fn verify<L: EventLog>(
    conn: &mut PgConnection,
    log: Option<&L>,
    copied: &[Head],
) -> Result<Verified, EngineError> {
    let mut moment = stored::snapshot(conn).await?;
    let mut verified = Verified::default();
    let standings = stored::standings(&mut moment).await?;
    let published = stored::heads(&mut moment).await?;
    for standing in &standings {
        let heads = heads_of(standing, &published, copied);
        let chained = stored::chain(&mut moment, standing, &heads).await?;
        verified.differences.extend(chained.differences);
        verified.partitions.push(PartitionResult {
            stream_id: standing.stream_id,
            part: standing.part,
            postings: chained.postings,
            records: None,
            refused_by_database: 0,
            chain_head: standing.chain_head,
        });
    }
    let asked = stored::days_asked(&mut moment).await?.into_iter().collect();
    verified.unknown_heads(&standings, &published, copied, &asked);
    match log {
        Some(log) => verified.rebuild(&mut moment, log, &standings, &published).await?,
        None => verified.unproven.push("that the books follow from the log: it was not asked".into()),
    }
    for (month, at) in store::retention::months_gone(&mut moment).await? {
        let (first, at, charges) = (month.first.format("%Y-%m"), at.date_naive(), month.charges);
        verified
            .unproven
            .push(format!("the {charges} charges of {first}: they left on {at}, their postings stand"));
    }
    verified.differences.extend(stored::balances(&mut moment).await?);
    verified.differences.extend(stored::reversals(&mut moment).await?);
    verified.differences.extend(stored::strays(&mut moment).await?);
    verified.days(&mut moment).await?;
    let sums = stored::sums(&mut moment).await?;
    verified.checks = ring_checks(&sums);
    verified.checks.extend(checks::control_checks(&sums, stored::purses(&mut moment).await?));
    let at_bank = stored::at_bank(&mut moment).await?;
    verified.checks.extend(checks::bank_checks(&at_bank));
    match checks::float_check(&at_bank) {
        Some(check) => verified.checks.push(check),
        None => {
            verified.unproven.push("that the bank has what cards hold (L-7): no statement is posted".into())
        }
    }
    Ok(verified)
}

/// The published and the copied heads of a partition, by offset.
fn heads_of(standing: &Standing, published: &[Head], copied: &[Head]) -> Vec<(Head, &'static str)> {
    let published = published.iter().map(|head| (*head, "ledger.head"));
    let mut heads: Vec<_> = published
        .chain(copied.iter().map(|head| (*head, "the copied heads")))
        .filter(|(head, _)| (head.stream_id, head.part) == (standing.stream_id, standing.part))
        .collect();
    heads.sort_by_key(|(head, _)| (head.offset, head.date));
    heads
}

impl Verified {
    /// Heads of partitions that are not there any more, of days nobody closed, and copied heads that are published no longer.
    fn unknown_heads(
        &mut self,
        standings: &[Standing],
        published: &[Head],
        copied: &[Head],
        asked: &BTreeSet<PostingDate>,
    ) {
        let known: BTreeSet<(i32, i32)> =
            standings.iter().map(|standing| (standing.stream_id, standing.part)).collect();
        let told = |table, head: &Head, stored: &str| Difference {
            partition: Some((head.stream_id, head.part)),
            row: format!("day {}", head.date),
            ..Difference::of(table, stored, head.chain_head.hex())
        };
        for head in published.iter().chain(copied) {
            if !known.contains(&(head.stream_id, head.part)) {
                self.differences.push(told("ingest.partition_lease", head, "no row"));
            }
        }
        // The office publishes its head for every day that was asked to close, and for no other.
        let office = published.iter().filter(|head| head.stream_id == OFFICE.0);
        let told_days: BTreeSet<PostingDate> = office.map(|head| head.date).collect();
        for date in told_days.symmetric_difference(asked) {
            let row = format!("day {date}");
            let (stored, must) =
                if told_days.contains(date) { ("a head", "no head") } else { ("no head", "a head") };
            let partition = Some(OFFICE);
            self.differences.push(Difference {
                partition,
                row,
                ..Difference::of("ledger.head", stored, must)
            });
        }
        for head in copied.iter().filter(|head| !published.contains(head)) {
            self.differences.push(told("ledger.head", head, "another head, or none"));
        }
    }

    async fn rebuild<L: EventLog>(
        &mut self,
        conn: &mut PgConnection,
        log: &L,
        standings: &[Standing],
        published: &[Head],
    ) -> Result<(), EngineError> {
        let identity = log.identity().await?;
        let (ours, others): (Vec<&Standing>, Vec<&Standing>) = standings
            .iter()
            .filter(|standing| !standing.is_office())
            .partition(|standing| standing.topic_id == identity.topic_id);
        if ours.is_empty() {
            let why = format!(
                "that the books follow from the log: {} is not the log of these books",
                identity.topic
            );
            self.unproven.push(why);
            return Ok(());
        }
        if others.iter().any(|standing| standing.next_offset > 0) {
            let why = "that the books follow from the log: an earlier log filled them too, and left account states behind";
            self.unproven.push(why.into());
            return Ok(());
        }
        let policies = self.policies(conn).await?;
        let mut rebuild = Rebuild::new(log, identity.partitions, policies);
        for standing in ours {
            if standing.part as u32 >= identity.partitions {
                let partition = Some((standing.stream_id, standing.part));
                let stored = format!("partition {}", standing.part);
                let must = format!("{} partitions", identity.partitions);
                self.differences
                    .push(Difference { partition, ..Difference::of("ingest.partition_lease", stored, must) });
                continue;
            }
            let heads: Vec<Head> = published
                .iter()
                .filter(|head| (head.stream_id, head.part) == (standing.stream_id, standing.part))
                .copied()
                .collect();
            rebuild.partition(conn, standing, &heads).await?;
            let mut row = self.partitions.iter_mut();
            if let Some(row) =
                row.find(|row| (row.stream_id, row.part) == (standing.stream_id, standing.part))
            {
                row.records = rebuild.records;
                row.refused_by_database = rebuild.refused_by_database;
            }
        }
        if rebuild.whole {
            self.differences.extend(stored::explained(conn, &rebuild.known()).await?);
            if rebuild.news_known {
                self.differences.extend(stored::denials(conn, &rebuild.denials).await?);
            }
        }
        self.differences.append(&mut rebuild.differences);
        self.unproven.append(&mut rebuild.unproven);
        Ok(())
    }

    /// The stored policies by digest; one whose files were changed is told and cannot be used.
    async fn policies(
        &mut self,
        conn: &mut PgConnection,
    ) -> Result<BTreeMap<Digest, Arc<Policy>>, EngineError> {
        let mut policies = BTreeMap::new();
        for kept in store::registry::policies(conn).await? {
            let digest = kept.digest;
            match crate::registry::revive(kept) {
                Ok(policy) => {
                    policies.insert(digest, Arc::new(policy));
                }
                Err(why) => {
                    self.differences.push(Difference::of(
                        "registry.policy",
                        why,
                        format!("digest {}", digest.hex()),
                    ));
                }
            }
        }
        Ok(policies)
    }

    /// Every closed day left the positions that its postings give (E-4).
    async fn days(&mut self, conn: &mut PgConnection) -> Result<(), EngineError> {
        for (date, kept) in stored::day_positions(conn).await? {
            let mut inner = conn.begin().await.doing("beginning to digest a day")?;
            let found = match store::settle::positions(&mut inner, Some(date)).await {
                Ok(found) => Ok(found.hex()),
                // Damaged amounts that do not add up to 64 bits: that is an answer, too.
                Err(fault) if fault.is_data() => Err(fault.to_string()),
                Err(fault) => return Err(fault.into()),
            };
            inner.rollback().await.doing("leaving a day's digest")?;
            let kept = kept.map_or_else(|damaged| damaged, |digest| digest.hex());
            let found = found.unwrap_or_else(|why| why);
            if kept != found {
                let row = format!("day {date}");
                let column = Some("positions");
                self.differences.push(Difference {
                    row,
                    column,
                    ..Difference::of("settle.day", kept, found)
                });
            }
        }
        Ok(())
    }
}
