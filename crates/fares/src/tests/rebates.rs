use super::*;
use crate::{PaidAs, Rebate, rebates};
use primitives::PartyNo;

fn given(rows: &str, paid: &[(&str, &str, &str, i64)]) -> Vec<Rebate> {
    let policy = loaded(&town_with("fare_rebates.txt", rows));
    let leg = |(date, route, medium, amount): &(&str, &str, &str, i64)| {
        let leg = ride(&format!("{route} - - adult {medium}"));
        (Leg { start: at(date, 12, 0, 0), ..leg }, Minor::new(*amount))
    };
    rebates(&policy, &paid.iter().map(leg).collect::<Vec<_>>()).unwrap()
}

#[test]
fn a_part_of_what_a_period_cost_above_a_threshold_comes_back() {
    let rows = "rebate_id,network_id,period,threshold_amount,percent,max_amount,funded_by\n\
                back,bus,month,40000,2500,30000,city\n";
    let of = |paid: i64| {
        let given = given(rows, &[("2026-03-02", "B1", "card", paid)]);
        given.first().map(|rebate| rebate.amount.units()).unwrap_or(0)
    };
    let expect =
        [(40_000, 0), (40_003, 0), (40_004, 1), (50_000, 2_500), (160_000, 30_000), (200_000, 30_000)];
    for (paid, back) in expect {
        assert_eq!(of(paid), back, "{paid}");
    }
    // Months, media and the selected network are told apart.
    let paid = [
        ("2026-03-31", "B1", "card", 44_000),
        ("2026-04-02", "B1", "card", 48_000),
        ("2026-03-02", "B2", "cash", 30_000),
        ("2026-03-03", "B1", "card", 4_000),
        ("2026-03-03", "R", "card", 90_000),
        ("2026-03-03", "nowhere", "card", 90_000),
    ];
    let found = given(rows, &paid);
    let march = Rebate {
        id: text("back"),
        medium: Some(text("card")),
        from: at("2026-03-01", 4, 0, 0),
        until: at("2026-04-01", 4, 0, 0),
        spent: Minor::new(48_000),
        amount: Minor::new(2_000),
        funded_by: PartyNo(9),
        paid_as: PaidAs::Credit,
    };
    assert_eq!(found[0], march);
    assert_eq!(found[1].from, march.until);
    assert_eq!(found.len(), 2);
}

#[test]
fn an_account_may_be_looked_at_as_one_and_fractions_rounded() {
    let rows = "rebate_id,period,percent,rounding_mode,per,paid_as,funded_by\nback,day,1000,up,account,statement,friend\n";
    let found = given(rows, &[("2026-03-02", "B1", "card", 5_000), ("2026-03-02", "B1", "cash", 5_001)]);
    assert_eq!((found[0].amount, found[0].medium.clone()), (Minor::new(1_001), None));
    assert_eq!((found[0].paid_as, found[0].funded_by, found.len()), (PaidAs::Statement, PartyNo(10), 1));
}

#[test]
fn rows_of_rebates_are_checked() {
    let rows = "rebate_id,period,percent,max_amount,threshold_amount,funded_by\n\
                a,rolling,1000,,,city\nb,day,,,,city\nc,day,1000,-1,,city\nd,day,1000,,-1,\ne,day,10001,,,nobody\n\
                f,day,1,,,city\nf,day,1,,,city\n";
    loading::assert_errors(
        &town_with("fare_rebates.txt", rows),
        &[
            "fare_rebates.txt:2 period: `rolling` is none of: day, week, month",
            "fare_rebates.txt:3 percent: the field is empty",
            "fare_rebates.txt:4 max_amount: below zero",
            "fare_rebates.txt:5 funded_by: the field is empty",
            "fare_rebates.txt:5 threshold_amount: below zero",
            "fare_rebates.txt:6 funded_by: ",
            "fare_rebates.txt:6 percent: not a whole number from 1 to 10000",
            "fare_rebates.txt:8 rebate_id: the same key stands on line 7",
        ],
    );
}
