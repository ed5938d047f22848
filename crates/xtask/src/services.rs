//! A command beside private servers, which start before it and stop after it.

use crate::kafka::{self, Kafka};
use crate::packages;
use crate::postgres::{self, Postgres};
use crate::scratch::Scratch;
use crate::{process, progress};
use anyhow::Result;
use std::process::Command;
use std::time::Instant;

/// The servers of one run. Fields drop in this order: the servers stop before their folder goes.
pub struct Services {
    postgres: Postgres,
    kafka: Option<Kafka>,
    _scratch: Scratch,
}

impl Services {
    /// Installs what the servers take, if it is missing.
    pub fn install(with_kafka: bool) -> Result<()> {
        if with_kafka {
            packages::install(&[packages::POSTGRES, packages::KAFKA])
        } else {
            packages::install(&[packages::POSTGRES])
        }
    }

    /// Starts PostgreSQL, and Kafka when asked for.
    pub fn start(with_kafka: bool) -> Result<Services> {
        let scratch = Scratch::create()?;
        let began = Instant::now();
        let postgres = postgres::start(&scratch)?;
        progress(format!(
            "PostgreSQL answers on {} ({:.1} s)",
            without_password(&postgres.url),
            began.elapsed().as_secs_f32()
        ));
        let kafka = if with_kafka {
            let began = Instant::now();
            let kafka = kafka::start(&scratch)?;
            progress(format!("Kafka answers on {} ({:.1} s)", kafka.address, began.elapsed().as_secs_f32()));
            Some(kafka)
        } else {
            None
        };
        Ok(Services { postgres, kafka, _scratch: scratch })
    }

    /// Makes PostgreSQL like one that has worked for a day, for who measures.
    pub fn break_in(&self) -> Result<()> {
        self.postgres.break_in()
    }

    /// Hands the servers' addresses to a command.
    pub fn address(&self, command: &mut Command) {
        command.env("FAREHOUSE_DATABASE_URL", &self.postgres.url);
        match &self.kafka {
            Some(kafka) => command.env("FAREHOUSE_KAFKA", &kafka.address),
            // An address from outside would lead the command to a broker that is not ours.
            None => command.env_remove("FAREHOUSE_KAFKA"),
        };
    }

    /// Runs a command to its end beside the servers; its exit code. A server that died meanwhile is told.
    pub fn run(&mut self, mut command: Command) -> Result<u8> {
        self.address(&mut command);
        let code = process::exit_code(process::run(command)?);
        self.still_running()?;
        Ok(code)
    }

    /// Fails when a server ended by itself.
    pub fn still_running(&mut self) -> Result<()> {
        self.postgres.server.still_running()?;
        if let Some(kafka) = &mut self.kafka {
            kafka.server.still_running()?;
        }
        Ok(())
    }
}

fn without_password(url: &str) -> String {
    url.split_once('@').map_or_else(String::new, |(_, place)| place.to_owned())
}
