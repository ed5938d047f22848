//! What the back office books: the events of the accounting table that no tap and no command of a card account causes,
//! each as the lines it is. The numbers are those of the table in
//! docs/ledger.md.

mod words;

pub use words::FORMS;

use crate::chart::Chart;
use crate::posting::Line;
use primitives::{Minor, MoneyError, PartyNo};

/// Who bears a fee or a loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bearer {
    /// An operator, out of riders' money it is owed.
    Operator(PartyNo),
    /// The scheme's own money.
    Own,
}

/// To whom a payout was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payee {
    /// An operator: the money goes back to what it is owed of riders' money.
    Operator,
    /// A school.
    School,
}

/// What a party owes the trust ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receivable {
    /// Cash it took for us.
    Cash,
    /// What a channel announced and never paid.
    Channel,
    /// Open-loop rides.
    Acquirer,
    /// Reductions a funder promised.
    Subsidy,
    /// Rides under dispute.
    Chargeback,
}

impl Receivable {
    /// The account of the chart.
    pub const fn chart(self) -> Chart {
        match self {
            Receivable::Cash => Chart::CashInTransit,
            Receivable::Channel => Chart::BankClearing,
            Receivable::Acquirer => Chart::AcquirerReceivable,
            Receivable::Subsidy => Chart::SubsidyReceivable,
            Receivable::Chargeback => Chart::ChargebackReceivable,
        }
    }
}

/// An event of the back office. Amounts are above zero, but for fees and taxes, which may be zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// 1b, 11d: a party paid cash it held for us into the bank.
    CashBanked {
        /// Who held it.
        holder: PartyNo,
        /// How much.
        amount: Minor,
    },
    /// 1c: a party's cash was counted short. The holders of cards keep what they paid in.
    CashShort {
        /// Who held it.
        holder: PartyNo,
        /// How much is missing.
        amount: Minor,
    },
    /// 2c: a channel paid what was announced less a fee that the scheme bears.
    ChannelNetted {
        /// The channel.
        channel: PartyNo,
        /// What was announced.
        gross: Minor,
        /// Its fee.
        fee: Minor,
        /// The tax on the fee.
        tax: Minor,
    },
    /// 7b: an acquirer paid open-loop rides less its fee.
    AcquirerNetted {
        /// The acquirer.
        acquirer: PartyNo,
        /// The rides.
        gross: Minor,
        /// Its fee.
        fee: Minor,
        /// Who bears the fee.
        bearer: Bearer,
    },
    /// 8a: an acquirer took a ride back.
    ChargebackRaised {
        /// The acquirer.
        acquirer: PartyNo,
        /// The ride.
        amount: Minor,
    },
    /// 8b: the case was won.
    ChargebackWon {
        /// The acquirer.
        acquirer: PartyNo,
        /// The ride.
        amount: Minor,
    },
    /// 8b: the case was lost.
    ChargebackLost {
        /// The acquirer.
        acquirer: PartyNo,
        /// The ride.
        amount: Minor,
        /// Who bears the loss.
        bearer: Bearer,
    },
    /// 9a: a school's bill was paid at the bank.
    SchoolPaid {
        /// The school.
        school: PartyNo,
        /// The bill.
        amount: Minor,
    },
    /// 10a: a funder paid a claim.
    SubsidyPaid {
        /// The funder.
        funder: PartyNo,
        /// How much.
        amount: Minor,
    },
    /// 10b: a funder cut lines of a claim; the operator bears it.
    SubsidyCut {
        /// The funder.
        funder: PartyNo,
        /// The operator whose rides were cut.
        operator: PartyNo,
        /// How much.
        amount: Minor,
    },
    /// 11c: the bank rejected a payout; the money never left.
    PayoutRejected {
        /// Who was to be paid.
        party: PartyNo,
        /// What it is.
        payee: Payee,
        /// How much.
        amount: Minor,
    },
    /// 11c: a payout came back after the bank had paid it.
    PayoutReturned {
        /// Who was to be paid.
        party: PartyNo,
        /// What it is.
        payee: Payee,
        /// How much.
        amount: Minor,
    },
    /// 12: money of an unknown owner was sent back.
    SuspenseReturned {
        /// How much.
        amount: Minor,
    },
    /// 12b: the bank charged the trust account; own money owes it.
    BankCharge {
        /// The charge.
        fee: Minor,
        /// The tax on it.
        tax: Minor,
    },
    /// 13: what a party owes is given up; own money makes the trust ring whole.
    WriteOff {
        /// What it owes for.
        receivable: Receivable,
        /// Who.
        party: PartyNo,
        /// The rest that is given up.
        amount: Minor,
    },
    /// 18a: own money refills or prefunds the trust ring.
    Prefund {
        /// How much.
        amount: Minor,
    },
    /// 18b: earned money is taken out of the trust ring.
    Sweep {
        /// How much.
        amount: Minor,
    },
}

