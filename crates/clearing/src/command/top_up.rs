//! Top-ups in two steps: what a channel announces waits until the bank has it, and is given to the holder or taken back,
//! never both.

use super::{Hearing, room};
use crate::decide::poison;
use crate::standing::PendingTopUp;
use fares::PartyKind;
use ledger::{Chart, Kind, Line};
use primitives::{Code, Command, CommandId, Money, Refusal, Text};

/// A fact: the channel says that it took the money. It is not yet the holder's to spend.
pub(super) fn announce(
    hearing: &mut Hearing<'_>,
    channel: &Text,
    reference: &Text,
    value: Money,
) -> Result<(), Refusal> {
    let Command { id, account, .. } = *hearing.command;
    hearing.verdict.amount = Some(value.amount);
    let party = hearing.scene.party(channel, PartyKind::Channel)?;
    hearing.verdict.payee = Some(party);
    hearing.scene.check_amount(value)?;
    let standing = hearing.standing();
    room(&standing.pending)?;
    let reference = reference.clone();
    standing.pending.push(PendingTopUp { id, channel: party, reference, amount: value.amount });
    let lines = vec![
        Line::debit(Chart::BankClearing, Line::party(party), value.amount),
        Line::credit(Chart::TopUpPending, account.as_i64(), value.amount),
    ];
    hearing.post(Kind::PendingTopUp, lines)
}

/// The bank has it: debt is recovered first, the rest is value, and the statement is expected to show the money.
pub(super) fn confirm(hearing: &mut Hearing<'_>, id: CommandId) -> Result<(), Refusal> {
    let account = hearing.command.account;
    let top_up = take(hearing, id)?;
    let mut lines = vec![Line::debit(Chart::TopUpPending, account.as_i64(), top_up.amount)];
    lines.extend(hearing.state.purse.credit(account, top_up.amount).map_err(poison)?);
    hearing.post(Kind::TopUp, lines)?;
    hearing.verdict.expected = Some((top_up.reference, top_up.amount, top_up.channel));
    Ok(())
}

/// It did not come: the announcement is taken back. Money that comes later all the same meets no item at the bank and
/// lies in suspense.
pub(super) fn cancel(hearing: &mut Hearing<'_>, id: CommandId) -> Result<(), Refusal> {
    let account = hearing.command.account;
    let top_up = take(hearing, id)?;
    let lines = vec![
        Line::debit(Chart::TopUpPending, account.as_i64(), top_up.amount),
        Line::credit(Chart::BankClearing, Line::party(top_up.channel), top_up.amount),
    ];
    hearing.post(Kind::PendingTopUp, lines)
}

fn take(hearing: &mut Hearing<'_>, id: CommandId) -> Result<PendingTopUp, Refusal> {
    let pending = &mut hearing.standing().pending;
    let place = pending.iter().position(|top_up| top_up.id == id);
    let place = place.ok_or_else(|| {
        Refusal::new(Code::TopUpNotPending, "not announced, or confirmed or taken back before")
    })?;
    let top_up = pending.remove(place);
    (hearing.verdict.amount, hearing.verdict.payee) = (Some(top_up.amount), Some(top_up.channel));
    Ok(top_up)
}
