//! A small house for a test: minitown's policy, two devices, four cards, one worker, an empty database.

use crate::camt::ACCOUNT;
use crate::database::{Database, fresh_database};
use crate::minitown;
use engine::day::{self, Asked, Progress};
use engine::intake::{Answer, Intake, Settings};
use engine::registry::{BankAccount, Device, DeviceState, Enrolment, Entitlement, Medium, Payee};
use engine::worker::{self, Worker};
use primitives::{
    AccountId, Command, CommandId, CommandKind, Currency, DeviceId, EventTime, JournalId, MediumToken, Minor,
    Money, PartyNo, PostingDate, Record, Sequence, Tap, TapId, TapKind, Tender, Text,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use store::log::EmbeddedLog;
use store::{PgConnection, PgPool};
use tokio::sync::watch;
use wire::{BodyFormat, DeviceKey, Envelope, EventLog as _, MasterKey, encode_tap};

/// The first accounting day.
pub const DAY: &str = "2026-03-02";
/// The balance the bank account was taken over with.
pub const OPENING: i64 = 1_000_000;

pub const BUS: PartyNo = PartyNo(1);
pub const RAIL: PartyNo = PartyNo(2);
pub const TOWN: PartyNo = PartyNo(10);
pub const SCHOOL: PartyNo = PartyNo(30);
pub const ACQUIRER: PartyNo = PartyNo(40);

/// Cards: an adult's, a student's, another adult's, and a bank card.
pub const ADULT: u64 = 1;
pub const STUDENT: u64 = 2;
pub const OTHER: u64 = 3;
pub const BANK_CARD: u64 = 4;

pub struct House {
    pub pool: PgPool,
    pub log: Arc<EmbeddedLog>,
    stream: i32,
    intake: Arc<Intake<EmbeddedLog>>,
    stop: watch::Sender<bool>,
    sequence: AtomicU64,
    _database: Database,
}

pub fn text(text: &str) -> Text {
    Text::new(text).unwrap()
}

pub fn date(text: &str) -> PostingDate {
    PostingDate::parse(text).unwrap()
}

/// A moment of the first day, by the town's clock.
pub fn at(hour: i64, minute: i64) -> EventTime {
    let midnight =
        chrono::NaiveDate::from_ymd_opt(2026, 3, 2).unwrap().and_hms_opt(0, 0, 0).unwrap().and_utc();
    let ms = midnight.timestamp_millis() + (hour - 7) * 3_600_000 + minute * 60_000;
    EventTime::from_unix_ms(ms).unwrap()
}

fn medium(card: u64) -> MediumToken {
    MediumToken::new([u8::try_from(card).unwrap(); 16])
}

pub fn payee(party: PartyNo) -> Payee {
    Payee {
        party,
        name: format!("Payee {party}"),
        account: format!("99000000{:04}", party.0),
        bic: "BFTVVNVX".into(),
    }
}

fn enrolment() -> Enrolment {
    let account = |card| AccountId::new(card).unwrap();
    let device = |id, operator| Device {
        id: DeviceId::new(id).unwrap(),
        operator,
        key_version: 1,
        state: DeviceState::Active,
        label: format!("Device {id}"),
    };
    let card = |card, fare_medium: &str, tender| Medium {
        token: medium(card),
        account: account(card),
        fare_medium: text(fare_medium),
        tender,
    };
    Enrolment {
        devices: vec![device(1, BUS), device(2, RAIL)],
        media: vec![
            card(ADULT, "card", Tender::Prepaid),
            card(STUDENT, "card", Tender::Prepaid),
            card(OTHER, "card", Tender::Prepaid),
            card(BANK_CARD, "bank_card", Tender::OpenLoop),
        ],
        entitlements: vec![Entitlement {
            account: account(STUDENT),
            category: text("student"),
            from: at(0, 0),
            until: EventTime::from_unix_ms(EventTime::END_MS - 1).unwrap(),
        }],
        payees: vec![payee(BUS), payee(RAIL), payee(SCHOOL)],
        bank_accounts: vec![BankAccount {
            account: ACCOUNT.into(),
            name: "Minitown Guarantee".into(),
            bic: "BFTVVNVX".into(),
            currency: Currency::VND,
            opening: Minor::new(OPENING),
            approved_by: "board".into(),
        }],
    }
}

impl House {
    pub async fn open() -> House {
        Self::open_on(DAY).await
    }

    /// A house whose books open on this day.
    pub async fn open_on(first_day: &str) -> House {
        let database = fresh_database().await;
        let pool = store::connect(&database.url, 8).await.unwrap();
        store::migrate(&pool).await.unwrap();
        let mut connection = pool.acquire().await.unwrap();
        engine::registry::load_policy(&mut connection, &minitown::files()).await.unwrap();
        engine::registry::enrol(&mut connection, &enrolment()).await.unwrap();
        let policies = Arc::new(engine::registry::policies(&mut connection).await.unwrap());
        let log = Arc::new(EmbeddedLog::create(&pool, "taps", 2).await.unwrap());
        let identity = log.identity().await.unwrap();
        let stream = store::lease::ensure_stream(&mut connection, &identity, date(first_day)).await.unwrap();
        drop(connection);
        let settings = Settings {
            environment: "test".into(),
            master: MasterKey::new([7; 32]),
            clock: Arc::new(|| at(30, 0)),
        };
        let intake =
            Intake::open(pool.clone(), Arc::clone(&log), Arc::clone(&policies), settings).await.unwrap();
        let (stop, stopped) = watch::channel(false);
        let worker = Worker {
            pool: pool.clone(),
            log: Arc::clone(&log),
            stream_id: stream,
            partitions: identity.partitions,
            policies,
            settings: worker::Settings::named("test"),
            stats: Arc::default(),
        };
        tokio::spawn(worker.run(stopped));
        House {
            pool,
            log,
            stream,
            intake: Arc::new(intake),
            stop,
            sequence: AtomicU64::new(1),
            _database: database,
        }
    }

    pub async fn connection(&self) -> impl std::ops::DerefMut<Target = PgConnection> + use<> {
        self.pool.acquire().await.unwrap()
    }

    /// A signed tap through the door; its identity.
    pub async fn tap(&self, device: u64, card: u64, when: EventTime, kind: TapKind) -> TapId {
        let device = DeviceId::new(device).unwrap();
        let sequence = Sequence::new(self.sequence.fetch_add(1, Ordering::Relaxed)).unwrap();
        let id = TapId { device, journal: JournalId::new(1).unwrap(), sequence };
        let body = encode_tap(&Tap { id, at: when, medium: medium(card), kind });
        let key = DeviceKey::derive(&MasterKey::new([7; 32]), "test", device, 1);
        let mac = key.sign(BodyFormat::Proto, &body).to_vec();
        let envelope = Envelope { device, key_version: 1, format: BodyFormat::Proto, body, mac };
        let receipts = self.intake.receive(vec![(BodyFormat::Proto, envelope.encode())]).await.unwrap();
        assert_eq!(receipts[0].answer, Answer::Received, "{receipts:?}");
        id
    }

    pub async fn ride_bus(&self, card: u64, when: EventTime) -> TapId {
        self.tap(
            1,
            card,
            when,
            TapKind::Boarding { route: text("B1"), stop: Some(text("H1")), trip: None, qr: false },
        )
        .await
    }

    /// Money into a card through the bank's app; answers its reference.
    pub async fn top_up(&self, card: u64, when: EventTime, amount: i64, number: u64) -> String {
        let reference = bank::reference::make(number);
        self.pay_in(1, card, when, amount, "bank_app", &reference).await;
        reference
    }

    pub async fn pay_in(
        &self,
        device: u64,
        card: u64,
        when: EventTime,
        amount: i64,
        channel: &str,
        reference: &str,
    ) {
        let value = Money::new(Minor::new(amount), Currency::VND);
        let kind = TapKind::TopUp { channel: text(channel), reference: text(reference), value };
        self.tap(device, card, when, kind).await;
    }

    /// A command of finance staff, put into the log as the door does.
    pub async fn command(&self, card: u64, when: EventTime, key: &str, kind: CommandKind) {
        let (asked_by, account) = (text("lan"), AccountId::new(card).unwrap());
        let id = CommandId::of_key(&asked_by, &text(key));
        let command = Command { id, account, at: when, asked_by, approved_by: None, kind };
        let partition = wire::partition_of(account, self.log.identity().await.unwrap().partitions);
        let record = wire::encode_record(&Record::Command(Box::new(command)), &[]);
        self.log.append(vec![(partition, record)]).await.unwrap();
    }

    /// Tells everything that waits in the outbox.
    pub async fn told(&self) {
        let topic = async |name| Arc::new(EmbeddedLog::create(&self.pool, name, 2).await.unwrap());
        let (stop, stopped) = watch::channel(false);
        let relay = engine::relay::Relay {
            pool: self.pool.clone(),
            stream_id: self.stream,
            postings: topic("postings").await,
            deny_list: topic("denylist").await,
            settings: engine::relay::Settings::named("test"),
        };
        let relay = tokio::spawn(relay.run(stopped));
        for _ in 0..1_000 {
            let waiting: i64 =
                sqlx::query_scalar("SELECT count(*) FROM ingest.outbox").fetch_one(&self.pool).await.unwrap();
            if waiting == 0 {
                stop.send_replace(true);
                return relay.await.unwrap().unwrap();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the news was not told in 20 s");
    }

    pub async fn pay_school(&self, card: u64, when: EventTime, amount: i64, bill: &str) -> TapId {
        let price = Money::new(Minor::new(amount), Currency::VND);
        let kind = TapKind::SchoolPayment { school: text("hill_school"), bill: text(bill), price };
        self.tap(1, card, when, kind).await
    }

    /// Waits until the ledger has what the log has.
    pub async fn drained(&self) {
        for _ in 0..1_000 {
            let mut connection = self.connection().await;
            let positions = store::lease::positions(&mut connection, self.stream).await.unwrap();
            drop(connection);
            let mut behind = false;
            for position in &positions {
                assert_eq!(position.halt_reason, None);
                let (_, end) = self.log.bounds(u32::try_from(position.part).unwrap()).await.unwrap();
                behind |= u64::try_from(position.next_offset).unwrap() < end;
            }
            if !behind {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the worker did not catch up in 20 s");
    }

    /// Lets the worker give its partitions back, so that nobody writes any more.
    pub async fn rest(&self) {
        self.stop.send_replace(true);
        for _ in 0..1_000 {
            let held: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM ingest.partition_lease WHERE lease_until > clock_timestamp()",
            )
            .fetch_one(&self.pool)
            .await
            .unwrap();
            if held == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the worker did not stop in 20 s");
    }

    /// The books against themselves, the log, and heads that were copied elsewhere.
    pub async fn verify(&self, copied: &[engine::verify::Head]) -> engine::verify::Verified {
        let mut connection = self.connection().await;
        engine::verify::verify(&mut connection, Some(self.log.as_ref()), copied).await.unwrap()
    }

    pub async fn close(&self, day: &str) {
        let mut connection = self.connection().await;
        let asked = day::ask_close(&mut connection, self.log.as_ref(), date(day)).await.unwrap();
        assert_eq!(asked, Asked::Closing);
        let progress = day::wait_closed(&mut connection, date(day), Duration::from_secs(20)).await.unwrap();
        assert!(matches!(progress, Progress::Closed(_)), "{progress:?}");
    }

    /// Closes, proposes and approves a day.
    pub async fn settle(&self, day: &str) -> engine::report::RunRow {
        self.close(day).await;
        let mut connection = self.connection().await;
        let proposed = engine::settle::propose(&mut connection, date(day), "lan").await.unwrap().unwrap();
        engine::settle::approve(&mut connection, proposed.id, proposed.digest, "minh").await.unwrap().unwrap()
    }

    pub async fn import(&self, name: &str, bytes: &[u8]) -> engine::reconcile::ImportResult {
        let mut connection = self.connection().await;
        let imported = engine::reconcile::import(&mut connection, name, bytes, "lan").await.unwrap();
        self.invariants().await;
        imported
    }

    /// What must hold at every moment: the books balance in each ring, and the rings mirror each other.
    pub async fn invariants(&self) {
        let unbalanced: Vec<(String, i64)> = sqlx::query_as(
            "SELECT ring, sum(debit - credit)::bigint FROM ledger.balance JOIN ledger.chart USING (chart)
             GROUP BY ring HAVING sum(debit - credit) <> 0",
        )
        .fetch_all(&self.pool)
        .await
        .unwrap();
        assert_eq!(unbalanced, []);
        assert_eq!(self.balance("DUE_FROM_OWN").await, -self.balance("DUE_TO_TRUST").await);
    }

    /// Debits less credits of an account of the chart.
    pub async fn balance(&self, code: &str) -> i64 {
        sqlx::query_scalar(
            "SELECT coalesce(sum(debit - credit), 0)::bigint FROM ledger.balance
             JOIN ledger.chart USING (chart) WHERE code = $1",
        )
        .bind(code)
        .fetch_one(&self.pool)
        .await
        .unwrap()
    }

    /// Open breaks as (code, amount), by code and amount.
    pub async fn breaks(&self) -> Vec<(String, i64)> {
        sqlx::query_as("SELECT code, amount FROM bank.break WHERE state = 'open' ORDER BY code, amount")
            .fetch_all(&self.pool)
            .await
            .unwrap()
    }

    pub async fn difference(&self) -> i64 {
        let mut connection = self.connection().await;
        engine::reconcile::difference(&mut connection).await.unwrap().difference.units()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}
