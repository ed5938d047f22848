use super::*;
use crate::{Carried, Explained, Fact, explain, rate};

const HEADER: &str = "campaign_id,service_id,network_id,rider_category_id,fare_media_id,discount_type,value,rounding_step,\
                      rounding_mode,applies_to,rides_per_day,rides_total,per,combinable,priority,counts_to_cap,funded_by";

/// Rows as `id discount_type=fixed value=0 …`; what is not said is empty, and `friend` pays.
fn campaigns(rows: &[&str]) -> Policy {
    loaded(&files(rows))
}

fn files(rows: &[&str]) -> Files {
    town_with("fare_campaigns.txt", &table(HEADER, "friend", rows))
}

/// Rides of the words of [`ride`], ten minutes after one another.
fn rides(words: &[&str]) -> Vec<Leg> {
    let start = ride("B1 - - adult card").start.unix_ms();
    let leg = |(turn, words): (i64, &&str)| {
        ride_at(EventTime::from_unix_ms(start + turn * 600_000).unwrap(), words)
    };
    (0..).zip(words).map(leg).collect()
}

fn fares(policy: &Policy, words: &[&str]) -> String {
    all_shown(&price(policy, &rides(words))).join(", ")
}

#[test]
fn a_campaign_takes_a_percentage_or_an_amount_off_or_leaves_a_fixed_price() {
    let check =
        |row: &str, ride: &str, expect: &str| assert_eq!(fares(&campaigns(&[row]), &[ride]), expect, "{row}");
    check("c discount_type=percent value=10000", "B1 - - adult card", "5000 0 10:5000");
    check(
        "c discount_type=percent value=3000 rounding_mode=half_up",
        "B1 - - adult card",
        "5000 3500 10:1500",
    );
    // 3,350 is left: to 500 that is 3,000, 3,500 and 3,500.
    for (mode, expect) in
        [("down", "5000 3000 10:2000"), ("up", "5000 3500 10:1500"), ("half_up", "5000 3500 10:1500")]
    {
        let row = format!("c discount_type=percent value=3300 rounding_step=500 rounding_mode={mode}");
        check(&row, "B1 - - adult card", expect);
    }
    check("c discount_type=amount value=2000", "B1 - - adult card", "5000 3000 10:2000");
    check("c discount_type=amount value=9000", "B1 - - adult card", "5000 0 10:5000");
    check("c discount_type=fixed value=1000", "B1 - - adult card", "5000 1000 10:4000");
    check("c discount_type=fixed value=6000", "B1 - - adult card", "5000 5000");
    // The city pays for the student, the friend for what is left.
    check("c discount_type=amount value=2000", "B1 - - student card", "5000 1000 9:2000 10:2000");
    check("c discount_type=amount value=2000", "B1 - - free card", "5000 0 9:5000");
    // One funder of both stands there once.
    check("c discount_type=amount value=2000 funded_by=city", "B1 - - student card", "5000 1000 9:4000");
    check("c discount_type=amount value=2000", "B9 - - adult card", "no_route");
}

#[test]
fn a_campaign_speaks_of_the_legs_it_selects() {
    let free = "discount_type=fixed value=0";
    let check = |row: &str, ride: &str, expect: &str| {
        assert_eq!(fares(&campaigns(&[&format!("c {free} {row}")]), &[ride]), expect, "{row}: {ride}");
    };
    check("network_id=bus", "B1 - - adult card", "5000 0 10:5000");
    check("network_id=bus", "R N S adult card", "9000 9000");
    check("rider_category_id=student", "R N S student card", "9000 0 9:4000 10:5000");
    check("rider_category_id=student", "R N S adult card", "9000 9000");
    check("fare_media_id=cash", "B1 - - adult card", "5000 5000");
    check("fare_media_id=cash", "B1 - - adult cash", "5000 0 10:5000");
    check("service_id=weekday", "B1 - - adult cash", "5000 0 10:5000");
    check("network_id=rail", "R N N adult card", "2000 0 10:2000");
}

#[test]
fn the_days_of_a_campaign_are_service_days() {
    // Friday's service day ends at 04:00 on Saturday.
    let policy = campaigns(&["c discount_type=fixed value=0 service_id=weekday"]);
    let check = |date, hour, second, expect: &str| {
        let leg = ride_at(at(date, hour, 0, second), "B1 - - adult card");
        assert_eq!(shown(&priced(&policy, leg).fare), expect, "{date} {hour} {second}");
    };
    check("2026-03-06", 12, 0, "5000 0 10:5000");
    check("2026-03-07", 3, 59 * 60 + 59, "5000 0 10:5000");
    check("2026-03-07", 4, 0, "5000 5000");
    check("2026-03-09", 3, 59 * 60 + 59, "5000 5000");
    check("2026-03-09", 4, 0, "5000 0 10:5000");
    check("2026-01-01", 3, 0, "5000 5000");
    check("2026-12-31", 27, 0, "5000 0 10:5000");
    check("2027-01-01", 5, 0, "5000 5000");
}

