//! `fare_policies.txt` and `parties.txt`: which version this is, and who takes part.

use super::sheet::{Column, Faults, Row, Sheet, refuse_doubles};
use crate::format::{FARE_POLICIES, PARTIES};
use crate::limits::PASSBACK_SECONDS_MAX;
use crate::model::{Files, Party, PartyKind, Passback};
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use chrono_tz::Tz;
use primitives::{Currency, DayRule, EventTime, Minor, PartyNo, Text};
use std::collections::BTreeSet;

/// What `fare_policies.txt` says, as far as it could be read.
#[derive(Default)]
pub(crate) struct Head {
    pub(crate) id: Option<Text>,
    pub(crate) zone: Option<Tz>,
    pub(crate) currency: Option<Currency>,
    pub(crate) day_rule: Option<DayRule>,
    pub(crate) valid_from: Option<EventTime>,
    pub(crate) valid_until: Option<EventTime>,
    pub(crate) passback: Passback,
    pub(crate) debt_allowed: Minor,
}

pub(crate) fn read(files: &Files, faults: &mut Faults) -> Head {
    let sheet = Sheet::read(files, FARE_POLICIES, faults);
    let mut rows = sheet.rows();
    let Some(row) = rows.next() else {
        if files.contains_key(sheet.file()) {
            faults.error(
                sheet.file(),
                0,
                "",
                "the file has no row; it names the one version these files are",
            );
        }
        return Head::default();
    };
    for more in rows {
        faults.error(more.file, more.line, "policy_id", "one set of files is one version: a second row");
    }
    let zone = read_zone(row, sheet.column("timezone"), faults);
    let day_start = row.time(sheet.column("day_start_time"), faults).unwrap_or(0);
    let anchor = sheet.column("anchor");
    row.word(anchor, &[("window_start", ()), ("leg_start", ())], faults);
    let within = |column, faults: &mut Faults| {
        row.number(sheet.column(column), 0, PASSBACK_SECONDS_MAX, faults).unwrap_or(0)
    };
    let passback = Passback {
        seconds: within("passback_seconds", faults),
        trip_seconds: within("passback_trip_seconds", faults),
    };
    let currency = read_currency(row, sheet.column("currency"), faults);
    let debt_column = sheet.column("debt_allowed_amount");
    let debt_allowed = row.amount(debt_column, currency, faults).unwrap_or(Minor::ZERO);
    if debt_allowed.is_negative() {
        row.error(debt_column, "below zero", faults);
    }
    let head = Head {
        id: row.id(sheet.column("policy_id"), faults),
        zone,
        currency,
        day_rule: zone.map(|zone| DayRule { zone, day_start_seconds: day_start }),
        valid_from: read_moment(row, sheet.column("valid_from"), zone, true, faults),
        valid_until: read_moment(row, sheet.column("valid_until"), zone, false, faults),
        passback,
        debt_allowed,
    };
    if let (Some(from), Some(until)) = (head.valid_from, head.valid_until)
        && until <= from
    {
        row.error(sheet.column("valid_until"), "not later than valid_from", faults);
    }
    head
}

fn read_zone(row: Row<'_>, column: Column, faults: &mut Faults) -> Option<Tz> {
    let text = row.get(column);
    let zone = text.parse::<Tz>().ok();
    if zone.is_none() && column.present() {
        row.error(column, format!("not a time zone of the tz database: `{text}`"), faults);
    }
    zone
}

pub(crate) fn read_currency(row: Row<'_>, column: Column, faults: &mut Faults) -> Option<Currency> {
    let text = row.get(column);
    let currency = Currency::parse(text).ok();
    if currency.is_none() && column.present() {
        row.error(column, format!("not three capital letters of a currency: `{text}`"), faults);
    }
    currency
}

/// A local moment, `YYYY-MM-DD` (midnight) or with `HH:MM:SS` after a space or `T`.
pub(super) fn read_moment(
    row: Row<'_>,
    column: Column,
    zone: Option<Tz>,
    required: bool,
    faults: &mut Faults,
) -> Option<EventTime> {
    let (text, zone) = (row.get(column), zone?);
    if text.is_empty() && !required {
        return None;
    }
    let local = NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .map(|date| date.and_time(NaiveTime::MIN))
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S"))
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S"));
    let moment = local
        .ok()
        .and_then(|local| local.and_local_timezone(zone).earliest())
        .and_then(|instant| EventTime::from_unix_ms(instant.timestamp_millis()));
    if moment.is_none() && column.present() {
        row.error(
            column,
            format!("not a local date or date and time of the years 2000 to 2099: `{text}`"),
            faults,
        );
    }
    moment
}

