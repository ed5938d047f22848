//! The web through its own doors: real requests against a real database, an embedded log and a worker.

#[path = "../../../../tests/support/database.rs"]
mod database;
#[path = "../../../../tests/support/minitown.rs"]
mod minitown;

mod access;
mod commands;
mod gateway;
mod house;
mod openapi;
mod pages;
mod signing_in;
