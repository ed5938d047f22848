//! Settlement: what every operator and school is owed for a closed day, proposed by one person, approved by another, and
//! handed to the bank as one file.
//!
//! A proposal is recomputed from the ledger when it is approved, and its digest must be the one the approver was shown.
//! So nothing can change between the eye and the money: not an amount, not an account number.

mod proposal;

use crate::EngineError;
use crate::office::books;
use bank::{PayoutFile, PayoutFileError};
use ledger::{Cause, Kind, Posting};
use primitives::{Code, Digest, PostingDate, Refusal, ServiceDate};
use proposal::Proposal;
use store::bank::{Item, ItemKind};
use store::report::RunRow;
use store::settle::{self as stored, Run};
use store::{Connection as _, Doing as _, PgConnection};
use uuid::Uuid;

/// Proposes the payout run of a closed day, or proposes it again; `maker` is the login of the person who does. A run
/// covers everything that is owed up to that day and was in no run before it, so days are settled in order.
pub async fn propose(
    conn: &mut PgConnection,
    date: PostingDate,
    maker: &str,
) -> Result<Result<RunRow, Refusal>, EngineError> {
    let mut unit = conn.begin().await.doing("beginning to propose")?;
    stored::office_date(&mut unit).await?;
    if !matches!(stored::day(&mut unit, date).await?, Some(stored::Closing::Closed(_))) {
        return refuse(Code::BadRequest, format!("{date} is not closed"));
    }
    for rival in stored::rival_runs(&mut unit, date).await? {
        if rival.posting_date == date && rival.state == "proposed" {
            continue;
        }
        let refusal = match rival.posting_date {
            same if same == date => Refusal::new(Code::ApprovalUsed, format!("{date} is settled already")),
            later if later > date => {
                Refusal::new(Code::ApprovalUsed, format!("{date} is part of the run of {later}"))
            }
            earlier => Refusal::new(Code::BadRequest, format!("the run of {earlier} is to be decided first")),
        };
        return Ok(Err(refusal));
    }
    let proposal = match Proposal::of(&mut unit, date).await? {
        Ok(proposal) => proposal,
        Err(refusal) => return Ok(Err(refusal)),
    };
    // What the bank could misread is said to the maker now, not to the checker later.
    if let Err(error) = write(&proposal.file(chrono::DateTime::UNIX_EPOCH, date.next().0)) {
        return refuse(Code::BadRequest, format!("the bank would not take the file: {error}"));
    }
    let run = Run {
        id: proposal.run_id(),
        posting_date: date,
        state: "proposed".into(),
        digest: proposal.digest(),
        maker: maker.into(),
        message_id: proposal.message_id(),
    };
    stored::put_run(&mut unit, &run, &proposal.payouts).await?;
    store::access::audit(&mut unit, maker, "settle.propose", &run.message_id).await?;
    let row = row(&mut unit, run.id).await?;
    unit.commit().await.doing("proposing a payout run")?;
    Ok(Ok(row))
}

/// Approves the run whose digest `checker` was shown: writes the payment file, books the payouts, and notes what the bank
/// will show. All in one transaction, once.
pub async fn approve(
    conn: &mut PgConnection,
    run_id: Uuid,
    shown: Digest,
    checker: &str,
) -> Result<Result<RunRow, Refusal>, EngineError> {
    let mut unit = conn.begin().await.doing("beginning to approve")?;
    let today = stored::office_date(&mut unit).await?;
    let Some(run) = stored::lock_run(&mut unit, run_id).await? else {
        return refuse(Code::NotFound, format!("no payout run {run_id}"));
    };
    if run.state != "proposed" {
        return refuse(Code::ApprovalUsed, format!("{} was decided before", run.message_id));
    }
    if run.maker == checker {
        return refuse(Code::ApprovalSelf, format!("{checker} proposed {}", run.message_id));
    }
    let proposal = match Proposal::of(&mut unit, run.posting_date).await? {
        Ok(proposal) => proposal,
        Err(refusal) => return refuse(Code::ApprovalStale, refusal.to_string()),
    };
    if shown != run.digest || proposal.digest() != run.digest {
        return refuse(Code::ApprovalStale, format!("{} is not what was shown", run.message_id));
    }
    let approved_at = stored::put_approval(&mut unit, &run, checker).await?;
    let file = match write(&proposal.file(approved_at, today.0)) {
        Ok(file) => file,
        Err(error) => {
            return refuse(Code::ApprovalStale, format!("the bank would not take the file: {error}"));
        }
    };
    let postings = postings(&proposal, today)?;
    store::posting::append_office(&mut unit, postings).await?;
    store::bank::put_items(&mut unit, &items(&proposal, today)?).await?;
    // A run that pays nobody has nothing to wait for.
    let state = if file.is_some() { "approved" } else { "settled" };
    stored::set_run(&mut unit, run.id, state, file.as_deref()).await?;
    store::access::audit(&mut unit, checker, "settle.approve", &run.message_id).await?;
    let row = row(&mut unit, run.id).await?;
    unit.commit().await.doing("approving a payout run")?;
    Ok(Ok(row))
}

