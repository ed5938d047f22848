//! The use cases on a real PostgreSQL, with the embedded log. `cargo xtask test` starts the server.
#![allow(clippy::unwrap_used)]

mod access;
mod adjust;
mod camt;
#[path = "../../../../tests/support/database.rs"]
mod database;
mod day;
mod files;
mod house;
mod matches;
#[allow(dead_code)]
#[path = "../../../../tests/support/minitown.rs"]
mod minitown;
mod proof;
mod registry;
mod retention;
mod settle;
mod verify;
