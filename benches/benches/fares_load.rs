//! How long a policy takes to load whose railway has a published distance or price for every pair of its stations.

use benches::city_files;
use criterion::{Criterion, criterion_group, criterion_main};
use fares::{Files, load};
use std::fmt::Write as _;
use std::hint::black_box;

/// 91 stations: 8,281 ordered pairs, a station with itself included.
const STATIONS: usize = 91;

fn replace(files: &mut Files, name: &str, text: String) {
    files.insert(name.to_owned(), text.into_bytes());
}

/// A town whose metro is a matrix of areas: a leg rule for each pair.
fn pairs_as_rules() -> Files {
    let mut files = city_files("minitown");
    let mut stops = String::from("stop_id,stop_name,stop_lat,stop_lon\n");
    let (mut areas, mut lies) = (String::from("area_id\n"), String::from("area_id,stop_id\n"));
    let mut rules = String::from("leg_group_id,network_id,from_area_id,to_area_id,fare_product_id\n");
    let _ = writeln!(rules, "bus,bus,,,bus_single");
    for from in 0..STATIONS {
        let _ = writeln!(stops, "s{from},Station {from},10.{from:03},106.{from:03}");
        let _ = writeln!(areas, "s{from}");
        let _ = writeln!(lies, "s{from},s{from}");
        for to in 0..STATIONS {
            let product = if (from * 7 + to * 13) % 3 == 0 { "metro_near" } else { "metro_far" };
            let _ = writeln!(rules, "metro,metro,s{from},s{to},{product}");
        }
    }
    replace(&mut files, "stops.txt", stops);
    replace(&mut files, "areas.txt", areas);
    replace(&mut files, "stop_areas.txt", lies);
    replace(&mut files, "fare_leg_rules.txt", rules);
    files
}

/// The same town with a published distance for each pair, in both directions.
fn pairs_as_distances() -> Files {
    let mut files = pairs_as_rules();
    let mut distances = String::from("network_id,from_stop_id,to_stop_id,units,symmetric\n");
    for from in 0..STATIONS {
        for to in 0..STATIONS {
            let _ = writeln!(distances, "metro,s{from},s{to},{},0", from.abs_diff(to) * 731);
        }
    }
    let rules = "leg_group_id,network_id,fare_product_id,min_distance_units,max_distance_units\n\
                 bus,bus,bus_single,,\nmetro,metro,metro_near,0,10000\nmetro,metro,metro_far,10000,\n";
    replace(&mut files, "fare_distances.txt", distances);
    let methods = "network_id,distance_method,unit_metres\nmetro,matrix,1\n";
    replace(&mut files, "fare_distance_methods.txt", methods.to_owned());
    replace(&mut files, "fare_leg_rules.txt", rules.to_owned());
    files
}

fn loads(c: &mut Criterion) {
    let mut group = c.benchmark_group("load");
    group.sample_size(20);
    let cases = [
        ("8,281 pairs as rules", pairs_as_rules()),
        ("8,281 pairs as distances", pairs_as_distances()),
        ("hcmc", city_files("hcmc")),
    ];
    for (name, files) in cases {
        let loaded = load(&files);
        assert!(loaded.is_ok(), "{name}: {loaded:?}");
        group.bench_function(name, |bencher| bencher.iter(|| load(black_box(&files))));
    }
    group.finish();
}

criterion_group!(benches, loads);
criterion_main!(benches);
