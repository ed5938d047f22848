//! What a run comes to, in the form in which two runs are compared.

use ledger::{Chart, Position, PositionsDigest};
use primitives::{AccountId, Digest, Minor, PartyNo, ServiceDate, TapId};
use std::collections::BTreeMap;

/// What a leg came to in the end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sold {
    pub shape: &'static str,
    pub flags: Vec<&'static str>,
    pub exit: Option<TapId>,
    /// The sum of what all versions posted.
    pub gross: i64,
    pub rider: i64,
    pub funded: BTreeMap<PartyNo, i64>,
}

/// Card account, account of the chart, owner, service date.
pub type Place = (i64, Chart, i64, ServiceDate);

/// Where everything ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Books {
    pub posted: usize,
    pub duplicate: usize,
    pub quarantined: usize,
    /// Requests and whether they were granted.
    pub verdicts: BTreeMap<TapId, bool>,
    /// Every leg that stands.
    pub legs: BTreeMap<TapId, Sold>,
    /// Value less debt.
    pub balances: BTreeMap<AccountId, i64>,
    /// Counters of caps and quotas, and passes, as the next leg would find them.
    pub counters: BTreeMap<AccountId, fares::Carried>,
    /// Net of each place, zeros left out: balances, operators' shares, funders' and acquirers' debts.
    pub positions: BTreeMap<Place, i64>,
}

impl Books {
    /// Adds to a place. A card's value and its debt are one place.
    pub fn put(&mut self, (account, chart, owner, date): Place, net: i64) {
        let place = (account, chart.in_positions(), owner, date);
        let sum = self.positions.entry(place).or_default();
        *sum += net;
        if *sum == 0 {
            self.positions.remove(&place);
        }
    }

    /// The order-free digest of the positions.
    pub fn digest(&self) -> Digest {
        let mut digest = PositionsDigest::default();
        for ((account, chart, owner, service_date), net) in &self.positions {
            let (account, chart, owner, service_date) = (*account, *chart, *owner, *service_date);
            digest
                .add(Position { account, chart, owner, service_date, net: Minor::new(*net) })
                .expect("a map is in order");
        }
        digest.finish()
    }

    /// Some kind of counter, one by one.
    fn each<T: Clone>(&self, kind: impl Fn(&fares::Carried) -> &Vec<T>) -> BTreeMap<(AccountId, usize), T> {
        let numbered = self.counters.iter().flat_map(|(account, carried)| {
            kind(carried).iter().enumerate().map(|(number, counter)| ((*account, number), counter.clone()))
        });
        numbered.collect()
    }

    /// The first things that differ, for a person; nothing when the books agree.
    pub fn differences(&self, expect: &Books) -> Vec<String> {
        let mut found = Vec::new();
        let counts = |books: &Books| (books.posted, books.duplicate, books.quarantined);
        if counts(self) != counts(expect) {
            found.push(format!("counts {:?}, expected {:?}", counts(self), counts(expect)));
        }
        compare("verdict", &self.verdicts, &expect.verdicts, &mut found);
        compare("leg", &self.legs, &expect.legs, &mut found);
        compare("balance", &self.balances, &expect.balances, &mut found);
        compare(
            "caps",
            &self.each(|carried| &carried.caps),
            &expect.each(|carried| &carried.caps),
            &mut found,
        );
        let campaigns = |books: &Books| books.each(|carried| &carried.campaigns);
        compare("campaigns", &campaigns(self), &campaigns(expect), &mut found);
        compare("counters", &self.counters, &expect.counters, &mut found);
        compare("position", &self.positions, &expect.positions, &mut found);
        if found.is_empty() && self.digest() != expect.digest() {
            found.push("the digests differ".to_owned());
        }
        found
    }
}

fn compare<K: Ord + std::fmt::Debug, V: PartialEq + std::fmt::Debug>(
    what: &str,
    got: &BTreeMap<K, V>,
    expect: &BTreeMap<K, V>,
    found: &mut Vec<String>,
) {
    let keys: std::collections::BTreeSet<&K> = got.keys().chain(expect.keys()).collect();
    let differ = keys.into_iter().filter(|key| got.get(key) != expect.get(key));
    found.extend(
        differ.take(3).map(|key| {
            format!("{what} {key:?}\n     got {:?}\n  expect {:?}", got.get(key), expect.get(key))
        }),
    );
}
