//! The program itself, as a person or a job starts it.

use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Output};

/// The program lies two folders above the test's own executable; `cargo xtask test` builds it first.
pub fn program() -> Command {
    let test = std::env::current_exe().expect("this test's path");
    let binary: PathBuf = test.ancestors().nth(2).expect("the target folder").join("farehouse");
    assert!(binary.exists(), "{} is not built: cargo build -p farehouse", binary.display());
    let mut command = Command::new(binary);
    command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    command
}

fn run(args: &[&str]) -> (Output, String, String) {
    let output = program().args(args).output().expect("the program starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    (output, stdout, stderr)
}

#[test]
fn a_simulated_day_agrees_with_the_simulation_to_the_dong() {
    let args = ["demo", "--rides", "800", "--seed", "7", "--exit", "--listen", "127.0.0.1:0"];
    let (output, stdout, stderr) = run(&args);
    assert!(output.status.success(), "{stdout}\n{stderr}");
    assert!(stdout.contains("figures equal") && !stdout.contains("differs"), "{stdout}");
    let figure = |what: &str| {
        let line = stdout.lines().find(|line| line.starts_with(what)).expect("the figure is shown");
        line.split_whitespace().last().expect("a number").to_owned()
    };
    assert_eq!(figure("rides"), "800");
    assert_eq!(figure("bank difference"), "0");
    assert_eq!(figure("taps pending"), "0");
}

#[test]
fn the_same_day_through_kafka_is_the_same_day() {
    let positions = |log: &str| {
        let args = ["demo", "--rides", "300", "--exit", "--listen", "127.0.0.1:0", "--log", log];
        let (output, stdout, stderr) = run(&args);
        assert!(output.status.success(), "{stdout}\n{stderr}");
        let line = stderr.lines().find(|line| line.contains("positions ")).expect("the day was closed");
        line.rsplit(' ').next().expect("a digest").to_owned()
    };
    assert_eq!(positions("kafka"), positions("embedded"));
}

const HEADER: &str = "downo,daytype,SubSystem,StartStn,EndStation,EntTime,EntTimeHHMM,ExTime,EXTimeHHMM,ZVPPT,JNYTYP,\
                      DailyCapping,FFare,DFare,RouteID,FinalProduct";

/// Invented journeys in the sample's columns: (subsystem, start, end, entry minute, exit minute, type, full fare).
fn sample(day: u32, journeys: &[(&str, &str, &str, u32, u32, &str, u32)]) -> String {
    let mut text = format!("{HEADER}\n");
    for (subsystem, start, end, entry, exit, kind, fare) in journeys {
        let clock = |minute: &u32| format!("{:02}:{:02}", minute / 60, minute % 60);
        let (entered, left) = (clock(entry), clock(exit));
        text += &format!(
            "{day},\"Mon\",\"{subsystem}\",\"{start}\",\"{end}\",\"{entry}\",\"{entered}\",\"{exit}\",\"{left}\",\
             \"-------\",\"{kind}\",\"N\",{fare},{fare},\"XX\",\"PAYG\"\n"
        );
    }
    text
}

#[test]
fn a_replay_learns_clears_and_compares_the_same_on_both_logs() {
    let folder = tempfile::tempdir().expect("a folder");
    let lesson: Vec<_> = (0..3)
        .flat_map(|n| {
            [
                ("LUL", "Alder", "Birch", 700 + n, 720 + n, "PPY", 160),
                ("LUL", "Alder", "Birch", 420 + n, 440 + n, "PPY", 220),
                ("LTB", "Bus", "Bus", 700 + n, 0, "PPY", 100),
                ("LUL", "Cedar", "Unfinished", 700 + n, 0, "PPY", 400),
            ]
        })
        .collect();
    let clear = [
        ("LUL", "Birch", "Alder", 710, 731, "PPY", 160),
        ("LUL", "Alder", "Birch", 421, 450, "PPY", 220),
        ("LUL", "Alder", "Birch", 422, 451, "PPY", 110),
        ("LUL", "Alder", "Birch", 800, 820, "PPY", 0),
        ("LUL", "Alder", "Birch", 800, 820, "PPY", 170),
        ("LUL", "Alder", "Cedar", 800, 820, "PPY", 160),
        ("LUL", "Cedar", "Unfinished", 1_500, 0, "PPY", 400),
        ("LUL", "Alder", "Birch", 800, 820, "TKT", 0),
        ("LTB", "Bus", "Bus", 801, 0, "PPY", 100),
    ];
    let write = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.to_string_lossy().into_owned()
    };
    let (learn, clear_file) = (write("learn.csv", sample(2, &lesson)), write("clear.csv", sample(3, &clear)));
    let replay = |log: &str| -> Value {
        let args = ["replay", "oyster", "--learn", &learn, "--clear", &clear_file, "--log", log, "--json"];
        let (output, stdout, stderr) = run(&args);
        assert!(output.status.success(), "{stdout}\n{stderr}");
        serde_json::from_str(stdout.lines().last().expect("a last line")).expect("it is JSON")
    };
    let (kafka, embedded) = (replay("kafka"), replay("embedded"));
    assert_eq!(kafka["ledger_hash"], embedded["ledger_hash"]);
    assert_eq!(embedded["rows"], 9);
    let number = |key: &str| embedded[key].as_u64().expect("a number");
    assert_eq!(number("taps"), 16);
    assert_eq!(number("accepted"), number("posted") + number("duplicate") + number("quarantined"));
    assert_eq!((number("payg"), number("learned"), number("equal")), (7, 5, 2));
    let reasons = &embedded["by_reason"];
    assert_eq!((reasons["half_fare"].as_u64(), reasons["free_rider"].as_u64()), (Some(1), Some(1)));
    assert_eq!((reasons["not_learned"].as_u64(), reasons["other"].as_u64()), (Some(2), Some(1)));
    assert_eq!(embedded["subsystems"]["LTB"]["equal"], 1);
}

