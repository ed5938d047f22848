use super::*;
use crate::cost::Cost;
use crate::part::Part;
use crate::riders::Trace;
use crate::selector::Subject;
use crate::shares::{ShareInput, Standing, State};
use crate::{Carried, Fact, Share, explain, rate};

const HEADER: &str = "share_id,applies_to,ref_id,method,party_id,percent,amount,tie_order";

/// The town with leg groups, a window in which the dearest ride is paid, a campaign, a pass, and these shares.
fn files(rows: &[&str]) -> Files {
    let mut files = town_with(
        "fare_leg_rules.txt",
        "leg_group_id,network_id,from_area_id,to_area_id,fare_product_id\n\
         bus,bus,,,flat\nrail,rail,n,m,short\nrail,rail,m,n,short\nrail,rail,n,s,long\nrail,rail,s,n,long\n",
    );
    let mut add = |name: &str, text: &str| files.insert(name.into(), text.as_bytes().to_vec());
    add("fare_windows.txt", "window_id,fare_media_id,pricing,duration\nw,card,best_fare,7200\n");
    add(
        "fare_campaigns.txt",
        "campaign_id,rider_category_id,discount_type,value,funded_by\ngift,student,fixed,0,friend\n",
    );
    add(
        "fare_passes.txt",
        "fare_product_id,pass_kind,validity_count,validity_unit,funded_by\nshort,period,1,day,rails\n",
    );
    add("revenue_shares.txt", &format!("{HEADER}\n{}\n", rows.join("\n")));
    files
}

fn shown_shares(shares: &[Share]) -> String {
    shares.iter().map(|share| format!("{}:{}", share.party, share.amount)).collect::<Vec<_>>().join(" ")
}

/// The shares of each ride of the lines, twenty minutes after one another.
fn shares(rows: &[&str], lines: &[&str]) -> Vec<String> {
    let policy = loaded(&files(rows));
    let start = at("2026-03-02", 8, 0, 0).unix_ms();
    let leg = |(turn, words): (i64, &&str)| Leg {
        start: EventTime::from_unix_ms(start + turn * 1_200_000).unwrap(),
        end: None,
        ..ride(words)
    };
    let legs: Vec<Leg> = (0..).zip(lines).map(leg).collect();
    let priced = rate(&policy, &Carried::default(), &legs).legs;
    for priced in &priced {
        let Fare::Known { gross, .. } = priced.fare else { continue };
        let sum = Minor::sum(priced.shares.iter().map(|share| share.amount)).unwrap();
        assert!(priced.shares.is_empty() || sum == gross, "{priced:?}");
    }
    priced.iter().map(|priced| shown_shares(&priced.shares)).collect()
}

const BUS: &str = "B1 - - adult card";
const RAIL: &str = "R N S adult card";

#[test]
fn the_whole_of_a_window_is_shared_and_each_leg_posts_what_changed() {
    let check = |row: &str, lines: &[&str], expect: &[&str]| {
        assert_eq!(shares(&[&format!("s,window,w,{row}")], lines), expect, "{row}");
    };
    // The bus is paid 5,000, the train 4,000 more: 9,000 in the proportion of 5 to 9.
    check("full_fare_ratio,,,,", &[BUS, RAIL], &["", "1:-1786 2:5786"]);
    check("ride_count,,,,", &[BUS, RAIL], &["", "1:-500 2:4500"]);
    check("ride_count,,,,", &[BUS, RAIL, BUS], &["", "1:-500 2:4500", "1:1500 2:-1500"]);
    check("equal,,,,", &[BUS, RAIL, BUS], &["", "1:-500 2:4500", ""]);
    check("own_leg,,,,", &[BUS, RAIL, BUS], &["", "", ""]);
    check("first_leg,,,,", &[BUS, RAIL, RAIL], &["", "1:4000", ""]);
    check("last_leg,,,,", &[BUS, RAIL, BUS], &["", "1:-5000 2:9000", "1:9000 2:-9000"]);
    // A fixed part is taken from the first leg on.
    let fixed = ["s,window,w,fixed_percent,buses,2500,,", "s,window,w,fixed_percent,rails,7500,,"];
    assert_eq!(shares(&fixed, &[BUS, RAIL]), ["1:1250 2:3750", "1:1000 2:3000"]);
    // Nobody measures distance here: all legs count the same.
    check("distance_ratio,,,,", &[BUS, RAIL], &["", "1:-500 2:4500"]);
    // Without a weight there is nothing to go by either; in cash there is no window.
    check("full_fare_ratio,,,,", &["B1 - - adult cash", "R N S adult cash"], &["", ""]);
}

