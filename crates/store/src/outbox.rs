//! The outbox: what is to be told, written by the transaction that makes it true, and taken out when it was told.
//!
//! A few rows a batch and partition, each a whole message as the topic will carry it; a row per tap would cost more than
//! the tap (docs/adr/0009). One relay at a time tells a partition's news: its lease row is the fence, as for posting.

use crate::error::{Doing as _, StoreError};
use crate::save::Part;
use clearing::{ChargeShape, Decision, TapOutcome};
use primitives::{DeviceId, JournalId, TapId};
use sqlx::PgConnection;
use std::collections::BTreeMap;
use wire::{Answered, Denial, JournalNews, LegReceipt, LegShape, News, Place, TOLD_ENTRIES_MAX, encode_told};

/// Which topic a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// What became of taps, and what they cost.
    Postings,
    /// Who is denied.
    DenyList,
}

impl Topic {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Topic::Postings => "postings",
            Topic::DenyList => "denylist",
        }
    }
}

/// A message that is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its place among the messages of its partition.
    pub place: Place,
    /// The topic it is for.
    pub topic: Topic,
    /// What the topic will carry.
    pub bytes: Vec<u8>,
}

/// Writes the messages of a batch, inside its transaction.
pub(crate) async fn put(transaction: &mut PgConnection, parts: &[Part]) -> Result<(), StoreError> {
    let of_part = |part: &Part| {
        let held = &part.advance.held;
        messages((held.stream_id, held.part), held.next_offset, &part.decision, &part.denials)
    };
    let messages: Vec<Message> = parts.iter().flat_map(of_part).collect();
    if messages.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO ingest.outbox (stream_id, part, from_off, ordinal, topic, bytes)
         SELECT * FROM unnest($1::int[], $2::int[], $3::bigint[], $4::int[], $5::text[], $6::bytea[])",
    )
    .bind(messages.iter().map(|message| message.place.stream as i32).collect::<Vec<i32>>())
    .bind(messages.iter().map(|message| message.place.partition as i32).collect::<Vec<i32>>())
    .bind(messages.iter().map(|message| message.place.offset as i64).collect::<Vec<i64>>())
    .bind(messages.iter().map(|message| message.place.ordinal as i32).collect::<Vec<i32>>())
    .bind(messages.iter().map(|message| message.topic.word()).collect::<Vec<&str>>())
    .bind(messages.iter().map(|message| message.bytes.as_slice()).collect::<Vec<&[u8]>>())
    .execute(transaction)
    .await
    .doing("writing the outbox")?;
    Ok(())
}

/// What a partition's part of a batch that began at `from` has to tell. Duplicates are not told again: they were when they
/// took effect.
pub(crate) fn messages(
    (stream_id, part): (i32, i32),
    from: i64,
    decision: &Decision,
    denials: &[Denial],
) -> Vec<Message> {
    let (stream, partition, offset) = (stream_id as u32, part as u32, from as u64);
    let mut told = Vec::new();
    let news = Pages::of(decision).finish();
    let news = news.into_iter().map(|page| (Topic::Postings, News::Postings(page)));
    let denials =
        denials.chunks(TOLD_ENTRIES_MAX).map(|page| (Topic::DenyList, News::Denials(page.to_vec())));
    for (ordinal, (topic, news)) in (0..).zip(news.chain(denials)) {
        let place = Place { stream, partition, offset, ordinal };
        told.push(Message { place, topic, bytes: encode_told(place, &news) });
    }
    told
}

/// News by journal, in pages of at most [`TOLD_ENTRIES_MAX`] entries.
#[derive(Default)]
struct Pages {
    done: Vec<Vec<JournalNews>>,
    page: BTreeMap<(DeviceId, JournalId), JournalNews>,
    entries: usize,
}

