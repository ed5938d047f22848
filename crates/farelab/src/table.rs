//! One policy file as text, to look things up in it and to add rows to it. The loader of `fares` judges it.

use csv::{ReaderBuilder, StringRecord, WriterBuilder};
use fares::Files;

/// A file's columns and rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    changed: bool,
}

impl Table {
    /// The file of this name; empty when it is not there or is no CSV.
    pub(crate) fn read(files: &Files, name: &str) -> Table {
        let bytes = files.get(name).map(Vec::as_slice).unwrap_or_default();
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
        let mut records = reader.records().filter_map(Result::ok);
        let texts = |record: StringRecord| record.iter().map(str::to_owned).collect::<Vec<String>>();
        let header = records.next().map(texts).unwrap_or_default();
        Table { header, rows: records.map(texts).collect(), changed: false }
    }

    /// True when the header has the column.
    pub(crate) fn has(&self, column: &str) -> bool {
        self.header.iter().any(|name| name == column)
    }

    /// The rows, each as a way to ask for a column's text.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|row| Row { header: &self.header, row })
    }

    /// Adds a row; a column that the header lacks is added to it, empty in the rows that were there.
    pub(crate) fn push(&mut self, fields: &[(&str, &str)]) {
        for (column, _) in fields {
            if !self.has(column) {
                self.header.push((*column).to_owned());
                self.rows.iter_mut().for_each(|row| row.push(String::new()));
            }
        }
        let value = |name: &String| fields.iter().find(|(column, _)| column == name);
        let row =
            self.header.iter().map(|name| value(name).map_or(String::new(), |(_, text)| (*text).into()));
        self.rows.push(row.collect());
        self.changed = true;
    }

    /// Sets a column of every row.
    pub(crate) fn set_all(&mut self, column: &str, text: &str) {
        if let Some(at) = self.header.iter().position(|name| name == column) {
            self.rows.iter_mut().filter_map(|row| row.get_mut(at)).for_each(|field| text.clone_into(field));
            self.changed = true;
        }
    }

    /// Keeps the rows for which the answer is yes.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(Row<'_>) -> bool) {
        let before = self.rows.len();
        let header = &self.header;
        self.rows.retain(|row| keep(Row { header, row }));
        self.changed |= before != self.rows.len();
    }

    /// Puts the file back, when it was changed.
    pub(crate) fn write(&self, files: &mut Files, name: &str) {
        if !self.changed {
            return;
        }
        let mut writer = WriterBuilder::new().flexible(true).from_writer(Vec::new());
        for row in std::iter::once(&self.header).chain(&self.rows) {
            // A write to memory cannot fail, and a row that were lost would be missed by the loader's foreign keys.
            let _ = writer.write_record(row);
        }
        if let Ok(bytes) = writer.into_inner() {
            files.insert(name.to_owned(), bytes);
        }
    }
}

/// One row of a table.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    header: &'a [String],
    row: &'a [String],
}

impl<'a> Row<'a> {
    /// The column's text; empty when there is no such column.
    pub(crate) fn get(&self, column: &str) -> &'a str {
        let at = self.header.iter().position(|name| name == column);
        at.and_then(|at| self.row.get(at)).map_or("", String::as_str)
    }
}
