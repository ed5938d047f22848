//! The rows of a partition beside the rows a rebuild gives, column by column, in log order.
//!
//! What is compared is bytes: a rebuilt row is written by the very function that wrote the stored one, and PostgreSQL hands
//! a column out in the form it took it in.

use super::Difference;
use crate::copy::Rows;
use crate::error::{Doing as _, StoreError};
use crate::months::month_of;
use crate::posting::{posting_columns, write_posting};
use crate::retention::months_gone;
use crate::save::{charge_columns, command_columns, tap_columns, write_charge, write_command, write_tap};
use chrono::NaiveDate;
use clearing::{Charge, Decision};
use sqlx::{AssertSqlSafe, Column as _, PgConnection, Row as _, TypeInfo as _, ValueRef as _};
use std::collections::{BTreeMap, VecDeque};

/// Rows read at a time.
const PAGE_ROWS: usize = 5_000;

/// The columns of `ingest.quarantine` that follow from the log.
const QUARANTINE_COLUMNS: &str = "stream_id, part, off, device_id, journal_id, seq, code, detail, raw";

pub(super) type Fields = Vec<Option<Vec<u8>>>;

/// The tables whose rows follow from the records of one partition.
pub struct Tables {
    place: (i32, i32),
    /// The months whose charges left: none of them may stand there.
    gone: Vec<NaiveDate>,
    postings: Table,
    charges: Table,
    taps: Table,
    commands: Table,
    quarantine: Table,
}

/// One table, and how far it was compared.
pub(super) struct Table {
    name: &'static str,
    cursor: &'static str,
    columns: Vec<&'static str>,
    /// Places of the columns that order the rows, the offset first.
    order: Vec<usize>,
    types: Vec<String>,
    page: VecDeque<Fields>,
    read_all: bool,
    /// The first difference ends the comparison of a table: what follows it would only repeat it.
    ended: bool,
    difference: Option<Difference>,
}

impl Tables {
    /// Opens the tables of a partition inside the caller's snapshot. Whatever stands there must come of a record: no row
    /// is left out because it stands beyond the partition's position.
    pub async fn open(conn: &mut PgConnection, place: (i32, i32)) -> Result<Self, StoreError> {
        let gone = months_gone(&mut *conn).await?;
        let mut tables = Tables {
            place,
            gone: gone.into_iter().map(|(month, _)| month.first).collect(),
            postings: Table::new("ledger.posting", "postings", posting_columns!(), &["off", "ord"]),
            charges: Table::new(
                "clearing.charge",
                "charges",
                charge_columns!(),
                &["off", "leg_device", "leg_journal", "leg_seq", "version"],
            ),
            taps: Table::new("clearing.tap", "taps", tap_columns!(), &["off"]),
            commands: Table::new("clearing.command", "commands", command_columns!(), &["off"]),
            quarantine: Table::new("ingest.quarantine", "quarantine", QUARANTINE_COLUMNS, &["off"]),
        };
        for table in tables.all() {
            table.open(&mut *conn, place).await?;
        }
        Ok(tables)
    }

    fn all(&mut self) -> [&mut Table; 5] {
        [&mut self.postings, &mut self.charges, &mut self.taps, &mut self.commands, &mut self.quarantine]
    }

    /// Compares what came of the next records. `raw` holds the bytes of the records that were set aside, by offset.
    pub async fn compare(
        &mut self,
        conn: &mut PgConnection,
        decision: &Decision,
        raw: &BTreeMap<u64, Vec<u8>>,
    ) -> Result<(), StoreError> {
        let (stream_id, part) = self.place;
        let Decision { postings, charges, taps, commands, quarantined, .. } = decision;
        let mut rows = Rows::new(self.postings.width(), postings.len());
        for placed in postings {
            write_posting(&mut rows, stream_id, part, placed);
        }
        self.postings.compare(conn, self.place, rows.fields()).await?;

        let stays = |charge: &&Charge| !self.gone.contains(&month_of(charge.posting_date));
        let mut charges: Vec<_> = charges.iter().filter(stays).collect();
        charges.sort_by_key(|charge| (charge.offset, charge.leg, charge.version));
        let mut rows = Rows::new(self.charges.width(), charges.len());
        for charge in charges {
            write_charge(&mut rows, stream_id, part, charge);
        }
        self.charges.compare(conn, self.place, rows.fields()).await?;

        let mut rows = Rows::new(self.taps.width(), taps.len());
        for tap in taps {
            write_tap(&mut rows, stream_id, part, tap);
        }
        self.taps.compare(conn, self.place, rows.fields()).await?;

        let mut rows = Rows::new(self.commands.width(), commands.len());
        for command in commands {
            write_command(&mut rows, stream_id, part, command);
        }
        self.commands.compare(conn, self.place, rows.fields()).await?;

        let mut rows = Rows::new(self.quarantine.width(), quarantined.len());
        for row in quarantined {
            rows.row().i32(stream_id).i32(part).i64(row.offset as i64);
            rows.opt(row.tap, |rows, tap| rows.i64(tap.device.as_i64()));
            rows.opt(row.tap, |rows, tap| rows.i64(tap.journal.as_i64()));
            rows.opt(row.tap, |rows, tap| rows.i64(tap.sequence.as_i64()));
            rows.text(row.refusal.code.as_str()).text(&row.refusal.detail);
            rows.blob(raw.get(&row.offset).map_or(&[], Vec::as_slice));
        }
        self.quarantine.compare(conn, self.place, rows.fields()).await
    }

