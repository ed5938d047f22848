//! Reads the sample's rows. A row that cannot be understood is handed on as it stands, never skipped.

use super::OysterError;
use csv::ByteRecord;
use primitives::{Digest, Minor, Text};
use std::borrow::Cow;
use std::io::Read;

/// One row of the sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its number in the file, from 1, the header not counted.
    pub number: u32,
    /// Day of the week: 1 is Sunday.
    pub day: u32,
    /// Which networks were used (`LUL`, `LTB`, `LUL/NR` …).
    pub subsystem: Text,
    /// Where the ride went.
    pub trip: Trip,
    /// Touch-in, in minutes after midnight of the day.
    pub entry_minute: u32,
    /// Touch-out; 0 when there was none.
    pub exit_minute: u32,
    /// How it was paid.
    pub journey: Journey,
    /// The full fare that was charged, in pence; `None` when the field cannot be read.
    pub full_fare: Option<Minor>,
    /// The bus route, `XX` for others.
    pub route: Text,
}

/// Where a ride went, by the ids of its stations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trip {
    /// A boarding; the whole ride is one touch.
    Boarding {
        /// The stop, for trams.
        stop: Option<Text>,
    },
    /// In here, out there.
    Gated {
        /// Touch-in.
        from: Text,
        /// Touch-out.
        to: Text,
    },
    /// No touch-out.
    Unfinished {
        /// Touch-in.
        from: Text,
    },
    /// No touch-in.
    Unstarted {
        /// Touch-out.
        to: Text,
    },
}

/// How a ride was paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Journey {
    /// Pay as you go (`PPY`).
    PayAsYouGo,
    /// Wholly on a season ticket or pass (`TKT`).
    Ticket,
    /// Partly each (`MIX`), or a word the sample does not explain.
    Mixed,
}

/// A row, or the bytes of one that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// A row.
    Row(Row),
    /// Something else: the fields as they stood, joined by commas.
    Odd(Vec<u8>),
}

/// A name that stands for a station nobody touched.
const NO_ENTRY: &str = "Unstarted";
const NO_EXIT: &str = "Unfinished";
const BUS: &str = "Bus";
const NO_END: &str = "Not Applicable";
/// The sample's traffic day ends long before this minute.
const MINUTE_END: u32 = 48 * 60;

/// So much of a row that cannot be understood is kept: what fits one envelope.
const ODD_BYTES_MAX: usize = 60_000;

/// Positions of the columns that are read.
struct Columns {
    day: usize,
    subsystem: usize,
    start: usize,
    end: usize,
    entry: usize,
    exit: usize,
    journey: usize,
    full_fare: usize,
    route: usize,
}

/// Shows every row of a file, plain or compressed by gzip, to `visit`.
pub fn each_row(bytes: &[u8], mut visit: impl FnMut(Reading)) -> Result<(), OysterError> {
    let plain: Box<dyn Read + '_> = if bytes.starts_with(&[0x1f, 0x8b]) {
        Box::new(flate2::read::MultiGzDecoder::new(bytes))
    } else {
        Box::new(bytes)
    };
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(plain);
    let columns = Columns::find(reader.byte_headers()?)?;
    let mut record = ByteRecord::new();
    let mut number = 0;
    while reader.read_byte_record(&mut record)? {
        number += 1;
        visit(match columns.row(number, &record) {
            Some(row) => Reading::Row(row),
            None => {
                let mut bytes = record.iter().collect::<Vec<_>>().join(&b',');
                bytes.truncate(ODD_BYTES_MAX);
                Reading::Odd(bytes)
            }
        });
    }
    Ok(())
}

impl Columns {
    fn find(header: &ByteRecord) -> Result<Columns, OysterError> {
        let find = |name: &'static str| {
            let same =
                |column: &[u8]| column.strip_prefix(b"\xef\xbb\xbf").unwrap_or(column) == name.as_bytes();
            header.iter().position(same).ok_or(OysterError::Column(name))
        };
        Ok(Columns {
            day: find("downo")?,
            subsystem: find("SubSystem")?,
            start: find("StartStn")?,
            end: find("EndStation")?,
            entry: find("EntTime")?,
            exit: find("ExTime")?,
            journey: find("JNYTYP")?,
            full_fare: find("FFare")?,
            route: find("RouteID")?,
        })
    }

    fn row(&self, number: u32, record: &ByteRecord) -> Option<Row> {
        let field = |at: usize| record.get(at).map(String::from_utf8_lossy);
        let minute = |at: usize| field(at)?.parse::<u32>().ok().filter(|minute| *minute < MINUTE_END);
        let (start, end) = (field(self.start)?, field(self.end)?);
        let trip = match (start.as_ref(), end.as_ref()) {
            (NO_ENTRY, NO_EXIT | BUS | NO_END) => return None,
            (BUS, _) => Trip::Boarding { stop: None },
            (_, NO_END | BUS) => Trip::Boarding { stop: Some(station_id(&start)?) },
            (NO_ENTRY, _) => Trip::Unstarted { to: station_id(&end)? },
            (_, NO_EXIT) => Trip::Unfinished { from: station_id(&start)? },
            _ => Trip::Gated { from: station_id(&start)?, to: station_id(&end)? },
        };
        let touches_out = matches!(trip, Trip::Gated { .. } | Trip::Unstarted { .. });
        Some(Row {
            number,
            day: field(self.day)?.parse().ok().filter(|day| (1..=7).contains(day))?,
            subsystem: short_id(&field(self.subsystem)?, SUBSYSTEM_LEN_MAX)?,
            entry_minute: minute(self.entry)?,
            exit_minute: if touches_out { minute(self.exit)? } else { 0 },
            trip,
            journey: match field(self.journey)?.as_ref() {
                "PPY" => Journey::PayAsYouGo,
                "TKT" => Journey::Ticket,
                _ => Journey::Mixed,
            },
            full_fare: field(self.full_fare).and_then(|fare| fare.parse().ok()).map(Minor::new),
            route: short_id(&field(self.route).unwrap_or(Cow::Borrowed("XX")), SUBSYSTEM_LEN_MAX)?,
        })
    }
}

/// Longest name of a subsystem or route that is used as it stands; ids made of it add a few letters.
const SUBSYSTEM_LEN_MAX: usize = 40;

/// The id of a station: its name, or a digest of a name no event could carry.
fn station_id(name: &str) -> Option<Text> {
    short_id(name, primitives::ids::TEXT_LEN_MAX)
}

fn short_id(name: &str, len_max: usize) -> Option<Text> {
    let plain = name.len() <= len_max && name.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    let digest = || Digest::of(name.as_bytes()).hex();
    let text = Text::new(name).filter(|_| plain);
    text.or_else(|| Text::new(&format!("odd-{}", digest().get(..16)?)))
}