#[test]
fn a_quota_counts_rides_of_the_person_or_the_medium_in_the_order_of_time() {
    let card = "B1 - - adult card";
    let cash = "B1 - - adult cash";
    let (free, full) = ("5000 0 10:5000", "5000 5000");
    let check = |row: &str, rides: &[&str], expect: &[&str]| {
        let policy = campaigns(&[&format!("c discount_type=fixed value=0 {row}")]);
        assert_eq!(fares(&policy, rides), expect.join(", "), "{row}");
    };
    check("rides_per_day=2", &[card, card, card], &[free, free, full]);
    check("rides_per_day=2", &[card, cash, card], &[free, free, full]);
    check("rides_per_day=1 per=medium", &[card, cash, card], &[free, free, full]);
    check("rides_total=1", &[card, card], &[free, full]);
    check("rides_per_day=2 rides_total=1", &[card, card], &[free, full]);
    // A ride that costs nothing anyway, and one that cannot be priced, use nothing up.
    check(
        "rides_per_day=1",
        &["B1 - - free card", "B9 - - adult card", card, card],
        &["5000 0 9:5000", "no_route", free, full],
    );
}

#[test]
fn a_quota_of_a_day_begins_again_with_the_service_day_and_is_carried() {
    let policy = campaigns(&[
        "c discount_type=fixed value=0 rides_per_day=1",
        "t discount_type=amount value=1000 rides_total=3 combinable=1",
    ]);
    let leg = |date, hour| ride_at(at(date, hour, 0, 0), "B1 - - adult card");
    let legs = [
        leg("2026-03-02", 8),
        leg("2026-03-02", 9),
        leg("2026-03-03", 3),
        leg("2026-03-03", 4),
        leg("2026-03-03", 5),
    ];
    let whole = rate(&policy, &Carried::default(), &legs);
    let (free, less) = ("5000 0 10:5000", "5000 4000 10:1000");
    assert_eq!(all_shown(&whole.legs), [free, less, less, free, less]);
    let count = |campaign: &str, day: Option<&str>| {
        let day = day.and_then(ServiceDate::parse);
        let counters = whole.carried.campaigns.iter();
        counters
            .filter(|counter| counter.campaign.as_str() == campaign && counter.day == day)
            .map(|counter| counter.used)
            .sum::<u32>()
    };
    assert_eq!((count("c", Some("2026-03-02")), count("c", Some("2026-03-03")), count("t", None)), (0, 1, 3));
    // Any cut into calls gives the same fares and leaves the same counters.
    for cut in 0..=legs.len() {
        let first = rate(&policy, &Carried::default(), &legs[..cut]);
        let second = rate(&policy, &first.carried, &legs[cut..]);
        assert_eq!([first.legs, second.legs].concat(), whole.legs, "{cut}");
        assert_eq!(second.carried, whole.carried, "{cut}");
    }
}

#[test]
fn of_campaigns_that_stand_alone_the_one_that_takes_most_is_used() {
    let check = |rows: &[&str], rule: &str, expect: &str| {
        let priced = priced(&campaigns(rows), ride("B1 - - adult card"));
        assert_eq!(shown(&priced.fare), expect, "{rows:?}");
        assert!(rules(&priced).ends_with(rule), "{}", rules(&priced));
    };
    let half = "half discount_type=percent value=5000 rounding_mode=up";
    let two = "two discount_type=amount value=2000 priority=9";
    check(&[half, two], "fare_campaigns:2", "5000 2500 10:2500");
    // Equal reductions: the higher priority, then the first id.
    let same = "same discount_type=amount value=2500 funded_by=city";
    check(&[half, same], "fare_campaigns:2", "5000 2500 10:2500");
    check(&[half, &format!("{same} priority=1")], "fare_campaigns:3", "5000 2500 9:2500");
    // Those that stand beside others take from what is left, in the order of priority and id.
    let more = "more discount_type=amount value=1000 combinable=1 funded_by=city";
    let last = "last discount_type=percent value=5000 rounding_mode=down combinable=1 funded_by=city";
    check(&[half, two, more], "fare_campaigns:2 fare_campaigns:4", "5000 1500 9:1000 10:2500");
    check(
        &[half, more, last],
        "fare_campaigns:2 fare_campaigns:4 fare_campaigns:3",
        "5000 250 9:2250 10:2500",
    );
    check(
        &[half, &format!("{more} priority=1"), last],
        "fare_campaigns:2 fare_campaigns:3 fare_campaigns:4",
        "5000 750 9:1750 10:2500",
    );
}

#[test]
fn a_campaign_may_take_from_the_fixed_part_of_a_price_only() {
    // Without distance steps the whole price is fixed.
    let policy = campaigns(&["c discount_type=percent value=2000 rounding_mode=half_up applies_to=base"]);
    assert_eq!(fares(&policy, &["R N S adult card"]), "9000 7200 10:1800");
}

