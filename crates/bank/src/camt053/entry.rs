//! One entry and its details: fields, the comparison of the two, and the lines they become.

use super::value::{FieldFault, signed};
use crate::reference;
use crate::statement::Line;
use chrono::NaiveDate;
use primitives::Minor;
use std::collections::BTreeSet;

/// Whether an entry is final.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Booked,
    NotBooked,
}

/// An amount, or the fact that it is in another currency than the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stated {
    Amount(Minor),
    OtherCurrency,
}

/// An entry as it stands in the file.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub at: u64,
    /// Which entry of the statement, from 1.
    pub number: u64,
    pub amount: Option<Minor>,
    pub credit: Option<bool>,
    pub reversal: Option<bool>,
    pub status: Option<Status>,
    pub booking: Option<NaiveDate>,
    pub value: Option<NaiveDate>,
    pub bank_ref: Option<String>,
    pub info: Option<String>,
    pub details: Vec<Detail>,
    pub batches: Vec<Batch>,
    /// Blocks of details so far.
    pub blocks: usize,
    /// True when one of its fields could not be read.
    pub unreadable: bool,
}

/// What a block of details says it comes to.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub block: usize,
    pub count: Option<u64>,
    pub total: Option<Stated>,
    pub credit: Option<bool>,
}

/// One detail of an entry.
#[derive(Debug, Default)]
pub(super) struct Detail {
    pub block: usize,
    pub amount: Option<Stated>,
    /// The amount of the transaction, which stands in for the detail's own in the oldest versions.
    pub transacted: Option<Stated>,
    pub credit: Option<bool>,
    pub returned: bool,
    pub end_to_end: Option<String>,
    pub transaction: Option<String>,
    pub instruction: Option<String>,
    pub bank_ref: Option<String>,
    pub creditor_ref: Option<String>,
    pub text: String,
    pub info: Option<String>,
}

impl Detail {
    /// Adds one of several texts.
    pub(super) fn add_text(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(text);
    }

    fn texts(&self) -> [Option<&str>; 3] {
        [Some(self.text.as_str()), self.creditor_ref.as_deref(), self.info.as_deref()]
    }

    /// The amount with its sign; `None` when there is none to add up.
    fn signed(&self, entry: Minor, entry_credit: bool, only_one: bool) -> Result<Option<Minor>, FieldFault> {
        let amount = match (self.amount, self.transacted) {
            (Some(Stated::Amount(amount)), _) | (None, Some(Stated::Amount(amount))) => amount,
            (None, None) if only_one => entry,
            _ => return Ok(None),
        };
        signed(amount, self.credit.unwrap_or(entry_credit)).map(Some)
    }
}

/// What the comparison of an entry with its details gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Agreement {
    /// There is nothing to compare, or it agrees.
    Holds,
    /// The details cannot be added up.
    NotProvable,
    /// Details less entry; zero when only a count is wrong.
    Differs(Minor),
}

/// The lines of an entry.
#[derive(Debug)]
pub(super) struct Judged {
    pub lines: Vec<Line>,
    pub agreement: Agreement,
    /// True when neither a booking nor a value date was given.
    pub undated: bool,
}

impl Entry {
    /// Compares the entry with its details, and makes its lines: one a detail when the details sum to the entry and
    /// have references of their own, else one for the whole.
    pub(super) fn judge(&self, amount: Minor, credit: bool) -> Result<Judged, FieldFault> {
        let whole = signed(amount, credit)?;
        let amounts = self
            .details
            .iter()
            .map(|detail| detail.signed(amount, credit, self.details.len() == 1))
            .collect::<Result<Option<Vec<Minor>>, FieldFault>>()?;
        let agreement = self.agreement(whole, credit, amounts.as_deref())?;
        let split = match amounts {
            // Details that leave a part of the entry to a block without details would not sum to it as lines.
            Some(amounts) if amounts.len() > 1 && Minor::sum(amounts.iter().copied()) == Ok(whole) => {
                if agreement == Agreement::Holds {
                    self.split(&amounts)
                } else {
                    None
                }
            }
            _ => None,
        };
        let lines = split.unwrap_or_else(|| vec![self.whole_line(whole)]);
        Ok(Judged { lines, agreement, undated: self.booking.is_none() && self.value.is_none() })
    }

