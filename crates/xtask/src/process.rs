//! Starting and ending processes so that nothing outlives us, and hearing the signals that ask us to stop.
//!
//! Three nets, each for what the one before cannot catch: a server is killed when its guard is dropped; a signal to us
//! is passed on to the running command and then takes the ordinary way out; and the kernel ends our children when we
//! are killed outright (`setpriv --pdeathsig`, from util-linux, which every Debian has).

use anyhow::{Context as _, Result, bail};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use signal_hook::iterator::Signals;
use std::ffi::OsStr;
use std::fs::File;
use std::io::IsTerminal as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How often a waiting loop looks.
const LOOK_EVERY: Duration = Duration::from_millis(25);
/// How long a command may take to end after it was asked to.
const GRACE: Duration = Duration::from_secs(20);
/// How long stragglers of a command's process group may take.
const STRAGGLER_GRACE: Duration = Duration::from_secs(3);

static SIGNALS_HEARD: AtomicU32 = AtomicU32::new(0);
static LAST_SIGNAL: AtomicI32 = AtomicI32::new(0);

/// Takes SIGINT, SIGTERM and SIGHUP out of their usual (deadly) way and lets a thread count them instead. A signal that
/// our caller had us ignore (`nohup`, a background job of a script) stays ignored.
pub fn hear_signals() -> Result<()> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = ignored_mask(&status);
    let wanted = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP];
    let heard = wanted.into_iter().filter(|signal| ignored & (1 << (*signal as i32 - 1)) == 0);
    // Handled, not blocked: a child inherits a blocked signal, and would then never hear it itself.
    let mut signals = Signals::new(heard.map(|signal| signal as i32)).context("hearing signals")?;
    std::thread::spawn(move || {
        for signal in signals.forever() {
            LAST_SIGNAL.store(signal, Ordering::SeqCst);
            SIGNALS_HEARD.fetch_add(1, Ordering::SeqCst);
        }
    });
    Ok(())
}

/// The `SigIgn` line of /proc/self/status: one bit per signal, the lowest for signal 1.
fn ignored_mask(status: &str) -> u64 {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|text| u64::from_str_radix(text.trim(), 16).ok()).unwrap_or(0)
}

/// The signal that asked us to stop, if one did.
fn asked_to_stop() -> Option<Signal> {
    Signal::try_from(LAST_SIGNAL.load(Ordering::SeqCst)).ok()
}

/// Fails once somebody asked us to stop; the long steps call it, so that Ctrl-C is never a long wait.
pub fn go_on() -> Result<()> {
    match asked_to_stop() {
        Some(signal) => bail!("stopped by {signal}"),
        None => Ok(()),
    }
}

/// The exit code of a run that failed: a shell's when a signal ended it, else 1.
pub fn failure_code() -> u8 {
    asked_to_stop().and_then(|signal| u8::try_from(128 + signal as i32).ok()).unwrap_or(1)
}

