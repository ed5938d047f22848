//! CPU time and memory by program, read from /proc: this one and its children, PostgreSQL's processes, and Kafka's.

use anyhow::Context as _;
use std::fmt;

/// CPU seconds of each program since it started.
#[derive(Debug, Clone, Copy, Default)]
pub struct CpuTimes {
    /// This program and workers it started.
    pub farehouse: f64,
    /// All PostgreSQL processes of this machine.
    pub postgres: f64,
    /// All Java processes of this machine.
    pub kafka: f64,
}

/// Clock ticks a second, which Linux fixes at 100 for /proc.
const TICKS: f64 = 100.0;

/// Reads them. PostgreSQL's backends end while a bench runs, so their parent's count of ended children is added.
pub fn by_process() -> anyhow::Result<CpuTimes> {
    let me = std::process::id();
    let mut times = CpuTimes::default();
    for entry in std::fs::read_dir("/proc").context("reading /proc")? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(pid) = name.to_str().filter(|name| name.bytes().all(|byte| byte.is_ascii_digit())) else {
            continue;
        };
        // A process may end between the listing and the look.
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        let Some(Process { program, parent, own, children }) = parse(&stat) else { continue };
        match program {
            _ if pid == me.to_string() || parent == me => times.farehouse += own,
            "postgres" => times.postgres += own + children,
            "java" => times.kafka += own,
            _ => {}
        }
    }
    Ok(times)
}

/// What a line of /proc/PID/stat says: whose child it is, own CPU seconds and those of ended children.
#[derive(Debug, PartialEq)]
struct Process<'a> {
    program: &'a str,
    parent: u32,
    own: f64,
    children: f64,
}

fn parse(stat: &str) -> Option<Process<'_>> {
    let (_, rest) = stat.split_once('(')?;
    let (program, rest) = rest.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split(' ').collect();
    let ticks = |index: usize| fields.get(index)?.parse::<f64>().ok();
    // Fields 4 and 14 to 17 of proc(5): ppid, utime, stime, cutime, cstime; the third field is the first after the name.
    let parent = fields.get(1)?.parse().ok()?;
    let (own, children) = ((ticks(11)? + ticks(12)?) / TICKS, (ticks(13)? + ticks(14)?) / TICKS);
    Some(Process { program, parent, own, children })
}

/// The most memory any of these processes held at once, in MiB; of this process when there are none.
pub fn peak_memory_mib(pids: &[u32]) -> anyhow::Result<u64> {
    let me = [std::process::id()];
    let pids = if pids.is_empty() { &me[..] } else { pids };
    let mut most = 0;
    for pid in pids {
        let status =
            std::fs::read_to_string(format!("/proc/{pid}/status")).context("reading a process's status")?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("a peak of memory")?;
        let kib: u64 = peak.trim().trim_end_matches(" kB").parse().context("a peak of memory in kB")?;
        most = most.max(kib / 1_024);
    }
    Ok(most)
}

impl CpuTimes {
    /// What was used since an earlier look.
    pub fn since(&self, earlier: &CpuTimes) -> CpuTimes {
        CpuTimes {
            farehouse: self.farehouse - earlier.farehouse,
            postgres: self.postgres - earlier.postgres,
            kafka: self.kafka - earlier.kafka,
        }
    }
}

impl CpuTimes {
    pub fn json(&self) -> serde_json::Value {
        let CpuTimes { farehouse, postgres, kafka } = self;
        serde_json::json!({ "farehouse": farehouse, "postgres": postgres, "kafka": kafka })
    }
}

impl fmt::Display for CpuTimes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CpuTimes { farehouse, postgres, kafka } = self;
        write!(f, "CPU: farehouse {farehouse:.1} s, PostgreSQL {postgres:.1} s, Kafka {kafka:.1} s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_proc_is_read_whatever_the_name_holds() {
        let line = "7 (a) b c) S 1 7 7 0 -1 4194560 1 2 3 4 150 50 300 100 20 0 1 0 9 1 1";
        let read = Process { program: "a) b c", parent: 1, own: 2.0, children: 4.0 };
        assert_eq!(parse(line), Some(read));
        assert_eq!(parse("7 nothing"), None);
    }
}
