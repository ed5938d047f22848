//! Distances: how they are measured, what several legs measure as one, and what steps cost.

use super::{fare, lines, loaded, priced, ride, rules, town, town_with};
use crate::geo::great_circle_metres;
use crate::part::Part;
use crate::policy::Position;
use crate::{Fact, Files, Leg, load};

/// Kilometres between the stations by line R, and nothing else measured.
const METHODS: &str = "network_id,distance_method,unit_metres\nrail,matrix,1000\n";
const PAIRS: &str = "from_stop_id,to_stop_id,units\nN,M,10\nM,S,12\nN,S,23\n";
const STEPS: &str =
    "fare_product_id,step,from_units,to_units,step_bounds,step_mode,amount,per_units,per_amount,count\n";

fn put(files: &mut Files, name: &str, text: &str) {
    files.insert(name.to_owned(), text.as_bytes().to_vec());
}

/// The town whose every ride by rail is sold `short`, with these steps on top of 7,000 in cash and 6,000 by card.
fn measured(steps: &str) -> Files {
    let mut files = town_with("fare_distance_methods.txt", METHODS);
    put(&mut files, "fare_distances.txt", PAIRS);
    put(&mut files, "fare_distance_steps.txt", &format!("{STEPS}{steps}"));
    put(&mut files, "fare_leg_rules.txt", "network_id,fare_product_id\nbus,flat\nrail,short\n");
    files
}

fn with(mut files: Files, name: &str, text: &str) -> Files {
    put(&mut files, name, text);
    files
}

/// The stations `1` km, `2` km … apart from N, so that a distance can be chosen.
fn ruler(steps: &str, kilometres: &[u32]) -> Files {
    let mut files = measured(steps);
    let (mut stops, mut pairs) =
        ("stop_id,stop_name\nN,North\n".to_owned(), "from_stop_id,to_stop_id,units\n".to_owned());
    for km in kilometres {
        stops.push_str(&format!("{km},\n"));
        pairs.push_str(&format!("N,{km},{km}\n"));
    }
    put(&mut files, "stops.txt", &stops);
    put(&mut files, "stop_areas.txt", "area_id,stop_id\nn,N\n");
    put(&mut files, "fare_distances.txt", &pairs);
    files
}

fn check_steps(steps: &str, expect: &[(u32, &str)]) {
    let kilometres: Vec<u32> = expect.iter().map(|(km, _)| *km).collect();
    let policy = loaded(&ruler(steps, &kilometres));
    for (km, expect) in expect {
        let found = fare(&policy, &format!("R N {km} adult card"));
        assert_eq!(
            found,
            format!("{expect} {expect}").replace("no_product no_product", "no_product"),
            "{km} km"
        );
    }
}

#[test]
fn bands_hold_their_lower_edge_or_their_upper_edge() {
    check_steps(
        "short,1,0,10,0,band,0,,,\nshort,2,10,20,0,band,500,,,\nshort,3,20,,0,band,900,,,\n",
        &[(1, "6000"), (9, "6000"), (10, "6500"), (19, "6500"), (20, "6900"), (400, "6900")],
    );
    check_steps(
        "short,3,20,30,1,band,900,,,\nshort,1,,10,1,band,0,,,\nshort,2,10,20,1,band,500,,,\n",
        &[
            (1, "6000"),
            (10, "6000"),
            (11, "6500"),
            (20, "6500"),
            (21, "6900"),
            (30, "6900"),
            (31, "no_product"),
        ],
    );
}

#[test]
fn nothing_is_the_shortest_distance_of_the_first_band_of_either_kind() {
    for bounds in ["0", "1"] {
        let steps = format!("short,1,0,10,{bounds},band,100,,,\nshort,2,10,,{bounds},band,500,,,\n");
        let policy = loaded(&with(measured(&steps), "incomplete_journeys.txt", "kind,charge\n"));
        assert_eq!(fare(&policy, "R N N adult card"), "6100 6100");
    }
}

