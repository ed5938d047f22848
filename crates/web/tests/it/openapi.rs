//! The OpenAPI file names every route of the programming interface, and no other.

use std::collections::BTreeSet;

/// The paths of the file with their methods. The file is ours, so its layout is known: two blanks before a path, four
/// before a method.
fn documented() -> BTreeSet<(String, String)> {
    let source = include_str!("../../../../schemas/openapi.yaml");
    let (_, rest) = source.split_once("\npaths:\n").expect("paths");
    let (paths, _) = rest.split_once("\ncomponents:\n").expect("components");
    let mut found = BTreeSet::new();
    let mut path = String::new();
    for line in paths.lines() {
        let text = line.trim();
        let depth = line.len() - line.trim_start().len();
        match (depth, text.strip_suffix(':')) {
            (2, Some(name)) if name.starts_with('/') => path = name.to_owned(),
            (4, Some(method)) => {
                found.insert((method.to_uppercase(), path.clone()));
            }
            _ => {}
        }
    }
    found
}

#[test]
fn every_route_for_machines_is_documented() {
    let ours: BTreeSet<(String, String)> = web::routes::table()
        .into_iter()
        .filter(|route| route.path.starts_with("/v1/") || route.path.ends_with('z'))
        .map(|route| (route.method.to_string(), route.path.to_owned()))
        .collect();
    assert!(ours.len() >= 4);
    assert_eq!(documented(), ours);
}
