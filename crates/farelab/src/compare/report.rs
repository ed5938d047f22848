//! The differences between two lists of fares, summed by route, rider class, funder and account.

use super::rides::{Key, Paid, Ride, Rides};
use crate::pricing::LabError;
use primitives::{Currency, Minor, MoneyError};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Money of rides whose fare is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums {
    /// Rides with a known fare.
    pub rides: u64,
    /// What operators earn.
    pub gross: Minor,
    /// What riders pay of it.
    pub rider: Minor,
    /// What funders pay of it.
    pub funded: Minor,
}

impl Sums {
    fn add(&mut self, paid: &Paid) -> Result<(), MoneyError> {
        self.rides += 1;
        self.gross = self.gross.plus(paid.gross)?;
        self.rider = self.rider.plus(paid.rider)?;
        self.funded = self.funded.plus(Minor::sum(paid.funded.values().copied())?)?;
        Ok(())
    }
}

/// One line of the report: some rides under both policies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Line {
    /// Under the old policy.
    pub old: Sums,
    /// Under the new one.
    pub new: Sums,
    /// Rides whose fare is not the same.
    pub changed: u64,
}

/// What one funder pays under both policies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FunderLine {
    /// Rides it pays a part of under the old policy, and under the new.
    pub rides: [u64; 2],
    /// What it pays under the old policy, and under the new.
    pub funded: [Minor; 2],
}

/// How much more an account pays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRise {
    /// The account.
    pub account: String,
    /// What it pays under the old policy.
    pub old: Minor,
    /// What it pays under the new policy.
    pub new: Minor,
    /// The difference.
    pub rise: Minor,
}

/// Two policies compared on the same rides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// Ids of the old and of the new policy.
    pub policies: [String; 2],
    /// The currency of every amount.
    pub currency: Currency,
    /// Rides seen under the old policy, and under the new.
    pub rides: [u64; 2],
    /// Everything.
    pub total: Line,
    /// By route, or what a case names instead.
    pub by_route: BTreeMap<String, Line>,
    /// By rider category.
    pub by_rider: BTreeMap<String, Line>,
    /// By funder.
    pub by_funder: BTreeMap<String, FunderLine>,
    /// Rides whose fare was known and would not be.
    pub became_unknown: u64,
    /// Rides whose fare was not known and would be.
    pub became_known: u64,
    /// Rides whose fare is known under neither.
    pub unknown: u64,
    /// Rides that the taps make under one policy only, because the longest journey differs.
    pub paired_otherwise: u64,
    /// The accounts that would pay most more, the largest rise first.
    pub rises: Vec<AccountRise>,
    /// How many accounts would pay more, less, the same.
    pub accounts: [u64; 3],
}

impl Comparison {
    pub(super) fn make(
        policies: [&str; 2],
        currency: Currency,
        old: &Rides,
        new: &Rides,
        listed: usize,
    ) -> Result<Self, LabError> {
        let mut report = Comparison {
            policies: policies.map(str::to_owned),
            currency,
            rides: [old.0.len() as u64, new.0.len() as u64],
            total: Line::default(),
            by_route: BTreeMap::new(),
            by_rider: BTreeMap::new(),
            by_funder: BTreeMap::new(),
            became_unknown: 0,
            became_known: 0,
            unknown: 0,
            paired_otherwise: 0,
            rises: Vec::new(),
            accounts: [0; 3],
        };
        let mut accounts: BTreeMap<&str, [Minor; 2]> = BTreeMap::new();
        let keys: BTreeSet<&Key> = old.0.keys().chain(new.0.keys()).collect();
        for key in keys {
            let rides = [old.0.get(key), new.0.get(key)];
            report.add(rides)?;
            let account = accounts.entry(&key.account).or_default();
            for (sum, ride) in account.iter_mut().zip(rides) {
                if let Some(paid) = ride.and_then(|ride| ride.paid.as_ref()) {
                    *sum = sum.plus(paid.rider)?;
                }
            }
        }
        report.rank(accounts, listed)?;
        Ok(report)
    }

