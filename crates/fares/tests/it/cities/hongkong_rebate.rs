//! Hong Kong: a quarter of what a card spent above a threshold in a month comes back.

use crate::support::{city, leg};
use fares::rebates;
use primitives::Minor;

#[test]
fn the_subsidy_of_a_month() {
    let policy = city("hongkong");
    let given = |spent: &[(&str, &str, i64)]| -> Vec<i64> {
        let paid = |(medium, at, amount): &(&str, &str, i64)| {
            (leg(&policy, &format!("adult {medium} MTR - - {at}")), Minor::new(*amount))
        };
        let found = rebates(&policy, &spent.iter().map(paid).collect::<Vec<_>>()).unwrap();
        found.iter().map(|rebate| rebate.amount.units()).collect()
    };
    // Published: 1,000, 1,200 and 500 dollars. Below, on and above both edges.
    for (spent, back) in [
        (100_000, 15_000),
        (120_000, 20_000),
        (50_000, 2_500),
        (39_999, 0),
        (40_000, 0),
        (40_004, 1),
        (159_996, 29_999),
        (160_000, 30_000),
        (160_004, 30_000),
        (200_000, 30_000),
    ] {
        let expect: Vec<i64> = Some(back).filter(|back| *back > 0).into_iter().collect();
        assert_eq!(given(&[("octopus", "2019-05-10T08:00", spent)]), expect, "{spent}");
    }
    assert_eq!(given(&[("cash", "2019-05-10T08:00", 100_000)]), [0; 0]);
    // The month ends at midnight.
    let edge = [("octopus", "2019-05-31T23:59:59", 50_000), ("octopus", "2019-06-01T00:00:00", 50_000)];
    assert_eq!(given(&edge), [2_500, 2_500]);
    assert_eq!(given(&[edge[0], ("octopus", "2019-05-01T00:00:00", 50_000)]), [15_000]);
}