/// The payment file, as it goes to the bank; the first time it is handed out the run counts as sent. None when there is no
/// such run, it is not approved, or it pays nobody.
pub async fn hand_over(
    conn: &mut PgConnection,
    run_id: Uuid,
    actor: &str,
) -> Result<Option<Vec<u8>>, EngineError> {
    let mut unit = conn.begin().await.doing("beginning to hand a payment file over")?;
    stored::office_date(&mut unit).await?;
    let Some(run) = stored::lock_run(&mut unit, run_id).await? else { return Ok(None) };
    let Some(file) = stored::file(&mut unit, run_id).await? else { return Ok(None) };
    if run.state == "approved" {
        stored::set_run(&mut unit, run_id, "sent", None).await?;
    }
    store::access::audit(&mut unit, actor, "settle.hand_over", &run.message_id).await?;
    unit.commit().await.doing("handing a payment file over")?;
    Ok(Some(file))
}

fn refuse<T>(code: Code, detail: String) -> Result<Result<T, Refusal>, EngineError> {
    Ok(Err(Refusal::new(code, detail)))
}

async fn row(conn: &mut PgConnection, run_id: Uuid) -> Result<RunRow, EngineError> {
    let row = store::report::run(conn, run_id).await?;
    row.ok_or_else(|| books("reading a payout run back", "it is not there"))
}

/// The file's bytes; none when nobody is paid.
fn write(file: &PayoutFile) -> Result<Option<Vec<u8>>, PayoutFileError> {
    if file.payments.is_empty() { Ok(None) } else { bank::write_pain001(file).map(Some) }
}

/// One posting a party (event 11): what it was owed is cleared against the cash it holds and the payout on its way.
fn postings(proposal: &Proposal, today: PostingDate) -> Result<Vec<Posting>, EngineError> {
    let doing = "booking payouts";
    let service_date = ServiceDate(proposal.date.0);
    let mut postings = Vec::new();
    for payout in &proposal.payouts {
        let lines = proposal::lines(payout).map_err(|error| books(doing, error))?;
        if !lines.is_empty() {
            let cause = Cause::Office(format!("payout {}", payout.end_to_end));
            let posting = Posting::new(Kind::Payout, today, service_date, cause, lines);
            postings.push(posting.map_err(|error| books(doing, error))?);
        }
    }
    Ok(postings)
}

/// What the bank will show: our payments under their end-to-end ids, and what funders and acquirers pay under the
/// reference codes of their claims.
fn items(proposal: &Proposal, today: PostingDate) -> Result<Vec<Item>, EngineError> {
    let mut items = Vec::new();
    for payout in proposal.paid() {
        let amount = payout.net.negated().map_err(|error| books("expecting payouts", error))?;
        items.push(Item {
            id: format!("payout:{}", payout.end_to_end),
            kind: ItemKind::Payout,
            reference: payout.end_to_end.clone(),
            amount,
            posting_date: today,
            party: payout.owed.party,
        });
    }
    for claim in &proposal.claims {
        items.push(Item {
            id: format!("{}:{}:{}", claim.kind.word(), proposal.date, claim.party),
            kind: claim.kind,
            reference: claim.reference.clone(),
            amount: claim.amount,
            posting_date: proposal.date,
            party: claim.party,
        });
    }
    Ok(items)
}

#[cfg(test)]
mod tests;
