//! `decide`: a batch of log records in, everything to save out. Pure, synchronous, record by record in log order, so
//! that neither clocks nor batch borders can be told from the result.

use crate::outcome::{Charge, Counts, DayHead, Decision, Placed, Quarantined, TapOutcome, TapRow};
use crate::state::AccountState;
use crate::{payment, ride};
use fares::{Policies, Policy};
use ledger::{Posting, chain};
use primitives::{
    AcceptedTap, AccountId, Code, Digest, Minor, MoneyError, PartyNo, PostingDate, Record, Refusal, TapId,
    TapKind, Text,
};
use std::collections::{BTreeMap, BTreeSet};

/// What was loaded for a batch.
#[derive(Debug)]
pub struct Batch<'a> {
    /// Policies in force.
    pub policies: &'a Policies,
    /// The partition's open accounting day.
    pub posting_date: PostingDate,
    /// The partition's chain head.
    pub chain_head: Digest,
    /// Body digests of those taps of the batch that took effect in earlier batches.
    pub seen: BTreeMap<TapId, Digest>,
    /// States of all accounts the batch names; an account that is not here is new.
    pub accounts: BTreeMap<AccountId, AccountState>,
    /// The records by offset, or why their bytes could not be read.
    pub records: &'a [(u64, Result<Record, Refusal>)],
}

/// What judging one tap came to, before it is written into the decision.
pub(crate) struct Effect {
    pub row: RowParts,
    pub outcome: TapOutcome,
    pub charges: Vec<Charge>,
    pub postings: Vec<Posting>,
    pub expected: Option<(Text, Minor, PartyNo)>,
}

/// The columns of a tap row that depend on its kind.
#[derive(Default)]
pub(crate) struct RowParts {
    pub route: Option<Text>,
    pub stop: Option<Text>,
    pub reference: Option<Text>,
    pub payee: Option<PartyNo>,
    pub amount: Option<Minor>,
}

/// The circumstances a tap is judged in.
pub(crate) struct Scene<'a> {
    pub policies: &'a Policies,
    pub policy: &'a Policy,
    pub posting_date: PostingDate,
    pub offset: u64,
}

/// Judges a batch.
pub fn decide(batch: Batch<'_>) -> Decision {
    let Batch { policies, posting_date, chain_head, mut seen, mut accounts, records } = batch;
    let mut touched = BTreeSet::new();
    let mut decision = Decision {
        counts: Counts::default(),
        taps: Vec::with_capacity(records.len()),
        charges: Vec::with_capacity(records.len()),
        postings: Vec::with_capacity(records.len()),
        items: Vec::new(),
        quarantined: Vec::new(),
        day_heads: Vec::new(),
        accounts: BTreeMap::new(),
        posting_date,
        chain_head,
    };
    for (offset, record) in records {
        match record {
            Err(refusal) => decision.set_aside(*offset, None, refusal.clone()),
            Ok(Record::Day(marker)) => {
                // A marker that is not about the open day has been obeyed before (it was appended twice).
                if marker.closing == decision.posting_date && marker.opening > marker.closing {
                    let chain_head = decision.chain_head;
                    decision.day_heads.push(DayHead { date: marker.closing, offset: *offset, chain_head });
                    decision.posting_date = marker.opening;
                }
                decision.counts.marker = decision.counts.marker.saturating_add(1);
            }
            Ok(Record::Tap(accepted)) => {
                let tap = accepted.tap.id;
                match seen.get(&tap) {
                    Some(digest) if *digest == accepted.body_digest => {
                        decision.counts.duplicate = decision.counts.duplicate.saturating_add(1);
                    }
                    Some(_) => {
                        let refusal =
                            Refusal::new(Code::TapConflict, "the identity took effect with another body");
                        decision.set_aside(*offset, Some(tap), refusal);
                    }
                    None => {
                        let state = accounts.entry(accepted.account).or_default();
                        match judge(accepted, state, policies, decision.posting_date, *offset) {
                            Ok(effect) => {
                                seen.insert(tap, accepted.body_digest);
                                touched.insert(accepted.account);
                                decision.take(accepted, policies, effect, *offset);
                            }
                            Err(refusal) => decision.set_aside(*offset, Some(tap), refusal),
                        }
                    }
                }
            }
        }
    }
    accounts.retain(|account, _| touched.contains(account));
    decision.accounts = accounts;
    decision
}

fn judge(
    accepted: &AcceptedTap,
    state: &mut AccountState,
    policies: &Policies,
    posting_date: PostingDate,
    offset: u64,
) -> Result<Effect, Refusal> {
    let at = accepted.tap.at;
    let policy = policies.at(at).ok_or_else(|| {
        Refusal::new(Code::PolicyUnknown, format!("no policy in force at {} ms", at.unix_ms()))
    })?;
    let scene = Scene { policies, policy, posting_date, offset };
    match &accepted.tap.kind {
        TapKind::Boarding { route, stop, .. } => ride::judge(&scene, accepted, route, stop.as_ref(), state),
        TapKind::Gate { route, stop, .. } => ride::judge(&scene, accepted, route, Some(stop), state),
        TapKind::TopUp { channel, reference, value } => {
            payment::top_up(&scene, accepted, channel, reference, *value, state)
        }
        TapKind::SchoolPayment { school, bill, price } => {
            payment::school(&scene, accepted, school, bill, *price, state)
        }
    }
}

/// Arithmetic that does not fit is not a price: the record is isolated.
pub(crate) fn poison(error: MoneyError) -> Refusal {
    Refusal::new(Code::Poison, error.to_string())
}

impl Decision {
    fn set_aside(&mut self, offset: u64, tap: Option<TapId>, refusal: Refusal) {
        self.counts.quarantined = self.counts.quarantined.saturating_add(1);
        self.quarantined.push(Quarantined { offset, tap, refusal });
    }

    fn take(&mut self, accepted: &AcceptedTap, policies: &Policies, effect: Effect, offset: u64) {
        let tap = &accepted.tap;
        let Effect { row, outcome, charges, postings, expected } = effect;
        // The policy was found before the effect came to be; its day rule names the service date.
        if let Some(policy) = policies.at(tap.at) {
            self.taps.push(TapRow {
                id: tap.id,
                body_digest: accepted.body_digest,
                account: accepted.account,
                kind: tap.kind.word(),
                at: tap.at,
                received_at: accepted.received_at,
                service_date: policy.day_rule().service_date(tap.at),
                posting_date: self.posting_date,
                operator: accepted.operator,
                route: row.route,
                stop: row.stop,
                reference: row.reference,
                payee: row.payee,
                amount: row.amount,
                outcome,
                offset,
            });
        }
        self.counts.posted = self.counts.posted.saturating_add(1);
        self.charges.extend(charges);
        for (ordinal, posting) in (0..).zip(postings) {
            self.chain_head = chain::extend(&self.chain_head, offset, ordinal, &posting);
            self.postings.push(Placed { offset, ordinal, posting });
        }
        if let Some((reference, amount, channel)) = expected {
            let posting_date = self.posting_date;
            self.items.push(crate::BankItem { tap: tap.id, reference, amount, channel, posting_date });
        }
    }
}
