//! G5 on three brokers: the leader of a partition is cut off, and the log goes on without it.

use crate::broker::no_halts;
use crate::checker;
use crate::crew::Crew;
use crate::outcome::Outcome;
use crate::town::{self, Device};
use crate::world::{LIVENESS, Stage, World};
use anyhow::{Context as _, Result};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use xtask::kafka::Broker;
use xtask::process::Server;

const BROKERS: usize = 3;
/// How long the others may take to elect another leader.
const ELECTED_AT_MOST: Duration = Duration::from_secs(60);

/// Brokers of one cluster, and their servers in the same order.
struct Cluster {
    brokers: Vec<Broker>,
    servers: Vec<Server>,
}

impl Cluster {
    fn start(stage: &mut Stage) -> Result<Self> {
        let name = stage.name();
        let homes: Vec<PathBuf> = (1..=BROKERS)
            .map(|number| stage.scratch.folder(&format!("{name}.kafka{number}")))
            .collect::<Result<_>>()?;
        let homes: Vec<&Path> = homes.iter().map(PathBuf::as_path).collect();
        let brokers = Broker::create_cluster(&stage.scratch, &homes)?;
        let mut servers: Vec<Server> = brokers.iter().map(Broker::launch).collect::<Result<_>>()?;
        for (broker, server) in brokers.iter().zip(&mut servers) {
            broker.wait_ready(server)?;
        }
        Ok(Cluster { brokers, servers })
    }

    fn addresses(&self) -> String {
        let addresses: Vec<String> = self.brokers.iter().map(Broker::address).collect();
        addresses.join(",")
    }

    /// SIGSTOP or SIGCONT to one of them.
    fn signal(&self, place: usize, signal: Signal) -> Result<()> {
        let process = Pid::from_raw(self.servers[place].pid().cast_signed());
        kill(process, signal).context("a signal to a broker")
    }

    /// `kill -9`, and a start.
    fn restart(&mut self, place: usize) -> Result<()> {
        let dead = self.servers.remove(place);
        drop(dead);
        self.servers.insert(place, self.brokers[place].start()?);
        Ok(())
    }
}

/// The leader of partition 0 is frozen until the others have elected another one, or killed, while devices tap; then it
/// comes back as a follower that had taken records nobody acknowledged.
pub async fn leader_cut_off(stage: &mut Stage, turn: u64) -> Result<Outcome> {
    let (mut random, times) = (stage.random(13_000 + turn), stage.count(1, 50));
    let mut cluster = tokio::task::block_in_place(|| Cluster::start(stage))?;
    stage.own_kafka = Some(cluster.addresses());
    let world = World::open(stage).await?;
    let crew = Crew::start(world.workers(stage.database_url(None, &world.name), 3), 2)?;
    let devices = (1..=town::DEVICES).map(Device::new).collect::<Result<_>>()?;
    let pause = Duration::from_millis(if stage.full { 1_000 } else { 400 });
    let fleet = world.fleet(devices, pause, &mut random);
    let (mut frozen, mut killed, mut slowest) = (0, 0, Duration::ZERO);
    for time in 0..times {
        tokio::time::sleep(random.between(1_500, 3_000)).await;
        let addresses = cluster.addresses();
        let watcher = Watcher::new(&addresses, &world.topic)?;
        // Whoever came back last must have caught up: a cluster loses one broker at a time.
        watcher.all_in_sync().await?;
        let leader = watcher.leader()?.context("a partition without a leader")?;
        let place = usize::try_from(leader - 1)?;
        let began = Instant::now();
        if time % 2 == 0 {
            frozen += 1;
            cluster.signal(place, Signal::SIGSTOP)?;
            let elected = watcher.another_than(leader).await;
            tokio::time::sleep(random.between(500, 2_000)).await;
            cluster.signal(place, Signal::SIGCONT)?;
            elected?;
        } else {
            killed += 1;
            tokio::task::block_in_place(|| cluster.restart(place))?;
        }
        slowest = slowest.max(began.elapsed());
        crew.fill()?;
    }
    let calm = Instant::now();
    fleet.finish().await?;
    // Nothing is sent again here: what a cluster acknowledged is in its log.
    let mut end = checker::settle(&world, &crew, calm, LIVENESS).await?;
    no_halts(&world, &mut end.violations).await?;
    let [sent, posted] = end.figures;
    Ok(Outcome {
        guarantees: "G5",
        faults: format!("the leader of three brokers frozen {frozen} times and killed {killed} times"),
        figures: vec![sent, format!("slowest election or restart {:.1} s", slowest.as_secs_f64()), posted],
        violations: end.violations,
    })
}

/// Asks the cluster who leads.
struct Watcher<'a> {
    client: BaseConsumer,
    addresses: &'a str,
    topic: &'a str,
}

impl<'a> Watcher<'a> {
    fn new(addresses: &'a str, topic: &'a str) -> Result<Self> {
        let client = ClientConfig::new().set("bootstrap.servers", addresses).create();
        Ok(Watcher { client: client.context("a client")?, addresses, topic })
    }

    /// The number of the broker that leads partition 0.
    fn leader(&self) -> Result<Option<i32>> {
        let asked = tokio::task::block_in_place(|| {
            self.client.fetch_metadata(Some(self.topic), Duration::from_secs(5))
        });
        let metadata = asked.context("asking who leads")?;
        let topic = metadata.topics().first().context("a topic")?;
        let partition = topic.partitions().iter().find(|partition| partition.id() == 0);
        Ok(partition.map(|partition| partition.leader()).filter(|leader| *leader > 0))
    }

    /// Waits until every replica of every partition has what its leader has.
    async fn all_in_sync(&self) -> Result<()> {
        let began = Instant::now();
        loop {
            let asked = tokio::task::block_in_place(|| {
                self.client.fetch_metadata(Some(self.topic), Duration::from_secs(5))
            });
            let whole = asked.is_ok_and(|metadata| {
                let mut partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
                partitions.all(|partition| partition.isr().len() == BROKERS)
            });
            if whole {
                return Ok(());
            }
            anyhow::ensure!(began.elapsed() < 2 * ELECTED_AT_MOST, "a broker does not catch up");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until another broker leads.
    async fn another_than(&self, old: i32) -> Result<()> {
        let began = Instant::now();
        // A client that knows only the frozen broker asks it again and again, so each question has a client of its own.
        while !matches!(Watcher::new(self.addresses, self.topic)?.leader(), Ok(Some(leader)) if leader != old)
        {
            anyhow::ensure!(began.elapsed() < ELECTED_AT_MOST, "nobody leads but the frozen broker");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }
}
