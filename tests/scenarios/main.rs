//! Runs the scenarios of `fixtures/scenarios` against the clearing core. Their README says how they are read.

mod script;
mod stage;

use script::{Line, lines};
use stage::Stage;
use std::path::Path;

/// The scenarios that must be there: a folder that lost its files would pass otherwise.
const SCENARIOS: usize = 11;

fn folder(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(path)
}

/// Plays a scenario; answers every line that did not come true.
fn play(text: &str) -> Vec<String> {
    let mut stage = None;
    let mut failures = Vec::new();
    for (number, line) in lines(text) {
        let line = match line {
            Ok(line) => line,
            Err(error) => {
                failures.push(format!("line {number}: {error}"));
                continue;
            }
        };
        let outcome = match (line, stage.as_mut()) {
            (Line::City(name), None) => {
                stage = Some(Stage::new(&folder(&format!("cities/{name}"))));
                Ok(())
            }
            (Line::City(_), Some(_)) => Err("a scenario plays in one city".to_owned()),
            (_, None) => Err("a scenario begins with its city".to_owned()),
            (line, Some(stage)) => stage.play(line),
        };
        failures.extend(outcome.err().map(|error| format!("line {number}: {error}")));
    }
    failures
}

#[test]
fn every_scenario_comes_true() {
    let entries = std::fs::read_dir(folder("scenarios")).expect("the folder of scenarios");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let paths: Vec<_> = paths.filter(|path| path.extension().is_some_and(|ending| ending == "txt")).collect();
    assert!(paths.len() >= SCENARIOS, "only {} scenarios", paths.len());
    let mut failures = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("a text");
        assert!(text.starts_with("# "), "{}: the first line says what it is about", path.display());
        assert!(text.lines().any(|line| line.starts_with('=')), "{} expects nothing", path.display());
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        failures.extend(play(&text).into_iter().map(|failure| format!("{name} {failure}")));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_scenario_that_is_wrong_says_where() {
    let check = |text: &str, expect: &str| {
        let failures = play(text);
        assert!(failures.iter().any(|failure| failure.contains(expect)), "{expect}: {failures:?}");
    };
    let ride = "city minitown\n2026-03-02 08:00 boards B1\n";
    assert_eq!(
        play(&format!("{ride}= 1 ride 6,000\n= balance -6,000\n= owed greenbus 6,000\n")),
        Vec::<String>::new()
    );
    check(&format!("{ride}= 1 ride 7,000\n"), "line 3: 1 is ride 6000");
    check(&format!("{ride}= 1 second_tap 6,000\n"), "line 3: 1 is ride 6000");
    check(&format!("{ride}= 1 ride 6,000 flag passback\n"), "line 3: 1 has the flags []");
    check(&format!("{ride}= 1 ride 6,000 posted 2026-03-03\n"), "line 3: 1 was posted on 2026-03-02");
    check(&format!("{ride}= 1 refused INSUFFICIENT_FUNDS\n"), "line 3: 1 was not refused");
    check(&format!("{ride}= 1 set-aside ROUTE_UNKNOWN\n"), "line 3: 1 was not set aside");
    check(&format!("{ride}= 2 ride 6,000\n"), "line 3: 2 has no charge");
    check(&format!("{ride}= balance 6,000\n"), "line 3: the balance is -6000");
    check(&format!("{ride}= owed greenbus 1\n"), "line 3: greenbus is owed 6000");
    check("2026-03-02 08:00 boards B1\n", "line 1: a scenario begins with its city");
    check("city minitown\n2026-03-02 08:00 flies B1\n", "line 2: not understood");
}