    fn agreement(
        &self,
        whole: Minor,
        credit: bool,
        amounts: Option<&[Minor]>,
    ) -> Result<Agreement, FieldFault> {
        let mut counts = vec![0u64; self.blocks.saturating_add(1)];
        for detail in &self.details {
            if let Some(count) = counts.get_mut(detail.block) {
                *count = count.saturating_add(1);
            }
        }
        let count_of = |block: usize| counts.get(block).copied().unwrap_or(0);
        // A block that only states its totals, without details, has nothing to count.
        let miscounted = |batch: &&Batch| {
            let counted = count_of(batch.block);
            counted > 0 && batch.count.is_some_and(|count| count != counted)
        };
        if self.batches.iter().any(|batch| miscounted(&batch)) {
            return Ok(Agreement::Differs(Minor::ZERO));
        }
        let Some(amounts) = amounts else { return Ok(Agreement::NotProvable) };
        let mut sums = vec![Minor::ZERO; self.blocks.saturating_add(1)];
        for (detail, amount) in self.details.iter().zip(amounts) {
            if let Some(sum) = sums.get_mut(detail.block) {
                *sum = plus(*sum, *amount)?;
            }
        }
        for batch in &self.batches {
            let total = match batch.total {
                Some(Stated::Amount(total)) => signed(total, batch.credit.unwrap_or(credit))?,
                _ if count_of(batch.block) > 0 => continue,
                // Neither details nor a total: this block's share of the entry is nowhere stated.
                _ if self.details.is_empty() => return Ok(Agreement::Holds),
                _ => return Ok(Agreement::NotProvable),
            };
            let Some(sum) = sums.get_mut(batch.block) else { continue };
            if count_of(batch.block) == 0 {
                *sum = total;
            } else if *sum != total {
                return minus(*sum, total).map(Agreement::Differs);
            }
        }
        if self.details.is_empty() && self.batches.is_empty() {
            return Ok(Agreement::Holds);
        }
        let sum = sums.into_iter().try_fold(Minor::ZERO, plus)?;
        if sum == whole { Ok(Agreement::Holds) } else { minus(sum, whole).map(Agreement::Differs) }
    }

    fn split(&self, amounts: &[Minor]) -> Option<Vec<Line>> {
        let mut referenced = false;
        let mut lines = Vec::with_capacity(amounts.len());
        for (detail, amount) in self.details.iter().zip(amounts) {
            let references = found(&detail_fields(detail));
            let own = [&detail.end_to_end, &detail.transaction, &detail.bank_ref, &detail.creditor_ref];
            referenced |= own.iter().any(|own| own.is_some()) || !references.is_empty();
            let mut memo = memo(&detail.texts());
            if memo.is_empty() {
                memo.push_str(self.info.as_deref().unwrap_or_default());
            }
            lines.push(self.line(*amount, Some(detail), memo, references));
        }
        referenced.then_some(lines)
    }

    fn whole_line(&self, whole: Minor) -> Line {
        let info = self.info.as_deref();
        let mut fields: Vec<Option<&str>> = self.details.iter().flat_map(detail_fields).collect();
        fields.extend([self.bank_ref.as_deref(), info]);
        let references = found(&fields);
        match self.details.as_slice() {
            [detail] => {
                let [text, creditor_ref, detail_info] = detail.texts();
                let memo = memo(&[text, creditor_ref, detail_info, info]);
                self.line(whole, Some(detail), memo, references)
            }
            // The texts of many payments are not the text of this one line.
            _ => self.line(whole, None, memo(&[info]), references),
        }
    }

    fn line(&self, amount: Minor, detail: Option<&Detail>, memo: String, references: Vec<String>) -> Line {
        let bank_ref = detail.and_then(|detail| detail.bank_ref.clone()).or_else(|| self.bank_ref.clone());
        let returned = match detail {
            Some(detail) => detail.returned,
            None => !self.details.is_empty() && self.details.iter().all(|detail| detail.returned),
        };
        // The last of the three stands for "no date"; the statement's last day replaces it.
        let booking = self.booking.or(self.value).unwrap_or_default();
        Line {
            ordinal: 0,
            booking_date: booking,
            value_date: self.value.unwrap_or(booking),
            amount,
            booked: !matches!(self.status, Some(Status::NotBooked)),
            reversal: self.reversal.unwrap_or(false) || returned,
            end_to_end: detail.and_then(|detail| detail.end_to_end.clone()),
            memo,
            bank_ref,
            references,
        }
    }
}

fn plus(a: Minor, b: Minor) -> Result<Minor, FieldFault> {
    a.plus(b).map_err(|_| FieldFault("the details do not fit 64 bits"))
}

fn minus(a: Minor, b: Minor) -> Result<Minor, FieldFault> {
    a.minus(b).map_err(|_| FieldFault("the details do not fit 64 bits"))
}

/// The fields of a detail in which a reference code may stand.
fn detail_fields(detail: &Detail) -> [Option<&str>; 7] {
    let [text, creditor_ref, info] = detail.texts();
    let ids = [&detail.end_to_end, &detail.transaction, &detail.instruction, &detail.bank_ref];
    let [end_to_end, transaction, instruction, bank_ref] = ids.map(|id| id.as_deref());
    [end_to_end, transaction, instruction, bank_ref, text, creditor_ref, info]
}

/// The reference codes in some fields, each once. Every field is searched for itself: two fields never make one code.
fn found(fields: &[Option<&str>]) -> Vec<String> {
    let mut known: BTreeSet<String> = BTreeSet::new();
    let codes = fields.iter().flatten().flat_map(|field| reference::find(field));
    codes.filter(|code| known.insert(code.clone())).collect()
}

/// The texts, each once, with one space between.
fn memo(texts: &[Option<&str>]) -> String {
    let mut kept: Vec<&str> = Vec::with_capacity(texts.len());
    for text in texts.iter().flatten() {
        if !text.is_empty() && !kept.contains(text) {
            kept.push(text);
        }
    }
    kept.join(" ")
}
