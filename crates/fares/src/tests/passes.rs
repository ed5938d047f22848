use super::words::buy;
use super::*;
use crate::{
    Because, Carried, Fact, HeldPass, NoSale, PassKind, Purchase, UnknownFare, buy_pass, explain, rate,
};

const HEADER: &str = "fare_product_id,pass_kind,rides,validity_count,validity_unit,activation,day_start_time,network_id,route_id,\
                      rider_category_id,fare_media_id,rides_per_day,outside,face_value_per_ride,funded_by,sale_from,sale_until";

/// The town with products `month` (300,000), `day`, `book` and `plus`, and these rows: `day period validity_count=1 …`.
fn files(rows: &[&str]) -> Files {
    let mut files = town_with("fare_passes.txt", &table(HEADER, "buses", rows));
    let products = files.get_mut("fare_products.txt").unwrap();
    products.extend_from_slice(
        b"month,,,300000,VND\nmonth,student,,150000,VND\nday,,card,40000,VND\nbook,,,30000,VND\nplus,,,0,VND\n",
    );
    files
}

fn policy(rows: &[&str]) -> Policy {
    loaded(&files(rows))
}

const MONTH: &str = "month period validity_count=1 validity_unit=month";
const BOOK: &str = "book book rides=2 activation=first_use network_id=bus";

fn bought(policy: &Policy, product: &str, at: EventTime) -> HeldPass {
    buy(policy, product, "adult", "card", at).unwrap().pass
}

/// The rides, each as `day hour words of the ride`, with these passes in hand: the fares, and the passes after them.
fn ridden(policy: &Policy, passes: Vec<HeldPass>, rides: &[&str]) -> (Vec<String>, Vec<HeldPass>) {
    let leg = |words: &&str| {
        let [day, hour, ride] = words.splitn(3, ' ').collect::<Vec<_>>()[..] else { panic!("{words}") };
        ride_at(at(&format!("2026-{day}"), hour.parse().unwrap(), 0, 0), ride)
    };
    let legs: Vec<Leg> = rides.iter().map(leg).collect();
    let rated = rate(policy, &holding(passes), &legs);
    (all_shown(&rated.legs), rated.carried.passes)
}

fn holding(passes: Vec<HeldPass>) -> Carried {
    Carried { passes, ..Carried::default() }
}

fn check(policy: &Policy, passes: &[HeldPass], rides: &[&str], expect: &[&str]) {
    assert_eq!(ridden(policy, passes.to_vec(), rides).0, expect, "{rides:?}");
}

const MORNING: (&str, i64) = ("2026-03-02", 8);

fn morning() -> EventTime {
    at(MORNING.0, MORNING.1, 0, 0)
}

#[test]
fn a_pass_pays_the_single_fare_in_the_riders_place() {
    let policy = policy(&[MONTH]);
    let pass = bought(&policy, "month", morning());
    check(
        &policy,
        std::slice::from_ref(&pass),
        &[
            "03-02 9 B1 - - adult card",
            "03-03 9 R N S adult card",
            "03-04 9 B1 - - student card",
            "03-05 9 B1 - - free card",
        ],
        // The city still pays its part of a student's fare, and the whole of a free rider's.
        &["5000 0 1:5000", "9000 0 1:9000", "5000 0 1:3000 9:2000", "5000 0 9:5000"],
    );
    // On another medium, and before it was bought, it pays nothing.
    check(
        &policy,
        std::slice::from_ref(&pass),
        &["03-02 9 B1 - - adult cash", "03-02 7 B1 - - adult card"],
        &["5000 5000", "5000 5000"],
    );
    // One that goes with the account serves every medium.
    check(&policy, &[HeldPass { medium: None, ..pass }], &["03-02 9 B1 - - adult cash"], &["5000 0 1:5000"]);
}

