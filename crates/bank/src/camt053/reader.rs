//! Takes the elements of the walk and fills the fields of the raw statements.

use super::entry::{Agreement, Batch, Detail, Entry, Stated, Status};
use super::place::Place;
use super::raw::{Balance, Findings, Page, RawStatement, Total};
use super::value::{self, FieldFault, once};
use crate::limits::{BALANCES_MAX, Limits};
use crate::statement::{FileRefusal, FindingCode, Line};
use crate::xml::{Element, Sink};
use chrono::NaiveDate;
use primitives::{Code, Currency, Minor};

/// The namespaces of the message, without the version at their end.
const NAMESPACE: &str = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.";
/// The versions before this one are of another shape.
const VERSION_MIN: u32 = 2;
/// From this version on, a status is a group with a code.
const STATUS_GROUP_VERSION: u32 = 7;

/// The state of a walk over a camt.053 file.
pub(super) struct Reader {
    limits: Limits,
    version: u32,
    places: Vec<Place>,
    /// The currency attribute of the amount that is open.
    currency: Option<Result<Currency, FieldFault>>,
    pub created: Option<NaiveDate>,
    pub page: Page,
    pub findings: Findings,
    pub statements: Vec<RawStatement>,
    statement: RawStatement,
    balance: Balance,
    entry: Entry,
    entries: u64,
}

impl Sink for Reader {
    fn root(&mut self, namespace: &str, local: &str, at: u64) -> Result<(), FileRefusal> {
        let version = namespace
            .strip_prefix(NAMESPACE)
            .filter(|version| version.len() == 2 && version.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|version| version.parse::<u32>().ok())
            .filter(|version| *version >= VERSION_MIN && local == "Document");
        match version {
            Some(version) => {
                self.version = version;
                Ok(())
            }
            None => Err(FileRefusal::at(
                Code::FileNoProfile,
                at,
                "not a camt.053 document of version 02 or later",
            )),
        }
    }

