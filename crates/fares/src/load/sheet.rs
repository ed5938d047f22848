//! One policy file as rows and columns, and the list that every complaint goes to.

use crate::format::FileSpec;
use crate::limits::{ERRORS_MAX, FILE_BYTES_MAX, NAME_CHARS_MAX, ROWS_MAX};
use crate::model::{Files, LoadError};
use crate::names::Names;
use csv::{ByteRecord, ReaderBuilder, StringRecord};
use primitives::{Currency, Minor, Text};

/// Everything found wrong so far.
#[derive(Default)]
pub(crate) struct Faults {
    pub(crate) errors: Vec<LoadError>,
    pub(crate) warnings: Vec<LoadError>,
    count: usize,
}

fn note(file: &str, line: u64, field: &str, message: impl Into<String>) -> LoadError {
    LoadError { file: file.into(), line, field: field.into(), message: message.into() }
}

impl Faults {
    pub(crate) fn error(&mut self, file: &str, line: u64, field: &str, message: impl Into<String>) {
        self.count += 1;
        if self.count <= ERRORS_MAX {
            self.errors.push(note(file, line, field, message));
        }
    }

    pub(crate) fn warn(&mut self, file: &str, line: u64, field: &str, message: impl Into<String>) {
        if self.warnings.len() < ERRORS_MAX {
            self.warnings.push(note(file, line, field, message));
        }
    }

    /// How many errors there are so far: a row that raised it is not kept.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The errors in the order of files and lines, or the warnings when there are none.
    pub(crate) fn finish(mut self) -> Result<Vec<LoadError>, Vec<LoadError>> {
        if self.errors.is_empty() {
            self.warnings.sort();
            return Ok(self.warnings);
        }
        self.errors.sort();
        // A name is looked at both where its row is read and where names for people are put together.
        self.errors.dedup();
        if self.count > ERRORS_MAX {
            let more = self.count - ERRORS_MAX;
            let file = self.errors.last().map(|error| error.file.clone()).unwrap_or_default();
            self.errors.push(note(&file, 0, "", format!("{more} more errors are not listed")));
        }
        Err(self.errors)
    }
}

/// A column of a sheet, found once.
#[derive(Clone, Copy)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    at: Option<usize>,
}

impl Column {
    /// True when the header has it.
    pub(crate) fn present(&self) -> bool {
        self.at.is_some()
    }
}

/// One file, read whole.
pub(crate) struct Sheet {
    spec: FileSpec,
    header: StringRecord,
    records: Vec<(u64, StringRecord)>,
}