#[test]
fn the_time_of_a_pass_ends_as_its_unit_says() {
    // Bought then, a ride still costs nothing one second before the end, and at the end its fare.
    let ends = |span: &str, (date, hour): (&str, i64), (last_date, last_hour): (&str, i64)| {
        let (count, unit) = span.split_once(' ').unwrap();
        let policy = policy(&[&format!("month period validity_count={count} validity_unit={unit}")]);
        let carried = holding(vec![bought(&policy, "month", at(date, hour, 0, 0))]);
        let fare = |second| {
            let leg = ride_at(at(last_date, last_hour, 0, second), "B1 - - adult card");
            shown(&rate(&policy, &carried, &[leg]).legs[0].fare)
        };
        assert_eq!((fare(-1), fare(0)), ("5000 0 1:5000".into(), "5000 5000".into()), "{span}");
    };
    // The service day of the town begins at 04:00.
    ends("1 day", ("2026-03-02", 12), ("2026-03-03", 4));
    ends("3 day", ("2026-03-02", 12), ("2026-03-05", 4));
    ends("1 day", ("2026-03-02", 3), ("2026-03-02", 4));
    ends("1 day day_start_time=00:00:00", ("2026-03-02", 12), ("2026-03-03", 0));
    ends("24 hour", ("2026-03-02", 12), ("2026-03-03", 12));
    ends("1 month", ("2026-03-15", 12), ("2026-04-15", 4));
    ends("1 month", ("2026-01-31", 12), ("2026-02-28", 4));
    ends("1 calendar_month", ("2026-03-15", 12), ("2026-04-01", 4));
    ends("2 calendar_month", ("2026-03-31", 12), ("2026-05-01", 4));
}

#[test]
fn a_pass_may_begin_with_its_first_ride_or_on_a_day_the_buyer_names() {
    let first_use = policy(&["day period validity_count=1 validity_unit=day activation=first_use"]);
    let pass = bought(&first_use, "day", morning());
    assert_eq!(pass.active_from, None);
    let rides = [
        "03-02 9 B1 - - free card",
        "03-10 9 B1 - - adult card",
        "03-11 3 B1 - - adult card",
        "03-11 5 B1 - - adult card",
    ];
    let (fares, held) = ridden(&first_use, vec![pass], &rides);
    assert_eq!(fares, ["5000 0 9:5000", "5000 0 1:5000", "5000 0 1:5000", "5000 5000"]);
    assert_eq!(
        (held[0].active_from, held[0].rides, held[0].day_rides),
        (Some(at("2026-03-10", 9, 0, 0)), 2, 2)
    );

    let named = policy(&["day period validity_count=1 validity_unit=day activation=fixed_date"]);
    let purchase = |first_day: Option<&str>| Purchase {
        product: text("day"),
        rider: text("adult"),
        medium: text("card"),
        at: morning(),
        first_day: first_day.map(|day| ServiceDate::parse(day).unwrap()),
    };
    for wrong in [None, Some("2026-03-01")] {
        assert_eq!(buy_pass(&named, &purchase(wrong)), Err(NoSale::FirstDay), "{wrong:?}");
    }
    let bought = buy_pass(&named, &purchase(Some("2026-03-04"))).unwrap();
    assert_eq!(bought.until, Some(at("2026-03-05", 4, 0, 0)));
    check(
        &named,
        &[bought.pass],
        &["03-04 3 B1 - - adult card", "03-04 4 B1 - - adult card", "03-05 4 B1 - - adult card"],
        &["5000 5000", "5000 0 1:5000", "5000 5000"],
    );
    // Today's pass begins when it is bought.
    let today = buy_pass(&named, &purchase(Some("2026-03-02"))).unwrap();
    assert_eq!(today.pass.active_from, Some(morning()));
    assert_eq!(buy_pass(&first_use, &purchase(Some("2026-03-04"))), Err(NoSale::FirstDay));
}

