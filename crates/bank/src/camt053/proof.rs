//! Joins the pages of a statement, fills what the file left out, and compares its figures.

use super::raw::{Findings, Page, RawStatement, Summary, Total, Totals};
use super::value::{self, FieldFault, signed};
use crate::statement::{FileRefusal, Finding, FindingCode, Proof, Statement};
use chrono::NaiveDate;
use primitives::{Code, Currency, Minor, MoneyError};
use std::collections::{BTreeMap, BTreeSet};

/// What of the message's header concerns every statement.
pub(super) struct Message {
    pub page: Page,
    pub created: Option<NaiveDate>,
}

/// Which account: number, type, currency.
type Account = (Option<String>, Option<String>, Option<Currency>);
/// Which statement: account, id, period.
type Key = (Account, String, NaiveDate, NaiveDate);

/// The statements of a file, each proven or not.
pub(super) fn finish(
    raw: Vec<RawStatement>,
    message: &Message,
    mut findings: Findings,
) -> Result<Vec<Statement>, FileRefusal> {
    let mut groups: Vec<Vec<RawStatement>> = Vec::new();
    let mut paged: BTreeMap<(Account, Option<String>), usize> = BTreeMap::new();
    for statement in raw {
        // Statements without page numbers never belong together, whatever their ids.
        if !statement.page.is_given() {
            groups.push(vec![statement]);
            continue;
        }
        let key = (account_of(&statement), statement.id.clone());
        let group = *paged.entry(key).or_insert(groups.len());
        match groups.get_mut(group) {
            Some(pages) => pages.push(statement),
            None => groups.push(vec![statement]),
        }
    }
    let mut seen: BTreeSet<Key> = BTreeSet::new();
    groups
        .into_iter()
        .map(|pages| Joined::of(pages, message)?.finish(message, &mut seen, &mut findings))
        .collect()
}

fn account_of(statement: &RawStatement) -> Account {
    (statement.account.clone(), statement.account_type.clone(), statement.currency)
}

/// A whole statement, and what each of its pages says its entries come to.
struct Joined {
    raw: RawStatement,
    complete: bool,
    summaries: Vec<(Summary, Totals)>,
}

impl Joined {
    fn of(mut pages: Vec<RawStatement>, message: &Message) -> Result<Self, FileRefusal> {
        pages.sort_by_key(|page| page.page.number);
        let count = pages.len() as u64;
        let complete = if pages.iter().any(|page| page.page.is_given()) {
            let in_order = |(page, number): (&RawStatement, u64)| {
                page.page == Page { number: Some(number), last: Some(number == count) }
            };
            pages.iter().zip(1..).all(in_order)
        } else {
            !message.page.is_given() || message.page.is_the_only_one()
        };
        let summaries =
            pages.iter_mut().map(|page| (std::mem::take(&mut page.summary), page.totals)).collect();
        let raw = pages
            .into_iter()
            .reduce(append)
            .ok_or_else(|| FileRefusal::at(Code::StatementField, 0, "a statement without pages"))?;
        Ok(Joined { raw, complete, summaries })
    }

