//! Reconciliation: bank files in, proven, matched, posted; what does not fit becomes a break with a name.
//!
//! Reading and proving are two results. A file that cannot be read is refused whole and kept. A statement that was read is
//! stored and shown, and goes into the ledger only when its own figures agree. From then on every booked line is in the
//! ledger: against the item it met, or against suspense (money to us) or own money (money from us) until somebody knows.
//! So the book always equals the bank, and what is not understood is a named break instead of a difference.
//!
//! Order does not matter: a statement that came before its items meets them at the next import, and continuity is judged
//! again when a missing statement arrives.

mod continuity;
mod entries;
mod matching;

use crate::EngineError;
use crate::office::{books, derived_id};
use bank::{FileRefusal, Proof, Statement};
use chrono::{Days, NaiveDate};
use continuity::Place;
use matching::{Seen, Verdict};
use primitives::{Canonical, Code, Digest, Minor, PostingDate, Refusal};
use std::collections::{BTreeMap, BTreeSet};
use store::bank::{self as stored, Break, Claim, ItemKind, NewLine, NewStatement};
use store::registry::BankAccount;
use store::report::StatementRow;
use store::{Connection as _, Doing as _, PgConnection};
use uuid::Uuid;

pub use store::bank::{BankDifference, difference};

/// What became of a bank file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportResult {
    /// Digest of the file's bytes: its identity.
    pub file: Digest,
    /// The name it came with first.
    pub name: String,
    /// True when the same bytes were imported before; then nothing changed.
    pub repeated: bool,
    /// Its statements as they stand now, or why it was refused.
    pub outcome: Result<Vec<StatementRow>, Refusal>,
}

impl std::fmt::Display for ImportResult {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let statements = match &self.outcome {
            Err(refusal) => return write!(f, "{} refused: {refusal}", self.name),
            Ok(statements) => statements,
        };
        let sum = |count: fn(&StatementRow) -> u64| statements.iter().map(count).sum::<u64>();
        let posted = statements.iter().filter(|statement| statement.posted).count();
        let (lines, matched) = (sum(|statement| statement.lines), sum(|statement| statement.matched));
        write!(f, "{posted} of {} statements posted, {matched} of {lines} lines matched", statements.len())
    }
}

/// Days after its accounting day by which an item must have been on a statement.
const fn due_days(kind: ItemKind) -> u64 {
    match kind {
        ItemKind::TopUp | ItemKind::Payout => 1,
        ItemKind::Acquirer => 3,
        ItemKind::Subsidy => 30,
    }
}

/// Imports a bank file, once: the same bytes again answer what was stored. All in one transaction.
pub async fn import(
    conn: &mut PgConnection,
    name: &str,
    bytes: &[u8],
    actor: &str,
) -> Result<ImportResult, EngineError> {
    let file = Digest::of(bytes);
    let read = bank::read_camt053(bytes);
    let mut unit = conn.begin().await.doing("beginning to import a bank file")?;
    let today = store::settle::office_date(&mut unit).await?;
    if let Some(known) = stored::file(&mut unit, file).await? {
        return stored_result(&mut unit, file, known).await;
    }
    let accounts = store::registry::bank_accounts(&mut unit).await?;
    let accounts: BTreeMap<&str, &BankAccount> =
        accounts.iter().map(|account| (account.account.as_str(), account)).collect();
    let outcome = match read.map_err(refusal).and_then(|statements| ours(statements, &accounts)) {
        Ok(statements) => {
            stored::put_file(&mut unit, file, name, None, bytes).await?;
            rematch_lines(&mut unit, today).await?;
            for (statement, account) in &statements {
                take(&mut unit, file, statement, account, today).await?;
            }
            overdue(&mut unit).await?;
            store::settle::settle_seen(&mut unit).await?;
            Ok(store::report::statements_of_file(&mut unit, file).await?)
        }
        Err(refusal) => {
            let why = Some((refusal.code.as_str(), refusal.detail.as_str()));
            stored::put_file(&mut unit, file, name, why, bytes).await?;
            Err(refusal)
        }
    };
    store::access::audit(&mut unit, actor, "bank.import", &file.hex()).await?;
    unit.commit().await.doing("importing a bank file")?;
    Ok(ImportResult { file, name: name.into(), repeated: false, outcome })
}