/// The full path of a program on the search path.
pub fn which(program: &str) -> Option<PathBuf> {
    let search = std::env::var_os("PATH")?;
    // /usr/sbin is where Debian keeps some of it, and an ordinary user's path leaves it out.
    std::env::split_paths(&search)
        .chain([PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")])
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

/// True when this program runs as root.
pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// A user id and its main group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The user.
    pub user: u32,
    /// The group.
    pub group: u32,
}

/// A command that the kernel ends with `signal` when we die, run as `identity` when one is given.
pub fn guarded(program: impl AsRef<OsStr>, signal: Signal, identity: Option<Identity>) -> Result<Command> {
    let Some(setpriv) = which("setpriv") else {
        if identity.is_some() {
            bail!(
                "`setpriv` is missing, and root needs it to start a server as another user: install util-linux"
            );
        }
        return Ok(Command::new(program));
    };
    let mut command = Command::new(setpriv);
    // `SIGTERM` is called TERM there.
    command.arg("--pdeathsig").arg(signal.as_str().trim_start_matches("SIG"));
    if let Some(Identity { user, group }) = identity {
        command.arg(format!("--reuid={user}")).arg(format!("--regid={group}")).arg("--clear-groups");
    }
    command.arg("--").arg(program);
    Ok(command)
}

/// A server that ends when this value is dropped.
pub struct Server {
    name: &'static str,
    child: Child,
    stop: Signal,
    log: PathBuf,
}

impl Server {
    /// Starts `command` in a process group of its own (a Ctrl-C in the terminal must reach the command that uses the
    /// server, not the server), with its output in `log`.
    pub fn start(name: &'static str, mut command: Command, stop: Signal, log: &Path) -> Result<Server> {
        let (output, errors) = log_file(log)?;
        let child = command
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .with_context(|| format!("starting {name}"))?;
        Ok(Server { name, child, stop, log: log.to_owned() })
    }

    /// Waits until `ready` says so; fails when the server ends first, when time is up, or when we are asked to stop.
    pub fn wait_ready(&mut self, at_most: Duration, mut ready: impl FnMut() -> bool) -> Result<()> {
        let began = Instant::now();
        while !ready() {
            go_on()?;
            self.still_running()?;
            if began.elapsed() > at_most {
                bail!(
                    "{} did not answer within {} s; its log ends:\n{}",
                    self.name,
                    at_most.as_secs(),
                    self.tail()
                );
            }
            sleep(LOOK_EVERY);
        }
        Ok(())
    }

    /// The number of the server's process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Fails when the server is gone.
    pub fn still_running(&mut self) -> Result<()> {
        match self.child.try_wait().with_context(|| format!("looking after {}", self.name))? {
            None => Ok(()),
            Some(status) => bail!("{} ended by itself ({status}); its log ends:\n{}", self.name, self.tail()),
        }
    }

    fn tail(&self) -> String {
        tail(&self.log, 20)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let group = Pid::from_raw(self.child.id().cast_signed());
        if matches!(self.child.try_wait(), Ok(None)) {
            // The data is thrown away, so the quickest end is the right one.
            let _ = kill(group, self.stop);
            let began = Instant::now();
            while matches!(self.child.try_wait(), Ok(None)) && began.elapsed() < STRAGGLER_GRACE {
                sleep(LOOK_EVERY);
            }
        }
        let _ = killpg(group, Signal::SIGKILL);
        let _ = self.child.wait();
    }
}

/// Runs a command to its end and hands back its status. A signal to us goes on to the command; a second one, or twenty
/// seconds, kills it. What the command left running in its process group is ended too.
pub fn run(command: Command) -> Result<ExitStatus> {
    run_watched(command, |_| Ok(()))
}

/// [`run`], with a hook that gets the child once it is started (to read its output).
pub fn run_watched(mut command: Command, watch: impl FnOnce(&mut Child) -> Result<()>) -> Result<ExitStatus> {
    go_on()?;
    // In a terminal the command stays in the foreground group: it may read the keyboard, and the terminal itself
    // delivers Ctrl-C. Without one it gets a group, so that a signal reaches all of its descendants.
    let own_group = !std::io::stdin().is_terminal();
    if own_group {
        command.process_group(0);
    }
    let name = name_of(&command);
    let mut child = command.spawn().with_context(|| format!("starting `{name}`"))?;
    watch(&mut child)?;
    let pid = Pid::from_raw(child.id().cast_signed());
    let send = |signal| if own_group { killpg(pid, signal) } else { kill(pid, signal) };
    let status = wait_and_forward(&mut child, own_group, send)?;
    if own_group {
        end_stragglers(pid);
    }
    Ok(status)
}

fn wait_and_forward(
    child: &mut Child,
    own_group: bool,
    send: impl Fn(Signal) -> nix::Result<()>,
) -> Result<ExitStatus> {
    let mut asked: Option<(Instant, u32)> = None;
    loop {
        if let Some(status) = child.try_wait().context("waiting for a command")? {
            return Ok(status);
        }
        let heard = SIGNALS_HEARD.load(Ordering::SeqCst);
        match (asked, asked_to_stop()) {
            (None, Some(signal)) => {
                asked = Some((Instant::now(), heard));
                if own_group || signal != Signal::SIGINT {
                    let _ = send(signal);
                }
            }
            (Some((since, before)), _) if heard > before || since.elapsed() > GRACE => {
                let _ = send(Signal::SIGKILL);
            }
            _ => {}
        }
        sleep(LOOK_EVERY);
    }
}

fn end_stragglers(group: Pid) {
    if killpg(group, Signal::SIGTERM) == Err(Errno::ESRCH) {
        return;
    }
    let began = Instant::now();
    while killpg(group, None) != Err(Errno::ESRCH) {
        if began.elapsed() > STRAGGLER_GRACE {
            let _ = killpg(group, Signal::SIGKILL);
            return;
        }
        sleep(LOOK_EVERY);
    }
}

/// Runs a command that must succeed; when it does not, `advice` says what to do about it.
pub fn must(command: Command, advice: &str) -> Result<()> {
    let name = name_of(&command);
    let status = run(command)?;
    go_on()?;
    if status.success() {
        return Ok(());
    }
    bail!("`{name}` failed ({status}). {advice}")
}

/// Runs a command that must succeed, with its output in `log`; a failure shows the end of it.
pub fn must_quietly(mut command: Command, log: &Path) -> Result<()> {
    let (output, errors) = log_file(log)?;
    let name = name_of(&command);
    command.stdin(Stdio::null()).stdout(output).stderr(errors);
    let status = run(command)?;
    go_on()?;
    if status.success() {
        return Ok(());
    }
    bail!("`{name}` failed ({status}); its output ends:\n{}", tail(log, 20))
}

/// A new file for a command's output, and the same file for its errors.
fn log_file(path: &Path) -> Result<(File, File)> {
    let output = File::create(path).with_context(|| format!("creating {}", path.display()))?;
    let errors = output.try_clone().with_context(|| format!("sharing {}", path.display()))?;
    Ok((output, errors))
}

/// What a command printed, when it ran and succeeded.
pub fn output_of(program: impl AsRef<OsStr>, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The exit code a shell would report: a signal's number is added to 128.
pub fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(1)
}

/// The last lines of a file.
pub fn tail(file: &Path, lines: usize) -> String {
    let text =
        std::fs::read(file).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

/// The command as a person would name it: without `setpriv` and its arguments.
fn name_of(command: &Command) -> String {
    let mut words: Vec<String> = [command.get_program()]
        .into_iter()
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    if words[0].ends_with("/setpriv")
        && let Some(dashes) = words.iter().position(|word| word == "--")
    {
        words.drain(..=dashes);
    }
    words.truncate(6);
    words.join(" ")
}

#[cfg(test)]
mod tests;