#[test]
fn a_unit_that_cannot_be_split_goes_to_the_larger_rest_and_then_by_the_stated_order() {
    let products =
        "fare_product_id,fare_media_id,amount,currency\nflat,,4999,VND\nshort,,9000,VND\nlong,,9001,VND\n";
    let split = |ties: &str| {
        let mut files = files(&[&format!("s,window,,ride_count,,,,{ties}")]);
        files.insert("fare_products.txt".into(), products.into());
        let policy = loaded(&files);
        let leg = |words: &str, minute| ride_at(at("2026-03-02", 8, minute, 0), words);
        let legs = [leg(RAIL, 0), leg(BUS, 10)];
        price(&policy, &legs).iter().map(|priced| shown_shares(&priced.shares)).collect::<Vec<_>>()
    };
    // 9,001 in two: the first to carry, or the operator of the lower number, gets the odd one.
    assert_eq!(split(""), ["", "1:4500 2:-4500"]);
    assert_eq!(split("event_order"), ["", "1:4500 2:-4500"]);
    assert_eq!(split("party_id"), ["", "1:4501 2:-4501"]);
}

#[test]
fn what_is_more_special_is_shared_by_its_own_rule() {
    let rows = [
        "pass,pass,short,fixed_amount,buses,,500,",
        "halved,incomplete,missing_exit,fixed_percent,buses,5000,,",
        "halved,incomplete,missing_exit,fixed_percent,,5000,,",
        "gift,campaign,gift,fixed_percent,rails,10000,,",
        "leg,leg,rail,fixed_amount,buses,,1000,",
    ];
    let check = |lines: &[&str], expect: &[&str]| assert_eq!(shares(&rows, lines), expect);
    check(&["B1 - - adult cash", "R N S adult cash"], &["", "1:1000 2:8000"]);
    check(&["B1 - - student cash"], &["2:5000"]);
    // A ride that costs nobody anything is shared by nobody, and a fixed amount ends with the fare.
    check(&["R N M free cash"], &["1:1000 2:6000"]);
    let policy = loaded(&files(&rows));
    let carried = |passes| Carried { passes, ..Carried::default() };
    let held = crate::HeldPass {
        product: text("short"),
        medium: None,
        bought_at: at("2026-03-02", 6, 0, 0),
        active_from: Some(at("2026-03-02", 6, 0, 0)),
        rides: 0,
        day: None,
        day_rides: 0,
    };
    let one = |passes, leg: Leg| shown_shares(&rate(&policy, &carried(passes), &[leg]).legs[0].shares);
    assert_eq!(one(vec![held], ride(RAIL)), "1:500 2:8500");
    let missing = Leg { shape: Shape::MissingExit, ..ride("R N - adult cash") };
    assert_eq!(one(Vec::new(), missing), "1:4500 2:4500");
    assert_eq!(shares(&["l,leg,,fixed_amount,rails,,7000,"], &["B1 - - adult cash"]), ["2:5000"]);
}

#[test]
fn legs_that_are_one_are_shared_from_the_second_on() {
    let policy = loaded(&files(&["j,join,,ride_count,,,,", "l,leg,bus,fixed_amount,rails,,100,"]));
    let mut state = State::default();
    let mut post = |words: &str, position: usize, gross: i64| {
        let part = Part::new(&policy, 0, &ride(words)).unwrap();
        let group = policy.group_ids.find(if words.starts_with('B') { "bus" } else { "rail" });
        let input = ShareInput {
            subject: Subject { part: &part, leg_group: group, product: None },
            standing: Standing::Ride,
            campaigns: &[],
            cost: &Cost { gross: Minor::new(gross), rider: Minor::new(gross), funded: Vec::new() },
            window: None,
            position,
        };
        let mut trace = Trace::new(false);
        shown_shares(&policy.shares.split(&policy, &mut state, input, &mut trace).unwrap())
    };
    // By the rule for legs the first leg gave 100 away; the two legs together are shared evenly.
    assert_eq!(post("B1 - - adult cash", 0, 5_000), "1:4900 2:100");
    assert_eq!(post("R N S adult cash", 1, 4_000), "1:-400 2:4400");
    // The whole becomes cheaper by the third.
    assert_eq!(post("B2 - - adult cash", 2, -3_000), "1:-500 2:-2500");
    // A new effective leg begins anew.
    assert_eq!(post("R N S adult cash", 0, 9_000), "");
    assert_eq!(post("B1 - - adult cash", 1, 0), "1:4500 2:-4500");
}

