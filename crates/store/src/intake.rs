//! What the gateway writes and answers: receipts of taps in the log, taps set aside at the door, the fate of one tap.

use crate::error::{Doing as _, StoreError};
use chrono::{DateTime, Utc};
use primitives::{Code, Refusal, TapId};
use sqlx::{PgConnection, Row as _};
use uuid::Uuid;

/// A tap the log has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceivedRow {
    /// Its identity.
    pub tap: TapId,
    /// Its partition.
    pub partition: u32,
    /// Its offset there.
    pub offset: u64,
}

/// Bytes set aside at the door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoorRow {
    /// The identity it claims, where that could be read.
    pub tap: Option<TapId>,
    /// Why.
    pub refusal: Refusal,
    /// Exactly what came.
    pub raw: Vec<u8>,
}

/// Remembers which taps the log has. A tap sent again keeps its first receipt.
pub async fn put_received(connection: &mut PgConnection, rows: &[ReceivedRow]) -> Result<(), StoreError> {
    let column = |pick: fn(&ReceivedRow) -> i64| rows.iter().map(pick).collect::<Vec<i64>>();
    sqlx::query(
        "INSERT INTO ingest.received (device_id, journal_id, seq, part, off)
         SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::int[], $5::bigint[])
         ON CONFLICT DO NOTHING",
    )
    .bind(column(|row| row.tap.device.as_i64()))
    .bind(column(|row| row.tap.journal.as_i64()))
    .bind(column(|row| row.tap.sequence.as_i64()))
    .bind(rows.iter().map(|row| row.partition as i32).collect::<Vec<i32>>())
    .bind(column(|row| row.offset as i64))
    .execute(connection)
    .await
    .doing("remembering received taps")?;
    Ok(())
}

/// Sets taps aside that never reached the log.
pub async fn put_door(connection: &mut PgConnection, rows: &[DoorRow]) -> Result<(), StoreError> {
    let id = |pick: fn(TapId) -> i64| rows.iter().map(|row| row.tap.map(pick)).collect::<Vec<Option<i64>>>();
    sqlx::query(
        "INSERT INTO ingest.quarantine (quarantine_id, source, device_id, journal_id, seq, code, detail, raw)
         SELECT quarantine_id, 'gateway', device_id, journal_id, seq, code, detail, raw
         FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::bytea[])
              AS row (quarantine_id, device_id, journal_id, seq, code, detail, raw)",
    )
    .bind(rows.iter().map(|_| Uuid::now_v7()).collect::<Vec<Uuid>>())
    .bind(id(|tap| tap.device.as_i64()))
    .bind(id(|tap| tap.journal.as_i64()))
    .bind(id(|tap| tap.sequence.as_i64()))
    .bind(rows.iter().map(|row| row.refusal.code.as_str()).collect::<Vec<&str>>())
    .bind(rows.iter().map(|row| row.refusal.detail.as_str()).collect::<Vec<&str>>())
    .bind(rows.iter().map(|row| row.raw.as_slice()).collect::<Vec<&[u8]>>())
    .execute(connection)
    .await
    .doing("setting taps aside")?;
    Ok(())
}

/// A funder's part of a charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FundedPart {
    /// The funder, by its policy id.
    pub party: String,
    /// How much.
    pub amount: i64,
}

/// The newest price of the leg a tap belongs to, in minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeRow {
    /// Version of the price, from 1.
    pub version: i32,
    /// `ride`, `missing_exit`, `missing_entry`, `second_tap` or `cancelled`.
    pub shape: String,
    /// Full price.
    pub gross: i64,
    /// Rider's part.
    pub rider: i64,
    /// Funders' parts.
    pub funded: Vec<FundedPart>,
    /// Why there is no fare, if there is none.
    pub unknown: Option<String>,
    /// Fare product.
    pub product: Option<String>,
    /// Rules that fired.
    pub rules: Vec<String>,
    /// What somebody should look at: `clearing::Flag::word`.
    pub flags: Vec<String>,
}

/// What became of a tap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// In the log, not yet in the ledger.
    Received {
        /// When the gateway had it.
        at: DateTime<Utc>,
    },
    /// In the ledger.
    Posted {
        /// The leg's price, when the tap was a ride.
        charge: Option<ChargeRow>,
        /// The amount, when it was a payment or top-up.
        amount: Option<i64>,
    },
    /// A request that was refused for good.
    Refused {
        /// Why.
        code: String,
    },
    /// Set aside with its raw bytes.
    Quarantined {
        /// Why.
        code: String,
        /// What exactly was wrong.
        detail: String,
    },
}

