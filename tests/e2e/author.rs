//! What a policy's author types: commands on files, and a shadow run on the rides of a real log.

use crate::house::*;
use crate::program::program;
use primitives::Direction;
use serde_json::Value;
use std::path::Path;

/// Exit code, stdout, stderr of `farehouse fares …`.
fn fares(args: &[&str]) -> (Option<i32>, String, String) {
    let output = program().arg("fares").args(args).output().expect("the program starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// The minitown policy with a bus for 7,000 instead of 6,000.
fn dearer_minitown(folder: &Path) {
    for (name, bytes) in crate::minitown::files() {
        let text = String::from_utf8(bytes).expect("UTF-8").replace("adult,,6000", "adult,,7000");
        std::fs::write(folder.join(name), text).expect("written");
    }
}

#[test]
fn commands_on_files_say_how_they_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.to_string_lossy().into_owned()
    };
    let (code, stdout, _) = fares(&["check", "fixtures/cities/minitown"]);
    assert_eq!((code, stdout.trim_end()), (Some(0), "minitown-1: 0 errors, 0 warnings"));
    // Cities with one version, and with two.
    for city in ["seattle", "sydney"] {
        let (code, stdout, _) = fares(&["score", "--legs", &format!("fixtures/cases/{city}.jsonl")]);
        let last = stdout.lines().last().expect("a last line");
        assert!(code == Some(0) && last.ends_with(" right, 0 wrong, 0 unknown"), "{stdout}");
    }

    let ride =
        r#""rider":"student","medium":"card","legs":[{"route":"B1","start":"2026-03-02T08:00:00+07:00"}]"#;
    let header = r#"{"header":true,"policy":"minitown"}"#;
    let cases =
        write("cases.jsonl", &format!("{header}\n{{\"id\":\"a\",{ride},\"expect\":{{\"total\":1}}}}\n"));
    let (code, stdout, _) = fares(&["score", &cases]);
    assert_eq!((code, stdout.lines().last()), (Some(1), Some("0 right, 1 wrong, 0 unknown")));
    let trip = write("trip.json", &format!("{{{ride}}}"));
    let explain = ["explain", "--policy", "fixtures/cities/minitown", "--lang", "vi", "--json", &trip];
    let (code, stdout, _) = fares(&explain);
    let explained: Value = serde_json::from_str(&stdout).expect("it is JSON");
    assert_eq!((code, explained["total"].as_i64()), (Some(0), Some(3_000)));
    let sentences = &explained["legs"][0]["sentences"];
    assert!(sentences["vi"][0].is_string() && sentences["en"].is_null(), "{sentences}");

    // Out of a case file, one case.
    let one = ["explain", "--policy", "fixtures/cities/minitown", "--lang", "en", &cases];
    let (code, _, stderr) = fares(&one);
    assert!(code == Some(70) && stderr.contains("name one of its cases with --case"), "{stderr}");
    let (code, stdout, _) = fares(&[&one[..], &["--case", "a"]].concat());
    assert_eq!(code, Some(0));
    assert!(
        stdout.contains("\n   en: You pay 3.000 đ for route 1 at 08:00") && !stdout.contains("vi: "),
        "{stdout}"
    );

    let odd = write("odd.jsonl", "{\"header\":true,\"policy\":\"minitown\"}\n{\n");
    let (code, _, stderr) = fares(&["score", &odd]);
    assert!(code == Some(70) && stderr.contains("line 2: JSON that ends too early"), "{stderr}");
    assert_eq!(fares(&["score"]).0, Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rides_of_a_log_are_priced_under_the_next_tariff() {
    let house = House::open().await;
    let (mut bus, mut rail) = (device(BUS), device(RAIL));
    let taps = [
        bus.tap(medium(1), boarding(), at(10)),
        bus.tap(medium(2), boarding(), at(11)),
        rail.tap(medium(3), gate(Direction::Entry, "S1"), at(12)),
        rail.tap(medium(3), gate(Direction::Exit, "S3"), at(30)),
    ];
    house.send(&taps.map(|tap| tap.expect("the journal takes it"))).await;

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("taps.jsonl");
    let file = file.to_string_lossy();
    let export = ["export", "--database-url", house.database_url(), "--topic", "taps", "--out", &file];
    let (code, stdout, stderr) = fares(&export);
    assert_eq!((code, stdout.as_str()), (Some(0), ""), "{stderr}");
    assert!(stderr.contains("4 riding taps of 3 partitions"), "{stderr}");
    let (code, _, stderr) = fares(&export);
    assert!(code == Some(70) && stderr.contains("making"), "a file that is there stays: {stderr}");
    let text = std::fs::read_to_string(&*file).expect("the file");
    assert!(!text.contains(&medium(1).to_string()), "no card's token goes out");

    let next = folder.path().join("next");
    std::fs::create_dir(&next).expect("a folder");
    dearer_minitown(&next);
    let (old, new) = ("fixtures/cities/minitown", next.to_string_lossy());
    let compare = |new: &str| fares(&["compare", "--old", old, "--new", new, "--taps", &file, "--json"]);
    let (code, stdout, stderr) = compare(&new);
    assert_eq!(code, Some(1), "{stderr}");
    let report: Value = serde_json::from_str(&stdout).expect("it is JSON");
    assert_eq!(report["total"]["gross"]["difference"], 2_000);
    assert_eq!(report["by_rider"]["student"]["rider"]["difference"], 0);
    assert_eq!(report["by_funder"]["town"]["funded"]["difference"], 1_000);
    assert_eq!(report["by_route"]["L1"]["changed"], 0);
    let account = account(1).number().to_string();
    assert_eq!(
        report["rises"],
        serde_json::json!([{ "account": account, "old": 6_000, "new": 7_000, "rise": 1_000 }])
    );
    let (code, _, _) = compare(old);
    assert_eq!(code, Some(0), "the same policy makes no difference");
}