#[test]
fn a_book_pays_as_many_rides_as_it_has_and_none_that_are_free() {
    let policy = policy(&[BOOK]);
    let book = bought(&policy, "book", morning());
    let (fares, held) = ridden(
        &policy,
        vec![book],
        &[
            "03-02 9 B1 - - adult card",
            "03-02 10 B1 - - free card",
            "03-02 11 R N S adult card",
            "03-02 12 B2 - - adult card",
            "03-02 13 B1 - - adult card",
        ],
    );
    assert_eq!(fares, ["5000 0 1:5000", "5000 0 9:5000", "9000 9000", "5000 0 1:5000", "5000 5000"]);
    assert_eq!(held[0].rides, 2);
}

#[test]
fn a_campaign_that_makes_a_ride_free_saves_the_ticket() {
    let mut files = files(&[BOOK]);
    let rows = "campaign_id,discount_type,value,rides_per_day,funded_by\ngift,fixed,0,1,friend\n";
    files.insert("fare_campaigns.txt".into(), rows.into());
    let policy = loaded(&files);
    let book = bought(&policy, "book", morning());
    let ride = "03-02 9 B1 - - adult card";
    let (fares, held) = ridden(&policy, vec![book], &[ride, ride]);
    assert_eq!(fares, ["5000 0 10:5000", "5000 0 1:5000"]);
    assert_eq!(held[0].rides, 1);
}

#[test]
fn a_pass_may_limit_the_rides_of_a_day_and_the_fare_it_pays() {
    let daily = policy(&[&format!("{MONTH} rides_per_day=1")]);
    let pass = bought(&daily, "month", morning());
    let ride = |date: &str, hour: u32| format!("{date} {hour} B1 - - adult card");
    check(
        &daily,
        &[pass],
        &[&ride("03-02", 9), &ride("03-02", 23), &ride("03-03", 3), &ride("03-03", 4)],
        &["5000 0 1:5000", "5000 5000", "5000 5000", "5000 0 1:5000"],
    );
    let rides = ["03-02 9 B1 - - adult card", "03-02 9 R N M adult card", "03-02 9 R N S adult card"];
    for (outside, expect) in [("full_fare", "9000 9000"), ("difference", "9000 3000 1:6000")] {
        let policy = policy(&[&format!("{MONTH} face_value_per_ride=6000 outside={outside}")]);
        let pass = bought(&policy, "month", morning());
        check(&policy, &[pass], &rides, &["5000 0 1:5000", "6000 0 1:6000", expect]);
    }
}

#[test]
fn of_several_passes_the_one_that_costs_the_rider_least_pays() {
    let policy = policy(&[
        &format!("{MONTH} face_value_per_ride=6000 outside=difference"),
        BOOK,
        "day period validity_count=1 validity_unit=day",
    ]);
    let hold = |products: &[&str]| {
        products.iter().map(|product| bought(&policy, product, morning())).collect::<Vec<_>>()
    };
    let used = |products: &[&str], ride: &str| {
        let (_, held) = ridden(&policy, hold(products), &[ride]);
        let used = held.iter().filter(|pass| pass.rides > 0).map(|pass| pass.product.to_string());
        used.collect::<Vec<_>>().join(" ")
    };
    let (bus, rail) = ("03-02 9 B1 - - adult card", "03-02 9 R N S adult card");
    // A period before a book, of periods the one that ends first, of equals the one bought first.
    assert_eq!(used(&["book", "month"], bus), "month");
    assert_eq!(used(&["month", "day", "book"], bus), "day");
    assert_eq!(used(&["month", "day"], rail), "day");
    assert_eq!(used(&["month", "book"], rail), "month");
    let (_, held) = ridden(&policy, hold(&["book", "book"]), &[bus, bus, bus]);
    assert_eq!(held.iter().map(|book| book.rides).collect::<Vec<_>>(), [2, 1]);
}

