use crate::city::City;
use crate::random::Random;
use crate::rides::{self, Trip};
use crate::tariff::{Ends, Price, Tariff, Way};
use crate::{Options, simulate};
use primitives::{EventTime, Minor, ServiceDate, Text};
use std::collections::BTreeMap;
use std::path::Path;

/// The files of a city among the fixtures.
fn city_files(name: &str) -> fares::Files {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/cities").join(name);
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.expect("a file").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        (name, std::fs::read(path).expect("its bytes"))
    };
    std::fs::read_dir(folder).expect("the fixture").map(read).collect()
}

fn day() -> ServiceDate {
    ServiceDate::parse("2026-03-02").expect("a date")
}

fn text(id: &str) -> Text {
    Text::new(id).expect("an id")
}

/// The published formula for the synthetic fares of the line: thousands per started unit of distance, within bounds;
/// without cash a thousand less.
fn cashless(metres: u64) -> i64 {
    let thousands = (metres * 10_626).div_ceil(10_000_000).clamp(7, 20);
    (i64::try_from(thousands).expect("small") - 1) * 1_000
}

#[test]
fn the_metro_matrix_is_the_formula_over_its_distances() {
    const METRES: [u64; 14] =
        [0, 715, 1706, 3520, 4438, 5596, 6553, 8207, 9673, 11066, 12810, 15190, 16765, 18821];
    let files = city_files("hcmc");
    let city = City::read(&files, day()).expect("a city");
    let tariff = Tariff::read(&files, &city).expect("prices");
    let line = &city.lines[0];
    assert_eq!(line.stations.len(), METRES.len());
    for (from, here) in line.stations.iter().zip(METRES) {
        let mut dearest = 0;
        for (to, there) in line.stations.iter().zip(METRES).filter(|(to, _)| *to != from) {
            let way = Way::Gated { from, to, ends: Ends::Both };
            let price = tariff.price(&line.route.network, way, &city.adult, &city.card).expect("a price");
            let fare = Minor::new(cashless(here.abs_diff(there)));
            assert_eq!(price, Price { gross: fare, rider: fare, funder: None }, "{from} to {to}");
            dearest = dearest.max(fare.units());
        }
        for ends in [Ends::NoExit, Ends::NoEntry] {
            let way = Way::Gated { from, to: from, ends };
            let price = tariff.price(&line.route.network, way, &city.adult, &city.card).expect("a price");
            assert_eq!(price.gross.units(), dearest, "{from}, {ends:?}");
        }
    }
}

#[test]
fn reductions_are_read_plainly() {
    let files = city_files("hcmc");
    let city = City::read(&files, day()).expect("a city");
    let tariff = Tariff::read(&files, &city).expect("prices");
    let check = |network: &str, rider: &str, gross: i64, share: i64| {
        let price = tariff.price(network, Way::Boarding, &text(rider), &city.card).expect("a price");
        assert_eq!((price.gross.units(), price.rider.units()), (gross, share), "{rider} on {network}");
        assert_eq!(price.funder.is_some(), gross != share);
    };
    check("bus_short", "adult", 5_000, 5_000);
    check("bus_middle", "adult", 6_000, 6_000);
    check("bus_long", "student", 7_000, 3_000);
    check("bus_long", "elderly", 7_000, 0);
    let line = &city.lines[0];
    let way = Way::Gated { from: &line.stations[0], to: &line.stations[13], ends: Ends::Both };
    let student = tariff.price(&line.route.network, way, &text("student"), &city.card).expect("a price");
    // Half of 19,000, rounded to 500.
    assert_eq!((student.gross.units(), student.rider.units()), (19_000, 9_500));
}