#[test]
fn steps_that_add_count_blocks_that_were_begun_or_are_complete() {
    // 100 for each 5 km begun from 10 km to 50 km, then 100 for each 8 km begun.
    check_steps(
        "short,1,10,50,1,add,,5,100,\nshort,2,50,,1,add,,8,100,started\n",
        &[
            (10, "6000"),
            (11, "6100"),
            (15, "6100"),
            (16, "6200"),
            (50, "6800"),
            (51, "6900"),
            (58, "6900"),
            (59, "7000"),
        ],
    );
    // The same blocks, each with its lower edge.
    check_steps(
        "short,1,10,50,0,add,,5,100,started\nshort,2,50,,0,add,,8,100,started\n",
        &[(9, "6000"), (10, "6100"), (14, "6100"), (15, "6200"), (49, "6800"), (50, "6900"), (58, "7000")],
    );
    check_steps(
        "short,1,10,20,1,add,40,5,100,complete\n",
        &[(10, "6000"), (11, "6040"), (14, "6040"), (15, "6140"), (20, "6240"), (99, "6240")],
    );
    // An entry fee, and so much for each kilometre from the first on.
    check_steps("short,1,0,,1,add,300,,,\nshort,2,0,,1,add,,1,20,\n", &[(1, "6320"), (7, "6440")]);
}

#[test]
fn steps_for_a_rider_or_medium_come_before_steps_for_all() {
    let mut files = measured("");
    put(
        &mut files,
        "fare_distance_steps.txt",
        "fare_product_id,rider_category_id,fare_media_id,step,amount\n\
         short,,,1,1\nshort,,cash,1,20\nshort,student,,1,300\nshort,student,cash,1,4000\n",
    );
    put(
        &mut files,
        "fare_products.txt",
        "fare_product_id,rider_category_id,fare_media_id,amount,currency\nflat,,,5000,VND\n\
         short,,card,6000,VND\nshort,,cash,7000,VND\nshort,student,card,1000,VND\nshort,student,cash,2000,VND\n",
    );
    let policy = loaded(&files);
    assert_eq!(fare(&policy, "R N M adult card"), "6001 6001");
    assert_eq!(fare(&policy, "R N M adult cash"), "7020 7020");
    assert_eq!(fare(&policy, "R N M student card"), "1300 1300");
    assert_eq!(fare(&policy, "R N M student cash"), "6000 6000");
}

#[test]
fn a_rider_formula_works_on_the_whole_price() {
    let policy = loaded(&measured("short,1,0,,,add,,1,100,\n"));
    // By rail students pay half, rounded half up to thousands; the town pays the rest.
    assert_eq!(fare(&policy, "R M S student card"), "7300 4000 9:3300");
}

#[test]
fn a_distance_that_is_not_known_is_an_unknown_fare_where_the_price_needs_it() {
    let pairs = "from_stop_id,to_stop_id,units\nN,M,10\n";
    let files = with(measured("short,1,0,,,add,,1,100,\n"), "fare_distances.txt", pairs);
    let policy = loaded(&files);
    assert_eq!(fare(&policy, "R N M adult card"), "7100 7100");
    assert_eq!(fare(&policy, "R M N adult card"), "7100 7100", "a pair holds both ways");
    assert_eq!(fare(&policy, "R N S adult card"), "no_distance");
    assert_eq!(fare(&policy, "R N - adult card"), "no_distance");
    assert_eq!(fare(&policy, "B1 - - adult card"), "5000 5000");
    let one_way = "from_stop_id,to_stop_id,units,symmetric\nN,M,10,0\nM,N,11,0\nM,S,1,0\n";
    let policy = loaded(&with(files, "fare_distances.txt", one_way));
    assert_eq!(fare(&policy, "R M N adult card"), "7200 7200");
    assert_eq!(fare(&policy, "R S M adult card"), "no_distance");
}

#[test]
fn a_rule_may_hold_for_a_range_of_distances() {
    let rules_text = "network_id,min_distance_units,max_distance_units,distance_bounds,fare_product_id\n\
        bus,,,,flat\nrail,,12,0,short\nrail,12,,0,long\n";
    let files = with(with(measured(""), "fare_distance_steps.txt", STEPS), "fare_leg_rules.txt", rules_text);
    let policy = loaded(&files);
    assert_eq!(policy.warnings(), []);
    assert_eq!(fare(&policy, "R N M adult card"), "6000 6000");
    assert_eq!(fare(&policy, "R M S adult card"), "9000 9000");
    assert_eq!(fare(&policy, "R M - adult card"), "no_distance");
    let policy = loaded(&with(files, "fare_leg_rules.txt", &rules_text.replace(",0,", ",1,")));
    assert_eq!(fare(&policy, "R M S adult card"), "6000 6000", "12 km belongs to the range below");
    assert_eq!(fare(&policy, "R N S adult card"), "9000 9000");
}

