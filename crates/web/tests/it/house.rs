//! A small house to knock at: minitown, four devices' worth of taps, three people, one router.

use crate::database::{Database, fresh_database};
use crate::minitown;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use chrono::{DateTime, Utc};
use engine::intake::{self, Intake};
use engine::registry::{BankAccount, Device, DeviceState, Enrolment, Medium, Payee};
use engine::worker::{self, Worker};
use fares::Policies;
use primitives::{
    AccountId, Currency, DeviceId, EventTime, JournalId, MediumToken, Minor, Money, PartyNo, PostingDate,
    Sensitive, Sequence, Tap, TapId, TapKind, Tender, Text,
};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::PgPool;
use store::access::Person;
use store::log::EmbeddedLog;
use tokio::sync::watch;
use tower::ServiceExt as _;
use web::role::Role;
use web::{Settings, State};
use wire::{BodyFormat, DeviceKey, Envelope, EventLog as _, MasterKey, encode_tap, encode_tap_json};

pub const ENVIRONMENT: &str = "test";
pub const MASTER: [u8; 32] = [7; 32];
/// Monday 2 March 2026, 08:00 in the city.
pub const NOON_MS: i64 = 1_772_413_200_000;
pub const PASSWORD: &str = "một mật khẩu dài";
/// The bus of operator 1, the gate of operator 2, the counter of the school.
pub const BUS: u64 = 11;
pub const GATE: u64 = 12;

pub struct House {
    pub router: Router,
    pub pool: PgPool,
    pub state: State,
    pub log: Arc<EmbeddedLog>,
    policies: Arc<Policies>,
    stream_id: i32,
    _database: Database,
}

pub fn now() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(NOON_MS).expect("a moment")
}

pub fn date() -> PostingDate {
    PostingDate::parse("2026-03-02").expect("a day")
}

pub fn text(text: &str) -> Text {
    Text::new(text).expect("a text")
}

/// A house without people and taps.
pub async fn house() -> House {
    house_with(false).await
}

pub async fn house_with(secure_cookies: bool) -> House {
    let database = fresh_database().await;
    let pool = store::connect(&database.url, 8).await.expect("a pool");
    store::migrate(&pool).await.expect("a schema");
    let policies = Arc::new(minitown::policies());
    let log = Arc::new(EmbeddedLog::create(&pool, "taps", 2).await.expect("a log"));
    let identity = log.identity().await.expect("an identity");
    let mut connection = pool.acquire().await.expect("a connection");
    engine::registry::load_policy(&mut connection, &minitown::files()).await.expect("a policy");
    let stream_id = store::lease::ensure_stream(&mut connection, &identity, date()).await.expect("a stream");
    engine::registry::enrol(&mut connection, &enrolment()).await.expect("an enrolment");
    drop(connection);
    let settings = intake::Settings {
        environment: ENVIRONMENT.into(),
        master: MasterKey::new(MASTER),
        clock: Arc::new(|| EventTime::from_unix_ms(NOON_MS).expect("a time")),
    };
    let intake = Intake::open(pool.clone(), Arc::clone(&log), Arc::clone(&policies), settings).await;
    let door = Arc::new(Arc::new(intake.expect("a door")));
    let settings = Settings { environment: ENVIRONMENT.into(), city: "Minitown".into(), secure_cookies };
    let state =
        State::new(pool.clone(), door, Arc::clone(&policies), settings, Arc::new(now)).expect("a state");
    House { router: web::app(state.clone()), pool, state, log, policies, stream_id, _database: database }
}

fn enrolment() -> Enrolment {
    let device = |id: u64, operator: u32| Device {
        id: DeviceId::new(id).expect("a device"),
        operator: PartyNo(operator),
        key_version: 1,
        state: DeviceState::Active,
        label: format!("device {id}"),
    };
    let medium = |number: u8| Medium {
        token: token(number),
        account: AccountId::new(u64::from(number) + 1000).expect("an account"),
        fare_medium: text("card"),
        tender: Tender::Prepaid,
    };
    let payee = |party: u32, name: &str| Payee {
        party: PartyNo(party),
        name: name.into(),
        account: format!("{party:010}"),
        bic: "BFTVVNVX".into(),
    };
    Enrolment {
        devices: vec![device(BUS, 1), device(GATE, 2)],
        media: (1..=40).map(medium).collect(),
        entitlements: Vec::new(),
        payees: vec![payee(1, "GREEN BUS"), payee(2, "TOWN RAIL"), payee(30, "HILL SCHOOL")],
        bank_accounts: vec![BankAccount {
            account: "9990001".into(),
            name: "Clearing".into(),
            bic: "BFTVVNVX".into(),
            currency: minitown::policies().newest().expect("a policy").currency(),
            opening: Minor::ZERO,
            approved_by: "test".into(),
        }],
    }
}