/// The parties, while other files are read.
pub(crate) struct Parties {
    whole: Vec<Party>,
    /// Every id of the file, also of rows that could not be read: those are called wrong once.
    declared: BTreeSet<Text>,
}

/// Kinds that may fund a reduction.
const FUNDERS: &[PartyKind] =
    &[PartyKind::City, PartyKind::Operator, PartyKind::Sponsor, PartyKind::Bank, PartyKind::Wallet];

impl Parties {
    fn pick(
        &self,
        row: Row<'_>,
        column: Column,
        kinds: &[PartyKind],
        faults: &mut Faults,
    ) -> Option<PartyNo> {
        let id = row.get(column);
        let words: Vec<&str> = kinds.iter().map(|kind| kind.word()).collect();
        match self.whole.iter().find(|party| party.id.as_str() == id) {
            Some(party) if kinds.contains(&party.kind) => return Some(party.no),
            Some(party) => {
                let found = party.kind.word();
                row.error(
                    column,
                    format!("party `{id}` is a {found}, not one of: {}", words.join(", ")),
                    faults,
                );
            }
            None if column.present() && !self.declared.iter().any(|declared| declared.as_str() == id) => {
                row.error(column, format!("there is no party `{id}` in parties.txt"), faults);
            }
            None => {}
        }
        None
    }

    /// The operator a field names.
    pub(crate) fn operator(&self, row: Row<'_>, column: Column, faults: &mut Faults) -> Option<PartyNo> {
        self.pick(row, column, &[PartyKind::Operator], faults)
    }

    /// The operator, when there is one and no other.
    pub(crate) fn only_operator(&self) -> Option<(Text, PartyNo)> {
        let mut operators = self.whole.iter().filter(|party| party.kind == PartyKind::Operator);
        let only = operators.next()?;
        operators.next().is_none().then(|| (only.id.clone(), only.no))
    }

    /// The funder a field names, or nothing when it is empty.
    pub(crate) fn funder(&self, row: Row<'_>, column: Column, faults: &mut Faults) -> Option<PartyNo> {
        if row.get(column).is_empty() { None } else { self.pick(row, column, FUNDERS, faults) }
    }

    /// The parties by number.
    pub(crate) fn into_list(mut self) -> Vec<Party> {
        self.whole.sort_by_key(|party| party.no);
        self.whole
    }
}

pub(crate) fn read_parties(files: &Files, faults: &mut Faults) -> Parties {
    let sheet = Sheet::read(files, PARTIES, faults);
    let (id, name) = (sheet.column("party_id"), sheet.column("party_name"));
    let (kind, number) = (sheet.column("party_kind"), sheet.column("party_number"));
    let kinds: Vec<(&str, PartyKind)> = PartyKind::ALL.iter().map(|kind| (kind.word(), *kind)).collect();
    let (mut parties, mut ids, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
    for row in sheet.rows() {
        let found = row.number(number, 1, i64::from(u32::MAX), faults);
        row.refuse_empty(number, "; the books need a number that never changes", faults);
        row.refuse_empty(kind, "", faults);
        let parts = (row.id(id, faults), row.name(name, faults), row.word(kind, &kinds, faults));
        let no = found.and_then(|number| u32::try_from(number).ok()).map(PartyNo);
        if let (Some(id), name, Some(kind), Some(no)) = (parts.0, parts.1, parts.2, no) {
            ids.push((id.clone(), row.line));
            numbers.push((no, row.line));
            parties.push(Party { no, id, name, kind });
        }
    }
    refuse_doubles(ids, sheet.file(), id.name, faults);
    refuse_doubles(numbers, sheet.file(), number.name, faults);
    let declared = sheet.rows().filter_map(|row| Text::new(row.get(id))).collect();
    Parties { whole: parties, declared }
}