impl Event {
    /// The event's number in the accounting table.
    pub const fn number(&self) -> &'static str {
        match self {
            Event::CashBanked { .. } => "1b",
            Event::CashShort { .. } => "1c",
            Event::ChannelNetted { .. } => "2c",
            Event::AcquirerNetted { .. } => "7b",
            Event::ChargebackRaised { .. } => "8a",
            Event::ChargebackWon { .. } | Event::ChargebackLost { .. } => "8b",
            Event::SchoolPaid { .. } => "9a",
            Event::SubsidyPaid { .. } => "10a",
            Event::SubsidyCut { .. } => "10b",
            Event::PayoutRejected { .. } | Event::PayoutReturned { .. } => "11c",
            Event::SuspenseReturned { .. } => "12",
            Event::BankCharge { .. } => "12b",
            Event::WriteOff { .. } => "13",
            Event::Prefund { .. } => "18a",
            Event::Sweep { .. } => "18b",
        }
    }

    /// The stable word.
    pub const fn word(&self) -> &'static str {
        match self {
            Event::CashBanked { .. } => "cash_banked",
            Event::CashShort { .. } => "cash_short",
            Event::ChannelNetted { .. } => "channel_netted",
            Event::AcquirerNetted { .. } => "acquirer_netted",
            Event::ChargebackRaised { .. } => "chargeback_raised",
            Event::ChargebackWon { .. } => "chargeback_won",
            Event::ChargebackLost { .. } => "chargeback_lost",
            Event::SchoolPaid { .. } => "school_paid",
            Event::SubsidyPaid { .. } => "subsidy_paid",
            Event::SubsidyCut { .. } => "subsidy_cut",
            Event::PayoutRejected { .. } => "payout_rejected",
            Event::PayoutReturned { .. } => "payout_returned",
            Event::SuspenseReturned { .. } => "suspense_returned",
            Event::BankCharge { .. } => "bank_charge",
            Event::WriteOff { .. } => "write_off",
            Event::Prefund { .. } => "prefund",
            Event::Sweep { .. } => "sweep",
        }
    }

    /// What the event moves on the trust ring's bank accounts; above zero is to us.
    pub fn at_bank(&self) -> Result<Minor, MoneyError> {
        let lines = self.lines()?;
        let bank = || lines.iter().filter(|line| line.chart == Chart::TrustBank);
        Minor::sum(bank().map(|line| line.debit))?.minus(Minor::sum(bank().map(|line| line.credit))?)
    }

    /// The lines, debits first; a part of zero is no line.
    pub fn lines(&self) -> Result<Vec<Line>, MoneyError> {
        use Chart::{
            AcquirerReceivable, CashInTransit, CashOverShort, ChannelFeeExpense, ChargebackLoss,
            ChargebackReceivable, DueFromOwn, DueToTrust, OperatorSubsidy, OwnBank, PayoutInFlight,
            SchoolPayable, SubsidyReceivable, Suspense, TrustBank, WriteOffExpense,
        };
        let (debit, credit) = (Line::debit, Line::credit);
        let of = Line::party;
        let lines = match *self {
            Event::CashBanked { holder, amount } => {
                vec![debit(TrustBank, 0, amount), credit(CashInTransit, of(holder), amount)]
            }
            Event::CashShort { holder, amount } => {
                borne_by_own(CashOverShort, credit(CashInTransit, of(holder), amount), amount)
            }
            Event::ChannelNetted { channel, gross, fee, tax } => channel_netted(channel, gross, fee, tax)?,
            Event::AcquirerNetted { acquirer, gross, fee, bearer } => {
                let mut lines = vec![debit(TrustBank, 0, gross.minus(fee)?)];
                lines.extend(bearer.bears(fee, ChannelFeeExpense));
                lines.push(credit(AcquirerReceivable, of(acquirer), gross));
                lines
            }
            Event::ChargebackRaised { acquirer, amount } => vec![
                debit(ChargebackReceivable, of(acquirer), amount),
                credit(AcquirerReceivable, of(acquirer), amount),
            ],
            Event::ChargebackWon { acquirer, amount } => vec![
                debit(AcquirerReceivable, of(acquirer), amount),
                credit(ChargebackReceivable, of(acquirer), amount),
            ],
            Event::ChargebackLost { acquirer, amount, bearer } => {
                let mut lines = bearer.bears(amount, ChargebackLoss);
                lines.push(credit(ChargebackReceivable, of(acquirer), amount));
                lines
            }
            Event::SchoolPaid { school, amount } => {
                vec![debit(TrustBank, 0, amount), credit(SchoolPayable, of(school), amount)]
            }
            Event::SubsidyPaid { funder, amount } => {
                vec![debit(TrustBank, 0, amount), credit(SubsidyReceivable, of(funder), amount)]
            }
            Event::SubsidyCut { funder, operator, amount } => vec![
                debit(OperatorSubsidy, of(operator), amount),
                credit(SubsidyReceivable, of(funder), amount),
            ],
            Event::PayoutRejected { party, payee, amount } => {
                vec![debit(PayoutInFlight, of(party), amount), credit(payee.chart(), of(party), amount)]
            }
            Event::PayoutReturned { party, payee, amount } => payout_returned(party, payee, amount),
            Event::SuspenseReturned { amount } => {
                vec![debit(Suspense, 0, amount), credit(TrustBank, 0, amount)]
            }
            Event::BankCharge { fee, tax } => bank_charge(fee, tax)?,
            Event::WriteOff { receivable, party, amount } => {
                borne_by_own(WriteOffExpense, credit(receivable.chart(), of(party), amount), amount)
            }
            Event::Prefund { amount } => vec![
                debit(TrustBank, 0, amount),
                credit(DueFromOwn, 0, amount),
                debit(DueToTrust, 0, amount),
                credit(OwnBank, 0, amount),
            ],
            Event::Sweep { amount } => vec![
                debit(DueFromOwn, 0, amount),
                credit(TrustBank, 0, amount),
                debit(OwnBank, 0, amount),
                credit(DueToTrust, 0, amount),
            ],
        };
        Ok(lines.into_iter().filter(|line| !(line.debit.is_zero() && line.credit.is_zero())).collect())
    }
}

