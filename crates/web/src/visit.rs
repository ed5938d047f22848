//! One visit of a page: who, in which language, with which filters. Templates know it as `ui`.

use crate::format;
use crate::i18n::{self, Lang};
use crate::people::Person;
use crate::problem::Problem;
use crate::query::Query;
use crate::role::Access;
use crate::state::State;
use crate::table::{Cell, Tone, Value};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use chrono::{DateTime, NaiveDate, Utc};
use fluent_bundle::FluentValue;
use primitives::{Minor, PartyNo};
use std::sync::Arc;

/// A small value or a reference to one: templates hand over whichever their loops and conditions have.
pub trait Plain<T> {
    /// The value.
    fn plain(self) -> T;
}

macro_rules! plain {
    ($($kind:ty)*) => {$(
        impl Plain<$kind> for $kind {
            fn plain(self) -> $kind { self }
        }
        impl Plain<$kind> for &$kind {
            fn plain(self) -> $kind { *self }
        }
        impl Plain<$kind> for &&$kind {
            fn plain(self) -> $kind { **self }
        }
    )*};
}
plain!(i64 u32 Minor NaiveDate DateTime<Utc> PartyNo);

/// Who is looking at what, and how to say it to them.
#[derive(Clone)]
pub struct Visit {
    /// The house.
    pub state: State,
    /// The language of the page.
    pub lang: Lang,
    /// The person, when signed in.
    pub person: Option<Person>,
    /// What every form of this page must repeat.
    pub csrf: String,
    /// The path of the page.
    pub path: String,
    /// The filters, without the language.
    pub query: Query,
    /// The request's id.
    pub request_id: String,
}

/// The visit at hand, shared by handler and template.
pub type Ui = Arc<Visit>;

/// The visit as a handler's argument; the guard put it into the request.
pub struct Visitor(pub Ui);

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let visit = parts.extensions.get::<Ui>().cloned();
        visit
            .map(Visitor)
            .ok_or_else(|| Problem::unavailable("reading the visit", &"a route without its guard"))
    }
}

impl Visit {
    /// The text of a key.
    pub fn t(&self, key: &str) -> String {
        i18n::text(self.lang, key)
    }

    /// The text of a key with one number, grouped, which also chooses the plural.
    pub fn tn(&self, key: &str, number: impl Plain<i64>) -> String {
        let number = number.plain();
        let shown = format::count(self.lang, number);
        i18n::format(self.lang, key, &[("n", FluentValue::from(number)), ("count", FluentValue::from(shown))])
    }

    /// The text of a key with named texts.
    pub fn tf(&self, key: &str, args: impl AsRef<[(&'static str, String)]>) -> String {
        let args: Vec<_> =
            args.as_ref().iter().map(|(name, text)| (*name, FluentValue::from(text.as_str()))).collect();
        i18n::format(self.lang, key, &args)
    }

    /// The name of a stable word: `state-closed` for ("state", "closed"); the word itself when it has none.
    pub fn word(&self, family: &str, word: &str) -> String {
        let key = format!("{family}-{}", word.to_ascii_lowercase().replace('_', "-"));
        if i18n::has(self.lang, &key) { i18n::text(self.lang, &key) } else { word.to_owned() }
    }

    /// Money with its symbol.
    pub fn money(&self, amount: impl Plain<Minor>) -> String {
        format::money(self.lang, self.state.currency(), amount.plain())
    }

    /// Money without its symbol.
    pub fn amount(&self, amount: impl Plain<Minor>) -> String {
        format::amount(self.lang, self.state.currency(), amount.plain())
    }

    /// A whole number.
    pub fn count(&self, number: impl Plain<i64>) -> String {
        format::count(self.lang, number.plain())
    }

    /// A share in percent.
    pub fn percent(&self, part: impl Plain<Minor>, whole: impl Plain<Minor>) -> String {
        format::percent(self.lang, part.plain().units(), whole.plain().units())
    }

    /// A day.
    pub fn date(&self, date: impl Plain<NaiveDate>) -> String {
        format::date(self.lang, date.plain())
    }

    /// A day with its name.
    pub fn long_date(&self, date: impl Plain<NaiveDate>) -> String {
        format::long_date(self.lang, date.plain())
    }

    /// A moment, to the minute.
    pub fn moment(&self, moment: impl Plain<DateTime<Utc>>) -> String {
        format::moment(self.lang, moment.plain(), self.state.zone())
    }

    /// A moment, to the second.
    pub fn exact(&self, moment: impl Plain<DateTime<Utc>>) -> String {
        format::exact_moment(self.lang, moment.plain(), self.state.zone())
    }

    /// An hour of the clock.
    pub fn hour(&self, hour: impl Plain<u32>) -> String {
        format!("{:02}", hour.plain())
    }

    /// An hour of the clock from its begin to its end.
    pub fn hour_span(&self, hour: impl Plain<u32>) -> String {
        format!("{0:02}:00–{0:02}:59", hour.plain())
    }

    /// A cell as text of this page.
    pub fn show(&self, cell: &Cell) -> String {
        cell.show(self.lang, self.state.currency(), self.state.zone())
    }

    /// The mark of a stable word: its name in this language, and how it stands.
    pub fn tag(&self, family: &str, word: &'static str, tone: Tone) -> Cell {
        Cell::of(Value::Tag(tone, word, self.word(family, word)))
    }

    /// This page in another language.
    pub fn in_lang(&self, lang: &str) -> String {
        self.query.with("lang", lang).href(&self.path)
    }

    /// The language's tag.
    pub fn tag_of_lang(&self) -> &'static str {
        self.lang.tag()
    }

    /// The stylesheet's address.
    pub fn stylesheet(&self) -> String {
        crate::assets::stylesheet()
    }

    /// The mark's address.
    pub fn mark(&self) -> String {
        crate::assets::mark()
    }

    /// True when the person may make proposals.
    pub fn may_make(&self) -> bool {
        self.person.as_ref().is_some_and(|person| Access::Make.allows(person.role))
    }

    /// True when the person may approve.
    pub fn may_check(&self) -> bool {
        self.person.as_ref().is_some_and(|person| Access::Check.allows(person.role))
    }

    /// True when the person may take the payment file to the bank.
    pub fn may_handle(&self) -> bool {
        self.person.as_ref().is_some_and(|person| Access::Handle.allows(person.role))
    }

    /// The login of the person, for what is recorded about who did it.
    pub fn login(&self) -> &str {
        self.person.as_ref().map_or("", |person| person.login.as_str())
    }

    /// A heading with the currency its amounts are in.
    pub fn in_currency(&self, key: &str) -> String {
        format!("{} ({})", self.t(key), crate::format::symbol(self.state.currency()).trim())
    }

    /// The currency's three letters, for headings.
    pub fn currency(&self) -> String {
        self.state.currency().letters().to_owned()
    }
}
