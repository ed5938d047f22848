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

/// A PostgreSQL that can be killed and started again.
pub struct Postgres {
    pub cluster: Cluster,
    server: Option<Server>,
}

impl Postgres {
    pub fn create(scratch: &Scratch, home: &Path, wal: Option<&Path>) -> Result<Self> {
        let cluster = Cluster::create(scratch, home, wal)?;
        let server = Some(cluster.start()?);
        Ok(Postgres { cluster, server })
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

    /// Starts it again when it is down.
    pub fn stand_up(&mut self) -> Result<()> {
        if self.server.as_mut().is_none_or(|server| server.still_running().is_err()) {
            self.restart()?;
        }
        Ok(())
    }

    /// Starts it again; how long until it took connections.
    pub fn restart(&mut self) -> Result<Duration> {
        let began = Instant::now();
        self.server = Some(self.cluster.start()?);
        Ok(began.elapsed())
    }
}

/// A Kafka that can be killed and started again.
pub struct Kafka {
    pub broker: Broker,
    server: Option<Server>,
}

impl Kafka {
    pub fn create(scratch: &Scratch, home: &Path) -> Result<Self> {
        let broker = Broker::create(scratch, home)?;
        let server = Some(broker.start()?);
        Ok(Kafka { broker, server })
    }

    /// `kill -9`: that is how its server value ends it.
    pub fn crash(&mut self) {
        self.server = None;
    }

    /// Starts it again when it is down.
    pub fn stand_up(&mut self) -> Result<()> {
        if self.server.as_mut().is_none_or(|server| server.still_running().is_err()) {
            self.restart()?;
        }
        Ok(())
    }

    /// Starts it again; how long until it took requests.
    pub fn restart(&mut self) -> Result<Duration> {
        let began = Instant::now();
        self.server = Some(self.broker.start()?);
        Ok(began.elapsed())
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
