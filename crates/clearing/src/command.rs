//! Commands: requests and facts about a card account that no device signed. Each is answered once, with *done* or with a
//! refusal that stays; only what cannot be judged at all goes to quarantine.

mod account;
mod pass;
mod refund;
mod top_up;

pub(crate) use refund::taken_off;

use crate::decide::{Scene, poison};
use crate::outcome::{Charge, RegistryChange};
use crate::ride;
use crate::standing::{STANDING_MAX, Standing};
use crate::state::AccountState;
use fares::PartyKind;
use ledger::{Cause, Chart, Kind, Line, Posting};
use primitives::{Code, Command, CommandKind, MediumToken, Minor, Money, PartyNo, Refusal, Text};

/// What judging a command came to.
#[derive(Default)]
pub(crate) struct Verdict {
    pub payee: Option<PartyNo>,
    pub amount: Option<Minor>,
    pub refused: Option<Refusal>,
    pub charges: Vec<Charge>,
    pub postings: Vec<Posting>,
    pub expected: Option<(Text, Minor, PartyNo)>,
    pub registry: Vec<RegistryChange>,
}

/// A command before the judge: what may be looked at, its account's state as it would be afterwards, and the answer so far.
struct Hearing<'a> {
    scene: &'a Scene<'a>,
    command: &'a Command,
    state: AccountState,
    verdict: Verdict,
}

/// Judges a command on a copy of its account's state, which is the new state when it was done. An error cannot be
/// judged: the record is set aside.
pub(crate) fn judge(
    scene: &Scene<'_>,
    command: &Command,
    state: &mut AccountState,
) -> Result<Verdict, Refusal> {
    let mut hearing = Hearing { scene, command, state: state.clone(), verdict: Verdict::default() };
    let done = act(&mut hearing);
    let Hearing { state: next, verdict, .. } = hearing;
    match done {
        Ok(()) => {
            *state = next;
            state.standing.take_if(|standing| **standing == Standing::default());
            Ok(verdict)
        }
        Err(refusal) if refusal.code == Code::Poison => Err(refusal),
        Err(refusal) => {
            let Verdict { payee, amount, .. } = verdict;
            Ok(Verdict { payee, amount, refused: Some(refusal), ..Verdict::default() })
        }
    }
}

fn act(hearing: &mut Hearing<'_>) -> Result<(), Refusal> {
    let command = hearing.command;
    if command.approved_by.as_ref() == Some(&command.asked_by) {
        return Err(Refusal::new(Code::ApprovalSelf, "asked for and approved by the same person"));
    }
    match &command.kind {
        CommandKind::Pay { payee, bill: _, price } => pay(hearing, payee, *price),
        CommandKind::BuyPass { product, rider, medium, first_day } => {
            let purchase = fares::Purchase {
                product: product.clone(),
                rider: rider.clone(),
                medium: medium.clone(),
                at: command.at,
                first_day: *first_day,
            };
            pass::buy(hearing, &purchase)
        }
        CommandKind::RefundPass { purchase } => pass::give_back(hearing, *purchase),
        CommandKind::EndPass { purchase } => pass::end(hearing, *purchase),
        CommandKind::RefundFare { leg, amount, case: _, ride } => {
            refund::fare(hearing, *leg, *amount, ride.as_deref())
        }
        CommandKind::Block { medium, reason: _ } => hearing.block(medium.as_ref()),
        CommandKind::MoveMedium { from, to, fare_medium, tender } => {
            account::move_medium(hearing, (from, to), fare_medium, *tender)
        }
        CommandKind::GrantConcession { category, from, until } => {
            account::grant(hearing, category, (*from, *until))
        }
        CommandKind::LapseConcession { category } => {
            account::lapse(hearing, category);
            Ok(())
        }
        CommandKind::Close { case: _ } => account::close(hearing),
        CommandKind::Correct { case: _, amount, to_holder, operator } => {
            account::correct(hearing, *amount, *to_holder, operator.as_ref())
        }
        CommandKind::Unblock { medium } => hearing.unblock(medium.as_ref()),
        CommandKind::AnnounceTopUp { channel, reference, value } => {
            top_up::announce(hearing, channel, reference, *value)
        }
        CommandKind::ConfirmTopUp { top_up } => top_up::confirm(hearing, *top_up),
        CommandKind::CancelTopUp { top_up } => top_up::cancel(hearing, *top_up),
    }
}