/// The fate of one tap; `None` when nothing with this identity ever came.
pub async fn fate(connection: &mut PgConnection, tap: TapId) -> Result<Option<Fate>, StoreError> {
    let doing = "looking up a tap";
    let bind = |query: &'static str| {
        sqlx::query(query).bind(tap.device.as_i64()).bind(tap.journal.as_i64()).bind(tap.sequence.as_i64())
    };
    let posted = bind(
        "SELECT account_id, outcome, code, amount FROM clearing.tap
         WHERE device_id = $1 AND journal_id = $2 AND seq = $3",
    );
    if let Some(row) = posted.fetch_optional(&mut *connection).await.doing(doing)? {
        return match row.get::<Option<String>, _>("code") {
            Some(code) => Ok(Some(Fate::Refused { code })),
            None => {
                let charge = charge_of(connection, row.get("account_id"), tap).await?;
                Ok(Some(Fate::Posted { charge, amount: row.get("amount") }))
            }
        };
    }
    // A tap in the log is on its way even when an earlier try of it was set aside.
    let received = bind(
        "SELECT received.received_at FROM ingest.received received
         WHERE device_id = $1 AND journal_id = $2 AND seq = $3 AND NOT EXISTS (
           SELECT FROM ingest.quarantine q WHERE q.device_id = received.device_id
             AND q.journal_id = received.journal_id AND q.seq = received.seq AND q.source = 'log')",
    );
    if let Some(row) = received.fetch_optional(&mut *connection).await.doing(doing)? {
        return Ok(Some(Fate::Received { at: row.get(0) }));
    }
    let aside = bind(
        "SELECT code, detail FROM ingest.quarantine WHERE device_id = $1 AND journal_id = $2 AND seq = $3
         ORDER BY received_at DESC LIMIT 1",
    );
    let row = aside.fetch_optional(connection).await.doing(doing)?;
    Ok(row.map(|row| Fate::Quarantined { code: row.get(0), detail: row.get(1) }))
}

async fn charge_of(
    connection: &mut PgConnection,
    account_id: i64,
    tap: TapId,
) -> Result<Option<ChargeRow>, StoreError> {
    let row = sqlx::query(
        "SELECT version, shape, gross, rider, unknown, product, rules, flags, funded,
                ARRAY(SELECT coalesce(party.party_id, funder.no::text)
                      FROM unnest(charge.funders) WITH ORDINALITY AS funder (no, place)
                      LEFT JOIN registry.party party ON party.party_no = funder.no ORDER BY place) AS funders
         FROM clearing.charge charge
         WHERE account_id = $1
           AND ((leg_device, leg_journal, leg_seq) = ($2, $3, $4) OR (exit_device, exit_journal, exit_seq) = ($2, $3, $4))
         ORDER BY shape = 'cancelled', version DESC LIMIT 1",
    )
    .bind(account_id)
    .bind(tap.device.as_i64())
    .bind(tap.journal.as_i64())
    .bind(tap.sequence.as_i64())
    .fetch_optional(connection)
    .await
    .doing("looking up a charge")?;
    Ok(row.map(|row| {
        let (parties, amounts): (Vec<String>, Vec<i64>) = (row.get("funders"), row.get("funded"));
        let funded =
            parties.into_iter().zip(amounts).map(|(party, amount)| FundedPart { party, amount }).collect();
        ChargeRow {
            version: row.get("version"),
            shape: row.get("shape"),
            gross: row.get("gross"),
            rider: row.get("rider"),
            funded,
            unknown: row.get("unknown"),
            product: row.get("product"),
            rules: row.get("rules"),
            flags: row.get("flags"),
        }
    }))
}

/// A set-aside tap that nobody has dealt with.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct OpenRow {
    /// Its row in quarantine.
    pub quarantine_id: Uuid,
    /// True when it came out of the log: then the raw bytes are a record, else what came to the door.
    pub from_log: bool,
    /// Exactly what came.
    pub raw: Vec<u8>,
}

/// Taps set aside with this code that nobody has dealt with, oldest first.
pub async fn open_rows(
    connection: &mut PgConnection,
    code: Code,
    limit: i64,
) -> Result<Vec<OpenRow>, StoreError> {
    sqlx::query_as(
        "SELECT quarantine_id, source = 'log' AS from_log, raw FROM ingest.quarantine
         WHERE state = 'open' AND code = $1 ORDER BY received_at, quarantine_id LIMIT $2",
    )
    .bind(code.as_str())
    .bind(limit)
    .fetch_all(connection)
    .await
    .doing("reading taps to retry")
}

/// Marks a set-aside tap as tried again with success.
pub async fn mark_retried(connection: &mut PgConnection, id: Uuid, person: &str) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE ingest.quarantine SET state = 'retried', resolved_by = $2, resolved_at = clock_timestamp()
         WHERE quarantine_id = $1 AND state = 'open'",
    )
    .bind(id)
    .bind(person)
    .execute(connection)
    .await
    .doing("marking a retried tap")?;
    Ok(())
}
