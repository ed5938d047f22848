//! What goes wrong on the way: envelopes that come twice, and envelopes that should never have been made.

use crate::SimError;
use crate::machines::{DeviceSpec, Keys, Machine, Post, Truth, id, to_send};
use crate::random::Random;
use crate::uploads::{Batch, Item};
use primitives::{
    Code, Currency, DeviceId, EventTime, JournalId, Minor, Money, Sequence, Tap, TapId, TapKind,
};
use wire::{BodyFormat, Envelope};

const MINUTE: i64 = 60_000;
/// Taps for one duplicate.
const TAPS_PER_DUPLICATE: usize = 150;
/// Device ids of strangers start so far above the city's own.
const STRANGER_DEVICE: u64 = 900_000_000;

/// Spoils a day's uploads.
pub(crate) struct Forger<'a> {
    pub(crate) machines: &'a [Machine],
    pub(crate) keys: &'a Keys,
    pub(crate) currency: Currency,
    /// No upload may arrive after this moment.
    pub(crate) day_end: i64,
    pub(crate) chance: Random,
    /// A journal for each forged tap, so that it never takes the number of a true one.
    pub(crate) journals: Random,
}

impl<'a> Forger<'a> {
    /// Adds every kind of fault, `each` times.
    pub(crate) fn spoil(&mut self, batches: &mut Vec<Batch>, each: usize) -> Result<(), SimError> {
        let good: Vec<(usize, usize)> = batches
            .iter()
            .enumerate()
            .flat_map(|(at, batch)| (0..batch.items.len()).map(move |item| (at, item)))
            .filter(|(at, item)| batches[*at].items[*item].truth == Truth::Posted)
            .collect();
        let boardings: Vec<(usize, usize)> = good
            .iter()
            .copied()
            .filter(|(at, item)| {
                let tap = batches[*at].items[*item].tap.as_ref();
                tap.is_some_and(|tap| matches!(tap.kind, TapKind::Boarding { .. }))
            })
            .collect();
        self.conflicts(batches, &boardings, each)?;
        for _ in 0..each {
            self.wrong_mac(batches, &boardings)?;
            self.unknown_device(batches, &boardings)?;
            self.other_device(batches, &boardings)?;
            self.malformed(batches)?;
            self.amounts(batches, &good)?;
        }
        self.duplicates(batches, &good, (good.len() / TAPS_PER_DUPLICATE).max(each));
        Ok(())
    }

    /// The same envelope again, in its own upload or in a later one. Only adds at the end of what is there, so that
    /// positions stay valid.
    fn duplicates(&mut self, batches: &mut Vec<Batch>, good: &[(usize, usize)], count: usize) {
        for nth in 0..count {
            let Some((at, item)) = self.chance.pick(good).copied() else { return };
            let again = Item { truth: Truth::Duplicate, ..batches[at].items[item].clone() };
            if nth % 2 == 0 {
                batches[at].items.push(again);
            } else {
                let later = self.later(batches[at].at);
                batches.push(Batch { at: later, items: vec![again], ..batches[at].clone() });
            }
        }
    }

    /// A true device signs another body under a number it used before.
    fn conflicts(
        &mut self,
        batches: &mut Vec<Batch>,
        boardings: &[(usize, usize)],
        each: usize,
    ) -> Result<(), SimError> {
        let mut used = std::collections::BTreeSet::new();
        for _ in 0..each {
            let Some((at, item)) = self.chance.pick(boardings).copied() else { return Ok(()) };
            let Some((machine, mut tap)) = self.true_tap(batches, at, item) else { continue };
            if !used.insert(tap.id) {
                continue;
            }
            tap.at = EventTime::from_unix_ms(tap.at.unix_ms() - 1_000).unwrap_or(tap.at);
            let bytes = self.keys.seal(&machine.spec, machine.format, &tap)?;
            let items = vec![bad(bytes, Code::TapConflict)];
            batches.push(Batch { at: self.later(batches[at].at), items, ..batches[at].clone() });
        }
        Ok(())
    }

    fn wrong_mac(&mut self, batches: &mut [Batch], boardings: &[(usize, usize)]) -> Result<(), SimError> {
        let Some((at, machine, tap)) = self.forged(batches, boardings)? else { return Ok(()) };
        let sealed = self.keys.seal(&machine.spec, machine.format, &tap)?;
        let mut envelope = match machine.format {
            BodyFormat::Proto => Envelope::decode(&sealed)?,
            BodyFormat::Json => Envelope::decode_json(&sealed)?,
        };
        if let Some(byte) = envelope.mac.last_mut() {
            *byte ^= 1;
        }
        batches[at].items.push(bad(to_send(&envelope)?, Code::MacBad));
        Ok(())
    }