/// The jobs of a night on an empty house of its own: a day closes, and a cut bank file is refused, kept and told.
#[tokio::test(flavor = "multi_thread")]
async fn the_jobs_of_a_night_say_how_they_ended() {
    let database = crate::database::fresh_database().await;
    let house = ["--policy", "fixtures/cities/minitown", "--first-day", "2026-03-02", "--partitions", "2"];
    let start = |command: &str, args: &[&str]| {
        let mut program = program();
        program.env("FAREHOUSE_DATABASE_URL", &database.url).arg(command).args(args);
        program
    };
    let close = |date: &str| start("close", &[&house[..], &[date]].concat()).output().expect("it runs");
    // The first command makes the schema; programs that start together must not race for it.
    assert_eq!(close("2026-03-09").status.code(), Some(70), "days close in order");
    let mut worker = start("clear", &house).spawn().expect("a worker starts");
    let closed = close("2026-03-02");
    assert!(closed.status.success(), "{}", String::from_utf8_lossy(&closed.stderr));
    let again = close("2026-03-02");
    assert_eq!(again.stdout, closed.stdout, "closing again gives the same answer");
    worker.kill().expect("it is ours");
    worker.wait().expect("it ends");
    let expired = start("expire", &[]).output().expect("it runs");
    let said =
        "0 top-ups taken back, 0 settled meanwhile, 0 pending\n0 passes ended, 0 not over yet, 0 pending\n";
    assert_eq!(
        String::from_utf8_lossy(&expired.stdout),
        said,
        "{}",
        String::from_utf8_lossy(&expired.stderr)
    );

    let folder = tempfile::tempdir().expect("a folder");
    let cut = folder.path().join("cut.xml");
    let whole = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/bank/camt053-08-day.xml"));
    let whole = whole.expect("the golden statement");
    std::fs::write(&cut, &whole[..whole.len() / 2]).expect("written");
    let imported = start("import", &[&cut.to_string_lossy()]).output().expect("it runs");
    assert_eq!(imported.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&imported.stdout).contains("FILE_TRUNCATED"));
}

#[test]
fn without_a_server_the_program_says_what_to_do() {
    let output =
        program().args(["demo", "--exit"]).env_remove("FAREHOUSE_DATABASE_URL").output().expect("starts");
    assert_eq!(output.status.code(), Some(70));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        stderr.contains("FAREHOUSE_DATABASE_URL is not set") && stderr.contains("cargo xtask"),
        "{stderr}"
    );
}

/// Runs a bench and reads its last line.
fn bench(args: &[&str]) -> Value {
    let (output, stdout, stderr) = run(&[&["bench"], args, &["--json"]].concat());
    assert!(output.status.success(), "{stdout}\n{stderr}");
    serde_json::from_str(stdout.lines().last().expect("a last line")).expect("it is JSON")
}

#[test]
fn the_bench_drains_every_tap_into_the_ledger() {
    let workers = ["--workers", "2", "--processes"];
    let size = ["e2e", "--taps", "4000", "--accounts", "500", "--live-rate", "100"];
    let figures = bench(&[&size[..], &workers].concat());
    assert_eq!(figures["taps"], 4_000);
    for key in ["seconds", "taps_per_s", "wal_bytes_per_tap", "rows_per_tap"] {
        assert!(figures[key].as_f64().is_some_and(|figure| figure > 0.0), "{key}: {figures}");
    }
    assert_eq!(figures["live"][0]["taps"], 2_000, "the live part was measured: {figures}");
    let asked = figures["live"][0]["payments"]["asked"].as_u64();
    assert!(asked.is_some_and(|asked| asked > 100), "payments got their verdicts: {figures}");
}

#[test]
fn the_bench_takes_a_day_through_the_door() {
    let figures = bench(&["door", "--rides", "500"]);
    assert!(figures["taps"].as_u64().is_some_and(|taps| taps >= 500), "{figures}");
}
