//! The devices' interface: hand in a batch of signed taps, hear with the answer which may be forgotten and whom
//! to deny, ask what became of one.

use crate::form::read_body;
use crate::problem::Problem;
use crate::state::State;
use axum::Json;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use engine::answer::Signed;
use engine::intake::{Answer, Receipt};
use primitives::canonical::hex;
use primitives::{Code, DeviceId, JournalId, MediumToken, Sequence, TapId};
use serde_json::{Value, json};
use store::intake::{ChargeRow, Fate};
use wire::{Acknowledgement, BodyFormat, DenyDelta, limits, split_batch, split_batch_json};

type Shared = axum::extract::State<State>;

/// `POST /v1/taps`: a batch, one answer per tap in its order. The device keeps every tap until it is *posted*.
pub async fn hand_in(
    axum::extract::State(state): Shared,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let since = deny_list_since(&uri)?;
    let format = format_of(&headers)?;
    let bytes = read_body(body, limits::BATCH_BYTES_MAX).await?;
    let split = match format {
        BodyFormat::Proto => split_batch(&bytes),
        BodyFormat::Json => split_batch_json(&bytes),
    };
    let batch = split.map_err(Problem::refused)?.into_iter().map(|raw| (format, raw)).collect();
    let receipts = state.door().receive(batch).await;
    let receipts = receipts.map_err(|cause| Problem::unavailable("taking a batch of taps", &cause))?;
    // The taps are in the log whether or not this answer can be given now; the next one tells the same and more.
    let acknowledged = state.door().acknowledge(&receipts).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "a batch is answered without acknowledgements");
        Vec::new()
    });
    let mut answer = json!({
        "taps": receipts.iter().map(receipt).collect::<Vec<Value>>(),
        "acknowledged": acknowledged.iter().map(acknowledgement).collect::<Vec<Value>>(),
    });
    if let Some(since) = since {
        match state.door().deny_list(&receipts, since).await {
            Ok(Some(signed)) => answer["deny_list"] = deny_list(&signed),
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "a batch is answered without the deny list"),
        }
    }
    Ok(Json(answer))
}

/// The version of the deny list the device has, when it asks what changed since: `?deny_list_since=7`.
fn deny_list_since(uri: &Uri) -> Result<Option<u64>, Problem> {
    let Some(query) = uri.query() else { return Ok(None) };
    let version = query.strip_prefix("deny_list_since=").and_then(|version| version.parse::<u64>().ok());
    match version.filter(|version| i64::try_from(*version).is_ok()) {
        Some(version) => Ok(Some(version)),
        None => Err(Problem::bad_request("the one parameter of a batch is deny_list_since, a number")),
    }
}

/// How the deny list changed. All of it is under the MAC, in the order that `wire::DenyDelta` signs it.
fn deny_list(signed: &Signed<DenyDelta>) -> Value {
    let DenyDelta { device, since, version, denied, allowed } = &signed.answer;
    let tokens =
        |media: &[MediumToken]| media.iter().map(|medium| hex(medium.bytes())).collect::<Vec<String>>();
    json!({
        "device_id": number(device.number()),
        "since": number(*since),
        "version": number(*version),
        "denied": tokens(denied),
        "allowed": tokens(allowed),
        "mac": hex(&signed.mac),
    })
}

/// What the house has of a journal. All of it is under the MAC, in the order that `wire::Acknowledgement` signs it.
fn acknowledgement(signed: &Signed<Acknowledgement>) -> Value {
    let Acknowledgement { device, journal, up_to, above } = &signed.answer;
    let ranges: Vec<Value> =
        above.iter().map(|(first, last)| json!([number(*first), number(*last)])).collect();
    json!({
        "device_id": number(device.number()),
        "journal_id": number(journal.number()),
        "up_to": number(*up_to),
        "above": ranges,
        "mac": hex(&signed.mac),
    })
}

