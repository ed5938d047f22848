//! The outbox of a partition beside the messages a rebuild gives, and what the messages that left it must have done.
//!
//! Messages leave from the front, in the transaction that notes what they told. So what stands there is the end of all
//! that was ever to be told, and of everything before it the journals' marks and the deny list must know.

use super::Difference;
use super::table::{Fields, Table};
use crate::copy::Rows;
use crate::error::{Doing as _, StoreError};
use crate::{mark, outbox};
use clearing::Decision;
use primitives::AccountId;
use sqlx::PgConnection;
use std::collections::BTreeMap;
use wire::{Denial, News, decode_told};

const NAME: &str = "ingest.outbox";
const COLUMNS: &str = "stream_id, part, from_off, ordinal, topic, bytes";

/// The messages of one partition, and how far they were compared.
pub struct Outbox {
    place: (i32, i32),
    table: Table,
    /// Whether the first message that was not told yet was met.
    begun: bool,
    differences: Vec<Difference>,
    denials: Vec<Denial>,
}

impl Outbox {
    /// Opens the outbox of a partition inside the caller's snapshot.
    pub async fn open(conn: &mut PgConnection, place: (i32, i32)) -> Result<Self, StoreError> {
        let table = Table::new(NAME, "outbox", COLUMNS, &["from_off", "ordinal"]);
        table.open(conn, place).await?;
        Ok(Outbox { place, table, begun: false, differences: Vec::new(), denials: Vec::new() })
    }

    /// Compares what the batch that began at `from` had to tell.
    pub async fn compare(
        &mut self,
        conn: &mut PgConnection,
        from: i64,
        decision: &Decision,
        denials: &[Denial],
    ) -> Result<(), StoreError> {
        let (stream_id, part) = self.place;
        let messages = outbox::messages(self.place, from, decision, denials);
        let mut rows = Rows::new(self.table.width(), messages.len());
        for message in &messages {
            let (topic, ordinal) = (message.topic.word(), message.place.ordinal as i32);
            rows.row().i32(stream_id).i32(part).i64(from).i32(ordinal).text(topic).blob(&message.bytes);
        }
        let mut waiting = Vec::new();
        for (message, row) in messages.iter().zip(rows.fields()) {
            if self.is_told(conn, &row).await? {
                self.told(conn, from, &message.bytes).await?;
            } else {
                waiting.push(row);
            }
        }
        self.table.compare(conn, self.place, waiting).await
    }

    /// Lets go of the messages of batches that began before `to`: nobody knows what they were.
    pub async fn pass(&mut self, conn: &mut PgConnection, to: i64) -> Result<(), StoreError> {
        let end = to.to_be_bytes().to_vec();
        while self.table.peek(conn).await?.is_some_and(|row| key(row) < end) {
            self.table.next(conn).await?;
        }
        Ok(())
    }

    /// What differs, and the changes of the deny list that were told, in order.
    pub async fn finish(
        mut self,
        conn: &mut PgConnection,
    ) -> Result<(Vec<Difference>, Vec<Denial>), StoreError> {
        self.differences.extend(self.table.finish(conn, self.place).await?);
        Ok((self.differences, self.denials))
    }

    async fn is_told(&mut self, conn: &mut PgConnection, row: &Fields) -> Result<bool, StoreError> {
        if !self.begun {
            let must = key(row);
            self.begun = self.table.peek(conn).await?.is_some_and(|stored| key(stored) <= must);
        }
        Ok(!self.begun)
    }

    /// A message that is not there any more was told: the marks of the journals have its taps.
    async fn told(&mut self, conn: &mut PgConnection, from: i64, bytes: &[u8]) -> Result<(), StoreError> {
        match decode_told(bytes) {
            Ok((_, News::Denials(changes))) => self.denials.extend(changes),
            Ok((_, News::Postings(journals))) => {
                let taps: Vec<_> = journals.iter().flat_map(wire::JournalNews::taps).collect();
                if let Some(lacking) = mark::lacking(conn, &taps).await?
                    && self.differences.is_empty()
                {
                    let stored = format!("no row, and {lacking}");
                    self.differences.push(Difference {
                        partition: Some(self.place),
                        offset: Some(from),
                        ..Difference::of(NAME, stored, "a message that waits or was told")
                    });
                }
            }
            Err(refusal) => return Err(StoreError::row("reading a rebuilt message", refusal.to_string())),
        }
        Ok(())
    }
}

/// Where a message stands among those of its partition; places are never negative, so their bytes order them.
fn key(row: &Fields) -> Vec<u8> {
    row.iter().skip(2).take(2).flatten().flatten().copied().collect()
}

/// Compares the deny list with the changes that were told, the last one of each account.
pub async fn denials(
    conn: &mut PgConnection,
    told: &BTreeMap<AccountId, bool>,
) -> Result<Vec<Difference>, StoreError> {
    let stored: Vec<(i64, bool)> =
        sqlx::query_as("SELECT account_id, denied FROM registry.denial ORDER BY account_id")
            .fetch_all(conn)
            .await
            .doing("reading the deny list to compare")?;
    let stored: BTreeMap<i64, bool> = stored.into_iter().collect();
    let told: BTreeMap<i64, bool> =
        told.iter().map(|(account, denied)| (account.as_i64(), *denied)).collect();
    let word = |denied: Option<&bool>| match denied {
        Some(true) => "denied",
        Some(false) => "allowed again",
        None => "no row",
    };
    let mut differences = Vec::new();
    for account in stored.keys().chain(told.keys().filter(|account| !stored.contains_key(account))) {
        let (is, must) = (stored.get(account), told.get(account));
        // Whoever was never denied needs no row to be allowed.
        if is != must && (is.is_some() || must == Some(&true)) {
            let row = format!("account {account}");
            differences.push(Difference { row, ..Difference::of("registry.denial", word(is), word(must)) });
        }
    }
    Ok(differences)
}
