//! Why a leg costs what it costs: facts with stable codes, put together while it is priced.

mod fields;
mod text;

pub use fields::Value;
pub use text::Language;

use crate::groups::Ticket;
use crate::model::{Fare, Leg, Priced, UnknownFare};
use crate::policy::Policy;
use primitives::{EventTime, Minor, PartyNo, Text};

/// The fare of one leg and everything that led to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// The fare.
    pub priced: Priced,
    /// The facts, in the order they were established.
    pub facts: Vec<Fact>,
    /// The leg, in event-time order, whose ticket this leg travels on without a tap of its own.
    pub(crate) ticket_of: Option<Ticket>,
}

impl Explained {
    /// Tells what a later leg on this leg's ticket established of the whole; that leg tells no more than that it belongs to it.
    pub(crate) fn take_facts(&mut self, later: &mut Explained) {
        if matches!(later.priced.fare, Fare::Unknown(_)) {
            return;
        }
        let of_whole = later.facts.iter().filter(|fact| !matches!(fact, Fact::Ride { .. }));
        self.facts.extend(of_whole.cloned());
        later.facts.retain(|fact| matches!(fact, Fact::Ride { .. } | Fact::Joined { .. }));
    }
}

/// Why something that might have applied did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Because {
    /// Another one costs the rider less.
    Dearer,
    /// Another one costs the same and ranks first.
    RanksLater,
    /// Another one has a higher priority.
    LowerPriority,
    /// Too much time had passed.
    TimeUp,
    /// Used as often as it may be.
    UsedUp,
    /// The fare medium is not one of those it is for.
    Medium,
    /// The rider category is not one of those it is for.
    Rider,
    /// The same route twice.
    SameRoute,
    /// There was no tap-off.
    NoTapOff,
    /// A new day had begun.
    NewDay,
    /// Something else came between.
    Interrupted,
    /// It would not have lowered the price.
    NoGain,
    /// The fare product is not one of those it is for.
    Product,
}

