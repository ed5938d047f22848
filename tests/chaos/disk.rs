//! G7: the disk of PostgreSQL or of Kafka is full. Posting stops with a name, nothing is corrupted, and it goes on when there is room.

use crate::broker::{no_halts, send_what_is_not_posted};
use crate::checker;
use crate::crew::Crew;
use crate::history::History;
use crate::outcome::Outcome;
use crate::servers::{Kafka, Postgres};
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
/// How long a server may take to notice.
const NOTICED_WITHIN: Duration = Duration::from_secs(25);

/// A disk in memory, unmounted when dropped. Only root can mount; without root the scenario fails, it is never skipped.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    pub fn mount(folder: PathBuf, size_mb: u64) -> Result<Self> {
        anyhow::ensure!(xtask::process::is_root(), "a full disk takes root to mount a small one");
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", &format!("size={size_mb}m,mode=0700"), "farehouse-chaos"])
            .arg(&folder);
        anyhow::ensure!(mount.status().context("starting mount")?.success(), "mounting a small disk failed");
        Ok(SmallDisk(folder))
    }

    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// Fills what is left, but for `left` bytes.
    pub fn fill(&self, left: u64) -> Result<()> {
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

    pub fn make_room(&self) -> Result<()> {
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
    let disk = SmallDisk::mount(stage.scratch.folder(&format!("{name}.disk"))?, SIZE_MB)?;
    let home = disk.0.join("postgres");
    fs::create_dir(&home)?;
    // The server's user must get through to its folder.
    fs::set_permissions(&disk.0, std::os::unix::fs::PermissionsExt::from_mode(0o711))?;
    let wal = stage.scratch.folder(&format!("{name}.wal"))?;
    let postgres = Postgres::create(&stage.scratch, &home, Some(&wal))?;
    postgres.home.create_database(&name)?;
    let url = postgres.home.url(postgres.home.port(), &name);
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
        while told_full(&world) == told_before && began.elapsed() < NOTICED_WITHIN {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        stopped += usize::from(told_full(&world) > told_before);
        tokio::time::sleep(random.between(500, 2_000)).await;
        disk.make_room()?;
    }
    let calm = Instant::now();
    fleet.finish().await?;
    let mut end = checker::settle(&world, &crew, calm, LIVENESS).await?;
    end.violations.extend(checker::pages_are_sound(&world).await?);
    if stopped == 0 {
        end.violations.push("a full disk is told as STORE_FULL".to_owned());
    }
    world.pool.close().await;
    drop(postgres);
    drop(disk);
    Ok(Outcome {
        guarantees: "G7",
        faults: format!("the disk of PostgreSQL's tables full {times} times"),
        figures: [format!("{stopped} times STORE_FULL")].into_iter().chain(end.figures).collect(),
        violations: end.violations,
    })
}

/// The disk of Kafka's log runs full again and again while devices tap. A broker without room for its log ends; when there
/// is room it is started again, as its service manager would, and what it had acknowledged is there.
pub async fn kafka_full(stage: &mut Stage, turn: u64) -> Result<Outcome> {
    let (mut random, times) = (stage.random(14_000 + turn), stage.count(1, 10));
    let name = stage.name();
    let disk = SmallDisk::mount(stage.scratch.folder(&format!("{name}.log"))?, SIZE_MB)?;
    let home = disk.0.join("kafka");
    fs::create_dir(&home)?;
    let mut kafka = tokio::task::block_in_place(|| Kafka::create(&stage.scratch, &home))?;
    stage.own_kafka = Some(kafka.home.address());
    let world = World::open(stage).await?;
    let crew = Crew::start(world.workers(stage.database_url(None, &world.name), 3), 2)?;
    let devices = (1..=town::DEVICES).map(Device::new).collect::<Result<_>>()?;
    let fleet = world.fleet(devices, Duration::from_millis(300), &mut random);
    let mut stopped = 0;
    for _ in 0..times {
        tokio::time::sleep(random.between(1_500, 3_000)).await;
        disk.fill(0)?;
        let began = Instant::now();
        while kafka.runs() && began.elapsed() < NOTICED_WITHIN {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        stopped += usize::from(!kafka.runs());
        tokio::time::sleep(random.between(500, 2_000)).await;
        disk.make_room()?;
        tokio::task::block_in_place(|| kafka.stand_up())?;
        crew.fill()?;
    }
    let calm = Instant::now();
    let devices = fleet.finish().await?;
    send_what_is_not_posted(&world, &crew, &devices).await?;
    let mut end = checker::settle(&world, &crew, calm, LIVENESS).await?;
    no_halts(&world, &mut end.violations).await?;
    if stopped == 0 {
        end.violations.push("a log without room stops".to_owned());
    }
    drop(kafka);
    drop(disk);
    Ok(Outcome {
        guarantees: "G7",
        faults: format!("the disk of Kafka's log full {times} times"),
        figures: [format!("{stopped} times the broker stopped")].into_iter().chain(end.figures).collect(),
        violations: end.violations,
    })
}

fn told_full(world: &World) -> usize {
    world.worker_messages().matches("STORE_FULL").count()
}
