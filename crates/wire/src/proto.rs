//! The messages of `schemas/farehouse/v1`, as the build made them. Only this crate sees them.
#![allow(missing_docs, clippy::all)]

include!(concat!(env!("OUT_DIR"), "/farehouse.v1.rs"));
