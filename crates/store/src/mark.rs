//! What the house has of every device's journal, and what is missing.
//!
//! A set of sequences per (device, journal), kept as ranges: posted, refused for good, or in quarantine with a proven
//! sender. It is written after the fact, from the outbox, so it can never run ahead of the ledger.

use crate::error::{Doing as _, StoreError};
use crate::rows;
use chrono::{DateTime, Utc};
use primitives::{DeviceId, JournalId, TapId};
use sqlx::{PgConnection, Row as _};
use std::collections::BTreeMap;
use wire::Acknowledgement;

/// Most ranges above the watermark that one acknowledgement tells: the lowest ones; the others follow when these meet.
pub const RANGES_MAX: usize = 1_000;

/// Adds taps to what the house has.
pub async fn add(connection: &mut PgConnection, taps: &[TapId]) -> Result<(), StoreError> {
    let journals = by_journal(taps);
    if journals.is_empty() {
        return Ok(());
    }
    // In the order of the key, so that two relays that meet on a device wait and never deadlock.
    sqlx::query(
        "INSERT INTO ingest.journal_mark (device_id, journal_id, have)
         SELECT device_id, journal_id, have::int8multirange
         FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS new (device_id, journal_id, have)
         ORDER BY device_id, journal_id
         ON CONFLICT (device_id, journal_id)
         DO UPDATE SET have = journal_mark.have + excluded.have, changed_at = clock_timestamp()
         WHERE NOT journal_mark.have @> excluded.have",
    )
    .bind(journals.iter().map(|journal| journal.0).collect::<Vec<i64>>())
    .bind(journals.iter().map(|journal| journal.1).collect::<Vec<i64>>())
    .bind(journals.into_iter().map(|journal| journal.2).collect::<Vec<String>>())
    .execute(connection)
    .await
    .doing("adding to what the house has of the journals")?;
    Ok(())
}

/// A journal of which the house does not have all of these taps, in words; none when it has them.
pub(crate) async fn lacking(
    connection: &mut PgConnection,
    taps: &[TapId],
) -> Result<Option<String>, StoreError> {
    let journals = by_journal(taps);
    if journals.is_empty() {
        return Ok(None);
    }
    sqlx::query_scalar(
        "SELECT 'device ' || device_id || ' journal ' || journal_id || ' lacks '
                || (asked.have::int8multirange - coalesce(mark.have, '{}'))
         FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS asked (device_id, journal_id, have)
         LEFT JOIN ingest.journal_mark AS mark USING (device_id, journal_id)
         WHERE NOT coalesce(mark.have, '{}') @> asked.have::int8multirange ORDER BY device_id, journal_id LIMIT 1",
    )
    .bind(journals.iter().map(|journal| journal.0).collect::<Vec<i64>>())
    .bind(journals.iter().map(|journal| journal.1).collect::<Vec<i64>>())
    .bind(journals.into_iter().map(|journal| journal.2).collect::<Vec<String>>())
    .fetch_optional(connection)
    .await
    .doing("looking for told taps in the journals")
}

/// Device, journal and the numbers of these taps as the text of a multirange, by journal.
fn by_journal(taps: &[TapId]) -> Vec<(i64, i64, String)> {
    let mut journals: BTreeMap<(DeviceId, JournalId), Vec<u64>> = BTreeMap::new();
    // The largest number there is has no range of its own in the database; no honest device gets there.
    for tap in taps.iter().filter(|tap| tap.sequence.as_i64() < i64::MAX) {
        journals.entry((tap.device, tap.journal)).or_default().push(tap.sequence.number());
    }
    let row = |((device, journal), numbers): ((DeviceId, JournalId), Vec<u64>)| {
        (device.as_i64(), journal.as_i64(), multirange(numbers))
    };
    journals.into_iter().map(row).collect()
}

/// Numbers as the text of a multirange, neighbours joined.
fn multirange(mut numbers: Vec<u64>) -> String {
    numbers.sort_unstable();
    numbers.dedup();
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, end)) if *end == number => *end = number + 1,
            _ => ranges.push((number, number + 1)),
        }
    }
    let ranges: Vec<String> = ranges.into_iter().map(|(from, end)| format!("[{from},{end})")).collect();
    format!("{{{}}}", ranges.join(","))
}