/// Looks again for the items of lines that met none, and for items that are overdue.
pub async fn rematch(conn: &mut PgConnection, actor: &str) -> Result<u64, EngineError> {
    let mut unit = conn.begin().await.doing("beginning to match again")?;
    let today = store::settle::office_date(&mut unit).await?;
    let met = rematch_lines(&mut unit, today).await?;
    overdue(&mut unit).await?;
    store::settle::settle_seen(&mut unit).await?;
    store::access::audit(&mut unit, actor, "bank.rematch", &today.to_string()).await?;
    unit.commit().await.doing("matching again")?;
    Ok(met)
}

async fn stored_result(
    conn: &mut PgConnection,
    file: Digest,
    known: stored::StoredFile,
) -> Result<ImportResult, EngineError> {
    let outcome = match known.refused {
        None => Ok(store::report::statements_of_file(conn, file).await?),
        Some((code, detail)) => {
            let code = Code::parse(&code).ok_or_else(|| books("reading a refused file back", &code))?;
            Err(Refusal::new(code, detail))
        }
    };
    Ok(ImportResult { file, name: known.name, repeated: true, outcome })
}

fn refusal(refused: FileRefusal) -> Refusal {
    Refusal::new(refused.code, format!("{} (byte {})", refused.detail, refused.byte_offset))
}

/// The statements with their accounts, in the order of each account's history; or why the file is none of ours.
fn ours<'a>(
    mut statements: Vec<Statement>,
    accounts: &BTreeMap<&str, &'a BankAccount>,
) -> Result<Vec<(Statement, &'a BankAccount)>, Refusal> {
    statements
        .sort_by(|a, b| (&a.account, a.to, a.from, a.sequence).cmp(&(&b.account, b.to, b.from, b.sequence)));
    statements
        .into_iter()
        .map(|statement| match accounts.get(statement.account.as_str()) {
            None => {
                let detail = "a statement of an account that is not registered as ours";
                Err(Refusal::new(Code::FileNoProfile, detail))
            }
            Some(account) if account.currency != statement.currency => {
                let detail = format!("{} where the account has {}", statement.currency, account.currency);
                Err(Refusal::new(Code::AmountCurrency, detail))
            }
            Some(account) => Ok((statement, *account)),
        })
        .collect()
}

/// Takes one statement in: stores it, and posts and matches it when it may be.
async fn take(
    conn: &mut PgConnection,
    file: Digest,
    statement: &Statement,
    account: &BankAccount,
    today: PostingDate,
) -> Result<(), EngineError> {
    let period = (statement.from, statement.to);
    let revisions = stored::revisions(&mut *conn, &account.account, &statement.id, period).await?;
    let content = content(statement);
    let revision = revisions.last().map_or(1, |last| last.number.saturating_add(1));
    let id = statement_id(statement, revision);

    let spans = stored::spans(&mut *conn, &account.account).await?;
    let place = continuity::place(id, statement, account.opening, &spans);
    let why = refused_by_history(statement, content, &revisions, &place);
    let (proof, difference) = match &statement.proof {
        Proof::Proven => ("proven", Minor::ZERO),
        Proof::Failed { difference } => ("failed", *difference),
        Proof::NotProvable { .. } => ("not_provable", Minor::ZERO),
    };
    let posted = proof == "proven" && why.is_none();
    let not_provable = match &statement.proof {
        Proof::NotProvable { why } => Some(why.clone()),
        Proof::Proven | Proof::Failed { .. } => None,
    };
    let new = NewStatement {
        id,
        file,
        account: account.account.clone(),
        currency: statement.currency,
        bank_id: statement.id.clone(),
        sequence: statement.sequence,
        revision,
        content,
        from: statement.from,
        to: statement.to,
        opening: statement.opening,
        closing: statement.closing,
        proof,
        difference,
        continuity: place.continuity,
        posted,
        why: not_provable.or_else(|| why.as_ref().map(|(_, why)| why.clone())),
        findings: statement.findings.iter().map(finding).collect(),
    };
    let lines: Vec<NewLine> = statement.lines.iter().map(line).collect();
    stored::put_statement(&mut *conn, &new, &lines).await?;
    if !posted {
        let unposted = unposted_break(&new, why.as_ref().map(|(code, _)| *code), &lines);
        return Ok(stored::put_breaks(conn, &unposted.into_iter().collect::<Vec<_>>()).await?);
    }
    // A corrected statement answers the breaks of the ones before it.
    let answered: Vec<String> = revisions.iter().map(|earlier| format!("proof/{}", earlier.id)).collect();
    stored::close_breaks(&mut *conn, &answered, statement.to).await?;
    judge_continuity(&mut *conn, account).await?;
    open_books(&mut *conn, account, statement.from, today).await?;
    post(conn, &new, &lines, today).await
}

