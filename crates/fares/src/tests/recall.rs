//! Prices that are remembered.

use super::*;
use crate::{Carried, LegView, Recall};
use primitives::Days;

/// What one memory says of a bus ride at these moments, one after the other.
fn recalled(policy: &Policy, moments: &[EventTime]) -> Vec<String> {
    let (mut recall, days) = (Recall::default(), Days::default());
    let Leg { route, rider, medium, .. } = &ride("B1 - - adult card");
    let view =
        |start| LegView { route, from: None, to: None, start, end: None, shape: Shape::Ride, rider, medium };
    let ask = |start: &EventTime| recall.price_alone(policy, &Carried::default(), &days, &view(*start)).fare;
    moments.iter().map(ask).map(|fare| shown(&fare)).collect()
}

#[test]
fn where_hours_differ_a_price_holds_for_its_hour() {
    let policy = loaded(&town_with(
        "fare_leg_rules.txt",
        "network_id,from_timeframe_group_id,fare_product_id,rule_priority\nbus,,flat,0\nbus,peak,long,1\n",
    ));
    let moments = [7, 12, 7, 12].map(|hour| at("2026-03-02", hour, 0, 0));
    assert_eq!(recalled(&policy, &moments), ["9000 9000", "5000 5000", "9000 9000", "5000 5000"]);
}

#[test]
fn where_hours_are_alike_a_price_holds_for_its_day() {
    let campaigns = "campaign_id,service_id,discount_type,value,funded_by\nfree,weekday,fixed,0,friend\n";
    let mut files = town_with("fare_campaigns.txt", campaigns);
    files.remove("timeframes.txt");
    // A Sunday between two working days.
    let moments = ["2026-02-27", "2026-03-01", "2026-03-02"].map(|date| at(date, 12, 0, 0));
    assert_eq!(recalled(&loaded(&files), &moments), ["5000 0 10:5000", "5000 5000", "5000 0 10:5000"]);
}
