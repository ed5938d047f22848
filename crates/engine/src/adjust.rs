//! Adjustments: what the back office books by hand, proposed by one person, approved by another, with a reason and a case.
//!
//! An adjustment is one event of the accounting table ([`ledger::Event`]). An event that moves money at the bank explains a
//! bank line that was booked as unexplained: that posting is reversed, once, and the event takes its place, so the book goes
//! on being the bank's. Card accounts are never adjusted here: what changes them goes through the log.
//!
//! Everything is checked when it is proposed and again when it is approved, and the approver approves the digest that was
//! shown.

use crate::EngineError;
use crate::office::{books, derived_id};
use ledger::events::{self, Payee};
use ledger::{Cause, Chart, Event, Kind, Line, Owner, Posting, Side};
use primitives::{Canonical, Code, Digest, Minor, PartyNo, PostingDate, Refusal, ServiceDate};
use std::collections::BTreeMap;
use store::adjust::{self as stored, Unexplained};
use store::bank::{Item, ItemKind};
use store::{Connection as _, Doing as _, PgConnection};
use uuid::Uuid;

pub use store::adjust::{Adjustment, list};

/// Longest case number, and longest reason, in characters.
pub const WORDS_MAX: usize = 200;

/// What somebody wants to book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The event.
    pub event: Event,
    /// The bank line it explains: statement and position.
    pub line: Option<(Uuid, u32)>,
    /// The reference of the bank item it settles.
    pub item: Option<String>,
    /// The case it belongs to.
    pub case_no: String,
    /// Why.
    pub reason: String,
}

impl Draft {
    fn digest(&self) -> Digest {
        let mut bytes = Canonical::tagged("adjustment/1");
        bytes.text(&self.event.to_string());
        let (statement, ordinal) = self.line.unwrap_or_default();
        bytes.bytes(statement.as_bytes()).u64(u64::from(ordinal));
        bytes.text(self.item.as_deref().unwrap_or_default()).text(&self.case_no).text(&self.reason);
        bytes.digest()
    }

    fn of(adjustment: &Adjustment) -> Result<Self, EngineError> {
        let event = Event::parse(&adjustment.event)
            .ok_or_else(|| books("reading an adjustment", format!("event {:?}", adjustment.event)))?;
        Ok(Draft {
            event,
            line: adjustment.line,
            item: adjustment.item.clone(),
            case_no: adjustment.case_no.clone(),
            reason: adjustment.reason.clone(),
        })
    }
}

/// What an adjustment would do, when it may.
struct Ready {
    lines: Vec<Line>,
    explains: Option<Unexplained>,
    settles: Option<Item>,
}

/// Proposes an adjustment; the same words again are the same proposal.
pub async fn propose(
    conn: &mut PgConnection,
    draft: &Draft,
    maker: &str,
) -> Result<Result<Adjustment, Refusal>, EngineError> {
    let mut unit = conn.begin().await.doing("beginning to propose an adjustment")?;
    store::settle::office_date(&mut unit).await?;
    if let Err(refusal) = check(&mut unit, draft).await? {
        return Ok(Err(refusal));
    }
    let digest = draft.digest();
    let mut cause = Canonical::tagged("adjustment");
    cause.bytes(&digest.0);
    let new = Adjustment {
        id: derived_id(&cause),
        event: draft.event.to_string(),
        line: draft.line,
        item: draft.item.clone(),
        case_no: draft.case_no.clone(),
        reason: draft.reason.clone(),
        digest,
        state: "proposed".into(),
        maker: maker.into(),
        proposed_at: chrono::DateTime::UNIX_EPOCH,
        checker: None,
        offset: None,
    };
    let stands = stored::put(&mut unit, &new).await?;
    store::access::audit(&mut unit, maker, "adjust.propose", &stands.id.to_string()).await?;
    unit.commit().await.doing("proposing an adjustment")?;
    Ok(Ok(stands))
}

/// Takes a proposal back; whoever made it may, and whoever may approve it.
pub async fn withdraw(
    conn: &mut PgConnection,
    id: Uuid,
    actor: &str,
) -> Result<Result<(), Refusal>, EngineError> {
    let mut unit = conn.begin().await.doing("beginning to withdraw an adjustment")?;
    match stored::lock(&mut unit, id).await? {
        None => return refuse(Code::NotFound, format!("no adjustment {id}")),
        Some(found) if found.state != "proposed" => {
            return refuse(Code::ApprovalUsed, format!("{id} was decided before"));
        }
        Some(_) => {}
    }
    stored::set_withdrawn(&mut unit, id).await?;
    store::access::audit(&mut unit, actor, "adjust.withdraw", &id.to_string()).await?;
    unit.commit().await.doing("withdrawing an adjustment")?;
    Ok(Ok(()))
}

