//! Where a scenario plays: a city, one account, and everything that was decided so far.

use crate::script::{Act, Expect, Line};
use clearing::{AccountState, Batch, Charge, Decision, TapOutcome, decide};
use fares::{Policies, Policy};
use ledger::Chart;
use primitives::{
    AcceptedTap, AccountId, Code, DayMarker, DeviceId, Digest, Direction, EventTime, JournalId, MediumToken,
    Minor, Money, PartyNo, PostingDate, Record, Sequence, ServiceDate, Tap, TapId, TapKind, Tender, Text,
};
use std::collections::BTreeMap;
use std::path::Path;

const ACCOUNT: u64 = 5;

pub struct Stage {
    policies: Policies,
    /// Words of `rider`, `medium` and `tender` lines.
    who: BTreeMap<String, String>,
    /// The taps, numbered from 1 as the scenario speaks of them.
    taps: Vec<AcceptedTap>,
    open_day: Option<PostingDate>,
    offset: u64,
    seen: BTreeMap<TapId, Digest>,
    accounts: BTreeMap<AccountId, AccountState>,
    charges: BTreeMap<TapId, Charge>,
    gross: BTreeMap<TapId, i64>,
    refused: BTreeMap<TapId, Code>,
    set_aside: BTreeMap<TapId, Code>,
    owed: BTreeMap<PartyNo, i64>,
}

fn text(word: &str) -> Result<Text, String> {
    Text::new(word).ok_or_else(|| format!("not a name: {word}"))
}

fn number<T>(word: &str, make: fn(u64) -> Option<T>) -> Result<T, String> {
    word.parse().ok().and_then(make).ok_or_else(|| format!("not a number: {word}"))
}

/// The value of one of the words after an act.
fn word<'a>(more: &'a [(String, String)], key: &str) -> Option<&'a str> {
    more.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
}

impl Stage {
    pub fn new(city: &Path) -> Stage {
        let entries = std::fs::read_dir(city).unwrap_or_else(|error| panic!("{}: {error}", city.display()));
        let mut files = fares::Files::new();
        for path in entries.map(|entry| entry.expect("an entry").path()) {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            files.insert(name, std::fs::read(&path).expect("a file"));
        }
        let policy = fares::load(&files).expect("the city's policy loads");
        Stage {
            policies: Policies::new(vec![policy]).expect("one version"),
            who: BTreeMap::new(),
            taps: Vec::new(),
            open_day: None,
            offset: 0,
            seen: BTreeMap::new(),
            accounts: BTreeMap::new(),
            charges: BTreeMap::new(),
            gross: BTreeMap::new(),
            refused: BTreeMap::new(),
            set_aside: BTreeMap::new(),
            owed: BTreeMap::new(),
        }
    }

    pub fn play(&mut self, line: Line) -> Result<(), String> {
        match line {
            Line::City(_) => Ok(()),
            Line::From(what, value) => {
                self.who.insert(what, value);
                Ok(())
            }
            Line::Tap(at, act, more) => {
                let tap = self.tap(&at, &act, &more)?;
                self.taps.push(tap.clone());
                self.decide(Record::Tap(Box::new(tap)));
                Ok(())
            }
            Line::Again(number) => {
                let tap = self.numbered(number)?.clone();
                self.decide(Record::Tap(Box::new(tap)));
                Ok(())
            }
            Line::Close(date) => {
                let closing = PostingDate::parse(&date).ok_or_else(|| format!("not a date: {date}"))?;
                self.decide(Record::Day(DayMarker { closing, opening: closing.next() }));
                Ok(())
            }
            Line::Expect(expect) => self.expect(expect),
        }
    }

    fn policy(&self) -> &Policy {
        self.policies.newest().expect("one version")
    }

    fn numbered(&self, number: usize) -> Result<&AcceptedTap, String> {
        number
            .checked_sub(1)
            .and_then(|place| self.taps.get(place))
            .ok_or(format!("there is no tap {number}"))
    }