#[test]
fn ranges_of_rules_that_do_not_meet_are_warned_of() {
    let check = |ranges: &[(&str, &str, &str)], expect: &str| {
        let mut text = "network_id,min_distance_units,max_distance_units,distance_bounds,fare_product_id\n\
            bus,,,,flat\n"
            .to_owned();
        for ((from, to, bounds), product) in ranges.iter().zip(["short", "long"]) {
            text.push_str(&format!("rail,{from},{to},{bounds},{product}\n"));
        }
        let files = with(measured(""), "fare_distance_steps.txt", STEPS);
        let policy = loaded(&with(files, "fare_leg_rules.txt", &text));
        assert_eq!(lines(policy.warnings()).join(" | "), expect);
    };
    let at = "fare_leg_rules.txt:4 min_distance_units:";
    check(&[("0", "5", "1"), ("5", "", "1")], "");
    check(&[("0", "5", "0"), ("6", "", "0")], &format!("{at} leaves a gap after the range on line 3"));
    check(&[("0", "7", "0"), ("6", "", "0")], &format!("{at} overlaps the range on line 3"));
    check(&[("0", "", "0"), ("6", "", "0")], &format!("{at} overlaps the range without an end on line 3"));
    check(
        &[("0", "5", "0"), ("5", "", "1")],
        &format!("{at} its lower edge lies neither in it nor in the range on line 3"),
    );
    check(
        &[("0", "5", "1"), ("5", "", "0")],
        &format!("{at} its lower edge lies in it, and also in the range on line 3"),
    );
}

#[test]
fn steps_name_their_rows_and_the_distance_is_told() {
    let policy = loaded(&measured("short,1,0,10,1,band,0,,,\nshort,2,10,,1,band,500,,,\n"));
    let found = priced(&policy, ride("R M S adult card"));
    assert_eq!(rules(&found), "fare_leg_rules:3 fare_products:4 fare_distance_steps:3");
    let told = crate::explain(&policy, &crate::Carried::default(), &[ride("R M S adult card")]);
    let distance = Fact::Distance { units: 12, unit_metres: 1000, method: "matrix" };
    assert!(told[0].facts.contains(&distance), "{:?}", told[0].facts);
}

/// How far legs went as one, and which of them the measured pair begins with.
fn of_legs(files: &Files, legs: &[&str]) -> Option<(u32, usize)> {
    let policy = loaded(files);
    let leg = |words: &&str| -> Leg { ride(&format!("{words} adult card")) };
    let parts: Vec<Part> = legs
        .iter()
        .enumerate()
        .map(|(place, words)| Part::new(&policy, place, &leg(words)).unwrap())
        .collect();
    policy.distances.of_group(&policy, &parts).map(|found| (found.units, found.from_part))
}

fn with_methods(methods: &str) -> Files {
    let text = format!("network_id,distance_method,unit_metres,unit_rounding,group_distance\n{methods}");
    with(measured(""), "fare_distance_methods.txt", &text)
}

