//! Answers to commands, and what they change in the registry. Most batches have neither, and cost no round trip.

use super::{Part, number, stream};
use crate::copy::Rows;
use crate::denial;
use crate::error::{Doing as _, StoreError};
use crate::registry::tender_word;
use crate::rows;
use clearing::{CommandRow, RegistryChange};
use sqlx::PgConnection;

/// The columns of `clearing.command` as [`write_command`] fills them.
macro_rules! command_columns {
    () => {
        "command_id, body_digest, account_id, kind, at, asked_by, approved_by, service_date, posting_date, reference, \
         payee_no, amount, outcome, code, detail, stream_id, part, off, earlier"
    };
}
pub(crate) use command_columns;

pub(super) async fn commands(transaction: &mut PgConnection, parts: &[Part]) -> Result<(), StoreError> {
    let answered = parts.iter().flat_map(|part| part.decision.commands.iter().map(move |row| (part, row)));
    let mut rows = Rows::new(19, 0);
    for (part, row) in answered {
        write_command(&mut rows, stream(part), number(part), row);
    }
    rows.send(
        transaction,
        concat!("COPY clearing.command (", command_columns!(), ") FROM STDIN (FORMAT BINARY)"),
        "writing answers to commands",
    )
    .await
}

/// Writes the row of an answered command.
pub(crate) fn write_command(rows: &mut Rows, stream_id: i32, part: i32, command: &CommandRow) {
    rows.row().blob(command.id.bytes()).blob(&command.body_digest.0).i64(command.account.as_i64());
    rows.text(command.kind).time(command.at).text(command.asked_by.as_str());
    rows.opt(command.approved_by.as_ref(), |rows, by| rows.text(by.as_str()));
    rows.date(command.service_date.0).date(command.posting_date.0);
    rows.opt(command.reference.as_ref(), |rows, reference| rows.text(reference.as_str()));
    rows.opt(command.payee, |rows, payee| rows.i32(payee.0 as i32));
    rows.opt(command.amount, |rows, amount| rows.i64(amount.units()));
    match &command.refused {
        None => rows.text("done").null().null(),
        Some(refusal) => rows.text("refused").text(refusal.code.as_str()).text(&refusal.detail),
    };
    rows.i32(stream_id).i32(part).i64(command.offset as i64);
    rows.opt(command.earlier, |rows, earlier| rows.blob(earlier.bytes()));
}

/// Changes of the registry, one by one: they are rare, and their order matters. A medium that belongs to somebody already
/// stays theirs: the door asked before, and a book is not stopped by a race at the door.
pub(super) async fn registry(transaction: &mut PgConnection, parts: &[Part]) -> Result<(), StoreError> {
    let doing = "changing the registry";
    for change in parts.iter().flat_map(|part| &part.decision.registry) {
        if let RegistryChange::Medium { token, account, .. } = change {
            denial::media_moved(transaction, &[(*token, *account)]).await?;
        }
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