/// A medium by a small number; 1 to 40 are enrolled.
pub fn token(number: u8) -> MediumToken {
    MediumToken::new([number; 16])
}

/// A tap of a device's journal, `minutes` after eight.
pub fn tap(device: u64, sequence: u64, medium: u8, minutes: i64, kind: TapKind) -> Tap {
    Tap {
        id: TapId {
            device: DeviceId::new(device).expect("a device"),
            journal: JournalId::new(5).expect("a journal"),
            sequence: Sequence::new(sequence).expect("a sequence"),
        },
        at: EventTime::from_unix_ms(NOON_MS - 3_600_000 + minutes * 60_000).expect("a time"),
        medium: token(medium),
        kind,
    }
}

pub fn boarding() -> TapKind {
    TapKind::Boarding { route: text("B1"), stop: Some(text("H1")), trip: None, qr: false }
}

pub fn currency() -> Currency {
    minitown::policies().newest().expect("a policy").currency()
}

pub fn money(units: i64) -> Money {
    Money::new(Minor::new(units), currency())
}

/// The tap signed by its device.
pub fn signed(tap: &Tap, format: BodyFormat) -> Envelope {
    let body = match format {
        BodyFormat::Proto => encode_tap(tap),
        BodyFormat::Json => encode_tap_json(tap).into_bytes(),
    };
    let key = DeviceKey::derive(&MasterKey::new(MASTER), ENVIRONMENT, tap.id.device, 1);
    let mac = key.sign(format, &body).to_vec();
    Envelope { device: tap.id.device, key_version: 1, format, body, mac }
}

/// What came back.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("UTF-8")
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        let lines = self.headers.get_all(header::SET_COOKIE).iter();
        let found = lines.filter_map(|line| line.to_str().ok()?.split_once('='));
        found
            .filter(|(found, _)| *found == name)
            .map(|(_, rest)| rest.split(';').next().unwrap_or("").to_owned())
            .next_back()
    }
}

/// A browser: it keeps its cookie and knows its token.
#[derive(Clone, Default)]
pub struct Browser {
    pub cookie: Option<String>,
    pub csrf: String,
    /// The token of the programming interface.
    pub bearer: Option<String>,
}

