//! `decide`: a batch of log records in, everything to save out. Pure, synchronous, record by record in log order, so
//! that neither clocks nor batch borders can be told from the result.

use crate::outcome::{
    Activated, Charge, CommandRow, Counts, DayHead, Decision, ItemSource, Placed, Quarantined, TapOutcome,
    TapRow,
};
use crate::ride::Changes;
use crate::state::AccountState;
use crate::{command, payment, ride};
use fares::{PartyKind, Policies, Policy};
use ledger::{Kind, Posting, chain};
use primitives::{
    AcceptedTap, AccountId, Canonical, Code, Command, CommandId, Days, Digest, EventTime, Minor, Money,
    MoneyError, PartyNo, PolicyActivation, PostingDate, Record, Refusal, ServiceDate, TapId, TapKind, Text,
};
use std::collections::BTreeMap;

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
    /// Body digests of those commands of the batch that were answered in earlier batches.
    pub answered: BTreeMap<CommandId, Digest>,
    /// States of all accounts the batch names; an account that is not here is new.
    pub accounts: BTreeMap<AccountId, AccountState>,
    /// What the activations of the batch lead to, by offset: the answers of [`crate::activate`], which knows their policies.
    pub activations: BTreeMap<u64, Result<Policies, Refusal>>,
    /// Records that the database itself refused, and why: they are set aside whatever they say.
    pub refused: BTreeMap<u64, String>,
    /// The records by offset, or why their bytes could not be read.
    pub records: &'a [(u64, Result<Record, Refusal>)],
}

/// What judging one tap came to, before it is written into the decision. Its charges and postings lie in the [`Changes`].
pub(crate) struct Effect {
    pub outcome: TapOutcome,
    /// The school or channel of a payment.
    pub payee: Option<PartyNo>,
    /// A bank statement will show the money, through the payee.
    pub is_expected: bool,
}

/// The circumstances a record is judged in.
pub(crate) struct Scene<'a> {
    pub policies: &'a Policies,
    pub policy: &'a Policy,
    pub posting_date: PostingDate,
    pub offset: u64,
    /// What a posting is that changes a leg's price.
    pub correction: Kind,
    /// Service dates that were asked for before.
    pub days: &'a Days,
}

impl<'a> Scene<'a> {
    fn new(
        policies: &'a Policies,
        at: EventTime,
        posting_date: PostingDate,
        offset: u64,
        correction: Kind,
        days: &'a Days,
    ) -> Result<Self, Refusal> {
        let policy = policies.at(at).ok_or_else(|| {
            Refusal::new(Code::PolicyUnknown, format!("no policy in force at {} ms", at.unix_ms()))
        })?;
        Ok(Scene { policies, policy, posting_date, offset, correction, days })
    }

    /// The day of travel of a moment, as a policy cuts days.
    pub(crate) fn service_date(&self, policy: &Policy, at: EventTime) -> ServiceDate {
        self.days.service_date(policy.day_rule(), at)
    }

    /// The party of this kind with this id.
    pub(crate) fn party(&self, id: &Text, kind: PartyKind) -> Result<PartyNo, Refusal> {
        match self.policy.party(id.as_str()) {
            Some(party) if party.kind == kind => Ok(party.no),
            _ => {
                let detail = format!("no {} {id:?} in the policy in force", kind.word());
                Err(Refusal::new(Code::PartyUnknown, detail))
            }
        }
    }

    /// Refuses money that is not the policy's, or not above zero.
    pub(crate) fn check_amount(&self, money: Money) -> Result<(), Refusal> {
        if money.currency != self.policy.currency() {
            let detail = format!("{} where the policy has {}", money.currency, self.policy.currency());
            return Err(Refusal::new(Code::AmountCurrency, detail));
        }
        if !money.amount.is_positive() {
            return Err(Refusal::new(Code::AmountRange, "an amount is above zero"));
        }
        Ok(())
    }
}

/// What is used again for every record of a batch.
#[derive(Default)]
struct Desk {
    days: Days,
    changes: Changes,
    /// The bytes of the posting that is hashed.
    bytes: Canonical,
}