    /// What differs: at most one difference a table, with every row that nothing explains counted as one.
    pub async fn finish(mut self, conn: &mut PgConnection) -> Result<Vec<Difference>, StoreError> {
        let place = self.place;
        let mut differences = Vec::new();
        for table in self.all() {
            differences.extend(table.finish(&mut *conn, place).await?);
        }
        Ok(differences)
    }
}

impl Table {
    pub(super) fn new(
        name: &'static str,
        cursor: &'static str,
        columns: &'static str,
        order: &[&str],
    ) -> Self {
        let columns: Vec<&'static str> = columns.split(',').map(str::trim).collect();
        let order = order.iter().filter_map(|key| columns.iter().position(|column| column == key)).collect();
        Table {
            name,
            cursor,
            columns,
            order,
            types: Vec::new(),
            page: VecDeque::new(),
            read_all: false,
            ended: false,
            difference: None,
        }
    }

    pub(super) fn width(&self) -> u16 {
        u16::try_from(self.columns.len()).unwrap_or(u16::MAX)
    }

    pub(super) async fn open(&self, conn: &mut PgConnection, place: (i32, i32)) -> Result<(), StoreError> {
        let columns = self.columns.join(", ");
        let order: Vec<&str> = self.order.iter().map(|place| self.columns[*place]).collect();
        let (name, cursor, order) = (self.name, self.cursor, order.join(", "));
        let (stream_id, part) = place;
        // Every part of this statement is a constant of this module or a number.
        sqlx::query(AssertSqlSafe(format!(
            "DECLARE {cursor} NO SCROLL CURSOR FOR SELECT {columns} FROM {name}
             WHERE stream_id = {stream_id} AND part = {part} ORDER BY {order}"
        )))
        .execute(conn)
        .await
        .doing("opening a table to compare")?;
        Ok(())
    }

    /// Reads the next page when the last one is used up.
    async fn fill(&mut self, conn: &mut PgConnection) -> Result<(), StoreError> {
        if self.page.is_empty() && !self.read_all {
            let fetch = AssertSqlSafe(format!("FETCH {PAGE_ROWS} FROM {}", self.cursor));
            let rows = sqlx::query(fetch).fetch_all(conn).await.doing("reading a table to compare")?;
            self.read_all = rows.len() < PAGE_ROWS;
            if let Some(first) = rows.first().filter(|_| self.types.is_empty()) {
                self.types =
                    first.columns().iter().map(|column| column.type_info().name().to_owned()).collect();
            }
            for row in &rows {
                let field = |place| {
                    let value = row.try_get_raw(place).doing("reading a column to compare")?;
                    if value.is_null() {
                        return Ok(None);
                    }
                    let bytes = value
                        .as_bytes()
                        .map_err(|error| StoreError::row("reading a column to compare", error.to_string()))?;
                    Ok(Some(bytes.to_vec()))
                };
                self.page.push_back((0..row.len()).map(field).collect::<Result<Fields, StoreError>>()?);
            }
        }
        Ok(())
    }

    /// The next row as it stands there, which stays the next one.
    pub(super) async fn peek(&mut self, conn: &mut PgConnection) -> Result<Option<&Fields>, StoreError> {
        self.fill(conn).await?;
        Ok(self.page.front())
    }

    /// Takes the next row.
    pub(super) async fn next(&mut self, conn: &mut PgConnection) -> Result<Option<Fields>, StoreError> {
        self.fill(conn).await?;
        Ok(self.page.pop_front())
    }