/// Approves the adjustment whose digest `checker` was shown, and books it, once.
pub async fn approve(
    conn: &mut PgConnection,
    id: Uuid,
    shown: Digest,
    checker: &str,
) -> Result<Result<Adjustment, Refusal>, EngineError> {
    let mut unit = conn.begin().await.doing("beginning to approve an adjustment")?;
    let today = store::settle::office_date(&mut unit).await?;
    let Some(found) = stored::lock(&mut unit, id).await? else {
        return refuse(Code::NotFound, format!("no adjustment {id}"));
    };
    if found.state != "proposed" {
        return refuse(Code::ApprovalUsed, format!("{id} was decided before"));
    }
    if found.maker == checker {
        return refuse(Code::ApprovalSelf, format!("{checker} proposed {id}"));
    }
    let draft = Draft::of(&found)?;
    if shown != found.digest || draft.digest() != found.digest {
        return refuse(Code::ApprovalStale, format!("{id} is not what was shown"));
    }
    let ready = match check(&mut unit, &draft).await? {
        Ok(ready) => ready,
        Err(refusal) => return refuse(Code::ApprovalStale, refusal.to_string()),
    };
    let offset = book(&mut unit, &found, &draft, &ready, today).await?;
    stored::set_approved(&mut unit, id, checker, offset).await?;
    store::access::audit(&mut unit, checker, "adjust.approve", &id.to_string()).await?;
    let stands = stored::lock(&mut unit, id).await?;
    let stands = stands.ok_or_else(|| books("reading an adjustment back", "it is not there"))?;
    unit.commit().await.doing("approving an adjustment")?;
    Ok(Ok(stands))
}

fn refuse<T>(code: Code, detail: String) -> Result<Result<T, Refusal>, EngineError> {
    Ok(Err(Refusal::new(code, detail)))
}

/// Books an adjustment: the reversal of what it explains, then the event. Answers where the event's posting stands.
async fn book(
    conn: &mut PgConnection,
    found: &Adjustment,
    draft: &Draft,
    ready: &Ready,
    today: PostingDate,
) -> Result<i64, EngineError> {
    let doing = "booking an adjustment";
    let first = store::posting::office_offset(&mut *conn).await?;
    let service_date = ready.explains.as_ref().map_or(ServiceDate(today.0), |line| line.service_date);
    let post = |kind, name: String, lines| {
        Posting::new(kind, today, service_date, Cause::Office(name), lines)
            .map_err(|error| books(doing, error))
    };
    let mut postings = Vec::new();
    if let Some(line) = &ready.explains {
        let name = format!("reversal of office {} for adjustment {}", line.offset, found.id);
        postings.push(post(Kind::Reversal, name, events::reversal(&line.lines))?);
    }
    let name = format!("adjustment {} {} case {}", found.id, draft.event.word(), draft.case_no);
    postings.push(post(Kind::Adjustment, name, ready.lines.clone())?);
    let offset = first + postings.len() as i64 - 1;
    store::posting::append_office(&mut *conn, postings).await?;
    if let Some(line) = &ready.explains {
        stored::put_reversal(&mut *conn, line.offset, first).await?;
        store::bank::close_breaks(&mut *conn, std::slice::from_ref(&line.break_id), today.0).await?;
    }
    if let Some(item) = &ready.settles {
        stored::close_item(&mut *conn, &item.id).await?;
        store::bank::close_breaks(&mut *conn, &[format!("item/{}", item.id)], today.0).await?;
    }
    Ok(offset)
}

