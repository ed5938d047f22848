//! Maker and checker: who may approve what, once.

use crate::house::{ADULT, BUS, DAY, House, OTHER, SCHOOL, at, date, payee};
use engine::registry::{Enrolment, Payee, enrol};
use engine::{report, settle};
use primitives::{Code, Digest};
use uuid::Uuid;

const NEXT: &str = "2026-03-03";
const THIRD: &str = "2026-03-04";

/// A closed day with one bus ride and one school payment.
async fn closed_day() -> House {
    let house = House::open().await;
    house.top_up(ADULT, at(6, 0), 50_000, 1).await;
    house.ride_bus(ADULT, at(7, 0)).await;
    house.pay_school(ADULT, at(8, 0), 10_000, "bill").await;
    house.drained().await;
    house.close(DAY).await;
    house
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_is_somebody_elses_of_what_was_shown_and_once() {
    let house = closed_day().await;
    let mut conn = house.connection().await;
    let run = settle::propose(&mut conn, date(DAY), "lan").await.unwrap().unwrap();
    let again = settle::propose(&mut conn, date(DAY), "lan").await.unwrap().unwrap();
    assert_eq!((again.id, again.digest), (run.id, run.digest), "the same books give the same proposal");

    let mut refused = async |id, digest, checker: &str| {
        settle::approve(&mut conn, id, digest, checker).await.unwrap().unwrap_err().code
    };
    assert_eq!(refused(run.id, run.digest, "lan").await, Code::ApprovalSelf);
    assert_eq!(refused(run.id, Digest::of(b"another"), "minh").await, Code::ApprovalStale);
    assert_eq!(refused(Uuid::nil(), run.digest, "minh").await, Code::NotFound);
    assert_eq!(settle::hand_over(&mut conn, run.id, "lan").await.unwrap(), None, "no file before approval");
    assert_eq!(house.balance("PAYOUT_IN_FLIGHT").await, 0, "a refused approval books nothing");

    let approved = settle::approve(&mut conn, run.id, run.digest, "minh").await.unwrap().unwrap();
    assert_eq!((approved.state.as_str(), approved.checker.as_deref()), ("approved", Some("minh")));
    assert_eq!(house.balance("PAYOUT_IN_FLIGHT").await, -16_000);
    let mut refused = async |id, digest, checker: &str| {
        settle::approve(&mut conn, id, digest, checker).await.unwrap().unwrap_err().code
    };
    assert_eq!(refused(run.id, run.digest, "minh").await, Code::ApprovalUsed);
    assert_eq!(refused(run.id, run.digest, "lan").await, Code::ApprovalUsed);
    let used = settle::propose(&mut conn, date(DAY), "lan").await.unwrap().unwrap_err();
    assert_eq!(used.code, Code::ApprovalUsed);
    assert_eq!(house.balance("PAYOUT_IN_FLIGHT").await, -16_000, "one approval, one execution");
    house.invariants().await;

    let first = settle::hand_over(&mut conn, run.id, "lan").await.unwrap().unwrap();
    let second = settle::hand_over(&mut conn, run.id, "lan").await.unwrap().unwrap();
    assert_eq!(first, second, "the same file for ever");
    assert_eq!(report::run(&mut conn, run.id).await.unwrap().unwrap().state, "sent");
    let text = String::from_utf8(first).unwrap();
    for said in ["FH20260302", "FH20260302000001", "FH20260302000030", "<CtrlSum>16000</CtrlSum>", NEXT] {
        assert!(text.contains(said), "{said} is not in {text}");
    }
    let acts = engine::access::audits(&mut conn, report::PageRequest::new(1, 10)).await.unwrap();
    let acts: Vec<_> = acts.rows.iter().map(|act| (act.actor.as_str(), act.action.as_str())).collect();
    assert!(
        acts.contains(&("lan", "settle.propose")) && acts.contains(&("minh", "settle.approve")),
        "{acts:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_after_the_proposal_makes_it_stale() {
    let house = closed_day().await;
    let mut conn = house.connection().await;
    let run = settle::propose(&mut conn, date(DAY), "lan").await.unwrap().unwrap();
    let moved = Payee { account: "666".into(), ..payee(BUS) };
    enrol(&mut conn, &Enrolment { payees: vec![moved], ..Enrolment::default() }).await.unwrap();
    let stale = settle::approve(&mut conn, run.id, run.digest, "minh").await.unwrap().unwrap_err();
    assert_eq!(stale.code, Code::ApprovalStale, "an account number changed between the eye and the money");
    // Proposed again it is another proposal, and what was shown before is worth nothing.
    let again = settle::propose(&mut conn, date(DAY), "lan").await.unwrap().unwrap();
    assert_ne!(again.digest, run.digest);
    let stale = settle::approve(&mut conn, run.id, run.digest, "minh").await.unwrap().unwrap_err();
    assert_eq!(stale.code, Code::ApprovalStale);
    settle::approve(&mut conn, again.id, again.digest, "minh").await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proposal_needs_what_the_bank_needs() {
    let house = closed_day().await;
    let mut conn = house.connection().await;
    let check = async |conn: &mut store::PgConnection, change: Payee, expect: Code| {
        enrol(conn, &Enrolment { payees: vec![change], ..Enrolment::default() }).await.unwrap();
        let refused = settle::propose(conn, date(DAY), "lan").await.unwrap().unwrap_err();
        assert_eq!(refused.code, expect, "{refused}");
    };
    check(&mut conn, Payee { bic: "NOT A BIC".into(), ..payee(SCHOOL) }, Code::BadRequest).await;
    check(
        &mut conn,
        Payee { account: "12-34".into(), bic: "BFTVVNVX".into(), ..payee(SCHOOL) },
        Code::BadRequest,
    )
    .await;
    sqlx::query("DELETE FROM settle.payee_account WHERE party_no = 30").execute(&house.pool).await.unwrap();
    let refused = settle::propose(&mut conn, date(DAY), "lan").await.unwrap().unwrap_err();
    assert_eq!(refused.code, Code::NotFound, "{refused}");
    sqlx::query("DELETE FROM bank.account").execute(&house.pool).await.unwrap();
    let refused = settle::propose(&mut conn, date(DAY), "lan").await.unwrap().unwrap_err();
    assert_eq!(refused.code, Code::NotFound, "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_ledger_item_is_in_exactly_one_run() {
    let house = closed_day().await;
    // More cash than earnings on the second day, and a day nobody proposes.
    house.pay_in(1, OTHER, at(9, 0), 100_000, "cash_desk", "receipt").await;
    house.ride_bus(OTHER, at(10, 0)).await;
    house.drained().await;
    let mut conn = house.connection().await;
    let first = settle::propose(&mut conn, date(DAY), "lan").await.unwrap().unwrap();
    assert_eq!(first.total.units(), 16_000, "what came after the close is not in it");

    house.close(NEXT).await;
    let waits = settle::propose(&mut conn, date(NEXT), "lan").await.unwrap().unwrap_err();
    assert_eq!(waits.code, Code::BadRequest, "an earlier run waits for its decision: {waits}");
    settle::approve(&mut conn, first.id, first.digest, "minh").await.unwrap().unwrap();

    house.ride_bus(ADULT, at(11, 0)).await;
    house.drained().await;
    house.close(THIRD).await;
    let third = settle::propose(&mut conn, date(THIRD), "lan").await.unwrap().unwrap();
    let parts = report::payouts(&mut conn, third.id).await.unwrap();
    let parts: Vec<_> = parts
        .iter()
        .map(|part| (part.party, part.fare.units(), part.cash_held.units(), part.net.units()))
        .collect();
    assert_eq!(parts, [(BUS, 12_000, 100_000, -88_000)], "two days' rides against the cash it holds");
    let swept = settle::propose(&mut conn, date(NEXT), "lan").await.unwrap().unwrap_err();
    assert_eq!(swept.code, Code::ApprovalUsed, "the second day is part of the third's run");
    let third = settle::approve(&mut conn, third.id, third.digest, "minh").await.unwrap().unwrap();
    assert_eq!((third.state.as_str(), third.paid, third.file_digest), ("settled", 0, None), "it pays nobody");

    // Until the operator earns more than the cash it still holds, the rest is carried from run to run.
    let fourth = "2026-03-05";
    for minute in 0..15 {
        house.ride_bus(OTHER, at(12, minute)).await;
    }
    house.drained().await;
    let run = house.settle(fourth).await;
    let parts = report::payouts(&mut conn, run.id).await.unwrap();
    assert_eq!(parts.len(), 1);
    let part = &parts[0];
    assert_eq!(
        (part.party, part.fare.units(), part.cash_held.units(), part.net.units()),
        (BUS, 90_000, 88_000, 2_000)
    );
    assert_eq!((part.creditor_account.as_str(), run.total.units()), ("990000000001", 2_000));
    assert_eq!(house.balance("CASH_IN_TRANSIT").await, 0);
    assert_eq!(house.balance("OPERATOR_PAYABLE.fare").await, 0);
    house.invariants().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_approvals_at_once_are_one() {
    let house = closed_day().await;
    let mut first = house.connection().await;
    let mut second = house.connection().await;
    let run = settle::propose(&mut first, date(DAY), "lan").await.unwrap().unwrap();
    let (one, other) = tokio::join!(
        settle::approve(&mut first, run.id, run.digest, "minh"),
        settle::approve(&mut second, run.id, run.digest, "hoa")
    );
    let codes: Vec<Option<Code>> =
        [one, other].map(|answer| answer.unwrap().err().map(|refusal| refusal.code)).into();
    assert!(codes.contains(&None) && codes.contains(&Some(Code::ApprovalUsed)), "{codes:?}");
    assert_eq!(house.balance("PAYOUT_IN_FLIGHT").await, -16_000);
}