#[test]
fn several_legs_measure_from_first_to_last_or_their_longest_pair_or_their_sum() {
    let group = |way: &str| with_methods(&format!("rail,matrix,1000,,{way}\n"));
    let there_and_back = ["R N M", "R M S", "R S M"];
    assert_eq!(of_legs(&group(""), &there_and_back), Some((10, 0)));
    assert_eq!(of_legs(&group("first_last"), &there_and_back), Some((10, 0)));
    assert_eq!(of_legs(&group("max_pair"), &there_and_back), Some((23, 0)));
    assert_eq!(of_legs(&group("leg_sum"), &there_and_back), Some((34, 0)));
    assert_eq!(of_legs(&group("max_pair"), &["R M N", "R M S"]), Some((12, 0)));
    assert_eq!(of_legs(&group("max_pair"), &["R M N", "R N S"]), Some((23, 1)));
    assert_eq!(of_legs(&group("max_pair"), &["R M N", "R N M", "R S M"]), Some((23, 2)));
    assert_eq!(of_legs(&group("max_pair"), &["R M M"]), Some((0, 0)));
    for way in ["first_last", "max_pair", "leg_sum"] {
        assert_eq!(of_legs(&group(way), &["R N M", "R M kerb"]), None, "{way}");
        assert_eq!(of_legs(&group(way), &["B1 N M", "R M S"]), None, "nothing is measured by bus");
    }
    assert_eq!(of_legs(&group(""), &["R N M", "B1 M S"]), Some((23, 0)));
    assert_eq!(of_legs(&group("leg_sum"), &["R N M", "B1 M S"]), None);
}

#[test]
fn a_sum_over_networks_is_in_units_of_the_first() {
    let metres = "network_id,from_stop_id,to_stop_id,units\nbus,M,S,11500\nrail,N,M,10\nrail,N,S,23\n";
    let pairs = |methods: &str| with(with_methods(methods), "fare_distances.txt", metres);
    let files = pairs("rail,matrix,1000,,leg_sum\nbus,matrix,1,,leg_sum\n");
    assert_eq!(of_legs(&files, &["R N M", "B1 M S"]), Some((22, 0)), "11.5 km count as 12");
    assert_eq!(of_legs(&files, &["B1 M S", "R N M"]), Some((21_500, 0)));
    let stops = pairs("rail,matrix,1000,,leg_sum\nbus,stops,,,\n");
    assert_eq!(of_legs(&stops, &["R N M", "B1 M M"]), None, "stops are no length");
}

/// B1 goes N - kerb - M - S and back S - M - N; line R is a loop N - M - S - N - M.
const ROUTE_STOPS: &str = "route_id,direction_id,stop_sequence,stop_id,fare_distance_units_traveled\n\
    B1,0,1,N,0\nB1,0,2,kerb,3\nB1,0,3,M,5\nB1,0,4,S,9\nB1,1,1,S,0\nB1,1,2,M,4\nB1,1,3,N,7\n\
    R,0,1,N,0\nR,0,2,M,1\nR,0,3,S,2\nR,0,4,N,6\nR,0,5,M,7\n";

#[test]
fn along_a_route_the_direction_counts_in_which_one_stop_comes_before_the_other() {
    let methods = "bus,along_route,100,,\nrail,along_route,100,,leg_sum\n";
    let files = with(with_methods(methods), "route_stops.txt", ROUTE_STOPS);
    let check = |leg: &str, expect| assert_eq!(of_legs(&files, &[leg]), expect, "{leg}");
    check("B1 N M", Some((5, 0)));
    check("B1 M N", Some((3, 0)));
    check("B1 M S-2", Some((4, 0)));
    check("B1 S S-2", Some((0, 0)));
    check("B1 M kerb", None);
    check("B2 M N", None);
    // Round the loop by the shorter way, and across the place where it is closed.
    check("R N M", Some((1, 0)));
    check("R S M", Some((5, 0)));
    check("R M N", Some((5, 0)));
    assert_eq!(of_legs(&files, &["B1 N M", "R N S"]), Some((7, 0)));
}

#[test]
fn stops_and_borders_are_counted_along_the_route() {
    let files = with(with_methods("bus,stops,,,\n"), "route_stops.txt", ROUTE_STOPS);
    let check = |files: &Files, leg: &str, expect: Option<u32>| {
        assert_eq!(of_legs(files, &[leg]), expect.map(|units| (units, 0)), "{leg}");
    };
    check(&files, "B1 N S", Some(3));
    check(&files, "B1 S N", Some(2));
    let zones = with(files, "fare_distance_methods.txt", "network_id,distance_method\nbus,zones\n");
    check(&zones, "B1 N S", None);
    // The kerb lies on the border of n and m.
    let zones = with(zones, "stop_areas.txt", "area_id,stop_id\nn,N\nn,kerb\nm,kerb\nm,M\ns,S\n");
    check(&zones, "B1 N kerb", Some(0));
    check(&zones, "B1 kerb M", Some(0));
    check(&zones, "B1 N M", Some(1));
    check(&zones, "B1 N S", Some(2));
    check(&zones, "B1 M S-2", Some(1));
}