/// Judges a batch.
pub fn decide(batch: Batch<'_>) -> Decision {
    let Batch { mut policies, posting_date, chain_head, mut seen, mut answered, mut accounts, .. } = batch;
    let Batch { activations, refused, records, .. } = batch;
    let mut touched = Vec::with_capacity(records.len());
    let mut desk = Desk::default();
    let again = repeated(records);
    let mut decision = Decision::nothing(posting_date, chain_head, records.len());
    for (offset, record) in records {
        if let Some(why) = refused.get(offset) {
            decision.set_aside_by_database(*offset, record.as_ref().ok(), why);
            continue;
        }
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
            Ok(Record::Policy(activation)) => {
                policies = decision.change_over(policies, activations.get(offset), activation, *offset);
            }
            Ok(Record::Command(command)) => {
                match repeats(answered.get(&command.id), &command.body_digest()) {
                    Some(true) => decision.repeat(),
                    Some(false) => {
                        let detail = "the key of an earlier command with another body";
                        decision.set_aside(*offset, None, Refusal::new(Code::IdempotencyMismatch, detail));
                    }
                    None => {
                        let state = accounts.entry(command.account).or_default();
                        match judge_command(
                            command,
                            state,
                            policies,
                            decision.posting_date,
                            *offset,
                            &desk.days,
                        ) {
                            Ok((policy, verdict)) => {
                                answered.insert(command.id, command.body_digest());
                                touched.push(command.account);
                                decision.answer(command, policy, verdict, *offset);
                            }
                            Err(refusal) => decision.set_aside(*offset, None, refusal),
                        }
                    }
                }
            }
            Ok(Record::Tap(accepted)) => {
                let tap = accepted.tap.id;
                match repeats(seen.get(&tap), &accepted.body_digest) {
                    Some(true) => decision.repeat(),
                    Some(false) => {
                        let refusal =
                            Refusal::new(Code::TapConflict, "the identity took effect with another body");
                        decision.set_aside(*offset, Some(tap), refusal);
                    }
                    None => {
                        let state = accounts.entry(accepted.account).or_default();
                        if decision.judge(accepted, state, policies, *offset, &mut desk) {
                            touched.push(accepted.account);
                            if again.binary_search(&mark(tap)).is_ok() {
                                seen.insert(tap, accepted.body_digest);
                            }
                        }
                    }
                }
            }
        }
    }
    keep(&mut accounts, touched);
    decision.accounts = accounts;
    decision
}

/// Forgets the accounts that nothing happened to.
fn keep(accounts: &mut BTreeMap<AccountId, AccountState>, mut touched: Vec<AccountId>) {
    touched.sort_unstable();
    touched.dedup();
    if touched.len() < accounts.len() {
        accounts.retain(|account, _| touched.binary_search(account).is_ok());
    }
}

/// The marks that stand in the batch more than once, sorted. Most taps come once, and need not be remembered for those
/// after them.
fn repeated(records: &[(u64, Result<Record, Refusal>)]) -> Vec<u64> {
    let tap = |(_, record): &(u64, Result<Record, Refusal>)| match record {
        Ok(Record::Tap(accepted)) => Some(mark(accepted.tap.id)),
        Ok(Record::Command(_) | Record::Day(_) | Record::Policy(_)) | Err(_) => None,
    };
    let mut marks: Vec<u64> = records.iter().filter_map(tap).collect();
    marks.sort_unstable();
    let again = marks.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]);
    again.collect()
}

/// One number for an identity: the same for the same identity, and rarely the same for two.
const fn mark(id: TapId) -> u64 {
    let journal = id.device.number().wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ id.journal.number();
    journal.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ id.sequence.number()
}

/// Whether an identity took effect before: with this body, with another, or not at all.
fn repeats(before: Option<&Digest>, now: &Digest) -> Option<bool> {
    before.map(|before| before == now)
}

fn judge_command<'a>(
    command: &Command,
    state: &mut AccountState,
    policies: &'a Policies,
    posting_date: PostingDate,
    offset: u64,
    days: &'a Days,
) -> Result<(&'a Policy, command::Verdict), Refusal> {
    let scene = Scene::new(policies, command.at, posting_date, offset, Kind::Refund, days)?;
    Ok((scene.policy, command::judge(&scene, command, state)?))
}

fn judge(
    scene: &Scene<'_>,
    accepted: &AcceptedTap,
    state: &mut AccountState,
    changes: &mut Changes,
) -> Result<Effect, Refusal> {
    changes.clear();
    match &accepted.tap.kind {
        TapKind::Boarding { route, stop, .. } => {
            ride::judge(scene, accepted, route, stop.as_ref(), state, changes)
        }
        TapKind::Gate { route, stop, .. } => ride::judge(scene, accepted, route, Some(stop), state, changes),
        TapKind::TopUp { channel, value, .. } => {
            payment::top_up(scene, accepted, channel, *value, state, changes)
        }
        TapKind::SchoolPayment { school, price, .. } => {
            payment::school(scene, accepted, school, *price, state, changes)
        }
    }
}

/// Arithmetic that does not fit is not a price: the record is isolated.
pub(crate) fn poison(error: MoneyError) -> Refusal {
    Refusal::new(Code::Poison, error.to_string())
}

impl Decision {
    fn nothing(posting_date: PostingDate, chain_head: Digest, records: usize) -> Self {
        Decision {
            counts: Counts::default(),
            taps: Vec::with_capacity(records),
            commands: Vec::new(),
            registry: Vec::new(),
            charges: Vec::with_capacity(records),
            postings: Vec::with_capacity(records),
            items: Vec::new(),
            quarantined: Vec::new(),
            day_heads: Vec::new(),
            activated: Vec::new(),
            accounts: BTreeMap::new(),
            posting_date,
            chain_head,
        }
    }