#[test]
fn a_leg_that_makes_the_whole_cheaper_gives_the_funder_its_part_back() {
    // One way is dearer than there and back, because the line sells a ticket from one end to the same end for less.
    let check = |campaign: &str, expect: &str| {
        let mut files = files(&[campaign]);
        files.insert(
            "fare_leg_join_rules.txt".into(),
            "from_network_id,to_network_id,max_gap\nrail,rail,3600\n".into(),
        );
        let rules = "network_id,from_area_id,to_area_id,fare_product_id\nrail,n,s,long\nrail,s,m,short\nrail,n,m,flat\n";
        files.insert("fare_leg_rules.txt".into(), rules.into());
        let policy = loaded(&files);
        let leg = |words: &str, minute| Leg {
            start: at("2026-03-02", 8, minute, 0),
            end: Some(at("2026-03-02", 8, minute + 10, 0)),
            ..ride(words)
        };
        let fares = price(&policy, &[leg("R N S adult card", 0), leg("R S M adult card", 20)]);
        assert_eq!(all_shown(&fares).join(", "), expect, "{campaign}");
    };
    check("c network_id=bus discount_type=fixed value=0", "9000 9000, -4000 -4000");
    // A free ride stays free, a third of the fare stays a third.
    check("c discount_type=fixed value=0", "9000 0 10:9000, -4000 0 10:-4000");
    check("c discount_type=fixed value=3000", "9000 3000 10:6000, -4000 -1333 10:-2667");
    check("c discount_type=percent value=5000 rounding_mode=up", "9000 4500 10:4500, -4000 -2000 10:-2000");
}

#[test]
fn the_way_of_a_campaign_is_told() {
    let campaign = |explained: &Explained| -> Vec<String> {
        let fact = |fact: &Fact| match fact {
            Fact::Campaign { id, reduction, used, quota, .. } => {
                Some(format!("{id} -{reduction} {used}/{quota:?}"))
            }
            Fact::NotCampaign { id, because } => Some(format!("{id} {because:?}")),
            _ => None,
        };
        explained.facts.iter().filter_map(fact).collect()
    };
    let check = |rows: &[&str], words: &[&str], expect: &[&[&str]]| {
        let explained = explain(&campaigns(rows), &Carried::default(), &rides(words));
        assert_eq!(explained.iter().map(campaign).collect::<Vec<_>>(), expect, "{rows:?}");
    };
    let card = "B1 - - adult card";
    let gift = "gift discount_type=fixed value=0 fare_media_id=cash";
    // The lost gift: only the medium was another one.
    check(&[gift], &[card], &[&["gift Medium"]]);
    check(&[&format!("{gift} rider_category_id=student")], &[card], &[&[]]);
    check(&[gift], &["B1 - - free card"], &[&[]]);
    check(&[gift], &["B1 - - adult cash"], &[&["gift -5000 1/None"]]);
    let daily = "daily discount_type=amount value=2000 rides_per_day=1";
    check(&[daily], &[card, card], &[&["daily -2000 1/Some(1)"], &["daily UsedUp"]]);
    check(
        &[daily, "small discount_type=amount value=1"],
        &[card],
        &[&["small Dearer", "daily -2000 1/Some(1)"]],
    );
    check(
        &[daily, "twin discount_type=amount value=2000"],
        &[card],
        &[&["twin RanksLater", "daily -2000 1/Some(1)"]],
    );
}

#[test]
fn a_campaign_that_cannot_be_read_is_refused_with_its_column() {
    let check = |row: &str, expect: &str| {
        let errors = lines(&load(&files(&[row])).unwrap_err());
        assert!(errors.iter().any(|error| error.starts_with(expect)), "{row}: {errors:?}");
    };
    check("c value=1", "fare_campaigns.txt:2 discount_type: the field is empty");
    check("c discount_type=fixed", "fare_campaigns.txt:2 value: the field is empty");
    check("c discount_type=fixed value=-1", "fare_campaigns.txt:2 value: below zero");
    check(
        "c discount_type=percent value=10001",
        "fare_campaigns.txt:2 value: not a whole number from 1 to 10000",
    );
    check(
        "c discount_type=percent value=100",
        "fare_campaigns.txt:2 rounding_mode: a percentage leaves fractions",
    );
    check(
        "c discount_type=fixed value=0 rounding_mode=up",
        "fare_campaigns.txt:2 rounding_mode: only a percentage",
    );
    check(
        "c discount_type=fixed value=0 service_id=never",
        "fare_campaigns.txt:2 service_id: there is no service",
    );
    check(
        "c discount_type=fixed value=0 network_id=ferry",
        "fare_campaigns.txt:2 network_id: there is no such id",
    );
    check(
        "c discount_type=fixed value=0 funded_by=school",
        "fare_campaigns.txt:2 funded_by: party `school` is a school",
    );
    check("c discount_type=fixed value=0 funded_by=", "fare_campaigns.txt:2 funded_by: the field is empty");
    check(
        "c discount_type=fixed value=0 rides_per_day=0",
        "fare_campaigns.txt:2 rides_per_day: not a whole number",
    );
    check("c discount_type=fixed value=0 per=medium", "fare_campaigns.txt:2 per: nothing is counted");
    let twice = ["c discount_type=fixed value=0", "c discount_type=fixed value=1"];
    let errors = lines(&load(&files(&twice)).unwrap_err());
    assert_eq!(errors, ["fare_campaigns.txt:3 campaign_id: the same key stands on line 2"]);
}
