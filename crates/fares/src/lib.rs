//! What a ride costs, who pays which part of it, and which rules say so.
//!
//! # Job
//! Read a city's fare policy (GTFS-Fares v2 files plus small extension files) and price legs with it.
//!
//! # Shape
//! [`load`] turns [`Files`] into a [`Policy`] or every error at once · [`rate`] turns the legs of an account into
//! [`Priced`] fares, [`explain`] says why · [`Recall`] keeps the prices of legs that stand alone, for who asks for many ·
//! [`Policies`] picks the version in force · [`mod@format`] lists every file and column that is read.
//!
//! # Invariants
//! F-1 a price is a pure function of policy, what is carried, and the set of legs; F-2 gross = rider's part + every funder's part; F-3 an unknown fare
//! is an answer of its own, never 0; F-4 the order of rows in a file never changes a price; F-5 the operators' shares of a leg, where it is
//! shared, add up to its gross fare; F-6 explaining changes no fare; F-7 legs that begin further apart than the policy reaches may be
//! rated in two calls, what is carried passed on, and cost the same; F-8 a price that is remembered is the price that would be worked out.
//!
//! # Limits
//! See [`limits`]: bytes and rows of a file, networks, areas, steps of a rider's formula, legs priced as one, ways to combine legs, errors reported.
//!
//! # Not here
//! No clock, no files, no accounts, no pairing of entries with exits (`clearing`), no city.
#![deny(clippy::unwrap_used, clippy::float_arithmetic, clippy::float_cmp, clippy::lossy_float_literal)]

mod model;
mod rate;

mod carried;
mod cost;
mod part;
mod periods;
mod selector;

mod campaigns;
mod caps;
mod distance;
mod eligibility;
mod farthest;
mod geo;
mod groups;
mod incomplete;
mod joins;
mod offers;
mod passes;
mod products;
mod rebates;
mod recall;
mod riders;
mod rules;
mod sale;
mod shares;
mod surcharges;
mod timeframes;
mod transfers;
mod windows;

mod explain;

mod labels;
mod names;
mod policies;
mod policy;

pub mod format;
pub mod limits;
mod load;

pub use carried::{CampaignCounter, CapCounter, Carried, HeldPass};
pub use eligibility::{Evidence, Proof, rider_for};
pub use explain::{Because, Explained, Fact, Language, Value};
pub use labels::Named;
pub use load::load;
pub use model::{
    Fare, Files, Funded, Leg, LoadError, Party, PartyKind, PassPart, Passback, Priced, Route, Shape, Share,
    UnknownFare,
};
pub use passes::{Activation, PassKind, Refund};
pub use policies::{Policies, PoliciesError};
pub use policy::Policy;
pub use rate::{Rated, Rater, explain, price, rate};
pub use rebates::{PaidAs, Rebate, rebates};
pub use recall::{LegView, Recall};
pub use sale::{Bought, NoSale, PassPrice, PassTerms, Purchase, buy_pass};

/// Under the name it has outside, for what both kinds of tests share.
#[cfg(test)]
extern crate self as fares;
#[cfg(test)]
mod tests;
