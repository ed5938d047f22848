//! A private PostgreSQL: its own data folder, its own port, another user than root.

use crate::process::{self, Identity, Server};
use crate::progress;
use crate::scratch::{self, Scratch};
use anyhow::{Context as _, Result, bail};
use nix::sys::signal::Signal;
use nix::unistd::User;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The oldest release the house runs on.
const MAJOR_MIN: u32 = 15;
const START_AT_MOST: Duration = Duration::from_secs(60);

/// A running server, and how to reach it.
pub struct Postgres {
    /// Ends the server when dropped.
    pub server: Server,
    /// `postgres://…` of the empty database `farehouse`, as its superuser.
    pub url: String,
    cluster: Cluster,
}

impl Postgres {
    /// Writes as much as the server's buffers hold and throws it away.
    ///
    /// A server that has just been made writes every file of its write-ahead log twice, first zeros and then the log, and
    /// whoever needs room in the log waits for the zeros; later the files are used again. Nor has it touched the memory of
    /// its buffers, which the system clears when it hands it out. What is measured on such a server is its first minutes and no
    /// others (docs/benchmarks).
    pub fn break_in(&self) -> Result<()> {
        let began = Instant::now();
        // Four rows fill a page of 8 KiB.
        let rows = shared_memory_mib() * 128 * 4;
        let statements = [
            "CREATE TABLE first_work (filler text)".to_owned(),
            format!("INSERT INTO first_work SELECT repeat('x', 1900) FROM generate_series(1, {rows})"),
            "DROP TABLE first_work".to_owned(),
            // What the log no longer needs becomes its next files.
            "CHECKPOINT".to_owned(),
        ];
        self.cluster.run("farehouse", &statements)?;
        progress(format!("PostgreSQL has worked before ({:.0} s)", began.elapsed().as_secs_f32()));
        Ok(())
    }
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

/// A cluster on disk, which may be started again after its server was killed.
pub struct Cluster {
    programs: PathBuf,
    identity: Option<Identity>,
    home: PathBuf,
    log: PathBuf,
    password: String,
    port: u16,
}

impl Cluster {
    /// Makes a cluster in `home`, an empty folder of its own; with `wal`, an empty folder too, its write-ahead log lies
    /// there.
    pub fn create(scratch: &Scratch, home: &Path, wal: Option<&Path>) -> Result<Cluster> {
        let programs = programs().context("PostgreSQL 15 or newer is not installed")?;
        let identity = identity()?;
        let password = scratch::random_hex(16)?;
        let password_file = home.join("password");
        fs::write(&password_file, &password).context("writing the server's password")?;
        fs::set_permissions(&password_file, fs::Permissions::from_mode(0o600))
            .context("closing the password file")?;
        if let Some(Identity { user, group }) = identity {
            for path in [Some(home), Some(password_file.as_path()), wal].into_iter().flatten() {
                std::os::unix::fs::chown(path, Some(user), Some(group))
                    .with_context(|| format!("giving {} to the server's user", path.display()))?;
            }
        }
        let port = scratch::free_port()?;
        let log = scratch.file(&format!("postgres-{port}.log"));
        let cluster = Cluster { programs, identity, home: home.to_owned(), log, password, port };
        cluster.initialise(&password_file, wal, scratch)?;
        Ok(cluster)
    }

    /// Starts the server, new or after it was killed; returns when it takes connections.
    pub fn start(&self) -> Result<Server> {
        let command = server_command(&self.programs, self.identity, &self.data(), &self.home, self.port)?;
        let mut server = Server::start("PostgreSQL", command, Signal::SIGQUIT, &self.log)?;
        // postmaster.pid names the server in its first line and says "ready" in its last; a killed server leaves its own.
        let (pid_file, pid) = (self.data().join("postmaster.pid"), server.pid().to_string());
        server.wait_ready(START_AT_MOST, || {
            fs::read_to_string(&pid_file).is_ok_and(|text| {
                text.lines().next() == Some(pid.as_str()) && text.lines().any(|line| line.trim() == "ready")
            })
        })?;
        Ok(server)
    }

    /// Makes an empty database.
    pub fn create_database(&self, name: &str) -> Result<()> {
        self.run("postgres", &[format!("CREATE DATABASE {name}")])
    }

    /// Runs statements in a database, each by itself.
    pub fn run(&self, database: &str, statements: &[String]) -> Result<()> {
        let output = Command::new(self.programs.join("psql"))
            .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", "farehouse", "-d", database])
            .args(statements.iter().flat_map(|statement| ["-c", statement]))
            .env("PGPORT", self.port.to_string())
            .env("PGPASSWORD", &self.password)
            .stdin(Stdio::null())
            .output()
            .context("starting psql")?;
        if !output.status.success() {
            bail!("{statements:?} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(())
    }

    /// The server's port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `postgres://…` of a database, as the superuser, through any port of 127.0.0.1 that leads to the server.
    pub fn url(&self, port: u16, database: &str) -> String {
        format!("postgres://farehouse:{}@127.0.0.1:{port}/{database}", self.password)
    }

    fn data(&self) -> PathBuf {
        self.home.join("data")
    }

    fn initialise(&self, password_file: &Path, wal: Option<&Path>, scratch: &Scratch) -> Result<()> {
        let mut initdb = process::guarded(self.programs.join("initdb"), Signal::SIGTERM, self.identity)?;
        initdb
            .args(["--username=farehouse", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"])
            // Only the creation skips fsync (there is nothing to lose yet); the server itself keeps it on.
            .args(["--no-sync", "--data-checksums"])
            .arg("--pgdata")
            .arg(self.data())
            .arg("--pwfile")
            .arg(password_file)
            .current_dir("/");
        if let Some(wal) = wal {
            initdb.arg("--waldir").arg(wal);
        }
        process::must_quietly(initdb, &scratch.file("initdb.log"))
    }
}

/// Creates a cluster and starts it; returns when it answers and its database exists.
pub fn start(scratch: &Scratch) -> Result<Postgres> {
    let cluster = Cluster::create(scratch, &scratch.folder("postgres")?, None)?;
    let server = cluster.start()?;
    cluster.create_database("farehouse")?;
    Ok(Postgres { server, url: cluster.url(cluster.port, "farehouse"), cluster })
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
        // A quarter of an hour at full pace fits without a checkpoint in its middle.
        ("max_wal_size", "16GB".to_owned()),
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

/// The memory that a server shares among its sessions, in MiB: its buffers, and a tenth for everything else.
pub fn shared_memory_mib() -> u64 {
    shared_buffers_mib() * 11 / 10
}

/// A quarter of the machine's memory, at most 6 GiB: what every batch touches of the newest taps, charges and account states
/// fits. The system takes pages only as they are used.
fn shared_buffers_mib() -> u64 {
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = memory.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib: u64 = total.and_then(|text| text.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0);
    (kib / 1_024 / 4).clamp(128, 6_144)
}
