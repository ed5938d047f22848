//! One upload of many envelopes, taken apart without looking into any: one that is bad must not stop the others.

use crate::json::refusal;
use crate::limits::{BATCH_BYTES_MAX, BATCH_TAPS_MAX};
use crate::proto;
use crate::reader::{Reader, decode, unknown};
use primitives::{Code, Refusal};
use prost::Message;
use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// The raw bytes of each envelope of a protobuf `TapBatch`. An empty upload is `DECODE`, one over a limit of size or
/// count `TOO_LARGE`. The size of a single envelope is judged by [`crate::Envelope::decode`].
pub fn split_batch(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Refusal> {
    check_size(bytes)?;
    let mut envelopes = Vec::new();
    let mut reader = Reader::new(bytes);
    while let Some(field) = reader.any()? {
        if field.number != 1 {
            return Err(unknown());
        }
        let envelope = field.bytes()?;
        if envelopes.len() == BATCH_TAPS_MAX {
            return Err(too_many());
        }
        envelopes.push(envelope.to_vec());
    }
    not_empty(envelopes)
}

/// The raw JSON text of each envelope of `{"taps":[…]}`, under the same rules.
pub fn split_batch_json(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Refusal> {
    check_size(bytes)?;
    let batch: BatchJson = serde_json::from_slice(bytes).map_err(refusal)?;
    match batch.taps {
        Taps::Some(envelopes) => not_empty(envelopes),
        Taps::TooMany => Err(too_many()),
    }
}

/// A protobuf `TapBatch` of these envelopes. The sender keeps the limits.
pub fn join_batch(envelopes: &[Vec<u8>]) -> Vec<u8> {
    proto::TapBatch { envelope: envelopes.to_vec() }.encode_to_vec()
}

fn check_size(bytes: &[u8]) -> Result<(), Refusal> {
    if bytes.len() > BATCH_BYTES_MAX {
        return Err(Refusal::new(Code::TooLarge, format!("an upload of {} bytes", bytes.len())));
    }
    Ok(())
}

fn too_many() -> Refusal {
    Refusal::new(Code::TooLarge, format!("an upload of more than {BATCH_TAPS_MAX} taps"))
}

fn not_empty(envelopes: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, Refusal> {
    if envelopes.is_empty() { Err(decode("an upload without a tap")) } else { Ok(envelopes) }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BatchJson {
    taps: Taps,
}

/// The elements as raw text, or only that they are too many: memory is bounded by the count, not by the sender.
enum Taps {
    Some(Vec<Vec<u8>>),
    TooMany,
}

impl<'de> Deserialize<'de> for Taps {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_seq(TapsVisitor)
    }
}

struct TapsVisitor;

impl<'de> Visitor<'de> for TapsVisitor {
    type Value = Taps;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of envelopes")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Taps, A::Error> {
        let mut envelopes = Vec::new();
        while let Some(raw) = elements.next_element::<&RawValue>()? {
            if envelopes.len() > BATCH_TAPS_MAX {
                continue;
            }
            if !raw.get().starts_with('{') {
                return Err(A::Error::custom("an envelope is an object"));
            }
            envelopes.push(raw.get().as_bytes().to_vec());
        }
        Ok(if envelopes.len() > BATCH_TAPS_MAX { Taps::TooMany } else { Taps::Some(envelopes) })
    }
}