#[test]
fn great_circles_are_rounded_to_units_as_the_network_says() {
    let stops = "stop_id,stop_name,parent_station,stop_lat,stop_lon\n\
        N,North,,10.0,106.0\nM,Middle,,10.01,106.0\nS,South,,-0.5,106.25\nS-2,South platform 2,S,,\nkerb,,,,\n";
    let measured = |unit: &str, rounding: &str, leg: &str| {
        let files = with_methods(&format!("bus,great_circle,{unit},{rounding},\n"));
        of_legs(&with(files, "stops.txt", stops), &[leg]).map(|(units, _)| units)
    };
    // 1,111.95 m.
    assert_eq!(measured("", "", "B1 N M"), Some(1112));
    assert_eq!(measured("100", "", "B1 M N"), Some(11));
    assert_eq!(measured("100", "up", "B1 N M"), Some(12));
    assert_eq!(measured("100", "down", "B1 N M"), Some(11));
    assert_eq!(measured("2224", "half_up", "B1 N M"), Some(1));
    assert_eq!(measured("2225", "half_up", "B1 N M"), Some(0));
    assert_eq!(
        measured("", "", "B1 N S"),
        measured("", "", "B1 N S-2"),
        "a platform lies where its station lies"
    );
    assert_eq!(measured("", "", "B1 N kerb"), None);
    assert_eq!(measured("", "", "B1 kerb kerb"), Some(0));
}

/// Great circles of a sphere of 6,371,008.8 m, worked out with fifty digits.
#[test]
fn metres_on_the_globe_are_right_everywhere() {
    type Place = (i64, i64);
    const GREAT_CIRCLES: &[(Place, Place, u32)] = &[
        ((0, 0), (0, 0), 0),
        ((0, 0), (0, 180_000_000_000), 20_015_114),
        ((90_000_000_000, 0), (-90_000_000_000, 77_000_000_000), 20_015_114),
        ((90_000_000_000, 12_000_000_000), (90_000_000_000, -150_000_000_000), 0),
        ((0, 0), (0, 90_000_000_000), 10_007_557),
        ((0, -180_000_000_000), (0, 180_000_000_000), 0),
        ((0, 179_999_999_999), (0, -179_999_999_999), 0),
        ((10_770_600_000, 106_697_380_000), (10_866_500_000, 106_801_000_000), 15_550),
        ((1_283_900_000, 103_851_500_000), (1_391_700_000, 103_895_500_000), 12_946),
        ((51_500_000_000, -127_758_000), (48_856_600_000, 2_352_200_000), 342_857),
        ((-33_861_500_000, 151_205_500_000), (-33_937_000_000, 151_166_000_000), 9_153),
        ((0, 0), (4_497, 0), 1),
        ((0, 0), (4_496, 0), 0),
        ((0, 0), (0, 8_994), 1),
        ((60_000_000_000, 10_000_000_000), (-60_000_000_000, -170_000_000_000), 20_015_114),
        ((60_000_000_000, 10_000_000_000), (-59_999_999_999, -169_999_999_999), 20_015_114),
        ((18_022_074_679, -151_434_453_936), (-61_928_600_533, 139_398_201_848), 10_734_441),
        ((-31_986_005_259, -132_594_317_096), (23_531_643_738, -50_850_954_353), 10_644_542),
        ((60_713_464_793, -148_111_932_890), (68_170_125_487, 164_556_187_737), 2_346_710),
        ((71_608_595_125, -145_864_850_007), (71_392_428_239, -152_526_466_540), 236_137),
        ((-25_677_474_100, 125_142_749_104), (-51_953_167_669, 48_877_129_110), 6_867_851),
        ((56_648_458_916, 134_038_526_400), (61_648_774_712, -123_389_211_253), 5_258_382),
        ((67_116_776_337, -74_176_672_441), (-62_630_760_957, 129_507_321_911), 18_800_436),
        ((77_759_709_620, 91_467_525_599), (58_951_183_700, 74_752_322_287), 2_180_877),
        ((10_730_659_888, -45_568_524_371), (-39_343_525_849, -136_001_940_485), 10_798_239),
        ((-5_928_490_321, 92_838_641_441), (3_953_000_135, 67_946_079_520), 2_974_451),
        ((74_445_440_520, -137_135_475_400), (47_946_042_128, -88_009_862_936), 3_736_822),
        ((3_446_208_767, 49_733_347_202), (-69_950_165_552, 128_226_484_894), 9_932_384),
        ((21_541_848_524, 11_964_831_887), (21_597_512_957, 11_987_293_573), 6_611),
        ((60_008_399_233, -149_656_056_142), (60_017_791_890, -149_651_102_920), 1_080),
        ((27_361_122_078, 15_256_494_482), (27_361_403_269, 15_255_740_049), 81),
        ((-54_994_702_838, -110_046_012_519), (-54_994_868_387, -110_046_192_639), 22),
        ((-46_392_683_460, 65_527_673_626), (-46_345_194_307, 65_502_255_499), 5_629),
        ((-31_846_156_967, 59_741_981_401), (-31_842_221_929, 59_744_019_763), 478),
        ((-30_354_224_129, -85_154_302_934), (-30_354_737_681, -85_153_921_925), 68),
        ((-68_997_829_142, -78_685_485_985), (-68_998_369_117, -78_695_348_627), 398),
        ((42_294_825_038, 24_159_513_601), (42_289_035_834, 24_166_810_623), 880),
        ((-53_937_746_815, 37_150_418_632), (-53_930_646_751, 37_156_214_418), 876),
    ];
    for (a, b, metres) in GREAT_CIRCLES {
        let place =
            |(latitude, longitude): &(i64, i64)| Position { latitude: *latitude, longitude: *longitude };
        assert_eq!(great_circle_metres(place(a), place(b)), *metres, "{a:?} {b:?}");
        assert_eq!(great_circle_metres(place(b), place(a)), *metres, "{b:?} {a:?}");
    }
}

