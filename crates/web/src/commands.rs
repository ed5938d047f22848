//! Commands at the programming interface: payments, passes, refunds, blocks, top-ups. Each carries an `Idempotency-Key`;
//! the same key with the same body gets the first answer again, whenever it comes.

use crate::form::read_body;
use crate::people::Asker;
use crate::problem::Problem;
use crate::state::State;
use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, Path};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::DateTime;
use engine::command::{Ask, Found, Progress, Reply, Request, Subject, WAIT, WAIT_MAX};
use primitives::{
    AccountId, Code, CommandId, CommandKind, Currency, Digest, EventTime, MediumToken, Minor, Money,
    ServiceDate, Text, canonical::unhex,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use std::time::Duration;
use wire::limits;

type Shared = axum::extract::State<State>;

/// Largest body of a command.
pub const COMMAND_BYTES_MAX: usize = 16 * 1024;

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
struct Whose {
    account: Option<Digits>,
    medium: Option<String>,
}

#[derive(Deserialize)]
struct Amount {
    amount: i64,
    currency: String,
}

#[derive(Deserialize)]
struct PayBody {
    #[serde(flatten)]
    whose: Whose,
    payee: String,
    bill: String,
    #[serde(flatten)]
    price: Amount,
}

#[derive(Deserialize)]
struct PassBody {
    #[serde(flatten)]
    whose: Whose,
    product: String,
    first_day: Option<String>,
}

#[derive(Deserialize)]
struct RefundBody {
    #[serde(flatten)]
    whose: Whose,
    tap: (Digits, Digits, Digits),
    case: String,
    #[serde(flatten)]
    amount: Amount,
}

#[derive(Deserialize)]
struct BlockBody {
    #[serde(flatten)]
    whose: Whose,
    reason: String,
}

#[derive(Deserialize)]
struct TopUpBody {
    #[serde(flatten)]
    whose: Whose,
    channel: String,
    reference: String,
    #[serde(flatten)]
    value: Amount,
}

#[derive(Deserialize)]
struct MoveBody {
    medium: String,
    to: String,
}

#[derive(Deserialize)]
struct ConcessionBody {
    #[serde(flatten)]
    whose: Whose,
    category: String,
    from: String,
    until: String,
}

#[derive(Deserialize)]
struct LapseBody {
    #[serde(flatten)]
    whose: Whose,
    category: String,
}

#[derive(Deserialize)]
struct CloseBody {
    #[serde(flatten)]
    whose: Whose,
    case: String,
}

#[derive(Deserialize)]
struct CorrectBody {
    #[serde(flatten)]
    whose: Whose,
    case: String,
    to_holder: bool,
    operator: Option<String>,
    #[serde(flatten)]
    amount: Amount,
}

#[derive(Deserialize)]
struct ApproveBody {
    digest: String,
}

/// What every command has: who asks, under which key, how long they wait, and the body.
struct Asked<T> {
    asker: Text,
    key: Text,
    wait: Duration,
    body: T,
}

async fn asked<T: DeserializeOwned>(
    Asker(asker): Asker,
    headers: &HeaderMap,
    body: Body,
) -> Result<Asked<T>, Problem> {
    let key = headers.get("idempotency-key").ok_or_else(|| {
        let detail = "a command carries an Idempotency-Key of 1 to 64 bytes";
        Problem::new(StatusCode::BAD_REQUEST, Code::IdempotencyMissing, detail)
    })?;
    let key = key.to_str().ok().and_then(Text::new);
    let key = key.ok_or_else(|| Problem::bad_request("the Idempotency-Key is not 1 to 64 bytes of text"))?;
    let (wait, body) = (wait_of(headers), json_of(headers, body).await?);
    Ok(Asked { asker, key, wait, body })
}

async fn json_of<T: DeserializeOwned>(headers: &HeaderMap, body: Body) -> Result<T, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    if !kind.split(';').next().unwrap_or("").trim().eq_ignore_ascii_case("application/json") {
        let detail = "a command is application/json";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::BadRequest, detail));
    }
    let bytes = read_body(body, COMMAND_BYTES_MAX).await?;
    serde_json::from_slice(&bytes).map_err(|error| Problem::bad_request(format!("the body: {error}")))
}

