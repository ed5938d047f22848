//! The devices' interface: good and bad batches, and what became of a tap.

use crate::house::{
    BUS, Browser, ENVIRONMENT, House, MASTER, boarding, house, money, morning, signed, tap, text,
};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use engine::EngineError;
use engine::answer::Signed;
use engine::command::{Found, Reply, Request as Asked};
use engine::intake::{Receipt, Retried};
use engine::report::LogEnd;
use fares::Policies;
use primitives::canonical::hex;
use primitives::{Code, CommandId, Digest, Refusal, TapId, TapKind, Text};
use serde_json::{Value, json};
use std::sync::Arc;
use store::StoreError;
use store::intake::Fate;
use tower::ServiceExt as _;
use web::door::Answer;
use web::{Settings, State, TapDoor};
use wire::{Acknowledgement, BodyFormat, DenyDelta, HouseKey, MasterKey, join_batch, limits};

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

fn problem(answer: &crate::house::Answer, status: StatusCode, code: Code) -> Value {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let body = answer.json();
    assert_eq!(body["code"], code.as_str());
    assert_eq!(body["status"], status.as_u16());
    assert_eq!(body["request_id"], answer.header("x-request-id"));
    assert_eq!(answer.header("x-request-id").len(), 32);
    for field in ["type", "title", "detail", "instance"] {
        assert!(body[field].as_str().is_some_and(|text| !text.is_empty()), "{field} is empty");
    }
    assert!(body["errors"].is_array());
    body
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_is_answered_tap_by_tap_in_its_order() {
    let house = house().await;
    let good = signed(&tap(BUS, 1, 1, 0, boarding()), BodyFormat::Proto).encode();
    let mut forged = signed(&tap(BUS, 2, 1, 0, boarding()), BodyFormat::Proto);
    forged.mac[0] ^= 1;
    let unknown = signed(&tap(BUS, 3, 200, 0, boarding()), BodyFormat::Proto).encode();
    let batch = join_batch(&[good, forged.encode(), b"rubbish".to_vec(), unknown]);
    let answer = house.post_taps(PROTOBUF, batch).await;
    assert_eq!(answer.status, StatusCode::OK);
    let taps = answer.json()["taps"].clone();
    let told: Vec<(Value, Value, Value)> = taps
        .as_array()
        .expect("receipts")
        .iter()
        .map(|tap| (tap["sequence"].clone(), tap["status"].clone(), tap["code"].clone()))
        .collect();
    let expect = vec![
        (json!(1), json!("received"), Value::Null),
        (json!(2), json!("quarantined"), json!("MAC_BAD")),
        (Value::Null, json!("quarantined"), json!("DECODE")),
        (json!(3), json!("quarantined"), json!("MEDIUM_UNKNOWN")),
    ];
    assert_eq!(told, expect);
    assert_eq!((&taps[0]["device_id"], &taps[0]["journal_id"]), (&json!(BUS), &json!(5)));
    // What lies in quarantine from a proven sender is answered for; what is only received is not, and a forgery never.
    let (device, journal) =
        (tap(BUS, 1, 1, 0, boarding()).id.device, tap(BUS, 1, 1, 0, boarding()).id.journal);
    let known = Acknowledgement { device, journal, up_to: 0, above: vec![(3, 3)] };
    let key = HouseKey::derive(&MasterKey::new(MASTER), ENVIRONMENT, device, 1);
    let mac = hex(&known.sign(&key));
    let expect = json!([{ "device_id": BUS, "journal_id": 5, "up_to": 0, "above": [[3, 3]], "mac": mac }]);
    assert_eq!(answer.json()["acknowledged"], expect);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_asks_is_told_how_the_deny_list_changed() {
    let house = house().await;
    let good = signed(&tap(BUS, 1, 1, 0, boarding()), BodyFormat::Proto).encode();
    let ask = async |query: &str, batch: Vec<u8>| {
        let request = Request::post(format!("/v1/taps?{query}")).header(header::CONTENT_TYPE, PROTOBUF);
        house.send(request.body(Body::from(batch)).expect("a request")).await
    };
    let answer = ask("deny_list_since=0", join_batch(std::slice::from_ref(&good))).await;
    let device = tap(BUS, 1, 1, 0, boarding()).id.device;
    let key = HouseKey::derive(&MasterKey::new(MASTER), ENVIRONMENT, device, 1);
    let delta = DenyDelta { device, since: 0, version: 0, denied: Vec::new(), allowed: Vec::new() };
    let mac = hex(&delta.sign(&key));
    let expect =
        json!({ "device_id": BUS, "since": 0, "version": 0, "denied": [], "allowed": [], "mac": mac });
    assert_eq!(answer.json()["deny_list"], expect);
    // Nobody is told who is not proven.
    let mut forged = signed(&tap(BUS, 2, 1, 0, boarding()), BodyFormat::Proto);
    forged.mac[0] ^= 1;
    let answer = ask("deny_list_since=0", join_batch(&[forged.encode()])).await;
    assert_eq!(answer.json()["deny_list"], Value::Null);
    for query in ["deny_list_since=", "deny_list_since=-1", "deny_list_since=9223372036854775808", "since=1"]
    {
        let answer = ask(query, join_batch(std::slice::from_ref(&good))).await;
        problem(&answer, StatusCode::BAD_REQUEST, Code::BadRequest);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_formats_are_taken_and_one_id_has_one_effect() {
    let house = house().await;
    let tap = tap(BUS, 1, 1, 0, boarding());
    let json_envelope = signed(&tap, BodyFormat::Json).encode_json().expect("JSON");
    let batch = format!("{{\"taps\":[{json_envelope}]}}").into_bytes();
    for kind in [JSON, "application/json; charset=utf-8"] {
        let answer = house.post_taps(kind, batch.clone()).await;
        assert_eq!(answer.json()["taps"][0]["status"], "received", "{}", answer.text());
    }
    house.clear().await;
    let path = format!("/v1/taps/{}", tap.id);
    let posted = house.get(&path).await.json();
    assert_eq!(posted["status"], "posted");
    assert_eq!(posted["charge"]["currency"], crate::house::currency().letters());
    assert_eq!(posted["charge"]["version"], 1);
    let charge = &posted["charge"];
    let funded: i64 =
        charge["funded"].as_array().expect("funded").iter().filter_map(|part| part["amount"].as_i64()).sum();
    assert_eq!(charge["gross"].as_i64(), charge["rider"].as_i64().map(|rider| rider + funded));
    assert!(charge["gross"].as_i64().is_some_and(|gross| gross > 0), "{charge}");
    assert!(!charge["rules"].as_array().expect("rules").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tap_is_received_then_posted_refused_or_quarantined() {
    let house = house().await;
    let payment =
        TapKind::SchoolPayment { school: text("hill_school"), bill: text("B-9"), price: money(900_000) };
    let taps = [tap(BUS, 1, 1, 0, boarding()), tap(BUS, 2, 1, 1, payment)];
    house.hand_in(&taps).await;
    let fate = async |tap: TapId| house.get(&format!("/v1/taps/{tap}")).await;
    assert_eq!(fate(taps[0].id).await.json()["status"], "received");
    house.clear().await;
    assert_eq!(fate(taps[0].id).await.json()["status"], "posted");
    let refused = fate(taps[1].id).await.json();
    assert_eq!((&refused["status"], &refused["code"]), (&json!("refused"), &json!("INSUFFICIENT_FUNDS")));
    let unknown = tap(BUS, 3, 200, 0, boarding());
    house.post_taps(PROTOBUF, join_batch(&[signed(&unknown, BodyFormat::Proto).encode()])).await;
    let aside = fate(unknown.id).await.json();
    assert_eq!((&aside["status"], &aside["code"]), (&json!("quarantined"), &json!("MEDIUM_UNKNOWN")));
    problem(&house.get("/v1/taps/11/5/99").await, StatusCode::NOT_FOUND, Code::NotFound);
    for path in
        ["/v1/taps/11/5/x", "/v1/taps/011/5/1", "/v1/taps/+11/5/1", "/v1/taps/11/5/9223372036854775808"]
    {
        problem(&house.get(path).await, StatusCode::BAD_REQUEST, Code::BadRequest);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_batches_are_refused_whole_with_their_code() {
    let house = house().await;
    let check = async |kind: &str, body: &[u8], status: u16, code: Code| {
        let status = StatusCode::from_u16(status).expect("a status");
        problem(&house.post_taps(kind, body.to_vec()).await, status, code);
    };
    check(PROTOBUF, b"", 400, Code::Decode).await;
    check(PROTOBUF, b"\xff\xff\xff", 400, Code::Decode).await;
    check(JSON, b"{\"taps\":[]}", 400, Code::Decode).await;
    check(JSON, b"{\"taps\":[", 400, Code::Decode).await;
    check(JSON, b"{\"taps\":[{}],\"more\":1}", 400, Code::Decode).await;
    check("text/plain", b"x", 415, Code::BadRequest).await;
    check("application/jsonx", b"x", 415, Code::BadRequest).await;
    check("", b"x", 415, Code::BadRequest).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_hold_at_the_limit_and_not_one_past_it() {
    let house = house().await;
    let one = signed(&tap(BUS, 1, 1, 0, boarding()), BodyFormat::Proto).encode();
    let at_count = house.post_taps(PROTOBUF, join_batch(&vec![one.clone(); limits::BATCH_TAPS_MAX])).await;
    assert_eq!(at_count.status, StatusCode::OK);
    assert_eq!(at_count.json()["taps"].as_array().map(Vec::len), Some(limits::BATCH_TAPS_MAX));
    let above_count = house.post_taps(PROTOBUF, join_batch(&vec![one; limits::BATCH_TAPS_MAX + 1])).await;
    problem(&above_count, StatusCode::PAYLOAD_TOO_LARGE, Code::TooLarge);
    // A body of exactly the limit is looked at (and is rubbish); one byte more is not.
    let at_size = house.post_taps(PROTOBUF, vec![0xff; limits::BATCH_BYTES_MAX]).await;
    problem(&at_size, StatusCode::BAD_REQUEST, Code::Decode);
    let above_size = house.post_taps(PROTOBUF, vec![0xff; limits::BATCH_BYTES_MAX + 1]).await;
    problem(&above_size, StatusCode::PAYLOAD_TOO_LARGE, Code::TooLarge);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_content_encoding_is_not_taken() {
    let house = house().await;
    let request = Browser::default()
        .request(Method::POST, "/v1/taps")
        .header("content-type", PROTOBUF)
        .header("content-encoding", "gzip")
        .body(Body::from("x"));
    let answer = house.send(request.expect("a request")).await;
    problem(&answer, StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::BadRequest);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_set_aside_can_be_tried_again_by_a_maker() {
    let house = house().await;
    house.enrol_people().await;
    let late = tap(BUS, 7, 90, 0, boarding());
    house.post_taps(PROTOBUF, join_batch(&[signed(&late, BodyFormat::Proto).encode()])).await;
    let medium = engine::registry::Medium {
        token: crate::house::token(90),
        account: primitives::AccountId::new(5000).expect("an account"),
        fare_medium: text("card"),
        tender: primitives::Tender::Prepaid,
    };
    let enrolment = engine::registry::Enrolment { media: vec![medium], ..Default::default() };
    let mut connection = house.pool.acquire().await.expect("a connection");
    engine::registry::enrol(&mut connection, &enrolment).await.expect("an enrolment");
    drop(connection);
    let maker = house.browser(web::role::Role::Finance).await;
    let answer = house.post_as(&maker, "/quarantine/retry", "code=MEDIUM_UNKNOWN").await;
    assert_eq!(answer.header("location"), "/quarantine?code=MEDIUM_UNKNOWN&tried=1&received=1");
    house.clear().await;
    assert_eq!(house.get(&format!("/v1/taps/{}", late.id)).await.json()["status"], "posted");
    let page = house.get_as(&maker, "/quarantine?state=retried&lang=en").await.text();
    assert!(page.contains("Unknown card") && page.contains("Retried"), "the refusal is not shown as retried");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn problems_speak_the_language_that_was_asked_for() {
    let house = house().await;
    let ask = async |lang: &str| {
        let request =
            Browser::default().request(Method::GET, "/v1/taps/1/1/1").header("accept-language", lang);
        house.send(request.body(Body::empty()).expect("a request")).await
    };
    assert_eq!(ask("vi").await.json()["title"], "Không tìm thấy");
    assert_eq!(ask("en").await.json()["title"], "Not found");
    problem(&house.get("/v1/nothing").await, StatusCode::NOT_FOUND, Code::NotFound);
    let request =
        Browser::default().request(Method::DELETE, "/v1/taps").body(Body::empty()).expect("a request");
    problem(&house.send(request).await, StatusCode::METHOD_NOT_ALLOWED, Code::BadRequest);
}

/// A door whose database or log is away.
struct Shut;

fn away<T>() -> Result<T, EngineError> {
    Err(StoreError::row("asking", "SELECT secret FROM somewhere").into())
}

impl TapDoor for Shut {
    fn receive(&self, _: Vec<(BodyFormat, Vec<u8>)>) -> Answer<'_, Vec<Receipt>> {
        Box::pin(async { away() })
    }

    fn acknowledge<'a>(&'a self, _: &'a [Receipt]) -> Answer<'a, Vec<Signed<Acknowledgement>>> {
        Box::pin(async { away() })
    }

    fn deny_list<'a>(&'a self, _: &'a [Receipt], _: u64) -> Answer<'a, Option<Signed<DenyDelta>>> {
        Box::pin(async { away() })
    }

    fn fate(&self, _: TapId) -> Answer<'_, Option<Fate>> {
        Box::pin(async { away() })
    }

    fn ask(&self, _: Asked) -> Answer<'_, Result<Reply, Refusal>> {
        Box::pin(async { away() })
    }

    fn approve(
        &self,
        _: CommandId,
        _: Digest,
        _: Text,
        _: std::time::Duration,
    ) -> Answer<'_, Result<Reply, Refusal>> {
        Box::pin(async { away() })
    }

    fn command(&self, _: CommandId) -> Answer<'_, Option<Found>> {
        Box::pin(async { away() })
    }

    fn log_ends(&self) -> Answer<'_, Vec<LogEnd>> {
        Box::pin(async { away() })
    }

    fn retry<'a>(&'a self, _: Code, _: &'a str) -> Answer<'a, Retried> {
        Box::pin(async { away() })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_away_is_unavailable_and_says_nothing_of_the_inside() {
    let mut house: House = house().await;
    let settings = Settings { environment: "test".into(), city: "Minitown".into(), secure_cookies: false };
    let policies: Arc<Policies> = Arc::new(crate::minitown::policies());
    let clock = Arc::new(crate::house::now);
    let state = State::new(house.pool.clone(), Arc::new(Shut), policies, settings, clock).expect("a state");
    house.router = web::app(state);
    let envelope = signed(&morning()[0], BodyFormat::Proto).encode();
    for answer in
        [house.post_taps(PROTOBUF, join_batch(&[envelope])).await, house.get("/v1/taps/1/1/1").await]
    {
        let body = problem(&answer, StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable);
        assert_eq!(answer.header("retry-after"), "2");
        assert!(!body.to_string().contains("SELECT"), "{body}");
    }
    assert_eq!(house.get("/readyz").await.status, StatusCode::OK);
    house.pool.close().await;
    problem(&house.get("/readyz").await, StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable);
    assert_eq!(house.get("/healthz").await.json()["status"], "alive");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_breaks_off_changes_nothing() {
    let house = house().await;
    struct Broken(bool);
    impl axum::body::HttpBody for Broken {
        type Data = axum::body::Bytes;
        type Error = std::io::Error;
        fn poll_frame(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
            let first = !std::mem::replace(&mut self.0, true);
            let frame = if first {
                Ok(http_body::Frame::data("x".into()))
            } else {
                Err(std::io::Error::other("gone"))
            };
            std::task::Poll::Ready(Some(frame))
        }
    }
    let request = Browser::default().request(Method::POST, "/v1/taps").header("content-type", PROTOBUF);
    let request = request.body(Body::new(Broken(false))).expect("a request");
    let response = house.router.clone().oneshot(request).await.expect("an answer");
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
}