impl Pages {
    fn of(decision: &Decision) -> Self {
        let mut pages = Pages::default();
        for tap in &decision.taps {
            let news = pages.about(tap.id);
            match tap.outcome {
                TapOutcome::Posted => news.posted.push(tap.id.sequence),
                TapOutcome::Refused(code) => {
                    news.answered.push(Answered { sequence: tap.id.sequence, code, quarantined: false });
                }
            }
        }
        for row in &decision.quarantined {
            if let Some(tap) = row.tap {
                let answered = Answered { sequence: tap.sequence, code: row.refusal.code, quarantined: true };
                pages.about(tap).answered.push(answered);
            }
        }
        for charge in &decision.charges {
            let receipt = LegReceipt {
                sequence: charge.leg.sequence,
                account: charge.account,
                version: charge.version,
                shape: shape(charge.shape),
                unknown: charge.unknown.is_some(),
                gross: charge.gross,
                rider: charge.rider,
            };
            pages.about(charge.leg).receipts.push(receipt);
        }
        pages
    }

    fn about(&mut self, tap: TapId) -> &mut JournalNews {
        if self.entries >= TOLD_ENTRIES_MAX {
            self.turn();
        }
        self.entries += 1;
        self.page.entry((tap.device, tap.journal)).or_insert_with(|| JournalNews {
            device: tap.device,
            journal: tap.journal,
            posted: Vec::new(),
            answered: Vec::new(),
            receipts: Vec::new(),
        })
    }

    fn turn(&mut self) {
        self.entries = 0;
        let page: Vec<JournalNews> = std::mem::take(&mut self.page).into_values().collect();
        if !page.is_empty() {
            self.done.push(page);
        }
    }

    fn finish(mut self) -> Vec<Vec<JournalNews>> {
        self.turn();
        self.done
    }
}

const fn shape(shape: ChargeShape) -> LegShape {
    match shape {
        ChargeShape::Ride => LegShape::Ride,
        ChargeShape::MissingExit => LegShape::MissingExit,
        ChargeShape::MissingEntry => LegShape::MissingEntry,
        ChargeShape::Cancelled => LegShape::Cancelled,
        ChargeShape::SecondTap => LegShape::SecondTap,
    }
}

/// A partition whose news this relay tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tenure {
    /// The log.
    pub stream_id: i32,
    /// The partition.
    pub part: i32,
    /// The fence: one more at every acquisition.
    pub epoch: i64,
}

/// Takes every partition whose news nobody tells, in one statement, each under a new epoch; what this owner held before it
/// takes at once.
pub async fn acquire(
    connection: &mut PgConnection,
    stream_id: i32,
    owner: &str,
    ttl_ms: i64,
) -> Result<Vec<Tenure>, StoreError> {
    let doing = "acquiring partitions to relay";
    sqlx::query(
        "INSERT INTO ingest.relay_lease (stream_id, part)
         SELECT stream_id, part FROM ingest.partition_lease lease
         WHERE stream_id = $1 AND NOT EXISTS (
           SELECT FROM ingest.relay_lease relay WHERE (relay.stream_id, relay.part) = (lease.stream_id, lease.part))
         ON CONFLICT DO NOTHING",
    )
    .bind(stream_id)
    .execute(&mut *connection)
    .await
    .doing(doing)?;
    let rows: Vec<(i32, i64)> = sqlx::query_as(
        "WITH free AS MATERIALIZED (
           SELECT part FROM ingest.relay_lease
           WHERE stream_id = $1 AND (lease_until < clock_timestamp() OR owner = $2)
           ORDER BY part FOR UPDATE SKIP LOCKED)
         UPDATE ingest.relay_lease lease
         SET owner = $2, epoch = epoch + 1, lease_until = clock_timestamp() + $3 * interval '1 millisecond'
         FROM free WHERE lease.stream_id = $1 AND lease.part = free.part
         RETURNING lease.part, lease.epoch",
    )
    .bind(stream_id)
    .bind(owner)
    .bind(ttl_ms)
    .fetch_all(connection)
    .await
    .doing(doing)?;
    Ok(rows.into_iter().map(|(part, epoch)| Tenure { stream_id, part, epoch }).collect())
}

/// Gives everything this owner relays back at once.
pub async fn release(connection: &mut PgConnection, stream_id: i32, owner: &str) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE ingest.relay_lease SET owner = NULL, lease_until = '-infinity' WHERE stream_id = $1 AND owner = $2",
    )
    .bind(stream_id)
    .bind(owner)
    .execute(connection)
    .await
    .doing("releasing relayed partitions")?;
    Ok(())
}