/// `Prefer: wait=SECONDS` (RFC 7240); without it the house's own patience.
fn wait_of(headers: &HeaderMap) -> Duration {
    let preferred = headers.get("prefer").and_then(|value| value.to_str().ok()).unwrap_or("");
    let seconds =
        preferred.split([',', ';']).find_map(|part| part.trim().strip_prefix("wait=")?.parse().ok());
    seconds.map_or(WAIT, |seconds| Duration::from_secs(seconds).min(WAIT_MAX))
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

fn subject(whose: &Whose) -> Result<Subject, Problem> {
    let account = || whose.account.as_ref()?.number().and_then(AccountId::new);
    let medium = || MediumToken::parse(whose.medium.as_deref()?);
    let found = match (&whose.account, &whose.medium) {
        (Some(_), None) => account().map(Subject::Account),
        (None, Some(_)) => medium().map(Subject::Medium),
        _ => None,
    };
    found.ok_or_else(|| {
        Problem::bad_request("name an account (its number) or a medium (32 hexadecimal characters)")
    })
}

fn command_id(id: &str) -> Result<CommandId, Problem> {
    CommandId::parse(id).ok_or_else(|| Problem::bad_request("a command's id is 32 hexadecimal characters"))
}

async fn ask<T>(state: &State, asked: Asked<T>, subject: Subject, ask: Ask) -> Result<Response, Problem> {
    let Asked { asker, key, wait, .. } = asked;
    let reply = state.door().ask(Request { asker, key, subject, ask, wait }).await;
    let reply = reply.map_err(|cause| Problem::unavailable("taking a command", &cause))?;
    let Reply { id, found } = reply.map_err(Problem::refused)?;
    Ok(answer(state, id, &found))
}

fn answer(state: &State, id: CommandId, found: &Found) -> Response {
    let mut body = json!({ "id": id.to_string() });
    let mut status = StatusCode::OK;
    match &found.progress {
        Progress::Proposed { maker } => {
            status = StatusCode::ACCEPTED;
            body["status"] = "awaiting_approval".into();
            body["asked_by"] = maker.as_str().into();
            body["digest"] = found.body_digest.hex().into();
        }
        Progress::Pending => {
            status = StatusCode::ACCEPTED;
            body["status"] = "pending".into();
        }
        Progress::Quarantined { code, detail } => {
            body["status"] = "quarantined".into();
            body["code"] = code.as_str().into();
            body["detail"] = detail.as_str().into();
        }
        Progress::Answered(answered) => {
            body["status"] = if answered.refused.is_some() { "refused" } else { "done" }.into();
            body["kind"] = answered.kind.as_str().into();
            body["account"] = answered.account.to_string().into();
            body["posting_date"] = answered.posting_date.to_string().into();
            if let Some(amount) = answered.amount {
                body["amount"] = amount.into();
                body["currency"] = state.currency().letters().into();
            }
            if let Some((code, detail)) = &answered.refused {
                body["code"] = code.as_str().into();
                body["detail"] = detail.as_str().into();
            }
        }
    }
    (status, Json(body)).into_response()
}

type By = Extension<Asker>;

/// `POST /v1/payments`: a school's bill, from an account's value.
pub async fn pay(
    axum::extract::State(state): Shared,
    Extension(asker): By,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let asked = asked::<PayBody>(asker, &headers, body).await?;
    let PayBody { whose, payee, bill, price } = &asked.body;
    let kind =
        CommandKind::Pay { payee: text("payee", payee)?, bill: text("bill", bill)?, price: money(price)? };
    let subject = subject(whose)?;
    ask(&state, asked, subject, Ask::Plain(kind)).await
}

/// `POST /v1/passes`: a pass or ticket book, from an account's value.
pub async fn buy_pass(
    axum::extract::State(state): Shared,
    Extension(asker): By,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let asked = asked::<PassBody>(asker, &headers, body).await?;
    let PassBody { whose, product, first_day } = &asked.body;
    let day = |text: &String| {
        ServiceDate::parse(text).ok_or_else(|| Problem::bad_request("first_day: a date like 2026-03-02"))
    };
    let wanted = Ask::BuyPass {
        product: text("product", product)?,
        first_day: first_day.as_ref().map(day).transpose()?,
    };
    let subject = subject(whose)?;
    ask(&state, asked, subject, wanted).await
}

/// `POST /v1/passes/{id}/refund`: an unused pass is given back; the id is that of the command that bought it.
pub async fn refund_pass(
    axum::extract::State(state): Shared,
    Path(id): Path<String>,
    Extension(asker): By,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    earlier(state, id, asker, headers, body, |purchase| CommandKind::RefundPass { purchase }).await
}

/// `POST /v1/refunds`: a fare, or a part of it.
pub async fn refund_fare(
    axum::extract::State(state): Shared,
    Extension(asker): By,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let asked = asked::<RefundBody>(asker, &headers, body).await?;
    let RefundBody { whose, tap: (device, journal, sequence), case, amount } = &asked.body;
    let numbers = (device.number(), journal.number(), sequence.number());
    let texts = |(device, journal, sequence): (Option<u64>, Option<u64>, Option<u64>)| {
        Some((device?.to_string(), journal?.to_string(), sequence?.to_string()))
    };
    let leg = texts(numbers).and_then(|texts| crate::gateway::parse_tap_id(&texts));
    let leg =
        leg.ok_or_else(|| Problem::bad_request("tap: device, journal and sequence of the ride's first tap"))?;
    let wanted = Ask::RefundFare { leg, amount: money(amount)?, case: text("case", case)? };
    let subject = subject(whose)?;
    ask(&state, asked, subject, wanted).await
}

/// `POST /v1/blocks`: the account, or the medium that was named, goes on the deny list.
pub async fn block(
    axum::extract::State(state): Shared,
    Extension(asker): By,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let asked = asked::<BlockBody>(asker, &headers, body).await?;
    let (reason, subject) = (text("reason", &asked.body.reason)?, subject(&asked.body.whose)?);
    ask(&state, asked, subject, Ask::Block { reason }).await
}

/// `POST /v1/unblocks`: it comes off the deny list.
pub async fn unblock(
    axum::extract::State(state): Shared,
    Extension(asker): By,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let asked = asked::<Whose>(asker, &headers, body).await?;
    let subject = subject(&asked.body)?;
    ask(&state, asked, subject, Ask::Unblock).await
}

/// `POST /v1/moves`: another medium stands for the account, and the old one is on the deny list.
pub async fn move_medium(
    axum::extract::State(state): Shared,
    Extension(asker): By,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let asked = asked::<MoveBody>(asker, &headers, body).await?;
    let token = |text: &str| {
        MediumToken::parse(text).ok_or_else(|| Problem::bad_request("a medium is 32 hexadecimal characters"))
    };
    let (from, to) = (token(&asked.body.medium)?, token(&asked.body.to)?);
    ask(&state, asked, Subject::Medium(from), Ask::MoveMedium { to }).await
}

/// `POST /v1/concessions`: the account has a rider category for a time.
pub async fn grant_concession(
    axum::extract::State(state): Shared,
    Extension(asker): By,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let asked = asked::<ConcessionBody>(asker, &headers, body).await?;
    let ConcessionBody { whose, category, from, until } = &asked.body;
    let moment = |text: &str| {
        let read = DateTime::parse_from_rfc3339(text).ok();
        let moment = read.and_then(|moment| EventTime::from_unix_ms(moment.timestamp_millis()));
        moment.ok_or_else(|| {
            Problem::bad_request("a time is like 2026-03-02T04:00:00+07:00, from 2000 to 2099")
        })
    };
    let (from, until) = (moment(from)?, moment(until)?);
    let kind = CommandKind::GrantConcession { category: text("category", category)?, from, until };
    let subject = subject(whose)?;
    ask(&state, asked, subject, Ask::Plain(kind)).await
}

/// `POST /v1/concessions/lapse`: it no longer has it.
pub async fn lapse_concession(
    axum::extract::State(state): Shared,
    Extension(asker): By,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let asked = asked::<LapseBody>(asker, &headers, body).await?;
    let kind = CommandKind::LapseConcession { category: text("category", &asked.body.category)? };
    let subject = subject(&asked.body.whose)?;
    ask(&state, asked, subject, Ask::Plain(kind)).await
}

/// `POST /v1/closures`: a blocked account is closed; two people stand behind it.
pub async fn close(
    axum::extract::State(state): Shared,
    Extension(asker): By,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let asked = asked::<CloseBody>(asker, &headers, body).await?;
    let kind = CommandKind::Close { case: text("case", &asked.body.case)? };
    let subject = subject(&asked.body.whose)?;
    ask(&state, asked, subject, Ask::Plain(kind)).await
}

/// `POST /v1/corrections`: money is moved by hand; two people stand behind it.
pub async fn correct(
    axum::extract::State(state): Shared,
    Extension(asker): By,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let asked = asked::<CorrectBody>(asker, &headers, body).await?;
    let CorrectBody { whose, case, to_holder, operator, amount } = &asked.body;
    let operator = operator.as_ref().map(|operator| text("operator", operator)).transpose()?;
    let (case, amount, to_holder) = (text("case", case)?, money(amount)?, *to_holder);
    let subject = subject(whose)?;
    let kind = CommandKind::Correct { case, amount, to_holder, operator };
    ask(&state, asked, subject, Ask::Plain(kind)).await
}

/// `POST /v1/top-ups`: a channel announces money.
pub async fn announce_top_up(
    axum::extract::State(state): Shared,
    Extension(asker): By,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let asked = asked::<TopUpBody>(asker, &headers, body).await?;
    let TopUpBody { whose, channel, reference, value } = &asked.body;
    let (channel, reference) = (text("channel", channel)?, text("reference", reference)?);
    let kind = CommandKind::AnnounceTopUp { channel, reference, value: money(value)? };
    let subject = subject(whose)?;
    ask(&state, asked, subject, Ask::Plain(kind)).await
}

/// `POST /v1/top-ups/{id}/confirm`: the bank has the money.
pub async fn confirm_top_up(
    axum::extract::State(state): Shared,
    Path(id): Path<String>,
    Extension(asker): By,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    earlier(state, id, asker, headers, body, |top_up| CommandKind::ConfirmTopUp { top_up }).await
}

/// `POST /v1/top-ups/{id}/cancel`: the money did not come.
pub async fn cancel_top_up(
    axum::extract::State(state): Shared,
    Path(id): Path<String>,
    Extension(asker): By,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    earlier(state, id, asker, headers, body, |top_up| CommandKind::CancelTopUp { top_up }).await
}

/// An act on what an earlier command did: its id is in the path, the account in the body.
async fn earlier(
    state: State,
    id: String,
    asker: Asker,
    headers: HeaderMap,
    body: Body,
    kind: impl FnOnce(CommandId) -> CommandKind,
) -> Result<Response, Problem> {
    let kind = kind(command_id(&id)?);
    let asked = asked::<Whose>(asker, &headers, body).await?;
    let subject = subject(&asked.body)?;
    ask(&state, asked, subject, Ask::Plain(kind)).await
}

/// `GET /v1/commands/{id}`: what became of a command.
pub async fn look_up(
    axum::extract::State(state): Shared,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = command_id(&id)?;
    let found = state.door().command(id).await;
    let found = found.map_err(|cause| Problem::unavailable("looking up a command", &cause))?;
    Ok(answer(&state, id, &found.ok_or_else(Problem::not_found)?))
}

/// `POST /v1/commands/{id}/approve`: another person agrees with exactly what was shown.
pub async fn approve(
    axum::extract::State(state): Shared,
    Path(id): Path<String>,
    Extension(Asker(checker)): By,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let id = command_id(&id)?;
    let ApproveBody { digest } = json_of(&headers, body).await?;
    let digest = unhex(&digest).and_then(|bytes| bytes.try_into().ok()).map(Digest);
    let digest = digest.ok_or_else(|| Problem::bad_request("digest: 64 hexadecimal characters"))?;
    let reply = state.door().approve(id, digest, checker, wait_of(&headers)).await;
    let reply = reply.map_err(|cause| Problem::unavailable("approving a command", &cause))?;
    let Reply { id, found } = reply.map_err(Problem::refused)?;
    Ok(answer(&state, id, &found))
}
