//! What the plain reader of the policy does not know, refused by name: a rule that it would pass over in silence is a wrong
//! answer.

use crate::SimError;
use crate::city::City;
use crate::table::{Row, Table};
use chrono::{Datelike, NaiveDate};
use primitives::ServiceDate;
use std::collections::BTreeSet;

/// Files of which any row can change what a ride costs or who earns it.
const NOT_KNOWN: [&str; 6] = [
    "fare_caps.txt",
    "fare_leg_join_rules.txt",
    "fare_surcharges.txt",
    "fare_transfer_rules.txt",
    "fare_windows.txt",
    "revenue_shares.txt",
];

/// Refuses a policy, or a day of it, on which more happens than the plain reader knows. Nobody in a simulation holds a pass.
pub(crate) fn refuse(files: &fares::Files, city: &City, date: ServiceDate) -> Result<(), SimError> {
    for file in NOT_KNOWN {
        if let Some(row) = Table::read_if_there(files, file)?.rows().next() {
            return Err(row.unknown());
        }
    }
    refuse_steps(files, city)?;
    refuse_campaigns(files, city, date.0)
}

/// A product that distance makes dearer may be sold only where nobody rides.
fn refuse_steps(files: &fares::Files, city: &City) -> Result<(), SimError> {
    let steps = Table::read_if_there(files, "fare_distance_steps.txt")?;
    let routes = city.buses.iter().chain(city.lines.iter().map(|line| &line.route));
    let networks: BTreeSet<&str> = routes.map(|route| route.network.as_str()).collect();
    for row in Table::read(files, "fare_leg_rules.txt")?.rows() {
        let product = row.get("fare_product_id");
        let ridden = networks.contains(row.get("network_id")) || row.get("network_id").is_empty();
        if ridden && steps.rows().any(|step| step.get("fare_product_id") == product) {
            return Err(row.wrong("fare_product_id", "costs by distance, where none is measured"));
        }
    }
    Ok(())
}

/// A campaign that runs on the day may stay only when nobody in the simulation has a medium that it is for.
fn refuse_campaigns(files: &fares::Files, city: &City, date: NaiveDate) -> Result<(), SimError> {
    let sets = Table::read_if_there(files, "selector_sets.txt")?;
    let media = [Some(&city.card), Some(&city.phone), city.bank_card.as_ref()];
    for row in Table::read_if_there(files, "fare_campaigns.txt")?.rows() {
        let wanted = row.get("fare_media_id");
        let reached = media.into_iter().flatten().any(|medium| takes(&sets, wanted, medium.as_str()));
        if reached && runs_on(files, row.get("service_id"), date)? {
            let id = row.need("campaign_id")?;
            return Err(SimError::Unsupported(format!("campaign {id} runs on {date} for simulated riders")));
        }
    }
    Ok(())
}

/// True when a selector of media, an id or a set or empty, takes a medium.
fn takes(sets: &Table, wanted: &str, medium: &str) -> bool {
    let of_set = |row: &Row<'_>| row.get("set_kind") == "fare_media" && row.get("set_id") == wanted;
    let Some(first) = sets.rows().find(of_set) else {
        return wanted.is_empty() || wanted == medium;
    };
    let listed = sets.rows().filter(of_set).any(|row| row.get("element_id") == medium);
    listed != (first.get("exclude") == "1")
}

/// True when a service runs on a day; a service that is not named runs every day.
fn runs_on(files: &fares::Files, service: &str, date: NaiveDate) -> Result<bool, SimError> {
    if service.is_empty() {
        return Ok(true);
    }
    let day = date.format("%Y%m%d").to_string();
    for row in Table::read_if_there(files, "calendar_dates.txt")?.rows() {
        if row.get("service_id") == service && row.get("date") == day {
            return Ok(row.get("exception_type") == "1");
        }
    }
    const WEEKDAYS: [&str; 7] =
        ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let weekday = WEEKDAYS[date.weekday().num_days_from_monday() as usize];
    let calendar = Table::read_if_there(files, "calendar.txt")?;
    // Dates of this form sort as days do.
    let mut rows = calendar.rows().filter(|row| row.get("service_id") == service);
    Ok(rows.any(|row| {
        row.get(weekday) == "1" && (row.get("start_date")..=row.get("end_date")).contains(&day.as_str())
    }))
}