    fn finish(
        self,
        message: &Message,
        seen: &mut BTreeSet<Key>,
        findings: &mut Findings,
    ) -> Result<Statement, FileRefusal> {
        let Joined { mut raw, complete, summaries } = self;
        let missing = |what| FileRefusal::at(Code::StatementField, raw.at, what);
        let account = raw.account.clone().ok_or_else(|| missing("a statement without account number"))?;
        let currency = raw.currency.ok_or_else(|| missing("a statement without currency"))?;
        if !complete {
            note(&mut raw, findings, FindingCode::PagesIncomplete, "StmtPgntn", "pages are missing");
            raw.not_provable("pages of the statement are missing, double or without end mark");
        }
        if raw.id.is_none() {
            note(
                &mut raw,
                findings,
                FindingCode::StatementIdMissing,
                "Id",
                "the account and the period stand in",
            );
        }
        let balances = balances(&mut raw, findings);
        let (from, to) = period(&mut raw, &balances, message.created, findings)?;
        number_lines(&mut raw, from, to, findings);
        let id = raw.id.clone().unwrap_or_default();
        if !seen.insert((account_of(&raw), id.clone(), from, to)) {
            note(&mut raw, findings, FindingCode::StatementRepeated, "Id", "only the first can be proven");
            raw.not_provable("the same statement stands in the file before");
        }
        let proof = prove(&mut raw, &balances, &summaries, currency, findings);
        if raw.noted.dropped > 0 {
            let detail = format!("{} more findings were counted and not kept", raw.noted.dropped);
            let (path, byte_offset) = (format!("Stmt[{}]", raw.number), raw.at);
            raw.noted.list.push(Finding { code: FindingCode::More, path, byte_offset, detail });
        }
        let sequence = raw.electronic_sequence.or(raw.legal_sequence);
        Ok(Statement {
            id,
            sequence: sequence.filter(|number| i64::try_from(*number).is_ok()),
            account,
            account_type: raw.account_type,
            currency,
            from,
            to,
            opening: balances.opening.map_or(Minor::ZERO, |(amount, _)| amount),
            closing: balances.closing.map_or(Minor::ZERO, |(amount, _)| amount),
            lines: raw.lines,
            proof,
            findings: raw.noted.list,
        })
    }
}

fn note(raw: &mut RawStatement, findings: &mut Findings, code: FindingCode, end: &str, detail: &str) {
    let at = raw.at;
    findings.add(raw, code, at, format_args!("{end}"), detail);
}

/// Appends a page to the pages in front of it.
fn append(mut raw: RawStatement, mut page: RawStatement) -> RawStatement {
    let first = raw.lines.len();
    raw.undated.extend(page.undated.iter().map(|index| index.saturating_add(first)));
    raw.lines.append(&mut page.lines);
    raw.balances.append(&mut page.balances);
    raw.totals.join(&page.totals);
    raw.booked = raw.booked.zip(page.booked).and_then(|(a, b)| a.plus(b).ok());
    raw.details_difference = raw.details_difference.or(page.details_difference);
    raw.unprovable = raw.unprovable.or(page.unprovable);
    raw.electronic_sequence = raw.electronic_sequence.or(page.electronic_sequence);
    raw.legal_sequence = raw.legal_sequence.or(page.legal_sequence);
    raw.created = raw.created.or(page.created);
    raw.from = raw.from.or(page.from);
    raw.to = raw.to.max(page.to);
    raw.noted.list.append(&mut page.noted.list);
    raw.noted.dropped = raw.noted.dropped.saturating_add(page.noted.dropped);
    raw
}

type DatedBalance = Option<(Minor, Option<NaiveDate>)>;

struct Balances {
    opening: DatedBalance,
    closing: DatedBalance,
}

/// The pair of balances that the lines lie between.
fn balances(raw: &mut RawStatement, findings: &mut Findings) -> Balances {
    let [opening, previous, closing] = ["OPBD", "PRCD", "CLBD"].map(|code| pick(raw, code));
    let opening = match (opening, previous) {
        (Ok(None), Ok(Some(previous))) => {
            let detail = "the previous closing balance stands in";
            note(raw, findings, FindingCode::OpeningFromPrevious, "Bal", detail);
            Ok(Some(previous))
        }
        (Ok(Some(opening)), Ok(Some(previous))) if opening.0 != previous.0 => {
            let detail = "the opening is not the previous closing";
            note(raw, findings, FindingCode::OpeningDiffersFromPrevious, "Bal", detail);
            Ok(Some(opening))
        }
        (opening, _) => opening,
    };
    let mut settle = |balance: Result<DatedBalance, FieldFault>, why: &'static str| match balance {
        Ok(Some(balance)) => Some(balance),
        Ok(None) => {
            note(raw, findings, FindingCode::BalanceMissing, "Bal", why);
            raw.not_provable(why);
            None
        }
        Err(fault) => {
            note(raw, findings, FindingCode::BalanceMissing, "Bal", fault.0);
            raw.not_provable(fault.0);
            None
        }
    };
    Balances {
        opening: settle(opening, "there is no opening balance"),
        closing: settle(closing, "there is no closing balance"),
    }
}

