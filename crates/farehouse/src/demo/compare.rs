//! The house's figures beside the simulation's, line by line.

use citysim::{Answer, StatementFile};
use engine::report::{BankDifference, DayOverview, TrialBalance};
use fares::Policy;
use ledger::Chart;
use primitives::{Minor, PartyNo};
use std::fmt;

/// One figure from both sides.
struct Row {
    what: String,
    house: i64,
    answer: i64,
}

/// All figures from both sides.
pub struct Comparison {
    rows: Vec<Row>,
}

impl Comparison {
    /// Sets the house's figures beside the answer's.
    pub fn new(
        answer: &Answer,
        policy: &Policy,
        house: &DayOverview,
        balances: &TrialBalance,
        statement: &StatementFile,
        bank: &BankDifference,
        open_breaks: u64,
    ) -> Self {
        let mut all = Comparison { rows: Vec::new() };
        all.pipeline(answer, house);
        all.count("rides", house.totals.rides, answer.rides.rides as i64);
        all.money("gross fares", house.totals.gross, answer.rides.gross);
        all.money("rider share", house.totals.rider, answer.rides.rider);
        all.money("subsidy", house.totals.subsidy, answer.rides.subsidy);
        all.operators(answer, policy, house);
        all.schools(answer, policy, house);
        let balance = |chart: Chart| {
            let row = balances.rows.iter().find(|row| row.chart == chart);
            row.map_or(0, |row| row.stand.closing.units())
        };
        all.push("value on cards", -balance(Chart::CardValue), answer.card_value.units());
        all.push("debts of cards", balance(Chart::NegativeCard), answer.card_debt.units());
        all.push("owed by the acquirer", balance(Chart::AcquirerReceivable), answer.acquirer.units());
        all.push("announced by channels", balance(Chart::BankClearing), answer.bank_top_ups.units());
        all.money("paid out by the bank", statement.paid_out, answer.payouts);
        all.money("statement closing", bank.statements, answer.statement_closing);
        all.money("book of the bank account", bank.book, answer.statement_closing);
        all.money("bank difference", bank.difference, Minor::ZERO);
        all.count("open breaks", open_breaks, i64::from(!answer.unknown_credits.is_zero()));
        all
    }

    /// True when every figure is equal.
    pub fn equal(&self) -> bool {
        self.rows.iter().all(|row| row.house == row.answer)
    }

    fn pipeline(&mut self, answer: &Answer, house: &DayOverview) {
        let sum =
            |pick: fn(&engine::report::PipelineRow) -> u64| house.pipeline.iter().map(pick).sum::<u64>();
        self.count("taps accepted", sum(|row| row.accepted), answer.taps.accepted as i64);
        self.count("taps posted", sum(|row| row.posted), answer.taps.posted as i64);
        self.count("taps duplicate", sum(|row| row.duplicate), answer.taps.duplicate as i64);
        self.count("taps quarantined", sum(|row| row.quarantined), answer.taps.quarantined_total() as i64);
        for (code, count) in &answer.taps.quarantined {
            let found = house.open_quarantine.iter().find(|(found, _)| found == code.as_str());
            self.count(&format!("  {code}"), found.map_or(0, |(_, count)| *count), *count as i64);
        }
        self.count("taps pending", sum(|row| row.pending), 0);
    }

    fn operators(&mut self, answer: &Answer, policy: &Policy, house: &DayOverview) {
        for (party, expect) in &answer.operators {
            let name = name_of(policy, *party);
            let row = house.operators.iter().find(|row| row.party == *party);
            let (sums, cash, net) = row.map_or_else(Default::default, |row| (row.sums, row.cash, row.net));
            self.count(&format!("{name}: rides"), sums.rides, expect.rides.rides as i64);
            self.money(&format!("{name}: gross"), sums.gross, expect.rides.gross);
            self.money(&format!("{name}: rider share"), sums.rider, expect.rides.rider);
            self.money(&format!("{name}: subsidy"), sums.subsidy, expect.rides.subsidy);
            self.money(&format!("{name}: cash held"), cash, expect.cash_held);
            self.money(&format!("{name}: net"), net, expect.net);
        }
    }

    fn schools(&mut self, answer: &Answer, policy: &Policy, house: &DayOverview) {
        for (party, expect) in &answer.schools {
            let row = house.schools.iter().find(|row| row.party == *party);
            let net = row.map_or(Minor::ZERO, |row| row.net);
            self.money(&format!("{}: net", name_of(policy, *party)), net, expect.amount);
        }
    }

    fn count(&mut self, what: &str, house: impl TryInto<i64>, answer: i64) {
        self.push(what, house.try_into().unwrap_or(i64::MAX), answer);
    }

    fn money(&mut self, what: &str, house: Minor, answer: Minor) {
        self.push(what, house.units(), answer.units());
    }

    fn push(&mut self, what: &str, house: i64, answer: i64) {
        self.rows.push(Row { what: what.to_owned(), house, answer });
    }
}

fn name_of(policy: &Policy, party: PartyNo) -> String {
    policy.party_by_no(party).map_or_else(|| format!("party {party}"), |party| party.name.clone())
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|row| row.what.chars().count()).max().unwrap_or(0);
        writeln!(f, "{:<width$} {:>16} {:>16}", "", "Farehouse", "simulation")?;
        for Row { what, house, answer } in &self.rows {
            let mark = if house == answer { "" } else { "  ◀ differs" };
            writeln!(f, "{what:<width$} {:>16} {:>16}{mark}", grouped(*house), grouped(*answer))?;
        }
        let different = self.rows.iter().filter(|row| row.house != row.answer).count();
        match different {
            0 => write!(f, "all {} figures equal", self.rows.len()),
            _ => write!(f, "{different} of {} figures differ", self.rows.len()),
        }
    }
}

/// A whole number with a dot between thousands.
fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('.');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}