/// Whether an adjustment may be booked as the books stand now.
async fn check(conn: &mut PgConnection, draft: &Draft) -> Result<Result<Ready, Refusal>, EngineError> {
    let bad = |detail: String| Ok(Err(Refusal::new(Code::BadRequest, detail)));
    for (words, what) in [(&draft.case_no, "case number"), (&draft.reason, "reason")] {
        if words.trim().is_empty() || words.chars().count() > WORDS_MAX {
            return bad(format!("a {what} has 1 to {WORDS_MAX} characters"));
        }
    }
    let (Ok(lines), Ok(at_bank)) = (draft.event.lines(), draft.event.at_bank()) else {
        return bad("the amounts do not add up to 64 bits".into());
    };
    if let Err(why) = trial(&lines) {
        return bad(why);
    }
    for party in parties(&lines) {
        if stored::party_kind(&mut *conn, party).await?.is_none() {
            return bad(format!("there is no party {party}"));
        }
    }
    let explains = match draft.line {
        Some(line) => match stored::unexplained(&mut *conn, line).await? {
            Some(found) if found.amount == at_bank => Some(found),
            Some(found) => {
                return bad(format!("the bank line is of {}, the event moves {at_bank}", found.amount));
            }
            None => return bad("the bank line is not among the unexplained ones".into()),
        },
        None if !at_bank.is_zero() => {
            return bad("an event that moves money at the bank explains a bank line".into());
        }
        None => None,
    };
    let settles = match item(&mut *conn, draft).await? {
        Ok(item) => item,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if let Some(detail) = overdrawn(conn, &lines).await? {
        return bad(detail);
    }
    Ok(Ok(Ready { lines, explains, settles }))
}

/// A posting that would be refused is refused as a proposal.
fn trial(lines: &[Line]) -> Result<(), String> {
    let day = chrono::DateTime::UNIX_EPOCH.date_naive();
    let cause = Cause::Office("trial".into());
    let posting = Posting::new(Kind::Adjustment, PostingDate(day), ServiceDate(day), cause, lines.to_vec());
    posting.map(|_| ()).map_err(|error| error.to_string())
}

fn parties(lines: &[Line]) -> impl Iterator<Item = PartyNo> {
    let of_party = lines.iter().filter(|line| line.chart.owner_kind() == Owner::Party);
    of_party.filter_map(|line| u32::try_from(line.owner).ok()).map(PartyNo)
}

/// The bank item an event settles: what it must be about, and whether it must be named.
fn wanted(event: &Event) -> Option<(ItemKind, PartyNo, Minor, bool)> {
    match *event {
        Event::ChannelNetted { channel, gross, .. } => Some((ItemKind::TopUp, channel, gross, true)),
        Event::AcquirerNetted { acquirer, gross, .. } => Some((ItemKind::Acquirer, acquirer, gross, false)),
        Event::SubsidyPaid { funder, amount } => Some((ItemKind::Subsidy, funder, amount, false)),
        Event::PayoutRejected { party, amount, payee: Payee::Operator | Payee::School } => {
            Some((ItemKind::Payout, party, amount.negated().ok()?, true))
        }
        _ => None,
    }
}

async fn item(conn: &mut PgConnection, draft: &Draft) -> Result<Result<Option<Item>, Refusal>, EngineError> {
    let bad = |detail: String| Ok(Err(Refusal::new(Code::BadRequest, detail)));
    match (wanted(&draft.event), &draft.item) {
        (None, None) | (Some((_, _, _, false)), None) => Ok(Ok(None)),
        (None, Some(_)) => bad(format!("{} settles no bank item", draft.event.word())),
        (Some((kind, _, _, true)), None) => {
            bad(format!("{} settles a {} item: name it", draft.event.word(), kind.word()))
        }
        (Some((kind, party, amount, _)), Some(reference)) => {
            match stored::open_item(conn, kind, reference).await? {
                None => bad(format!("no open {} item has the reference {reference}", kind.word())),
                Some(item) if (item.party, item.amount) != (party, amount) => {
                    bad(format!("{reference} is about {} of party {}", item.amount, item.party))
                }
                Some(item) => Ok(Ok(Some(item))),
            }
        }
    }
}

/// Why an event takes more than there is: nobody gives back what was never owed.
async fn overdrawn(conn: &mut PgConnection, lines: &[Line]) -> Result<Option<String>, EngineError> {
    let mut taken: BTreeMap<(Chart, i64), Minor> = BTreeMap::new();
    for line in lines {
        let amount = match (line.chart, line.chart.owner_kind(), line.chart.side()) {
            (_, Owner::Party, Side::Asset) => line.credit.minus(line.debit),
            (Chart::PayoutInFlight, _, _) => line.debit.minus(line.credit),
            _ => continue,
        };
        let amount = amount.map_err(|error| books("checking an adjustment", error))?;
        let sum = taken.entry((line.chart, line.owner)).or_insert(Minor::ZERO);
        *sum = sum.plus(amount).map_err(|error| books("checking an adjustment", error))?;
    }
    for ((chart, owner), amount) in taken {
        let net = stored::net(&mut *conn, chart, owner).await?;
        let there = if chart.side() == Side::Asset { Ok(net) } else { net.negated() };
        let there = there.map_err(|error| books("checking an adjustment", error))?;
        if amount.is_positive() && amount > there {
            return Ok(Some(format!(
                "{} of {owner} stands at {there}, {amount} are to leave it",
                chart.code()
            )));
        }
    }
    Ok(None)
}
