use super::*;
use crate::{Policies, PoliciesError};
use std::sync::Arc;

fn version(id: &str, from: &str, until: &str) -> Files {
    town_with(
        "fare_policies.txt",
        &format!(
            "policy_id,valid_from,valid_until,timezone,currency,day_start_time\n{id},{from},{until},Asia/Ho_Chi_Minh,VND,04:00:00\n"
        ),
    )
}

#[test]
fn a_policy_holds_from_its_first_moment_to_before_its_last() {
    let policy = loaded(&town());
    assert!(!policy.holds_at(at("2025-12-31", 23, 59, 59)));
    assert!(policy.holds_at(at("2026-01-01", 0, 0, 0)));
    assert!(policy.holds_at(at("2027-01-01", 3, 59, 59)));
    assert!(!policy.holds_at(at("2027-01-01", 4, 0, 0)));
    assert_eq!(policy.day_rule().service_date(at("2026-03-02", 3, 59, 59)).to_string(), "2026-03-01");
    assert_eq!(format!("{policy:?}"), format!("policy town-1 {}", policy.digest().hex()));
}

#[test]
fn the_version_in_force_is_found_by_the_moment() {
    let old = loaded(&version("old", "2025-01-01", "2026-01-01"));
    let new = loaded(&version("new", "2026-02-01T04:00:00", ""));
    assert_ne!(old.digest(), new.digest());
    let both = Policies::new(vec![new.clone(), old.clone()]).unwrap();
    let check = |date: &str, hour, expect: Option<&str>| {
        assert_eq!(both.at(at(date, hour, 0, 0)).map(Policy::id), expect, "{date} {hour}");
    };
    check("2024-12-31", 23, None);
    check("2025-01-01", 0, Some("old"));
    check("2026-01-01", 0, None);
    check("2026-02-01", 3, None);
    check("2026-02-01", 4, Some("new"));
    check("2099-01-01", 0, Some("new"));
    assert_eq!(both.newest().map(Policy::id), Some("new"));
    assert_eq!(both.iter().map(Policy::id).collect::<Vec<_>>(), ["old", "new"]);
    assert!(Policies::new(Vec::new()).unwrap().newest().is_none());
}

#[test]
fn versions_must_not_overlap_nor_rename_a_party() {
    let refused = |files: [Files; 2]| Policies::new(files.iter().map(loaded).collect()).unwrap_err();
    let (first, second) = ("a".to_owned(), "b".to_owned());
    let overlap = [version("b", "2026-01-01", ""), version("a", "2025-01-01", "2026-01-02")];
    assert_eq!(refused(overlap), PoliciesError::Overlap { first: first.clone(), second: second.clone() });
    let mut other = version("b", "2026-01-01", "");
    let parties = String::from_utf8(other["parties.txt"].clone())
        .unwrap()
        .replace("rails,Town Rail,operator,2", "rails,Town Rail,operator,3");
    other.insert("parties.txt".into(), parties.into_bytes());
    let renumbered = PoliciesError::Renumbered { party: "rails".into(), first, second };
    assert_eq!(refused([version("a", "2025-01-01", "2026-01-01"), other]), renumbered);
}

#[test]
fn an_activated_version_ends_the_one_before_it() {
    let old = Policies::new(vec![loaded(&version("old", "2025-01-01", ""))]).unwrap();
    let new = Arc::new(loaded(&version("new", "2026-02-01", "2026-06-01")));
    let from = at("2026-03-01", 4, 0, 0);
    let both = old.activate(Arc::clone(&new), from).unwrap();
    let check = |date: &str, hour, minute, expect: Option<&str>| {
        assert_eq!(both.at(at(date, hour, minute, 59)).map(Policy::id), expect, "{date} {hour}");
    };
    check("2026-03-01", 3, 59, Some("old"));
    check("2026-03-01", 4, 0, Some("new"));
    check("2026-07-01", 0, 0, None);
    assert_eq!(both.since().map(|(from, policy)| (from, policy.id())).last(), Some((from, "new")));
    assert_ne!(both.digest(), old.digest());
    assert_ne!(both.digest(), old.activate(Arc::clone(&new), at("2026-03-02", 4, 0, 0)).unwrap().digest());
    // It holds on no day before it says it is valid, and takes effect after every other.
    let refused = |policies: &Policies, from| policies.activate(Arc::clone(&new), from).unwrap_err();
    let (policy, newest) = ("new".to_owned(), "new".to_owned());
    let early = PoliciesError::NotInForce { policy: policy.clone() };
    assert_eq!(refused(&old, at("2026-01-31", 23, 59, 59)), early);
    assert_eq!(refused(&old, at("2026-06-01", 0, 0, 0)), early);
    assert_eq!(refused(&both, from), PoliciesError::TooEarly { policy, newest });
}

#[test]
fn a_policy_tells_what_it_names() {
    let policy = loaded(&town_with(
        "route_stops.txt",
        "route_id,direction_id,stop_sequence,stop_id\nB1,0,2,M\nB1,0,1,N\nB1,1,1,M\nR,0,1,N\n",
    ));
    let route = policy.route("B1").unwrap();
    assert_eq!(
        (route.agency.0, route.network, route.name, route.short_name),
        (1, "bus", "Harbour - Hill", "1")
    );
    assert_eq!(policy.route("B2").unwrap().name, "2");
    assert!(policy.route("B9").is_none());
    let stops = |route, direction| policy.route_stops(route, direction).map(Text::as_str).collect::<Vec<_>>();
    assert_eq!((stops("B1", 0), stops("B1", 1), stops("B1", 2)), (vec!["N", "M"], vec!["M"], vec![]));
    assert!(policy.has_stop("S-2") && !policy.has_stop("x"));
    assert_eq!(policy.stop_name("S-2"), Some("South platform 2"));
    assert_eq!((policy.rider_name("free"), policy.medium_name("cash")), (Some("Free"), Some("Cash")));
    assert!(
        policy.has_rider("free")
            && !policy.has_rider("x")
            && policy.has_medium("card")
            && !policy.has_medium("")
    );
    assert_eq!(policy.default_rider().as_str(), "adult");
    assert_eq!(policy.party("city").unwrap().kind.word(), "city");
    assert_eq!(policy.party_by_no(primitives::PartyNo(20)).unwrap().id.as_str(), "school");
    assert!(policy.party_by_no(primitives::PartyNo(3)).is_none() && policy.party("x").is_none());
    assert_eq!(policy.route_ids().map(Text::as_str).collect::<Vec<_>>(), ["B1", "B2", "R"]);
}
