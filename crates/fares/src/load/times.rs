//! `calendar.txt`, `calendar_dates.txt` and `timeframes.txt`.

use super::sheet::{Column, Faults, Row, Sheet, refuse_doubles};
use crate::format::{CALENDAR, CALENDAR_DATES, TIMEFRAMES};
use crate::model::Files;
use crate::names::Names;
use crate::policy::StopRow;
use crate::timeframes::{Frame, Service, Timeframes};
use chrono::NaiveDate;
use primitives::Text;
use std::collections::BTreeMap;

/// The ids of services, the ids of timeframe groups, and both.
pub(crate) fn read(files: &Files, stops: &[StopRow], faults: &mut Faults) -> (Names, Names, Timeframes) {
    let services = read_services(files, faults);
    let service_ids = Names::build(services.keys().cloned().collect());
    let (ids, groups) = read_frames(files, &service_ids, faults);
    let hours_are_alike = groups.is_empty() && stops.iter().all(|stop| stop.zone.is_none());
    let services = services.into_values().collect();
    (service_ids, ids, Timeframes { services, groups, hours_are_alike })
}

fn read_services(files: &Files, faults: &mut Faults) -> BTreeMap<Text, Service> {
    let mut services: BTreeMap<Text, Service> = BTreeMap::new();
    read_calendar(files, &mut services, faults);
    read_calendar_dates(files, &mut services, faults);
    services
}

fn read_calendar(files: &Files, services: &mut BTreeMap<Text, Service>, faults: &mut Faults) {
    let sheet = Sheet::read(files, CALENDAR, faults);
    let id = sheet.column("service_id");
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let days = days.map(|day| sheet.column(day));
    let (start, end) = (sheet.column("start_date"), sheet.column("end_date"));
    let mut keys = Vec::new();
    for row in sheet.rows() {
        let flags = days.map(|day| row.flag(day, faults));
        let (first, last) = (date(row, start, faults), date(row, end, faults));
        if let (Some(first), Some(last)) = (first, last)
            && last < first
        {
            row.error(end, "earlier than start_date", faults);
        }
        if let Some(id) = row.id(id, faults) {
            keys.push((id.clone(), row.line));
            let weekly = first.zip(last).map(|(first, last)| (first, last, flags));
            services.entry(id).or_default().weekly = weekly;
        }
    }
    refuse_doubles(keys, sheet.file(), id.name, faults);
}

fn read_calendar_dates(files: &Files, services: &mut BTreeMap<Text, Service>, faults: &mut Faults) {
    let sheet = Sheet::read(files, CALENDAR_DATES, faults);
    let (id, day, kind) = (sheet.column("service_id"), sheet.column("date"), sheet.column("exception_type"));
    let mut keys = Vec::new();
    for row in sheet.rows() {
        let runs = row.word(kind, &[("1", true), ("2", false)], faults);
        row.refuse_empty(kind, "", faults);
        if let (Some(id), Some(day), Some(runs)) = (row.id(id, faults), date(row, day, faults), runs) {
            keys.push(((id.clone(), day), row.line));
            services.entry(id).or_default().exceptions.push((day, runs));
        }
    }
    refuse_doubles(keys, sheet.file(), day.name, faults);
    for service in services.values_mut() {
        service.exceptions.sort_unstable();
    }
}

fn date(row: Row<'_>, column: Column, faults: &mut Faults) -> Option<NaiveDate> {
    let text = row.get(column);
    let digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    let date = NaiveDate::parse_from_str(text, "%Y%m%d").ok().filter(|_| digits);
    if date.is_none() && column.present() {
        row.error(column, format!("not a date YYYYMMDD: `{text}`"), faults);
    }
    date
}

fn read_frames(files: &Files, services: &Names, faults: &mut Faults) -> (Names, Vec<Vec<Frame>>) {
    let sheet = Sheet::read(files, TIMEFRAMES, faults);
    let (group, service) = (sheet.column("timeframe_group_id"), sheet.column("service_id"));
    let (start, end) = (sheet.column("start_time"), sheet.column("end_time"));
    let (start_bound, end_bound) = (sheet.column("start_bound"), sheet.column("end_bound"));
    let mut rows: Vec<(Text, Frame, u64)> = Vec::new();
    for row in sheet.rows() {
        let before = faults.count();
        let id = row.id(group, faults);
        let service = row.pick(service, services, "service in calendar.txt or calendar_dates.txt", faults);
        let times = (row.time(start, faults), row.time(end, faults));
        if row.get(start).is_empty() != row.get(end).is_empty() {
            let alone = if row.get(start).is_empty() { start } else { end };
            row.error(alone, "start_time and end_time are given both or not at all", faults);
        }
        let start_excluded = row.flag(start_bound, faults);
        // 1 excludes the end and is the default; 0 includes it.
        let end_included = row.word(end_bound, &[("1", false), ("0", true)], faults).unwrap_or(false);
        if let (true, Some(id), Some(service)) = (faults.count() == before, id, service) {
            let (from, until) = (times.0.unwrap_or(0), times.1.unwrap_or(24 * 3600));
            let frame = Frame { service, start: from, end: until, start_excluded, end_included };
            let (first, last) = frame.seconds();
            if last < first {
                row.error(end, "the band is empty; one over midnight needs two rows", faults);
            }
            rows.push((id, frame, row.line));
        }
    }
    refuse_overlaps(&mut rows, &sheet, faults);
    let ids = Names::build(sheet.rows().filter_map(|row| Text::new(row.get(group))).collect());
    let mut groups = vec![Vec::new(); ids.len()];
    for (id, frame, _) in rows {
        if let Some(number) = ids.find(id.as_str()) {
            groups[number as usize].push(frame);
        }
    }
    (ids, groups)
}

/// Two rows of one group and service must not hold at one moment.
fn refuse_overlaps(rows: &mut [(Text, Frame, u64)], sheet: &Sheet, faults: &mut Faults) {
    rows.sort_by_key(|(id, frame, line)| (id.clone(), frame.service, frame.seconds(), *line));
    for pair in rows.windows(2) {
        if let [(id, earlier, first), (other, later, line)] = pair
            && id == other
            && earlier.service == later.service
            && later.seconds().0 <= earlier.seconds().1
        {
            let message = format!("overlaps the band on line {first} of the same group and service");
            faults.error(sheet.file(), *line, "start_time", message);
        }
    }
}