#[test]
fn a_percentage_is_rounded_as_the_policy_says() {
    let check = |percent: &str, mode: &str, share: i64| {
        let mut files = city_files("minitown");
        let row = format!(
            "rider_category_id,multiply_percent,rounding_step,rounding_mode,funded_by\n\
                           student,{percent},500,{mode},town\n"
        );
        files.insert("rider_discounts.txt".to_owned(), row.into_bytes());
        let city = City::read(&files, day()).expect("a city");
        let tariff = Tariff::read(&files, &city).expect("prices");
        let price = tariff.price("bus", Way::Boarding, &text("student"), &city.card).expect("a price");
        assert_eq!((price.gross.units(), price.rider.units()), (6_000, share), "{percent} {mode}");
        // The fare engine reads the same row.
        let policy = fares::load(&files).expect("a policy");
        let leg = fares::Leg {
            route: city.buses[0].id.clone(),
            from: None,
            to: None,
            via: Vec::new(),
            start: EventTime::from_unix_ms(1_773_100_000_000).expect("a moment"),
            end: None,
            shape: fares::Shape::Ride,
            rider: text("student"),
            medium: city.card.clone(),
        };
        let priced = fares::price(&policy, &[leg]);
        assert!(matches!(&priced[0].fare, fares::Fare::Known { rider, .. } if rider.units() == share));
    };
    // 2,250 lies half-way between 2,000 and 2,500; 1,980 and 2,100 do not.
    for (percent, half_up, down, up) in
        [("3750", 2_500, 2_000, 2_500), ("3300", 2_000, 1_500, 2_000), ("3500", 2_000, 2_000, 2_500)]
    {
        check(percent, "half_up", half_up);
        check(percent, "down", down);
        check(percent, "up", up);
    }
    check("5000", "half_up", 3_000);
}

#[test]
fn what_the_plain_reader_does_not_know_is_refused_by_name() {
    let check = |file: &str, from: &str, to: &str, says: &str| {
        let mut files = city_files("minitown");
        let text = String::from_utf8(files[file].clone()).expect("UTF-8");
        assert!(text.contains(from), "{text}");
        files.insert(file.to_owned(), text.replacen(from, to, 1).into_bytes());
        let error = City::read(&files, day()).and_then(|city| Tariff::read(&files, &city)).expect_err(says);
        assert!(error.to_string().contains(says), "{error}");
    };
    let first_row = |file: &str| {
        let text = String::from_utf8(city_files("minitown")[file].clone()).expect("UTF-8");
        text.lines().nth(1).expect("a row").to_owned()
    };
    let rule = first_row("fare_leg_rules.txt");
    check("fare_leg_rules.txt", &rule, &format!("{rule}\n{rule}"), "two rules for one ride");
    check("fare_leg_rules.txt", "network_id", "from_timeframe_group_id", "from_timeframe_group_id");
    check("fare_media.txt", "fare_media_type", "other", "no transit card");
    check("parties.txt", "party_number", "other", "party_number");
}

/// Simulates a small day of a city from edited files; what the refusal says.
fn refusal(date: &str, edit: impl Fn(&mut fares::Files)) -> Option<String> {
    let mut files = city_files("hcmc");
    edit(&mut files);
    let options = Options {
        seed: 1,
        rides: 30,
        date: ServiceDate::parse(date).expect("a date"),
        environment: "test".to_owned(),
        master_key: [7; 32],
        key_version: 1,
    };
    simulate(&options, &files).err().map(|error| error.to_string())
}

#[test]
fn a_day_on_which_more_happens_than_flat_prices_is_refused_by_name() {
    let check = |date: &str, says: Option<&str>| {
        let found = refusal(date, |_| {});
        let fits = match (&found, says) {
            (Some(found), Some(says)) => found.contains(says),
            (None, None) => true,
            _ => false,
        };
        assert!(fits, "{date}: {found:?}");
    };
    check("2026-03-02", None);
    // Free for everybody, whatever they pay with.
    check("2026-03-15", Some("campaign election_day runs on 2026-03-15"));
    check("2026-09-01", Some("national_day_futabus"));
    check("2026-09-02", Some("national_day_"));
    check("2026-09-03", None);
    // Only for media that nobody in a simulation has: a wallet on a Friday, a citizen's card on 30 April.
    check("2026-03-06", None);
    check("2026-04-30", None);
    let with_qr = |files: &mut fares::Files| {
        let sets = files.get_mut("selector_sets.txt").expect("sets");
        sets.extend_from_slice(b"friday_wallets,fare_media,qr\n");
    };
    let friday = refusal("2026-03-06", with_qr).expect("a campaign for a simulated medium");
    assert!(friday.contains("cashless_friday"), "{friday}");
    assert_eq!(refusal("2026-03-07", with_qr), None);
    assert_eq!(refusal("2027-01-01", with_qr), None);
}

