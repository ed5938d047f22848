//! One table, two outputs: the page and the CSV file are written from the same columns and rows, so an export can
//! never show other figures than the screen.

use crate::format;
use crate::i18n::Lang;
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use primitives::{Currency, Minor};

/// How a value is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Start,
    /// Figures: right aligned, tabular.
    End,
}

/// What a mark on a cell tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Nothing to do.
    Quiet,
    /// As it should be.
    Good,
    /// Wants a look.
    Warn,
    /// Wants somebody now.
    Bad,
}

impl Tone {
    /// The class that colours it.
    pub const fn class(self) -> &'static str {
        match self {
            Tone::Quiet => "quiet",
            Tone::Good => "good",
            Tone::Warn => "warn",
            Tone::Bad => "bad",
        }
    }
}

/// Where a column is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// On the page and in the file.
    Both,
    /// On the page only: what tells in a picture what other columns tell in numbers.
    Page,
    /// In the file only: what a machine needs and a page says elsewhere.
    File,
}

/// One column.
#[derive(Debug, Clone)]
pub struct Column {
    /// The stable name, which heads the CSV column.
    pub key: &'static str,
    /// The heading on the page.
    pub label: String,
    /// How its values stand.
    pub align: Align,
    /// Where it is written.
    pub place: Place,
}

impl Column {
    /// True when the page shows it.
    pub fn on_page(&self) -> bool {
        self.place != Place::File
    }

    /// True when the file has it.
    pub fn in_file(&self) -> bool {
        self.place != Place::Page
    }

    /// True for a column of figures.
    pub fn is_figure(&self) -> bool {
        self.align == Align::End
    }
}

/// What a cell holds, before any language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Empty,
    /// Text as it is stored.
    Text(String),
    /// An id or a code, in fixed width.
    Code(String),
    /// Money in the scheme's currency.
    Amount(Minor),
    /// A number of things.
    Count(i64),
    /// The share of a whole: a bar on the page, two numbers nowhere.
    Share(i64, i64),
    /// A day.
    Date(NaiveDate),
    /// A moment.
    Moment(DateTime<Utc>),
    /// A state: its stable word, its name in the page's language, and how it stands.
    Tag(Tone, &'static str, String),
}

/// One cell: a value, and where a click on it leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// What it holds.
    pub value: Value,
    /// The rows behind it.
    pub href: Option<String>,
}

impl Cell {
    /// A cell that leads nowhere.
    pub fn of(value: Value) -> Self {
        Cell { value, href: None }
    }

    /// Text.
    pub fn text(text: impl Into<String>) -> Self {
        Cell::of(Value::Text(text.into()))
    }

    /// An id or a code.
    pub fn code(text: impl Into<String>) -> Self {
        Cell::of(Value::Code(text.into()))
    }

    /// Money.
    pub fn amount(amount: Minor) -> Self {
        Cell::of(Value::Amount(amount))
    }

    /// A number of things.
    pub fn count(number: i64) -> Self {
        Cell::of(Value::Count(number))
    }

    /// Optional text.
    pub fn maybe(text: Option<impl Into<String>>) -> Self {
        text.map_or_else(|| Cell::of(Value::Empty), Cell::text)
    }

    /// The same cell as a link.
    pub fn to(mut self, href: impl Into<String>) -> Self {
        self.href = Some(href.into());
        self
    }

    /// True for values of figures.
    pub fn is_figure(&self) -> bool {
        matches!(self.value, Value::Amount(_) | Value::Count(_))
    }

    /// True for an amount or count below zero.
    pub fn is_negative(&self) -> bool {
        match &self.value {
            Value::Amount(amount) => amount.is_negative(),
            Value::Count(number) => *number < 0,
            _ => false,
        }
    }

    /// True for an amount or count of nothing, which the page sets back.
    pub fn is_nil(&self) -> bool {
        match &self.value {
            Value::Amount(amount) => amount.is_zero(),
            Value::Count(number) => *number == 0,
            _ => false,
        }
    }

