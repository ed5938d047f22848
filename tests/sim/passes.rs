//! Passes that the rich buy before the week begins, and what the books must show of their money: what was paid for one is
//! unearned, less what it paid of rides, and never less than nothing.

use crate::books::Books;
use crate::city::City;
use crate::dice::Dice;
use crate::week::{ENDOWMENT, moment};
use fares::{Carried, Policies, Policy, buy_pass};
use ledger::Chart;
use primitives::{
    AcceptedTap, AccountId, Command, CommandId, CommandKind, EventTime, Minor, Record, TapKind, Text,
};
use std::collections::BTreeMap;

/// A pass that somebody bought.
#[derive(Clone)]
pub struct Bought {
    pub account: AccountId,
    purchase: fares::Purchase,
    number: u128,
}

/// True when this is the money that the rich have from the start; what they buy follows it.
pub fn endows(tap: &AcceptedTap) -> bool {
    matches!(&tap.tap.kind, TapKind::TopUp { value, .. } if value.amount.units() == ENDOWMENT)
}

/// What the rich buy, of everything that is sold to them that day.
pub fn shop(city: &City, taps: &[AcceptedTap], dice: &mut Dice) -> Vec<Bought> {
    let mut bought: Vec<Bought> = Vec::new();
    let products: Vec<Text> = city.policy().passes().map(|terms| terms.product).collect();
    for tap in taps.iter().filter(|tap| endows(tap)) {
        for product in products.iter().chain(&products) {
            let number = bought.len() as u128 + 1;
            // Each at a moment of its own: that tells passes of one product apart.
            let at = moment(city, 4 * 3_600).unix_ms() + number as i64;
            let purchase = fares::Purchase {
                product: product.clone(),
                rider: tap.rider.clone(),
                medium: tap.fare_medium.clone(),
                at: EventTime::from_unix_ms(at).expect("a time"),
                first_day: None,
            };
            let is_sold =
                city.policies.at(purchase.at).is_some_and(|policy| buy_pass(policy, &purchase).is_ok());
            if is_sold && dice.percent(60) {
                bought.push(Bought { account: tap.account, purchase, number });
            }
        }
    }
    bought
}

impl Bought {
    fn policy<'a>(&self, policies: &'a Policies) -> &'a Policy {
        policies.at(self.purchase.at).expect("in force")
    }

    fn sold(&self, policies: &Policies) -> fares::Bought {
        buy_pass(self.policy(policies), &self.purchase).expect("it is sold")
    }

    pub fn record(&self) -> Record {
        let fares::Purchase { product, rider, medium, at, first_day } = self.purchase.clone();
        Record::Command(Box::new(Command {
            id: CommandId::new(self.number.to_be_bytes()),
            account: self.account,
            at,
            asked_by: Text::new("shop").expect("a text"),
            approved_by: None,
            kind: CommandKind::BuyPass { product, rider, medium, first_day },
        }))
    }
}

/// What an account holds before its first ride.
pub fn held(policies: &Policies, bought: &[Bought], account: AccountId) -> Carried {
    let mine = bought.iter().filter(|bought| bought.account == account);
    Carried { passes: mine.map(|bought| bought.sold(policies).pass).collect(), ..Carried::default() }
}

/// What passes paid of rides: by product and when they were bought.
pub type PaidByPass = BTreeMap<(Text, EventTime), i64>;

/// Books what an account bought, and what its rides earned of it; answers what its holder paid.
pub fn book(
    policies: &Policies,
    bought: &[Bought],
    account: AccountId,
    paid: &PaidByPass,
    books: &mut Books,
) -> i64 {
    let owner = account.as_i64();
    let mut spent = 0;
    for bought in bought.iter().filter(|bought| bought.account == account) {
        let (policy, price) = (bought.policy(policies), bought.sold(policies).price);
        let day = policy.day_rule().service_date(bought.purchase.at);
        let product = &bought.purchase.product;
        let funder = i64::from(policy.pass(product.as_str()).expect("a pass").funder.0);
        let rides = paid.get(&(product.clone(), bought.purchase.at)).copied().unwrap_or(0);
        let earned = rides.clamp(0, price.gross.units());
        books.put((owner, Chart::CardValue, owner, day), price.rider.units());
        for part in &price.funded {
            let party = i64::from(part.party.0);
            books.put((owner, Chart::SubsidyReceivable, party, day), part.amount.units());
        }
        books.put((owner, Chart::ProductLiability, owner, day), earned - price.gross.units());
        books.put((owner, Chart::SubsidyReceivable, funder, day), -earned);
        spent += price.rider.units();
    }
    spent
}

/// The money of passes that was earned, in all these books.
pub fn earned(books: &Books, policies: &Policies, bought: &[Bought]) -> i64 {
    let prices = bought.iter().map(|bought| bought.sold(policies).price.gross);
    let sold = Minor::sum(prices).expect("small").units();
    let left = books.positions.iter().filter(|((_, chart, ..), _)| *chart == Chart::ProductLiability);
    sold + left.map(|(_, net)| net).sum::<i64>()
}
