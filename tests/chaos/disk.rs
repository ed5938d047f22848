//! G7: PostgreSQL's disk is full. Posting stops with a name, nothing is corrupted, and it goes on when there is room.

use crate::checker;
use crate::crew::Crew;
use crate::history::History;
use crate::outcome::Outcome;
use crate::servers::Postgres;
use crate::town::{self, Device};
use crate::world::{LIVENESS, Stage, World};
use anyhow::{Context as _, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Room for a cluster and some growth.
const SIZE_MB: u64 = 160;

/// A disk in memory, unmounted when dropped. Only root can mount; without root the scenario fails, it is never skipped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(folder: PathBuf) -> Result<Self> {
        anyhow::ensure!(xtask::process::is_root(), "a full disk takes root to mount a small one");
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", &format!("size={SIZE_MB}m,mode=0700"), "farehouse-chaos"])
            .arg(&folder);
        anyhow::ensure!(mount.status().context("starting mount")?.success(), "mounting a small disk failed");
        Ok(SmallDisk(folder))
    }

    /// Fills what is left, but for `left` bytes.
    fn fill(&self, left: u64) -> Result<()> {
        let ballast = self.ballast();
        let mut size = 0;
        while free(&self.0)? > left {
            size += (free(&self.0)? - left).clamp(4_096, 1 << 20);
            let file = fs::OpenOptions::new().create(true).append(true).open(&ballast)?;
            let block = vec![0; usize::try_from(size)? - usize::try_from(file.metadata()?.len())?];
            if std::io::Write::write_all(&mut &file, &block).is_err() {
                break;
            }
        }
        Ok(())
    }

    fn make_room(&self) -> Result<()> {
        fs::remove_file(self.ballast()).context("making room")
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// Free bytes of the file system a folder is on.
fn free(folder: &Path) -> Result<u64> {
    let output =
        Command::new("df").args(["--output=avail", "-B1"]).arg(folder).output().context("starting df")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().nth(1).and_then(|line| line.trim().parse().ok()).context("reading df")
}

/// The tables' disk runs full again and again while devices tap; the write-ahead log has a disk of its own, so the server
/// lives and says what is wrong.
pub async fn full(stage: &mut Stage, turn: u64) -> Result<Outcome> {
    let (mut random, times) = (stage.random(4_000 + turn), stage.count(1, 10));
    let name = stage.name();
    let disk = SmallDisk::mount(stage.scratch.folder(&format!("{name}.disk"))?)?;
    let home = disk.0.join("postgres");
    fs::create_dir(&home)?;
    // The server's user must get through to its folder.
    fs::set_permissions(&disk.0, std::os::unix::fs::PermissionsExt::from_mode(0o711))?;
    let wal = stage.scratch.folder(&format!("{name}.wal"))?;
    let postgres = Postgres::create(&stage.scratch, &home, Some(&wal))?;
    postgres.cluster.create_database(&name)?;
    let url = postgres.cluster.url(postgres.cluster.port(), &name);
    let history = Arc::new(History::create(&stage.scratch.file(&format!("{name}.history")))?);
    let world = World::open_at(stage, name, &url, history).await?;
    let crew = Crew::start(world.workers(url, 3), 2)?;
    let devices = (1..=town::DEVICES).map(Device::new).collect::<Result<_>>()?;
    let fleet = world.fleet(devices, Duration::from_millis(300), &mut random);
    let mut stopped = 0;
    for _ in 0..times {
        tokio::time::sleep(random.between(1_500, 3_000)).await;
        let told_before = told_full(&world);
        disk.fill(0)?;
        let began = Instant::now();
        while told_full(&world) == told_before && began.elapsed() < Duration::from_secs(25) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        stopped += usize::from(told_full(&world) > told_before);
        tokio::time::sleep(random.between(500, 2_000)).await;
        disk.make_room()?;
    }
    let calm = Instant::now();
    fleet.finish().await?;
    let drained = world.drained(&crew, LIVENESS).await?;
    crew.stop();
    let told = world.history.read()?;
    let mut violations = checker::check(&world, &told).await?;
    violations.extend(checker::pages_are_sound(&world).await?);
    if drained.is_none() {
        violations.push(format!("all work is done within {} s of the last fault", LIVENESS.as_secs()));
    }
    if stopped == 0 {
        violations.push("a full disk is told as STORE_FULL".to_owned());
    }
    world.pool.close().await;
    drop(postgres);
    drop(disk);
    Ok(Outcome {
        guarantees: "G7",
        faults: format!("the disk of PostgreSQL's tables full {times} times"),
        figures: vec![
            format!("{stopped} times STORE_FULL"),
            format!("{} taps sent", told.sent.len()),
            format!("all posted {:.1} s after there was room", calm.elapsed().as_secs_f64()),
        ],
        violations,
    })
}

fn told_full(world: &World) -> usize {
    world.worker_messages().matches("STORE_FULL").count()
}
