//! What cases name and a policy lacks is added, and only that.

use super::{case_file, city, edited};
use crate::overlay::{Overlay, overlays};
use crate::table::Table;
use fares::{Files, Leg, Policy, Shape};

fn overlaid(files: &Files, lines: &[&str]) -> Vec<Overlay> {
    overlays(files, &case_file(lines).cases)
}

fn line(id: &str, legs: &str) -> String {
    format!(r#"{{"id":"{id}","rider":"adult","medium":"card","legs":[{legs}],"expect":{{"total":1}}}}"#)
}

fn leg(fields: &str) -> String {
    let comma = if fields.is_empty() { "" } else { "," };
    format!(r#"{{"start":"2026-03-02T08:00:00+07:00","end":"2026-03-02T08:20:00+07:00"{comma}{fields}}}"#)
}

/// The policy of the only overlay and the legs of its first case, those without a route as their reason.
fn drafted(files: &Files, legs: &[&str]) -> (Policy, Vec<Result<Leg, String>>) {
    let legs: Vec<String> = legs.iter().map(|fields| leg(fields)).collect();
    let mut overlays = overlaid(files, &[&line("a", &legs.join(","))]);
    assert_eq!(overlays.len(), 1);
    let overlay = overlays.remove(0);
    let policy = fares::load(&overlay.files).unwrap_or_else(|errors| panic!("{errors:?}"));
    let legs = overlay.cases[0].1.iter();
    let legs = legs.map(|draft| draft.as_ref().map(|draft| draft.leg(&policy)).map_err(ToString::to_string));
    let legs = legs.collect();
    (policy, legs)
}

/// Route, network and agency of the leg that stands for these fields.
fn route(files: &Files, fields: &str) -> Result<(String, String, String), String> {
    let (policy, mut legs) = drafted(files, &[fields]);
    let leg = legs.remove(0)?;
    let route = policy.route(leg.route.as_str()).expect("the overlay has it");
    let agency = policy.party_by_no(route.agency).expect("a party").id.to_string();
    Ok((leg.route.to_string(), route.network.to_owned(), agency))
}

#[test]
fn a_leg_finds_its_route() {
    let files = city("minitown");
    let check = |fields: &str, expect: Result<[&str; 3], &str>| {
        let expect =
            expect.map(|[route, network, agency]| (route.to_owned(), network.to_owned(), agency.to_owned()));
        assert_eq!(route(&files, fields), expect.map_err(str::to_owned), "{fields}");
    };
    // As the policy says.
    check(r#""route":"B1""#, Ok(["B1", "bus", "greenbus"]));
    check(r#""route":"B1","network":"bus","agency":"anybody""#, Ok(["B1", "bus", "greenbus"]));
    // The network of the leg goes before the route's.
    check(r#""route":"B1","network":"metro""#, Ok(["B1#2", "metro", "rail"]));
    check(
        r#""route":"T2 & Line","network":"bus","agency":"x"#.to_owned().as_str().replace("x", "x\"").as_str(),
        Ok(["T2 & Line", "bus", "greenbus"]),
    );
    check(r#""route":"9","network":"bus","agency":"rail""#, Ok(["9", "bus", "rail"]));
    // Without a route: the network, and a route of the leg's own.
    check(r#""network":"bus""#, Ok(["bus#1", "bus", "greenbus"]));
    check(r#""agency":"rail""#, Ok(["metro#1", "metro", "rail"]));
    check(r#""route":"new","agency":"rail""#, Ok(["new", "metro", "rail"]));
    // A route or an operator that has the name of a network.
    check(r#""route":"metro""#, Ok(["metro", "metro", "rail"]));
    check(r#""network":"tram""#, Err("the policy has no network `tram`"));
    check(r#""route":"new""#, Err("the leg names no network, and the policy knows no route `new`"));
    check(r#""agency":"x""#, Err("the leg names no network, and the policy knows no operator `x`"));
    check("", Err("the leg names no network, and it runs in more than one"));
}

#[test]
fn legs_without_a_route_are_not_the_same_route() {
    let (_, legs) = drafted(&city("minitown"), &[r#""network":"bus""#, r#""network":"bus""#]);
    let routes: Vec<String> = legs.into_iter().map(|leg| leg.expect("a leg").route.to_string()).collect();
    assert_eq!(routes, ["bus#1", "bus#2"]);
}

#[test]
fn a_line_that_calls_at_both_stops_is_found() {
    let files = city("hcmc");
    let fields = r#""network":"metro_1","from":{"stop":"M1-01"},"to":{"stop":"M1-14"}"#;
    assert_eq!(route(&files, fields).expect("a route").0, "M1");
}

#[test]
fn networks_on_routes_get_made_routes_there() {
    let mut files = city("minitown");
    files.remove("networks.txt");
    files.remove("route_networks.txt");
    let routes = "route_id,agency_id,network_id\nB1,greenbus,bus\nL1,rail,metro\n";
    files.insert("routes.txt".into(), routes.into());
    let found = route(&files, r#""route":"9","network":"metro""#).expect("a route");
    assert_eq!(found, ("9".to_owned(), "metro".to_owned(), "rail".to_owned()));
}

#[test]
fn stops_are_added_once_for_each_place() {
    let stop = |id: &str, rest: &str| format!(r#""network":"bus","from":{{"stop":"{id}"{rest}}}"#);
    let legs = [
        stop("S1", ""),                                    // the policy's stop
        stop("S1", r#","lat":10.00,"lon":106.1"#),         // there, with another zero
        stop("S1", r#","lat":10.1,"lon":106.1"#),          // elsewhere
        stop("S1", r#","areas":["west"]"#),                // the area it lies in
        stop("S1", r#","areas":["east"]"#),                // one it does not
        stop("N", r#","lat":1,"lon":2,"areas":["zone"]"#), // new, in a new area
        stop("N", r#","lat":1,"lon":3"#),                  // new, elsewhere, in none
        r#""network":"bus","from":{"areas":["west"]}"#.to_owned(),
        r#""network":"bus","from":{}"#.to_owned(),
    ];
    let legs: Vec<&str> = legs.iter().map(String::as_str).collect();
    let (policy, legs) = drafted(&city("minitown"), &legs);
    let from: Vec<Option<String>> =
        legs.iter().map(|leg| leg.as_ref().expect("a leg").from.as_ref().map(ToString::to_string)).collect();
    let from: Vec<&str> = from.iter().map(|from| from.as_deref().unwrap_or("-")).collect();
    assert_eq!(from, ["S1", "S1", "S1#2", "S1", "S1#3", "N#2", "N", "place#1", "-"]);
    assert!(policy.has_stop("S1#2"));
}

#[test]
fn a_leg_from_an_area_to_the_same_area_did_not_end_where_it_began() {
    let ends = |place: &str| {
        let fields = format!(r#""route":"L1","from":{place},"to":{place}"#);
        let (_, mut legs) = drafted(&city("minitown"), &[&fields]);
        let leg = legs.remove(0).expect("a leg");
        (leg.from.expect("a stop"), leg.to.expect("a stop"))
    };
    let (from, to) = ends(r#"{"areas":["west"]}"#);
    assert_ne!(from, to);
    // A position, or an id, is a place.
    for place in [r#"{"lat":1,"lon":2}"#, r#"{"stop":"S1"}"#, r#"{"stop":"N"}"#] {
        let (from, to) = ends(place);
        assert_eq!(from, to, "{place}");
    }
}

#[test]
fn a_moved_stop_keeps_its_station_and_its_areas() {
    let leg = leg(
        r#""network":"metro","from":{"stop":"S1","lat":1.0,"lon":2.0},"to":{"stop":"S1","areas":["zone"]}"#,
    );
    let overlay = overlaid(&city("minitown"), &[&line("a", &leg)]).remove(0);
    let stops = Table::read(&overlay.files, "stops.txt");
    let made: Vec<[&str; 4]> = stops
        .rows()
        .filter(|row| row.get("stop_id").contains('#'))
        .map(|row| ["stop_id", "stop_lat", "stop_lon", "parent_station"].map(|column| row.get(column)))
        .collect();
    assert_eq!(made, [["S1#2", "1.0", "2.0", "S1"], ["S1#3", "10.0", "106.1", "S1"]]);
    let areas = Table::read(&overlay.files, "stop_areas.txt");
    let lies: Vec<(&str, &str)> = areas
        .rows()
        .filter(|row| row.get("stop_id").contains('#'))
        .map(|row| (row.get("stop_id"), row.get("area_id")))
        .collect();
    assert_eq!(lies, [("S1#2", "west"), ("S1#3", "west"), ("S1#3", "zone")]);
    assert_eq!(Table::read(&overlay.files, "areas.txt").rows().last().expect("a row").get("area_id"), "zone");
}

#[test]
fn a_policy_that_has_everything_is_left_as_it_is() {
    let files = city("minitown");
    let leg = leg(r#""route":"L1","from":{"stop":"S1"},"to":{"stop":"S2"}"#);
    assert_eq!(overlaid(&files, &[&line("a", &leg)])[0].files, files);
}

#[test]
fn gates_decide_what_a_leg_without_an_end_is() {
    let files = city("minitown");
    let check = |fields: &str, end: bool, expect: (Shape, Option<&str>, Option<&str>)| {
        let end = if end { r#","end":"2026-03-02T08:20:00+07:00""# } else { "" };
        let leg = format!(r#"{{"start":"2026-03-02T08:00:00+07:00"{end},{fields}}}"#);
        let overlay = overlaid(&files, &[&line("a", &leg)]).remove(0);
        let policy = fares::load(&overlay.files).expect("a policy");
        let leg = overlay.cases[0].1[0].as_ref().expect("a leg").leg(&policy);
        let stop = |stop: &Option<primitives::Text>| stop.as_ref().map(ToString::to_string);
        let (from, to) = (stop(&leg.from), stop(&leg.to));
        assert_eq!((leg.shape, from.as_deref(), to.as_deref()), expect, "{fields}");
        assert_eq!(leg.end.is_none(), end.is_empty());
    };
    let both = r#""from":{"stop":"S1"},"to":{"stop":"S2"}"#;
    check(&format!(r#""route":"L1",{both}"#), true, (Shape::Ride, Some("S1"), Some("S2")));
    check(&format!(r#""route":"L1",{both}"#), false, (Shape::MissingExit, Some("S1"), None));
    check(r#""route":"L1","to":{"stop":"S2"}"#, true, (Shape::MissingEntry, None, Some("S2")));
    check(&format!(r#""route":"B1",{both}"#), false, (Shape::Ride, Some("S1"), Some("S2")));
    check(r#""route":"B1""#, false, (Shape::Ride, None, None));
}

fn with_matrix(method: &str, distances: &str) -> Files {
    let mut files = city("minitown");
    let methods = format!("network_id,distance_method,unit_metres,unit_rounding\nmetro,{method}\n");
    files.insert("fare_distance_methods.txt".into(), methods.into_bytes());
    if !distances.is_empty() {
        files.insert("fare_distances.txt".into(), distances.as_bytes().to_vec());
    }
    files
}

fn distances(overlay: &Overlay) -> Vec<String> {
    let table = Table::read(&overlay.files, "fare_distances.txt");
    let columns = ["network_id", "from_stop_id", "to_stop_id", "units", "symmetric"];
    table.rows().map(|row| columns.map(|column| row.get(column)).join(" ")).collect()
}

fn line_with_distances(id: &str, distances: &str) -> String {
    let leg = leg(r#""route":"L1","from":{"stop":"S1"},"to":{"stop":"S2"}"#);
    line(id, &leg).replace(r#""expect""#, &format!(r#""distances_m":{{{distances}}},"expect""#))
}

#[test]
fn metres_become_units_of_the_networks_that_read_a_matrix() {
    let check = |method: &str, metres: u32, expect: &[String]| {
        let line = line_with_distances("a", &format!(r#""S1:S2":{metres}"#));
        assert_eq!(distances(&overlaid(&with_matrix(method, ""), &[&line])[0]), expect, "{method} {metres}");
    };
    // The way back is as long, because nobody says how long it is.
    let both = |units: u32| [format!("metro S1 S2 {units} 0"), format!("metro S2 S1 {units} 0")];
    check("matrix,1,", 3210, &both(3210));
    check("matrix,,", 3210, &both(3210));
    check("matrix,100,up", 3201, &both(33));
    check("matrix,100,up", 3200, &both(32));
    check("matrix,100,down", 3299, &both(32));
    check("matrix,1000,half_up", 3499, &both(3));
    check("matrix,1000,half_up", 3500, &both(4));
    check("matrix,1000,", 3500, &both(4));
    check("great_circle,1,", 3210, &[]);
}

#[test]
fn a_published_distance_goes_before_the_policys() {
    let check = |rows: &str, expect: &[&str]| {
        let table = format!("network_id,from_stop_id,to_stop_id,units,symmetric\n{rows}");
        let line = line_with_distances("a", r#""S1:S2":7"#);
        assert_eq!(distances(&overlaid(&with_matrix("matrix,1,", &table), &[&line])[0]), expect);
    };
    check("metro,S1,S3,9,1\n", &["metro S1 S3 9 1", "metro S1 S2 7 0", "metro S2 S1 7 0"]);
    check("metro,S1,S2,5,0\n", &["metro S1 S2 7 0", "metro S2 S1 7 0"]);
    check("metro,S1,S2,5,1\n", &["metro S2 S1 5 0", "metro S1 S2 7 0"]);
    check("metro,S2,S1,5,\n", &["metro S2 S1 5 0", "metro S1 S2 7 0"]);
    check("metro,S2,S1,5,0\n", &["metro S2 S1 5 0", "metro S1 S2 7 0"]);
}

#[test]
fn cases_that_contradict_each_other_are_kept_apart() {
    let lines = [
        line_with_distances("a", r#""S1:S2":7"#),
        line_with_distances("b", r#""S1:S2":8"#),
        line_with_distances("c", r#""S1:S2":7,"S2:S1":9"#),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let overlays = overlaid(&with_matrix("matrix,1,", ""), &lines);
    let members: Vec<Vec<usize>> =
        overlays.iter().map(|overlay| overlay.cases.iter().map(|(index, _)| *index).collect()).collect();
    assert_eq!(members, [vec![0, 2], vec![1]]);
    assert_eq!(distances(&overlays[0]), ["metro S1 S2 7 0", "metro S2 S1 9 0"]);
    assert_eq!(distances(&overlays[1]), ["metro S1 S2 8 0", "metro S2 S1 8 0"]);
}

#[test]
fn long_and_odd_names_still_become_ids() {
    let files = edited(city("minitown"), "routes.txt", "B1", "B1");
    let long = "A line whose name is much longer than any id of the house may be, as it happens";
    let (policy, legs) =
        drafted(&files, &[&format!(r#""route":"{long}","network":"bus","from":{{"stop":"{long}"}}"#)]);
    let leg = legs[0].as_ref().expect("a leg");
    assert!(policy.route(leg.route.as_str()).is_some());
    assert_eq!(leg.route.as_str(), "A line who#2");
    assert_eq!(leg.from.as_ref().map(|from| from.as_str()), Some("A line who#2"));
}