    fn tap(&self, at: &str, act: &Act, more: &[(String, String)]) -> Result<AcceptedTap, String> {
        let (date, time) = at.split_once('T').ok_or("no time")?;
        let date = ServiceDate::parse(date).ok_or_else(|| format!("not a date: {date}"))?;
        let parts: Vec<i64> = time.split(':').filter_map(|part| part.parse().ok()).collect();
        let seconds = match parts[..] {
            [hour, minute] => hour * 3_600 + minute * 60,
            [hour, minute, second] => hour * 3_600 + minute * 60 + second,
            _ => return Err(format!("not a time: {time}")),
        };
        // The wall clock of a calendar day, whenever the service day begins.
        let midnight = primitives::DayRule { day_start_seconds: 0, ..self.policy().day_rule() };
        let at: EventTime = midnight.at(date, seconds).ok_or("no such moment")?;
        let money = |units: i64| Money::new(Minor::new(units), self.policy().currency());
        let route = |fallback: &str| text(word(more, "on").unwrap_or(fallback));
        let gate = |direction, stop: &str| -> Result<TapKind, String> {
            Ok(TapKind::Gate { direction, route: route("")?, stop: text(stop)? })
        };
        let kind = match act {
            Act::Boards { route } => TapKind::Boarding {
                route: text(route)?,
                stop: word(more, "at").map(text).transpose()?,
                trip: word(more, "trip").map(text).transpose()?,
                qr: false,
            },
            Act::Enters { stop } => gate(Direction::Entry, stop)?,
            Act::Leaves { stop } => gate(Direction::Exit, stop)?,
            Act::TopsUp { amount } => {
                let channel = text(word(more, "through").ok_or("through which channel?")?)?;
                TapKind::TopUp { channel, reference: text("R1")?, value: money(*amount) }
            }
            Act::Pays { school, amount } => {
                TapKind::SchoolPayment { school: text(school)?, bill: text("B1")?, price: money(*amount) }
            }
        };
        let device = (self.taps.len() as u64 + 1).to_string();
        let id = TapId {
            device: number(word(more, "device").unwrap_or(&device), DeviceId::new)?,
            journal: number("1", JournalId::new)?,
            sequence: number(word(more, "number").unwrap_or("1"), Sequence::new)?,
        };
        let shown = word(more, "token").unwrap_or("1").parse().map_err(|_| "not a token")?;
        let tap = Tap { id, at, medium: MediumToken::new([shown; 16]), kind };
        let who = |what: &str| self.who.get(what).map(String::as_str);
        let first_medium = self.policy().medium_ids().next().map_or("", Text::as_str);
        Ok(AcceptedTap {
            body_digest: Digest::of(format!("{tap:?}").as_bytes()),
            operator: self.operator(&tap.kind),
            tap,
            account: AccountId::new(ACCOUNT).expect("small"),
            rider: text(who("rider").unwrap_or(self.policy().default_rider().as_str()))?,
            fare_medium: text(who("medium").unwrap_or(first_medium))?,
            tender: if who("tender") == Some("open_loop") { Tender::OpenLoop } else { Tender::Prepaid },
            received_at: at,
        })
    }

    /// Whose device it is: that of the route's operator.
    fn operator(&self, kind: &TapKind) -> PartyNo {
        let first = self.policy().parties().first().map_or(PartyNo(0), |party| party.no);
        match kind {
            TapKind::Boarding { route, .. } | TapKind::Gate { route, .. } => {
                self.policy().route(route.as_str()).map_or(first, |route| route.agency)
            }
            TapKind::TopUp { .. } | TapKind::SchoolPayment { .. } => first,
        }
    }

    /// Lets the core judge one record.
    fn decide(&mut self, record: Record) {
        let day = match &record {
            Record::Tap(tap) => PostingDate(self.policy().day_rule().service_date(tap.tap.at).0),
            Record::Command(command) => PostingDate(self.policy().day_rule().service_date(command.at).0),
            Record::Day(marker) => marker.closing,
            Record::Policy(activation) => PostingDate(self.policy().day_rule().service_date(activation.at).0),
        };
        let open = *self.open_day.get_or_insert(day);
        let records = [(self.offset, Ok(record))];
        let decision = decide(Batch {
            policies: &self.policies,
            posting_date: open,
            chain_head: ledger::chain::START,
            seen: self.seen.clone(),
            answered: BTreeMap::new(),
            accounts: self.accounts.clone(),
            activations: BTreeMap::new(),
            refused: BTreeMap::new(),
            records: &records,
        });
        self.offset += 1;
        self.remember(decision);
    }

