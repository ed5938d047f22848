//! `cargo xtask`: everything a person or CI types.
//!
//! # Job
//! From nothing but Debian or Ubuntu, Rust, git and root (or sudo): install what is missing, start private servers, run
//! one command against them, stop them again.
//!
//! # Shape
//! [`run`] is the command line, `commands` what each subcommand does · `services` runs a command beside [`postgres`] and
//! [`kafka`], which `tests/chaos` starts, kills and starts again by itself · `packages` installs · [`process`] starts and
//! ends processes, and hears Ctrl-C · [`scratch`] holds the private folder · `tally` counts the tests that ran.
//!
//! # Invariants
//! X-1 what was started is stopped, also after Ctrl-C, SIGTERM, a failure, and the death of this program; X-2 servers
//! listen on 127.0.0.1 alone; X-3 a skipped test is a failure.
//!
//! # Limits
//! One machine, Debian or Ubuntu for the installing; anywhere else the programs must be there already.
//!
//! # Not here
//! Nothing of the house itself: this crate imports none of the others, so that it builds in seconds.

mod commands;
mod huge_pages;
pub mod kafka;
mod packages;
pub mod postgres;
pub mod process;
pub mod scratch;
mod services;
mod tally;

use std::process::ExitCode;

/// What `cargo xtask` does with its command line.
pub fn run() -> ExitCode {
    // Before any child: from here on a signal takes the ordinary way out instead of leaving servers behind.
    let outcome = process::hear_signals().and_then(|()| commands::run(std::env::args().skip(1).collect()));
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::from(process::failure_code())
        }
    }
}

/// One line that says how far we are; standard error, so that the output of the command itself stays clean.
pub(crate) fn progress(line: impl std::fmt::Display) {
    eprintln!("xtask: {line}");
}
