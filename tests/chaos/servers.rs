//! The harness's own servers, which it may kill.

use anyhow::{Context as _, Result};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};
use xtask::kafka::Broker;
use xtask::postgres::Cluster;
use xtask::process::Server;
use xtask::scratch::Scratch;

/// A folder on disk from which a server can be started, again after it was killed.
pub trait Home {
    fn start(&self) -> Result<Server>;
}

impl Home for Cluster {
    fn start(&self) -> Result<Server> {
        Cluster::start(self)
    }
}

impl Home for Broker {
    fn start(&self) -> Result<Server> {
        Broker::start(self)
    }
}

/// A server that can be killed and started again.
pub struct Mortal<H> {
    pub home: H,
    server: Option<Server>,
}

pub type Postgres = Mortal<Cluster>;
pub type Kafka = Mortal<Broker>;

impl<H: Home> Mortal<H> {
    pub fn start(home: H) -> Result<Self> {
        let server = Some(home.start()?);
        Ok(Mortal { home, server })
    }

    /// Starts it again when it is down.
    pub fn stand_up(&mut self) -> Result<()> {
        if !self.runs() {
            self.restart()?;
        }
        Ok(())
    }

    pub fn runs(&mut self) -> bool {
        self.server.as_mut().is_some_and(|server| server.still_running().is_ok())
    }

    /// Starts it again; how long until it took requests.
    pub fn restart(&mut self) -> Result<Duration> {
        let began = Instant::now();
        self.server = Some(self.home.start()?);
        Ok(began.elapsed())
    }
}

impl Postgres {
    pub fn create(scratch: &Scratch, home: &Path, wal: Option<&Path>) -> Result<Self> {
        Mortal::start(Cluster::create(scratch, home, wal)?)
    }

    /// `kill -9` of the postmaster and of all its children.
    pub fn crash(&mut self) -> Result<()> {
        let Some(server) = self.server.take() else { return Ok(()) };
        let postmaster = server.pid();
        let children = children_of(postmaster)?;
        // The postmaster first, so that it starts no others.
        for pid in std::iter::once(postmaster).chain(children.iter().copied()) {
            let _ = kill(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL);
        }
        drop(server);
        // A new postmaster refuses to start while an old backend still holds the shared memory.
        let began = Instant::now();
        while children.iter().any(|pid| lives(*pid)) && began.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Kafka {
    pub fn create(scratch: &Scratch, home: &Path) -> Result<Self> {
        Mortal::start(Broker::create(scratch, home)?)
    }

    /// `kill -9`: that is how its server value ends it.
    pub fn crash(&mut self) {
        self.server = None;
    }
}

/// Numbers of the processes whose parent is `parent`.
fn children_of(parent: u32) -> Result<Vec<u32>> {
    let mut children = Vec::new();
    for entry in fs::read_dir("/proc").context("looking at /proc")?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        if stat(pid).is_some_and(|(_, its_parent)| its_parent == parent) {
            children.push(pid);
        }
    }
    Ok(children)
}

/// State letter and parent of a process.
fn stat(pid: u32) -> Option<(char, u32)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name stands in brackets and may itself hold brackets.
    let mut words = text.rsplit_once(')')?.1.split_whitespace();
    Some((words.next()?.chars().next()?, words.next()?.parse().ok()?))
}

fn lives(pid: u32) -> bool {
    stat(pid).is_some_and(|(state, _)| state != 'Z')
}