fn check_errors(files: &Files, expect: &[&str]) {
    let errors = load(files).expect_err("an error");
    assert_eq!(lines(&errors), expect);
}

#[test]
fn steps_that_leave_a_distance_without_a_price_or_with_two_are_errors() {
    let at = |line: u32, message: &str| format!("fare_distance_steps.txt:{line} from_units: {message}");
    let check = |steps: &str, expect: &str| check_errors(&measured(steps), &[expect]);
    check(
        "short,1,0,5,1,band,1,,,\nshort,2,6,9,1,band,2,,,\n",
        &at(3, "leaves a gap after the range on line 2"),
    );
    check("short,1,0,5,1,band,1,,,\nshort,2,4,9,1,band,2,,,\n", &at(3, "overlaps the range on line 2"));
    check(
        "short,1,0,,1,band,1,,,\nshort,2,4,9,1,band,2,,,\n",
        &at(3, "overlaps the range without an end on line 2"),
    );
    check(
        "short,1,0,5,0,band,1,,,\nshort,2,5,9,1,band,2,,,\n",
        &at(3, "its lower edge lies neither in it nor in the range on line 2"),
    );
    check(
        "short,1,0,5,1,band,1,,,\nshort,2,5,9,0,band,2,,,\n",
        &at(3, "its lower edge lies in it, and also in the range on line 2"),
    );
    check(
        "short,1,2,5,1,band,1,,,\n",
        &at(2, "no band begins at 0: the fare of a shorter ride would be unknown"),
    );
}

