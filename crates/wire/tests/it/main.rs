//! The event border from outside: properties, hostile bytes, limits, schemas, old bytes.
#![allow(clippy::unwrap_used)]

mod golden;
mod hostile;
mod limits;
mod refusals;
mod round_trip;
mod samples;
mod schema;
mod strategy;
mod told;