    fn remember(&mut self, decision: Decision) {
        self.open_day = Some(decision.posting_date);
        for tap in decision.taps {
            self.seen.insert(tap.id, tap.body_digest);
            if let TapOutcome::Refused(code) = tap.outcome {
                self.refused.insert(tap.id, code);
            }
        }
        for set_aside in decision.quarantined {
            self.set_aside.extend(set_aside.tap.map(|tap| (tap, set_aside.refusal.code)));
        }
        for line in decision.postings.iter().flat_map(|placed| placed.posting.lines()) {
            if matches!(line.chart, Chart::OperatorFare | Chart::OperatorSubsidy | Chart::SchoolPayable) {
                let party = PartyNo(u32::try_from(line.owner).expect("a party"));
                *self.owed.entry(party).or_default() += line.credit.units() - line.debit.units();
            }
        }
        for charge in decision.charges {
            *self.gross.entry(charge.leg).or_default() += charge.delta.gross.units();
            self.charges.insert(charge.leg, charge);
        }
        self.accounts.extend(decision.accounts);
    }

    fn expect(&self, expect: Expect) -> Result<(), String> {
        let holds = |is: bool, otherwise: String| if is { Ok(()) } else { Err(otherwise) };
        match expect {
            Expect::Charge(number, shape, gross, more) => self.expect_charge(number, &shape, gross, &more),
            Expect::Refused(number, code) => {
                let found = self.refused.get(&self.numbered(number)?.tap.id).map(|code| code.as_str());
                holds(found == Some(&code), format!("{number} was not refused with {code}: {found:?}"))
            }
            Expect::SetAside(number, code) => {
                let found = self.set_aside.get(&self.numbered(number)?.tap.id).map(|code| code.as_str());
                holds(found == Some(&code), format!("{number} was not set aside with {code}: {found:?}"))
            }
            Expect::Balance(amount) => {
                let purse = self.accounts.values().next().map(|state| state.purse).unwrap_or_default();
                let balance = purse.value.units() - purse.debt.units();
                holds(balance == amount, format!("the balance is {balance}"))
            }
            Expect::Owed(party, amount) => {
                let no = self.policy().party(&party).ok_or_else(|| format!("no party {party}"))?.no;
                let owed = self.owed.get(&no).copied().unwrap_or(0);
                holds(owed == amount, format!("{party} is owed {owed}"))
            }
        }
    }

    fn expect_charge(
        &self,
        number: usize,
        shape: &str,
        gross: i64,
        more: &[(String, String)],
    ) -> Result<(), String> {
        let found = self.numbered(number).ok().and_then(|tap| self.charges.get(&tap.tap.id));
        let charge = found.ok_or_else(|| format!("{number} has no charge"))?;
        let posted = self.gross[&charge.leg];
        if (charge.shape.word(), charge.gross.units(), posted) != (shape, gross, gross) {
            let (is, price) = (charge.shape.word(), charge.gross);
            return Err(format!("{number} is {is} {price}, {posted} were posted"));
        }
        for (key, value) in more {
            let flags: Vec<&str> = charge.flags.iter().map(clearing::Flag::word).collect();
            let (holds, found) = match key.as_str() {
                "rider" => (
                    charge.rider.units().to_string() == value.replace(',', ""),
                    format!("{} from the rider", charge.rider),
                ),
                "flag" => (flags.contains(&value.as_str()), format!("the flags {flags:?}")),
                "version" => (charge.version.to_string() == *value, format!("version {}", charge.version)),
                "posted" | "travelled" => {
                    let date = if key == "posted" { charge.posting_date.0 } else { charge.service_date.0 };
                    if date.to_string() != *value {
                        return Err(format!("{number} was {key} on {date}"));
                    }
                    continue;
                }
                other => return Err(format!("not understood: {other}")),
            };
            if !holds {
                return Err(format!("{number} has {found}"));
            }
        }
        Ok(())
    }
}