    pub(super) async fn compare(
        &mut self,
        conn: &mut PgConnection,
        place: (i32, i32),
        expected: Vec<Fields>,
    ) -> Result<(), StoreError> {
        for row in expected {
            if self.ended {
                return Ok(());
            }
            let stored = self.next(&mut *conn).await?;
            let Some(stored) = stored else {
                self.end(place, &row, None, "no row", &self.summary(&row));
                return Ok(());
            };
            if stored == row {
                continue;
            }
            match self.key(&stored).cmp(&self.key(&row)) {
                std::cmp::Ordering::Less => {
                    self.end(place, &stored, None, &self.summary(&stored), "no row");
                }
                std::cmp::Ordering::Greater => self.end(place, &row, None, "no row", &self.summary(&row)),
                std::cmp::Ordering::Equal => {
                    let column = stored.iter().zip(&row).position(|(stored, row)| stored != row);
                    let column = column.unwrap_or_default();
                    let (found, must) = (self.show(column, &stored), self.show(column, &row));
                    self.end(place, &row, self.columns.get(column).copied(), &found, &must);
                }
            }
        }
        Ok(())
    }

    /// Whatever is left is one row too many; the difference, if there was any.
    pub(super) async fn finish(
        &mut self,
        conn: &mut PgConnection,
        place: (i32, i32),
    ) -> Result<Option<Difference>, StoreError> {
        if !self.ended
            && let Some(extra) = self.next(&mut *conn).await?
        {
            self.end(place, &extra, None, &self.summary(&extra), "no row");
        }
        let close = AssertSqlSafe(format!("CLOSE {}", self.cursor));
        sqlx::query(close).execute(conn).await.doing("closing a compared table")?;
        Ok(self.difference.take())
    }

    /// Numbers that order rows are never negative, so their bytes order them too.
    fn key(&self, row: &Fields) -> Vec<u8> {
        self.order.iter().filter_map(|place| row.get(*place)?.clone()).flatten().collect()
    }

    fn end(
        &mut self,
        place: (i32, i32),
        row: &Fields,
        column: Option<&'static str>,
        stored: &str,
        expected: &str,
    ) {
        let number = |place: usize| row.get(place).and_then(Option::as_deref).and_then(integer);
        let keys = self.order.iter().skip(1);
        let words = keys.filter_map(|place| Some(format!("{} {}", self.columns[*place], number(*place)?)));
        self.difference = Some(Difference {
            table: self.name,
            partition: Some(place),
            offset: self.order.first().and_then(|place| number(*place)),
            row: words.collect::<Vec<String>>().join(" "),
            column,
            stored: stored.into(),
            expected: expected.into(),
        });
        self.ended = true;
    }

    fn summary(&self, row: &Fields) -> String {
        let shown = (0..row.len()).map(|place| format!("{}={}", self.columns[place], self.show(place, row)));
        shown.collect::<Vec<String>>().join(" ")
    }

    fn show(&self, column: usize, row: &Fields) -> String {
        let word = self.types.get(column).map_or("", String::as_str);
        match row.get(column).and_then(Option::as_deref) {
            None => "nothing".into(),
            Some(bytes) => show(word, bytes),
        }
    }
}

fn integer(bytes: &[u8]) -> Option<i64> {
    match bytes.len() {
        2 => bytes.try_into().ok().map(i16::from_be_bytes).map(i64::from),
        4 => bytes.try_into().ok().map(i32::from_be_bytes).map(i64::from),
        8 => bytes.try_into().ok().map(i64::from_be_bytes),
        _ => None,
    }
}

/// A column's bytes as a person reads them; what has no plain form is shown as hexadecimal digits.
fn show(word: &str, bytes: &[u8]) -> String {
    let plain = match word {
        "TEXT" => std::str::from_utf8(bytes).ok().map(|text| format!("{text:?}")),
        "INT2" | "INT4" | "INT8" => integer(bytes).map(|number| number.to_string()),
        "DATE" => integer(bytes).and_then(|days| {
            let epoch = chrono::NaiveDate::from_ymd_opt(2000, 1, 1)?;
            epoch.checked_add_signed(chrono::TimeDelta::try_days(days)?).map(|date| date.to_string())
        }),
        _ if word.ends_with("[]") => elements(bytes).map(|shown| format!("[{}]", shown.join(", "))),
        _ => None,
    };
    plain.unwrap_or_else(|| primitives::canonical::hex(bytes))
}

/// The elements of a one-dimensional array of numbers or texts.
fn elements(bytes: &[u8]) -> Option<Vec<String>> {
    let mut shown = Vec::new();
    let mut rest = bytes.get(20..).unwrap_or_default();
    while let Some((length, tail)) = rest.split_first_chunk::<4>() {
        let (value, tail) = tail.split_at_checked(usize::try_from(i32::from_be_bytes(*length)).ok()?)?;
        let number = integer(value).map(|number| number.to_string());
        shown.push(number.unwrap_or_else(|| String::from_utf8_lossy(value).into_owned()));
        rest = tail;
    }
    Some(shown)
}
