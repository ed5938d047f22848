//! A ride may make the rides before it cheaper than they were: the difference goes back, from the tap to the tables.

use crate::house::*;
use engine::intake::Answer;
use primitives::*;
use store::intake::Fate;

/// Minitown, where metro rides of one station within an hour are one ride from the first station to the last.
fn joined_minitown() -> fares::Files {
    let mut files = crate::minitown::files();
    let rows = "from_network_id,to_network_id,max_gap\nmetro,metro,3600\n";
    files.insert("fare_leg_join_rules.txt".into(), rows.into());
    files
}

/// What was posted in all, gross and by riders.
async fn posted(house: &House) -> (i64, i64) {
    let gross = house.number("SELECT sum(d_gross)::bigint FROM clearing.charge").await;
    (gross, house.number("SELECT sum(d_rider)::bigint FROM clearing.charge").await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ride_back_gives_money_back_when_both_are_one_ride() {
    let house = House::open_with(joined_minitown()).await;
    let mut rail = device(RAIL);
    // West to east costs 9,000 and back to the centre makes it a ride of one stop, 7,000; half of it for the student.
    let mut taps = Vec::new();
    for (direction, stop, minute) in [
        (Direction::Entry, "S1", 0),
        (Direction::Exit, "S3", 20),
        (Direction::Entry, "S3", 30),
        (Direction::Exit, "S2", 40),
    ] {
        for card in [1, 2] {
            taps.push(rail.tap(medium(card), gate(direction, stop), at(minute)).expect("taken"));
        }
    }
    house.send(&taps).await;
    house.clear().await;
    let latest = "SELECT string_agg(concat_ws(' ', account_id, gross, rider, funded), '; '
                                    ORDER BY account_id, leg_seq)
                  FROM (SELECT DISTINCT ON (account_id, leg_seq) * FROM clearing.charge
                        ORDER BY account_id, leg_seq, version DESC) AS latest";
    let latest: String = sqlx::query_scalar(latest).fetch_one(&house.pool).await.expect("charges");
    assert_eq!(
        latest,
        "1001 9000 9000 {}; 1001 -2000 -2000 {}; 1002 9000 4500 {4500}; 1002 -2000 -1000 {-1000}"
    );
    assert_eq!(posted(&house).await, (14_000, 10_500));
    let debt = "SELECT debt FROM clearing.account_state WHERE account_id = 1002";
    assert_eq!(house.number(debt).await, 3_500);
    house.assert_invariants().await;

    // What was saved is read again as it was: for the rider's question, and for the next tap of the account.
    let Ok(Some(Fate::Posted { charge: Some(charge), .. })) = house.intake.fate(tap_id(RAIL, 5)).await else {
        panic!("the tap is posted");
    };
    assert_eq!((charge.gross, charge.rider), (-2_000, -2_000));
    let receipts = house.send_raw(vec![taps[7].encode()]).await;
    assert_eq!(receipts[0].answer, Answer::Received);
    let mut bus = device(BUS);
    house.send(&[bus.tap(medium(2), boarding(), at(50)).expect("taken")]).await;
    house.clear().await;
    assert_eq!(posted(&house).await, (20_000, 13_500));
    house.assert_invariants().await;
}
