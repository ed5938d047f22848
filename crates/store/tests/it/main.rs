//! Tests of the PostgreSQL adapter, on a real server. `cargo xtask test` starts one.
#![allow(clippy::unwrap_used)]

#[path = "../../../../tests/support/database.rs"]
mod database;
mod lease_model;
mod log;
#[path = "../../../../tests/support/log_contract.rs"]
mod log_contract;
mod migrate;
mod months;
mod pool;
