//! Another version of the policy takes effect in the middle of a stream: every worker changes over at the same place of the log,
//! and rides of before keep their price however late they come.

use crate::house::*;
use crate::minitown;
use engine::intake::Answer;
use engine::policy::{self, Draft, Waiting};
use primitives::*;
use std::path::Path;
use store::intake::Fate;
use wire::{BodyFormat, EventLog as _};

/// Minitown as a second version, with one file changed.
fn second_version(file: &str, old: &str, new: &str) -> fares::Files {
    let mut files = minitown::files();
    for (name, old, new) in [("fare_policies.txt", "minitown-1,", "minitown-2,"), (file, old, new)] {
        let text = String::from_utf8(files[name].clone()).expect("text");
        assert!(text.contains(old), "{name} has no {old}");
        files.insert(name.into(), text.replace(old, new).into_bytes());
    }
    files
}

/// The bus costs 8,000 instead of 6,000.
fn dearer() -> fares::Files {
    second_version(
        "fare_products.txt",
        "bus_single,Bus single,adult,,6000",
        "bus_single,Bus single,adult,,8000",
    )
}

async fn load(house: &House, files: &fares::Files) {
    let mut connection = house.pool.acquire().await.expect("a connection");
    engine::registry::load_policy(&mut connection, files).await.expect("it is loaded");
}

async fn propose(house: &House, from: i64, now: i64) -> Result<Waiting, Refusal> {
    let mut connection = house.pool.acquire().await.expect("a connection");
    let draft = Draft { policy: text("minitown-2"), from: at(from), mends: false };
    let log = house.log.as_ref();
    policy::propose(&mut connection, log, &draft, &text("lan"), at(now)).await.expect("an answer")
}

async fn approve(
    house: &House,
    waiting: &Waiting,
    checker: &str,
    now: i64,
) -> Result<PolicyActivation, Refusal> {
    let mut connection = house.pool.acquire().await.expect("a connection");
    let (log, shown) = (house.log.as_ref(), (waiting.id, waiting.digest));
    policy::approve(&mut connection, log, shown, &text(checker), at(now)).await.expect("an answer")
}

fn code<T: std::fmt::Debug>(answer: Result<T, Refusal>) -> Code {
    answer.expect_err("refused").code
}

