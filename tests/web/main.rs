//! The finance web in Chromium: a demo day is cleared and served, and a browser walks through it as finance staff do.
//!
//! Needs `FAREHOUSE_DATABASE_URL`, a built `farehouse`, Chromium (`FAREHOUSE_CHROMIUM`), Node.js (`FAREHOUSE_NODE`) and
//! `npm ci` in this folder: `cargo xtask test` sees to all of it. `FAREHOUSE_SCREENSHOT=PATH` keeps the picture of the day.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Long enough to clear a small day on a slow machine.
const SERVES_WITHIN: Duration = Duration::from_secs(240);
/// Rides of the day.
const RIDES: &str = "3000";

/// What the browser must report, each as a line `ok <name>`. Named here, so that a script that ends early cannot pass.
const STEPS: [&str; 11] = [
    "signs in by keyboard, with scripts off",
    "shows the day with its figures",
    "drills from an operator's net to one tap",
    "exports the rides, and their sum is the figure",
    "switches the language and keeps it",
    "shows where the keyboard is",
    "has headings, captions, labels and large targets",
    "scrolls tables, not the page, on a narrow screen",
    "follows the preferred colours",
    "violates no policy and asks no other host",
    "signs out for good",
];

/// The program under test; ended by an interrupt, on which it removes its database.
struct Demo {
    child: Child,
}

impl Drop for Demo {
    fn drop(&mut self) {
        let pid = self.child.id().to_string();
        let _ = Command::new("kill").args(["-INT", &pid]).status();
        let until = Instant::now() + Duration::from_secs(20);
        while Instant::now() < until {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository")
}

/// The program beside this test: `target/PROFILE/deps/web-…` → `target/PROFILE/farehouse`.
fn program() -> PathBuf {
    let test = std::env::current_exe().expect("this test's own path");
    let program = test.parent().and_then(Path::parent).expect("a target directory").join("farehouse");
    assert!(program.exists(), "{} is not built: run `cargo xtask test`", program.display());
    program
}

/// Starts the demo and waits until it serves; answers with what it wrote about itself.
fn start(folder: &Path) -> (Demo, String) {
    let url_file = folder.join("demo.json");
    let log = std::fs::File::create(folder.join("demo.log")).expect("a log file");
    let child = Command::new(program())
        .current_dir(root())
        .args(["demo", "--rides", RIDES, "--listen", "127.0.0.1:0", "--url-file"])
        .arg(&url_file)
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a log file"))
        .stderr(log)
        .spawn()
        .expect("the demo starts");
    let mut demo = Demo { child };
    let until = Instant::now() + SERVES_WITHIN;
    loop {
        // The file is written in one go, but not necessarily seen so.
        let text = std::fs::read_to_string(&url_file).unwrap_or_default();
        if serde_json::from_str::<serde_json::Value>(&text).is_ok() {
            return (demo, text);
        }
        let log = || std::fs::read_to_string(folder.join("demo.log")).unwrap_or_default();
        if let Ok(Some(status)) = demo.child.try_wait() {
            panic!("the demo ended with {status} before it served:\n{}", log());
        }
        assert!(Instant::now() < until, "the demo does not serve:\n{}", log());
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn finance_staff_find_their_way_in_a_real_browser() {
    assert!(
        std::env::var_os("FAREHOUSE_DATABASE_URL").is_some(),
        "FAREHOUSE_DATABASE_URL is not set: run `cargo xtask test`"
    );
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    assert!(here.join("node_modules/playwright-core").exists(), "run `npm ci` in tests/web");
    let folder = tempfile::tempdir().expect("a folder");
    let (demo, about) = start(folder.path());
    let node = std::env::var_os("FAREHOUSE_NODE").unwrap_or_else(|| "node".into());
    let chromium = std::env::var_os("FAREHOUSE_CHROMIUM").unwrap_or_else(|| "/usr/bin/chromium".into());
    let screenshot = std::env::var_os("FAREHOUSE_SCREENSHOT")
        .map_or_else(|| folder.path().join("day.png"), |path| root().join(path));
    let output = Command::new(node)
        .current_dir(here)
        .arg("finance.mjs")
        .env("FAREHOUSE_CHROMIUM", chromium)
        .env("DEMO", about)
        .env("DOWNLOADS", folder.path())
        .env("SCREENSHOT", &screenshot)
        .stdin(Stdio::null())
        .output()
        .expect("Node.js runs");
    drop(demo);
    let (told, wrong) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}\n{wrong}");
    for step in STEPS {
        assert!(
            told.lines().any(|line| line == format!("ok {step}")),
            "no word of {step:?}:\n{told}\n{wrong}"
        );
    }
    assert_eq!(told.lines().count(), STEPS.len(), "{told}");
    assert!(std::fs::metadata(&screenshot).is_ok_and(|file| file.len() > 20_000), "no picture of the day");
}
