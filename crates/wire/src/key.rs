//! Keys: one master key, from it one key per device and version, and the MAC over the exact bytes of a body.

use crate::envelope::{BodyFormat, Envelope};
use crate::limits::MAC_BYTES;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use primitives::{Canonical, Code, DeviceId, Refusal};
use sha2::Sha256;
use std::fmt;
use zeroize::Zeroizing;

/// What a device's own key is for. Another purpose gets another label, so no key ever serves two.
const LABEL: &str = "farehouse/tap-mac/v1";

/// What the house's answers are signed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Which taps a device may forget.
    Acknowledgement,
    /// Whose media it must deny.
    DenyList,
}

impl Purpose {
    const fn label(self) -> &'static str {
        match self {
            Purpose::Acknowledgement => "farehouse/acknowledgement-mac/v1",
            Purpose::DenyList => "farehouse/deny-list-mac/v1",
        }
    }
}

/// The key all device keys come from. Prints a mask, and is wiped from memory when dropped.
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// The master key with these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        MasterKey(Zeroizing::new(bytes))
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(•••)")
    }
}

/// The key of one device and key version, ready to sign: the two hash states of HMAC are computed once, here, so
/// whoever verifies many taps keeps it. Prints a mask, and is wiped from memory when dropped.
#[derive(Clone)]
pub struct DeviceKey(Hmac<Sha256>);

impl DeviceKey {
    /// HKDF-SHA256 (RFC 5869) of the master key, salted with the environment's name, so that a key of the test
    /// bench signs nothing in the city.
    pub fn derive(master: &MasterKey, environment: &str, device: DeviceId, key_version: u32) -> Self {
        DeviceKey(derive(LABEL, master, environment, device, key_version))
    }

    /// The MAC over a body.
    pub fn sign(&self, format: BodyFormat, body: &[u8]) -> [u8; MAC_BYTES] {
        self.over(format, body).finalize().into_bytes().into()
    }

    /// Compares in constant time; a MAC that is wrong, missing, short or long is `MAC_BAD`.
    pub fn verify(&self, envelope: &Envelope) -> Result<(), Refusal> {
        self.over(envelope.format, &envelope.body)
            .verify_slice(&envelope.mac)
            .map_err(|_| Refusal::new(Code::MacBad, "the MAC does not fit the body and the device's key"))
    }

    fn over(&self, format: BodyFormat, body: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(format.tag());
        mac.update(&(body.len() as u64).to_be_bytes());
        mac.update(body);
        mac
    }
}

impl fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceKey(•••)")
    }
}

/// The keys the house signs its answers to one device with, one a purpose. The device has them from the same place as its
/// own key, and can sign nothing as itself with them. Prints a mask, and is wiped from memory when dropped.
#[derive(Clone)]
pub struct HouseKey {
    acknowledgement: Hmac<Sha256>,
    deny_list: Hmac<Sha256>,
}

impl HouseKey {
    /// Derived as a device's key is, each under the label of its purpose.
    pub fn derive(master: &MasterKey, environment: &str, device: DeviceId, key_version: u32) -> Self {
        let key = |purpose: Purpose| derive(purpose.label(), master, environment, device, key_version);
        HouseKey { acknowledgement: key(Purpose::Acknowledgement), deny_list: key(Purpose::DenyList) }
    }

    pub(crate) fn sign(&self, purpose: Purpose, content: &Canonical) -> [u8; MAC_BYTES] {
        self.over(purpose, content).finalize().into_bytes().into()
    }

    /// Compares in constant time; a MAC that is wrong, missing, short or long is `MAC_BAD`.
    pub(crate) fn verify(&self, purpose: Purpose, content: &Canonical, mac: &[u8]) -> Result<(), Refusal> {
        self.over(purpose, content)
            .verify_slice(mac)
            .map_err(|_| Refusal::new(Code::MacBad, "the MAC does not fit the answer and the house's key"))
    }

    fn over(&self, purpose: Purpose, content: &Canonical) -> Hmac<Sha256> {
        let mut mac = match purpose {
            Purpose::Acknowledgement => self.acknowledgement.clone(),
            Purpose::DenyList => self.deny_list.clone(),
        };
        mac.update(content.as_bytes());
        mac
    }
}

impl fmt::Debug for HouseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HouseKey(•••)")
    }
}

/// HKDF-SHA256 of the master key, for one purpose, device and key version.
fn derive(
    label: &str,
    master: &MasterKey,
    environment: &str,
    device: DeviceId,
    key_version: u32,
) -> Hmac<Sha256> {
    let mut info = Canonical::default();
    info.text(label).bytes(&device.number().to_be_bytes()).bytes(&key_version.to_be_bytes());
    let (root, _) = Hkdf::<Sha256>::extract(Some(environment.as_bytes()), master.0.as_slice());
    // The output is one hash long, so RFC 5869's expansion is its first block: HMAC(root, info ‖ 1).
    let mut expand = keyed(&Zeroizing::new(root.into()));
    expand.update(info.as_bytes());
    expand.update(&[1]);
    keyed(&Zeroizing::new(expand.finalize().into_bytes().into()))
}

/// HMAC under a key of one hash. HMAC fills a short key up to its block of 64 bytes with zeros; doing so here makes
/// the length a fact of the type, and nothing can fail.
fn keyed(key: &Zeroizing<[u8; 32]>) -> Hmac<Sha256> {
    let mut block = Zeroizing::new([0_u8; 64]);
    for (place, byte) in block.iter_mut().zip(key.iter()) {
        *place = *byte;
    }
    Hmac::new((&*block).into())
}