    /// The versions in force after an activation: those it leads to, when it was taken.
    fn change_over<'a>(
        &mut self,
        now: &'a Policies,
        led: Option<&'a Result<Policies, Refusal>>,
        activation: &PolicyActivation,
        offset: u64,
    ) -> &'a Policies {
        match led {
            Some(Ok(next)) => {
                self.activated.push(Activated { offset, activation: activation.clone() });
                self.counts.marker = self.counts.marker.saturating_add(1);
                return next;
            }
            Some(Err(refusal)) => self.set_aside(offset, None, refusal.clone()),
            None => {
                let detail = "nobody prepared what the activation leads to";
                self.set_aside(offset, None, Refusal::new(Code::PolicyUnfit, detail));
            }
        }
        now
    }

    /// A record whose effect the database refused. A tap is named, so that its device is told.
    fn set_aside_by_database(&mut self, offset: u64, record: Option<&Record>, why: &str) {
        let tap = match record {
            Some(Record::Tap(accepted)) => Some(accepted.tap.id),
            Some(Record::Command(_) | Record::Day(_) | Record::Policy(_)) | None => None,
        };
        self.set_aside(offset, tap, Refusal::new(Code::Poison, why));
        self.quarantined.last_mut().into_iter().for_each(|row| row.by_database = true);
    }

    fn repeat(&mut self) {
        self.counts.duplicate = self.counts.duplicate.saturating_add(1);
    }

    fn set_aside(&mut self, offset: u64, tap: Option<TapId>, refusal: Refusal) {
        self.counts.quarantined = self.counts.quarantined.saturating_add(1);
        self.quarantined.push(Quarantined { offset, tap, refusal, by_database: false });
    }

    /// Judges a tap that is new. True when it took effect.
    fn judge(
        &mut self,
        accepted: &AcceptedTap,
        state: &mut AccountState,
        policies: &Policies,
        offset: u64,
        Desk { days, changes, bytes }: &mut Desk,
    ) -> bool {
        let judged = Scene::new(policies, accepted.tap.at, self.posting_date, offset, Kind::Rerate, days)
            .and_then(|scene| Ok((judge(&scene, accepted, state, changes)?, scene)));
        match judged {
            Ok((effect, scene)) => self.take(&scene, accepted, effect, changes, bytes),
            Err(refusal) => {
                self.set_aside(offset, Some(accepted.tap.id), refusal);
                return false;
            }
        }
        true
    }

    fn take(
        &mut self,
        scene: &Scene<'_>,
        accepted: &AcceptedTap,
        effect: Effect,
        changes: &mut Changes,
        bytes: &mut Canonical,
    ) {
        let tap = &accepted.tap;
        let Effect { outcome, payee, is_expected } = effect;
        let paid = tap.kind.paid();
        self.taps.push(TapRow {
            id: tap.id,
            body_digest: accepted.body_digest,
            account: accepted.account,
            kind: tap.kind.word(),
            at: tap.at,
            received_at: accepted.received_at,
            service_date: scene.service_date(scene.policy, tap.at),
            posting_date: self.posting_date,
            operator: accepted.operator,
            route: tap.kind.route().cloned(),
            stop: tap.kind.stop().cloned(),
            reference: paid.map(|(reference, _)| reference.clone()),
            payee,
            amount: paid.map(|(_, money)| money.amount),
            outcome,
            offset: scene.offset,
        });
        self.put(changes.charges.drain(..), changes.postings.drain(..), scene.offset, bytes);
        let expected = payee.zip(paid).filter(|_| is_expected);
        let expected = expected.map(|(party, (reference, money))| (reference.clone(), money.amount, party));
        self.expect(ItemSource::Tap(tap.id), expected);
    }

    fn answer(&mut self, command: &Command, policy: &Policy, verdict: command::Verdict, offset: u64) {
        let command::Verdict { payee, amount, refused, charges, postings, expected, registry } = verdict;
        self.registry.extend(registry);
        self.commands.push(CommandRow {
            id: command.id,
            body_digest: command.body_digest(),
            account: command.account,
            kind: command.kind.word(),
            at: command.at,
            asked_by: command.asked_by.clone(),
            approved_by: command.approved_by.clone(),
            service_date: policy.day_rule().service_date(command.at),
            posting_date: self.posting_date,
            reference: command.kind.reference().cloned(),
            earlier: command.kind.earlier(),
            payee,
            amount,
            refused,
            offset,
        });
        self.put(charges, postings, offset, &mut Canonical::default());
        self.expect(ItemSource::Command(command.id), expected);
    }

    /// Counts a record that took effect, and takes its charges and postings in log order.
    fn put(
        &mut self,
        charges: impl IntoIterator<Item = Charge>,
        postings: impl IntoIterator<Item = Posting>,
        offset: u64,
        bytes: &mut Canonical,
    ) {
        self.counts.posted = self.counts.posted.saturating_add(1);
        self.charges.extend(charges);
        for (ordinal, posting) in (0..).zip(postings) {
            self.chain_head = chain::extend_in(bytes, &self.chain_head, offset, ordinal, &posting);
            self.postings.push(Placed { offset, ordinal, posting });
        }
    }

    fn expect(&mut self, source: ItemSource, expected: Option<(Text, Minor, PartyNo)>) {
        let posting_date = self.posting_date;
        let item = |(reference, amount, channel)| crate::BankItem {
            source,
            reference,
            amount,
            channel,
            posting_date,
        };
        self.items.extend(expected.map(item));
    }
}
