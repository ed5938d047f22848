//! What each command's route asks for: the body it takes, and what is wanted for whom.

use crate::problem::Problem;
use axum::http::StatusCode;
use chrono::DateTime;
use engine::command::{Ask, Subject};
use primitives::{
    AccountId, Code, CommandId, CommandKind, Currency, EventTime, MediumToken, Minor, Money, ServiceDate,
    Text,
};
use serde::Deserialize;
use wire::limits;

/// What a body asks for, and for whom.
pub(crate) struct Wanted {
    pub subject: Subject,
    pub ask: Ask,
}

/// A whole number, or a string of its digits where many writers of JSON would round it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Digits {
    Number(u64),
    Text(String),
}

impl Digits {
    fn number(&self) -> Option<u64> {
        match self {
            Digits::Number(number) => Some(*number),
            Digits::Text(text) => text.parse().ok().filter(|number: &u64| number.to_string() == *text),
        }
    }
}

/// Whose account: one of the two.
#[derive(Deserialize)]
pub(crate) struct Whose {
    account: Option<Digits>,
    medium: Option<String>,
}

#[derive(Deserialize)]
struct Amount {
    amount: i64,
    currency: String,
}

fn text(field: &str, value: &str) -> Result<Text, Problem> {
    Text::new(value).ok_or_else(|| {
        let detail = format!("{field}: 1 to 64 bytes, no control characters, no outer white space");
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, Code::TextInvalid, detail)
    })
}

fn money(amount: &Amount) -> Result<Money, Problem> {
    let refuse = |code, detail| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail);
    let currency = Currency::parse(&amount.currency)
        .map_err(|_| refuse(Code::AmountCurrency, "currency: three capital letters".to_owned()))?;
    if !(1..=limits::AMOUNT_MAX).contains(&amount.amount) {
        return Err(refuse(Code::AmountRange, format!("amount: 1 to {}", limits::AMOUNT_MAX)));
    }
    Ok(Money::new(Minor::new(amount.amount), currency))
}

impl Whose {
    /// This is wanted for the account.
    pub fn want(&self, ask: Ask) -> Result<Wanted, Problem> {
        let account = || self.account.as_ref()?.number().and_then(AccountId::new);
        let medium = || MediumToken::parse(self.medium.as_deref()?);
        let found = match (&self.account, &self.medium) {
            (Some(_), None) => account().map(Subject::Account),
            (None, Some(_)) => medium().map(Subject::Medium),
            _ => None,
        };
        let subject = found.ok_or_else(|| {
            Problem::bad_request("name an account (its number) or a medium (32 hexadecimal characters)")
        })?;
        Ok(Wanted { subject, ask })
    }
}

#[derive(Deserialize)]
pub(crate) struct PayBody {
    #[serde(flatten)]
    whose: Whose,
    payee: String,
    bill: String,
    #[serde(flatten)]
    price: Amount,
}

/// `POST /v1/payments`: a school's bill, from an account's value.
pub(crate) fn pay(body: PayBody) -> Result<Wanted, Problem> {
    let PayBody { whose, payee, bill, price } = &body;
    let kind =
        CommandKind::Pay { payee: text("payee", payee)?, bill: text("bill", bill)?, price: money(price)? };
    whose.want(Ask::Plain(kind))
}

#[derive(Deserialize)]
pub(crate) struct PassBody {
    #[serde(flatten)]
    whose: Whose,
    product: String,
    first_day: Option<String>,
}

/// `POST /v1/passes`: a pass or ticket book, from an account's value.
pub(crate) fn buy_pass(body: PassBody) -> Result<Wanted, Problem> {
    let PassBody { whose, product, first_day } = &body;
    let day = |text: &String| {
        ServiceDate::parse(text).ok_or_else(|| Problem::bad_request("first_day: a date like 2026-03-02"))
    };
    let wanted = Ask::BuyPass {
        product: text("product", product)?,
        first_day: first_day.as_ref().map(day).transpose()?,
    };
    whose.want(wanted)
}

/// `POST /v1/passes/{id}/refund`: an unused pass is given back; the id is that of the command that bought it.
pub(crate) fn refund_pass(purchase: CommandId) -> CommandKind {
    CommandKind::RefundPass { purchase }
}

#[derive(Deserialize)]
pub(crate) struct RefundBody {
    #[serde(flatten)]
    whose: Whose,
    tap: (Digits, Digits, Digits),
    case: String,
    #[serde(flatten)]
    amount: Amount,
}

/// `POST /v1/refunds`: a fare, or a part of it.
pub(crate) fn refund_fare(body: RefundBody) -> Result<Wanted, Problem> {
    let RefundBody { whose, tap: (device, journal, sequence), case, amount } = &body;
    let numbers = (device.number(), journal.number(), sequence.number());
    let texts = |(device, journal, sequence): (Option<u64>, Option<u64>, Option<u64>)| {
        Some((device?.to_string(), journal?.to_string(), sequence?.to_string()))
    };
    let leg = texts(numbers).and_then(|texts| crate::gateway::parse_tap_id(&texts));
    let leg =
        leg.ok_or_else(|| Problem::bad_request("tap: device, journal and sequence of the ride's first tap"))?;
    let wanted = Ask::RefundFare { leg, amount: money(amount)?, case: text("case", case)? };
    whose.want(wanted)
}