impl House {
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("a whole body").to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.get_as(&Browser::default(), path).await
    }

    pub async fn get_as(&self, browser: &Browser, path: &str) -> Answer {
        self.send(browser.request(Method::GET, path).body(Body::empty()).expect("a request")).await
    }

    pub async fn post_taps(&self, content_type: &str, body: Vec<u8>) -> Answer {
        let request = Request::post("/v1/taps").header(header::CONTENT_TYPE, content_type).body(body.into());
        self.send(request.expect("a request")).await
    }

    /// Posts a form with the browser's token.
    pub async fn post_as(&self, browser: &Browser, path: &str, form: &str) -> Answer {
        let body = format!("csrf={}&{form}", browser.csrf);
        self.post_form(browser, path, body).await
    }

    pub async fn post_form(&self, browser: &Browser, path: &str, body: String) -> Answer {
        let request = browser
            .request(Method::POST, path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body.into());
        self.send(request.expect("a request")).await
    }

    /// Hands signed taps in and expects each to be received.
    pub async fn hand_in(&self, taps: &[Tap]) {
        for batch in taps.chunks(500) {
            let envelopes: Vec<Vec<u8>> =
                batch.iter().map(|tap| signed(tap, BodyFormat::Proto).encode()).collect();
            let answer = self.post_taps("application/x-protobuf", wire::join_batch(&envelopes)).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
            for receipt in answer.json()["taps"].as_array().expect("receipts") {
                assert_eq!(receipt["status"], "received", "{receipt}");
            }
        }
    }

    /// Runs a worker until the ledger has everything the log has.
    pub async fn clear(&self) {
        let (stop, stopped) = watch::channel(false);
        let worker = Worker {
            pool: self.pool.clone(),
            log: Arc::clone(&self.log),
            stream_id: self.stream_id,
            partitions: 2,
            policies: Arc::clone(&self.policies),
            settings: worker::Settings::named("web-test"),
            stats: Arc::default(),
        };
        let running = tokio::spawn(worker.run(stopped));
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let mut ends = Vec::new();
            for part in 0..2 {
                ends.push(self.log.bounds(part).await.expect("bounds").1);
            }
            let mut connection = self.pool.acquire().await.expect("a connection");
            let positions =
                store::lease::positions(&mut connection, self.stream_id).await.expect("positions");
            if positions.iter().zip(&ends).all(|(position, end)| position.next_offset as u64 >= *end) {
                break;
            }
            assert!(Instant::now() < until, "the worker does not catch up");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stop.send(true).expect("a worker");
        running.await.expect("a worker").expect("no fault");
    }

    /// Closes the day.
    pub async fn close(&self) {
        let mut connection = self.pool.acquire().await.expect("a connection");
        engine::day::ask_close(&mut connection, self.log.as_ref(), date()).await.expect("asked");
        drop(connection);
        self.clear().await;
        let mut connection = self.pool.acquire().await.expect("a connection");
        let limit = Duration::from_secs(10);
        engine::day::wait_closed(&mut connection, date(), limit).await.expect("closed");
    }

    /// Enrols a person of each role, all with the same password.
    pub async fn enrol_people(&self) {
        let hash = web::secret::hash_password(PASSWORD).expect("a hash");
        let mut connection = self.pool.acquire().await.expect("a connection");
        for role in Role::ALL {
            let person = Person {
                login: role.word().into(),
                display_name: format!("Người {}", role.word()),
                password_hash: Sensitive::new(hash.clone()),
                role: role.word().into(),
                active: true,
            };
            engine::access::put_person(&mut connection, &person).await.expect("a person");
        }
    }

    /// A browser that is signed in as a person of this role, without the cost of a password.
    pub async fn browser(&self, role: Role) -> Browser {
        let (token, csrf) = (web::secret::token().expect("a token"), web::secret::token().expect("a token"));
        let mut connection = self.pool.acquire().await.expect("a connection");
        let digest = primitives::Digest::of(token.as_bytes());
        engine::access::begin_session(&mut connection, digest, role.word(), &csrf).await.expect("a session");
        let bearer = web::secret::token().expect("a token");
        let digest = primitives::Digest::of(bearer.as_bytes());
        engine::access::put_token(&mut connection, digest, role.word()).await.expect("a token kept");
        Browser { cookie: Some(format!("farehouse_session={token}")), csrf, bearer: Some(bearer) }
    }
}

impl Browser {
    pub fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        let request = Request::builder().method(method).uri(path).header(header::HOST, "fares.example");
        let request = match &self.bearer {
            Some(bearer) => request.header(header::AUTHORIZATION, format!("Bearer {bearer}")),
            None => request,
        };
        match &self.cookie {
            Some(cookie) => request.header(header::COOKIE, cookie),
            None => request,
        }
    }
}

/// A morning in minitown: twelve bus rides, eight metro rides, a top-up and two payments of which one is refused.
pub fn morning() -> Vec<Tap> {
    use primitives::Direction::{Entry, Exit};
    let gate = |direction, stop: &str| TapKind::Gate { direction, route: text("L1"), stop: text(stop) };
    let mut taps = Vec::new();
    for number in 1..=12_u8 {
        taps.push(tap(BUS, u64::from(number), number, i64::from(number), boarding()));
    }
    for number in 1..=8_u8 {
        let sequence = u64::from(number) * 2;
        taps.push(tap(GATE, sequence, number + 20, i64::from(number), gate(Entry, "S1")));
        taps.push(tap(GATE, sequence + 1, number + 20, i64::from(number) + 20, gate(Exit, "S3")));
    }
    let top_up = TapKind::TopUp { channel: text("cash_desk"), reference: text("R-1"), value: money(50_000) };
    taps.push(tap(BUS, 101, 30, 1, top_up));
    let pay = |bill: &str, units| TapKind::SchoolPayment {
        school: text("hill_school"),
        bill: text(bill),
        price: money(units),
    };
    taps.push(tap(BUS, 102, 30, 2, pay("B-1", 20_000)));
    taps.push(tap(BUS, 103, 30, 3, pay("B-2", 900_000)));
    taps
}
