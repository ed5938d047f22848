//! Facts and answers as short texts. The tests inside the crate read and write them too.

use fares::{Bought, Evidence, Fare, NoSale, Policy, Priced, Proof, Purchase, buy_pass};
use primitives::{EventTime, ServiceDate, Text};

pub fn text(text: &str) -> Text {
    Text::new(text).unwrap()
}

pub fn day(date: &str) -> ServiceDate {
    ServiceDate::parse(date).unwrap()
}

/// `kind [age=..] [registry=..] [from=..] [until=..]`.
pub fn proof(words: &str) -> Proof {
    let mut words = words.split(' ');
    let kind = Evidence::parse(words.next().unwrap()).unwrap();
    let given: Vec<(&str, &str)> = words.map(|word| word.split_once('=').unwrap()).collect();
    let get = |name: &str| given.iter().find(|(of, _)| *of == name).map(|(_, value)| *value);
    Proof {
        kind,
        registry: get("registry").map(text),
        age: get("age").map(|age| age.parse().unwrap()),
        from: get("from").map(day),
        until: get("until").map(day),
    }
}

/// What a shop answers who wants a pass that begins by itself.
pub fn buy(
    policy: &Policy,
    product: &str,
    rider: &str,
    medium: &str,
    at: EventTime,
) -> Result<Bought, NoSale> {
    let (product, rider, medium) = (text(product), text(rider), text(medium));
    buy_pass(policy, &Purchase { product, rider, medium, at, first_day: None })
}

/// `gross rider party:amount…`, or the word of the unknown fare.
pub fn shown(fare: &Fare) -> String {
    match fare {
        Fare::Unknown(reason) => reason.word().to_owned(),
        Fare::Known { gross, rider, funded } => {
            let funded = funded.iter().map(|part| format!(" {}:{}", part.party, part.amount));
            format!("{gross} {rider}{}", funded.collect::<String>())
        }
    }
}

/// The fares of legs, each as [`shown`].
pub fn all_shown(priced: &[Priced]) -> Vec<String> {
    priced.iter().map(|priced| shown(&priced.fare)).collect()
}
