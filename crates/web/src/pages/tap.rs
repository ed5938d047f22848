//! One tap, all the way down: what the device saw, what it cost and why, every posting it caused, and where its record
//! stands in the log.

use super::charges::shape;
use super::names::sum;
use super::{Crumb, crumbs, fault, html, tap_href};
use crate::gateway::parse_tap_id;
use crate::problem::Problem;
use crate::table::{Cell, Table, Tone, Value};
use crate::visit::{Ui, Visit, Visitor};
use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use engine::report::{self, LegVersion, PostingRow, TapDetail, TapRow};
use primitives::{Minor, TapId};

#[derive(Template)]
#[template(path = "tap.html")]
struct Detail<'a> {
    ui: &'a Visit,
    section: &'a str,
    crumbs: Vec<Crumb>,
    id: TapId,
    tap: TapRow,
    state: Cell,
    why: Vec<String>,
    ends: Vec<(String, String, String)>,
    versions: Table,
    ledger: Table,
}

/// `GET /taps/{device}/{journal}/{sequence}`.
pub async fn detail(
    Visitor(ui): Visitor,
    Path(id): Path<(String, String, String)>,
) -> Result<Response, Problem> {
    let id = parse_tap_id(&id).ok_or_else(Problem::not_found)?;
    let mut connection = ui.state.connection().await?;
    let found = report::tap(&mut connection, id).await.map_err(fault)?;
    let TapDetail { tap, legs, postings } = found.ok_or_else(Problem::not_found)?;
    let state = match &tap.refused {
        Some(code) => Cell::of(Value::Tag(Tone::Bad, "refused", ui.word("code", code))),
        None => ui.tag("tap", "posted", Tone::Good),
    };
    let date = tap.posting_date;
    html(&Detail {
        ui: &ui,
        section: "days",
        crumbs: crumbs([
            (ui.t("nav-days"), Some("/days".to_owned())),
            (ui.date(date.0), Some(format!("/days/{date}"))),
            (ui.t("charges-title"), Some(format!("/days/{date}/charges"))),
            (ui.t("tap-title"), None),
        ]),
        id,
        state,
        why: why(&ui, &tap, &legs),
        ends: ends(&ui, id, &legs),
        versions: versions(&ui, &legs),
        ledger: lines(&ui, &postings)?,
        tap,
    })
}

/// Sentences a rider could be read: what it cost and by which rule; who carries it; what was odd about it.
fn why(ui: &Ui, tap: &TapRow, legs: &[LegVersion]) -> Vec<String> {
    let Some(leg) = legs.iter().rev().find(|leg| leg.shape != "cancelled") else {
        let Some(amount) = tap.amount else { return vec![ui.t("why-nothing")] };
        let args = [
            ("amount", ui.money(amount)),
            ("party", tap.payee.map(|party| ui.party(party)).unwrap_or_default()),
            ("reference", tap.reference.clone().unwrap_or_default()),
        ];
        return vec![match (&tap.refused, tap.kind.as_str()) {
            (Some(_), _) => ui.tf("why-refused", &args),
            (None, "top_up") => ui.tf("why-top-up", &args),
            (None, _) => ui.tf("why-payment", &args),
        }];
    };
    let stops = match (&leg.from_stop, &leg.to_stop) {
        (Some(from), Some(to)) => ui.tf("why-from-to", &[("from", ui.stop(from)), ("to", ui.stop(to))]),
        (Some(from), None) => ui.tf("why-from", &[("from", ui.stop(from))]),
        (None, Some(to)) => ui.tf("why-to", &[("to", ui.stop(to))]),
        (None, None) => String::new(),
    };
    let args = [
        ("route", ui.route(&leg.route)),
        ("stops", stops),
        ("gross", ui.money(leg.gross)),
        ("product", leg.product.clone().unwrap_or_else(|| "–".to_owned())),
        ("rules", if leg.rules.is_empty() { "–".to_owned() } else { leg.rules.join(", ") }),
        ("reason", leg.unknown.as_deref().map(|reason| ui.word("unknown", reason)).unwrap_or_default()),
        ("shape", ui.word("shape", &leg.shape)),
    ];
    if leg.unknown.is_some() {
        return vec![ui.tf("why-unknown", &args)];
    }
    let flags = leg.flags.iter().map(|flag| ui.word("flag", flag));
    if leg.shape == "second_tap" {
        return flags.collect();
    }
    let cost = if leg.shape == "ride" { ui.tf("why-cost", &args) } else { ui.tf("why-incomplete", &args) };
    [cost, who_carries(ui, leg)].into_iter().chain(flags).collect()
}

