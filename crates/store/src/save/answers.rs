//! Answers to commands, and what they change in the registry. Most batches have neither, and cost no round trip.

use super::{Part, number, stream};
use crate::error::{Doing as _, StoreError};
use crate::registry::tender_word;
use crate::rows;
use chrono::{DateTime, NaiveDate, Utc};
use clearing::{CommandRow, RegistryChange};
use sqlx::PgConnection;

pub(super) async fn commands(transaction: &mut PgConnection, parts: &[Part]) -> Result<(), StoreError> {
    let answered: Vec<(&Part, &CommandRow)> =
        parts.iter().flat_map(|part| part.decision.commands.iter().map(move |row| (part, row))).collect();
    if answered.is_empty() {
        return Ok(());
    }
    let times = answered.iter().map(|(_, row)| rows::timestamp(row.at));
    let refused = |(_, row): &(&Part, &CommandRow)| row.refused.as_ref().map(|refusal| refusal.code.as_str());
    sqlx::query(
        "INSERT INTO clearing.command (command_id, body_digest, account_id, kind, at, asked_by, approved_by, service_date,
           posting_date, reference, payee_no, amount, outcome, code, detail, stream_id, part, off)
         SELECT command_id, body_digest, account_id, kind, at, asked_by, approved_by, service_date, posting_date, reference,
           payee_no, amount, CASE WHEN code IS NULL THEN 'done' ELSE 'refused' END, code, detail, stream_id, part, off
         FROM unnest($1::bytea[], $2::bytea[], $3::bigint[], $4::text[], $5::timestamptz[], $6::text[], $7::text[],
           $8::date[], $9::date[], $10::text[], $11::int[], $12::bigint[], $13::text[], $14::text[], $15::int[],
           $16::int[], $17::bigint[])
           AS row (command_id, body_digest, account_id, kind, at, asked_by, approved_by, service_date, posting_date,
             reference, payee_no, amount, code, detail, stream_id, part, off)",
    )
    .bind(answered.iter().map(|(_, row)| row.id.bytes().as_slice()).collect::<Vec<&[u8]>>())
    .bind(answered.iter().map(|(_, row)| row.body_digest.0.as_slice()).collect::<Vec<&[u8]>>())
    .bind(answered.iter().map(|(_, row)| row.account.as_i64()).collect::<Vec<i64>>())
    .bind(answered.iter().map(|(_, row)| row.kind).collect::<Vec<&str>>())
    .bind(times.collect::<Result<Vec<DateTime<Utc>>, StoreError>>()?)
    .bind(answered.iter().map(|(_, row)| row.asked_by.as_str()).collect::<Vec<&str>>())
    .bind(answered.iter().map(|(_, row)| row.approved_by.as_ref().map(|by| by.as_str())).collect::<Vec<_>>())
    .bind(answered.iter().map(|(_, row)| row.service_date.0).collect::<Vec<NaiveDate>>())
    .bind(answered.iter().map(|(_, row)| row.posting_date.0).collect::<Vec<NaiveDate>>())
    .bind(answered.iter().map(|(_, row)| row.reference.as_ref().map(|name| name.as_str())).collect::<Vec<_>>())
    .bind(answered.iter().map(|(_, row)| row.payee.map(|payee| payee.0 as i32)).collect::<Vec<Option<i32>>>())
    .bind(answered.iter().map(|(_, row)| row.amount.map(|amount| amount.units())).collect::<Vec<_>>())
    .bind(answered.iter().map(refused).collect::<Vec<Option<&str>>>())
    .bind(answered.iter().map(|(_, row)| row.refused.as_ref().map(|why| why.detail.as_str())).collect::<Vec<_>>())
    .bind(answered.iter().map(|(part, _)| stream(part)).collect::<Vec<i32>>())
    .bind(answered.iter().map(|(part, _)| number(part)).collect::<Vec<i32>>())
    .bind(answered.iter().map(|(_, row)| row.offset as i64).collect::<Vec<i64>>())
    .execute(transaction)
    .await
    .doing("writing answers to commands")?;
    Ok(())
}

/// Changes of the registry, one by one: they are rare, and their order matters. A medium that belongs to somebody already
/// stays theirs: the door asked before, and a book is not stopped by a race at the door.
pub(super) async fn registry(transaction: &mut PgConnection, parts: &[Part]) -> Result<(), StoreError> {
    let doing = "changing the registry";
    for change in parts.iter().flat_map(|part| &part.decision.registry) {
        let query = match change {
            RegistryChange::Medium { token, account, fare_medium, tender } => sqlx::query(
                "INSERT INTO registry.medium (token, account_id, fare_medium, tender) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (token) DO NOTHING",
            )
            .bind(token.bytes().as_slice())
            .bind(account.as_i64())
            .bind(fare_medium.as_str())
            .bind(tender_word(*tender)),
            RegistryChange::Granted { account, category, from, until } => sqlx::query(
                "INSERT INTO registry.entitlement (account_id, rider_category, valid_from, valid_until)
                 VALUES ($1, $2, $3, $4)
                 ON CONFLICT (account_id, rider_category, valid_from) DO UPDATE SET valid_until = excluded.valid_until",
            )
            .bind(account.as_i64())
            .bind(category.as_str())
            .bind(rows::timestamp(*from)?)
            .bind(rows::timestamp(*until)?),
            RegistryChange::Lapsed { account, category, at } => sqlx::query(
                "UPDATE registry.entitlement SET valid_until = greatest(valid_from, $3)
                 WHERE account_id = $1 AND rider_category = $2 AND valid_until > $3",
            )
            .bind(account.as_i64())
            .bind(category.as_str())
            .bind(rows::timestamp(*at)?),
        };
        query.execute(&mut *transaction).await.doing(doing)?;
    }
    Ok(())
}
