//! Who may ride as whom in Ho Chi Minh City, at the edges of ages and proofs.

use crate::shown;
use crate::support::{city, city_files, leg};
use crate::words::proof;
use fares::{Leg, Policy, Proof, load, price, rider_for};

/// A ride of somebody with these proofs (between `/`): as whom, and at what price.
fn check(policy: &Policy, proofs: &str, ride: &str, expect: &str) {
    let proofs: Vec<Proof> = proofs.split('/').filter(|words| !words.is_empty()).map(proof).collect();
    let asked = leg(policy, &format!("adult card {ride}"));
    let rider = rider_for(policy, &proofs, &asked);
    let fare = shown(&price(policy, &[Leg { rider: rider.clone(), ..asked }])[0]);
    assert_eq!(format!("{rider} {fare}"), expect, "{proofs:?} {ride}");
}

const METRO: &str = "M1 M1-01 M1-14 2026-03-03T08:00 08:40";
const BUS: &str = "10 - - 2026-03-03T08:00";
const STAGE: &str = "171 R171-1 R171-2 2026-03-03T08:00 08:40";

/// Golden scenario 3: the day after the proof's last day the same card is an adult's.
#[test]
fn g03_a_student_is_one_to_the_last_day_of_the_proof() {
    let policy = city("hcmc");
    for proof in ["school_card until=2026-05-31", "student_registration until=2026-05-31"] {
        check(&policy, proof, "10 - - 2026-05-31T08:00", "student 7000 3000 20:4000");
        // The night after belongs to the last day.
        check(&policy, proof, "10 - - 2026-06-01T03:59", "student 7000 3000 20:4000");
        check(&policy, proof, "10 - - 2026-06-01T04:00", "adult 7000 7000");
        check(&policy, proof, "M1 M1-01 M1-14 2026-05-31T08:00 08:40", "student 19000 9500 20:9500");
    }
    check(&policy, "", BUS, "adult 7000 7000");
}

/// Golden scenario 10: the eve of a sixtieth birthday and the morning of it. The age comes with the proof; on which day
/// somebody born on 29 February grows older is decided where it is computed.
#[test]
fn g10_the_elderly_ride_free_from_sixty() {
    let policy = city("hcmc");
    check(
        &policy,
        "citizen_id age=59",
        "M1 M1-01 M1-14 2026-03-03T23:55 2026-03-04T00:20",
        "adult 19000 19000",
    );
    check(&policy, "citizen_id age=60", "M1 M1-01 M1-14 2026-03-04T07:00 07:40", "elderly 19000 0 20:19000");
    for (age, expect) in
        [(59, "adult 7000 7000"), (60, "elderly 7000 0 20:7000"), (61, "elderly 7000 0 20:7000")]
    {
        check(&policy, &format!("citizen_id age={age}"), BUS, expect);
    }
    // A card that shows no age proves none, and another paper does not prove age.
    check(&policy, "citizen_id", BUS, "adult 7000 7000");
    check(&policy, "school_card age=70", BUS, "student 7000 3000 20:4000");
    // Routes without subsidy give nothing away.
    check(&policy, "citizen_id age=80", STAGE, "adult 15000 15000");
}

/// One source says 70: the age is a row of one network and one day, and changes there.
#[test]
fn the_disputed_age_is_data_of_network_and_day() {
    let mut files = city_files("hcmc");
    let rows = String::from_utf8(files["rider_eligibility.txt"].clone()).unwrap();
    let metro = "elderly,citizen_id,metro_1,60,,2026-01-01,,adult,2\n";
    assert!(rows.contains(metro));
    let later = metro.replace(",60,,2026-01-01", ",60,,2026-07-01");
    let rows = rows.replace(metro, &format!("{}{later}", metro.replace(",60,", ",70,")));
    files.insert("rider_eligibility.txt".into(), rows.into_bytes());
    let policy = load(&files).unwrap();
    let (free, paid) = ("elderly 19000 0 20:19000", "adult 19000 19000");
    check(&policy, "citizen_id age=69", METRO, paid);
    check(&policy, "citizen_id age=70", METRO, free);
    check(&policy, "citizen_id age=60", BUS, "elderly 7000 0 20:7000");
    check(&policy, "citizen_id age=60", "M1 M1-01 M1-14 2026-06-30T08:00 08:40", paid);
    check(&policy, "citizen_id age=60", "M1 M1-01 M1-14 2026-07-01T08:00 08:40", free);
}

/// Golden scenario 11: free until the day before the sixth birthday; on the metro only beside an adult.
#[test]
fn g11_a_child_is_free_below_six_and_not_alone_on_the_metro() {
    let policy = city("hcmc");
    check(&policy, "guardian age=5", METRO, "child6 19000 0 20:19000");
    check(&policy, "guardian age=6", METRO, "adult 19000 19000");
    check(&policy, "citizen_id age=5", METRO, "adult 19000 19000");
    check(&policy, "citizen_id age=5", BUS, "child6 7000 0 20:7000");
    check(&policy, "citizen_id age=6", BUS, "adult 7000 7000");
    check(&policy, "guardian age=5", STAGE, "adult 15000 15000");
}

#[test]
fn papers_open_their_category_and_the_cheapest_lawful_one_rides() {
    let policy = city("hcmc");
    check(&policy, "merit_paper", METRO, "merit 19000 0 20:19000");
    check(&policy, "disability_paper", BUS, "disability 7000 0 20:7000");
    check(&policy, "merit_paper", STAGE, "adult 15000 15000");
    check(&policy, "school_card/disability_paper", BUS, "disability 7000 0 20:7000");
    check(&policy, "disability_paper/merit_paper/citizen_id age=70", BUS, "merit 7000 0 20:7000");
    check(&policy, "merit_paper until=2026-03-02", BUS, "adult 7000 7000");
}

/// Poor households are not in the published list. The price stands in the files; a row that names the proof opens it.
#[test]
fn poor_households_pay_as_adults_until_a_row_names_their_proof() {
    let policy = city("hcmc");
    check(&policy, "poor_household_list", BUS, "adult 7000 7000");
    check(&policy, "poor_household_list", METRO, "adult 19000 19000");
    let mut files = city_files("hcmc");
    let rows = String::from_utf8(files["rider_eligibility.txt"].clone()).unwrap();
    let open = rows.replace("poor_household,,", "poor_household,poor_household_list,");
    assert_ne!(open, rows);
    files.insert("rider_eligibility.txt".into(), open.into_bytes());
    let policy = load(&files).unwrap();
    check(&policy, "poor_household_list", BUS, "poor_household 7000 0 20:7000");
    check(&policy, "poor_household_list", METRO, "poor_household 19000 0 20:19000");
    check(&policy, "poor_household_list", STAGE, "adult 15000 15000");
}