#[test]
fn a_pass_covers_a_ride_that_is_not_whole_unless_it_holds_in_some_areas_only() {
    let missing = |policy: &Policy| {
        let carried = holding(vec![bought(policy, "month", morning())]);
        let leg = Leg { shape: Shape::MissingExit, ..ride("R N - adult card") };
        shown(&rate(policy, &carried, &[leg]).legs[0].fare)
    };
    assert_eq!(missing(&policy(&[MONTH])), "9000 0 1:9000");
    let mut files = files(&[MONTH]);
    let rows = "fare_product_id,pass_kind,validity_count,validity_unit,within_area_set_id,funded_by\n\
                month,period,1,month,north,rails\n";
    files.insert("fare_passes.txt".into(), rows.into());
    files.insert(
        "selector_sets.txt".into(),
        b"set_id,set_kind,element_id\nnorth,area,n\nnorth,area,m\n".to_vec(),
    );
    let northern = loaded(&files);
    assert_eq!(missing(&northern), "9000 9000");
    let pass = bought(&northern, "month", morning());
    check(
        &northern,
        &[pass],
        &["03-02 9 R N M adult card", "03-02 9 R N S adult card", "03-02 9 B1 - - adult card"],
        &["6000 0 2:6000", "9000 9000", "5000 5000"],
    );
}

#[test]
fn a_rule_may_ask_for_a_pass_in_hand() {
    let mut files = files(&["plus entitlement validity_count=1 validity_unit=day"]);
    let rules =
        "network_id,fare_product_id,rule_priority,filter_fare_product_id\nbus,long,0,\nbus,flat,1,plus\n";
    files.insert("fare_leg_rules.txt".into(), rules.into());
    let policy = loaded(&files);
    let plus = bought(&policy, "plus", morning());
    let rides = ["03-02 9 B1 - - adult card", "03-02 9 B1 - - adult cash", "03-03 9 B1 - - adult card"];
    check(&policy, &[plus], &rides, &["5000 5000", "9000 9000", "9000 9000"]);
    check(&policy, &[], &rides[..1], &["9000 9000"]);
    files.insert(
        "fare_leg_rules.txt".into(),
        "network_id,fare_product_id,filter_fare_product_id\nbus,flat,long\n".into(),
    );
    let errors = lines(&load(&files).unwrap_err());
    assert_eq!(errors, ["fare_leg_rules.txt:2 filter_fare_product_id: not a pass of fare_passes.txt"]);
}

#[test]
fn a_shop_knows_what_is_on_sale_and_what_it_costs_whom() {
    let policy = policy(&[
        &format!("{MONTH} sale_from=2026-03-01 sale_until=2026-06-01"),
        "day period validity_count=1 validity_unit=day rider_category_id=student",
        BOOK,
    ]);
    let terms: Vec<_> =
        policy.passes().map(|terms| (terms.product.to_string(), terms.kind, terms.rides)).collect();
    assert_eq!(
        terms,
        [
            ("book".into(), PassKind::Book, Some(2)),
            ("day".into(), PassKind::Period, None),
            ("month".into(), PassKind::Period, None)
        ]
    );
    let check = |product: &str, rider: &str, medium: &str, date: &str, expect: Result<i64, NoSale>| {
        let found = policy.pass_price(product, rider, medium, at(date, 0, 0, 0));
        assert_eq!(found.map(|price| price.rider.units()), expect, "{product} {rider} {medium} {date}");
    };
    check("month", "adult", "card", "2026-03-01", Ok(300_000));
    check("month", "student", "cash", "2026-05-31", Ok(150_000));
    check("month", "adult", "card", "2026-02-28", Err(NoSale::NotOnSale));
    check("month", "adult", "card", "2026-06-01", Err(NoSale::NotOnSale));
    check("day", "adult", "card", "2026-03-01", Err(NoSale::Rider));
    check("day", "king", "card", "2026-03-01", Err(NoSale::Rider));
    check("day", "student", "card", "2026-03-01", Ok(40_000));
    check("day", "student", "cash", "2026-03-01", Err(NoSale::Price(UnknownFare::NoProduct)));
    check("book", "adult", "shells", "2026-03-01", Err(NoSale::Medium));
    check("flat", "adult", "card", "2026-03-01", Err(NoSale::NoPass));
    let bought = buy(&policy, "month", "adult", "card", morning()).unwrap();
    assert_eq!((bought.price.gross.units(), bought.until), (300_000, Some(at("2026-04-02", 4, 0, 0))));
}