    fn add(&mut self, rides: [Option<&Ride>; 2]) -> Result<(), MoneyError> {
        let paid = rides.map(|ride| ride.and_then(|ride| ride.paid.as_ref()));
        match (rides, paid) {
            ([Some(_), Some(_)], [Some(_), None]) => self.became_unknown += 1,
            ([Some(_), Some(_)], [None, Some(_)]) => self.became_known += 1,
            ([Some(_), Some(_)], [None, None]) => self.unknown += 1,
            ([Some(_), Some(_)], [Some(_), Some(_)]) => {}
            _ => self.paired_otherwise += 1,
        }
        let Some(ride) = rides.into_iter().flatten().next() else { return Ok(()) };
        let changed = rides[0].is_some() != rides[1].is_some() || paid[0] != paid[1];
        let lines = [
            &mut self.total,
            self.by_route.entry(ride.route.clone()).or_default(),
            self.by_rider.entry(ride.rider.clone()).or_default(),
        ];
        for line in lines {
            line.changed += u64::from(changed);
            for (sums, paid) in [&mut line.old, &mut line.new].into_iter().zip(paid) {
                paid.map_or(Ok(()), |paid| sums.add(paid))?;
            }
        }
        for (side, paid) in paid.iter().enumerate() {
            for (funder, amount) in paid.iter().flat_map(|paid| &paid.funded) {
                let line = self.by_funder.entry(funder.clone()).or_default();
                line.rides[side] += 1;
                line.funded[side] = line.funded[side].plus(*amount)?;
            }
        }
        Ok(())
    }

    fn rank(&mut self, accounts: BTreeMap<&str, [Minor; 2]>, listed: usize) -> Result<(), MoneyError> {
        for (account, [old, new]) in accounts {
            let rise = new.minus(old)?;
            let class = usize::from(!rise.is_positive()) + usize::from(rise.is_zero());
            self.accounts[class] += 1;
            if rise.is_positive() {
                self.rises.push(AccountRise { account: account.to_owned(), old, new, rise });
            }
        }
        self.rises.sort_by(|a, b| (b.rise, &a.account).cmp(&(a.rise, &b.account)));
        self.rises.truncate(listed);
        Ok(())
    }

    /// True when no ride would cost anybody anything else.
    pub fn is_same(&self) -> bool {
        self.total.changed == 0
    }

    /// The report as one object; amounts in minor units.
    pub fn json(&self) -> Result<Value, LabError> {
        let lines = |lines: &BTreeMap<String, Line>| -> Result<serde_json::Map<String, Value>, LabError> {
            lines.iter().map(|(name, line)| Ok((name.clone(), line.json()?))).collect()
        };
        let funder = |(name, line): (&String, &FunderLine)| -> Result<(String, Value), LabError> {
            let [old, new] = line.funded;
            let object = json!({
                "rides": { "old": line.rides[0], "new": line.rides[1] },
                "funded": pair(old, new)?,
            });
            Ok((name.clone(), object))
        };
        let rise = |rise: &AccountRise| {
            json!({
                "account": rise.account, "old": rise.old.units(), "new": rise.new.units(),
                "rise": rise.rise.units(),
            })
        };
        Ok(json!({
            "policies": { "old": self.policies[0], "new": self.policies[1] },
            "currency": self.currency.letters(),
            "rides": { "old": self.rides[0], "new": self.rides[1] },
            "total": self.total.json()?,
            "by_route": lines(&self.by_route)?,
            "by_rider": lines(&self.by_rider)?,
            "by_funder":
                self.by_funder.iter().map(funder).collect::<Result<serde_json::Map<String, Value>, LabError>>()?,
            "became_unknown": self.became_unknown,
            "became_known": self.became_known,
            "unknown": self.unknown,
            "paired_otherwise": self.paired_otherwise,
            "accounts": { "more": self.accounts[0], "less": self.accounts[1], "same": self.accounts[2] },
            "rises": self.rises.iter().map(rise).collect::<Vec<Value>>(),
        }))
    }
}

fn pair(old: Minor, new: Minor) -> Result<Value, LabError> {
    Ok(json!({ "old": old.units(), "new": new.units(), "difference": new.minus(old)?.units() }))
}