#[test]
fn the_way_of_a_share_is_told() {
    let policy = loaded(&files(&["s,leg,rail,fixed_amount,buses,,1000,"]));
    let explained = explain(&policy, &Carried::default(), &[ride("R N S adult cash")]).remove(0);
    let fact = |fact: &Fact| match fact {
        Fact::Share { party, amount, method } => Some(format!("{party} {amount} {method}")),
        _ => None,
    };
    assert_eq!(
        explained.facts.iter().filter_map(fact).collect::<Vec<_>>(),
        ["1 1000 fixed_amount", "2 8000 fixed_amount"]
    );
    assert!(rules(&explained.priced).ends_with("revenue_shares:2"));
}

#[test]
fn a_share_that_cannot_be_read_is_refused_with_its_column() {
    let check = |rows: &[&str], expect: &str| {
        let errors = lines(&load(&files(rows)).unwrap_err());
        assert!(errors.iter().any(|error| error.starts_with(expect)), "{rows:?}: {errors:?}");
    };
    check(&["s,,,own_leg,,,,"], "revenue_shares.txt:2 applies_to: the field is empty");
    check(&["s,leg,,,,,,"], "revenue_shares.txt:2 method: the field is empty");
    check(&["s,window,v,own_leg,,,,"], "revenue_shares.txt:2 ref_id: there is no window `v`");
    check(&["s,leg,ferry,own_leg,,,,"], "revenue_shares.txt:2 ref_id: no leg rule has the leg group `ferry`");
    check(&["s,campaign,w,own_leg,,,,"], "revenue_shares.txt:2 ref_id: there is no campaign `w`");
    check(&["s,pass,long,own_leg,,,,"], "revenue_shares.txt:2 ref_id: there is no pass `long`");
    check(
        &["s,incomplete,lost,own_leg,,,,"],
        "revenue_shares.txt:2 ref_id: there is no kind of incomplete ride",
    );
    check(&["s,join,w,own_leg,,,,"], "revenue_shares.txt:2 ref_id: legs that are one have no id");
    check(&["s,leg,,own_leg,buses,,,"], "revenue_shares.txt:2 party_id: only fixed methods name operators");
    check(&["s,leg,,own_leg,,5,,"], "revenue_shares.txt:2 percent: given with the method `fixed_percent`");
    check(&["s,leg,,fixed_amount,buses,,0,"], "revenue_shares.txt:2 amount: not above 0");
    check(&["s,leg,,fixed_amount,,,5,"], "revenue_shares.txt:2 party_id: the field is empty");
    check(&["s,leg,,fixed_amount,city,,5,"], "revenue_shares.txt:2 party_id: party `city` is a city");
    check(
        &["s,window,,fixed_amount,buses,,5,"],
        "revenue_shares.txt:2 method: a fixed amount is one of a single leg",
    );
    check(&["s,window,,fixed_percent,,10000,,"], "revenue_shares.txt:2 party_id: the field is empty");
    check(
        &["s,leg,,fixed_percent,buses,9999,,"],
        "revenue_shares.txt:2 percent: the rows of a share are 10000",
    );
    let half = "s,leg,,fixed_percent,buses,5000,,";
    check(&[half, "s,leg,bus,fixed_percent,rails,5000,,"], "revenue_shares.txt:3 applies_to: differs");
    check(&[half, "s,leg,,fixed_amount,rails,,5,"], "revenue_shares.txt:3 method: differs");
    check(&[half, half], "revenue_shares.txt:3 party_id: the same key stands on line 2");
    check(
        &["s,leg,,own_leg,,,,", "t,leg,,own_leg,,,,"],
        "revenue_shares.txt:3 ref_id: the same key stands on line 2",
    );
}
