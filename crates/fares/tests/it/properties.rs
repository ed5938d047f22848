//! What must hold for every policy and every leg.

use crate::{at, hcmc_files, shown, text};
use fares::{Fare, Files, Leg, Policy, Shape, load, price};
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

/// A file with its rows in another order.
fn shuffled(bytes: &[u8], seed: u64) -> Vec<u8> {
    let text = std::str::from_utf8(bytes).unwrap();
    let mut rows: Vec<&str> = text.lines().collect();
    let header = rows.remove(0);
    let mut state = seed | 1;
    for index in (1..rows.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        rows.swap(index, (state >> 33) as usize % (index + 1));
    }
    format!("{header}\n{}\n", rows.join("\n")).into_bytes()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn gross_is_the_riders_part_and_every_funders_part(legs in prop::collection::vec(leg(), 1..60)) {
        for (leg, priced) in legs.iter().zip(price(&CITY, &legs)) {
            let Fare::Known { gross, rider, funded } = &priced.fare else {
                prop_assert!(priced.product.is_none() && priced.rules.is_empty());
                continue;
            };
            let parts = Minor::sum(funded.iter().map(|part| part.amount)).unwrap();
            prop_assert_eq!(rider.plus(parts), Ok(*gross), "{:?}", leg);
            prop_assert!(!rider.is_negative());
            prop_assert!(funded.iter().all(|part| part.amount.is_positive() && CITY.party_by_no(part.party).is_some()));
            prop_assert!(funded.windows(2).all(|pair| pair[0].party < pair[1].party));
            prop_assert!(!priced.rules.is_empty());
            // The gross fare is what the default rider pays with the same medium.
            let adult = Leg { rider: CITY.default_rider().clone(), ..leg.clone() };
            prop_assert_eq!(shown(&price(&CITY, &[adult])[0]), format!("{gross} {gross}"));
        }
    }

    #[test]
    fn legs_in_another_order_cost_the_same(legs in prop::collection::vec(leg(), 1..40), turn in 0_usize..40) {
        let straight = price(&CITY, &legs);
        let turn = turn % legs.len();
        let mut turned = legs.clone();
        turned.rotate_left(turn);
        turned.reverse();
        let mut back = price(&CITY, &turned);
        back.reverse();
        back.rotate_right(turn);
        prop_assert_eq!(back, straight.clone());
        for (leg, priced) in legs.iter().zip(straight) {
            prop_assert_eq!(price(&CITY, std::slice::from_ref(leg)), vec![priced]);
        }
    }

    #[test]
    fn rows_in_another_order_give_the_same_fares(legs in prop::collection::vec(leg(), 1..60), seed: u64) {
        let files: Files = hcmc_files().into_iter().map(|(name, bytes)| (name, shuffled(&bytes, seed))).collect();
        let other = load(&files).unwrap();
        for (one, two) in price(&CITY, &legs).into_iter().zip(price(&other, &legs)) {
            prop_assert_eq!((one.fare, one.product), (two.fare, two.product));
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

    #[test]
    fn no_bytes_make_the_loader_fail_other_than_by_errors(
        file in 0_usize..16,
        at in 0_usize..4_000,
        bytes in prop::collection::vec(any::<u8>(), 0..40),
        cut in 0_usize..60,
    ) {
        let mut files = hcmc_files();
        let name = files.keys().nth(file % files.len()).unwrap().clone();
        let content = files.get_mut(&name).unwrap();
        let start = at % content.len();
        let end = (start + cut).min(content.len());
        content.splice(start..end, bytes);
        if let Err(errors) = load(&files) {
            prop_assert!(!errors.is_empty());
            prop_assert!(errors.iter().all(|error| !error.file.is_empty() && !error.message.is_empty()));
        }
    }
}