async fn assert_follows_from_the_log(house: &House) {
    let mut connection = house.pool.acquire().await.expect("a connection");
    let log = Some(house.log.as_ref());
    let verified = engine::verify::verify(&mut connection, log, &[]).await.expect("it was looked at");
    // This house has no bank account: what the bank has cannot be asked, and all that the log says is proven.
    let of_the_log = verified.unproven.iter().filter(|why| !why.contains("(L-7)"));
    assert!(verified.equal() && of_the_log.count() == 0, "{verified:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_policy_takes_effect_in_the_middle_of_a_stream() {
    let house = House::open().await;
    assert_eq!(code(propose(&house, 120, 60).await), Code::NotFound, "it was not loaded");
    load(&house, &dearer()).await;
    assert_eq!(code(propose(&house, 120, 60).await), Code::NotFound, "nobody opened the books");
    let workers = house.two_workers();
    let mut bus = device(BUS);
    let mut ride = |card: u8, minute: i64| bus.tap(medium(card), boarding(), at(minute)).expect("taken");
    // Every card but the student's rides before; one of these rides is kept on the bus until everything is over.
    let cards = || (1..=20_u8).filter(|card| *card != 2);
    let early: Vec<_> = cards().map(|card| ride(card, 10)).collect();
    house.send(&early).await;
    let late: Vec<_> = cards().map(|card| ride(card, 119)).collect();
    house.wait_drained().await;

    // Too soon is refused; so are one's own yes, another digest, and a second yes.
    assert_eq!(code(propose(&house, 69, 60).await), Code::PolicyUnfit);
    let waiting = propose(&house, 120, 60).await.expect("it waits for another person");
    assert_eq!(code(approve(&house, &waiting, "lan", 61).await), Code::ApprovalSelf);
    let other = Waiting { digest: Digest([9; 32]), ..waiting.clone() };
    assert_eq!(code(approve(&house, &other, "minh", 61).await), Code::ApprovalStale);
    assert_eq!(code(approve(&house, &waiting, "minh", 111).await), Code::PolicyUnfit, "it is late by now");
    approve(&house, &waiting, "minh", 62).await.expect("it goes into the log");
    house.wait_drained().await;
    assert_eq!(code(approve(&house, &waiting, "minh", 62).await), Code::ApprovalUsed);
    assert_eq!(code(propose(&house, 120, 62).await), Code::PolicyUnfit, "it takes effect then already");

    let door = house.door_at(200).await;
    let new: Vec<_> = cards().map(|card| ride(card, 120)).collect();
    for batch in [new, late] {
        let batch = batch.iter().map(|tap| (BodyFormat::Proto, tap.encode())).collect();
        let receipts = door.receive(batch).await.expect("the gateway answers");
        assert!(receipts.iter().all(|receipt| receipt.answer == Answer::Received), "{receipts:?}");
    }
    house.wait_drained().await;
    for worker in workers {
        worker.stop().await;
    }
    let charged = "SELECT string_agg(concat_ws(' ', minute, gross, rides), '; ' ORDER BY minute) FROM (
                     SELECT extract(epoch FROM tap.at - '2026-03-02 06:00+07') ::bigint / 60 AS minute, gross,
                            count(*) AS rides
                     FROM clearing.charge JOIN clearing.tap
                       ON (device_id, journal_id, seq) = (leg_device, leg_journal, leg_seq)
                     GROUP BY 1, 2) AS rides";
    let charged: String = sqlx::query_scalar(charged).fetch_one(&house.pool).await.expect("charges");
    assert_eq!(charged, "10 6000 19; 119 6000 19; 120 8000 19");
    assert_eq!(house.number("SELECT count(DISTINCT owner)::bigint FROM ingest.commit_log").await, 2);
    let passed = house.number("SELECT count(*)::bigint FROM ingest.activation").await;
    assert_eq!(passed, i64::from(PARTITIONS));
    house.assert_invariants().await;
    assert_follows_from_the_log(&house).await;

    // A repetition changes nothing, and a worker that begins anew takes the versions from the log, not from its start.
    let activation = PolicyActivation { approved_by: Some(text("minh")), ..waiting.activation };
    let record = wire::encode_record(&Record::Policy(Box::new(activation)), &[]);
    house.log.append((0..PARTITIONS).map(|part| (part, record.clone())).collect()).await.expect("appended");
    let batch = cards().map(|card| (BodyFormat::Proto, ride(card, 130).encode())).collect();
    door.receive(batch).await.expect("the gateway answers");
    house.clear().await;
    let newest = "SELECT sum(gross)::bigint FROM clearing.charge JOIN clearing.tap
                    ON (device_id, journal_id, seq) = (leg_device, leg_journal, leg_seq)
                  WHERE tap.at = '2026-03-02 08:10+07'";
    assert_eq!(house.number(newest).await, 19 * 8_000);
    assert_eq!(house.number("SELECT count(*)::bigint FROM ingest.quarantine").await, 0);
    assert_follows_from_the_log(&house).await;

    // What the tables say of it is compared as well.
    let forged = "UPDATE ingest.activation SET valid_from = valid_from + interval '1 hour' WHERE part = 1";
    sqlx::query(forged).execute(&house.pool).await.expect("forged");
    let mut connection = house.pool.acquire().await.expect("a connection");
    let verified =
        engine::verify::verify(&mut connection, Some(house.log.as_ref()), &[]).await.expect("looked at");
    assert!(verified.differences.iter().any(|found| found.table == "ingest.activation"), "{verified:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_is_not_what_it_was_halts_the_partition() {
    let house = House::open().await;
    load(&house, &dearer()).await;
    let mut bus = device(BUS);
    let mut ride = |minute: i64| bus.tap(medium(1), boarding(), at(minute)).expect("taken");
    house.send(&[ride(10)]).await;
    house.clear().await;
    let waiting = propose(&house, 120, 60).await.expect("it waits");
    approve(&house, &waiting, "minh", 60).await.expect("it goes into the log");
    let door = house.door_at(200).await;
    door.receive(vec![(BodyFormat::Proto, ride(130).encode())]).await.expect("received");
    let changed = "UPDATE registry.policy SET files = jsonb_set(files, '{fare_products.txt}',
                     to_jsonb(replace(files->>'fare_products.txt', '8000', '8001'))) WHERE policy_id = 'minitown-2'";
    sqlx::query(changed).execute(&house.pool).await.expect("somebody changes the files");
    let worker = Running::worker(house.worker("halts"));
    let halted =
        "SELECT count(*)::bigint FROM ingest.partition_lease WHERE halt_reason LIKE 'POLICY_DIFFERS: %'";
    for _ in 0..500 {
        if house.number(halted).await == i64::from(PARTITIONS) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    worker.stop().await;
    assert_eq!(house.number(halted).await, i64::from(PARTITIONS));
    assert_eq!(
        house.number("SELECT count(*)::bigint FROM clearing.tap").await,
        1,
        "nothing was priced wrongly"
    );

    // With the right files, and set to run, it goes on where it stood.
    let right = "UPDATE registry.policy SET files = jsonb_set(files, '{fare_products.txt}',
                   to_jsonb(replace(files->>'fare_products.txt', '8001', '8000'))) WHERE policy_id = 'minitown-2'";
    let run = "UPDATE ingest.partition_lease SET state = 'run', halt_reason = NULL WHERE state = 'halt'";
    for mend in [right, run] {
        sqlx::query(mend).execute(&house.pool).await.expect("mended");
    }
    house.clear().await;
    assert_eq!(house.number("SELECT sum(gross)::bigint FROM clearing.charge").await, 6_000 + 8_000);
    assert_follows_from_the_log(&house).await;
}