/// A bill is paid from value alone: a request never makes a debt.
fn pay(hearing: &mut Hearing<'_>, payee: &Text, price: Money) -> Result<(), Refusal> {
    hearing.verdict.amount = Some(price.amount);
    let party = hearing.scene.party(payee, PartyKind::School)?;
    hearing.verdict.payee = Some(party);
    hearing.scene.check_amount(price)?;
    hearing.not_blocked()?;
    let mut lines = hearing.take_value(price.amount)?;
    lines.push(Line::credit(Chart::SchoolPayable, Line::party(party), price.amount));
    hearing.post(Kind::SchoolPayment, lines)
}

impl Hearing<'_> {
    /// What commands left behind, to be added to.
    fn standing(&mut self) -> &mut Standing {
        self.state.standing.get_or_insert_default()
    }

    fn block(&mut self, medium: Option<&MediumToken>) -> Result<(), Refusal> {
        let now = self.command.at;
        let standing = self.standing();
        match medium {
            None => {
                standing.blocked.get_or_insert(now);
            }
            Some(medium) if standing.blocked_media.contains(medium) => {}
            Some(medium) => {
                room(&standing.blocked_media)?;
                standing.blocked_media.push(*medium);
            }
        }
        Ok(())
    }

    fn unblock(&mut self, medium: Option<&MediumToken>) -> Result<(), Refusal> {
        self.not_closed()?;
        let standing = self.standing();
        match medium {
            None => standing.blocked = None,
            Some(medium) => standing.blocked_media.retain(|blocked| blocked != medium),
        }
        Ok(())
    }

    fn not_closed(&self) -> Result<(), Refusal> {
        match &self.state.standing {
            Some(standing) if standing.closed.is_some() => {
                Err(Refusal::new(Code::AccountClosed, "the account was closed"))
            }
            _ => Ok(()),
        }
    }

    fn not_blocked(&self) -> Result<(), Refusal> {
        self.not_closed()?;
        match &self.state.standing {
            Some(standing) if standing.blocked.is_some() => {
                Err(Refusal::new(Code::AccountBlocked, "the account is on the deny list"))
            }
            _ => Ok(()),
        }
    }

    /// Takes an amount from the account's value; the debit lines. Above the value nothing is taken.
    fn take_value(&mut self, amount: Minor) -> Result<Vec<Line>, Refusal> {
        let purse = &mut self.state.purse;
        if purse.value < amount {
            let detail = format!("the account has {}", purse.value);
            return Err(Refusal::new(Code::InsufficientFunds, detail));
        }
        if amount.is_zero() {
            return Ok(Vec::new());
        }
        Ok(purse.charge(self.command.account, amount).map_err(poison)?.collect())
    }

    fn post(&mut self, kind: Kind, lines: Vec<Line>) -> Result<(), Refusal> {
        let Command { id, account, at, .. } = *self.command;
        let service_date = self.scene.policy.day_rule().service_date(at);
        let posting =
            Posting::new(kind, self.scene.posting_date, service_date, Cause::Command { account, id }, lines);
        self.verdict.postings.push(posting.map_err(|error| Refusal::new(Code::Poison, error.to_string()))?);
        Ok(())
    }

    /// Prices the rides of the window anew; what differs from what was posted is charged and posted.
    fn reprice(&mut self) -> Result<(), Refusal> {
        let (charges, postings) = ride::reprice(self.scene, self.command.account, &mut self.state)?;
        (self.verdict.charges, self.verdict.postings) = (charges, postings);
        Ok(())
    }
}

fn room<T>(list: &[T]) -> Result<(), Refusal> {
    if list.len() < STANDING_MAX {
        return Ok(());
    }
    Err(Refusal::new(Code::TooLarge, format!("an account keeps at most {STANDING_MAX} of these")))
}
