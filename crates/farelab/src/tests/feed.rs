//! Policies from folders and zips: wherever they lie, whatever a zip says of itself.

use crate::feed::{BOUNDS, Bounds, FeedError, read, read_versions, read_zip};
use fares::Files;
use std::fs;
use std::io::{Cursor, Write as _};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

fn zipped(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in entries {
        writer.start_file(*name, options).expect("an entry");
        writer.write_all(bytes).expect("written");
    }
    writer.finish().expect("a zip").into_inner()
}

fn names(files: &Files) -> Vec<&str> {
    files.keys().map(String::as_str).collect()
}

fn unzip(entries: &[(&str, &[u8])]) -> Result<Files, FeedError> {
    read_zip(Cursor::new(zipped(entries)), "x.zip", BOUNDS)
}

#[test]
fn a_zip_holds_its_files_at_the_top_or_in_one_folder() {
    let check = |entries: &[&str], expect: &[&str]| {
        let entries: Vec<(&str, &[u8])> = entries.iter().map(|name| (*name, b"x".as_slice())).collect();
        assert_eq!(names(&unzip(&entries).expect("a policy")), expect);
    };
    check(&["stops.txt", "routes.txt", "README.md"], &["routes.txt", "stops.txt"]);
    check(&["city/stops.txt", "city/routes.txt", "city/more/deep.txt"], &["routes.txt", "stops.txt"]);
    check(&["stops.txt", "other/routes.txt"], &["stops.txt"]);
    check(&["city/stops.txt", "__MACOSX/city/._stops.txt"], &["stops.txt"]);
    // Times and shapes may be large, and say nothing about a price.
    check(&["stops.txt", "stop_times.txt", "shapes.txt"], &["stops.txt"]);
}

#[test]
fn a_zip_without_one_policy_is_refused() {
    let check = |entries: &[(&str, &[u8])], expect: &str| {
        assert_eq!(unzip(entries).expect_err("refused").to_string(), expect);
    };
    check(&[("README.md", b"x")], "x.zip: it holds no policy (no .txt files)");
    check(&[("a/b/stops.txt", b"x")], "x.zip: it holds no policy (no .txt files)");
    check(
        &[("a/stops.txt", b"x"), ("b/stops.txt", b"x")],
        "x.zip: it holds .txt files in more than one folder",
    );
    let broken = read_zip(Cursor::new(b"no zip at all".to_vec()), "x.zip", BOUNDS);
    assert_eq!(broken.expect_err("refused").to_string(), "x.zip cannot be unpacked");
    let mut cut = zipped(&[("stops.txt", b"stop_id\nS1\n")]);
    cut.truncate(cut.len() / 2);
    assert!(matches!(read_zip(Cursor::new(cut), "x.zip", BOUNDS), Err(FeedError::Zip { .. })));
}

#[test]
fn what_comes_out_of_a_zip_is_counted() {
    let bounds = Bounds { entries: 2, entry_bytes: 1_000, policy_bytes: 1_500 };
    let check = |sizes: &[usize], expect: Result<(), &str>| {
        let contents: Vec<(String, Vec<u8>)> =
            sizes.iter().enumerate().map(|(index, size)| (format!("{index}.txt"), vec![0; *size])).collect();
        let entries: Vec<(&str, &[u8])> =
            contents.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        let read = read_zip(Cursor::new(zipped(&entries)), "x.zip", bounds);
        assert_eq!(read.map(drop).map_err(|error| error.to_string()), expect.map_err(str::to_owned));
    };
    check(&[1_000, 500], Ok(()));
    check(&[1_001], Err("x.zip: 0.txt is beyond a limit: a file of 1000 bytes"));
    check(&[1_000, 501], Err("x.zip is beyond a limit: files of 1500 bytes together"));
    check(&[1, 1, 1], Err("x.zip is beyond a limit: a zip of 2 entries"));
}

#[test]
fn a_bomb_is_stopped_at_the_limit_whatever_it_claims() {
    // A million zeros pack into about a thousand bytes. The claim of the unpacked size is then falsified in place.
    let mut bomb = zipped(&[("stops.txt", &vec![0; 1_000_000])]);
    assert!(bomb.len() < 2_000);
    let claim = 1_000_000_u32.to_le_bytes();
    let places: Vec<usize> = (0..bomb.len() - 3).filter(|at| bomb[*at..at + 4] == claim).collect();
    assert!(!places.is_empty());
    for at in places {
        bomb[at..at + 4].copy_from_slice(&10_u32.to_le_bytes());
    }
    let bounds = Bounds { entries: 1, entry_bytes: 50_000, policy_bytes: 50_000 };
    assert!(read_zip(Cursor::new(bomb), "x.zip", bounds).is_err());
}

#[test]
fn a_folder_and_its_zip_are_the_same_policy() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("stops.txt"), "stop_id\n").expect("written");
    fs::write(folder.path().join("README.md"), "words").expect("written");
    fs::create_dir(folder.path().join("more.txt")).expect("a folder inside");
    let from_folder = read(folder.path()).expect("a policy");
    assert_eq!(names(&from_folder), ["stops.txt"]);

    let zip = folder.path().join("city.zip");
    fs::write(&zip, zipped(&[("city/stops.txt", b"stop_id\n")])).expect("written");
    assert_eq!(read(&zip).expect("a policy"), from_folder);

    let error = read(&folder.path().join("nowhere")).expect_err("no such folder");
    assert!(error.to_string().ends_with("nowhere"), "{error}");
}

#[test]
fn versions_lie_beside_their_policy_and_bear_its_name() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, file) in
        [("town", "a"), ("town_9", "c"), ("town_10", "b"), ("townhall", "d"), ("old_town", "e")]
    {
        fs::create_dir(folder.path().join(name)).expect("a folder");
        fs::write(folder.path().join(name).join(format!("{file}.txt")), "x").expect("written");
    }
    fs::write(folder.path().join("town_list"), "no policy").expect("written");
    let versions = read_versions(&folder.path().join("town")).expect("policies");
    let found: Vec<Vec<&str>> = versions.iter().map(names).collect();
    assert_eq!(found, [["a.txt"], ["b.txt"], ["c.txt"]]);
    assert!(read_versions(&folder.path().join("village")).is_err());
}