/// Runs `farehouse policy` on the house's database, and answers its exit code and what it printed.
fn farehouse_policy(house: &House, args: &[&str]) -> (Option<i32>, String) {
    let mut program = crate::program::program();
    let output =
        program.env("FAREHOUSE_DATABASE_URL", house.database_url()).arg("policy").args(args).output();
    let output = output.expect("the program starts");
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

fn write(files: &fares::Files, folder: &Path) {
    for (name, bytes) in files {
        std::fs::write(folder.join(name), bytes).expect("written");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_stop_heals_when_two_people_activate_a_policy_that_has_it() {
    let mut files = minitown::files();
    let stops = String::from_utf8(files["stops.txt"].clone()).expect("text");
    let known = stops
        .lines()
        .filter(|line| !line.starts_with("H1,"))
        .fold(String::new(), |text, line| text + line + "\n");
    files.insert("stops.txt".into(), known.into_bytes());
    let house = House::open_with(files).await;
    let mut bus = device(BUS);
    house.send(&[bus.tap(medium(1), boarding(), at(10)).expect("taken")]).await;
    house.clear().await;
    let tap = tap_id(BUS, 1);
    let fate = house.intake.fate(tap).await;
    assert!(
        matches!(fate, Ok(Some(Fate::Quarantined { ref code, .. })) if code == "STOP_UNKNOWN"),
        "{fate:?}"
    );

    let folder = tempfile::tempdir().expect("a folder");
    write(&second_version("fare_policies.txt", "minitown-2,", "minitown-2,"), folder.path());
    let (code, said) = farehouse_policy(&house, &["load", &folder.path().to_string_lossy()]);
    assert!(code == Some(0) && said.starts_with("minitown-2 loaded"), "{said}");
    let from = ["--from", "2026-03-01T04:00:00+07:00", "--actor", "lan", "--topic", "taps"];
    let (code, said) = farehouse_policy(&house, &[&["activate", "minitown-2"], &from[..]].concat());
    assert!(
        code == Some(1) && said.contains("POLICY_UNFIT"),
        "a version that changes prices begins later: {said}"
    );
    let (code, said) =
        farehouse_policy(&house, &[&["activate", "minitown-2", "--mends"], &from[..]].concat());
    assert_eq!(code, Some(0), "{said}");
    let (id, digest) = (&said[..32], said.trim_end().rsplit(' ').next().expect("the digest"));
    let yes = |actor: &str| {
        farehouse_policy(&house, &["approve", id, "--digest", digest, "--actor", actor, "--topic", "taps"])
    };
    let (code, said) = yes("lan");
    assert!(code == Some(1) && said.contains("APPROVAL_SELF"), "{said}");
    let (_, said) = farehouse_policy(&house, &["list", "--topic", "taps"]);
    assert!(said.contains(&format!("{id} of lan waits")), "{said}");
    let (code, said) = yes("minh");
    assert!(code == Some(0) && said.contains("minitown-2 takes effect on 2026-02-28T21:00:00Z"), "{said}");
    house.clear().await;
    let (_, said) = farehouse_policy(&house, &["list", "--topic", "taps"]);
    assert!(said.contains("minitown-2\tin the log") && !said.contains("waits"), "{said}");

    let retried = house.intake.retry_quarantined(Code::StopUnknown, "tester").await.expect("retried");
    assert_eq!((retried.tried, retried.received), (1, 1));
    house.clear().await;
    assert!(matches!(house.intake.fate(tap).await, Ok(Some(Fate::Posted { .. }))));
    assert_eq!(house.number("SELECT count(*)::bigint FROM ingest.quarantine WHERE state = 'open'").await, 0);
    house.assert_invariants().await;
    assert_follows_from_the_log(&house).await;
}
