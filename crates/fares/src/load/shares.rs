//! `revenue_shares.txt`.

use super::Common;
use super::sheet::{Column, Faults, Row, Sheet, refuse_doubles};
use crate::campaigns::Campaigns;
use crate::format::REVENUE_SHARES;
use crate::passes::Passes;
use crate::shares::{Applies, Method, ShareRule, Shares};
use crate::windows::Windows;
use primitives::{Minor, PartyNo, Text};
use std::collections::BTreeMap;

/// What other files named, for the column `ref_id`.
pub(super) struct Named<'a> {
    pub(super) windows: &'a Windows,
    pub(super) campaigns: &'a Campaigns,
    pub(super) passes: &'a Passes,
}

/// The words of the column `applies_to`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Leg,
    Join,
    Window,
    Campaign,
    Pass,
    Incomplete,
}

impl What {
    /// True when several legs are shared as a whole.
    fn is_run(self) -> bool {
        matches!(self, What::Join | What::Window)
    }
}

const APPLIES: &[(&str, What)] = &[
    ("leg", What::Leg),
    ("join", What::Join),
    ("window", What::Window),
    ("campaign", What::Campaign),
    ("pass", What::Pass),
    ("incomplete", What::Incomplete),
];

/// The words of the column `method`, with an empty list where rows fill one.
fn methods() -> [(&'static str, Method); 9] {
    [
        Method::OwnLeg,
        Method::FullFareRatio,
        Method::DistanceRatio,
        Method::RideCount,
        Method::Equal,
        Method::FirstLeg,
        Method::LastLeg,
        Method::FixedPercent(Vec::new()),
        Method::FixedAmount(Vec::new()),
    ]
    .map(|method| (method.word(), method))
}

struct Columns {
    id: Column,
    applies: Column,
    of: Column,
    method: Column,
    party: Column,
    percent: Column,
    amount: Column,
    ties: Column,
}

/// One row on its way into a rule.
struct Draft {
    rule: ShareRule,
    line: u64,
}

pub(super) fn read(common: &Common<'_>, named: &Named<'_>, faults: &mut Faults) -> Shares {
    let sheet = Sheet::read(common.files, REVENUE_SHARES, faults);
    let columns = Columns {
        id: sheet.column("share_id"),
        applies: sheet.column("applies_to"),
        of: sheet.column("ref_id"),
        method: sheet.column("method"),
        party: sheet.column("party_id"),
        percent: sheet.column("percent"),
        amount: sheet.column("amount"),
        ties: sheet.column("tie_order"),
    };
    let mut drafts: BTreeMap<Text, Vec<Draft>> = BTreeMap::new();
    let mut keys = Vec::new();
    for row in sheet.rows() {
        keys.push(((row.get(columns.id), row.get(columns.party)), row.line));
        let before = faults.count();
        let id = row.id(columns.id, faults);
        let draft = read_row(row, &columns, common, named, faults);
        if let (true, Some(id), Some(draft)) = (faults.count() == before, id, draft) {
            drafts.entry(id).or_default().push(draft);
        }
    }
    refuse_doubles(keys, sheet.file(), columns.party.name, faults);
    let rules = drafts.into_values().filter_map(|rows| collect(rows, &sheet, &columns, faults));
    let mut rules: Vec<(ShareRule, u64)> = rules.collect();
    rules.sort_by_key(|(rule, _)| rank(&rule.applies));
    let keys = rules.iter().map(|(rule, line)| (rule.applies.clone(), *line)).collect();
    refuse_doubles(keys, sheet.file(), columns.of.name, faults);
    Shares(rules.into_iter().map(|(rule, _)| rule).collect())
}

/// The order in which rules are asked: kinds in the order of [`Applies`], and in each the rules that name something
/// first.
fn rank(applies: &Applies) -> impl Ord + use<> {
    let (kind, named) = match applies {
        Applies::Pass(of) => (0, of.is_some()),
        Applies::Incomplete(of) => (1, of.is_some()),
        Applies::Campaign(of) => (2, of.is_some()),
        Applies::Window(of) => (3, of.is_some()),
        Applies::Join => (4, false),
        Applies::Leg(of) => (5, of.is_some()),
    };
    (kind, !named, applies.clone())
}

fn read_row(
    row: Row<'_>,
    columns: &Columns,
    common: &Common<'_>,
    named: &Named<'_>,
    faults: &mut Faults,
) -> Option<Draft> {
    for column in [columns.applies, columns.method] {
        row.refuse_empty(column, "", faults);
    }
    let what = row.word(columns.applies, APPLIES, faults)?;
    let applies = read_applies(row, columns.of, what, common, named, faults);
    let words = methods();
    let places: Vec<(&str, usize)> =
        words.iter().enumerate().map(|(place, (word, _))| (*word, place)).collect();
    let method = words[row.word(columns.method, &places, faults)?].1.clone();
    let method = read_method(row, columns, what, method, common, faults);
    let orders = [("event_order", false), ("party_id", true)];
    let ties_by_party = row.word(columns.ties, &orders, faults)?;
    let id = Text::new(&format!("revenue_shares:{}", row.line))?;
    let rule = ShareRule { applies: applies?, method: method?, ties_by_party, row: id };
    Some(Draft { rule, line: row.line })
}

fn read_applies(
    row: Row<'_>,
    column: Column,
    what: What,
    common: &Common<'_>,
    named: &Named<'_>,
    faults: &mut Faults,
) -> Option<Applies> {
    let (of, ids) = (row.get(column), common.ids);
    let any = of.is_empty();
    let known = |found: Option<u32>| if any { Some(None) } else { found.map(Some) };
    let found = match what {
        What::Join => any.then_some(Applies::Join),
        What::Leg => known(ids.groups.find(of)).map(Applies::Leg),
        What::Window => known(named.windows.number(of)).map(Applies::Window),
        What::Pass => {
            let product = ids.products.find(of).filter(|product| named.passes.find(*product).is_some());
            known(product).map(Applies::Pass)
        }
        What::Campaign if any => Some(Applies::Campaign(None)),
        What::Campaign => {
            let campaign = named.campaigns.0.iter().find(|campaign| campaign.id.as_str() == of);
            campaign.map(|campaign| Applies::Campaign(Some(campaign.id.clone())))
        }
        What::Incomplete if any => Some(Applies::Incomplete(None)),
        What::Incomplete => {
            let kind = super::incomplete::KINDS.iter().find(|(word, _)| *word == of);
            kind.map(|(_, kind)| Applies::Incomplete(Some(*kind)))
        }
    };
    if found.is_none() {
        let message = match what {
            What::Join => "legs that are one have no id: leave it empty".to_owned(),
            What::Leg => format!("no leg rule has the leg group `{of}`"),
            What::Window => format!("there is no window `{of}`"),
            What::Campaign => format!("there is no campaign `{of}`"),
            What::Pass => format!("there is no pass `{of}`"),
            What::Incomplete => format!("there is no kind of incomplete ride `{of}`"),
        };
        row.error(column, message, faults);
    }
    found
}

fn read_method(
    row: Row<'_>,
    columns: &Columns,
    what: What,
    method: Method,
    common: &Common<'_>,
    faults: &mut Faults,
) -> Option<Method> {
    let given = |column: Column| !row.get(column).is_empty();
    let percent = matches!(method, Method::FixedPercent(_));
    let amount = matches!(method, Method::FixedAmount(_));
    for (column, wanted) in [(columns.percent, percent), (columns.amount, amount)] {
        if given(column) != wanted {
            let message = format!("given with the method `fixed_{}`, and only then", column.name);
            row.error(column, message, faults);
        }
    }
    if given(columns.party) && !percent && !amount {
        row.error(columns.party, "only fixed methods name operators", faults);
    }
    if amount && what.is_run() {
        row.error(columns.method, "a fixed amount is one of a single leg", faults);
    }
    let party: Option<PartyNo> =
        if given(columns.party) { common.ids.parties.operator(row, columns.party, faults) } else { None };
    if !given(columns.party) && (amount || percent && what.is_run()) {
        row.error(columns.party, "the field is empty: name the operator", faults);
    }
    if percent {
        let points = row.number(columns.percent, 1, 10_000, faults)?;
        return Some(Method::FixedPercent(vec![(party, points.unsigned_abs())]));
    }
    if amount {
        let amount = row.amount(columns.amount, common.currency, faults)?;
        if amount <= Minor::ZERO {
            row.error(columns.amount, "not above 0", faults);
        }
        return Some(Method::FixedAmount(vec![(party?, amount)]));
    }
    Some(method)
}

/// The rows of one share as one rule, with its first line.
fn collect(
    mut rows: Vec<Draft>,
    sheet: &Sheet,
    columns: &Columns,
    faults: &mut Faults,
) -> Option<(ShareRule, u64)> {
    rows.sort_by_key(|row| row.line);
    let mut rows = rows.into_iter();
    let Draft { rule: mut first, line, .. } = rows.next()?;
    for row in rows {
        let mut differs = |column: Column| {
            let message = format!("differs from the same share's line {line}");
            faults.error(sheet.file(), row.line, column.name, message);
        };
        if row.rule.applies != first.applies {
            differs(columns.applies);
        }
        if row.rule.ties_by_party != first.ties_by_party {
            differs(columns.ties);
        }
        match (&mut first.method, row.rule.method) {
            (Method::FixedPercent(all), Method::FixedPercent(more)) => all.extend(more),
            (Method::FixedAmount(all), Method::FixedAmount(more)) => all.extend(more),
            _ => differs(columns.method),
        }
    }
    match &mut first.method {
        Method::FixedPercent(all) => {
            all.sort_unstable();
            if all.iter().map(|(_, points)| *points).sum::<u64>() != 10_000 {
                let message = "the rows of a share are 10000 basis points together";
                faults.error(sheet.file(), line, columns.percent.name, message);
            }
        }
        Method::FixedAmount(all) => all.sort_unstable(),
        _ => {}
    }
    Some((first, line))
}