/// Why a statement that is proven may still not be posted; with the code of its break, if somebody has to look.
fn refused_by_history(
    statement: &Statement,
    content: Digest,
    revisions: &[stored::Revision],
    place: &Place,
) -> Option<(Option<Code>, String)> {
    if let Some(same) = revisions.iter().find(|earlier| earlier.content == content) {
        return Some((None, format!("revision {} said the same", same.number)));
    }
    if let Some(posted) = revisions.iter().find(|earlier| earlier.posted) {
        let why = format!("revision {} with other lines is in the ledger", posted.number);
        return Some((Some(Code::Ambiguous), why));
    }
    if place.overlaps {
        let why =
            format!("{} to {} overlaps a statement that it does not follow", statement.from, statement.to);
        return Some((Some(Code::StatementGap), why));
    }
    None
}

/// The break of a statement that is stored and shown only; none when it merely says again what was said. `history` is
/// what the account's history says against it, with the code for whoever has to look.
fn unposted_break(
    statement: &NewStatement,
    history: Option<Option<Code>>,
    lines: &[NewLine],
) -> Option<Break> {
    if history == Some(None) {
        return None;
    }
    let (kind, code, detail) = match statement.proof {
        "failed" if statement.difference.is_zero() => {
            ("proof", Code::Checksum, "a count does not agree".to_owned())
        }
        "failed" => {
            ("proof", Code::BalanceProof, format!("the figures miss each other by {}", statement.difference))
        }
        "not_provable" => ("proof", Code::BalanceProof, statement.why.clone().unwrap_or_default()),
        _ => ("revision", history??, statement.why.clone().unwrap_or_default()),
    };
    Some(Break {
        id: format!("{kind}/{}", statement.id),
        code: code.as_str(),
        statement: Some(statement.id),
        ordinal: None,
        item: None,
        amount: statement.difference,
        detail: format!("{} of {} lines: {detail}", statement.bank_id, lines.len()),
        first_seen: statement.to,
    })
}

/// Judges the continuity of all posted statements of an account: a missing one may have come.
async fn judge_continuity(conn: &mut PgConnection, account: &BankAccount) -> Result<(), EngineError> {
    let spans = stored::spans(&mut *conn, &account.account).await?;
    let mut gaps = Vec::new();
    let mut closed = Vec::new();
    for (span, judged) in spans.iter().zip(continuity::judge(account.opening, &spans)) {
        if span.continuity != judged.word {
            stored::set_continuity(&mut *conn, span.id, judged.word).await?;
        }
        let id = format!("gap/{}", span.id);
        if judged.word == continuity::GAP {
            let missing =
                span.opening.minus(judged.expected).map_err(|error| books("judging continuity", error))?;
            gaps.push(Break {
                id,
                code: Code::StatementGap.as_str(),
                statement: Some(span.id),
                ordinal: None,
                item: None,
                amount: missing,
                detail: format!("opens with {}, expected {}", span.opening, judged.expected),
                first_seen: span.to,
            });
        } else {
            closed.push(id);
        }
    }
    stored::put_breaks(&mut *conn, &gaps).await?;
    let on = spans.last().map_or(NaiveDate::MIN, |last| last.to);
    Ok(stored::close_breaks(conn, &closed, on).await?)
}

