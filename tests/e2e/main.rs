//! The whole system through its own doors, on real servers. Each test fails, never skips, when a server is missing.

#[path = "../support/database.rs"]
mod database;
#[path = "../support/minitown.rs"]
mod minitown;

mod author;
mod bad_inputs;
mod falling_prices;
mod house;
mod memory;
mod passes;
mod pipeline;
mod policy;
mod program;
mod protocol;
mod relay;
mod retention;
mod stopping;
mod verified;
