//! What one price costs, on a real city and on a policy of a hundred thousand learned rules.

use benches::{at, city, text};
use criterion::{Criterion, criterion_group, criterion_main};
use fares::{Fare, Files, Leg, Policy, Shape, load, price};
use std::fmt::Write as _;
use std::hint::black_box;

const STATIONS: usize = 230;

/// 230 stations, every ordered pair, two bands: 105,340 rules, as a city learned from its journeys has them.
fn learned() -> Files {
    let (mut stops, mut areas, mut lies) =
        (String::from("stop_id,stop_name\n"), String::from("area_id\n"), String::from("area_id,stop_id\n"));
    let mut rules = String::from(
        "network_id,from_area_id,to_area_id,from_timeframe_group_id,fare_product_id,rule_priority\n",
    );
    for from in 0..STATIONS {
        let _ = writeln!(stops, "Station {from},Station {from}");
        let _ = writeln!(areas, "Station {from}");
        let _ = writeln!(lies, "Station {from},Station {from}");
        for to in (0..STATIONS).filter(|to| *to != from) {
            let product = 10 + (from * 7 + to * 13) % 40;
            let _ = writeln!(rules, "rail,Station {from},Station {to},peak,p{product},0");
            let _ = writeln!(rules, "rail,Station {from},Station {to},other,p{},0", product - 5);
        }
    }
    let mut products = String::from("fare_product_id,amount,currency\n");
    for product in 0..50 {
        let _ = writeln!(products, "p{product},{}.{:02},GBP", product / 10, product % 10 * 10);
    }
    let small = [
        (
            "fare_policies.txt",
            "policy_id,valid_from,timezone,currency,day_start_time\nx,2009-01-01,Europe/London,GBP,04:30:00\n",
        ),
        ("parties.txt", "party_id,party_name,party_kind,party_number\nrail,Rail,operator,1\n"),
        ("agency.txt", "agency_id,agency_name\nrail,Rail\n"),
        ("routes.txt", "route_id,agency_id,network_id\nLUL,rail,rail\n"),
        (
            "calendar.txt",
            "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\nweek,1,1,1,1,1,0,0,20090101,20991231\n",
        ),
        (
            "timeframes.txt",
            "timeframe_group_id,start_time,end_time,service_id\npeak,06:35:00,09:27:00,week\npeak,16:05:00,18:57:00,week\nother,00:00:00,06:35:00,week\nother,09:27:00,16:05:00,week\nother,18:57:00,24:00:00,week\n",
        ),
        (
            "rider_categories.txt",
            "rider_category_id,rider_category_name,is_default_fare_category\nadult,Adult,1\n",
        ),
        ("fare_media.txt", "fare_media_id,fare_media_type\ncard,2\n"),
        (
            "incomplete_journeys.txt",
            "network_id,kind,charge,amount\nrail,missing_exit,farthest,\nrail,missing_entry,amount,4.00\n",
        ),
    ];
    let large = [
        ("stops.txt", stops),
        ("areas.txt", areas),
        ("stop_areas.txt", lies),
        ("fare_products.txt", products),
        ("fare_leg_rules.txt", rules),
    ];
    let small = small.into_iter().map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()));
    small.chain(large.into_iter().map(|(name, text)| (name.to_owned(), text.into_bytes()))).collect()
}

fn leg(policy: &Policy, route: &str, from: Option<&str>, to: Option<&str>, rider: &str) -> Leg {
    let shape = if from.is_some() && to.is_none() { Shape::MissingExit } else { Shape::Ride };
    Leg {
        route: text(route),
        from: from.map(text),
        to: to.map(text),
        via: Vec::new(),
        start: at(policy, 8 * 3600),
        end: to.map(|_| at(policy, 8 * 3600 + 1_500)),
        shape,
        rider: text(rider),
        medium: text("card"),
    }
}

fn prices(c: &mut Criterion) {
    let city = city("hcmc");
    let london = load(&learned()).expect("a policy");
    let metro = |rider, to| leg(&city, "M1", Some("M1-02"), to, rider);
    let rail = |to| leg(&london, "LUL", Some("Station 17"), to, "adult");
    let cases = [
        ("bus adult", &city, leg(&city, "10", None, None, "adult")),
        ("bus student", &city, leg(&city, "10", None, None, "student")),
        ("metro adult", &city, metro("adult", Some("M1-09"))),
        ("metro student", &city, metro("student", Some("M1-09"))),
        ("metro same station", &city, metro("adult", Some("M1-02"))),
        ("metro missing exit", &city, metro("adult", None)),
        ("rail of 105,340 rules", &london, rail(Some("Station 201"))),
        ("rail of 105,340 rules, farthest", &london, rail(None)),
    ];
    let mut group = c.benchmark_group("price");
    for (name, policy, leg) in cases {
        let legs = [leg];
        let known = price(policy, &legs).iter().all(|priced| matches!(priced.fare, Fare::Known { .. }));
        assert!(known, "{name}");
        group.bench_function(name, |bencher| bencher.iter(|| price(policy, black_box(&legs))));
    }
    group.finish();
}

fn loads(c: &mut Criterion) {
    let files = learned();
    let mut group = c.benchmark_group("load");
    group.sample_size(10);
    group.bench_function("105,340 rules", |bencher| bencher.iter(|| load(black_box(&files))));
    group.finish();
}

criterion_group!(benches, prices, loads);
criterion_main!(benches);