#[test]
fn the_way_of_a_pass_is_told() {
    let policy = policy(&[MONTH, BOOK]);
    let told = |passes: Vec<HeldPass>, words: &str, start: EventTime| -> Vec<String> {
        let facts = explain(&policy, &holding(passes), &[ride_at(start, words)]).remove(0).facts;
        let fact = |fact: &Fact| match fact {
            Fact::Pass { product, rides_left, until } => {
                Some(format!("{product} {rides_left:?} {}", until.is_some()))
            }
            Fact::NotPass { product, because } => Some(format!("{product} {because:?}")),
            _ => None,
        };
        facts.iter().filter_map(fact).collect()
    };
    let (month, book) = (bought(&policy, "month", morning()), bought(&policy, "book", morning()));
    let card = "B1 - - adult card";
    assert_eq!(told(vec![book.clone()], card, morning()), ["book Some(1) false"]);
    assert_eq!(
        told(vec![book.clone(), month.clone()], card, morning()),
        ["book RanksLater", "month None true"]
    );
    assert_eq!(told(vec![month.clone()], card, at("2026-05-01", 9, 0, 0)), ["month TimeUp"]);
    assert_eq!(told(vec![month.clone()], "B1 - - adult cash", morning()), ["month Medium"]);
    assert_eq!(told(vec![month], "B1 - - free card", morning()), ["month NoGain"]);
    let used = HeldPass { rides: 2, ..book };
    assert_eq!(told(vec![used], card, morning()), [format!("book {:?}", Because::UsedUp)]);
}

#[test]
fn a_pass_that_cannot_be_read_is_refused_with_its_column() {
    let check = |row: &str, expect: &str| {
        let errors = lines(&load(&files(&[row])).unwrap_err());
        assert!(errors.iter().any(|error| error.starts_with(expect)), "{row}: {errors:?}");
    };
    check("ticket book rides=2", "fare_passes.txt:2 fare_product_id: there is no product");
    check("book pamphlet", "fare_passes.txt:2 pass_kind: `pamphlet` is none of: period, book, entitlement");
    check("book book", "fare_passes.txt:2 rides: given for the kind `book`");
    check(
        "day period rides=3 validity_count=1 validity_unit=day",
        "fare_passes.txt:2 rides: given for the kind `book`",
    );
    check("day period", "fare_passes.txt:2 validity_count: a period says how long it lasts");
    check("day period validity_count=1", "fare_passes.txt:2 validity_unit: validity_count and validity_unit");
    check(
        "day period validity_count=0 validity_unit=day",
        "fare_passes.txt:2 validity_count: not a whole number",
    );
    check(
        &format!("{MONTH} outside=difference"),
        "fare_passes.txt:2 face_value_per_ride: the field is empty",
    );
    check(&format!("{MONTH} face_value_per_ride=0"), "fare_passes.txt:2 face_value_per_ride: not above 0");
    check(&format!("{MONTH} funded_by="), "fare_passes.txt:2 funded_by: the field is empty");
    check(
        &format!("{MONTH} sale_from=2026-03-01 sale_until=2026-03-01"),
        "fare_passes.txt:2 sale_until: not later",
    );
    check("plus entitlement rides_per_day=1", "fare_passes.txt:2 rides_per_day: an entitlement pays no ride");
    check(
        "plus entitlement activation=first_use",
        "fare_passes.txt:2 activation: an entitlement pays no ride",
    );
    let errors = lines(&load(&files(&[MONTH, MONTH])).unwrap_err());
    assert_eq!(errors, ["fare_passes.txt:3 fare_product_id: the same key stands on line 2"]);
}