fn format_of(headers: &HeaderMap) -> Result<BodyFormat, Problem> {
    let unsupported = |detail| Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::BadRequest, detail);
    if headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        return Err(unsupported("a batch is sent without content encoding"));
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    match kind.split(';').next().unwrap_or("").trim().to_ascii_lowercase().as_str() {
        "application/x-protobuf" => Ok(BodyFormat::Proto),
        "application/json" => Ok(BodyFormat::Json),
        _ => Err(unsupported("a batch is application/x-protobuf or application/json")),
    }
}

fn receipt(receipt: &Receipt) -> Value {
    let mut answer = identity(receipt.tap);
    match &receipt.answer {
        Answer::Received => answer["status"] = "received".into(),
        Answer::Quarantined(refusal) => {
            answer["status"] = "quarantined".into();
            answer["code"] = refusal.code.as_str().into();
            answer["detail"] = refusal.detail.as_str().into();
        }
    }
    answer
}

fn identity(tap: Option<TapId>) -> Value {
    json!({
        "device_id": tap.map(|tap| number(tap.device.number())),
        "journal_id": tap.map(|tap| number(tap.journal.number())),
        "sequence": tap.map(|tap| number(tap.sequence.number())),
    })
}

/// A whole number; as a string of digits where many readers of JSON would round it, as in the taps themselves.
fn number(number: u64) -> Value {
    if number > limits::JSON_NUMBER_MAX { number.to_string().into() } else { number.into() }
}

/// `GET /v1/taps/{device}/{journal}/{sequence}`: what became of one tap.
pub async fn tap(
    axum::extract::State(state): Shared,
    Path(id): Path<(String, String, String)>,
) -> Result<Json<Value>, Problem> {
    let tap = parse_tap_id(&id).ok_or_else(|| Problem::bad_request("a tap's id is three numbers"))?;
    let fate = state.door().fate(tap).await;
    let fate = fate.map_err(|cause| Problem::unavailable("looking up a tap", &cause))?;
    let fate = fate.ok_or_else(Problem::not_found)?;
    let mut answer = identity(Some(tap));
    match fate {
        Fate::Received { at } => {
            answer["status"] = "received".into();
            answer["received_at"] = crate::format::rfc3339(at, state.zone()).into();
        }
        Fate::Posted { charge: priced, amount } => {
            answer["status"] = "posted".into();
            let currency = state.currency();
            answer["charge"] = priced.map_or(Value::Null, |row| charge(row, currency.letters()));
            answer["payment"] = amount
                .map_or(Value::Null, |amount| json!({ "amount": amount, "currency": currency.letters() }));
        }
        Fate::Refused { code } => {
            answer["status"] = "refused".into();
            answer["code"] = code.into();
        }
        Fate::Quarantined { code, detail } => {
            answer["status"] = "quarantined".into();
            answer["code"] = code.into();
            answer["detail"] = detail.into();
        }
    }
    Ok(Json(answer))
}

/// The identity three path segments name.
pub fn parse_tap_id((device, journal, sequence): &(String, String, String)) -> Option<TapId> {
    // `parse` would take a plus sign; an id has one text form.
    let number = |text: &str| text.parse::<u64>().ok().filter(|number| number.to_string() == text);
    Some(TapId {
        device: DeviceId::new(number(device)?)?,
        journal: JournalId::new(number(journal)?)?,
        sequence: Sequence::new(number(sequence)?)?,
    })
}

fn charge(row: ChargeRow, currency: &str) -> Value {
    let funded: Vec<Value> =
        row.funded.iter().map(|part| json!({ "party": part.party, "amount": part.amount })).collect();
    json!({
        "version": row.version,
        "shape": row.shape,
        "gross": row.gross,
        "rider": row.rider,
        "funded": funded,
        "currency": currency,
        "unknown": row.unknown,
        "product": row.product,
        "rules": row.rules,
        "flags": row.flags,
    })
}