#[test]
fn every_fault_of_a_step_is_reported() {
    let file = "fare_distance_steps.txt";
    check_errors(
        &measured(
            "none,1,0,,1,band,1,,,\nshort,,0,,1,band,1,,,\nshort,2,7,7,1,add,1,,,\nshort,3,0,,2,add,1,,,\n\
             short,4,0,,1,add,-1,,,\nshort,5,0,,1,add,1,4,,\nshort,6,0,,1,add,1,,5,\nshort,7,0,,1,band,1,4,5,\n\
             short,8,0,,1,add,,,,\nshort,9,0,,1,add,1,,,started\nshort,10,0,,1,add,1,0,1,\n",
        ),
        &[
            &format!("{file}:2 fare_product_id: there is no product in fare_products.txt `none`"),
            &format!("{file}:3 step: the field is empty"),
            &format!("{file}:4 to_units: not above from_units: the step is empty"),
            &format!("{file}:5 step_bounds: `2` is none of: 0, 1"),
            &format!("{file}:6 amount: below zero: a step never takes anything off"),
            &format!("{file}:7 per_amount: empty, and per_units is not"),
            &format!("{file}:8 per_units: empty, and per_amount is not"),
            &format!("{file}:9 per_amount: a band is one price; blocks are for `add`"),
            &format!("{file}:10 amount: the field is empty, and nothing else says what the step costs"),
            &format!("{file}:11 count: there are no blocks to count without per_units and per_amount"),
            &format!("{file}:12 per_units: not a whole number from 1 to 4294967295: `0`"),
        ],
    );
    check_errors(
        &measured("short,1,0,,1,band,1,,,\nshort,2,0,,1,add,1,,,\nshort,2,9,,1,add,1,,,\n"),
        &[
            &format!(
                "{file}:2 step_mode: other steps of the product are added up; a band among them is no whole price"
            ),
            &format!("{file}:4 step: the same key stands on line 3"),
        ],
    );
    let owner =
        "fare_product_id,rider_category_id,fare_media_id,step,amount\nflat,student,,1,1\nshort,,card,1,1\n";
    check_errors(
        &with(measured(""), file, owner),
        &[&format!(
            "{file}:2 fare_product_id: no row of fare_products.txt names this product with this rider and medium"
        )],
    );
}

#[test]
fn faults_of_methods_and_pairs_are_reported() {
    let file = "fare_distance_methods.txt";
    check_errors(
        &with_methods("bus,stops,100,,first_last\nrail,matrix,0,up,\nsea,zones,,,\nbus,,,,\n"),
        &[
            &format!(
                "{file}:2 group_distance: stops of two routes have no such distance; only leg_sum can be known"
            ),
            &format!("{file}:2 unit_metres: a unit of `stops` is no length"),
            &format!("{file}:3 unit_metres: not a whole number from 1 to 1000000: `0`"),
            &format!("{file}:3 unit_rounding: only great_circle measures metres; the others give units"),
            &format!("{file}:4 network_id: there is no network `sea`"),
            &format!("{file}:5 distance_method: the field is empty"),
            &format!("{file}:5 network_id: the same key stands on line 2"),
        ],
    );
    let file = "fare_distances.txt";
    check_errors(
        &with(
            measured(""),
            file,
            "from_stop_id,to_stop_id,units,symmetric\nN,M,1,\nM,N,2,0\nN,S,,\nN,N,4,\nM,S,1,0\nS,M,2,0\nX,M,1,\n",
        ),
        &[
            &format!("{file}:3 to_stop_id: the same key stands on line 2"),
            &format!("{file}:4 units: the field is empty; a pair that is not known has no row"),
            &format!("{file}:5 units: a stop is 0 away from itself"),
            &format!("{file}:8 from_stop_id: there is no stop in stops.txt `X`"),
        ],
    );
    let falling = ROUTE_STOPS.replace("B1,0,3,M,5", "B1,0,3,M,2");
    check_errors(
        &with(with_methods("bus,along_route,100,,\n"), "route_stops.txt", &falling),
        &["route_stops.txt:4 fare_distance_units_traveled: 2 after 3: the way already travelled grows"],
    );
}

#[test]
fn distances_that_nobody_looks_at_are_warned_of() {
    let files = with(town(), "fare_distances.txt", PAIRS);
    let policy = loaded(&with(files, "fare_distance_steps.txt", &format!("{STEPS}long,1,0,,1,add,1,,,\n")));
    assert_eq!(
        lines(policy.warnings()),
        [
            "fare_distance_steps.txt:0 : no network measures distances: the fare of every ride with such a product is unknown",
            "fare_distances.txt:0 : no network measures by `matrix`: the file is never looked at",
        ],
    );
}
