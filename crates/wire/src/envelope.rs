//! The signed envelope, in protobuf and in JSON.

use crate::limits::ENVELOPE_BYTES_MAX;
use crate::reader::{Reader, decode, unknown};
use crate::{json, proto, tap};
use primitives::{Code, DeviceId, Digest, Refusal, Tap};
use prost::Message;
use std::fmt;

/// How the bytes of a body are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BodyFormat {
    /// A `TapBody` of `schemas/farehouse/v1/tap.proto`.
    Proto,
    /// The JSON twin, `schemas/tap.schema.json`.
    Json,
}

impl BodyFormat {
    /// What stands in front of the body under the MAC, so that bytes signed as one format verify as no other.
    pub(crate) const fn tag(self) -> &'static [u8; 4] {
        match self {
            BodyFormat::Proto => b"TAP1",
            BodyFormat::Json => b"TAPJ",
        }
    }
}

/// The exact bytes of a body, and the proof of who wrote them. Its `Debug` shows lengths, not what is inside.
#[derive(Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The device whose key signed.
    pub device: DeviceId,
    /// Which of the device's keys signed.
    pub key_version: u32,
    /// How the body is to be read.
    pub format: BodyFormat,
    /// The bytes that were signed.
    pub body: Vec<u8>,
    /// The MAC as it came; only [`crate::DeviceKey::verify`] judges it, its length included.
    pub mac: Vec<u8>,
}

impl Envelope {
    /// The protobuf form, which is also the form the log keeps.
    pub fn encode(&self) -> Vec<u8> {
        let format = match self.format {
            BodyFormat::Proto => proto::BodyFormat::Protobuf,
            BodyFormat::Json => proto::BodyFormat::Json,
        };
        let message = proto::TapEnvelope {
            device_id: self.device.number(),
            key_version: self.key_version,
            format: format.into(),
            body: self.body.clone(),
            mac: self.mac.clone(),
        };
        message.encode_to_vec()
    }

    /// Reads the protobuf form. The body is not looked into: who wrote it is to be proven first.
    pub fn decode(bytes: &[u8]) -> Result<Envelope, Refusal> {
        let view = View::read(bytes)?;
        Ok(Envelope {
            device: view.device,
            key_version: view.key_version,
            format: view.format,
            body: view.body.to_vec(),
            mac: view.mac.to_vec(),
        })
    }

    /// Reads the JSON form. The body is the text inside its string, without the escapes.
    pub fn decode_json(bytes: &[u8]) -> Result<Envelope, Refusal> {
        check_size(bytes)?;
        json::read_envelope(bytes)
    }

    /// The JSON form; refused for a body that is not JSON text, because JSON cannot carry other bytes exactly.
    pub fn encode_json(&self) -> Result<String, Refusal> {
        json::write_envelope(self)
    }

    /// The digest of the exact body bytes: what makes two taps of one identity the same or a conflict.
    pub fn body_digest(&self) -> Digest {
        Digest::of(&self.body)
    }

    /// The tap inside, once the MAC is verified: [`crate::parse_tap`], and `DEVICE_MISMATCH` when the body names
    /// another device than the envelope.
    pub fn tap(&self) -> Result<Tap, Refusal> {
        let view = View {
            device: self.device,
            key_version: self.key_version,
            format: self.format,
            body: &self.body,
            mac: &self.mac,
        };
        view.tap()
    }
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope")
            .field("device", &self.device)
            .field("key_version", &self.key_version)
            .field("format", &self.format)
            .field("body_bytes", &self.body.len())
            .field("mac_bytes", &self.mac.len())
            .finish()
    }
}

/// An envelope that borrows from the bytes it was read from.
pub(crate) struct View<'a> {
    device: DeviceId,
    key_version: u32,
    format: BodyFormat,
    pub(crate) body: &'a [u8],
    mac: &'a [u8],
}

impl<'a> View<'a> {
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, Refusal> {
        check_size(bytes)?;
        let (mut device, mut key_version, mut format) = (0, 0, 0);
        let (mut body, mut mac): (&[u8], &[u8]) = (&[], &[]);
        let mut reader = Reader::new(bytes);
        while let Some(field) = reader.once()? {
            match field.number {
                1 => device = field.u64()?,
                2 => key_version = field.u32()?,
                3 => format = field.u32()?,
                4 => body = field.bytes()?,
                5 => mac = field.bytes()?,
                _ => return Err(unknown()),
            }
        }
        let format = match format {
            1 => BodyFormat::Proto,
            2 => BodyFormat::Json,
            _ => return Err(decode("the envelope names no known body format")),
        };
        if body.is_empty() {
            return Err(decode("the envelope has no body"));
        }
        let device = DeviceId::new(device).ok_or_else(|| decode("a device id of more than 63 bits"))?;
        Ok(View { device, key_version, format, body, mac })
    }

    pub(crate) fn tap(&self) -> Result<Tap, Refusal> {
        let tap = tap::parse_tap(self.format, self.body)?;
        if tap.id.device != self.device {
            return Err(Refusal::new(
                Code::DeviceMismatch,
                "the body names another device than its envelope",
            ));
        }
        Ok(tap)
    }
}

fn check_size(bytes: &[u8]) -> Result<(), Refusal> {
    if bytes.len() > ENVELOPE_BYTES_MAX {
        return Err(Refusal::new(Code::TooLarge, format!("an envelope of {} bytes", bytes.len())));
    }
    Ok(())
}