/// What the scheme bears of a channel's payment is owed by own money, the tax on it claimable.
fn channel_netted(channel: PartyNo, gross: Minor, fee: Minor, tax: Minor) -> Result<Vec<Line>, MoneyError> {
    let kept = fee.plus(tax)?;
    Ok(vec![
        Line::debit(Chart::TrustBank, 0, gross.minus(kept)?),
        Line::debit(Chart::DueFromOwn, 0, kept),
        Line::credit(Chart::BankClearing, Line::party(channel), gross),
        Line::debit(Chart::ChannelFeeExpense, 0, fee),
        Line::debit(Chart::VatInput, 0, tax),
        Line::credit(Chart::DueToTrust, 0, kept),
    ])
}

fn bank_charge(fee: Minor, tax: Minor) -> Result<Vec<Line>, MoneyError> {
    let whole = fee.plus(tax)?;
    Ok(vec![
        Line::debit(Chart::DueFromOwn, 0, whole),
        Line::credit(Chart::TrustBank, 0, whole),
        Line::debit(Chart::ChannelFeeExpense, 0, fee),
        Line::debit(Chart::VatInput, 0, tax),
        Line::credit(Chart::DueToTrust, 0, whole),
    ])
}

/// The money is in flight once more, and at once owed again: the two steps of 11c in one posting.
fn payout_returned(party: PartyNo, payee: Payee, amount: Minor) -> Vec<Line> {
    let owner = Line::party(party);
    vec![
        Line::debit(Chart::TrustBank, 0, amount),
        Line::credit(Chart::PayoutInFlight, owner, amount),
        Line::debit(Chart::PayoutInFlight, owner, amount),
        Line::credit(payee.chart(), owner, amount),
    ]
}

impl Payee {
    const fn chart(self) -> Chart {
        match self {
            Payee::Operator => Chart::OperatorFare,
            Payee::School => Chart::SchoolPayable,
        }
    }
}

impl Bearer {
    fn bears(self, amount: Minor, expense: Chart) -> Vec<Line> {
        match self {
            Bearer::Operator(operator) => {
                vec![Line::debit(Chart::OperatorFare, Line::party(operator), amount)]
            }
            Bearer::Own => own(expense, amount),
        }
    }
}

/// Own money owes the trust ring what it spends there.
fn own(expense: Chart, amount: Minor) -> Vec<Line> {
    vec![
        Line::debit(Chart::DueFromOwn, 0, amount),
        Line::debit(expense, 0, amount),
        Line::credit(Chart::DueToTrust, 0, amount),
    ]
}

fn borne_by_own(expense: Chart, given_up: Line, amount: Minor) -> Vec<Line> {
    let mut lines = own(expense, amount);
    lines.push(given_up);
    lines
}

/// The lines that undo these: corrections are reversals, and what was written stays.
pub fn reversal(lines: &[Line]) -> Vec<Line> {
    lines.iter().map(|line| Line { debit: line.credit, credit: line.debit, ..*line }).collect()
}