/// The one balance of a type; parts of a balance count only when there is no whole one.
fn pick(raw: &RawStatement, code: &str) -> Result<DatedBalance, FieldFault> {
    let of_type = || raw.balances.iter().filter(|balance| balance.code.as_deref() == Some(code));
    let partial = of_type().all(|balance| balance.partial);
    let mut picked: DatedBalance = None;
    for balance in of_type().filter(|balance| balance.partial == partial) {
        let Some(amount) = balance.amount else { continue };
        // Without a sign the balance is a credit, and stays one when the proof fails.
        let amount = signed(amount, balance.credit.unwrap_or(true))?;
        match picked {
            None => picked = Some((amount, balance.date)),
            Some((known, _)) if known == amount => {}
            Some(_) => return Err(FieldFault("two balances of one type differ")),
        }
    }
    Ok(picked)
}

/// First and last day: as given, else those of the balances, of the lines, or the day the file was made.
fn period(
    raw: &mut RawStatement,
    balances: &Balances,
    message_created: Option<NaiveDate>,
    findings: &mut Findings,
) -> Result<(NaiveDate, NaiveDate), FileRefusal> {
    if raw.from.is_none() || raw.to.is_none() {
        note(raw, findings, FindingCode::DateMissing, "FrToDt", "days of balances, lines or file stand in");
    }
    let dated = raw.lines.len() > raw.undated.len();
    let line_days =
        raw.lines.iter().enumerate().filter(|(index, _)| raw.undated.binary_search(index).is_err());
    let (first, last) = match dated && (raw.from.is_none() || raw.to.is_none()) {
        true => line_days.fold((None, None), |(first, last): (Option<NaiveDate>, _), (_, line)| {
            let day = line.booking_date;
            (Some(first.map_or(day, |first| first.min(day))), last.max(Some(day)))
        }),
        false => (None, None),
    };
    let created = raw.created.or(message_created);
    let of_balance = |balance: DatedBalance| balance.and_then(|(_, day)| day);
    let to = raw.to.or(of_balance(balances.closing)).or(last).or(created);
    let from = raw.from.or(of_balance(balances.opening)).or(first).or(to);
    let (Some(from), Some(to)) = (from, to) else {
        return Err(FileRefusal::at(Code::StatementField, raw.at, "a statement without any date"));
    };
    if from > to {
        note(raw, findings, FindingCode::Field, "FrToDt", "the period ends before it begins");
        raw.not_provable("the period ends before it begins");
    }
    Ok((from, to))
}

/// Numbers the lines, and dates those that have no date.
fn number_lines(raw: &mut RawStatement, from: NaiveDate, to: NaiveDate, findings: &mut Findings) {
    for index in &raw.undated {
        if let Some(line) = raw.lines.get_mut(*index) {
            (line.booking_date, line.value_date) = (to, to);
        }
    }
    for (line, ordinal) in raw.lines.iter_mut().zip(1..) {
        line.ordinal = ordinal;
    }
    let outside =
        raw.lines.iter().filter(|line| line.booked && !(from..=to).contains(&line.booking_date)).count();
    if outside > 0 {
        let detail = format!("{outside} lines are booked on a day outside the period");
        note(raw, findings, FindingCode::DateOutsidePeriod, "Ntry", &detail);
    }
}

