//! Bytes to values and back at the event border: signed envelopes, taps, batches, records; and the log's port.
//!
//! # Job
//! Take what a device sent and hand on a valid [`primitives::Tap`], or one refusal with one code; write and read the
//! records of the event log and the messages and answers of the house; say what an event log must be able to do.
//!
//! # Shape
//! On the way in: [`split_batch`] → [`Envelope::decode`] → [`DeviceKey::verify`] → [`Envelope::tap`] →
//! [`encode_record`] → [`EventLog::append`]; later [`decode_record`]. On the way out: [`encode_told`] →
//! [`EventLog::publish`], and [`Acknowledgement`] and [`DenyDelta`] for the devices. The schemas are `schemas/farehouse/v1/*.proto`
//! and `schemas/tap.schema.json`. prost writes protobuf; a strict reader of our own reads it.
//!
//! # Invariants
//! W-1 what is signed and hashed is the exact bytes that came, never a new encoding of them.
//! W-2 bytes have at most one meaning: an unknown or repeated field, a stray byte, another type is `DECODE`.
//! W-3 one constructor makes taps for both formats, so both refuse the same values.
//! W-4 every version of a record ever written still loads (`fixtures/wire`), so a rule of form may be loosened, never
//! tightened.
//! W-5 no bytes make a reader panic, recurse, or allocate more than a small multiple of their length.
//!
//! # Limits
//! All in [`limits`]; sizes are looked at before anything is decoded.
//!
//! # Not here
//! Whether a device, a key version or a medium is known, whether a time is too late, what a tap costs. No I/O: the
//! log is only a trait.
#![deny(clippy::unwrap_used, clippy::float_arithmetic, clippy::arithmetic_side_effects)]

mod answer;
mod batch;
mod command;
mod envelope;
mod json;
mod key;
pub mod limits;
mod log;
mod partition;
mod proto;
mod reader;
mod record;
mod tap;
mod told;

pub use answer::{Acknowledgement, DenyDelta};
pub use batch::{join_batch, split_batch, split_batch_json};
pub use envelope::{BodyFormat, Envelope};
pub use json::{encode_tap_json, encode_tap_json_clocked};
pub use key::{DeviceKey, HouseKey, MasterKey};
pub use log::{Event, EventLog, LogEntry, LogError, LogIdentity, LogReader};
pub use partition::partition_of;
pub use record::{decode_record, encode_record};
pub use tap::{DeviceClock, encode_tap, encode_tap_clocked, parse_tap, peek_tap_id};
pub use told::{
    Answered, Denial, JournalNews, LegReceipt, LegShape, News, Place, TOLD_ENTRIES_MAX, decode_told,
    encode_told,
};

#[cfg(test)]
mod tests;