impl Line {
    fn json(&self) -> Result<Value, LabError> {
        Ok(json!({
            "rides": { "old": self.old.rides, "new": self.new.rides },
            "changed": self.changed,
            "gross": pair(self.old.gross, self.new.gross)?,
            "rider": pair(self.old.rider, self.new.rider)?,
            "funded": pair(self.old.funded, self.new.funded)?,
        }))
    }
}

const NAME_WIDTH: usize = 24;
const AMOUNT_WIDTH: usize = 14;

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [old, new] = &self.policies;
        writeln!(f, "old {old}, new {new}, amounts in {}", self.currency)?;
        writeln!(f, "rides {} old, {} new; {} changed", self.rides[0], self.rides[1], self.total.changed)?;
        writeln!(
            f,
            "fares: {} became unknown, {} became known, {} unknown under both, {} paired otherwise",
            self.became_unknown, self.became_known, self.unknown, self.paired_otherwise
        )?;
        let [more, less, same] = self.accounts;
        writeln!(f, "accounts: {more} pay more, {less} pay less, {same} pay the same")?;
        self.table(f, "route", &self.by_route)?;
        self.table(f, "rider", &self.by_rider)?;
        if !self.by_funder.is_empty() {
            self.head(f, "funder", &["funded"])?;
            for (name, line) in &self.by_funder {
                self.row(f, name, line.rides[1], &[line.funded])?;
            }
        }
        if !self.rises.is_empty() {
            writeln!(
                f,
                "\n{:<NAME_WIDTH$} {:>AMOUNT_WIDTH$} {:>AMOUNT_WIDTH$} {:>AMOUNT_WIDTH$}",
                "account", "old", "new", "rise"
            )?;
            for AccountRise { account, old, new, rise } in &self.rises {
                let [old, new, rise] = [old, new, rise].map(|amount| self.currency.format_amount(*amount));
                writeln!(
                    f,
                    "{account:<NAME_WIDTH$} {old:>AMOUNT_WIDTH$} {new:>AMOUNT_WIDTH$} {rise:>AMOUNT_WIDTH$}"
                )?;
            }
        }
        Ok(())
    }
}

impl Comparison {
    fn table(&self, f: &mut fmt::Formatter<'_>, what: &str, lines: &BTreeMap<String, Line>) -> fmt::Result {
        self.head(f, what, &["gross", "rider", "funded"])?;
        let named = lines.iter().map(|(name, line)| (name.as_str(), line));
        for (name, line) in named.chain([("all", &self.total)]) {
            let Line { old, new, .. } = line;
            let pairs = [[old.gross, new.gross], [old.rider, new.rider], [old.funded, new.funded]];
            self.row(f, name, new.rides, &pairs)?;
        }
        Ok(())
    }

    fn head(&self, f: &mut fmt::Formatter<'_>, what: &str, sums: &[&str]) -> fmt::Result {
        write!(f, "\n{what:<NAME_WIDTH$} {:>8}", "rides")?;
        for sum in sums {
            let [old, new] = [format!("{sum} old"), format!("{sum} new")];
            write!(f, " {old:>AMOUNT_WIDTH$} {new:>AMOUNT_WIDTH$} {:>AMOUNT_WIDTH$}", "difference")?;
        }
        writeln!(f)
    }

    fn row(&self, f: &mut fmt::Formatter<'_>, name: &str, rides: u64, pairs: &[[Minor; 2]]) -> fmt::Result {
        write!(f, "{name:<NAME_WIDTH$} {rides:>8}")?;
        for [old, new] in pairs {
            // A difference that does not fit is shown as such; the sums themselves did fit.
            let difference =
                new.minus(*old).map_or("?".to_owned(), |amount| self.currency.format_amount(amount));
            let [old, new] = [old, new].map(|amount| self.currency.format_amount(*amount));
            write!(f, " {old:>AMOUNT_WIDTH$} {new:>AMOUNT_WIDTH$} {difference:>AMOUNT_WIDTH$}")?;
        }
        writeln!(f)
    }
}
