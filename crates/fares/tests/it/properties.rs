//! What must hold for every formula and for any one leg of a city.

use crate::{at, hcmc_files, shown, text};
use fares::{Fare, Leg, Policy, Shape, load, price};
use primitives::{Minor, Text};
use proptest::prelude::*;
use std::sync::LazyLock;

static CITY: LazyLock<Policy> = LazyLock::new(|| load(&hcmc_files()).unwrap());

fn any_of(ids: Vec<Text>) -> impl Strategy<Value = Text> {
    proptest::sample::select(ids)
}

/// Any leg of the city: known and unknown stops, every rider, medium and shape.
fn leg() -> impl Strategy<Value = Leg> {
    let metro: Vec<Text> = CITY.route_stops("M1", 0).cloned().collect();
    let routes: Vec<Text> = CITY.route_ids().cloned().chain([text("M1"), text("M1"), text("none")]).collect();
    let stop = || proptest::option::weighted(0.9, any_of(metro.clone()));
    let shape =
        proptest::sample::select(vec![Shape::Ride, Shape::Ride, Shape::MissingExit, Shape::MissingEntry]);
    let riders: Vec<Text> = CITY.rider_ids().cloned().collect();
    let media: Vec<Text> = CITY.medium_ids().cloned().collect();
    (any_of(routes), stop(), stop(), shape, any_of(riders), any_of(media), 0_i64..86_400).prop_map(
        |(route, from, to, shape, rider, medium, second)| {
            let start = at("2026-03-02", second);
            Leg { route, from, to, via: Vec::new(), start, end: Some(start), shape, rider, medium }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_gross_fare_of_one_ride_is_what_the_default_rider_pays(leg in leg()) {
        let priced = price(&CITY, std::slice::from_ref(&leg)).pop().unwrap();
        if let Fare::Known { gross, rider, .. } = &priced.fare {
            prop_assert!(!rider.is_negative() && rider <= gross);
            let adult = Leg { rider: CITY.default_rider().clone(), ..leg };
            prop_assert_eq!(shown(&price(&CITY, &[adult])[0]), format!("{gross} {gross}"));
        }
    }

    #[test]
    fn a_reduction_never_raises_a_price(
        base in 0_i64..100_000,
        points in 0_i64..=10_000,
        minus in 0_i64..100_000,
        step in 1_i64..3_000,
        mode in proptest::sample::select(vec!["half_up", "down", "up", "half_even"]),
        min in 0_i64..100_000,
    ) {
        let mut files = hcmc_files();
        let rows = format!(
            "rider_category_id,step,minus_amount,multiply_percent,rounding_step,rounding_mode,min_amount,funded_by\n\
             student,1,{minus},,,,,city_subsidy\nstudent,2,,{points},{step},{mode},{min},city_subsidy\n"
        );
        files.insert("rider_discounts.txt".into(), rows.into_bytes());
        let products = String::from_utf8(files["fare_products.txt"].clone()).unwrap();
        files.insert("fare_products.txt".into(), products.replace(",,,5000,VND", &format!(",,,{base},VND")).into_bytes());
        let policy = load(&files).unwrap();
        let leg = crate::ride("01", "-", "-", "student", "card");
        let priced = price(&policy, &[leg]).pop().unwrap();
        let Fare::Known { gross, rider, .. } = priced.fare else { panic!("{priced:?}") };
        prop_assert_eq!(gross, Minor::new(base));
        prop_assert!(Minor::ZERO <= rider && rider <= gross);
    }
}
