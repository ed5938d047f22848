//! `rider_eligibility.txt`: who may claim a category, and what its riders pay where it has no price.

use super::Common;
use super::sheet::{Column, Faults, Row, Sheet, refuse_doubles};
use crate::eligibility::{Claim, Evidence};
use crate::format::RIDER_ELIGIBILITY;
use crate::selector::{Field, Pick};
use chrono::NaiveDate;
use std::cmp::Reverse;

/// Years of an age at most, and days of a renewal or grace.
const AGE_MAX: i64 = 150;
const DAYS_MAX: i64 = 36_525;

/// What the rows say.
#[derive(Default)]
pub(super) struct Eligibility {
    /// The higher priority first, then by rider.
    pub(super) claims: Vec<Claim>,
    /// By rider: (networks or any, the category that pays in its place), those with networks first.
    pub(super) fallbacks: Vec<Vec<(Option<Pick>, u32)>>,
}

pub(super) fn read(common: &Common<'_>, faults: &mut Faults) -> Eligibility {
    let ids = common.ids;
    let sheet = Sheet::read(common.files, RIDER_ELIGIBILITY, faults);
    let mut claims = Vec::new();
    let mut fallbacks: Vec<Vec<(Option<Pick>, u32)>> = vec![Vec::new(); ids.riders.len()];
    let mut keys = Vec::new();
    for row in sheet.rows() {
        let before = faults.count();
        let names =
            ["rider_category_id", "evidence_kind", "network_id", "registry_id", "age_from", "valid_from"];
        keys.push((names.map(|name| row.get(sheet.column(name))), row.line));
        let rider_column = sheet.column("rider_category_id");
        let rider = row.pick(rider_column, ids.riders, "category in rider_categories.txt", faults);
        let network = common.sets.field(Field::Network, row, sheet.column("network_id"), ids, faults);
        let fallback_column = sheet.column("fallback_rider_category_id");
        let fallback =
            row.optional_pick(fallback_column, ids.riders, "category in rider_categories.txt", faults);
        let evidence = read_evidence(row, sheet.column("evidence_kind"), faults);
        let claim = read_claim(&sheet, row, evidence, faults);
        if rider.is_some() && rider == common.default_rider {
            row.error(rider_column, "the default rider needs no proof and falls back to nobody", faults);
        }
        let (true, Some(rider)) = (faults.count() == before, rider) else { continue };
        if let Some(to) = fallback {
            // A category may be proved in several ways; all of them fall back to the same category.
            let list = &mut fallbacks[rider as usize];
            match list.iter().find(|(only, _)| *only == network) {
                Some((_, earlier)) if *earlier != to => {
                    let message = "another row of this category and network falls back elsewhere";
                    row.error(fallback_column, message, faults);
                }
                Some(_) => {}
                None => list.push((network.clone(), to)),
            }
        }
        claims.extend(claim.map(|claim| Claim { rider, network, fallback, ..claim }));
    }
    refuse_doubles(keys, sheet.file(), "evidence_kind", faults);
    for list in &mut fallbacks {
        let single = |pick: &Option<Pick>| match pick {
            Some(Pick::One(network)) => (0, Some(*network)),
            Some(Pick::Set { ids, .. }) => (1, ids.first().copied()),
            None => (2, None),
        };
        list.sort_by_key(|(network, to)| (single(network), *to));
    }
    claims.sort_by_key(|claim: &Claim| (Reverse(claim.priority), claim.rider));
    Eligibility { claims, fallbacks }
}

fn read_evidence(row: Row<'_>, column: Column, faults: &mut Faults) -> Option<Evidence> {
    // A row may say no more than what a category falls back to.
    if row.get(column).is_empty() {
        return None;
    }
    let words: Vec<(&str, Evidence)> = Evidence::ALL.iter().map(|kind| (kind.word(), *kind)).collect();
    row.word(column, &words, faults)
}

/// The row as a claim, still of nobody; nothing when it says only what a category falls back to.
fn read_claim(sheet: &Sheet, row: Row<'_>, evidence: Option<Evidence>, faults: &mut Faults) -> Option<Claim> {
    let age = |name, faults: &mut Faults| {
        row.number(sheet.column(name), 0, AGE_MAX, faults).and_then(|age| u32::try_from(age).ok())
    };
    let (age_from, age_until) = (age("age_from", faults), age("age_until", faults));
    if let (Some(from), Some(until)) = (age_from, age_until)
        && until <= from
    {
        row.error(sheet.column("age_until"), "not above age_from", faults);
    }
    let registry = row.optional_id(sheet.column("registry_id"), faults);
    let (from, until) = (sheet.column("valid_from"), sheet.column("valid_until"));
    let valid = (date(row, from, faults), date(row, until, faults));
    if let (Some(first), Some(last)) = valid
        && last < first
    {
        row.error(until, "before valid_from", faults);
    }
    let renewal_days = row.number(sheet.column("renewal_days"), 1, DAYS_MAX, faults);
    let grace_days = row.number(sheet.column("grace_days"), 0, DAYS_MAX, faults).unwrap_or(0);
    let priority = row.number(sheet.column("priority"), 0, i64::from(u32::MAX), faults).unwrap_or(0);
    let priority = u32::try_from(priority).unwrap_or(u32::MAX);
    if evidence.is_none_or(|evidence| evidence == Evidence::None) {
        let about_proof = ["registry_id", "age_from", "age_until", "renewal_days", "grace_days"];
        for column in about_proof.map(|name| sheet.column(name)) {
            if !row.get(column).is_empty() {
                row.error(column, "says something of a proof, and evidence_kind asks for none", faults);
            }
        }
    }
    Some(Claim {
        rider: 0,
        network: None,
        evidence: evidence?,
        registry,
        age_from,
        age_until,
        valid,
        renewal_days,
        grace_days,
        fallback: None,
        priority,
    })
}

fn date(row: Row<'_>, column: Column, faults: &mut Faults) -> Option<NaiveDate> {
    let text = row.get(column);
    if text.is_empty() {
        return None;
    }
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| text.len() == 10);
    if date.is_none() {
        row.error(column, format!("not a date YYYY-MM-DD: `{text}`"), faults);
    }
    date
}
