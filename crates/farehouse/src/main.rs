//! The program: command line, configuration, wiring.
//!
//! # Job
//! Turn what a person or a job types into use cases of the engine on a chosen database and log.
//!
//! # Shape
//! One module a command: [`demo`], [`replay`], [`serve`], [`jobs`], [`pipeline`], [`policy`], [`adjust`], [`verify`], [`retention`], [`fares`], [`bench`]; [`house`] wires a database, a log and policies
//! together; [`simulated`] brings a simulated day to the door. stdout is data, stderr is progress and logs. Exit codes:
//! 0 done, 1 differences found, 2 wrong usage, 70 a fault.
//!
//! # Invariants
//! A-1 a command that found differences never exits with 0; A-2 a scratch database ends with its command.
//!
//! # Limits
//! One log and one policy directory a process.
//!
//! # Not here
//! No use case, no SQL, no rule about money.

mod adjust;
mod bench;
mod database;
mod demo;
mod fares;
mod fares_export;
mod house;
mod jobs;
mod log;
mod pipeline;
mod policy;
mod replay;
mod retention;
mod serve;
mod simulated;
mod verify;

use clap::{Parser, Subcommand};
use std::io::IsTerminal as _;
use std::process::ExitCode;

/// A worker makes and drops some hundred small values a tap; this allocator does so in half the time of the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A fare clearing house: taps in, priced, posted, settled, paid, reconciled.
#[derive(Parser)]
#[command(name = "farehouse", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Clear a simulated city day end to end and show it in the finance web.
    Demo(demo::Args),
    /// Clear recorded journeys and compare with what was charged.
    Replay {
        #[command(subcommand)]
        source: replay::Source,
    },
    /// Run the gateway, the finance web and a clearing worker.
    Serve(serve::Args),
    /// Run a clearing worker alone.
    Clear(serve::ClearArgs),
    /// List the event logs and how far each is read.
    Streams,
    /// Retire an event log nothing can come from any more: it holds no day open.
    Retire(pipeline::RetireArgs),
    /// List what is missing from the devices' journals; exits with 1 when something is.
    Missing(pipeline::MissingArgs),
    /// Take back announced top-ups that the bank never confirmed, and end passes whose time is over.
    Expire(jobs::ExpireArgs),
    /// Close an accounting day: its marker goes through every partition.
    Close(jobs::CloseArgs),
    /// Import a bank file, and say what it explained.
    Import(jobs::ImportArgs),
    /// Rebuild the books from the log and compare them with what is stored, row by row.
    Verify(verify::VerifyArgs),
    /// Let go of what has outlived its time, and write down what left. To be run once a day.
    Retention(retention::RetentionArgs),
    /// Print the chain heads of closed days, to be kept elsewhere.
    Heads,
    /// Say which versions of the fare policy are in force, and let another take effect: proposed by one person, approved by
    /// another.
    Policy {
        #[command(subcommand)]
        what: policy::What,
    },
    /// Book by hand what no tap and no statement books: proposed by one person, approved by another.
    Adjust {
        #[command(subcommand)]
        what: adjust::What,
    },
    /// Let somebody sign in to the finance web.
    Person(serve::PersonArgs),
    /// Check, score, explain and compare fare policies.
    Fares {
        #[command(subcommand)]
        what: fares::What,
    },
    /// Measure.
    Bench {
        #[command(subcommand)]
        what: bench::What,
    },
}

/// How a command ended, when it did not fail.
enum Ending {
    /// As it should.
    Done,
    /// It ran, and found differences.
    Differences,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_env("FAREHOUSE_LOG").unwrap_or_else(|_| {
        tracing_subscriber::EnvFilter::new("warn,sqlx=error,librdkafka=error,farehouse=info,engine=info")
    });
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fault(&error.into()),
    };
    match runtime.block_on(run(cli.command)) {
        Ok(Ending::Done) => ExitCode::SUCCESS,
        Ok(Ending::Differences) => ExitCode::from(1),
        Err(error) => fault(&error),
    }
}

async fn run(command: Command) -> anyhow::Result<Ending> {
    match command {
        Command::Demo(args) => demo::run(args).await,
        Command::Replay { source } => replay::run(source).await,
        Command::Serve(args) => serve::run(args).await,
        Command::Clear(args) => serve::clear(args).await,
        Command::Streams => pipeline::streams().await,
        Command::Retire(args) => pipeline::retire(args).await,
        Command::Missing(args) => pipeline::missing(args).await,
        Command::Expire(args) => jobs::expire(args).await,
        Command::Close(args) => jobs::close(args).await,
        Command::Import(args) => jobs::import(args).await,
        Command::Policy { what } => policy::run(what).await,
        Command::Adjust { what } => adjust::run(what).await,
        Command::Verify(args) => verify::verify(args).await,
        Command::Retention(args) => retention::run(args).await,
        Command::Heads => verify::heads().await,
        Command::Person(args) => serve::person(args).await,
        Command::Fares { what } => fares::run(what).await,
        Command::Bench { what } => bench::run(what).await,
    }
}

fn fault(error: &anyhow::Error) -> ExitCode {
    eprintln!("farehouse: {error:#}");
    ExitCode::from(70)
}
