//! Events as text: the word of the event and its figures, as people type them and the tables keep them.

use super::{Bearer, Event, Payee, Receivable};
use primitives::{Minor, PartyNo};
use std::fmt;
use std::str::SplitWhitespace;

/// How each event is written, for whoever types one.
pub const FORMS: &str = "\
cash_banked HOLDER AMOUNT
cash_short HOLDER AMOUNT
channel_netted CHANNEL GROSS FEE TAX
acquirer_netted ACQUIRER GROSS FEE own|OPERATOR
chargeback_raised ACQUIRER AMOUNT
chargeback_won ACQUIRER AMOUNT
chargeback_lost ACQUIRER AMOUNT own|OPERATOR
school_paid SCHOOL AMOUNT
subsidy_paid FUNDER AMOUNT
subsidy_cut FUNDER OPERATOR AMOUNT
payout_rejected operator|school PARTY AMOUNT
payout_returned operator|school PARTY AMOUNT
suspense_returned AMOUNT
bank_charge FEE TAX
write_off cash|channel|acquirer|subsidy|chargeback PARTY AMOUNT
prefund AMOUNT
sweep AMOUNT";

impl Event {
    /// The event a text tells ([`FORMS`]); none when it tells none.
    pub fn parse(text: &str) -> Option<Event> {
        let mut words = text.split_whitespace();
        let word = words.next()?;
        let next = &mut words;
        let event = match word {
            "cash_banked" => Event::CashBanked { holder: party(next)?, amount: amount(next)? },
            "cash_short" => Event::CashShort { holder: party(next)?, amount: amount(next)? },
            "channel_netted" => Event::ChannelNetted {
                channel: party(next)?,
                gross: amount(next)?,
                fee: amount(next)?,
                tax: amount(next)?,
            },
            "acquirer_netted" => Event::AcquirerNetted {
                acquirer: party(next)?,
                gross: amount(next)?,
                fee: amount(next)?,
                bearer: bearer(next)?,
            },
            "chargeback_raised" => Event::ChargebackRaised { acquirer: party(next)?, amount: amount(next)? },
            "chargeback_won" => Event::ChargebackWon { acquirer: party(next)?, amount: amount(next)? },
            "chargeback_lost" => {
                Event::ChargebackLost { acquirer: party(next)?, amount: amount(next)?, bearer: bearer(next)? }
            }
            "school_paid" => Event::SchoolPaid { school: party(next)?, amount: amount(next)? },
            "subsidy_paid" => Event::SubsidyPaid { funder: party(next)?, amount: amount(next)? },
            "subsidy_cut" => {
                Event::SubsidyCut { funder: party(next)?, operator: party(next)?, amount: amount(next)? }
            }
            "payout_rejected" => {
                Event::PayoutRejected { payee: payee(next)?, party: party(next)?, amount: amount(next)? }
            }
            "payout_returned" => {
                Event::PayoutReturned { payee: payee(next)?, party: party(next)?, amount: amount(next)? }
            }
            "suspense_returned" => Event::SuspenseReturned { amount: amount(next)? },
            "bank_charge" => Event::BankCharge { fee: amount(next)?, tax: amount(next)? },
            "write_off" => {
                Event::WriteOff { receivable: receivable(next)?, party: party(next)?, amount: amount(next)? }
            }
            "prefund" => Event::Prefund { amount: amount(next)? },
            "sweep" => Event::Sweep { amount: amount(next)? },
            _ => return None,
        };
        words.next().is_none().then_some(event)
    }
}

fn party(words: &mut SplitWhitespace<'_>) -> Option<PartyNo> {
    words.next()?.parse().ok().map(PartyNo)
}

fn amount(words: &mut SplitWhitespace<'_>) -> Option<Minor> {
    words.next()?.parse().ok().map(Minor::new)
}

fn bearer(words: &mut SplitWhitespace<'_>) -> Option<Bearer> {
    match words.next()? {
        "own" => Some(Bearer::Own),
        number => number.parse().ok().map(PartyNo).map(Bearer::Operator),
    }
}

fn payee(words: &mut SplitWhitespace<'_>) -> Option<Payee> {
    let word = words.next()?;
    [Payee::Operator, Payee::School].into_iter().find(|payee| payee.word() == word)
}

fn receivable(words: &mut SplitWhitespace<'_>) -> Option<Receivable> {
    let word = words.next()?;
    Receivable::ALL.into_iter().find(|receivable| receivable.word() == word)
}

impl Payee {
    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Payee::Operator => "operator",
            Payee::School => "school",
        }
    }
}

impl Receivable {
    /// Every receivable.
    pub const ALL: [Receivable; 5] = [
        Receivable::Cash,
        Receivable::Channel,
        Receivable::Acquirer,
        Receivable::Subsidy,
        Receivable::Chargeback,
    ];

    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Receivable::Cash => "cash",
            Receivable::Channel => "channel",
            Receivable::Acquirer => "acquirer",
            Receivable::Subsidy => "subsidy",
            Receivable::Chargeback => "chargeback",
        }
    }
}

impl fmt::Display for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bearer::Own => f.write_str("own"),
            Bearer::Operator(operator) => write!(f, "{operator}"),
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.word();
        match self {
            Event::CashBanked { holder: party, amount }
            | Event::CashShort { holder: party, amount }
            | Event::ChargebackRaised { acquirer: party, amount }
            | Event::ChargebackWon { acquirer: party, amount }
            | Event::SchoolPaid { school: party, amount }
            | Event::SubsidyPaid { funder: party, amount } => write!(f, "{word} {party} {amount}"),
            Event::ChannelNetted { channel, gross, fee, tax } => {
                write!(f, "{word} {channel} {gross} {fee} {tax}")
            }
            Event::AcquirerNetted { acquirer, gross, fee, bearer } => {
                write!(f, "{word} {acquirer} {gross} {fee} {bearer}")
            }
            Event::ChargebackLost { acquirer, amount, bearer } => {
                write!(f, "{word} {acquirer} {amount} {bearer}")
            }
            Event::SubsidyCut { funder, operator, amount } => {
                write!(f, "{word} {funder} {operator} {amount}")
            }
            Event::PayoutRejected { party, payee, amount }
            | Event::PayoutReturned { party, payee, amount } => {
                write!(f, "{word} {} {party} {amount}", payee.word())
            }
            Event::BankCharge { fee, tax } => write!(f, "{word} {fee} {tax}"),
            Event::WriteOff { receivable, party, amount } => {
                write!(f, "{word} {} {party} {amount}", receivable.word())
            }
            Event::SuspenseReturned { amount } | Event::Prefund { amount } | Event::Sweep { amount } => {
                write!(f, "{word} {amount}")
            }
        }
    }
}
