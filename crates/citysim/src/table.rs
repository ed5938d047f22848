//! Reads one comma-separated policy file, by column name and nothing more.

use crate::SimError;
use std::collections::BTreeMap;

/// The rows of one policy file.
#[derive(Debug, Default)]
pub struct Table {
    file: String,
    columns: BTreeMap<String, usize>,
    rows: Vec<csv::StringRecord>,
}

impl Table {
    /// Reads a file that must be there.
    pub fn read(files: &fares::Files, file: &str) -> Result<Table, SimError> {
        let bytes = files.get(file).ok_or_else(|| SimError::policy(file, "the file is missing"))?;
        Table::parse(file, bytes)
    }

    /// Reads a file that may be missing: then it has no rows.
    pub fn read_if_there(files: &fares::Files, file: &str) -> Result<Table, SimError> {
        files.get(file).map_or_else(|| Ok(Table::default()), |bytes| Table::parse(file, bytes))
    }

    fn parse(file: &str, bytes: &[u8]) -> Result<Table, SimError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(bytes);
        let broken = |error: csv::Error| SimError::policy(file, error.to_string());
        let columns = reader
            .headers()
            .map_err(broken)?
            .iter()
            .enumerate()
            .map(|(at, name)| (name.to_owned(), at))
            .collect();
        let rows = reader.records().collect::<Result<_, _>>().map_err(broken)?;
        Ok(Table { file: file.to_owned(), columns, rows })
    }

    /// The rows, in the order of the file.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|record| Row { table: self, record })
    }
}

/// One row of a table.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    table: &'a Table,
    record: &'a csv::StringRecord,
}

impl<'a> Row<'a> {
    /// The value of a column; empty when the row or the file does not have it.
    pub fn get(&self, column: &str) -> &'a str {
        self.table.columns.get(column).and_then(|at| self.record.get(*at)).unwrap_or("")
    }

    /// A value that must be there.
    pub fn need(&self, column: &str) -> Result<&'a str, SimError> {
        Some(self.get(column)).filter(|value| !value.is_empty()).ok_or_else(|| self.wrong(column, "is empty"))
    }

    /// A whole number, or `None` when the field is empty.
    pub fn number(&self, column: &str) -> Result<Option<i64>, SimError> {
        match self.get(column) {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| self.wrong(column, "is not a whole number")),
        }
    }

    /// That the row says something the simulation does not know.
    pub fn unknown(&self) -> SimError {
        SimError::Unsupported(format!("{}: line {}", self.table.file, self.line()))
    }

    fn line(&self) -> u64 {
        self.record.position().map_or(0, csv::Position::line)
    }

    /// What is wrong with a field of this row.
    pub fn wrong(&self, column: &str, what: &str) -> SimError {
        SimError::policy(&self.table.file, format!("line {}: {column} {what}", self.line()))
    }
}
