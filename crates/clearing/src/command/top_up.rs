//! Top-ups in two steps: what a channel announces waits until the bank has it, and is given to the holder or taken back,
//! never both.

use super::{Verdict, post, room, standing};
use crate::decide::{Scene, poison};
use crate::standing::PendingTopUp;
use crate::state::AccountState;
use fares::PartyKind;
use ledger::{Chart, Kind, Line};
use primitives::{Code, Command, CommandId, Money, Refusal, Text};

/// A fact: the channel says that it took the money. It is not yet the holder's to spend.
pub(super) fn announce(
    scene: &Scene<'_>,
    command: &Command,
    (channel, reference, value): (&Text, &Text, Money),
    state: &mut AccountState,
    verdict: &mut Verdict,
) -> Result<(), Refusal> {
    verdict.amount = Some(value.amount);
    let party = scene.party(channel, PartyKind::Channel)?;
    verdict.payee = Some(party);
    scene.check_amount(value)?;
    let standing = standing(state);
    room(&standing.pending)?;
    let reference = reference.clone();
    standing.pending.push(PendingTopUp { id: command.id, channel: party, reference, amount: value.amount });
    let lines = vec![
        Line::debit(Chart::BankClearing, Line::party(party), value.amount),
        Line::credit(Chart::TopUpPending, command.account.as_i64(), value.amount),
    ];
    verdict.postings.push(post(scene, command, Kind::PendingTopUp, lines)?);
    Ok(())
}

/// The bank has it: debt is recovered first, the rest is value, and the statement is expected to show the money.
pub(super) fn confirm(
    scene: &Scene<'_>,
    command: &Command,
    id: CommandId,
    state: &mut AccountState,
    verdict: &mut Verdict,
) -> Result<(), Refusal> {
    let top_up = take(id, state, verdict)?;
    let mut lines = vec![Line::debit(Chart::TopUpPending, command.account.as_i64(), top_up.amount)];
    lines.extend(state.purse.credit(command.account, top_up.amount).map_err(poison)?);
    verdict.postings.push(post(scene, command, Kind::TopUp, lines)?);
    verdict.expected = Some((top_up.reference, top_up.amount, top_up.channel));
    Ok(())
}

/// It did not come: the announcement is taken back. Money that comes later all the same meets no item at the bank and
/// lies in suspense.
pub(super) fn cancel(
    scene: &Scene<'_>,
    command: &Command,
    id: CommandId,
    state: &mut AccountState,
    verdict: &mut Verdict,
) -> Result<(), Refusal> {
    let top_up = take(id, state, verdict)?;
    let lines = vec![
        Line::debit(Chart::TopUpPending, command.account.as_i64(), top_up.amount),
        Line::credit(Chart::BankClearing, Line::party(top_up.channel), top_up.amount),
    ];
    verdict.postings.push(post(scene, command, Kind::PendingTopUp, lines)?);
    Ok(())
}

fn take(id: CommandId, state: &mut AccountState, verdict: &mut Verdict) -> Result<PendingTopUp, Refusal> {
    let pending = &mut standing(state).pending;
    let place = pending.iter().position(|top_up| top_up.id == id);
    let place = place.ok_or_else(|| {
        Refusal::new(Code::TopUpNotPending, "not announced, or confirmed or taken back before")
    })?;
    let top_up = pending.remove(place);
    (verdict.amount, verdict.payee) = (Some(top_up.amount), Some(top_up.channel));
    Ok(top_up)
}
