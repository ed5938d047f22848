//! `fare_campaigns.txt`.

use super::Common;
use super::riders::read_rounding;
use super::sheet::{Column, Faults, Row, Sheet, refuse_doubles};
use crate::campaigns::{Campaign, Campaigns, Days, Reduction};
use crate::format::FARE_CAMPAIGNS;
use crate::timeframes::{Service, Timeframes};
use primitives::{EventTime, Minor, Rounding, Text};
use rust_decimal::Decimal;

/// The words of the column `discount_type`.
#[derive(Clone, Copy)]
enum Type {
    Percent,
    Amount,
    Fixed,
}

pub(super) fn read(common: &Common<'_>, timeframes: &Timeframes, faults: &mut Faults) -> Campaigns {
    let sheet = Sheet::read(common.files, FARE_CAMPAIGNS, faults);
    let id = sheet.column("campaign_id");
    let keys = sheet.rows().filter_map(|row| Text::new(row.get(id)).map(|id| (id, row.line)));
    refuse_doubles(keys.collect(), sheet.file(), id.name, faults);
    let rows = sheet.rows().filter_map(|row| read_row(&sheet, row, common, timeframes, faults));
    let mut rows: Vec<(i64, Campaign)> = rows.collect();
    rows.sort_by(|(one, a), (two, b)| (two, &a.id).cmp(&(one, &b.id)));
    Campaigns(rows.into_iter().map(|(_, campaign)| campaign).collect())
}

/// The campaign and its priority.
fn read_row(
    sheet: &Sheet,
    row: Row<'_>,
    common: &Common<'_>,
    timeframes: &Timeframes,
    faults: &mut Faults,
) -> Option<(i64, Campaign)> {
    let before = faults.count();
    let ids = common.ids;
    let id = row.id(sheet.column("campaign_id"), faults);
    row.name(sheet.column("campaign_name"), faults);
    let selector = common.sets.selector(sheet, row, &[], ids, faults);
    let days = read_days(row, sheet.column("service_id"), common, timeframes, faults);
    let reduction = read_reduction(sheet, row, common, faults);
    let bases = [("whole", false), ("base", true)];
    let only_base = row.word(sheet.column("applies_to"), &bases, faults).unwrap_or_default();
    let positions = [("any", false), ("first", true)];
    let only_first = row.word(sheet.column("leg_position"), &positions, faults).unwrap_or_default();
    let rides_per_day = count(row, sheet.column("rides_per_day"), faults);
    let rides_total = count(row, sheet.column("rides_total"), faults);
    let per = sheet.column("per");
    let per_medium = row.word(per, &[("person", false), ("medium", true)], faults).unwrap_or_default();
    if per_medium && rides_per_day.is_none() && rides_total.is_none() {
        row.error(per, "nothing is counted: neither rides_per_day nor rides_total is given", faults);
    }
    let combinable = row.flag(sheet.column("combinable"), faults);
    let priority = row.number(sheet.column("priority"), 0, i64::from(u32::MAX), faults).unwrap_or(0);
    let counts_to_cap =
        row.word(sheet.column("counts_to_cap"), &[("1", true), ("0", false)], faults).unwrap_or(true);
    let funded_by = sheet.column("funded_by");
    let funder = ids.parties.funder(row, funded_by, faults);
    row.refuse_empty(funded_by, ": a campaign names who pays it", faults);
    let (true, Some(id)) = (faults.count() == before, id) else { return None };
    let campaign = Campaign {
        id,
        selector,
        days: days.flatten(),
        reduction: reduction?,
        only_base,
        only_first,
        rides_per_day,
        rides_total,
        per_medium,
        combinable,
        counts_to_cap,
        funder: funder?,
        row: Text::new(&format!("fare_campaigns:{}", row.line))?,
    };
    Some((priority, campaign))
}

fn count(row: Row<'_>, column: Column, faults: &mut Faults) -> Option<u32> {
    row.number(column, 1, i64::from(u32::MAX), faults).and_then(|count| u32::try_from(count).ok())
}

/// The days of a campaign; the outer nothing is a service that cannot be used.
fn read_days(
    row: Row<'_>,
    column: Column,
    common: &Common<'_>,
    timeframes: &Timeframes,
    faults: &mut Faults,
) -> Option<Option<Days>> {
    let service = row.optional_pick(column, common.ids.services, "service in calendar.txt", faults);
    let Some(service) = service else { return Some(None) };
    let outer = timeframes.services.get(service as usize).and_then(outer_moments);
    if outer.is_none() {
        row.error(column, "the service runs on no day of the years 2000 to 2099", faults);
    }
    outer.map(|outer| Some(Days { service, outer }))
}

/// Two moments that lie beyond the first and the last day of a service in every zone of the earth.
fn outer_moments(service: &Service) -> Option<(EventTime, EventTime)> {
    const SLACK_DAYS: i64 = 3;
    let (first, last) = service.bounds()?;
    let moment = |date: chrono::NaiveDate, days: i64| {
        let midnight = date.and_time(chrono::NaiveTime::MIN).and_utc();
        midnight.checked_add_signed(chrono::TimeDelta::days(days)).map(|moment| moment.timestamp_millis())
    };
    let (from, until) = (moment(first, -SLACK_DAYS)?, moment(last, SLACK_DAYS)?);
    let clamped = |ms: i64| EventTime::from_unix_ms(ms.clamp(EventTime::MIN_MS, EventTime::END_MS - 1));
    (from < EventTime::END_MS && EventTime::MIN_MS <= until)
        .then(|| clamped(from).zip(clamped(until)))
        .flatten()
}

fn read_reduction(
    sheet: &Sheet,
    row: Row<'_>,
    common: &Common<'_>,
    faults: &mut Faults,
) -> Option<Reduction> {
    let (kind, value) = (sheet.column("discount_type"), sheet.column("value"));
    row.refuse_empty(kind, "", faults);
    if row.refuse_empty(value, "", faults) {
        return None;
    }
    let types = [("percent", Type::Percent), ("amount", Type::Amount), ("fixed", Type::Fixed)];
    let kind = row.word(kind, &types, faults)?;
    let (unit, mode) = (sheet.column("rounding_step"), sheet.column("rounding_mode"));
    let rounding = read_rounding(row, unit, mode, faults);
    let mut amount = || {
        let amount = row.amount(value, common.currency, faults);
        if amount.is_some_and(Minor::is_negative) {
            row.error(value, "below zero", faults);
        }
        amount
    };
    let reduction = match kind {
        Type::Amount => Reduction::Amount(amount()?),
        Type::Fixed => Reduction::Fixed(amount()?),
        Type::Percent => {
            let points = row.number(value, 1, 10_000, faults)?;
            if rounding.is_none() && points < 10_000 {
                row.error(mode, "a percentage leaves fractions: say how to round what is left", faults);
            }
            let left = Decimal::new(10_000 - points, 4);
            return Some(Reduction::Percent { left, rounding: rounding.unwrap_or((1, Rounding::Down)) });
        }
    };
    if rounding.is_some() {
        row.error(mode, "only a percentage is rounded", faults);
    }
    Some(reduction)
}
