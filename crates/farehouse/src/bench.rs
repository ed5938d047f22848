//! `farehouse bench`: parts of the house, measured. Speed lives here and in `benches/`, never in timed tests.

mod cpu;
mod door;
mod e2e;
mod latency;
mod payments;
mod spent;
mod traffic;
mod workers;

use crate::Ending;
use crate::database;
use store::scratch::Scratch;

/// What to measure.
#[derive(clap::Subcommand)]
pub enum What {
    /// Taps from the log into PostgreSQL: first drained, then live.
    E2e(e2e::Args),
    /// Signed taps through the gateway into the log: verified, resolved, appended.
    Door(door::Args),
}

/// Connections of the process that measures.
const CONNECTIONS: u32 = 12;

pub async fn run(what: What) -> anyhow::Result<Ending> {
    let scratch = Scratch::create(&database::url()?, "bench", CONNECTIONS).await?;
    let result = match &what {
        What::E2e(args) => e2e::measure(args, &scratch).await,
        What::Door(args) => door::measure(args, &scratch).await,
    };
    scratch.remove().await?;
    result.map(|()| Ending::Done)
}

/// The log's topic of this run.
fn topic() -> String {
    format!("bench-{}", std::process::id())
}
