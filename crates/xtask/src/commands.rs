//! The subcommands.

use crate::huge_pages::HugePages;
use crate::packages::{self, BROWSER, BUILD, KAFKA, POSTGRES};
use crate::postgres;
use crate::services::Services;
use crate::tally::Tally;
use crate::{process, progress};
use anyhow::{Context as _, Result, bail};
use nix::sys::signal::Signal;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

const USAGE: &str = "\
cargo xtask demo [ARGS]                     clear a simulated city day and serve the finance web until Ctrl-C
cargo xtask test [ARGS]                     run every test; ARGS go to `cargo test`
cargo xtask chaos [--full] [--seed N] [NAME…] servers and workers are killed, and the house must come right; --full runs all
                                            counts and writes the table of docs/reliability.md
cargo xtask bench [ARGS]                    run `farehouse bench ARGS` on real Kafka and PostgreSQL
cargo xtask services [--kafka] -- CMD …     run CMD beside a private PostgreSQL (and Kafka), whose addresses it finds
                                            in FAREHOUSE_DATABASE_URL and FAREHOUSE_KAFKA
cargo xtask prepare                         install what building takes, and nothing else
Each installs what it needs and is missing (Debian or Ubuntu; asks sudo when not root).";

/// Does what the command line asks; the exit code.
pub fn run(args: Vec<String>) -> Result<u8> {
    let (name, rest) =
        args.split_first().map_or(("help", &[] as &[String]), |(name, rest)| (name.as_str(), rest));
    match name {
        "demo" => demo(rest),
        "test" => test(rest),
        "chaos" => chaos(rest),
        "bench" => bench(rest),
        "services" => services(rest),
        "prepare" => packages::install(&[BUILD]).map(|()| 0),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(0)
        }
        other => bail!("there is no `{other}`.\n{USAGE}"),
    }
}

fn services(args: &[String]) -> Result<u8> {
    let dashes = args.iter().position(|arg| arg == "--");
    let (options, command) = args.split_at(dashes.unwrap_or(args.len()));
    let with_kafka = match options {
        [] => false,
        [option] if option == "--kafka" => true,
        other => bail!("`services` knows the option --kafka only, not {other:?}.\n{USAGE}"),
    };
    let [_, program, arguments @ ..] = command else { bail!("`services` needs `-- CMD …`.\n{USAGE}") };
    Services::install(with_kafka)?;
    let mut services = Services::start(with_kafka)?;
    let mut command = without_package(process::guarded(program, Signal::SIGTERM, None)?);
    command.args(arguments);
    services.run(command)
}

fn demo(args: &[String]) -> Result<u8> {
    packages::install(&[BUILD, POSTGRES])?;
    progress("building farehouse (the first time takes some minutes)");
    build(&["build", "--package", "farehouse"])?;
    let mut services = Services::start(false)?;
    let mut command = cargo()?;
    // `cargo run` becomes the program, so signals and the exit code are the program's own.
    command.args(["run", "--quiet", "--package", "farehouse", "--", "demo"]).args(args);
    services.run(command)
}

fn chaos(args: &[String]) -> Result<u8> {
    packages::install(&[BUILD, POSTGRES, KAFKA])?;
    progress("building the program and its tests (the first time takes some minutes)");
    build(&["build", "--workspace", "--bins", "--tests"])?;
    let mut command = cargo()?;
    // It starts its own servers, because it kills them.
    command.args(["test", "--workspace", "--test", "chaos", "--"]).args(args).stdin(Stdio::null());
    Ok(process::exit_code(process::run(command)?))
}

fn bench(args: &[String]) -> Result<u8> {
    packages::install(&[BUILD, POSTGRES, KAFKA])?;
    progress("building farehouse with optimisations (takes some minutes)");
    build(&["build", "--release", "--package", "farehouse"])?;
    // Given back after the servers have stopped.
    let _pages = HugePages::reserve(postgres::shared_memory_mib());
    let mut services = Services::start(true)?;
    services.break_in()?;
    let mut command = cargo()?;
    command.args(["run", "--quiet", "--release", "--package", "farehouse", "--", "bench"]).args(args);
    services.run(command)
}