impl Sheet {
    /// Reads a file of the policy; a missing one is empty, and an error when the format needs it.
    pub(crate) fn read(files: &Files, spec: FileSpec, faults: &mut Faults) -> Self {
        let mut sheet = Sheet { spec, header: StringRecord::new(), records: Vec::new() };
        match files.get(spec.name) {
            Some(bytes) if bytes.len() > FILE_BYTES_MAX => {
                faults.error(spec.name, 0, "", format!("the file is larger than {FILE_BYTES_MAX} bytes"));
            }
            Some(bytes) => sheet.fill(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes), faults),
            None if spec.required => faults.error(spec.name, 0, "", "the file is missing"),
            None => {}
        }
        sheet
    }

    fn fill(&mut self, bytes: &[u8], faults: &mut Faults) {
        let file = self.spec.name;
        let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
        let mut raw = ByteRecord::new();
        let mut first = true;
        loop {
            match reader.read_byte_record(&mut raw) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    faults.error(file, 0, "", format!("not a CSV file: {error}"));
                    return;
                }
            }
            let line = raw.position().map_or(0, csv::Position::line);
            match StringRecord::from_byte_record(raw.clone()) {
                Ok(record) if first => {
                    self.header = record;
                    self.check_header(faults);
                }
                Ok(record) => self.keep(line, record, faults),
                Err(_) => faults.error(file, line, "", "the line is not UTF-8"),
            }
            first = false;
            if self.records.len() > ROWS_MAX {
                faults.error(file, line, "", format!("the file has more than {ROWS_MAX} rows"));
                return;
            }
        }
        if first {
            faults.error(file, 0, "", "the file has no header");
        }
    }

    fn check_header(&self, faults: &mut Faults) {
        let file = self.spec.name;
        for (index, name) in self.header.iter().enumerate() {
            if self.header.iter().take(index).any(|earlier| earlier == name) {
                faults.error(file, 1, name, "the column stands in the header twice");
            }
            let read = self.spec.columns.iter().any(|column| column.name == name);
            if !read && !self.spec.ignored.contains(&name) {
                faults.error(file, 1, name, "the column is not part of the format that is read");
            }
        }
        for column in self.spec.columns.iter().filter(|column| column.required) {
            if !self.header.iter().any(|name| name == column.name) {
                faults.error(file, 1, column.name, "the column is missing");
            }
        }
    }

    fn keep(&mut self, line: u64, record: StringRecord, faults: &mut Faults) {
        if record.len() == self.header.len() {
            self.records.push((line, record));
        } else {
            let (found, wanted) = (record.len(), self.header.len());
            faults.error(
                self.spec.name,
                line,
                "",
                format!("the line has {found} fields, the header {wanted}"),
            );
        }
    }

    /// Finds a column of the format by its name.
    pub(crate) fn column(&self, name: &'static str) -> Column {
        debug_assert!(self.spec.columns.iter().any(|column| column.name == name), "{name}");
        Column { name, at: self.header.iter().position(|found| found == name) }
    }

    /// True when the format of the file has this column, whether or not the header does.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.spec.columns.iter().any(|column| column.name == name)
    }

    /// The rows in file order.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let file = self.spec.name;
        self.records.iter().map(move |(line, record)| Row { file, line: *line, record })
    }

    /// True without a row.
    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The file's name.
    pub(crate) fn file(&self) -> &'static str {
        self.spec.name
    }
}

/// One row of a sheet.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    pub(crate) file: &'static str,
    pub(crate) line: u64,
    record: &'a StringRecord,
}