/// The oldest messages of these partitions, at most `max` of each, in the order of their places.
pub async fn next(
    connection: &mut PgConnection,
    tenures: &[Tenure],
    max: i64,
) -> Result<Vec<Message>, StoreError> {
    let doing = "reading the outbox";
    let rows: Vec<(i32, i32, i64, i32, String, Vec<u8>)> = sqlx::query_as(
        "SELECT message.stream_id, message.part, message.from_off, message.ordinal, message.topic, message.bytes
         FROM unnest($1::int[], $2::int[]) AS mine (stream_id, part)
         CROSS JOIN LATERAL (
           SELECT * FROM ingest.outbox box WHERE (box.stream_id, box.part) = (mine.stream_id, mine.part)
           ORDER BY box.from_off, box.ordinal LIMIT $3) AS message
         ORDER BY message.stream_id, message.part, message.from_off, message.ordinal",
    )
    .bind(tenures.iter().map(|tenure| tenure.stream_id).collect::<Vec<i32>>())
    .bind(tenures.iter().map(|tenure| tenure.part).collect::<Vec<i32>>())
    .bind(max)
    .fetch_all(connection)
    .await
    .doing(doing)?;
    rows.into_iter()
        .map(|(stream, partition, offset, ordinal, topic, bytes)| {
            let place = Place {
                stream: crate::rows::unsigned(stream)?,
                partition: crate::rows::unsigned(partition)?,
                offset: crate::rows::count(offset)?,
                ordinal: crate::rows::unsigned(ordinal)?,
            };
            let topic = match topic.as_str() {
                "postings" => Topic::Postings,
                "denylist" => Topic::DenyList,
                other => return Err(StoreError::row(doing, format!("no topic is called {other}"))),
            };
            Ok(Message { place, topic, bytes })
        })
        .collect()
}

/// Locks and renews the leases of these partitions inside the caller's transaction. False when any of them is no longer
/// ours: then nothing may be taken out of the outbox.
pub async fn hold(
    transaction: &mut PgConnection,
    owner: &str,
    tenures: &[Tenure],
    ttl_ms: i64,
) -> Result<bool, StoreError> {
    let renewed = sqlx::query(
        "UPDATE ingest.relay_lease lease SET lease_until = clock_timestamp() + $5 * interval '1 millisecond'
         FROM unnest($2::int[], $3::int[], $4::bigint[]) AS mine (stream_id, part, epoch)
         WHERE lease.owner = $1 AND (lease.stream_id, lease.part, lease.epoch) = (mine.stream_id, mine.part, mine.epoch)",
    )
    .bind(owner)
    .bind(tenures.iter().map(|tenure| tenure.stream_id).collect::<Vec<i32>>())
    .bind(tenures.iter().map(|tenure| tenure.part).collect::<Vec<i32>>())
    .bind(tenures.iter().map(|tenure| tenure.epoch).collect::<Vec<i64>>())
    .bind(ttl_ms)
    .execute(transaction)
    .await
    .doing("renewing relay leases")?;
    Ok(renewed.rows_affected() == tenures.len() as u64)
}

/// Takes told messages out of the outbox.
pub async fn take_out(transaction: &mut PgConnection, told: &[Place]) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM ingest.outbox box
         USING unnest($1::int[], $2::int[], $3::bigint[], $4::int[]) AS told (stream_id, part, from_off, ordinal)
         WHERE (box.stream_id, box.part, box.from_off, box.ordinal) =
               (told.stream_id, told.part, told.from_off, told.ordinal)",
    )
    .bind(told.iter().map(|place| place.stream as i32).collect::<Vec<i32>>())
    .bind(told.iter().map(|place| place.partition as i32).collect::<Vec<i32>>())
    .bind(told.iter().map(|place| place.offset as i64).collect::<Vec<i64>>())
    .bind(told.iter().map(|place| place.ordinal as i32).collect::<Vec<i32>>())
    .execute(transaction)
    .await
    .doing("taking told messages out of the outbox")?;
    Ok(())
}
