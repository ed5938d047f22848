//! COPY in PostgreSQL's binary form: the fastest way in, and sqlx has no encoder of its own.

use crate::error::{Doing as _, StoreError};
use chrono::NaiveDate;
use primitives::EventTime;
use sqlx::PgConnection;

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// 2000-01-01 in milliseconds since 1970, where PostgreSQL's clock begins.
const EPOCH_MS: i64 = EventTime::MIN_MS;
/// What is handed to the connection at once: it keeps a copy, which must not grow to the size of a batch.
const CHUNK_BYTES: usize = 64 * 1024;
const EPOCH_DATE_CE: i64 = 730_120;
const OID_INT2: u32 = 21;
const OID_INT4: u32 = 23;
const OID_INT8: u32 = 20;
const OID_TEXT: u32 = 25;

/// Rows on their way into one table.
pub(crate) struct Rows {
    bytes: Vec<u8>,
    columns: u16,
    count: u64,
}

impl Rows {
    /// No rows yet, of a table's `columns` columns.
    pub(crate) fn new(columns: u16, rows_expected: usize) -> Self {
        let mut bytes = Vec::with_capacity(64 + rows_expected * usize::from(columns) * 16);
        bytes.extend_from_slice(SIGNATURE);
        bytes.extend_from_slice(&[0; 8]);
        Rows { bytes, columns, count: 0 }
    }

    /// Begins a row; its columns follow in order.
    pub(crate) fn row(&mut self) -> &mut Self {
        self.bytes.extend_from_slice(&self.columns.to_be_bytes());
        self.count += 1;
        self
    }

    fn field(&mut self, value: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(&(value.len() as u32).to_be_bytes());
        self.bytes.extend_from_slice(value);
        self
    }

    pub(crate) fn null(&mut self) -> &mut Self {
        self.bytes.extend_from_slice(&(-1_i32).to_be_bytes());
        self
    }

    pub(crate) fn i32(&mut self, value: i32) -> &mut Self {
        self.field(&value.to_be_bytes())
    }

    pub(crate) fn i64(&mut self, value: i64) -> &mut Self {
        self.field(&value.to_be_bytes())
    }

    pub(crate) fn text(&mut self, value: &str) -> &mut Self {
        self.field(value.as_bytes())
    }

    pub(crate) fn blob(&mut self, value: &[u8]) -> &mut Self {
        self.field(value)
    }

    pub(crate) fn date(&mut self, value: NaiveDate) -> &mut Self {
        let days = i64::from(chrono::Datelike::num_days_from_ce(&value)) - EPOCH_DATE_CE;
        self.i32(i32::try_from(days).unwrap_or(i32::MAX))
    }

    pub(crate) fn time(&mut self, value: EventTime) -> &mut Self {
        self.i64((value.unix_ms() - EPOCH_MS) * 1000)
    }

    pub(crate) fn opt<T>(
        &mut self,
        value: Option<T>,
        write: impl FnOnce(&mut Self, T) -> &mut Self,
    ) -> &mut Self {
        match value {
            Some(value) => write(self, value),
            None => self.null(),
        }
    }

    fn array<'a>(
        &mut self,
        oid: u32,
        size: usize,
        values: impl ExactSizeIterator<Item = &'a [u8]>,
    ) -> &mut Self {
        let dimensions: u32 = if values.len() == 0 { 0 } else { 1 };
        let header = if dimensions == 0 { 12 } else { 20 };
        self.bytes.extend_from_slice(&((header + size + 4 * values.len()) as u32).to_be_bytes());
        for word in [dimensions, 0, oid] {
            self.bytes.extend_from_slice(&word.to_be_bytes());
        }
        if dimensions == 1 {
            self.bytes.extend_from_slice(&(values.len() as u32).to_be_bytes());
            self.bytes.extend_from_slice(&1_u32.to_be_bytes());
        }
        for value in values {
            self.bytes.extend_from_slice(&(value.len() as u32).to_be_bytes());
            self.bytes.extend_from_slice(value);
        }
        self
    }

    pub(crate) fn i16s(&mut self, values: &[i16]) -> &mut Self {
        let bytes: Vec<[u8; 2]> = values.iter().map(|value| value.to_be_bytes()).collect();
        self.array(OID_INT2, 2 * bytes.len(), bytes.iter().map(<[u8; 2]>::as_slice))
    }

    pub(crate) fn i32s(&mut self, values: &[i32]) -> &mut Self {
        let bytes: Vec<[u8; 4]> = values.iter().map(|value| value.to_be_bytes()).collect();
        self.array(OID_INT4, 4 * bytes.len(), bytes.iter().map(<[u8; 4]>::as_slice))
    }

    pub(crate) fn i64s(&mut self, values: &[i64]) -> &mut Self {
        let bytes: Vec<[u8; 8]> = values.iter().map(|value| value.to_be_bytes()).collect();
        self.array(OID_INT8, 8 * bytes.len(), bytes.iter().map(<[u8; 8]>::as_slice))
    }

    pub(crate) fn texts<'a>(&mut self, values: impl ExactSizeIterator<Item = &'a str> + Clone) -> &mut Self {
        let size = values.clone().map(str::len).sum();
        self.array(OID_TEXT, size, values.map(str::as_bytes))
    }

    /// The rows as they would be sent, by column; a column without a value is none.
    pub(crate) fn fields(&self) -> Vec<Vec<Option<Vec<u8>>>> {
        let mut rest = self.bytes.get(SIGNATURE.len() + 8..).unwrap_or_default();
        let mut take = |count: usize| {
            let (head, tail) = rest.split_at_checked(count).unwrap_or((rest, &[]));
            rest = tail;
            head
        };
        let number = |bytes: &[u8]| bytes.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
        let mut rows = Vec::new();
        for _ in 0..self.count {
            let columns = number(take(2));
            let mut row = Vec::new();
            for _ in 0..columns {
                let length = number(take(4));
                row.push((length != u32::MAX).then(|| take(length as usize).to_vec()));
            }
            rows.push(row);
        }
        rows
    }

    /// Sends the rows; `statement` is a `COPY … FROM STDIN (FORMAT BINARY)` with its column list. No rows, no round trip.
    pub(crate) async fn send(
        mut self,
        connection: &mut PgConnection,
        statement: &'static str,
        doing: &'static str,
    ) -> Result<(), StoreError> {
        if self.count == 0 {
            return Ok(());
        }
        self.bytes.extend_from_slice(&(-1_i16).to_be_bytes());
        let mut copy = connection.copy_in_raw(statement).await.doing(doing)?;
        for chunk in self.bytes.chunks(CHUNK_BYTES) {
            copy.send(chunk).await.doing(doing)?;
        }
        let written = copy.finish().await.doing(doing)?;
        if written == self.count {
            Ok(())
        } else {
            Err(StoreError::row(doing, "COPY took another number of rows"))
        }
    }
}
