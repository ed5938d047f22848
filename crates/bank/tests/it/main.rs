//! The bank border from outside: whole files, their mutants, every limit, and the properties of the reference code.
#![allow(clippy::unwrap_used)]

mod details;
mod file;
mod limits;
mod mutants;
mod reference;
mod statements;
mod xml;
