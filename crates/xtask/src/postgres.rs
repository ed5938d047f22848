//! A private PostgreSQL: its own data folder, its own port, another user than root.

use crate::process::{self, Identity, Server};
use crate::scratch::{self, Scratch};
use anyhow::{Context as _, Result, bail};
use nix::sys::signal::Signal;
use nix::unistd::User;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// The oldest release the house runs on.
const MAJOR_MIN: u32 = 15;
const START_AT_MOST: Duration = Duration::from_secs(60);

/// A running server, and how to reach it.
pub struct Postgres {
    /// Ends the server when dropped.
    pub server: Server,
    /// `postgres://…` of the empty database `farehouse`, as its superuser.
    pub url: String,
}

/// The folder of the newest server programs on this machine, if they are new enough.
pub fn programs() -> Option<PathBuf> {
    let debian = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"));
    let elsewhere = process::which("postgres").and_then(|path| path.parent().map(Path::to_owned));
    debian
        .chain(elsewhere)
        .filter(|folder| ["postgres", "initdb", "psql"].iter().all(|program| folder.join(program).is_file()))
        .map(|folder| (version(&folder), folder))
        .filter(|(version, _)| *version >= MAJOR_MIN)
        .max()
        .map(|(_, folder)| folder)
}

fn version(folder: &Path) -> u32 {
    crate::packages::major(&process::output_of(folder.join("postgres"), &["--version"]).unwrap_or_default())
}

/// PostgreSQL refuses to run as root, so root lends it an ordinary system user.
fn identity() -> Result<Option<Identity>> {
    if !process::is_root() {
        return Ok(None);
    }
    for name in ["postgres", "nobody"] {
        if let Some(user) = User::from_name(name).context("looking up a system user")? {
            return Ok(Some(Identity { user: user.uid.as_raw(), group: user.gid.as_raw() }));
        }
    }
    bail!("PostgreSQL does not run as root, and this machine has neither a user `postgres` nor `nobody`")
}

/// Creates a cluster and starts it; returns when it answers and its database exists.
pub fn start(scratch: &Scratch) -> Result<Postgres> {
    let programs = programs().context("PostgreSQL 15 or newer is not installed")?;
    let identity = identity()?;
    let home = scratch.folder("postgres")?;
    let password = scratch::random_hex(16)?;
    let password_file = home.join("password");
    fs::write(&password_file, &password).context("writing the server's password")?;
    fs::set_permissions(&password_file, fs::Permissions::from_mode(0o600))
        .context("closing the password file")?;
    if let Some(Identity { user, group }) = identity {
        for path in [&home, &password_file] {
            std::os::unix::fs::chown(path, Some(user), Some(group))
                .with_context(|| format!("giving {} to the server's user", path.display()))?;
        }
    }
    let data = home.join("data");
    create_cluster(&programs, identity, &data, &password_file, scratch)?;

    let port = scratch::free_port()?;
    let log = scratch.file("postgres.log");
    let command = server_command(&programs, identity, &data, &home, port)?;
    let mut server = Server::start("PostgreSQL", command, Signal::SIGQUIT, &log)?;
    // The last line of postmaster.pid says "ready" once connections are taken.
    let pid_file = data.join("postmaster.pid");
    server.wait_ready(START_AT_MOST, || {
        fs::read_to_string(&pid_file).is_ok_and(|text| text.lines().any(|line| line.trim() == "ready"))
    })?;
    create_database(&programs, port, &password)?;
    Ok(Postgres { server, url: format!("postgres://farehouse:{password}@127.0.0.1:{port}/farehouse") })
}

fn create_cluster(
    programs: &Path,
    identity: Option<Identity>,
    data: &Path,
    password_file: &Path,
    scratch: &Scratch,
) -> Result<()> {
    let mut initdb = process::guarded(programs.join("initdb"), Signal::SIGTERM, identity)?;
    initdb
        .args(["--username=farehouse", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"])
        // Only the creation skips fsync (there is nothing to lose yet); the server itself keeps it on.
        .args(["--no-sync", "--data-checksums"])
        .arg("--pgdata")
        .arg(data)
        .arg("--pwfile")
        .arg(password_file)
        .current_dir("/");
    process::must_quietly(initdb, &scratch.file("initdb.log"))
}

fn server_command(
    programs: &Path,
    identity: Option<Identity>,
    data: &Path,
    sockets: &Path,
    port: u16,
) -> Result<Command> {
    let mut command = process::guarded(programs.join("postgres"), Signal::SIGQUIT, identity)?;
    command.arg("-D").arg(data).current_dir("/");
    let settings = [
        ("listen_addresses", "127.0.0.1".to_owned()),
        ("port", port.to_string()),
        ("unix_socket_directories", sockets.display().to_string()),
        ("fsync", "on".to_owned()),
        ("full_page_writes", "on".to_owned()),
        ("synchronous_commit", "on".to_owned()),
        // Many test programs with a pool each.
        ("max_connections", "200".to_owned()),
        ("shared_buffers", format!("{}MB", shared_buffers_mib())),
        // One day of a city fits without a checkpoint in its middle.
        ("max_wal_size", "4GB".to_owned()),
        ("checkpoint_timeout", "15min".to_owned()),
        // The first change of a page after a checkpoint writes it whole.
        ("wal_compression", "lz4".to_owned()),
        // A client that is gone must not hold its locks.
        ("client_connection_check_interval", "2s".to_owned()),
    ];
    for (name, value) in settings {
        command.arg("-c").arg(format!("{name}={value}"));
    }
    Ok(command)
}

/// An eighth of the machine's memory, at most 2 GiB: what every batch touches of the newest taps, charges and account states
/// fits. The system takes pages only as they are used.
fn shared_buffers_mib() -> u64 {
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = memory.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib: u64 = total.and_then(|text| text.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0);
    (kib / 1_024 / 8).clamp(128, 2_048)
}

fn create_database(programs: &Path, port: u16, password: &str) -> Result<()> {
    let output = Command::new(programs.join("psql"))
        .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", "farehouse", "-d", "postgres"])
        .args(["-c", "CREATE DATABASE farehouse"])
        .env("PGPORT", port.to_string())
        .env("PGPASSWORD", password)
        .stdin(Stdio::null())
        .output()
        .context("starting psql")?;
    if !output.status.success() {
        bail!("creating the database failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
