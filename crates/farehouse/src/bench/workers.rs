//! The workers of a measurement: tasks of this process, or processes of their own.

use super::spent::Spent;
use crate::house::{House, Running};
use crate::log::LogKind;
use anyhow::Context as _;
use engine::worker;
use primitives::PostingDate;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// What is started.
pub struct Plan<'a> {
    /// How many.
    pub workers: u32,
    /// As processes of their own.
    pub processes: bool,
    /// Most records of a batch.
    pub batch: usize,
    /// Which log they read.
    pub log: LogKind,
    /// The policy's directory, for processes.
    pub policy: &'a Path,
    /// The database's address, for processes.
    pub database: &'a str,
    /// The day the books opened with.
    pub first_day: PostingDate,
}

/// Running workers.
pub struct Workers {
    tasks: Vec<Running>,
    processes: Vec<Child>,
}

impl Workers {
    pub fn start(house: &House, plan: &Plan<'_>) -> anyhow::Result<Self> {
        let share = i64::from(house.partitions.div_ceil(plan.workers.max(1)));
        let mut workers = Workers { tasks: Vec::new(), processes: Vec::new() };
        for number in 0..plan.workers {
            if plan.processes {
                workers.processes.push(process(house, plan, share)?);
            } else {
                let named = worker::Settings::named(format!("bench-{number}"));
                workers.tasks.push(house.start_worker(worker::Settings {
                    batch_max: plan.batch,
                    share,
                    ..named
                }));
            }
        }
        Ok(workers)
    }

    /// Where their time went; nothing is known of other processes.
    pub fn spent(&self) -> Option<Spent> {
        (!self.tasks.is_empty()).then(|| Spent::of(self.tasks.iter().map(|task| task.stats.as_ref())))
    }

    /// The processes' numbers.
    pub fn pids(&self) -> Vec<u32> {
        self.processes.iter().map(Child::id).collect()
    }

    pub async fn stop(mut self) -> anyhow::Result<()> {
        for task in self.tasks.drain(..) {
            task.stop().await?;
        }
        for mut process in self.processes.drain(..) {
            process.kill().context("ending a worker")?;
            process.wait().context("waiting for a worker's end")?;
        }
        Ok(())
    }
}

impl Drop for Workers {
    /// A measurement that failed leaves no process behind.
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn process(house: &House, plan: &Plan<'_>, share: i64) -> anyhow::Result<Child> {
    let program = std::env::current_exe().context("this program's path")?;
    let log = match plan.log {
        LogKind::Kafka => "kafka",
        LogKind::Embedded => "embedded",
    };
    Command::new(program)
        .args(["clear", "--log", log, "--topic", &super::topic(), "--first-day", &plan.first_day.to_string()])
        .args(["--partitions", &house.partitions.to_string(), "--share", &share.to_string()])
        .args(["--batch", &plan.batch.to_string()])
        .arg("--policy")
        .arg(plan.policy)
        .env("FAREHOUSE_DATABASE_URL", plan.database)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .context("starting a worker")
}