/// Compares the statement's figures with each other.
fn prove(
    raw: &mut RawStatement,
    balances: &Balances,
    summaries: &[(Summary, Totals)],
    currency: Currency,
    findings: &mut Findings,
) -> Proof {
    let whole = raw.totals;
    let mut summary_difference = None;
    for (summary, page) in summaries {
        // With several pages a summary may be of its page or of the whole statement; banks do both.
        let agreed = match disagreement(summary, page, currency) {
            Ok(Some(_)) if summaries.len() > 1 => disagreement(summary, &whole, currency),
            agreed => agreed,
        };
        match agreed {
            Ok(None) => {}
            Ok(Some(difference)) => {
                summary_difference.get_or_insert(difference);
            }
            Err((at, fault)) => {
                findings.add(raw, FindingCode::Field, at, format_args!("TxsSummry"), fault.0);
                raw.not_provable("a total cannot be read");
            }
        }
    }
    let (Some((opening, _)), Some((closing, _)), None) = (balances.opening, balances.closing, raw.unprovable)
    else {
        return Proof::NotProvable { why: raw.unprovable.unwrap_or("a balance is missing").to_owned() };
    };
    let reached = raw.booked.ok_or(MoneyError::Overflow).and_then(|booked| opening.plus(booked));
    let Ok(difference) = reached.and_then(|reached| reached.minus(closing)) else {
        return Proof::NotProvable { why: "the sum of the lines does not fit 64 bits".to_owned() };
    };
    if !difference.is_zero() {
        let detail = "opening plus booked lines is not closing";
        note(raw, findings, FindingCode::BalanceProof, "Bal", detail);
    }
    if summary_difference.is_some() {
        let detail = "counts or totals are not those of the entries";
        note(raw, findings, FindingCode::Checksum, "TxsSummry", detail);
    }
    let sums = (!difference.is_zero()).then_some(difference);
    let failures = [sums, raw.details_difference, summary_difference];
    let mut failures = failures.into_iter().flatten().peekable();
    match failures.peek().copied() {
        None => Proof::Proven,
        Some(first) => Proof::Failed { difference: failures.find(|one| !one.is_zero()).unwrap_or(first) },
    }
}

/// What a summary states less what was counted, at the first field where they differ; zero when it is a count.
fn disagreement(
    summary: &Summary,
    totals: &Totals,
    currency: Currency,
) -> Result<Option<Minor>, (u64, FieldFault)> {
    let overflow = |_| (0, FieldFault("the totals do not fit 64 bits"));
    if totals.overflow {
        return Err((0, FieldFault("the totals do not fit 64 bits")));
    }
    let counts = [
        (summary.all_count, totals.credit_count.saturating_add(totals.debit_count)),
        (summary.credit_count, totals.credit_count),
        (summary.debit_count, totals.debit_count),
    ];
    if counts.iter().any(|(stated, counted)| stated.is_some_and(|stated| stated != *counted)) {
        return Ok(Some(Minor::ZERO));
    }
    let net = totals.credit.minus(totals.debit).map_err(overflow)?;
    let all = || totals.credit.plus(totals.debit).map_err(overflow);
    let net_size = if net.is_negative() { net.negated().map_err(overflow)? } else { net };
    let net_counted = if summary.net_credit.is_some() { net } else { net_size };
    let all_counted = if summary.all_sum.is_some() { all()? } else { Minor::ZERO };
    let sums = [
        (&summary.all_sum, true, all_counted),
        (&summary.credit_sum, true, totals.credit),
        (&summary.debit_sum, true, totals.debit),
        (&summary.net, summary.net_credit.unwrap_or(true), net_counted),
    ];
    for (total, credit, counted) in sums {
        let Some(Total { at, text }) = total else { continue };
        let stated = value::amount(text, currency).and_then(|stated| signed(stated, credit));
        let stated = stated.map_err(|fault| (*at, fault))?;
        if stated != counted {
            return stated.minus(counted).map(Some).map_err(overflow);
        }
    }
    Ok(None)
}