/// What the house has of these journals. One it has nothing of is acknowledged up to 0.
pub async fn acknowledge(
    connection: &mut PgConnection,
    journals: &[(DeviceId, JournalId)],
) -> Result<Vec<Acknowledgement>, StoreError> {
    let doing = "reading what the house has of the journals";
    let found = sqlx::query(
        "SELECT place, lower(range) AS first, upper(range) - 1 AS last
         FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS asked (device_id, journal_id, place)
         JOIN ingest.journal_mark USING (device_id, journal_id)
         CROSS JOIN LATERAL (SELECT range FROM unnest(have) AS range ORDER BY range LIMIT $3) AS ranges
         ORDER BY place, first",
    )
    .bind(journals.iter().map(|(device, _)| device.as_i64()).collect::<Vec<i64>>())
    .bind(journals.iter().map(|(_, journal)| journal.as_i64()).collect::<Vec<i64>>())
    .bind(RANGES_MAX as i64)
    .fetch_all(connection)
    .await
    .doing(doing)?;
    let mut answers: Vec<Acknowledgement> = journals
        .iter()
        .map(|(device, journal)| Acknowledgement {
            device: *device,
            journal: *journal,
            up_to: 0,
            above: Vec::new(),
        })
        .collect();
    for row in &found {
        let (first, last) = (rows::count(row.get("first"))?, rows::count(row.get("last"))?);
        let place = usize::try_from(row.get::<i64, _>("place") - 1).ok();
        let Some(answer) = place.and_then(|place| answers.get_mut(place)) else { continue };
        // Sequences count from 1; a device that began at 0 has simply one more.
        if first <= 1 && answer.above.is_empty() {
            answer.up_to = last;
        } else {
            answer.above.push((first, last));
        }
    }
    Ok(answers)
}

/// Sequences that are missing from a journal: later ones are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The device.
    pub device: DeviceId,
    /// What the device is called.
    pub label: Option<String>,
    /// The journal.
    pub journal: JournalId,
    /// The first number that is missing.
    pub first: u64,
    /// The last number that is missing.
    pub last: u64,
    /// When the house last heard of that journal.
    pub heard_at: DateTime<Utc>,
}

/// Everything that is missing from the journals of all devices or of one, by device: what `SEQ_GAP` reports. At most
/// `limit` ranges, the longest silent first.
pub async fn gaps(
    connection: &mut PgConnection,
    device: Option<DeviceId>,
    limit: i64,
) -> Result<Vec<Gap>, StoreError> {
    let doing = "listing what is missing from the journals";
    let found = sqlx::query(
        "SELECT device_id, device.label, journal_id, lower(gap) AS first, upper(gap) - 1 AS last, changed_at
         FROM ingest.journal_mark LEFT JOIN registry.device device USING (device_id)
         CROSS JOIN LATERAL unnest(int8multirange(int8range(1, upper(have))) - have) AS gap
         WHERE $1::bigint IS NULL OR device_id = $1
         ORDER BY changed_at, device_id, journal_id, first LIMIT $2",
    )
    .bind(device.map(DeviceId::as_i64))
    .bind(limit)
    .fetch_all(connection)
    .await
    .doing(doing)?;
    found
        .iter()
        .map(|row| {
            let first: i64 = row.get("first");
            let id = rows::tap_id(row.get("device_id"), row.get("journal_id"), first)?;
            Ok(Gap {
                device: id.device,
                label: row.get("label"),
                journal: id.journal,
                first: rows::count(first)?,
                last: rows::count(row.get("last"))?,
                heard_at: row.get("changed_at"),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::multirange;

    #[test]
    fn neighbours_are_one_range() {
        let check = |numbers: &[u64], expect: &str| assert_eq!(multirange(numbers.to_vec()), expect);
        check(&[], "{}");
        check(&[5], "{[5,6)}");
        check(&[3, 1, 2, 2], "{[1,4)}");
        check(&[9, 1, 4, 3], "{[1,2),[3,5),[9,10)}");
        check(&[i64::MAX as u64 - 1], "{[9223372036854775806,9223372036854775807)}");
    }
}
