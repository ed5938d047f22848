//! The lines of a scenario.

/// What happens, or what must be true by then.
#[derive(Debug)]
pub enum Line {
    City(String),
    /// Words that say who rides from here on: `rider`, `medium`, `tender`, with their value.
    From(String, String),
    /// A local date and time, and what happened then.
    Tap(String, Act, Vec<(String, String)>),
    /// The record with this number comes once more.
    Again(usize),
    /// The open day ends.
    Close(String),
    Expect(Expect),
}

#[derive(Debug)]
pub enum Act {
    Boards { route: String },
    Enters { stop: String },
    Leaves { stop: String },
    TopsUp { amount: i64 },
    Pays { school: String, amount: i64 },
}

#[derive(Debug)]
pub enum Expect {
    /// A charge: the number of its record, its shape, the gross fare, and pairs of words.
    Charge(usize, String, i64, Vec<(String, String)>),
    Refused(usize, String),
    SetAside(usize, String),
    Balance(i64),
    Owed(String, i64),
}

/// The lines that say something, with their numbers.
pub fn lines(text: &str) -> Vec<(usize, Result<Line, String>)> {
    let numbered = (1..).zip(text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()));
    numbered
        .filter(|(_, line)| !line.is_empty())
        .map(|(number, line)| {
            let words: Vec<&str> = line.split_whitespace().collect();
            (number, read(&words).ok_or_else(|| format!("not understood: {line}")))
        })
        .collect()
}

fn read(words: &[&str]) -> Option<Line> {
    Some(match words {
        ["city", name] => Line::City((*name).to_owned()),
        [what @ ("rider" | "medium" | "tender"), value] => {
            Line::From((*what).to_owned(), (*value).to_owned())
        }
        ["again", number] => Line::Again(number.parse().ok()?),
        ["close", date] => Line::Close((*date).to_owned()),
        ["=", expect @ ..] => Line::Expect(read_expect(expect)?),
        [date, time, "boards", route, more @ ..] => {
            Line::Tap(format!("{date}T{time}"), Act::Boards { route: (*route).to_owned() }, pairs(more)?)
        }
        [date, time, "enters", stop, more @ ..] => {
            Line::Tap(format!("{date}T{time}"), Act::Enters { stop: (*stop).to_owned() }, pairs(more)?)
        }
        [date, time, "leaves", stop, more @ ..] => {
            Line::Tap(format!("{date}T{time}"), Act::Leaves { stop: (*stop).to_owned() }, pairs(more)?)
        }
        [date, time, "tops-up", amount, more @ ..] => {
            Line::Tap(format!("{date}T{time}"), Act::TopsUp { amount: money(amount)? }, pairs(more)?)
        }
        [date, time, "pays", school, amount, more @ ..] => {
            let act = Act::Pays { school: (*school).to_owned(), amount: money(amount)? };
            Line::Tap(format!("{date}T{time}"), act, pairs(more)?)
        }
        _ => return None,
    })
}

fn read_expect(words: &[&str]) -> Option<Expect> {
    Some(match words {
        ["balance", amount] => Expect::Balance(money(amount)?),
        ["owed", party, amount] => Expect::Owed((*party).to_owned(), money(amount)?),
        [number, "refused", code] => Expect::Refused(number.parse().ok()?, (*code).to_owned()),
        [number, "set-aside", code] => Expect::SetAside(number.parse().ok()?, (*code).to_owned()),
        [number, shape, gross, more @ ..] => {
            Expect::Charge(number.parse().ok()?, (*shape).to_owned(), money(gross)?, pairs(more)?)
        }
        _ => return None,
    })
}

/// Smallest units, with commas for the eye.
fn money(word: &str) -> Option<i64> {
    word.replace(',', "").parse().ok()
}

fn pairs(words: &[&str]) -> Option<Vec<(String, String)>> {
    let pair = |pair: &[&str]| match pair {
        [key, value] => Some(((*key).to_owned(), (*value).to_owned())),
        _ => None,
    };
    words.chunks(2).map(pair).collect()
}
