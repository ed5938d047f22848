//! The private folder of one run, with the servers' data and logs, gone when the run ends; and the folder of the user's
//! cache, which stays.

use anyhow::{Context as _, Result, bail};
use std::fs::{self, DirBuilder, Permissions};
use std::io::Read as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

const PREFIX: &str = "farehouse-services-";

/// A folder that is removed when this value is dropped.
pub struct Scratch {
    root: PathBuf,
}

impl Scratch {
    /// Makes the folder where a server run by another user can reach it, on a real disk where there is a choice: the
    /// servers' fsync must mean something.
    pub fn create() -> Result<Scratch> {
        let base = base()?;
        sweep(&base);
        let root = base.join(format!("{PREFIX}{}-{}", std::process::id(), random_hex(4)?));
        // Others may pass through but not look around.
        DirBuilder::new()
            .mode(0o711)
            .create(&root)
            .with_context(|| format!("creating {}", root.display()))?;
        fs::set_permissions(&root, Permissions::from_mode(0o711))
            .context("opening the folder for the servers")?;
        Ok(Scratch { root })
    }

    /// A new folder inside, closed to others.
    pub fn folder(&self, name: &str) -> Result<PathBuf> {
        let path = self.root.join(name);
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .with_context(|| format!("creating {}", path.display()))?;
        Ok(path)
    }

    /// The path of a file inside.
    pub fn file(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.root) {
            crate::progress(format!("could not remove {}: {error}", self.root.display()));
        }
    }
}

fn base() -> Result<PathBuf> {
    let wished = std::env::var_os("TMPDIR").map(PathBuf::from);
    let candidates: Vec<PathBuf> = wished.into_iter().chain(["/var/tmp".into(), "/tmp".into()]).collect();
    for candidate in &candidates {
        if reachable_by_all(candidate) {
            return Ok(candidate.clone());
        }
    }
    bail!("none of {candidates:?} is a folder that every user can reach: set TMPDIR to one")
}

/// True when every folder on the way may be passed through by everybody.
fn reachable_by_all(path: &Path) -> bool {
    path.is_absolute()
        && path.is_dir()
        && path
            .ancestors()
            .all(|step| fs::metadata(step).is_ok_and(|meta| meta.permissions().mode() & 0o001 != 0))
}

/// Removes folders whose run was killed outright and could not tidy up: ours, and no process of that number lives.
fn sweep(base: &Path) {
    let us = nix::unistd::geteuid().as_raw();
    let Ok(entries) = fs::read_dir(base) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(rest) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else { continue };
        let Some(pid) = rest.split('-').next().filter(|pid| pid.parse::<u32>().is_ok()) else { continue };
        let ours = entry.metadata().is_ok_and(|meta| meta.is_dir() && meta.uid() == us);
        if ours && Path::new("/proc/self").exists() && !Path::new("/proc").join(pid).exists() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// `bytes` random bytes as hexadecimal text.
pub fn random_hex(bytes: usize) -> Result<String> {
    let mut noise = vec![0u8; bytes];
    fs::File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut noise))
        .context("reading /dev/urandom")?;
    Ok(noise.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A free port of 127.0.0.1, below the range that outgoing connections take theirs from, so that nobody else gets it
/// between now and the server's start.
pub fn free_port() -> Result<u16> {
    let start = u16::from_str_radix(&random_hex(2)?, 16).context("reading a random number")? % 12_000;
    for step in 0..12_000u16 {
        let port = 20_000 + (start + step) % 12_000;
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no free port between 20000 and 32000 on 127.0.0.1")
}

/// Free ports, each another.
pub fn free_ports(count: usize) -> Result<Vec<u16>> {
    let mut ports = Vec::new();
    while ports.len() < count {
        let port = free_port()?;
        if !ports.contains(&port) {
            ports.push(port);
        }
    }
    Ok(ports)
}

/// The house's folder in the user's cache.
pub fn user_cache() -> Result<PathBuf> {
    let named = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let usual = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    Ok(named.or_else(usual).context("neither XDG_CACHE_HOME nor HOME is set")?.join("farehouse"))
}
