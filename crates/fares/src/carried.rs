//! What is remembered of legs that are no longer given: counters of periods, and passes held. Ids are texts, so that it
//! outlives a version of the policy.

use primitives::{EventTime, Minor, ServiceDate, Text};

/// Everything carried from one call to the next for one account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Carried {
    /// One a cap, medium and open period.
    pub caps: Vec<CapCounter>,
    /// One a campaign, medium and day, or for the whole campaign.
    pub campaigns: Vec<CampaignCounter>,
    /// Passes and ticket books, in the order they were bought.
    pub passes: Vec<HeldPass>,
}

/// What was ridden under a cap in one period.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CapCounter {
    /// The cap.
    pub cap: Text,
    /// The medium, for caps per medium.
    pub medium: Option<Text>,
    /// The first moment of the period.
    pub from: EventTime,
    /// The first moment after it.
    pub until: EventTime,
    /// What was held against the limit.
    pub counted: Minor,
    /// What the legs would have cost the rider without this cap.
    pub uncapped: Minor,
    /// What the rider paid of it.
    pub charged: Minor,
    /// Rides that counted.
    pub rides: u32,
    /// The area sets that no longer hold all of the period's travel.
    pub left: Vec<Text>,
}

/// How often a campaign was used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CampaignCounter {
    /// The campaign.
    pub campaign: Text,
    /// The medium, for quotas per medium.
    pub medium: Option<Text>,
    /// The service day, for quotas of a day; none for the whole campaign.
    pub day: Option<ServiceDate>,
    /// Rides so far.
    pub used: u32,
}

/// A pass or ticket book somebody holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeldPass {
    /// The fare product.
    pub product: Text,
    /// The medium it is on; none when it goes with the account.
    pub medium: Option<Text>,
    /// When it was bought.
    pub bought_at: EventTime,
    /// When its time began; none until then.
    pub active_from: Option<EventTime>,
    /// Rides taken with it.
    pub rides: u32,
    /// The service day of the last ride taken with it.
    pub day: Option<ServiceDate>,
    /// Rides of that day.
    pub day_rides: u32,
}
