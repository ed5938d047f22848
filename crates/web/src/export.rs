//! CSV files of the finance web: UTF-8 with a byte order mark (or Excel reads Vietnamese as Latin), CRLF, RFC 4180
//! quoting, raw integers in minor units, ISO dates and moments with the city's offset.
//!
//! # The file
//! First the heading row of stable column names, then the rows, then a closing block: one row per note, as wide as the
//! rows, with `#name: value` in its first cell and nothing else. So the file is one rectangle for any reader, and a
//! person can see under the figures which filters, day, zone and user made them. Readers that compute drop the rows whose
//! first cell begins with `#`.
//!
//! Text that a spreadsheet would take for a formula gets an apostrophe in front; numbers are never touched.

use crate::table::{Cell, Column, Value};
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono_tz::Tz;
use http_body::Frame;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc;

/// The byte order mark that tells spreadsheets the file is UTF-8.
pub const BYTE_ORDER_MARK: &str = "\u{feff}";
/// The media type of the files.
pub const MEDIA_TYPE: &str = "text/csv; charset=utf-8; header=present";
/// Chunks that may wait for a slow reader before the database is asked for more.
const CHUNKS_WAITING_MAX: usize = 4;

/// The text of a cell in the file.
pub fn cell_text(cell: &Cell, zone: Tz) -> String {
    match &cell.value {
        Value::Empty => String::new(),
        Value::Text(text) | Value::Code(text) => guard(text),
        Value::Tag(_, word, _) => (*word).to_owned(),
        Value::Amount(amount) => amount.units().to_string(),
        Value::Count(number) => number.to_string(),
        Value::Share(part, whole) => format!("{part}/{whole}"),
        Value::Date(date) => date.format("%Y-%m-%d").to_string(),
        Value::Moment(moment) => crate::format::rfc3339(*moment, zone),
    }
}

/// Text that cannot be taken for a formula. `-5000` as *text* is guarded too: numbers come here as numbers.
pub fn guard(text: &str) -> String {
    let starts_like_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '#']);
    if starts_like_formula { format!("'{text}") } else { text.to_owned() }
}

/// The bytes of some records.
fn records<I: IntoIterator<Item = Vec<String>>>(records: I) -> Result<Vec<u8>, csv::Error> {
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).flexible(true).from_writer(Vec::new());
    for record in records {
        writer.write_record(&record)?;
    }
    writer.into_inner().map_err(|failed| csv::Error::from(std::io::Error::other(failed.to_string())))
}

/// The heading row, with the byte order mark before it.
pub fn head(columns: &[Column]) -> Result<Vec<u8>, csv::Error> {
    let names =
        columns.iter().filter(|column| column.in_file()).map(|column| column.key.to_owned()).collect();
    let mut bytes = BYTE_ORDER_MARK.as_bytes().to_vec();
    bytes.extend(records([names])?);
    Ok(bytes)
}

/// The rows under these columns.
pub fn rows(columns: &[Column], rows: &[Vec<Cell>], zone: Tz) -> Result<Vec<u8>, csv::Error> {
    let record = |row: &Vec<Cell>| {
        let kept = columns.iter().zip(row).filter(|(column, _)| column.in_file());
        kept.map(|(_, cell)| cell_text(cell, zone)).collect()
    };
    records(rows.iter().map(record))
}

/// The closing block.
pub fn notes(columns: &[Column], notes: &[(&str, String)]) -> Result<Vec<u8>, csv::Error> {
    let width = columns.iter().filter(|column| column.in_file()).count();
    records(notes.iter().map(|(name, value)| {
        let mut record = vec![String::new(); width.max(1)];
        record[0] = format!("#{name}: {value}");
        record
    }))
}

/// Where a running export puts its chunks. Dropping it without [`Sink::done`] breaks the transfer off, so that a file
/// cut short by a fault is never taken for a whole one.
#[derive(Debug)]
pub struct Sink(mpsc::Sender<Option<Bytes>>);

/// The reader of the export went away.
#[derive(Debug, thiserror::Error)]
#[error("the reader of an export went away")]
pub struct ReaderGone;

impl Sink {
    /// Hands over a chunk; waits while the reader is slow.
    pub async fn send(&self, chunk: Vec<u8>) -> Result<(), ReaderGone> {
        self.0.send(Some(chunk.into())).await.map_err(|_| ReaderGone)
    }

    /// Says that the file is whole.
    pub async fn done(self) -> Result<(), ReaderGone> {
        self.0.send(None).await.map_err(|_| ReaderGone)
    }
}

struct Chunks {
    receiver: mpsc::Receiver<Option<Bytes>>,
    whole: bool,
}

/// The export stopped before its end.
#[derive(Debug, thiserror::Error)]
#[error("the export stopped before its end")]
struct Broken;

impl axum::body::HttpBody for Chunks {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        if self.whole {
            return Poll::Ready(None);
        }
        match self.receiver.poll_recv(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(Some(chunk))) => Poll::Ready(Some(Ok(Frame::data(chunk)))),
            Poll::Ready(Some(None)) => {
                self.whole = true;
                Poll::Ready(None)
            }
            Poll::Ready(None) => Poll::Ready(Some(Err(Broken))),
        }
    }
}

/// A download that is written while it is read, and the place to write it.
pub fn download(file_name: &str) -> (Sink, Response) {
    let (sender, receiver) = mpsc::channel(CHUNKS_WAITING_MAX);
    let body = Body::new(Chunks { receiver, whole: false });
    (Sink(sender), attachment(MEDIA_TYPE, file_name, body))
}

/// An answer that the browser saves under `file_name` (ASCII letters, digits, `.`, `-`, `_` only).
pub fn attachment(media_type: &'static str, file_name: &str, body: impl Into<Body>) -> Response {
    let safe: String = file_name
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || ".-_".contains(letter) { letter } else { '-' })
        .collect();
    let mut response = (StatusCode::OK, body.into()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{safe}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

#[cfg(test)]
#[path = "export_tests.rs"]
mod tests;
