//! Why a leg costs what it costs: facts with stable codes, put together while it is priced.

use crate::model::{Priced, UnknownFare};
use primitives::{EventTime, Minor, PartyNo, Text};

/// The fare of one leg and everything that led to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// The fare.
    pub priced: Priced,
    /// The facts, in the order they were established.
    pub facts: Vec<Fact>,
    /// The leg, in event-time order, whose ticket this leg travels on without a tap of its own.
    pub(crate) ticket_of: Option<usize>,
}

/// Why something that might have applied did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Because {
    /// Another one costs the rider less.
    Dearer,
    /// Another one costs the same and ranks first.
    RanksLater,
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
}

/// One thing that was established while a leg was priced. Rows are named as `file:line` without the file's ending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
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
    /// A row of a rider's formula changed the price.
    Formula {
        /// Its row.
        row: Text,
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