    fn open(&mut self, element: &Element<'_>) -> Result<(), FileRefusal> {
        let place = match self.places.last() {
            None => Place::Document,
            Some(_) if !element.ours => Place::Ignored,
            Some(Place::Ignored) => Place::Ignored,
            Some(parent) => parent.child(element.local),
        };
        if let Some(parent) = self.places.last().copied().filter(|parent| parent.is_value()) {
            self.fault(parent, element.at, FieldFault("an element inside a value"));
        }
        self.places.push(place);
        match place {
            Place::Statement => self.open_statement(element.at)?,
            Place::Balance => {
                if self.statement.balances.len() >= BALANCES_MAX {
                    return Err(too_large(element.at, "more balances in a statement than BALANCES_MAX"));
                }
                self.balance = Balance { at: element.at, ..Balance::default() };
            }
            Place::BalanceSubType => self.balance.partial = true,
            Place::Entry => {
                self.entries = self.entries.saturating_add(1);
                self.entry = Entry { at: element.at, number: self.entries, ..Entry::default() };
            }
            Place::Block => self.entry.blocks = self.entry.blocks.saturating_add(1),
            Place::Batch => {
                if self.entry.batches.len() >= self.limits.lines {
                    return Err(too_large(element.at, "more batches in an entry than LINES_MAX"));
                }
                self.entry.batches.push(Batch { block: self.entry.blocks, ..Batch::default() });
            }
            Place::Detail => {
                if self.entry.details.len() >= self.limits.lines {
                    return Err(too_large(element.at, "more details in an entry than LINES_MAX"));
                }
                self.entry.details.push(Detail { block: self.entry.blocks, ..Detail::default() });
            }
            Place::DetailReturn => {
                if let Some(detail) = self.entry.details.last_mut() {
                    detail.returned = true;
                }
            }
            Place::BalanceAmount
            | Place::EntryAmount
            | Place::BatchAmount
            | Place::DetailAmount
            | Place::DetailTransactedAmount => {
                self.currency = element.attributes.get("Ccy").map(|letters| value::currency(letters.trim()));
            }
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, text: &str, at: u64) -> Result<(), FileRefusal> {
        let place = self.places.pop().unwrap_or(Place::Ignored);
        match place {
            Place::Ignored => {}
            Place::Statement => {
                self.statements.push(std::mem::take(&mut self.statement));
            }
            Place::Balance => {
                let balance = std::mem::take(&mut self.balance);
                self.close_balance(balance);
            }
            Place::Entry => {
                let entry = std::mem::take(&mut self.entry);
                self.close_entry(entry)?;
            }
            // The one element with a value of its own in old versions and a group in new ones.
            Place::EntryStatus | Place::EntryStatusCode => self.status(place, trim(text), at),
            _ if place.is_value() => {
                if let Err(fault) = self.field(place, trim(text), at) {
                    self.fault(place, at, fault);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

impl Reader {
    pub(super) fn new(limits: &Limits) -> Self {
        Reader {
            limits: *limits,
            version: 0,
            places: Vec::new(),
            currency: None,
            created: None,
            page: Page::default(),
            findings: Findings { left: limits.findings },
            statements: Vec::new(),
            statement: RawStatement::default(),
            balance: Balance::default(),
            entry: Entry::default(),
            entries: 0,
        }
    }

    fn open_statement(&mut self, at: u64) -> Result<(), FileRefusal> {
        if self.statements.len() >= self.limits.statements {
            return Err(too_large(at, "more statements than STATEMENTS_MAX"));
        }
        self.statement = RawStatement::new(self.statements.len().saturating_add(1), at);
        self.entries = 0;
        Ok(())
    }

    /// A field that cannot be read takes what it belongs to with it: an entry, a balance, or the whole statement.
    fn fault(&mut self, place: Place, at: u64, fault: FieldFault) {
        let (raw, findings) = (&mut self.statement, &mut self.findings);
        let end = place.path_end();
        if self.places.contains(&Place::Entry) {
            self.entry.unreadable = true;
            findings.add(raw, FindingCode::Field, at, format_args!("Ntry[{}]/{end}", self.entries), fault.0);
        } else if self.places.contains(&Place::Balance) {
            self.balance.unreadable = true;
            let number = raw.balances.len().saturating_add(1);
            findings.add(raw, FindingCode::Field, at, format_args!("Bal[{number}]/{end}"), fault.0);
        } else if !self.places.contains(&Place::Statement) {
            // Of the message's header only the page counts: unread, it says that pages may be missing.
            if matches!(place, Place::HeaderPage | Place::HeaderLastPage) {
                self.page.last = Some(false);
            }
        } else if matches!(place, Place::ElectronicSequence | Place::LegalSequence) {
            findings.add(raw, FindingCode::SequenceUnreadable, at, format_args!("{end}"), fault.0);
        } else {
            raw.not_provable("a field of the statement cannot be read");
            findings.add(raw, FindingCode::Field, at, format_args!("{end}"), fault.0);
        }
    }

    fn field(&mut self, place: Place, text: &str, at: u64) -> Result<(), FieldFault> {
        match place {
            Place::HeaderCreated => value::day(text).and_then(|day| once(&mut self.created, day.date)),
            Place::HeaderPage => value::count(text).and_then(|number| once(&mut self.page.number, number)),
            Place::HeaderLastPage => value::indicator(text).and_then(|last| once(&mut self.page.last, last)),
            Place::BalanceCode | Place::BalanceAmount | Place::BalanceSign | Place::BalanceDate => {
                self.balance_field(place, text)
            }
            Place::EntryAmount
            | Place::EntrySign
            | Place::EntryReversal
            | Place::EntryBookingDate
            | Place::EntryValueDate
            | Place::EntryBankRef
            | Place::EntryInfo
            | Place::BatchCount
            | Place::BatchAmount
            | Place::BatchSign => self.entry_field(place, text, at),
            _ if self.places.contains(&Place::Detail) => self.detail_field(place, text),
            _ if self.places.contains(&Place::Summary) => self.summary_field(place, text, at),
            _ => self.statement_field(place, text),
        }
    }

    fn statement_field(&mut self, place: Place, text: &str) -> Result<(), FieldFault> {
        let statement = &mut self.statement;
        let named = |slot: &mut Option<String>| match value::words(text) {
            Some(text) => once(slot, text),
            None => Ok(()),
        };
        match place {
            Place::Id => named(&mut statement.id),
            Place::ElectronicSequence => {
                value::count(text).and_then(|number| once(&mut statement.electronic_sequence, number))
            }
            Place::LegalSequence => {
                value::count(text).and_then(|number| once(&mut statement.legal_sequence, number))
            }
            Place::Page => value::count(text).and_then(|number| once(&mut statement.page.number, number)),
            Place::LastPage => value::indicator(text).and_then(|last| once(&mut statement.page.last, last)),
            Place::Created => value::day(text).and_then(|day| once(&mut statement.created, day.date)),
            Place::PeriodFrom => value::day(text).and_then(|day| once(&mut statement.from, day.date)),
            Place::PeriodTo => value::day(text).and_then(|day| once(&mut statement.to, day.date)),
            Place::AccountIban | Place::AccountOtherId => named(&mut statement.account),
            Place::AccountTypeCode => named(&mut statement.account_type),
            Place::AccountCurrency => {
                let currency = value::currency(text)?;
                match statement.currency.replace(currency) {
                    Some(known) if known != currency => {
                        Err(FieldFault("another currency than the amounts in front of it"))
                    }
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    fn balance_field(&mut self, place: Place, text: &str) -> Result<(), FieldFault> {
        match place {
            Place::BalanceCode => match value::words(text) {
                Some(code) => once(&mut self.balance.code, code),
                None => Ok(()),
            },
            Place::BalanceAmount => match self.stated(text)? {
                Stated::Amount(amount) => once(&mut self.balance.amount, amount),
                Stated::OtherCurrency => Err(FieldFault("another currency than the account's")),
            },
            Place::BalanceSign => {
                value::credit(text).and_then(|credit| once(&mut self.balance.credit, credit))
            }
            _ => value::day(text).and_then(|day| once(&mut self.balance.date, day.date)),
        }
    }

    fn summary_field(&mut self, place: Place, text: &str, at: u64) -> Result<(), FieldFault> {
        let summary = &mut self.statement.summary;
        let number = |slot: &mut Option<u64>| value::count(text).and_then(|count| once(slot, count));
        let total = |slot: &mut Option<Total>| once(slot, Total { at, text: text.to_owned() });
        match place {
            Place::SummaryAllCount => number(&mut summary.all_count),
            Place::SummaryAllSum => total(&mut summary.all_sum),
            Place::SummaryNetAmount => total(&mut summary.net),
            Place::SummaryNetSign => {
                value::credit(text).and_then(|credit| once(&mut summary.net_credit, credit))
            }
            Place::SummaryCreditCount => number(&mut summary.credit_count),
            Place::SummaryCreditSum => total(&mut summary.credit_sum),
            Place::SummaryDebitCount => number(&mut summary.debit_count),
            Place::SummaryDebitSum => total(&mut summary.debit_sum),
            _ => Ok(()),
        }
    }

    fn entry_field(&mut self, place: Place, text: &str, at: u64) -> Result<(), FieldFault> {
        match place {
            Place::EntryAmount => match self.stated(text)? {
                Stated::Amount(amount) => once(&mut self.entry.amount, amount),
                Stated::OtherCurrency => Err(FieldFault("another currency than the account's")),
            },
            Place::EntrySign => value::credit(text).and_then(|credit| once(&mut self.entry.credit, credit)),
            Place::EntryReversal => {
                value::indicator(text).and_then(|yes| once(&mut self.entry.reversal, yes))
            }
            Place::EntryBookingDate => {
                let day = value::day(text)?;
                if day.utc {
                    let end = format_args!("Ntry[{}]/BookgDt", self.entries);
                    let (raw, detail) = (&mut self.statement, "taken as written");
                    self.findings.add(raw, FindingCode::DateInUtc, at, end, detail);
                }
                once(&mut self.entry.booking, day.date)
            }
            Place::EntryValueDate => value::day(text).and_then(|day| once(&mut self.entry.value, day.date)),
            Place::EntryBankRef => set(&mut self.entry.bank_ref, value::id(text)),
            Place::EntryInfo => set(&mut self.entry.info, value::words(text)),
            _ => self.batch_field(place, text),
        }
    }

    fn batch_field(&mut self, place: Place, text: &str) -> Result<(), FieldFault> {
        let total = if place == Place::BatchAmount { Some(self.stated(text)?) } else { None };
        let Some(batch) = self.entry.batches.last_mut() else { return Ok(()) };
        match (place, total) {
            (_, Some(total)) => once(&mut batch.total, total),
            (Place::BatchSign, _) => value::credit(text).and_then(|credit| once(&mut batch.credit, credit)),
            _ => value::count(text).and_then(|count| once(&mut batch.count, count)),
        }
    }

    fn detail_field(&mut self, place: Place, text: &str) -> Result<(), FieldFault> {
        let amount = match place {
            Place::DetailAmount | Place::DetailTransactedAmount => Some(self.stated(text)?),
            _ => None,
        };
        let Some(detail) = self.entry.details.last_mut() else { return Ok(()) };
        match (place, amount) {
            (Place::DetailAmount, Some(amount)) => once(&mut detail.amount, amount),
            (_, Some(amount)) => once(&mut detail.transacted, amount),
            (Place::DetailSign, _) => value::credit(text).and_then(|credit| once(&mut detail.credit, credit)),
            (Place::DetailEndToEnd, _) => set(&mut detail.end_to_end, value::id(text)),
            (Place::DetailTransaction, _) => set(&mut detail.transaction, value::id(text)),
            (Place::DetailInstruction, _) => set(&mut detail.instruction, value::id(text)),
            (Place::DetailBankRef, _) => set(&mut detail.bank_ref, value::id(text)),
            (Place::DetailInfo, _) => set(&mut detail.info, value::words(text)),
            (Place::DetailCreditorRefText, _) => {
                // Several invoices may be paid at once, each with a reference.
                match (&mut detail.creditor_ref, value::words(text)) {
                    (Some(known), Some(text)) => {
                        known.push(' ');
                        known.push_str(&text);
                    }
                    (slot, text) => *slot = text.or(slot.take()),
                }
                Ok(())
            }
            (Place::DetailText, _) => {
                if let Some(text) = value::words(text) {
                    detail.add_text(&text);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The amount of an element with a currency attribute, judged against the account's currency.
    fn stated(&mut self, text: &str) -> Result<Stated, FieldFault> {
        let currency = self.currency.take().ok_or(FieldFault("an amount without currency"))??;
        let amount = value::amount(text, currency)?;
        let account = *self.statement.currency.get_or_insert(currency);
        Ok(if account == currency { Stated::Amount(amount) } else { Stated::OtherCurrency })
    }

    fn status(&mut self, place: Place, text: &str, at: u64) {
        let grouped = place == Place::EntryStatusCode;
        // A group has white space of its own only.
        if text.is_empty() && !grouped {
            return;
        }
        let status = match text {
            "BOOK" => Status::Booked,
            _ => Status::NotBooked,
        };
        let end = format_args!("Ntry[{}]/Sts", self.entries);
        let (raw, findings) = (&mut self.statement, &mut self.findings);
        if !matches!(text, "BOOK" | "PDNG" | "INFO" | "FUTR") {
            findings.add(raw, FindingCode::StatusUnknown, at, end, "not summed");
        } else if grouped != (self.version >= STATUS_GROUP_VERSION) {
            findings.add(raw, FindingCode::StatusForm, at, end, "in the form of another version");
        }
        if let Err(fault) = once(&mut self.entry.status, status) {
            self.fault(place, at, fault);
        }
    }

    fn close_balance(&mut self, balance: Balance) {
        // Balances of other types are not used, so they may say what they like.
        let used = balance.code.as_deref().is_none_or(|code| matches!(code, "OPBD" | "PRCD" | "CLBD"));
        if balance.unreadable && used {
            self.statement.not_provable("a balance cannot be read");
        }
        if balance.credit.is_none() {
            let number = self.statement.balances.len().saturating_add(1);
            let end = format_args!("Bal[{number}]/CdtDbtInd");
            let (raw, code) = (&mut self.statement, FindingCode::BalanceSignMissing);
            self.findings.add(raw, code, balance.at, end, "read as credit");
        }
        self.statement.balances.push(balance);
    }

    fn close_entry(&mut self, entry: Entry) -> Result<(), FileRefusal> {
        if entry.unreadable {
            self.statement.not_provable("an entry cannot be read");
            return Ok(());
        }
        let (Some(amount), Some(credit)) = (entry.amount, entry.credit) else {
            let (code, end) = match entry.amount {
                None => (FindingCode::Field, "Amt"),
                Some(_) => (FindingCode::EntrySignMissing, "CdtDbtInd"),
            };
            self.note(&entry, code, end, "the entry is not read as a line");
            self.statement.not_provable("an entry has no amount, or does not say credit or debit");
            return Ok(());
        };
        let judged = match entry.judge(amount, credit) {
            Ok(judged) => judged,
            Err(fault) => {
                self.note(&entry, FindingCode::Field, "NtryDtls", fault.0);
                self.statement.not_provable("an entry cannot be read");
                return Ok(());
            }
        };
        if entry.status.is_none() {
            self.note(&entry, FindingCode::StatusMissing, "Sts", "read as booked");
        }
        if entry.booking.is_none() {
            self.note(
                &entry,
                FindingCode::DateMissing,
                "BookgDt",
                "the value date or the last day stands in",
            );
        }
        match judged.agreement {
            Agreement::Holds => {}
            Agreement::NotProvable => {
                let detail = "the details cannot be added up, the entry stays one line";
                self.note(&entry, FindingCode::DetailsNotProvable, "NtryDtls", detail);
            }
            Agreement::Differs(difference) => {
                let detail = "amounts or count of the details differ from the entry";
                self.note(&entry, FindingCode::BalanceProof, "NtryDtls", detail);
                self.statement.details_difference.get_or_insert(difference);
            }
        }
        self.add_lines(&entry, judged.lines, judged.undated)?;
        self.statement.totals.add(amount, credit);
        Ok(())
    }

    fn add_lines(&mut self, entry: &Entry, lines: Vec<Line>, undated: bool) -> Result<(), FileRefusal> {
        let statement = &mut self.statement;
        if statement.lines.len().saturating_add(lines.len()) > self.limits.lines {
            return Err(too_large(entry.at, "more lines in a statement than LINES_MAX"));
        }
        for line in lines {
            if undated {
                statement.undated.push(statement.lines.len());
            }
            if line.booked {
                statement.booked = statement.booked.and_then(|sum: Minor| sum.plus(line.amount).ok());
            }
            statement.lines.push(line);
        }
        Ok(())
    }

    fn note(&mut self, entry: &Entry, code: FindingCode, end: &str, detail: &str) {
        let end = format_args!("Ntry[{}]/{end}", entry.number);
        self.findings.add(&mut self.statement, code, entry.at, end, detail);
    }
}

fn too_large(at: u64, detail: &str) -> FileRefusal {
    FileRefusal::at(Code::TooLarge, at, detail)
}

/// Sets an id or text that may be empty, and may stand once only.
fn set(slot: &mut Option<String>, text: Option<String>) -> Result<(), FieldFault> {
    match text {
        Some(text) => once(slot, text),
        None => Ok(()),
    }
}

/// White space as XML has it; all of it is ASCII, so the ends are found byte by byte.
fn trim(text: &str) -> &str {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    let bytes = text.as_bytes();
    let Some(start) = bytes.iter().position(|byte| !is_space(byte)) else { return "" };
    let end =
        bytes.iter().rposition(|byte| !is_space(byte)).map_or(bytes.len(), |last| last.saturating_add(1));
    text.get(start..end).unwrap_or(text)
}