/// One thing that was established while a leg was priced. Rows are named as `file:line` without the file's ending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// What was priced. It comes first.
    Ride {
        /// The version of the policy.
        policy: Text,
        /// The leg, as it was given.
        leg: Box<Leg>,
        /// The network of the route, when there is one.
        network: Option<Text>,
        /// The areas of the first stop.
        from_areas: Vec<Text>,
        /// The areas of the last stop.
        to_areas: Vec<Text>,
    },
    /// No price can be given.
    Unknown {
        /// Why.
        reason: UnknownFare,
    },
    /// A leg rule won.
    Rule {
        /// Its row.
        row: Text,
        /// What it sells.
        product: Text,
        /// Its leg group.
        leg_group: Option<Text>,
        /// The timeframe that it asks for.
        timeframe: Option<Text>,
        /// What that alone costs the rider.
        rider: Minor,
    },
    /// A leg rule, or another way to combine legs, that did not win.
    Lost {
        /// Its row.
        row: Text,
        /// What it sells.
        product: Option<Text>,
        /// What it would have cost the rider.
        rider: Option<Minor>,
        /// Why it lost.
        because: Because,
    },
    /// How far the ride went.
    Distance {
        /// In units of the method.
        units: u32,
        /// Metres a unit.
        unit_metres: u32,
        /// The method's word.
        method: &'static str,
    },
    /// The row of a product that the price was read from.
    Price {
        /// Its row.
        row: Text,
        /// The price, with what distance adds.
        amount: Minor,
    },
    /// The rider has no price of their own and pays as another category.
    Fallback {
        /// That category.
        rider: Text,
    },
    /// A rider's own price, or formula, changed the price.
    Formula {
        /// Its rows, in the order of the steps.
        rows: Vec<Text>,
        /// The price before.
        before: Minor,
        /// The price after.
        after: Minor,
        /// Who pays the difference.
        funder: PartyNo,
    },
    /// The leg is priced together with legs before it.
    Joined {
        /// The row that says so.
        row: Text,
        /// How many legs are one now.
        legs: usize,
        /// Seconds between tap-off and tap-on, when both are known.
        gap_seconds: Option<i64>,
    },
    /// The leg is not priced together with the leg before it although a row speaks of them.
    NotJoined {
        /// The row.
        row: Text,
        /// Why not.
        because: Because,
    },
    /// A window took the leg.
    Window {
        /// The window.
        id: Text,
        /// True when this leg opened it.
        opened: bool,
        /// When it was opened, or last extended.
        since: EventTime,
        /// Seconds from then to this leg.
        elapsed_seconds: i64,
        /// The limit, in seconds.
        limit_seconds: Option<i64>,
        /// What the leg costs alone.
        full: Minor,
        /// What it costs in the window.
        paid: Minor,
    },
    /// A window that was open did not take the leg.
    NotWindow {
        /// The window.
        id: Text,
        /// Why not.
        because: Because,
    },
    /// A transfer rule was used.
    Transfer {
        /// Its row.
        row: Text,
        /// What it sells.
        product: Option<Text>,
        /// What the leg would have cost without it.
        full: Minor,
        /// What the leg adds with it.
        paid: Minor,
    },
    /// A transfer rule that speaks of the change was not used.
    NotTransfer {
        /// Its row.
        row: Text,
        /// Why not.
        because: Because,
    },
    /// The legs before are combined in another way now, and cost that much more than they did.
    Reread {
        /// How much more.
        change: Minor,
    },
    /// A surcharge was added.
    Surcharge {
        /// The surcharge.
        id: Text,
        /// How much.
        amount: Minor,
    },
    /// A campaign took something off.
    Campaign {
        /// The campaign.
        id: Text,
        /// How much.
        reduction: Minor,
        /// Which ride of the quota this is, from 1.
        used: u32,
        /// The quota, when there is one.
        quota: Option<u32>,
        /// Who pays it.
        funder: PartyNo,
    },
    /// A campaign that might have applied did not.
    NotCampaign {
        /// The campaign.
        id: Text,
        /// Why not.
        because: Because,
    },
    /// A cap covers the leg.
    Cap {
        /// The cap.
        id: Text,
        /// The first moment of the period.
        from: EventTime,
        /// The first moment after it.
        until: EventTime,
        /// What is paid at most, when it is a sum of money.
        limit: Option<Minor>,
        /// Rides after which the rest is free, when it counts rides.
        rides_limit: Option<u32>,
        /// Paid before this leg.
        before: Minor,
        /// Paid with this leg.
        after: Minor,
        /// What the cap took off.
        reduction: Minor,
    },
    /// A pass or ticket book pays.
    Pass {
        /// The product.
        product: Text,
        /// Rides left in it, when they are counted.
        rides_left: Option<u32>,
        /// Until when it holds, when that is known.
        until: Option<EventTime>,
    },
    /// A pass that is held does not pay.
    NotPass {
        /// The product.
        product: Text,
        /// Why not.
        because: Because,
    },
    /// The ride is not whole.
    Incomplete {
        /// The row that prices it.
        row: Text,
        /// What is wrong with it, as the word of the format.
        kind: &'static str,
        /// True while a later tap may still change it.
        provisional: bool,
    },
    /// What an operator earns, when it is not simply the leg's own.
    Share {
        /// The operator.
        party: PartyNo,
        /// How much.
        amount: Minor,
        /// The method's word.
        method: &'static str,
    },
}

impl Fact {
    /// What is priced, with the places that leg rules look at.
    pub(crate) fn ride(policy: &Policy, leg: &Leg) -> Fact {
        let areas = |stop: &Option<Text>| {
            let stop = stop.as_ref().and_then(|stop| policy.stop_ids.find(stop.as_str()));
            policy.areas_of(stop).iter().map(|area| policy.area_ids.get(*area).clone()).collect()
        };
        let network = policy.route_row(leg.route.as_str()).and_then(|row| row.network);
        Fact::Ride {
            policy: policy.id.clone(),
            leg: Box::new(leg.clone()),
            network: network.map(|network| policy.network_ids.get(network).clone()),
            from_areas: areas(&leg.from),
            to_areas: areas(&leg.to),
        }
    }
}
