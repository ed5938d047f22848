//! The workers: processes of the real program, `farehouse clear`, in numbered places.

use anyhow::{Context as _, Result};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::cell::RefCell;
use std::fs::OpenOptions;
use std::path::PathBuf;
use std::process::{Child, Stdio};

/// How a worker is started.
#[derive(Debug, Clone)]
pub struct Start {
    pub database_url: String,
    pub kafka: String,
    pub topic: String,
    pub partitions: u32,
    pub share: u32,
    pub lease_ms: u64,
    /// Where its messages go.
    pub log: PathBuf,
}

/// Workers in their places. Used by one thread: the kernel ends a child with the thread that started it.
pub struct Crew {
    start: Start,
    places: RefCell<Vec<Option<Child>>>,
}

/// The policy every worker prices with.
pub const POLICY: &str = "fixtures/cities/minitown";
/// The day the books open with.
pub const FIRST_DAY: &str = "2026-03-02";

/// The program lies two folders above the test's own executable; `cargo xtask test` builds it first.
pub fn program() -> Result<PathBuf> {
    let test = std::env::current_exe().context("this test's path")?;
    let binary = test.ancestors().nth(2).context("the target folder")?.join("farehouse");
    anyhow::ensure!(binary.exists(), "{} is not built: cargo build -p farehouse", binary.display());
    Ok(binary)
}

/// Arguments that name the house.
pub fn house_args(start: &Start) -> Vec<String> {
    let text = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let mut args =
        text(&["--policy", POLICY, "--log", "kafka", "--first-day", FIRST_DAY, "--topic", &start.topic]);
    args.extend(["--partitions".to_owned(), start.partitions.to_string()]);
    args
}

/// Starts the program with its messages in the scenario's log.
pub fn launch(start: &Start, args: &[String], output: Stdio) -> Result<Child> {
    // When this program dies, however it dies, the kernel kills what it started.
    let mut command = xtask::process::guarded(program()?, Signal::SIGKILL, None)?;
    let log =
        OpenOptions::new().create(true).append(true).open(&start.log).context("opening a worker's log")?;
    command
        .args(args)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .env("FAREHOUSE_DATABASE_URL", &start.database_url)
        .env("FAREHOUSE_KAFKA", &start.kafka)
        .env("HOSTNAME", "chaos")
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(log);
    command.spawn().context("starting the program")
}

/// What the program prints when it does something for an operator, who must succeed.
pub async fn ask(start: &Start, args: &[&str]) -> Result<String> {
    let (succeeded, printed) = run(start, args).await?;
    anyhow::ensure!(succeeded, "`farehouse {}` failed", args.join(" "));
    Ok(printed)
}

/// Runs the program to its end: whether it succeeded, and what it printed.
pub async fn run(start: &Start, args: &[impl AsRef<str>]) -> Result<(bool, String)> {
    let args: Vec<String> = args.iter().map(|arg| arg.as_ref().to_owned()).collect();
    let child = launch(start, &args, Stdio::piped())?;
    // The kernel ends a child with the thread that started it; the one that waits may be any.
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await?;
    let output = output.context("waiting for the program")?;
    Ok((output.status.success(), String::from_utf8_lossy(&output.stdout).trim().to_owned()))
}

impl Crew {
    /// Starts one worker in each place.
    pub fn start(start: Start, places: usize) -> Result<Self> {
        let crew = Crew { start, places: RefCell::new((0..places).map(|_| None).collect()) };
        crew.fill()?;
        Ok(crew)
    }

    pub fn places(&self) -> usize {
        self.places.borrow().len()
    }

    /// Starts workers in the places that have none, or whose worker has ended.
    pub fn fill(&self) -> Result<()> {
        for place in self.places.borrow_mut().iter_mut() {
            let gone = match place {
                None => true,
                Some(child) => child.try_wait().context("looking after a worker")?.is_some(),
            };
            if gone {
                let mut args = vec!["clear".to_owned()];
                args.extend(house_args(&self.start));
                args.extend(["--share".to_owned(), self.start.share.to_string()]);
                args.extend(["--lease-ms".to_owned(), self.start.lease_ms.to_string()]);
                *place = Some(launch(&self.start, &args, Stdio::null())?);
            }
        }
        Ok(())
    }

    /// SIGKILL, and no successor yet; the name the worker had in the lease rows.
    pub fn kill(&self, place: usize) -> Option<String> {
        let mut child = self.places.borrow_mut()[place].take()?;
        let owner = owner(&child);
        let _ = child.kill();
        let _ = child.wait();
        Some(owner)
    }

    /// SIGSTOP; the process that stands still now.
    pub fn pause(&self, place: usize) -> Option<u32> {
        let places = self.places.borrow();
        let child = places[place].as_ref()?;
        let _ = kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGSTOP);
        Some(child.id())
    }

    /// SIGCONT, when that process is still the one in its place.
    pub fn resume(&self, place: usize, process: u32) {
        let places = self.places.borrow();
        if let Some(child) = places[place].as_ref().filter(|child| child.id() == process) {
            let _ = kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGCONT);
        }
    }

    /// The name of the worker in a place.
    pub fn owner(&self, place: usize) -> Option<String> {
        self.places.borrow()[place].as_ref().map(owner)
    }

    /// Asks every worker to stop, and waits; for those that do not stop within ten seconds there is SIGKILL.
    pub fn stop(&self) {
        let mut places = self.places.borrow_mut();
        for child in places.iter().flatten() {
            let pid = Pid::from_raw(child.id().cast_signed());
            let _ = kill(pid, Signal::SIGCONT);
            let _ = kill(pid, Signal::SIGTERM);
        }
        let began = std::time::Instant::now();
        for place in places.iter_mut() {
            let Some(mut child) = place.take() else { continue };
            while matches!(child.try_wait(), Ok(None)) && began.elapsed().as_secs() < 10 {
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        for child in self.places.borrow_mut().iter_mut().flatten() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn owner(child: &Child) -> String {
    format!("chaos-{}", child.id())
}