#[derive(Deserialize)]
pub(crate) struct BlockBody {
    #[serde(flatten)]
    whose: Whose,
    reason: String,
}

/// `POST /v1/blocks`: the account, or the medium that was named, goes on the deny list.
pub(crate) fn block(body: BlockBody) -> Result<Wanted, Problem> {
    body.whose.want(Ask::Block { reason: text("reason", &body.reason)? })
}

/// `POST /v1/unblocks`: it comes off the deny list.
pub(crate) fn unblock(whose: Whose) -> Result<Wanted, Problem> {
    whose.want(Ask::Unblock)
}

#[derive(Deserialize)]
pub(crate) struct MoveBody {
    medium: String,
    to: String,
}

/// `POST /v1/moves`: another medium stands for the account, and the old one is on the deny list.
pub(crate) fn move_medium(body: MoveBody) -> Result<Wanted, Problem> {
    let token = |text: &str| {
        MediumToken::parse(text).ok_or_else(|| Problem::bad_request("a medium is 32 hexadecimal characters"))
    };
    let (from, to) = (token(&body.medium)?, token(&body.to)?);
    Ok(Wanted { subject: Subject::Medium(from), ask: Ask::MoveMedium { to } })
}

#[derive(Deserialize)]
pub(crate) struct ConcessionBody {
    #[serde(flatten)]
    whose: Whose,
    category: String,
    from: String,
    until: String,
}

/// `POST /v1/concessions`: the account has a rider category for a time.
pub(crate) fn grant_concession(body: ConcessionBody) -> Result<Wanted, Problem> {
    let ConcessionBody { whose, category, from, until } = &body;
    let moment = |text: &str| {
        let read = DateTime::parse_from_rfc3339(text).ok();
        let moment = read.and_then(|moment| EventTime::from_unix_ms(moment.timestamp_millis()));
        moment.ok_or_else(|| {
            Problem::bad_request("a time is like 2026-03-02T04:00:00+07:00, from 2000 to 2099")
        })
    };
    let (from, until) = (moment(from)?, moment(until)?);
    let kind = CommandKind::GrantConcession { category: text("category", category)?, from, until };
    whose.want(Ask::Plain(kind))
}

#[derive(Deserialize)]
pub(crate) struct LapseBody {
    #[serde(flatten)]
    whose: Whose,
    category: String,
}

/// `POST /v1/concessions/lapse`: it no longer has it.
pub(crate) fn lapse_concession(body: LapseBody) -> Result<Wanted, Problem> {
    let kind = CommandKind::LapseConcession { category: text("category", &body.category)? };
    body.whose.want(Ask::Plain(kind))
}

#[derive(Deserialize)]
pub(crate) struct CloseBody {
    #[serde(flatten)]
    whose: Whose,
    case: String,
}

/// `POST /v1/closures`: a blocked account is closed; two people stand behind it.
pub(crate) fn close(body: CloseBody) -> Result<Wanted, Problem> {
    let kind = CommandKind::Close { case: text("case", &body.case)? };
    body.whose.want(Ask::Plain(kind))
}

#[derive(Deserialize)]
pub(crate) struct CorrectBody {
    #[serde(flatten)]
    whose: Whose,
    case: String,
    to_holder: bool,
    operator: Option<String>,
    #[serde(flatten)]
    amount: Amount,
}

/// `POST /v1/corrections`: money is moved by hand; two people stand behind it.
pub(crate) fn correct(body: CorrectBody) -> Result<Wanted, Problem> {
    let CorrectBody { whose, case, to_holder, operator, amount } = &body;
    let operator = operator.as_ref().map(|operator| text("operator", operator)).transpose()?;
    let (case, amount, to_holder) = (text("case", case)?, money(amount)?, *to_holder);
    let kind = CommandKind::Correct { case, amount, to_holder, operator };
    whose.want(Ask::Plain(kind))
}

#[derive(Deserialize)]
pub(crate) struct TopUpBody {
    #[serde(flatten)]
    whose: Whose,
    channel: String,
    reference: String,
    #[serde(flatten)]
    value: Amount,
}

/// `POST /v1/top-ups`: a channel announces money.
pub(crate) fn announce_top_up(body: TopUpBody) -> Result<Wanted, Problem> {
    let TopUpBody { whose, channel, reference, value } = &body;
    let (channel, reference) = (text("channel", channel)?, text("reference", reference)?);
    let kind = CommandKind::AnnounceTopUp { channel, reference, value: money(value)? };
    whose.want(Ask::Plain(kind))
}

/// `POST /v1/top-ups/{id}/confirm`: the bank has the money.
pub(crate) fn confirm_top_up(top_up: CommandId) -> CommandKind {
    CommandKind::ConfirmTopUp { top_up }
}

/// `POST /v1/top-ups/{id}/cancel`: the money did not come.
pub(crate) fn cancel_top_up(top_up: CommandId) -> CommandKind {
    CommandKind::CancelTopUp { top_up }
}