fn test(args: &[String]) -> Result<u8> {
    packages::install(&[BUILD, POSTGRES, KAFKA, BROWSER])?;
    let root = root()?;
    playwright(&root.join("tests/web"))?;
    // Some tests drive the program itself, so it is built too; in one call, because a second one with other features would
    // compile half of the dependencies again.
    progress("building the program and its tests (the first time takes some minutes)");
    build(&["build", "--workspace", "--bins", "--tests"])?;

    let mut services = Services::start(true)?;
    let mut command = cargo()?;
    command.args(["test", "--workspace", "--no-fail-fast"]).args(args).stdin(Stdio::null());
    services.address(&mut command);
    command.env("FAREHOUSE_CHROMIUM", packages::chromium().context("Chromium is not installed")?);
    command.env("FAREHOUSE_NODE", process::which("node").context("Node.js is not installed")?);
    let (code, tally) = run_counted(command)?;
    services.still_running()?;
    drop(services);
    verdict(code, tally, args.is_empty())
}

/// Runs `cargo test`, shows its output as it comes, and counts the results in it.
fn run_counted(mut command: Command) -> Result<(u8, Tally)> {
    command.stdout(Stdio::piped());
    let tally = Arc::new(Mutex::new(Tally::default()));
    let mut reader: Option<JoinHandle<()>> = None;
    let status = process::run_watched(command, |child: &mut Child| {
        let output = child.stdout.take().context("reading the tests' output")?;
        let tally = Arc::clone(&tally);
        reader = Some(std::thread::spawn(move || {
            let mut shown = std::io::stdout();
            for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
                tally.lock().unwrap_or_else(PoisonError::into_inner).add(&String::from_utf8_lossy(&line));
                let _ =
                    shown.write_all(&line).and_then(|()| shown.write_all(b"\n")).and_then(|()| shown.flush());
            }
        }));
        Ok(())
    })?;
    if let Some(reader) = reader {
        let _ = reader.join();
    }
    let counts = *tally.lock().unwrap_or_else(PoisonError::into_inner);
    Ok((process::exit_code(status), counts))
}

fn verdict(code: u8, tally: Tally, everything: bool) -> Result<u8> {
    let Tally { passed, failed, ignored, filtered } = tally;
    println!("{passed} passed, {failed} failed, {ignored} skipped");
    process::go_on()?;
    if code != 0 {
        return Ok(code);
    }
    if ignored > 0 {
        bail!("{ignored} tests were skipped, and a skipped test proves nothing: mend them or take them out");
    }
    if everything && (passed == 0 || filtered > 0) {
        bail!("{passed} tests ran and {filtered} were filtered out, although all were asked for");
    }
    Ok(code)
}

/// The browser driver, as the lock file pins it.
fn playwright(folder: &Path) -> Result<()> {
    let lock =
        std::fs::read(folder.join("package-lock.json")).context("reading tests/web/package-lock.json")?;
    // npm keeps no copy of the lock file it installed from, so we leave one beside the packages.
    let stamp = folder.join("node_modules/.installed-from.json");
    if std::fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    progress("installing playwright-core from npm");
    let mut npm = process::guarded("npm", Signal::SIGTERM, None)?;
    npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(folder).stdin(Stdio::null());
    process::must(npm, "Is the npm registry reachable?")?;
    std::fs::write(&stamp, lock).context("noting what npm installed")
}

fn build(args: &[&str]) -> Result<()> {
    let mut command = cargo()?;
    command.args(args).stdin(Stdio::null());
    process::must(command, "The compiler's message stands above.")
}

/// `cargo` in the workspace.
fn cargo() -> Result<Command> {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = without_package(process::guarded(program, Signal::SIGTERM, None)?);
    command.current_dir(root()?);
    Ok(command)
}

/// A command without the variables that `cargo run` made for this program alone: with them half of the dependencies would be
/// compiled again.
fn without_package(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// The top folder of the repository.
fn root() -> Result<PathBuf> {
    let here = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    here.ancestors()
        .find(|folder| folder.join("Cargo.lock").is_file())
        .map(Path::to_owned)
        .context("this program runs inside the repository only")
}
