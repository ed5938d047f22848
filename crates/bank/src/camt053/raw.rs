//! A statement (or one page of it) as it stands in the file, before its pages are joined and its figures compared.

use crate::statement::{Finding, FindingCode, Line};
use chrono::NaiveDate;
use primitives::{Currency, Minor};
use std::fmt;

/// What was found of one statement or page.
#[derive(Debug, Default)]
pub(super) struct RawStatement {
    pub at: u64,
    /// Which statement of the file, from 1.
    pub number: usize,
    pub id: Option<String>,
    pub electronic_sequence: Option<u64>,
    pub legal_sequence: Option<u64>,
    pub page: Page,
    pub account: Option<String>,
    pub account_type: Option<String>,
    pub currency: Option<Currency>,
    pub created: Option<NaiveDate>,
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
    pub balances: Vec<Balance>,
    pub summary: Summary,
    pub totals: Totals,
    pub lines: Vec<Line>,
    /// Lines (by index) without any date of their own: they get the last day of the period.
    pub undated: Vec<usize>,
    /// Σ of the booked entries; none when it does not fit.
    pub booked: Option<Minor>,
    /// Details less their entry, at the first entry where they differ; zero when only a count does.
    pub details_difference: Option<Minor>,
    /// The first reason why the figures cannot be compared.
    pub unprovable: Option<&'static str>,
    pub noted: Noted,
}

impl RawStatement {
    pub(super) fn new(number: usize, at: u64) -> Self {
        RawStatement { number, at, booked: Some(Minor::ZERO), ..RawStatement::default() }
    }

    /// Remembers the first reason why the figures cannot be compared.
    pub(super) fn not_provable(&mut self, why: &'static str) {
        self.unprovable.get_or_insert(why);
    }
}

/// Which page of several.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Page {
    pub number: Option<u64>,
    pub last: Option<bool>,
}

impl Page {
    pub(super) fn is_given(&self) -> bool {
        self.number.is_some() || self.last.is_some()
    }

    pub(super) fn is_the_only_one(&self) -> bool {
        self.number == Some(1) && self.last == Some(true)
    }
}

/// A balance.
#[derive(Debug, Default)]
pub(super) struct Balance {
    pub at: u64,
    pub code: Option<String>,
    /// True for a part of a balance, which proves nothing.
    pub partial: bool,
    pub amount: Option<Minor>,
    pub credit: Option<bool>,
    pub date: Option<NaiveDate>,
    /// True when one of its fields could not be read.
    pub unreadable: bool,
}

/// A total as it stands in the file; it has no currency of its own, so it is read when the statement's is known.
#[derive(Debug)]
pub(super) struct Total {
    pub at: u64,
    pub text: String,
}

/// What the file says its entries come to.
#[derive(Debug, Default)]
pub(super) struct Summary {
    pub all_count: Option<u64>,
    pub all_sum: Option<Total>,
    pub net: Option<Total>,
    pub net_credit: Option<bool>,
    pub credit_count: Option<u64>,
    pub credit_sum: Option<Total>,
    pub debit_count: Option<u64>,
    pub debit_sum: Option<Total>,
}

/// What the entries really come to, whatever their status.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Totals {
    pub credit_count: u64,
    pub credit: Minor,
    pub debit_count: u64,
    pub debit: Minor,
    pub overflow: bool,
}

impl Totals {
    pub(super) fn add(&mut self, amount: Minor, credit: bool) {
        let (count, sum) = if credit {
            (&mut self.credit_count, &mut self.credit)
        } else {
            (&mut self.debit_count, &mut self.debit)
        };
        *count = count.saturating_add(1);
        match sum.plus(amount) {
            Ok(total) => *sum = total,
            Err(_) => self.overflow = true,
        }
    }

    pub(super) fn join(&mut self, other: &Totals) {
        self.credit_count = self.credit_count.saturating_add(other.credit_count);
        self.debit_count = self.debit_count.saturating_add(other.debit_count);
        match (self.credit.plus(other.credit), self.debit.plus(other.debit)) {
            (Ok(credit), Ok(debit)) => (self.credit, self.debit) = (credit, debit),
            _ => self.overflow = true,
        }
        self.overflow |= other.overflow;
    }
}

/// The findings of one statement.
#[derive(Debug, Default)]
pub(super) struct Noted {
    pub list: Vec<Finding>,
    pub dropped: u64,
}

/// How many findings of the file may still be kept.
#[derive(Debug)]
pub(super) struct Findings {
    pub left: usize,
}

impl Findings {
    /// Keeps a finding, or counts it. The path is only written for what is kept.
    pub(super) fn add(
        &mut self,
        raw: &mut RawStatement,
        code: FindingCode,
        at: u64,
        end: fmt::Arguments<'_>,
        detail: &str,
    ) {
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                let path = format!("Stmt[{}]/{end}", raw.number);
                raw.noted.list.push(Finding { code, path, byte_offset: at, detail: detail.to_owned() });
            }
            None => raw.noted.dropped = raw.noted.dropped.saturating_add(1),
        }
    }
}
