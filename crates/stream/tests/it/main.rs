//! Tests of the Kafka adapter, on a real Apache Kafka. `cargo xtask test` starts one.
#![allow(clippy::unwrap_used)]

mod kafka;
#[path = "../../../../tests/support/log_contract.rs"]
mod log_contract;
