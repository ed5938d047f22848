//! The money of passes through the whole house: earned ride by ride, the rest when their time is over, and a ride that comes
//! later still finds nothing left.

use crate::house::*;
use engine::command::{Ask, Progress, Request, Subject};
use engine::expire::{self, Ended};
use engine::intake::Answer;
use primitives::*;
use std::time::Duration;
use wire::{BodyFormat, Envelope};

const DAY: i64 = 24 * 60;

async fn send_at(house: &House, minute: i64, taps: &[Envelope]) {
    let door = house.door_at(minute).await;
    let batch = taps.iter().map(|tap| (BodyFormat::Proto, tap.encode())).collect();
    let receipts = door.receive(batch).await.expect("the gateway answers");
    assert!(receipts.iter().all(|receipt| receipt.answer == Answer::Received), "{receipts:?}");
    house.wait_drained().await;
}

async fn buy(house: &House, card: u8, product: &str) {
    let request = Request {
        asker: text("desk"),
        key: text(&format!("{product} {card}")),
        subject: Subject::Medium(medium(card)),
        ask: Ask::BuyPass { product: text(product), first_day: None },
        wait: Duration::from_secs(20),
    };
    let reply = house.intake.ask(request).await.expect("the door answers").expect("it is asked");
    let Progress::Answered(answer) = &reply.found.progress else { panic!("{reply:?}") };
    assert_eq!(answer.refused, None);
}

async fn end(house: &House, minute: i64) -> Ended {
    let mut connection = house.pool.acquire().await.expect("a connection");
    let (log, wait) = (house.log.as_ref(), Duration::from_secs(20));
    expire::passes(&mut connection, log, at(minute), wait).await.expect("it ran").expect("policies are there")
}

/// What passes still owe, and what the bus operator, their funder, owes for the rides on them.
async fn stands(house: &House) -> (i64, i64) {
    let net = "SELECT coalesce(sum(credit - debit), 0)::bigint FROM ledger.entry WHERE chart = 29";
    let owed =
        "SELECT coalesce(sum(debit - credit), 0)::bigint FROM ledger.entry WHERE chart = 5 AND owner = 1";
    (house.number(net).await, house.number(owed).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_money_of_a_pass_is_earned_by_its_rides_and_the_rest_at_its_end() {
    let house = House::open().await;
    let mut bus = device(BUS);
    let workers = house.two_workers();
    let top_up = |reference: &str| TapKind::TopUp {
        channel: text("cash_desk"),
        reference: text(reference),
        value: vnd(200_000),
    };
    let paid: Vec<_> =
        [1, 3].map(|card| bus.tap(medium(card), top_up("R"), at(50)).expect("taken")).into_iter().collect();
    house.send(&paid).await;
    house.wait_drained().await;
    buy(&house, 1, "bus_month").await;
    buy(&house, 3, "bus_ten").await;
    assert_eq!(stands(&house).await, (145_000, 0));

    // A ride that comes a day late, before the one that came in time; and ten rides on the book.
    let late = bus.tap(medium(1), boarding(), at(70)).expect("taken");
    let next = bus.tap(medium(1), boarding(), at(80)).expect("taken");
    let mut book: Vec<_> =
        (0..10).map(|ride| bus.tap(medium(3), boarding(), at(90 + ride)).expect("taken")).collect();
    book.insert(0, next);
    send_at(&house, 200, &book).await;
    assert_eq!(stands(&house).await, (100_000 - 6_000, 60_000 - 45_000));
    send_at(&house, DAY, &[late]).await;
    assert_eq!(stands(&house).await, (100_000 - 12_000, 15_000));
    house.assert_invariants().await;

    // The book ended with its tenth ride; the month lasts until the second of April, and two days more for rides that are late.
    assert_eq!(end(&house, 2 * DAY).await, Ended::default());
    let book = Ended { ended: 1, ..Ended::default() };
    assert_eq!(end(&house, 20 * DAY).await, book);
    assert_eq!(
        (end(&house, 20 * DAY).await, end(&house, 31 * DAY).await),
        (Ended::default(), Ended::default())
    );
    let last = bus.tap(medium(1), boarding(), at(30 * DAY)).expect("taken");
    assert_eq!(end(&house, 34 * DAY).await, book);
    assert_eq!(stands(&house).await, (0, 15_000 + 12_000 - 100_000));
    // A ride of the last day that comes after all that is paid by the pass, which has nothing left.
    send_at(&house, 34 * DAY + 10, &[last]).await;
    assert_eq!(stands(&house).await, (0, 15_000 + 18_000 - 100_000));
    assert_eq!(end(&house, 35 * DAY).await, Ended::default());
    for worker in workers {
        worker.stop().await;
    }

    house.assert_invariants().await;
    house.close_first_day().await;
}
