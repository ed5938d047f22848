//! What things are called: parties, routes, stops, accounts, as the policies and the chart name them.

use crate::i18n::Lang;
use crate::problem::Problem;
use crate::visit::{Plain, Visit};
use engine::report::RideSums;
use fares::Policy;
use ledger::Chart;
use primitives::{Minor, PartyNo};
use std::collections::BTreeMap;
use std::sync::LazyLock;

static CHART: LazyLock<BTreeMap<Chart, ledger::Label>> = LazyLock::new(|| {
    let labels = ledger::chart::labels(ledger::chart::LABELS).unwrap_or_default();
    labels.into_iter().map(|label| (label.chart, label)).collect()
});

impl Visit {
    /// A name from the newest policy that has one.
    fn named<T>(&self, name: impl Fn(&Policy) -> Option<T>) -> Option<T> {
        self.state.policies().iter().filter_map(name).last()
    }

    /// The name of a party; its number when no policy names it.
    pub fn party(&self, no: impl Plain<PartyNo>) -> String {
        let no = no.plain();
        let name = self.named(|policy| policy.party_by_no(no).map(|party| party.name.clone()));
        name.unwrap_or_else(|| format!("№ {no}"))
    }

    /// The name of a stop; its id when no policy names it.
    pub fn stop(&self, stop: &str) -> String {
        self.named(|policy| policy.stop_name(stop).map(str::to_owned)).unwrap_or_else(|| stop.to_owned())
    }

    /// The name of a rider category; its id when no policy names it.
    pub fn rider(&self, category: &str) -> String {
        self.named(|policy| policy.rider_name(category).map(str::to_owned))
            .unwrap_or_else(|| category.to_owned())
    }

    /// The name of a fare medium; its id when no policy names it.
    pub fn medium(&self, medium: &str) -> String {
        self.named(|policy| policy.medium_name(medium).map(str::to_owned))
            .unwrap_or_else(|| medium.to_owned())
    }

    /// The name of a route, with its id in front when the name does not say it.
    pub fn route(&self, route: &str) -> String {
        match self.named(|policy| policy.route(route).map(|found| found.name.to_owned())) {
            Some(name) if !name.is_empty() && name != route => format!("{route} · {name}"),
            _ => route.to_owned(),
        }
    }

    /// The name of an account of the chart.
    pub fn account(&self, chart: Chart) -> String {
        match (CHART.get(&chart), self.lang) {
            (Some(label), Lang::Vi) => label.name_vi.clone(),
            (Some(label), Lang::En) => label.name_en.clone(),
            (None, _) => chart.code().to_owned(),
        }
    }

    /// The name of the owner of a line; none where an account has no owners.
    pub fn owner(&self, chart: Chart, owner: i64) -> Option<String> {
        match chart.owner_kind() {
            ledger::Owner::None => None,
            ledger::Owner::Account if owner == 0 => Some(self.t("all-cards")),
            ledger::Owner::Account => Some(owner.to_string()),
            ledger::Owner::Party => {
                Some(u32::try_from(owner).map_or_else(|_| owner.to_string(), |no| self.party(PartyNo(no))))
            }
        }
    }
}

/// A sum for a line of sums.
pub(crate) fn sum(amounts: impl IntoIterator<Item = Minor>) -> Result<Minor, Problem> {
    Minor::sum(amounts).map_err(|cause| Problem::unavailable("adding up a column", &cause))
}

/// The sums of some sums of rides.
pub(crate) fn ride_sums(parts: impl IntoIterator<Item = RideSums>) -> Result<RideSums, Problem> {
    let mut whole = RideSums::default();
    for part in parts {
        whole.rides = whole.rides.saturating_add(part.rides);
        whole.gross = sum([whole.gross, part.gross])?;
        whole.rider = sum([whole.rider, part.rider])?;
        whole.subsidy = sum([whole.subsidy, part.subsidy])?;
    }
    Ok(whole)
}
