//! The policy of the invented city in `fixtures/cities/minitown`, for tests of any crate.

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../fixtures/cities/minitown/", $name)))),*]
    };
}

/// The policy's files.
pub fn files() -> fares::Files {
    let files = files![
        "agency.txt",
        "areas.txt",
        "fare_leg_rules.txt",
        "fare_media.txt",
        "fare_passes.txt",
        "fare_policies.txt",
        "fare_products.txt",
        "incomplete_journeys.txt",
        "networks.txt",
        "parties.txt",
        "rider_categories.txt",
        "rider_discounts.txt",
        "route_networks.txt",
        "routes.txt",
        "stop_areas.txt",
        "stops.txt",
    ];
    files.into_iter().map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())).collect()
}

/// The policy, loaded.
pub fn policies() -> fares::Policies {
    let policy = fares::load(&files()).expect("minitown loads");
    fares::Policies::new(vec![policy]).expect("one version fits with itself")
}
