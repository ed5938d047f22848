//! Commands through HTTP: one key, one effect, one answer; and who may ask for what.

use crate::house::{Answer, BUS, Browser, House, NOON_MS, boarding, house, tap, token};
use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use engine::expire::Expired;
use primitives::{Code, EventTime};
use serde_json::{Value, json};
use std::cell::Cell;
use std::time::Duration;
use web::role::Role;

/// A command; `wait` in seconds.
async fn send(house: &House, by: &Browser, path: &str, key: &str, body: &Value, wait: u32) -> Answer {
    let request = by
        .request(Method::POST, path)
        .header(header::CONTENT_TYPE, "application/json")
        .header("idempotency-key", key)
        .header("prefer", format!("wait={wait}"))
        .body(Body::from(body.to_string()));
    house.send(request.expect("a request")).await
}

/// A command while a worker runs: its answer.
async fn ask(house: &House, by: &Browser, path: &str, key: &str, body: Value) -> Value {
    let first = send(house, by, path, key, &body, 0).await;
    assert!(first.status.is_success(), "{path}: {}", first.text());
    house.clear().await;
    let again = send(house, by, path, key, &body, 0).await;
    assert_eq!(again.json()["id"], first.json()["id"], "one key, one command");
    again.json()
}

fn problem(answer: &Answer, status: StatusCode, code: Code) {
    assert_eq!(
        (answer.status, answer.json()["code"].as_str()),
        (status, Some(code.as_str())),
        "{}",
        answer.text()
    );
}

/// A house whose card 1 was topped up.
async fn with_value(units: i64) -> House {
    let house = house().await;
    house.enrol_people().await;
    let channel = house.browser(Role::Channel).await;
    let body = json!({ "medium": token(1).to_string(), "channel": "bank_app", "reference": "FH-1", "amount": units,
        "currency": "VND" });
    let announced = ask(&house, &channel, "/v1/top-ups", "t-1", body).await;
    assert_eq!(announced["status"], "done");
    let path = format!("/v1/top-ups/{}/confirm", announced["id"].as_str().expect("an id"));
    let confirmed = ask(&house, &channel, &path, "t-2", json!({ "medium": token(1).to_string() })).await;
    assert_eq!((&confirmed["status"], &confirmed["amount"]), (&json!("done"), &json!(units)));
    house
}

/// Announces money and answers the command's id.
async fn announce(house: &House, channel: &Browser, key: &str) -> String {
    let body = json!({ "medium": token(1).to_string(), "channel": "bank_app", "reference": format!("FH-{key}"),
        "amount": 70_000, "currency": "VND" });
    let announced = ask(house, channel, "/v1/top-ups", key, body).await;
    announced["id"].as_str().expect("an id").to_owned()
}