#[test]
fn files_that_change_prices_otherwise_are_refused_by_name() {
    let caps = "cap_id,period,limit_type,limit_amount\n";
    let with = |rows: &'static str| {
        move |files: &mut fares::Files| {
            files.insert("fare_caps.txt".to_owned(), format!("{caps}{rows}").into_bytes());
        }
    };
    assert_eq!(refusal("2026-03-02", with("")), None);
    let found = refusal("2026-03-02", with("day,day,amount,40000\n")).expect("a cap");
    assert!(found.contains("fare_caps.txt: line 2"), "{found}");
    let stepped = |files: &mut fares::Files| {
        let steps = files.get_mut("fare_distance_steps.txt").expect("steps");
        steps.extend_from_slice(b"bus_long,1,0,,0,band,1000\n");
    };
    let found = refusal("2026-03-02", stepped).expect("a price by distance");
    assert!(found.contains("costs by distance"), "{found}");
}

#[test]
fn nobody_rides_where_distance_counts_or_as_somebody_nobody_may_be() {
    let files = city_files("hcmc");
    let city = City::read(&files, day()).expect("a city");
    assert!(city.buses.iter().all(|route| route.id.as_str() != "171") && city.buses.len() == 47);
    let concessions: Vec<&str> = city.concessions.iter().map(Text::as_str).collect();
    assert_eq!(concessions, ["student", "elderly", "merit", "disability", "child6"]);
}

#[test]
fn mornings_and_evenings_are_full_and_no_ride_hides_in_another() {
    let city = City::read(&city_files("hcmc"), day()).expect("a city");
    let (accounts, rides) = rides::draw(&city, 5_000, 1).expect("rides");
    assert_eq!(rides.len(), 5_000);
    let hour = |from: i64, to: i64| {
        rides.iter().filter(|ride| (from * 3_600_000..to * 3_600_000).contains(&ride.start)).count()
    };
    let per_hour_at_noon = hour(11, 14) / 3;
    assert!(hour(6, 8) / 2 > 2 * per_hour_at_noon, "{} against {per_hour_at_noon}", hour(6, 8) / 2);
    assert!(hour(16, 18) / 2 > 2 * per_hour_at_noon, "{} against {per_hour_at_noon}", hour(16, 18) / 2);
    assert!(hour(24, 28) > 0, "nobody rides after midnight");
    assert_eq!(hour(0, 5) + hour(28, 48), 0);
    let mut last: BTreeMap<usize, i64> = BTreeMap::new();
    for ride in &rides {
        if let Some(before) = last.insert(ride.account, ride.start) {
            assert!(ride.start - before >= 30 * 60_000, "a ride begins within another");
        }
        if let Trip::Metro { duration, from, to, .. } = &ride.trip {
            assert!(*duration < 55 * 60_000 && from != to);
        }
    }
    assert_eq!(last.len(), accounts.len());
}

#[test]
fn chance_is_the_same_everywhere_and_spreads() {
    let mut chance = Random::new(42, "test");
    // The golden numbers pin the generator: a change of it would change every simulated city.
    let golden: Vec<u64> = (0..3).map(|_| chance.bits()).collect();
    assert_eq!(golden, GOLDEN_BITS);
    let mut counts = [0_u32; 10];
    for _ in 0..10_000 {
        counts[chance.index(10)] += 1;
    }
    assert!(counts.iter().all(|count| (850..1_150).contains(count)), "{counts:?}");
    assert_eq!((chance.below(0), chance.between(5, 5), chance.index(0)), (0, 5, 0));
    assert_ne!(Random::new(42, "a").bits(), Random::new(42, "b").bits());
}

/// Made by another implementation of the generator.
const GOLDEN_BITS: [u64; 3] =
    [12_572_973_939_527_679_119, 18_043_076_861_065_052_407, 14_577_866_174_283_059_817];
