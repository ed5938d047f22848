#![allow(clippy::unwrap_used)]
//! Tests over a small town: one flat bus network and a railway of three stations.

mod campaigns;
mod caps;
mod caps_and_joins;
mod checks;
mod decisions;
mod distance;
mod eligibility;
mod explain;
mod incomplete;
mod joins;
mod loading;
mod passes;
mod periods;
mod pricing;
mod published;
mod rebates;
mod recall;
mod shares;
mod surcharges;
mod transfers;
mod versions;
mod windows;
#[path = "../../tests/it/words.rs"]
mod words;

use crate::{Fare, Files, Leg, LoadError, Policy, Priced, Shape, load, price};
use primitives::{DayRule, EventTime, Minor, ServiceDate, Text};
use words::{all_shown, shown, text};

const TOWN: &[(&str, &str)] = &[
    (
        "fare_policies.txt",
        "policy_id,valid_from,valid_until,timezone,currency,day_start_time\n\
         town-1,2026-01-01,2027-01-01 04:00:00,Asia/Ho_Chi_Minh,VND,04:00:00\n",
    ),
    (
        "parties.txt",
        "party_id,party_name,party_kind,party_number\n\
         buses,Town Buses,operator,1\nrails,Town Rail,operator,2\ncity,The Town,city,9\nfriend,A Sponsor,sponsor,10\n\
         school,First School,school,20\n",
    ),
    (
        "agency.txt",
        "agency_id,agency_name,agency_timezone\nbuses,Town Buses,Asia/Ho_Chi_Minh\nrails,Town Rail,\n",
    ),
    (
        "routes.txt",
        "route_id,agency_id,route_short_name,route_long_name\nB1,buses,1,Harbour - Hill\nB2,buses,2,\nR,rails,R,Line R\n",
    ),
    ("networks.txt", "network_id,network_name\nbus,Buses\nrail,Railway\n"),
    ("route_networks.txt", "network_id,route_id\nbus,B1\nbus,B2\nrail,R\n"),
    (
        "stops.txt",
        "stop_id,stop_name,parent_station\nN,North,\nM,Middle,\nS,South,\nS-2,South platform 2,S\nkerb,Kerb,\n",
    ),
    ("areas.txt", "area_id\nn\nm\ns\n"),
    ("stop_areas.txt", "area_id,stop_id\nn,N\nm,M\ns,S\n"),
    (
        "calendar.txt",
        "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n\
         weekday,1,1,1,1,1,0,0,20260101,20261231\n",
    ),
    ("timeframes.txt", "timeframe_group_id,start_time,end_time,service_id\npeak,6:30:00,09:00:00,weekday\n"),
    (
        "rider_categories.txt",
        "rider_category_id,rider_category_name,is_default_fare_category\nadult,Adult,1\nstudent,Student,0\nfree,Free,0\n",
    ),
    ("fare_media.txt", "fare_media_id,fare_media_name,fare_media_type\ncard,Card,2\ncash,Cash,0\n"),
    (
        "fare_products.txt",
        "fare_product_id,rider_category_id,fare_media_id,amount,currency\n\
         flat,,,5000,VND\nshort,,cash,7000,VND\nshort,,card,6000,VND\nlong,,,9000,VND\n",
    ),
    (
        "fare_leg_rules.txt",
        "network_id,from_area_id,to_area_id,fare_product_id\n\
         bus,,,flat\nrail,n,m,short\nrail,m,n,short\nrail,m,s,short\nrail,s,m,short\nrail,n,s,long\nrail,s,n,long\n",
    ),
    (
        "rider_discounts.txt",
        "rider_category_id,network_id,fixed_amount,multiply_percent,rounding_step,rounding_mode,funded_by\n\
         student,bus,3000,,,,city\nstudent,rail,,5000,1000,half_up,city\nfree,,0,,,,city\n",
    ),
    (
        "incomplete_journeys.txt",
        "network_id,kind,charge,amount,max_journey_seconds\n\
         rail,missing_exit,farthest,,\nrail,missing_entry,farthest,,\nrail,same_station,amount,2000,\nrail,over_time,,,7200\n",
    ),
];

fn town() -> Files {
    TOWN.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect()
}

/// The town with one file replaced.
fn town_with(name: &str, text: &str) -> Files {
    let mut files = town();
    files.insert(name.to_owned(), text.as_bytes().to_vec());
    files
}

/// A table of these columns. A row is words: those without `=` fill the columns from the first on, `column=value` another
/// one; what is not said is empty, and `funder` stands in `funded_by`.
fn table(header: &str, funder: &str, rows: &[&str]) -> String {
    let row = |row: &&str| {
        let (named, placed): (Vec<&str>, Vec<&str>) = row.split(' ').partition(|word| word.contains('='));
        let value = |(place, column): (usize, &str)| {
            let placed = placed.get(place).copied();
            let named = || named.iter().find_map(|word| word.strip_prefix(column)?.strip_prefix('='));
            placed.or_else(named).unwrap_or(if column == "funded_by" { funder } else { "" }).to_owned()
        };
        header.split(',').enumerate().map(value).collect::<Vec<_>>().join(",") + "\n"
    };
    format!("{header}\n{}", rows.iter().map(row).collect::<String>())
}

fn loaded(files: &Files) -> Policy {
    load(files).unwrap_or_else(|errors| panic!("{}", lines(&errors).join("\n")))
}

fn lines(errors: &[LoadError]) -> Vec<String> {
    errors.iter().map(ToString::to_string).collect()
}

fn minor(units: i64) -> Minor {
    Minor::new(units)
}

/// A local moment of the town.
fn at(date: &str, hour: i64, minute: i64, second: i64) -> EventTime {
    let rule = DayRule { zone: chrono_tz::Asia::Ho_Chi_Minh, day_start_seconds: 0 };
    rule.at(ServiceDate::parse(date).unwrap(), hour * 3600 + minute * 60 + second).unwrap()
}

/// A ride on Monday 2 March 2026 at noon, 20 minutes long: `"R N S student cash"`; `-` is an unknown stop.
fn ride(words: &str) -> Leg {
    let words: Vec<&str> = words.split(' ').collect();
    let stop = |word: &str| (word != "-").then(|| text(word));
    let [route, from, to, rider, medium] = words[..] else { panic!("{words:?}") };
    Leg {
        route: text(route),
        from: stop(from),
        to: stop(to),
        via: Vec::new(),
        start: at("2026-03-02", 12, 0, 0),
        end: stop(to).map(|_| at("2026-03-02", 12, 20, 0)),
        shape: Shape::Ride,
        rider: text(rider),
        medium: text(medium),
    }
}

/// The ride from another moment on, without a tap at its end.
fn ride_at(start: EventTime, words: &str) -> Leg {
    Leg { start, end: None, ..ride(words) }
}

fn priced(policy: &Policy, leg: Leg) -> Priced {
    price(policy, &[leg]).pop().unwrap()
}

fn fare(policy: &Policy, words: &str) -> String {
    shown(&priced(policy, ride(words)).fare)
}

fn rules(priced: &Priced) -> String {
    priced.rules.iter().map(Text::as_str).collect::<Vec<_>>().join(" ")
}