/// Posts the approved opening balance of an account, once: own money prefunds the trust (event 18a).
async fn open_books(
    conn: &mut PgConnection,
    account: &BankAccount,
    on: NaiveDate,
    today: PostingDate,
) -> Result<(), EngineError> {
    let Some(opening) = stored::take_opening(&mut *conn, &account.account).await? else { return Ok(()) };
    let postings = entries::opening(&account.account, opening, on, today)?;
    Ok(store::posting::append_office(conn, postings.into_iter().collect()).await?)
}

/// Matches the booked lines of a posted statement and books every one of them.
async fn post(
    conn: &mut PgConnection,
    statement: &NewStatement,
    lines: &[NewLine],
    today: PostingDate,
) -> Result<(), EngineError> {
    let booked: Vec<&NewLine> = lines.iter().filter(|line| line.booked && !line.amount.is_zero()).collect();
    let seen: Vec<Seen<'_>> = booked
        .iter()
        .map(|line| Seen {
            amount: line.amount,
            end_to_end: line.end_to_end.as_deref(),
            codes: line.codes.split_whitespace().collect(),
        })
        .collect();
    let items = stored::candidates(&mut *conn, &references(&seen)).await?;
    let mut postings = Vec::with_capacity(booked.len());
    let mut claims = Vec::new();
    let mut breaks = Vec::new();
    for (line, verdict) in booked.iter().zip(matching::matching(&seen, &items)) {
        let cause = format!(
            "bank {} {} {}/{} line {}",
            statement.account, statement.bank_id, statement.from, statement.to, line.ordinal
        );
        postings.push(entries::line(&verdict, line.amount, line.booking_date, cause, today)?);
        match verdict {
            Verdict::Match { item, rule } => claims.push(Claim {
                statement: statement.id,
                ordinal: line.ordinal,
                item: item.id.clone(),
                rule,
            }),
            other => breaks.push(line_break(statement, line, &other)?),
        }
    }
    store::posting::append_office(&mut *conn, postings).await?;
    stored::put_claims(&mut *conn, &claims, statement.to).await?;
    Ok(stored::put_breaks(conn, &breaks).await?)
}

fn references<'a>(seen: &[Seen<'a>]) -> Vec<&'a str> {
    let all: BTreeSet<&str> =
        seen.iter().flat_map(|line| line.end_to_end.into_iter().chain(line.codes.iter().copied())).collect();
    all.into_iter().collect()
}

fn line_break(statement: &NewStatement, line: &NewLine, verdict: &Verdict<'_>) -> Result<Break, EngineError> {
    let (code, item, amount, mut detail) = match verdict {
        Verdict::AmountDiff { item, rule } => {
            let amount = line.amount.minus(item.amount).map_err(|error| books("comparing amounts", error))?;
            let detail =
                format!("{rule} {} is about {}, the line says {}", item.reference, item.amount, line.amount);
            (Code::AmountDiff, Some(item.id.clone()), amount, detail)
        }
        Verdict::Ambiguous { why } => (Code::Ambiguous, None, line.amount, why.clone()),
        Verdict::Match { .. } | Verdict::Unmatched => {
            (Code::UnmatchedBank, None, line.amount, "no open item has its reference".into())
        }
    };
    if line.reversal {
        detail = format!("a return or reversal; {detail}");
    }
    Ok(Break {
        id: format!("line/{}/{}", statement.id, line.ordinal),
        code: code.as_str(),
        statement: Some(statement.id),
        ordinal: Some(line.ordinal),
        item,
        amount,
        detail,
        first_seen: statement.to,
    })
}

