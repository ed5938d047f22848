//! One day from the first tap to the reconciled statement, and every figure on the way.

use crate::camt::Camt;
use crate::house::{
    ACQUIRER, ADULT, BANK_CARD, BUS, DAY, House, OPENING, RAIL, SCHOOL, STUDENT, TOWN, at, date, text,
};
use engine::day::{Asked, Progress, ask_close, try_close, wait_closed};
use engine::report::{self, ChargeFilter, DayState, EntryFilter, PageRequest, RideSums, Source};
use engine::settle;
use ledger::Chart;
use primitives::{Code, Direction, Minor, ServiceDate, TapKind};
use std::time::Duration;

const NEXT: &str = "2026-03-03";

fn all() -> PageRequest {
    PageRequest::new(1, report::PAGE_ROWS_MAX)
}

fn sums(rides: i64, gross: i64, rider: i64, subsidy: i64) -> RideSums {
    RideSums { rides, gross: Minor::new(gross), rider: Minor::new(rider), subsidy: Minor::new(subsidy) }
}

/// An adult and a student ride the bus, the student rides the metro, a bank card rides the bus, a school is paid, cash
/// and bank money come in. Returns the bank top-up's reference.
async fn city_day(house: &House) -> String {
    let reference = house.top_up(ADULT, at(6, 0), 50_000, 1).await;
    house.pay_in(1, STUDENT, at(6, 5), 20_000, "cash_desk", "receipt 1").await;
    house.ride_bus(ADULT, at(7, 30)).await;
    house.ride_bus(STUDENT, at(7, 31)).await;
    house.ride_bus(BANK_CARD, at(8, 0)).await;
    let gate = |direction, stop| TapKind::Gate { direction, route: text("L1"), stop: text(stop) };
    house.tap(2, STUDENT, at(9, 0), gate(Direction::Entry, "S1")).await;
    house.tap(2, STUDENT, at(9, 20), gate(Direction::Exit, "S2")).await;
    house.pay_school(ADULT, at(10, 0), 30_000, "bill 1").await;
    house.pay_school(STUDENT, at(10, 1), 900_000, "bill 2").await;
    house.drained().await;
    reference
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_figure_of_the_day_has_its_rows() {
    let house = House::open().await;
    city_day(&house).await;
    let mut conn = house.connection().await;
    let rule = engine::registry::policies(&mut conn).await.unwrap().newest().unwrap().day_rule();
    let ends = report::log_ends(house.log.as_ref()).await.unwrap();
    let mut snapshot = report::snapshot(&mut conn).await.unwrap();
    let day = report::day(&mut snapshot, date(DAY), &rule, &ends).await.unwrap();
    drop(snapshot);

    assert_eq!(day.day.state, DayState::Open);
    assert_eq!(day.totals, sums(4, 25_000, 18_500, 6_500));
    let operators: Vec<_> = day
        .operators
        .iter()
        .map(|row| (row.party, row.id.as_str(), row.sums, row.cash.units(), row.net.units()))
        .collect();
    assert_eq!(
        operators,
        [
            (BUS, "greenbus", sums(3, 18_000, 15_000, 3_000), 20_000, -2_000),
            (RAIL, "rail", sums(1, 7_000, 3_500, 3_500), 0, 7_000),
        ]
    );
    let hours: Vec<_> = day.hours.iter().map(|row| (row.hour, row.sums.rides)).collect();
    assert_eq!(hours, [(7, 2), (8, 1), (9, 1)]);
    let schools: Vec<_> = day
        .schools
        .iter()
        .map(|row| (row.party, row.payments, row.amount.units(), row.refused, row.net.units()))
        .collect();
    assert_eq!(schools, [(SCHOOL, 1, 30_000, 1, 30_000)]);
    let taps: Vec<_> = day.taps.iter().map(|row| (row.kind.as_str(), row.posted, row.refused)).collect();
    let expect = [
        ("bus_boarding", 3, 0),
        ("metro_entry", 1, 0),
        ("metro_exit", 1, 0),
        ("school_payment", 1, 1),
        ("top_up", 2, 0),
    ];
    assert_eq!(taps, expect);
    assert_eq!(day.unpriced, 0);
    assert!(day.pipeline.iter().all(report::PipelineRow::holds), "{:?}", day.pipeline);
    let of_log = day.pipeline.iter().filter(|row| row.source != Source::Gateway);
    assert_eq!(
        of_log.map(|row| (row.accepted, row.pending)).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1)),
        (9, 0)
    );

    // Down from a figure to its rows, and from a row to the tap and its entries.
    let filter = ChargeFilter { operator: Some(BUS), ..ChargeFilter::of_day(date(DAY)) };
    let page = report::charges(&mut conn, &filter, PageRequest::new(2, 2)).await.unwrap();
    assert_eq!(
        (page.rows.len(), page.total_rows, page.pages(), page.sums),
        (1, 3, 2, sums(3, 18_000, 15_000, 3_000))
    );
    let filter = ChargeFilter { operator: Some(RAIL), ..ChargeFilter::of_day(date(DAY)) };
    let metro = report::charges(&mut conn, &filter, all()).await.unwrap();
    assert_eq!(metro.sums, sums(1, 7_000, 3_500, 3_500), "versions of one ride add up to the ride");
    let leg = metro.rows[0].leg;
    let detail = report::tap(&mut conn, leg).await.unwrap().unwrap();
    let last = detail.legs.last().unwrap();
    assert_eq!((last.shape.as_str(), last.gross.units(), last.rider.units()), ("ride", 7_000, 3_500));
    assert_eq!(last.funded, [(TOWN, Minor::new(3_500))]);
    assert!(!last.rules.is_empty(), "a price says why");
    let to_rail: i64 = detail
        .postings
        .iter()
        .flat_map(|posting| &posting.lines)
        .filter(|line| matches!(line.chart, Chart::OperatorFare | Chart::OperatorSubsidy))
        .map(|line| line.credit.units() - line.debit.units())
        .sum();
    assert_eq!(to_rail, 7_000, "the postings of a tap come to what it is charged");
    // The exit tap leads to the same ride.
    let exit = report::tap(&mut conn, last.exit.unwrap()).await.unwrap().unwrap();
    assert_eq!(exit.legs, detail.legs);

    let statement = report::operator_statement(&mut conn, BUS, date(DAY)).await.unwrap().unwrap();
    assert!(statement.holds(), "{statement:?}");
    assert_eq!((statement.cash.units(), statement.closing.units()), (20_000, -2_000));
    assert_eq!(statement.items.len(), 1);
    assert_eq!(statement.items[0].service_date, ServiceDate::parse(DAY).unwrap());

    let balance = report::trial_balance(&mut conn, date(DAY), date(DAY)).await.unwrap();
    assert!(balance.totals.balances() && balance.totals.debit.is_positive(), "{:?}", balance.totals);
    for row in balance.rows.iter().filter(|row| !row.stand.debit.is_zero() || !row.stand.credit.is_zero()) {
        let filter = EntryFilter { from: date(DAY), to: date(DAY), chart: Some(row.chart), owner: None };
        let entries = report::entries(&mut conn, &filter, all()).await.unwrap();
        assert_eq!(
            (entries.sums.debit, entries.sums.credit),
            (row.stand.debit, row.stand.credit),
            "{:?}",
            row.chart
        );
        let owners = report::owners(&mut conn, row.chart, date(DAY), date(DAY)).await.unwrap();
        assert_eq!(
            Minor::sum(owners.iter().map(|owner| owner.stand.debit)),
            Ok(row.stand.debit),
            "{:?}",
            row.chart
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_closes_once_in_order_and_is_paid_and_reconciled() {
    let house = House::open().await;
    let reference = city_day(&house).await;
    let mut conn = house.connection().await;

    let Asked::Refused(refusal) = ask_close(&mut conn, house.log.as_ref(), date(NEXT)).await.unwrap() else {
        panic!("a day closed before the one before it");
    };
    assert_eq!(refusal.code, Code::BadRequest);
    assert_eq!(try_close(&mut conn, date(DAY)).await.unwrap(), Progress::NotAsked);
    let early = settle::propose(&mut conn, date(DAY), "lan").await.unwrap().unwrap_err();
    assert_eq!(early.code, Code::BadRequest, "an open day is not settled");
    // Asked three times, closed once.
    for _ in 0..3 {
        assert_eq!(ask_close(&mut conn, house.log.as_ref(), date(DAY)).await.unwrap(), Asked::Closing);
    }
    let progress = wait_closed(&mut conn, date(DAY), Duration::from_secs(20)).await.unwrap();
    let Progress::Closed(positions) = progress else { panic!("{progress:?}") };
    assert_eq!(ask_close(&mut conn, house.log.as_ref(), date(DAY)).await.unwrap(), Asked::Closed(positions));
    // A late tap of the closed day is posted to the open one, with its day of travel.
    house.ride_bus(ADULT, at(23, 0)).await;
    house.drained().await;
    assert_eq!(
        report::charges(&mut conn, &ChargeFilter::of_day(date(DAY)), all()).await.unwrap().sums.rides,
        4
    );
    let late = report::charges(&mut conn, &ChargeFilter::of_day(date(NEXT)), all()).await.unwrap();
    assert_eq!((late.sums.rides, late.rows[0].service_date), (1, ServiceDate::parse(DAY).unwrap()));

    let run = settle::propose(&mut conn, date(DAY), "lan").await.unwrap().unwrap();
    assert_eq!((run.paid, run.total.units()), (2, 37_000), "the rail's 7,000 and the school's 30,000");
    let run = settle::approve(&mut conn, run.id, run.digest, "minh").await.unwrap().unwrap();
    let order = settle::hand_over(&mut conn, run.id, "lan").await.unwrap().unwrap();
    assert_eq!(run.file_digest, Some(primitives::Digest::of(&order)));
    let claims = report::claims_of_day(&mut conn, date(DAY)).await.unwrap();
    let claimed: Vec<_> =
        claims.iter().map(|claim| (claim.kind.as_str(), claim.party, claim.amount.units())).collect();
    assert_eq!(claimed, [("acquirer", ACQUIRER, 6_000), ("subsidy", TOWN, 6_500)]);

    let statement = Camt::of_day(NEXT, OPENING)
        .line(50_000, "", &format!("NAP THE {reference}"))
        .line(-7_000, "FH20260302000002", "")
        .line(-30_000, "FH20260302000030", "")
        .line(6_500, "", &claims[1].reference)
        .line(6_000, &claims[0].reference, "");
    let imported = house.import("camt.xml", &statement.bytes()).await;
    let rows = imported.outcome.unwrap();
    assert_eq!((rows[0].posted, rows[0].lines, rows[0].matched), (true, 5, 5), "{rows:?}");
    assert_eq!(house.difference().await, 0);
    assert_eq!(house.breaks().await, []);
    for code in ["BANK_CLEARING", "PAYOUT_IN_FLIGHT", "SUBSIDY_RECEIVABLE", "ACQ_RECEIVABLE", "SUSPENSE"] {
        assert_eq!(house.balance(code).await, 0, "{code}");
    }
    assert_eq!(house.balance("TRUST_BANK").await, statement.closing());
    assert_eq!(report::run(&mut conn, run.id).await.unwrap().unwrap().state, "settled");
    // The bus operator holds 2,000 more cash than it earned: netted, not paid, still owed.
    let bus = report::operator_statement(&mut conn, BUS, date(NEXT)).await.unwrap().unwrap();
    assert_eq!((bus.opening.units(), bus.paid.units(), bus.earned.rider.units()), (-2_000, 0, 6_000));
    assert!(bus.holds(), "{bus:?}");
    assert_eq!(report::days(&mut conn).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ride_without_a_fare_is_counted_until_a_later_version_has_one() {
    let house = House::open().await;
    city_day(&house).await;
    let mut conn = house.connection().await;
    let unpriced = ChargeFilter { unpriced: true, ..ChargeFilter::of_day(date(DAY)) };
    let mut check = async |expect: u64| {
        let counted = store::report::unpriced(&mut conn, date(DAY)).await.unwrap();
        let listed = report::charges(&mut conn, &unpriced, all()).await.unwrap();
        assert_eq!((counted, listed.total_rows, listed.rows.len() as u64), (expect, expect, expect));
    };
    check(0).await;
    // First versions lose their fare: the metro ride's is followed by one with a fare, the bus rides' are the last.
    let unknown = "UPDATE clearing.charge SET unknown = 'no_rule', gross = 0, rider = 0 WHERE version = 1";
    sqlx::query(unknown).execute(&house.pool).await.unwrap();
    check(3).await;
}
