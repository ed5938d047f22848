//! From the ledger to whoever listens: the outbox, the relay, and what every device still has to send.

use crate::house::*;
use engine::answer::Signed;
use engine::relay::{Relay, Settings};
use primitives::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use store::log::EmbeddedLog;
use store::{mark, outbox};
use wire::{Event, EventLog, LogEntry, LogError, LogIdentity, LogReader as _, News, Place, decode_told};

const SOON: Duration = Duration::from_secs(60);

fn relay<L: EventLog>(house: &House, owner: &str, postings: &Arc<L>) -> Relay<L> {
    Relay {
        pool: house.pool.clone(),
        stream_id: house.stream_id,
        postings: Arc::clone(postings),
        deny_list: Arc::clone(postings),
        settings: Settings { lease_ms: 2_000, ..Settings::named(owner) },
    }
}

async fn out_topic(house: &House) -> Arc<EmbeddedLog> {
    Arc::new(EmbeddedLog::create(&house.pool, "told", PARTITIONS).await.expect("the topic is made"))
}

async fn wait_empty(house: &House) {
    let until = Instant::now() + SOON;
    while house.number("SELECT count(*)::bigint FROM ingest.outbox").await > 0 {
        assert!(Instant::now() < until, "the outbox does not empty");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Everything a topic holds.
async fn read_all<L: EventLog>(log: &L) -> Vec<LogEntry> {
    let mut total = 0;
    for partition in 0..PARTITIONS {
        total += log.bounds(partition).await.expect("bounds").1 as usize;
    }
    let mut reader = log.reader((0..PARTITIONS).map(|part| (part, 0)).collect()).await.expect("a reader");
    let mut entries = Vec::new();
    while entries.len() < total {
        entries.extend(reader.next(1_000, SOON).await.expect("the topic can be read"));
    }
    entries
}

/// What a consumer that drops repeats has heard: posted taps, and rider's parts by leg. Places must rise per partition.
fn heard(entries: &[LogEntry]) -> (Vec<TapId>, BTreeMap<TapId, i64>) {
    let mut last: BTreeMap<u32, Place> = BTreeMap::new();
    let (mut taps, mut receipts) = (Vec::new(), BTreeMap::new());
    for entry in entries {
        let (place, news) = decode_told(&entry.bytes).expect("a message");
        assert_eq!(place.partition, entry.partition);
        if last.get(&entry.partition).is_some_and(|last| *last >= place) {
            continue;
        }
        last.insert(entry.partition, place);
        let News::Postings(journals) = news else { continue };
        for news in journals {
            let id = |sequence| TapId { device: news.device, journal: news.journal, sequence };
            taps.extend(news.posted.iter().map(|sequence| id(*sequence)));
            for receipt in &news.receipts {
                receipts.insert(id(receipt.sequence), receipt.rider.units());
            }
        }
    }
    (taps, receipts)
}

async fn send_rounds(house: &House, bus: &mut validator::Validator<validator::MemoryJournal>, rounds: i64) {
    for round in 0..rounds {
        let mut tap = |n: u8| bus.tap(medium(n), boarding(), at(i64::from(n) + round)).expect("taken");
        let taps: Vec<_> = (1..=20).map(&mut tap).collect();
        house.send(&taps).await;
    }
}

async fn posted_taps(house: &House) -> i64 {
    house.number("SELECT count(*)::bigint FROM clearing.tap").await
}

async fn tells_everything_once<L: EventLog>(house: &House, log: Arc<L>) {
    let mut bus = device(BUS);
    send_rounds(house, &mut bus, 5).await;
    house.clear().await;
    assert!(house.number("SELECT count(*)::bigint FROM ingest.outbox").await > 0);
    let running = Running::relay(relay(house, "one", &log));
    wait_empty(house).await;
    running.stop().await;
    let (taps, receipts) = heard(&read_all(log.as_ref()).await);
    assert_eq!(taps.len() as i64, posted_taps(house).await);
    let charged = "SELECT sum(d_rider)::bigint FROM clearing.charge";
    assert_eq!(receipts.values().sum::<i64>(), house.number(charged).await);
    let told = "SELECT count(*)::bigint FROM ingest.relay_lease WHERE owner IS NOT NULL";
    assert_eq!(house.number(told).await, 0, "what was relayed is given back");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_posted_is_told_on_the_embedded_log() {
    let house = House::open().await;
    let log = out_topic(&house).await;
    tells_everything_once(&house, log).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_posted_is_told_on_kafka() {
    let house = House::open().await;
    let log = kafka("told").await;
    tells_everything_once(&house, log).await;
}

/// A topic whose every third answer is lost after it took the messages.
struct Forgetful {
    log: Arc<EmbeddedLog>,
    answers: AtomicU32,
}

impl EventLog for Forgetful {
    type Reader = <EmbeddedLog as EventLog>::Reader;

    async fn identity(&self) -> Result<LogIdentity, LogError> {
        self.log.identity().await
    }

    async fn append(&self, records: Vec<(u32, Vec<u8>)>) -> Result<Vec<u64>, LogError> {
        self.log.append(records).await
    }

    async fn publish(&self, events: Vec<Event>) -> Result<(), LogError> {
        self.log.publish(events).await?;
        match self.answers.fetch_add(1, Ordering::Relaxed) % 3 {
            0 => Err(LogError::Unavailable("the answer was lost".into())),
            _ => Ok(()),
        }
    }

    async fn bounds(&self, partition: u32) -> Result<(u64, u64), LogError> {
        self.log.bounds(partition).await
    }

    async fn reader(&self, starts: Vec<(u32, u64)>) -> Result<Self::Reader, LogError> {
        self.log.reader(starts).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_answers_and_dying_relays_repeat_messages_and_lose_none() {
    let house = House::open().await;
    let log = out_topic(&house).await;
    let forgetful = Arc::new(Forgetful { log: Arc::clone(&log), answers: AtomicU32::new(0) });
    let mut bus = device(BUS);
    for round in 0..4 {
        send_rounds(&house, &mut bus, 2).await;
        house.clear().await;
        // Two at once: one waits for what the other holds. One dies in the middle.
        let dying = Running::relay(relay(&house, &format!("dying {round}"), &forgetful));
        let living = Running::relay(relay(&house, "living", &forgetful));
        tokio::time::sleep(Duration::from_millis(60)).await;
        dying.kill();
        wait_empty(&house).await;
        living.stop().await;
    }
    let entries = read_all(log.as_ref()).await;
    let (taps, _) = heard(&entries);
    let mut distinct = taps.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!((taps.len(), distinct.len() as i64), (distinct.len(), posted_taps(&house).await));
    let ids: Vec<Place> =
        entries.iter().map(|entry| decode_told(&entry.bytes).expect("a message").0).collect();
    let mut once = ids.clone();
    once.sort_unstable();
    once.dedup();
    assert!(once.len() < ids.len(), "something was told twice, under the same id");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_lost_its_lease_takes_nothing_out() {
    let house = House::open().await;
    let mut bus = device(BUS);
    send_rounds(&house, &mut bus, 1).await;
    house.clear().await;
    let mut connection = house.pool.acquire().await.expect("a connection");
    let stale = outbox::acquire(&mut connection, house.stream_id, "stale", 1).await.expect("acquired");
    assert_eq!(stale.len() as u32, PARTITIONS);
    tokio::time::sleep(Duration::from_millis(20)).await;
    let heir = outbox::acquire(&mut connection, house.stream_id, "heir", 60_000).await.expect("acquired");
    assert_eq!(heir.len(), stale.len());
    assert!(outbox::acquire(&mut connection, house.stream_id, "third", 1).await.expect("tried").is_empty());
    assert!(!outbox::hold(&mut connection, "stale", &stale, 60_000).await.expect("an answer"));
    assert!(outbox::hold(&mut connection, "heir", &heir, 60_000).await.expect("an answer"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_from_a_device_is_known_and_closes_when_it_sends_again() {
    let house = House::open().await;
    let log = out_topic(&house).await;
    let mut bus = device(BUS);
    let taps: Vec<_> =
        (1..=20).map(|n| bus.tap(medium(n), boarding(), at(i64::from(n))).expect("taken")).collect();
    // 1 to 4 and 8 to 10 arrive, 12 too; the network takes the rest.
    let arrived: Vec<_> = [0..4, 7..10, 11..12].into_iter().flat_map(|range| taps[range].to_vec()).collect();
    house.send(&arrived).await;
    let running = Running::relay(relay(&house, "one", &log));
    house.clear().await;
    wait_empty(&house).await;
    let journal = (device_id(BUS), bus.journal());
    let mut connection = house.pool.acquire().await.expect("a connection");
    let known = mark::acknowledge(&mut connection, &[journal]).await.expect("an answer");
    assert_eq!((known[0].up_to, known[0].above.as_slice()), (4, [(8, 10), (12, 12)].as_slice()));
    let gaps = mark::gaps(&mut connection, None, 10).await.expect("a list");
    let missing: Vec<_> = gaps.iter().map(|gap| (gap.first, gap.last)).collect();
    assert_eq!(missing, [(5, 7), (11, 11)]);
    assert_eq!(gaps[0].label.as_deref(), Some("device 101"));

    house.send(&taps).await;
    house.clear().await;
    wait_empty(&house).await;
    running.stop().await;
    let known = mark::acknowledge(&mut connection, &[journal]).await.expect("an answer");
    assert_eq!((known[0].up_to, known[0].above.len()), (20, 0));
    assert!(mark::gaps(&mut connection, None, 10).await.expect("a list").is_empty());
}

/// One upload: what the device has not been told is posted, and what the house answers beside the receipts.
async fn upload(
    house: &House,
    device: &validator::Validator<validator::MemoryJournal>,
) -> (Vec<Signed<wire::Acknowledgement>>, Option<Signed<wire::DenyDelta>>) {
    let batch = device.pending(100).iter().map(wire::Envelope::encode).collect();
    let receipts = house.send_raw(batch).await;
    let acknowledged = house.intake.acknowledge(&receipts).await.expect("an answer");
    let denied = house.intake.deny_list(&receipts, device.deny_version()).await.expect("an answer");
    (acknowledged, denied)
}

fn trusting(number: u64) -> validator::Validator<validator::MemoryJournal> {
    let master = wire::MasterKey::new([7; 32]);
    device(number).trusting(wire::HouseKey::derive(&master, ENVIRONMENT, device_id(number), 1))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offline_device_sends_again_until_the_house_answers_for_every_tap() {
    let house = House::open().await;
    let log = out_topic(&house).await;
    let running = Running::relay(relay(&house, "one", &log));
    let mut bus = trusting(BUS);
    // A day without network; the last medium is nobody's.
    for n in 1..=20 {
        bus.tap(medium(n), boarding(), at(i64::from(n))).expect("taken");
    }
    bus.tap(medium(99), boarding(), at(30)).expect("taken");
    // The depot: all arrive, and the answer is lost. Received is not posted: nothing may be forgotten for it.
    upload(&house, &bus).await;
    assert_eq!(bus.pending(100).len(), 21);
    house.clear().await;
    wait_empty(&house).await;
    // Sent again, and now the house answers for all of them: the unknown medium's tap lies in quarantine.
    let (acknowledged, _) = upload(&house, &bus).await;
    let [answer] = acknowledged.as_slice() else { panic!("one journal, one answer: {acknowledged:?}") };
    assert_eq!((answer.answer.up_to, answer.answer.above.len()), (21, 0));
    assert_eq!(bus.acknowledged(&answer.answer, &answer.mac).expect("it is the house's"), 21);
    assert!(bus.pending(100).is_empty());
    // What is made after the answer is not covered by it.
    bus.tap(medium(1), boarding(), at(40)).expect("taken");
    assert_eq!(bus.acknowledged(&answer.answer, &answer.mac).expect("it is the house's"), 0);
    assert_eq!(bus.pending(100).len(), 1);

    house.clear().await;
    running.stop().await;
    assert_eq!(posted_taps(&house).await, 20);
    assert_eq!(house.number("SELECT sum(n_duplicate)::bigint FROM ingest.commit_log").await, 20);
    // A forger's taps are not answered for.
    let mut forger = validator::Validator::new(
        device_id(BUS),
        JournalId::new(1).expect("small"),
        1,
        wire::DeviceKey::derive(&wire::MasterKey::new([8; 32]), ENVIRONMENT, device_id(BUS), 1),
        validator::MemoryJournal::default(),
    );
    forger.tap(medium(1), boarding(), at(41)).expect("taken");
    let (acknowledged, denied) = upload(&house, &forger).await;
    assert!(acknowledged.is_empty() && denied.is_none());
    house.assert_invariants().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_debt_denies_and_the_top_up_that_recovers_it_allows_in_the_same_commit() {
    let house = House::open().await;
    let log = out_topic(&house).await;
    let mut bus = trusting(BUS);
    let top_up = |units| TapKind::TopUp {
        channel: text("bank_app"),
        reference: text(&format!("T{units}")),
        value: vnd(units),
    };
    // Value 2,000, a ride of 6,000: a debt.
    house.send(&[bus.tap(medium(5), top_up(2_000), at(1)).expect("taken")]).await;
    house.send(&[bus.tap(medium(5), boarding(), at(2)).expect("taken")]).await;
    house.clear().await;
    assert_eq!(house.number("SELECT debt FROM clearing.account_state").await, 4_000);
    let running = Running::relay(relay(&house, "one", &log));
    wait_empty(&house).await;
    let (_, denied) = upload(&house, &bus).await;
    let denied = denied.expect("one device");
    bus.deny_list_changed(&denied.answer, &denied.mac).expect("it is the house's");
    assert!(!bus.allows(&medium(5)) && bus.allows(&medium(6)));
    running.stop().await;

    house.send(&[bus.tap(medium(5), top_up(100_000), at(3)).expect("taken")]).await;
    house.clear().await;
    // The message that allows it again was written by the commit that recovered the debt.
    let same_commit = "SELECT count(*)::bigint FROM ingest.outbox box JOIN ingest.commit_log USING (stream_id, part, from_off)
                       JOIN ledger.posting posting USING (stream_id, part)
                       WHERE topic = 'denylist' AND posting.kind = 'top_up' AND off >= from_off AND off < to_off";
    assert_eq!(house.number(same_commit).await, 1);
    let running = Running::relay(relay(&house, "one", &log));
    wait_empty(&house).await;
    let (_, allowed) = upload(&house, &bus).await;
    let allowed = allowed.expect("one device");
    assert!(allowed.answer.version > denied.answer.version);
    bus.deny_list_changed(&allowed.answer, &allowed.mac).expect("it is the house's");
    assert!(bus.allows(&medium(5)));
    let (_, nothing) = upload(&house, &bus).await;
    let nothing = nothing.expect("one device").answer;
    assert_eq!((nothing.since, nothing.denied.len(), nothing.allowed.len()), (nothing.version, 0, 0));
    running.stop().await;
    house.clear().await;
    house.assert_invariants().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_medium_that_moves_takes_its_place_on_the_deny_list_with_it() {
    let house = House::open().await;
    let log = out_topic(&house).await;
    let mut bus = trusting(BUS);
    // A ride without value is a debt, and a debt of account 5 denies its medium.
    house.send(&[bus.tap(medium(5), boarding(), at(2)).expect("taken")]).await;
    house.clear().await;
    let running = Running::relay(relay(&house, "one", &log));
    wait_empty(&house).await;
    running.stop().await;
    let learn = async |bus: &mut validator::Validator<validator::MemoryJournal>| {
        let (_, list) = upload(&house, bus).await;
        let list = list.expect("one device");
        bus.deny_list_changed(&list.answer, &list.mac).expect("it is the house's");
    };
    learn(&mut bus).await;
    assert!(!bus.allows(&medium(5)) && bus.allows(&medium(6)));
    // The card goes to account 6, which owes nothing; a new card is made for account 5; account 7 has nothing to do with it.
    let card = |token: u8, number: u8| store::registry::Medium {
        token: medium(token),
        account: account(number),
        fare_medium: text("card"),
        tender: Tender::Prepaid,
    };
    let mut connection = house.pool.acquire().await.expect("a connection");
    for moved in [card(5, 6), card(55, 5), card(77, 7)] {
        store::registry::enrol_media(&mut connection, &[moved]).await.expect("enrolled");
    }
    let version = "SELECT version FROM registry.denial_head";
    let before = house.number(version).await;
    store::registry::enrol_media(&mut connection, &[card(5, 6), card(55, 5)]).await.expect("enrolled again");
    assert_eq!(house.number(version).await, before, "nothing moved");
    drop(connection);
    learn(&mut bus).await;
    assert!(bus.allows(&medium(5)) && !bus.allows(&medium(55)) && bus.allows(&medium(77)));
}