/// Gives posted lines that met nothing another chance: what they wait for may have been posted since.
async fn rematch_lines(conn: &mut PgConnection, today: PostingDate) -> Result<u64, EngineError> {
    let lines = stored::open_lines(&mut *conn, Code::UnmatchedBank.as_str()).await?;
    let seen: Vec<Seen<'_>> = lines
        .iter()
        .map(|line| Seen {
            amount: line.amount,
            end_to_end: line.end_to_end.as_deref(),
            codes: line.codes.iter().map(String::as_str).collect(),
        })
        .collect();
    let items = stored::candidates(&mut *conn, &references(&seen)).await?;
    let mut postings = Vec::new();
    let mut claims = Vec::new();
    let mut answered = Vec::new();
    for (line, verdict) in lines.iter().zip(matching::matching(&seen, &items)) {
        let Verdict::Match { item, rule } = verdict else { continue };
        let cause = format!("{} met {}", line.break_id, item.id);
        postings.push(entries::late(item, line.amount, line.booking_date, cause, today)?);
        claims.push(Claim { statement: line.statement, ordinal: line.ordinal, item: item.id.clone(), rule });
        answered.push(line.break_id.clone());
    }
    store::posting::append_office(&mut *conn, postings).await?;
    stored::put_claims(&mut *conn, &claims, today.0).await?;
    stored::close_breaks(conn, &answered, today.0).await?;
    Ok(claims.len() as u64)
}

/// Names the items that should have been on a statement by now. "Now" is the last bank date, not a clock's.
async fn overdue(conn: &mut PgConnection) -> Result<(), EngineError> {
    let Some(as_of) = stored::difference(&mut *conn).await?.as_of else { return Ok(()) };
    let mut breaks = Vec::new();
    for kind in [ItemKind::TopUp, ItemKind::Payout, ItemKind::Acquirer, ItemKind::Subsidy] {
        let days = Days::new(due_days(kind).saturating_sub(1));
        let before = as_of.checked_sub_days(days).unwrap_or(NaiveDate::MIN);
        for item in stored::overdue(&mut *conn, kind, before).await? {
            breaks.push(Break {
                id: format!("item/{}", item.id),
                code: Code::UnmatchedLedger.as_str(),
                statement: None,
                ordinal: None,
                detail: format!("{} of {} under {}", kind.word(), item.posting_date, item.reference),
                item: Some(item.id),
                amount: item.amount,
                first_seen: as_of,
            });
        }
    }
    Ok(stored::put_breaks(conn, &breaks).await?)
}

fn statement_id(statement: &Statement, revision: u32) -> Uuid {
    let mut cause = Canonical::tagged("bank-statement");
    cause.text(&statement.account).text(&statement.id).u64(u64::from(revision));
    cause.text(&statement.from.to_string()).text(&statement.to.to_string());
    derived_id(&cause)
}

/// Digest of what a statement says, whatever the bytes it came in.
fn content(statement: &Statement) -> Digest {
    let mut bytes = Canonical::tagged("bank-statement/1");
    bytes.text(&statement.account).text(statement.currency.letters());
    bytes.i64(statement.opening.units()).i64(statement.closing.units()).u64(statement.lines.len() as u64);
    for line in &statement.lines {
        bytes
            .text(&line.booking_date.to_string())
            .text(&line.value_date.to_string())
            .i64(line.amount.units());
        bytes.u64(u64::from(line.booked)).u64(u64::from(line.reversal));
        bytes.text(line.end_to_end.as_deref().unwrap_or_default()).text(&line.memo);
        bytes.text(line.bank_ref.as_deref().unwrap_or_default());
    }
    bytes.digest()
}

fn finding(finding: &bank::Finding) -> String {
    format!("{} {}: {}", finding.code.as_str(), finding.path, finding.detail)
}

fn line(line: &bank::Line) -> NewLine {
    NewLine {
        ordinal: line.ordinal,
        booking_date: line.booking_date,
        value_date: line.value_date,
        amount: line.amount,
        booked: line.booked,
        reversal: line.reversal,
        end_to_end: line.end_to_end.clone(),
        codes: line.references.join(" "),
        memo: line.memo.clone(),
        bank_ref: line.bank_ref.clone(),
    }
}

#[cfg(test)]
mod tests;