    fn unknown_device(
        &mut self,
        batches: &mut Vec<Batch>,
        boardings: &[(usize, usize)],
    ) -> Result<(), SimError> {
        let Some((at, machine, mut tap)) = self.forged(batches, boardings)? else { return Ok(()) };
        let number = STRANGER_DEVICE + self.chance.below(1_000_000);
        let spec = DeviceSpec { id: id(DeviceId::new(number))?, ..machine.spec.clone() };
        tap.id.device = spec.id;
        let items = vec![bad(self.keys.seal(&spec, BodyFormat::Proto, &tap)?, Code::DeviceUnknown)];
        batches.push(Batch { at: batches[at].at, machine: None, format: BodyFormat::Proto, items });
        Ok(())
    }

    fn other_device(&mut self, batches: &mut [Batch], boardings: &[(usize, usize)]) -> Result<(), SimError> {
        let Some((at, machine, mut tap)) = self.forged(batches, boardings)? else { return Ok(()) };
        let others: Vec<&Machine> =
            self.machines.iter().filter(|other| other.spec.id != machine.spec.id).collect();
        let Some(other) = self.chance.pick(&others) else { return Ok(()) };
        tap.id.device = other.spec.id;
        let bytes = self.keys.seal(&machine.spec, machine.format, &tap)?;
        batches[at].items.push(bad(bytes, Code::DeviceMismatch));
        Ok(())
    }

    /// Bytes that are no envelope, and an envelope under a good signature whose body is no tap.
    fn malformed(&mut self, batches: &mut [Batch]) -> Result<(), SimError> {
        let at = self.chance.index(batches.len());
        let Some(batch) = batches.get_mut(at) else { return Ok(()) };
        let nonsense = match batch.format {
            BodyFormat::Proto => vec![0xff; 24],
            BodyFormat::Json => b"{\"tap\":\"none\"}".to_vec(),
        };
        batch.items.push(bad(nonsense, Code::Decode));
        if let Some(machine) = batch.machine.and_then(|machine| self.machines.get(machine)) {
            let body = match batch.format {
                BodyFormat::Proto => vec![0x0f; 40],
                BodyFormat::Json => b"{\"sequence\":NaN}".to_vec(),
            };
            batch.items.push(bad(self.keys.seal_body(&machine.spec, batch.format, body)?, Code::Decode));
        }
        Ok(())
    }

    /// A bill of nothing and a top-up of less than nothing, each under the signature of a device that may send such.
    fn amounts(&mut self, batches: &mut [Batch], good: &[(usize, usize)]) -> Result<(), SimError> {
        let text = |text: &str| crate::city::text(text);
        let of_payers: Vec<(usize, usize)> = good
            .iter()
            .copied()
            .filter(|(at, _)| {
                let machine = batches[*at].machine.and_then(|machine| self.machines.get(machine));
                machine.is_some_and(|machine| !matches!(machine.post, Post::Bus { .. } | Post::Gate { .. }))
            })
            .collect();
        for amount in [0, -50_000] {
            let Some((at, machine, mut tap)) = self.forged(batches, &of_payers)? else { return Ok(()) };
            let none = Money::new(Minor::new(amount), self.currency);
            tap.kind = match tap.kind {
                TapKind::SchoolPayment { school, .. } => {
                    TapKind::SchoolPayment { school, bill: text("no-bill")?, price: none }
                }
                TapKind::TopUp { channel, .. } => {
                    TapKind::TopUp { channel, reference: text("no-reference")?, value: none }
                }
                _ => return Ok(()),
            };
            let bytes = self.keys.seal(&machine.spec, machine.format, &tap)?;
            batches[at].items.push(bad(bytes, Code::AmountRange));
        }
        Ok(())
    }

    /// A true tap with the machine that made it.
    fn true_tap(&self, batches: &[Batch], at: usize, item: usize) -> Option<(&'a Machine, Tap)> {
        let batch = batches.get(at)?;
        Some((self.machines.get(batch.machine?)?, batch.items.get(item)?.tap.clone()?))
    }

    /// A tap that looks like one of these but has an identity of its own, and the upload it may hide in.
    fn forged(
        &mut self,
        batches: &[Batch],
        like: &[(usize, usize)],
    ) -> Result<Option<(usize, &'a Machine, Tap)>, SimError> {
        let Some((at, item)) = self.chance.pick(like).copied() else { return Ok(None) };
        let journal = id(JournalId::new(self.journals.bits() >> 1))?;
        let Some((machine, mut tap)) = self.true_tap(batches, at, item) else { return Ok(None) };
        tap.id = TapId { device: machine.spec.id, journal, sequence: id(Sequence::new(1))? };
        Ok(Some((at, machine, tap)))
    }

    fn later(&mut self, at: i64) -> i64 {
        (at + self.chance.between(20 * MINUTE, 90 * MINUTE)).min(self.day_end.max(at) - 1).max(at + 1)
    }
}

fn bad(bytes: Vec<u8>, code: Code) -> Item {
    Item { bytes, truth: Truth::Quarantined(code), tap: None }
}