    /// The whole text of an id that the page shows shortened.
    pub fn whole(&self) -> Option<&str> {
        match &self.value {
            Value::Code(text) if text.chars().count() > CODE_SHOWN_MAX => Some(text),
            _ => None,
        }
    }

    /// True for fixed-width text.
    pub fn is_code(&self) -> bool {
        matches!(self.value, Value::Code(_))
    }

    /// True for a day or a moment, which is never torn apart.
    pub fn is_moment(&self) -> bool {
        matches!(self.value, Value::Date(_) | Value::Moment(_))
    }

    /// The class of a state's mark.
    pub fn tone(&self) -> Option<&'static str> {
        match &self.value {
            Value::Tag(tone, _, _) => Some(tone.class()),
            _ => None,
        }
    }

    /// The length of a share's bar, 0 to 100.
    pub fn bar(&self) -> Option<i64> {
        match &self.value {
            Value::Share(part, whole) if *whole > 0 => Some(part.saturating_mul(100) / whole),
            Value::Share(..) => Some(0),
            _ => None,
        }
    }

    /// The text on the page.
    pub fn show(&self, lang: Lang, currency: Currency, zone: Tz) -> String {
        match &self.value {
            Value::Empty => String::new(),
            Value::Code(text) => shortened(text),
            Value::Text(text) | Value::Tag(_, _, text) => text.clone(),
            Value::Amount(amount) => format::amount(lang, currency, *amount),
            Value::Count(number) => format::count(lang, *number),
            Value::Share(part, whole) => format::percent(lang, *part, *whole),
            Value::Date(date) => format::date(lang, *date),
            Value::Moment(moment) => format::exact_moment(lang, *moment, zone),
        }
    }
}

/// Longest id a cell shows whole.
const CODE_SHOWN_MAX: usize = 24;
/// Letters kept at each end of a longer one; what tells ids apart stands at their ends.
const CODE_ENDS: usize = 9;

fn shortened(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    if letters.len() <= CODE_SHOWN_MAX {
        return text.to_owned();
    }
    let head: String = letters.iter().take(CODE_ENDS).collect();
    let tail: String = letters.iter().skip(letters.len() - CODE_ENDS).collect();
    format!("{head}…{tail}")
}

/// Rows under columns, with a line of sums.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// The name in the address and of the exported file.
    pub name: &'static str,
    /// What it shows, for the caption.
    pub caption: String,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, one cell a column; the first cell of each names the row.
    pub rows: Vec<Vec<Cell>>,
    /// The line of sums, when the rows add up.
    pub total: Option<Vec<Cell>>,
    /// What to say when there are no rows: why, and what would bring some.
    pub empty: String,
    /// Where the same rows are exported.
    pub export: Option<String>,
}

impl Table {
    /// A table without rows yet.
    pub fn new(name: &'static str, caption: impl Into<String>, empty: impl Into<String>) -> Self {
        Table { name, caption: caption.into(), empty: empty.into(), ..Table::default() }
    }

    /// Adds a column of text.
    pub fn text(mut self, key: &'static str, label: impl Into<String>) -> Self {
        self.columns.push(Column { key, label: label.into(), align: Align::Start, place: Place::Both });
        self
    }

    /// Adds a column of figures.
    pub fn figure(mut self, key: &'static str, label: impl Into<String>) -> Self {
        self.columns.push(Column { key, label: label.into(), align: Align::End, place: Place::Both });
        self
    }

    /// Writes the last column only there.
    pub fn only(mut self, place: Place) -> Self {
        if let Some(column) = self.columns.last_mut() {
            column.place = place;
        }
        self
    }

    /// Sets the rows.
    pub fn rows(mut self, rows: Vec<Vec<Cell>>) -> Self {
        self.rows = rows;
        self
    }

    /// Sets the line of sums.
    pub fn total(mut self, cells: Vec<Cell>) -> Self {
        self.total = Some(cells);
        self
    }

    /// Sets where the rows are exported.
    pub fn export(mut self, href: impl Into<String>) -> Self {
        self.export = Some(href.into());
        self
    }
}
