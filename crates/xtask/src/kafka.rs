//! A private Apache Kafka: one broker that is its own controller, from the project's jars on Maven Central.

use crate::process::{self, Server};
use crate::progress;
use crate::scratch::{self, Scratch};
use anyhow::{Context as _, Result, bail};
use nix::sys::signal::Signal;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

const KAFKA_VERSION: &str = "4.1.0";
const SLF4J_VERSION: &str = "1.7.36";
const COPY_GOAL: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";
const JAVA_MAJOR_MIN: u32 = 17;
const START_AT_MOST: Duration = Duration::from_secs(180);

/// A running broker, and how to reach it.
pub struct Kafka {
    /// Ends the broker when dropped.
    pub server: Server,
    /// `host:port`.
    pub address: String,
}

/// True when a Java new enough for the broker is on the search path.
pub fn has_java() -> bool {
    let Some(java) = process::which("java") else { return false };
    // Java tells its version on standard error.
    let output = Command::new(java).arg("-version").stdin(Stdio::null()).output();
    output.is_ok_and(|output| {
        crate::packages::major(&String::from_utf8_lossy(&output.stderr)) >= JAVA_MAJOR_MIN
    })
}

/// True when the jars are in the user's cache.
pub fn jars_cached() -> bool {
    cache().is_ok_and(|folder| folder.is_dir())
}

fn cache() -> Result<PathBuf> {
    Ok(scratch::user_cache()?.join(format!("kafka-{KAFKA_VERSION}")))
}

/// The folder with the jars, fetched once.
fn jars() -> Result<PathBuf> {
    let cache = cache()?;
    if cache.is_dir() {
        return Ok(cache);
    }
    progress(format!("fetching Apache Kafka {KAFKA_VERSION} from Maven Central into {}", cache.display()));
    let partial = scratch::user_cache()?.join(format!("partial-{}", std::process::id()));
    let libs = partial.join("libs");
    fs::create_dir_all(&libs).with_context(|| format!("creating {}", libs.display()))?;
    let fetched = fetch(&partial, &libs);
    // Two runs may fetch at once: the second rename finds a full folder there and fails, which is as good.
    let moved = fetched.and_then(|()| match fs::rename(&libs, &cache) {
        Err(error) if !cache.is_dir() => Err(error).context("keeping the jars"),
        _ => Ok(()),
    });
    let _ = fs::remove_dir_all(&partial);
    moved.map(|()| cache)
}

fn fetch(partial: &Path, libs: &Path) -> Result<()> {
    let pom = partial.join("pom.xml");
    fs::write(&pom, pom_text()).context("writing a pom")?;
    let mut maven = process::guarded("mvn", Signal::SIGTERM, None)?;
    maven
        // Without questions, and a wrong checksum is an error.
        .args(["--batch-mode", "--quiet", "--strict-checksums", "--file"])
        .arg(&pom)
        .arg(format!("-Dmaven.repo.local={}", partial.join("repository").display()))
        .arg(format!("-DoutputDirectory={}", libs.display()))
        .arg("-DincludeScope=runtime")
        .arg(COPY_GOAL);
    process::must_quietly(maven, &partial.join("maven.log"))
        .context("is Maven Central reachable? A mirror goes into ~/.m2/settings.xml")?;
    let count = fs::read_dir(libs).context("counting the jars")?.count();
    if count < 10 {
        bail!("Maven copied {count} jars only; remove {} and try again", partial.display());
    }
    Ok(())
}

fn pom_text() -> String {
    let dependency = |group: &str, artifact: &str, version: &str| {
        format!(
            "<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version></dependency>"
        )
    };
    format!(
        "<project><modelVersion>4.0.0</modelVersion><groupId>farehouse</groupId><artifactId>kafka</artifactId>\
         <version>1</version><packaging>pom</packaging><dependencies>{}{}</dependencies></project>\n",
        dependency("org.apache.kafka", "kafka_2.13", KAFKA_VERSION),
        dependency("org.slf4j", "slf4j-simple", SLF4J_VERSION),
    )
}

/// A broker's folder on disk; the broker may be started again after it was killed.
pub struct Broker {
    jars: PathBuf,
    home: PathBuf,
    log: PathBuf,
    port: u16,
}

impl Broker {
    /// Formats a log folder in `home`, an empty folder of its own, for a broker that is alone.
    pub fn create(scratch: &Scratch, home: &Path) -> Result<Broker> {
        let mut brokers = Broker::create_cluster(scratch, &[home])?;
        brokers.pop().context("a broker")
    }