impl<'a> Row<'a> {
    /// The field's text; empty when the column is not there.
    pub(crate) fn get(&self, column: Column) -> &'a str {
        column.at.and_then(|at| self.record.get(at)).unwrap_or("")
    }

    pub(crate) fn error(&self, column: Column, message: impl Into<String>, faults: &mut Faults) {
        faults.error(self.file, self.line, column.name, message);
    }

    /// Refuses an empty field; `why` goes on after "the field is empty". True when it was refused: a column that is not
    /// there is another fault.
    pub(crate) fn refuse_empty(&self, column: Column, why: &str, faults: &mut Faults) -> bool {
        let empty = column.present() && self.get(column).is_empty();
        if empty {
            self.error(column, format!("the field is empty{why}"), faults);
        }
        empty
    }

    /// A required id.
    pub(crate) fn id(&self, column: Column, faults: &mut Faults) -> Option<Text> {
        if self.refuse_empty(column, "", faults) {
            return None;
        }
        self.optional_id(column, faults)
    }

    /// An id or nothing.
    pub(crate) fn optional_id(&self, column: Column, faults: &mut Faults) -> Option<Text> {
        let text = self.get(column);
        if text.is_empty() {
            return None;
        }
        let id = Text::new(text);
        if id.is_none() {
            self.error(column, "not an id: 1 to 64 bytes, no control characters, no outer spaces", faults);
        }
        id
    }

    /// A name for people; may be empty.
    pub(crate) fn name(&self, column: Column, faults: &mut Faults) -> String {
        let text = self.get(column);
        if text.chars().count() > NAME_CHARS_MAX || text.chars().any(char::is_control) {
            let message = format!("not a name: at most {NAME_CHARS_MAX} characters, no control characters");
            self.error(column, message, faults);
        }
        text.to_owned()
    }

    /// A required reference to an id declared elsewhere.
    pub(crate) fn pick(&self, column: Column, names: &Names, what: &str, faults: &mut Faults) -> Option<u32> {
        if column.present() && self.get(column).is_empty() {
            self.error(column, format!("the field is empty; it names a {what}"), faults);
            return None;
        }
        self.optional_pick(column, names, what, faults)
    }

    /// A reference or nothing.
    pub(crate) fn optional_pick(
        &self,
        column: Column,
        names: &Names,
        what: &str,
        faults: &mut Faults,
    ) -> Option<u32> {
        let text = self.get(column);
        if text.is_empty() {
            return None;
        }
        let found = names.find(text);
        if found.is_none() {
            self.error(column, format!("there is no {what} `{text}`"), faults);
        }
        found
    }

    /// A whole number in a range, or nothing when the field is empty.
    pub(crate) fn number(&self, column: Column, min: i64, max: i64, faults: &mut Faults) -> Option<i64> {
        let text = self.get(column);
        if text.is_empty() {
            return None;
        }
        let plain = !text.starts_with('+');
        let number = text.parse::<i64>().ok().filter(|number| plain && (min..=max).contains(number));
        if number.is_none() {
            self.error(column, format!("not a whole number from {min} to {max}: `{text}`"), faults);
        }
        number
    }

    /// One of some words; the first is meant by an empty field.
    pub(crate) fn word<T: Copy>(
        &self,
        column: Column,
        words: &[(&str, T)],
        faults: &mut Faults,
    ) -> Option<T> {
        let text = self.get(column);
        if text.is_empty() {
            return words.first().map(|(_, value)| *value);
        }
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.error(column, format!("`{text}` is none of: {}", known.join(", ")), faults);
        }
        found
    }

    /// 0 (or empty) or 1.
    pub(crate) fn flag(&self, column: Column, faults: &mut Faults) -> bool {
        self.word(column, &[("0", false), ("1", true)], faults).unwrap_or(false)
    }

    /// An amount with exactly the decimals of the currency, or nothing when the field is empty.
    pub(crate) fn amount(
        &self,
        column: Column,
        currency: Option<Currency>,
        faults: &mut Faults,
    ) -> Option<Minor> {
        let (text, currency) = (self.get(column), currency?);
        if text.is_empty() {
            return None;
        }
        let places = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        let wanted = usize::try_from(currency.exponent()).unwrap_or(0);
        match currency.parse_amount(text) {
            Ok(amount) if places == wanted => Some(amount),
            Ok(amount) if places > wanted => {
                let message =
                    format!("{currency} amounts have {wanted} decimals; superfluous zeros were dropped");
                faults.warn(self.file, self.line, column.name, message);
                Some(amount)
            }
            _ => {
                self.error(
                    column,
                    format!("not a {currency} amount with {wanted} decimals: `{text}`"),
                    faults,
                );
                None
            }
        }
    }

    /// A wall-clock time in seconds after midnight, at most 24:00:00, or nothing when the field is empty.
    pub(crate) fn time(&self, column: Column, faults: &mut Faults) -> Option<u32> {
        let text = self.get(column);
        if text.is_empty() {
            return None;
        }
        let seconds = parse_time(text);
        if seconds.is_none() {
            self.error(column, format!("not a time HH:MM:SS up to 24:00:00: `{text}`"), faults);
        }
        seconds
    }
}

fn parse_time(text: &str) -> Option<u32> {
    let mut parts = text.split(':');
    let mut part = |lengths: &[usize], max: u32| {
        let digits = parts.next().filter(|digits| lengths.contains(&digits.len()))?;
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse::<u32>().ok().filter(|number| plain && *number <= max)
    };
    let (hours, minutes, seconds) = (part(&[1, 2], 24)?, part(&[2], 59)?, part(&[2], 59)?);
    let total = hours * 3600 + minutes * 60 + seconds;
    (parts.next().is_none() && total <= 24 * 3600).then_some(total)
}

/// Refuses a second row with the key of an earlier one. `rows` is (key, line) in any order.
pub(crate) fn refuse_doubles<K: Ord>(mut rows: Vec<(K, u64)>, file: &str, field: &str, faults: &mut Faults) {
    rows.sort();
    for pair in rows.windows(2) {
        if let [(earlier, first), (later, line)] = pair
            && earlier == later
        {
            faults.error(file, *line, field, format!("the same key stands on line {first}"));
        }
    }
}