/// Takes back what was announced before a minute after the house's clock, while a worker runs.
async fn expire(house: &House, minutes: i64) -> engine::expire::Expired {
    let at = |minutes: i64| EventTime::from_unix_ms(NOON_MS + minutes * 60_000).expect("a time");
    let mut connection = house.pool.acquire().await.expect("a connection");
    let wait = Duration::from_secs(30);
    let done = Cell::new(false);
    let job = async {
        let expired = engine::expire::run(&mut connection, &*house.log, at(minutes), at(3_000), wait).await;
        done.set(true);
        expired.expect("it ran")
    };
    let work = async {
        while !done.get() {
            house.clear().await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::join!(job, work).0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_top_up_that_the_bank_never_confirms_is_taken_back_once() {
    let house = with_value(1_000).await;
    let channel = house.browser(Role::Channel).await;
    let lost = announce(&house, &channel, "t-3").await;
    let kept = announce(&house, &channel, "t-4").await;
    let whose = json!({ "medium": token(1).to_string() });
    let confirm = async |id: &str, key: &str| {
        ask(&house, &channel, &format!("/v1/top-ups/{id}/confirm"), key, whose.clone()).await
    };
    assert_eq!(confirm(&kept, "c-4").await["status"], "done");
    assert_eq!(expire(&house, 0).await, Expired::default(), "nothing was announced before that");
    let (first, again) = (expire(&house, 1).await, expire(&house, 1).await);
    assert_eq!(first, Expired { cancelled: 1, ..Expired::default() });
    assert_eq!(again, Expired::default());
    // Confirmed after all: refused for good, and no bank item waits, so that money that comes lies in suspense.
    let late = confirm(&lost, "c-3").await;
    assert_eq!((&late["status"], &late["code"]), (&json!("refused"), &json!("TOPUP_NOT_PENDING")));
    assert_eq!(value_of(&house).await, 71_000);
    let number = async |query: &'static str| {
        sqlx::query_scalar::<_, i64>(query).fetch_one(&house.pool).await.expect("a number")
    };
    let held =
        "SELECT coalesce(sum(credit - debit), 0)::bigint FROM ledger.entry JOIN ledger.chart USING (chart)
                WHERE code = 'TOPUP_PENDING'";
    assert_eq!(number(held).await, 0, "nothing is held any more");
    assert_eq!(number("SELECT count(*) FROM bank.item WHERE reference = 'FH-t-3'").await, 0);
    let asker = "SELECT count(*) FROM clearing.command WHERE asked_by = 'expiry'";
    assert_eq!(number(asker).await, 1, "asked once");
}

fn payment(units: i64) -> Value {
    json!({ "medium": token(1).to_string(), "payee": "hill_school", "bill": "B-1", "amount": units, "currency": "VND" })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schools_bill_is_paid_once_however_often_it_is_asked() {
    let house = with_value(100_000).await;
    let counter = house.browser(Role::Counter).await;
    let first = send(&house, &counter, "/v1/payments", "p-1", &payment(60_000), 0).await;
    assert_eq!((first.status, &first.json()["status"]), (StatusCode::ACCEPTED, &json!("pending")));
    // In flight, a second asker waits, and gets the answer as soon as it is there.
    let body = payment(60_000);
    let (waited, ()) = tokio::join!(send(&house, &counter, "/v1/payments", "p-1", &body, 20), house.clear());
    assert_eq!((waited.status, &waited.json()["status"]), (StatusCode::OK, &json!("done")));
    let other = send(&house, &counter, "/v1/payments", "p-1", &payment(60_001), 0).await;
    problem(&other, StatusCode::UNPROCESSABLE_ENTITY, Code::IdempotencyMismatch);
    // A second bill is above what is left, and stays refused although money comes in later.
    let refused = ask(&house, &counter, "/v1/payments", "p-2", payment(60_000)).await;
    assert_eq!((&refused["status"], &refused["code"]), (&json!("refused"), &json!("INSUFFICIENT_FUNDS")));
    let path = format!("/v1/commands/{}", first.json()["id"].as_str().expect("an id"));
    let found = house.get_as(&counter, &path).await.json();
    assert_eq!(
        (&found["status"], &found["kind"], &found["amount"]),
        (&json!("done"), &json!("pay"), &json!(60_000))
    );
    assert_eq!(value_of(&house).await, 40_000);
}

/// The value of card 1's account.
async fn value_of(house: &House) -> i64 {
    let mut connection = house.pool.acquire().await.expect("a connection");
    let account = primitives::AccountId::new(1001).expect("an account");
    let states = store::load::accounts(&mut connection, &[account]).await.expect("states");
    states[&account].purse.value.units()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pass_is_bought_and_pays_the_ride_after_it() {
    let house = with_value(120_000).await;
    let counter = house.browser(Role::Counter).await;
    let body = json!({ "medium": token(1).to_string(), "product": "bus_month" });
    let bought = ask(&house, &counter, "/v1/passes", "m-1", body).await;
    assert_eq!((&bought["status"], &bought["amount"]), (&json!("done"), &json!(100_000)));
    let ride = tap(BUS, 1, 1, 61, boarding());
    house.hand_in(std::slice::from_ref(&ride)).await;
    house.clear().await;
    let charge = house.get(&format!("/v1/taps/{}", ride.id)).await.json()["charge"].clone();
    assert_eq!(
        (&charge["gross"], &charge["rider"], &charge["flags"]),
        (&json!(6_000), &json!(0), &json!([]))
    );
    assert_eq!(value_of(&house).await, 20_000);
    // Used, it is not given back.
    let path = format!("/v1/passes/{}/refund", bought["id"].as_str().expect("an id"));
    let refused = ask(&house, &counter, &path, "m-2", json!({ "account": "1001" })).await;
    assert_eq!(refused["code"], "PASS_NOT_REFUNDABLE");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fare_is_given_back_by_two_people() {
    let house = with_value(10_000).await;
    let ride = tap(BUS, 1, 1, 0, boarding());
    house.hand_in(std::slice::from_ref(&ride)).await;
    house.clear().await;
    assert_eq!(value_of(&house).await, 4_000);
    let maker = house.browser(Role::Finance).await;
    let checker = house.browser(Role::Approver).await;
    let body =
        json!({ "account": 1001, "tap": [BUS, 5, 1], "case": "C-7", "amount": 6_000, "currency": "VND" });
    let proposed = send(&house, &maker, "/v1/refunds", "r-1", &body, 0).await;
    assert_eq!(
        (proposed.status, &proposed.json()["status"]),
        (StatusCode::ACCEPTED, &json!("awaiting_approval"))
    );
    house.clear().await;
    assert_eq!(value_of(&house).await, 4_000, "nothing moves before the second yes");
    let id = proposed.json()["id"].as_str().expect("an id").to_owned();
    let path = format!("/v1/commands/{id}/approve");
    let digest = proposed.json()["digest"].clone();
    let stale = send(&house, &checker, &path, "-", &json!({ "digest": "00".repeat(32) }), 0).await;
    problem(&stale, StatusCode::CONFLICT, Code::ApprovalStale);
    let approved = send(&house, &checker, &path, "-", &json!({ "digest": digest }), 0).await;
    assert_eq!(approved.json()["status"], "pending", "{}", approved.text());
    let twice = send(&house, &checker, &path, "-", &json!({ "digest": digest }), 0).await;
    problem(&twice, StatusCode::CONFLICT, Code::ApprovalUsed);
    house.clear().await;
    assert_eq!(value_of(&house).await, 10_000);
    let done = house.get_as(&maker, &format!("/v1/commands/{id}")).await.json();
    assert_eq!((&done["status"], &done["kind"]), (&json!("done"), &json!("refund_fare")));
    let charge = house.get(&format!("/v1/taps/{}", ride.id)).await.json()["charge"].clone();
    assert_eq!((&charge["version"], &charge["gross"]), (&json!(2), &json!(0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_fare_of_a_ride_of_last_week_is_given_back_once() {
    let house = with_value(20_000).await;
    let week = 7 * 24 * 60;
    let (old, new) = (tap(BUS, 1, 1, -week, boarding()), tap(BUS, 2, 1, 0, boarding()));
    house.hand_in(&[old.clone(), new]).await;
    house.clear().await;
    assert_eq!(value_of(&house).await, 8_000);
    let maker = house.browser(Role::Finance).await;
    let checker = house.browser(Role::Approver).await;
    let body = |amount: i64| json!({ "account": 1001, "tap": [BUS, 5, 1], "case": "C-7", "amount": amount, "currency": "VND" });
    let mut ids = Vec::new();
    for key in ["r-1", "r-2"] {
        let proposed = send(&house, &maker, "/v1/refunds", key, &body(6_000), 0).await.json();
        let path = format!("/v1/commands/{}/approve", proposed["id"].as_str().expect("an id"));
        // Both were proposed and approved before the ledger knew of either.
        ids.push((path.clone(), proposed["digest"].clone(), proposed["id"].clone()));
    }
    for (path, digest, _) in &ids {
        let approved = send(&house, &checker, path, "-", &json!({ "digest": digest }), 0).await;
        assert_eq!(approved.json()["status"], "pending", "{}", approved.text());
    }
    house.clear().await;
    assert_eq!(value_of(&house).await, 14_000, "once");
    let mut answers = Vec::new();
    for (_, _, id) in &ids {
        let path = format!("/v1/commands/{}", id.as_str().expect("an id"));
        let found = house.get_as(&maker, &path).await.json();
        answers.push((found["status"].clone(), found["code"].clone()));
    }
    assert_eq!(answers, [(json!("done"), Value::Null), (json!("refused"), json!("REFUND_ABOVE"))]);
    let charge = house.get(&format!("/v1/taps/{}", old.id)).await.json()["charge"].clone();
    assert_eq!((&charge["version"], &charge["gross"]), (&json!(2), &json!(0)));
    // Asked again later: the books say that nothing is left.
    let proposed = send(&house, &maker, "/v1/refunds", "r-3", &body(1), 0).await.json();
    let path = format!("/v1/commands/{}/approve", proposed["id"].as_str().expect("an id"));
    send(&house, &checker, &path, "-", &json!({ "digest": proposed["digest"] }), 0).await;
    house.clear().await;
    let path = format!("/v1/commands/{}", proposed["id"].as_str().expect("an id"));
    assert_eq!(house.get_as(&maker, &path).await.json()["code"], "REFUND_ABOVE");
    let mut connection = house.pool.acquire().await.expect("a connection");
    let verified = engine::verify::verify(&mut connection, Some(&*house.log), &[]).await.expect("looked at");
    assert!(verified.equal(), "{:?} {:?}", verified.differences, verified.checks);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blocked_card_rides_and_is_flagged_but_pays_no_bill() {
    let house = with_value(50_000).await;
    let counter = house.browser(Role::Counter).await;
    let body = json!({ "account": 1001, "reason": "lost" });
    assert_eq!(ask(&house, &counter, "/v1/blocks", "b-1", body).await["status"], "done");
    let ride = tap(BUS, 1, 1, 61, boarding());
    house.hand_in(std::slice::from_ref(&ride)).await;
    let refused = ask(&house, &counter, "/v1/payments", "p-1", payment(1_000)).await;
    assert_eq!(refused["code"], "ACCOUNT_BLOCKED");
    let told = house.get(&format!("/v1/taps/{}", ride.id)).await.json();
    assert_eq!((&told["status"], &told["charge"]["flags"]), (&json!("posted"), &json!(["blocked"])));
    let body = json!({ "account": 1001 });
    assert_eq!(ask(&house, &counter, "/v1/unblocks", "b-2", body).await["status"], "done");
    assert_eq!(ask(&house, &counter, "/v1/payments", "p-2", payment(1_000)).await["status"], "done");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_is_replaced_and_a_concession_reaches_the_next_ride() {
    let house = with_value(50_000).await;
    let counter = house.browser(Role::Counter).await;
    let maker = house.browser(Role::Finance).await;
    // Card 1 is lost; card 90, which nobody has, takes its place.
    let body = json!({ "medium": token(1).to_string(), "to": token(90).to_string() });
    assert_eq!(ask(&house, &counter, "/v1/moves", "v-1", body.clone()).await["status"], "done");
    let twice = send(&house, &counter, "/v1/moves", "v-2", &body, 0).await;
    problem(&twice, StatusCode::BAD_REQUEST, Code::BadRequest);
    let body = json!({ "medium": token(90).to_string(), "category": "student", "from": "2026-03-01T04:00:00+07:00",
        "until": "2026-09-01T04:00:00+07:00" });
    assert_eq!(ask(&house, &maker, "/v1/concessions", "c-1", body).await["status"], "done");
    let ride = tap(BUS, 1, 90, 61, boarding());
    house.hand_in(std::slice::from_ref(&ride)).await;
    house.clear().await;
    let charge = house.get(&format!("/v1/taps/{}", ride.id)).await.json()["charge"].clone();
    assert_eq!((&charge["gross"], &charge["rider"]), (&json!(6_000), &json!(3_000)));
    assert_eq!(value_of(&house).await, 47_000);
    let body = json!({ "account": 1001, "category": "student" });
    assert_eq!(ask(&house, &maker, "/v1/concessions/lapse", "c-2", body).await["status"], "done");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_correction_waits_for_a_second_person() {
    let house = with_value(50_000).await;
    let maker = house.browser(Role::Finance).await;
    let checker = house.browser(Role::Approver).await;
    let body = json!({ "account": 1001, "case": "C-3", "to_holder": false, "operator": "greenbus", "amount": 6_000,
        "currency": "VND" });
    let proposed = send(&house, &maker, "/v1/corrections", "k-1", &body, 0).await.json();
    assert_eq!(proposed["status"], "awaiting_approval");
    let path = format!("/v1/commands/{}/approve", proposed["id"].as_str().expect("an id"));
    let agreed = send(&house, &checker, &path, "-", &json!({ "digest": proposed["digest"] }), 0).await;
    assert_eq!(agreed.json()["status"], "pending");
    house.clear().await;
    assert_eq!(value_of(&house).await, 44_000);
    let again = send(&house, &maker, "/v1/corrections", "k-1", &body, 0).await.json();
    assert_eq!((&again["status"], &again["amount"]), (&json!("done"), &json!(6_000)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_a_command_changes_nothing() {
    let house = house().await;
    house.enrol_people().await;
    let counter = house.browser(Role::Counter).await;
    let post = async |key: Option<&str>, kind: &str, body: &str| {
        let mut request = counter.request(Method::POST, "/v1/payments").header(header::CONTENT_TYPE, kind);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        house.send(request.body(Body::from(body.to_owned())).expect("a request")).await
    };
    let good = payment(1_000).to_string();
    let json = "application/json";
    problem(&post(None, json, &good).await, StatusCode::BAD_REQUEST, Code::IdempotencyMissing);
    problem(&post(Some(""), json, &good).await, StatusCode::BAD_REQUEST, Code::BadRequest);
    problem(&post(Some(&"k".repeat(65)), json, &good).await, StatusCode::BAD_REQUEST, Code::BadRequest);
    problem(
        &post(Some("k"), "text/plain", &good).await,
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Code::BadRequest,
    );
    let check = async |change: Value, status: StatusCode, code: Code| {
        let mut body = payment(1_000);
        for (name, value) in change.as_object().expect("an object") {
            body[name] = value.clone();
        }
        problem(&post(Some("k"), json, &body.to_string()).await, status, code);
    };
    let (bad, unprocessable) = (StatusCode::BAD_REQUEST, StatusCode::UNPROCESSABLE_ENTITY);
    check(json!({ "amount": 0 }), unprocessable, Code::AmountRange).await;
    check(json!({ "amount": -5 }), unprocessable, Code::AmountRange).await;
    check(json!({ "amount": 1.5 }), bad, Code::BadRequest).await;
    check(json!({ "currency": "vnd" }), unprocessable, Code::AmountCurrency).await;
    check(json!({ "bill": "" }), unprocessable, Code::TextInvalid).await;
    check(json!({ "medium": token(99).to_string() }), unprocessable, Code::MediumUnknown).await;
    check(json!({ "medium": "zz" }), bad, Code::BadRequest).await;
    check(json!({ "account": 1001 }), bad, Code::BadRequest).await;
    check(json!({ "account": 99_999, "medium": null }), StatusCode::NOT_FOUND, Code::NotFound).await;
    let large = format!("{{\"x\":\"{}\"}}", "x".repeat(web::commands::COMMAND_BYTES_MAX));
    problem(&post(Some("k"), json, &large).await, StatusCode::PAYLOAD_TOO_LARGE, Code::TooLarge);
    house.clear().await;
    let nothing = house.get_as(&counter, "/v1/commands/00000000000000000000000000000000").await;
    problem(&nothing, StatusCode::NOT_FOUND, Code::NotFound);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_was_taken_away_opens_nothing() {
    let house = house().await;
    house.enrol_people().await;
    let counter = house.browser(Role::Counter).await;
    let mut connection = house.pool.acquire().await.expect("a connection");
    assert_eq!(engine::access::revoke_tokens(&mut connection, "counter").await.expect("revoked"), 1);
    let answer = send(&house, &counter, "/v1/payments", "p-1", &payment(1_000), 0).await;
    problem(&answer, StatusCode::UNAUTHORIZED, Code::Unauthenticated);
}
