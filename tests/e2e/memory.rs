//! What a worker remembers between batches saves questions to the database and decides nothing.

use crate::house::*;
use primitives::{AcceptedTap, Digest, Record};
use wire::{Envelope, EventLog as _, decode_record, encode_record, partition_of};

/// Everything that was posted, and everything that is carried, in one number.
const BOOKS: &str = "SELECT ('x' || left(md5(heads || states), 15))::bit(60)::bigint FROM
    (SELECT string_agg(encode(chain_head, 'hex'), ',' ORDER BY part) AS heads
       FROM ingest.partition_lease WHERE stream_id > 0) AS lease,
    (SELECT string_agg(concat_ws(':', account_id, value, debt, encode(state, 'hex')), ',' ORDER BY account_id) AS states
       FROM clearing.account_state) AS account";

#[tokio::test(flavor = "multi_thread")]
async fn with_much_little_or_nothing_remembered_the_books_are_the_same() {
    let mut books = Vec::new();
    for memory_bytes in [0, 3_000, 1 << 20] {
        let house = House::open().await;
        let mut bus = device(BUS);
        let mut rounds: Vec<Vec<Envelope>> = Vec::new();
        for round in 0..6_i64 {
            let tap =
                |n: u8| bus.tap(medium(n), boarding(), at(i64::from(n) + 15 * (round % 3))).expect("taken");
            rounds.push((1..=20).map(tap).collect());
        }
        // Every round twice, the second time late; what the log had already is a duplicate there.
        for (first, again) in [(0, 0), (1, 0), (2, 1), (3, 2), (4, 3), (5, 5), (4, 2)] {
            house.send(&rounds[first]).await;
            house.send(&rounds[again]).await;
        }
        let mut worker = house.worker("forgetful");
        worker.settings.batch_max = 11;
        worker.settings.memory_bytes = memory_bytes;
        let worker = Running::worker(worker);
        house.wait_drained().await;
        worker.stop().await;
        assert_eq!(house.number("SELECT count(*)::bigint FROM clearing.tap").await, 120);
        assert_eq!(house.number("SELECT sum(n_duplicate)::bigint FROM ingest.commit_log").await, 160);
        house.assert_invariants().await;
        books.push(house.number(BOOKS).await);
    }
    assert!(books.windows(2).all(|pair| pair[0] == pair[1]), "{books:?}");
}

/// The tap's record as the gateway would write it for another account.
fn for_account(envelope: &Envelope, accepted: &AcceptedTap, number: u8) -> (u32, Vec<u8>) {
    let moved = AcceptedTap { account: account(number), ..accepted.clone() };
    let bytes = encode_record(&Record::Tap(Box::new(moved)), &envelope.encode());
    (partition_of(account(number), PARTITIONS), bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tap_that_another_worker_posted_is_known_although_nobody_here_remembers_it() {
    let house = House::open().await;
    let mut bus = device(BUS);
    // Three workers, a partition each: every one of them knows where the device's journal stood at its first tap.
    let workers = ["one", "two", "three"].map(|owner| {
        let mut worker = house.worker(owner);
        worker.settings.share = 1;
        Running::worker(worker)
    });
    let taps: Vec<Envelope> =
        (1..=20).map(|n: u8| bus.tap(medium(n), boarding(), at(i64::from(n))).expect("taken")).collect();
    house.send(&taps).await;
    house.wait_drained().await;
    let late = bus.tap(medium(1), boarding(), at(40)).expect("taken");
    house.send(std::slice::from_ref(&late)).await;
    house.wait_drained().await;
    // The medium moves to an account of another partition, and the device sends again.
    let record = "SELECT bytes FROM ingest.log_record WHERE part = $1 ORDER BY off DESC LIMIT 1";
    let newest: Vec<u8> = sqlx::query_scalar(record)
        .bind(partition_of(account(1), PARTITIONS) as i32)
        .fetch_one(&house.pool)
        .await
        .expect("the record of the late tap");
    let Ok(Record::Tap(accepted)) = decode_record(&newest) else { panic!("a tap") };
    assert_eq!(accepted.body_digest, Digest::of(&late.body));
    let elsewhere = |n: &u8| partition_of(account(*n), PARTITIONS) != partition_of(account(1), PARTITIONS);
    let other = (2..=20).find(elsewhere).expect("accounts of several partitions");
    house.log.append(vec![for_account(&late, &accepted, other)]).await.expect("appended");
    house.wait_drained().await;
    for worker in workers {
        worker.stop().await;
    }
    assert_eq!(house.number("SELECT count(*)::bigint FROM clearing.tap").await, 21);
    assert_eq!(house.number("SELECT sum(d_rides)::bigint FROM clearing.charge").await, 21);
    assert_eq!(house.number("SELECT sum(n_duplicate)::bigint FROM ingest.commit_log").await, 1);
    house.assert_invariants().await;
}