    /// Formats a log folder in each of `homes` for brokers that make one cluster: every record on all of them, and
    /// acknowledged when a majority has it.
    pub fn create_cluster(scratch: &Scratch, homes: &[&Path]) -> Result<Vec<Broker>> {
        let (jars, cluster) = (jars()?, cluster_id()?);
        let ports = scratch::free_ports(2 * homes.len())?;
        let (ports, controllers) = ports.split_at(homes.len());
        let mut brokers = Vec::new();
        for (place, (home, &port)) in homes.iter().zip(ports).enumerate() {
            let log = scratch.file(&format!("kafka-{port}.log"));
            let broker = Broker { jars: jars.clone(), home: home.to_path_buf(), log, port };
            fs::write(broker.properties(), properties_text(&broker.data(), place, port, controllers))
                .context("writing server.properties")?;
            let mut format = java(&broker.jars, "128m")?;
            format.args(["kafka.tools.StorageTool", "format", "-t", &cluster, "-c"]).arg(broker.properties());
            process::must_quietly(format, &scratch.file("kafka-format.log"))?;
            brokers.push(broker);
        }
        Ok(brokers)
    }

    /// Starts the broker, new or after it was killed; returns when it takes requests.
    pub fn start(&self) -> Result<Server> {
        let mut server = self.launch()?;
        self.wait_ready(&mut server)?;
        Ok(server)
    }

    /// Starts the broker. One of a cluster takes no requests before a majority of them runs.
    pub fn launch(&self) -> Result<Server> {
        let mut command = java(&self.jars, "512m")?;
        command.arg("kafka.Kafka").arg(self.properties()).current_dir(&self.home);
        Server::start("Kafka", command, Signal::SIGKILL, &self.log)
    }

    /// Returns when the broker takes requests.
    pub fn wait_ready(&self, server: &mut Server) -> Result<()> {
        // The port opens before the broker takes requests; its own word comes after.
        server.wait_ready(START_AT_MOST, || {
            fs::read_to_string(&self.log).is_ok_and(|text| text.contains("Kafka Server started"))
        })
    }

    /// `host:port`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The folder with the log's segments.
    pub fn data(&self) -> PathBuf {
        self.home.join("log")
    }

    fn properties(&self) -> PathBuf {
        self.home.join("server.properties")
    }
}

/// Formats a log folder and starts the broker; returns when it takes requests.
pub fn start(scratch: &Scratch) -> Result<Kafka> {
    let broker = Broker::create(scratch, &scratch.folder("kafka")?)?;
    Ok(Kafka { server: broker.start()?, address: broker.address() })
}

fn java(jars: &Path, heap_max: &str) -> Result<Command> {
    let mut command = process::guarded("java", Signal::SIGKILL, None)?;
    command.arg(format!("-Xmx{heap_max}")).arg("-cp").arg(jars.join("*"));
    Ok(command)
}

/// A cluster id: sixteen bytes in the URL alphabet of base 64, which hexadecimal digits are part of.
fn cluster_id() -> Result<String> {
    let digits = scratch::random_hex(11)?;
    Ok(format!("{}A", &digits[..21]))
}

fn properties_text(log: &Path, place: usize, broker: u16, controllers: &[u16]) -> String {
    let voters: Vec<String> =
        controllers.iter().zip(1..).map(|(port, node)| format!("{node}@127.0.0.1:{port}")).collect();
    let (brokers, majority) = (controllers.len(), controllers.len() / 2 + 1);
    format!(
        "process.roles=broker,controller\n\
         node.id={}\n\
         controller.quorum.voters={}\n\
         controller.listener.names=CONTROLLER\n\
         listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{}\n\
         advertised.listeners=PLAINTEXT://127.0.0.1:{broker}\n\
         listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\n\
         inter.broker.listener.name=PLAINTEXT\n\
         log.dirs={}\n\
         auto.create.topics.enable=false\n\
         default.replication.factor={brokers}\n\
         min.insync.replicas={majority}\n\
         offsets.topic.replication.factor={brokers}\n\
         offsets.topic.num.partitions=1\n\
         transaction.state.log.replication.factor={brokers}\n\
         transaction.state.log.min.isr={majority}\n\
         share.coordinator.state.topic.replication.factor={brokers}\n\
         share.coordinator.state.topic.min.isr={majority}\n\
         broker.session.timeout.ms=6000\n\
         group.initial.rebalance.delay.ms=0\n",
        place + 1,
        voters.join(","),
        controllers[place],
        log.display()
    )
}