fn who_carries(ui: &Ui, leg: &LegVersion) -> String {
    let category = ("category", ui.rider(&leg.rider_category));
    let rider = ("rider", ui.money(leg.rider));
    if leg.funded.is_empty() {
        return ui.tf("why-rider-alone", &[rider, category]);
    }
    let part = |(party, amount): &(primitives::PartyNo, Minor)| {
        ui.tf("why-funder", &[("party", ui.party(*party)), ("amount", ui.money(*amount))])
    };
    let funders: Vec<String> = leg.funded.iter().map(part).collect();
    ui.tf("why-shared", &[rider, category, ("funders", funders.join(", "))])
}

/// The taps at both ends of the ride, other than this one: label, address, identity.
fn ends(ui: &Ui, id: TapId, legs: &[LegVersion]) -> Vec<(String, String, String)> {
    let Some(leg) = legs.last() else { return Vec::new() };
    let entry = Some(("tap-entry", leg.leg));
    let exit = legs.iter().rev().find_map(|leg| leg.exit).map(|exit| ("tap-exit", exit));
    let others = entry.into_iter().chain(exit).filter(|(_, tap)| *tap != id);
    others.map(|(key, tap)| (ui.t(key), tap_href(tap), tap.to_string())).collect()
}

fn versions(ui: &Ui, legs: &[LegVersion]) -> Table {
    let row = |leg: &LegVersion| {
        let funded = Minor::sum(leg.funded.iter().map(|(_, amount)| *amount)).unwrap_or(Minor::ZERO);
        vec![
            Cell::count(i64::from(leg.version)),
            shape(ui, &leg.shape, leg.unknown.as_deref()),
            Cell::of(Value::Date(leg.posting_date.0)),
            Cell::of(Value::Date(leg.service_date.0)),
            Cell::maybe(leg.product.as_deref()),
            Cell::text(leg.rules.join(", ")),
            Cell::amount(leg.gross),
            Cell::amount(leg.rider),
            Cell::amount(funded),
            Cell::code(position(leg.position)),
        ]
    };
    Table::new("versions", ui.t("versions-caption"), ui.t("versions-empty"))
        .figure("version", ui.t("col-version"))
        .text("shape", ui.t("col-shape"))
        .text("posting_date", ui.t("col-posting-date"))
        .text("service_date", ui.t("col-service-date"))
        .text("product", ui.t("col-product"))
        .text("rules", ui.t("col-rules"))
        .figure("gross", ui.in_currency("col-gross"))
        .figure("rider", ui.in_currency("col-rider"))
        .figure("subsidy", ui.in_currency("col-subsidy"))
        .text("position", ui.t("col-position"))
        .rows(legs.iter().map(row).collect())
}

fn lines(ui: &Ui, postings: &[PostingRow]) -> Result<Table, Problem> {
    let mut rows = Vec::new();
    for posting in postings {
        for line in &posting.lines {
            let account = format!("{} {}", line.chart.number(), ui.account(line.chart));
            let blank = |amount: Minor| {
                if amount.is_zero() { Cell::of(Value::Empty) } else { Cell::amount(amount) }
            };
            rows.push(vec![
                Cell::text(account).to(format!("/trial-balance/{}", line.chart.number())),
                Cell::maybe(ui.owner(line.chart, line.owner)),
                Cell::text(ui.word("posting", &posting.kind)),
                Cell::of(Value::Date(posting.posting_date.0)),
                Cell::code(position(posting.position)),
                blank(line.debit),
                blank(line.credit),
            ]);
        }
    }
    let all = || postings.iter().flat_map(|posting| &posting.lines);
    let total = vec![
        Cell::text(ui.t("sum")),
        Cell::of(Value::Empty),
        Cell::of(Value::Empty),
        Cell::of(Value::Empty),
        Cell::of(Value::Empty),
        Cell::amount(sum(all().map(|line| line.debit))?),
        Cell::amount(sum(all().map(|line| line.credit))?),
    ];
    Ok(Table::new("lines", ui.t("lines-caption"), ui.t("lines-empty"))
        .text("account", ui.t("col-account"))
        .text("owner", ui.t("col-owner"))
        .text("kind", ui.t("col-kind"))
        .text("posting_date", ui.t("col-posting-date"))
        .text("position", ui.t("col-position"))
        .figure("debit", ui.in_currency("col-debit"))
        .figure("credit", ui.in_currency("col-credit"))
        .rows(rows)
        .total(total))
}

/// A place in the log: stream, partition, offset.
pub(crate) fn position((stream, partition, offset): (i32, u32, u64)) -> String {
    format!("{stream}:{partition}:{offset}")
}
