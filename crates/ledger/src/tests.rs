use super::*;
use primitives::{Minor, PostingDate, ServiceDate};

fn day() -> (PostingDate, ServiceDate) {
    (PostingDate::parse("2026-03-02").expect("a date"), ServiceDate::parse("2026-03-01").expect("a date"))
}

fn post(lines: Vec<Line>) -> Result<Posting, Unbalanced> {
    let (posting_date, service_date) = day();
    Posting::new(Kind::Fare, posting_date, service_date, Cause::Office("test".into()), lines)
}

const fn dong(units: i64) -> Minor {
    Minor::new(units)
}

#[test]
fn only_balanced_lines_become_a_posting() {
    // Event 3a of the accounting table: a tap of 7,000 with half of it funded.
    let ride = vec![
        Line::debit(Chart::CardValue, 9, dong(3_500)),
        Line::debit(Chart::SubsidyReceivable, 1, dong(3_500)),
        Line::credit(Chart::OperatorFare, 2, dong(3_500)),
        Line::credit(Chart::OperatorSubsidy, 2, dong(3_500)),
    ];
    assert!(post(ride).is_ok());
    let check = |lines, expect| assert_eq!(post(lines).err(), Some(expect));
    check(vec![], Unbalanced::Lines);
    check(vec![Line::debit(Chart::TrustBank, 0, dong(1)); LINES_MAX + 1], Unbalanced::Lines);
    check(vec![Line::debit(Chart::TrustBank, 0, dong(1))], Unbalanced::Sums);
    check(
        vec![Line::debit(Chart::TrustBank, 0, dong(0)), Line::credit(Chart::Suspense, 0, dong(0))],
        Unbalanced::Line,
    );
    check(
        vec![Line::debit(Chart::TrustBank, 0, dong(-1)), Line::credit(Chart::Suspense, 0, dong(-1))],
        Unbalanced::Line,
    );
    check(
        vec![Line::debit(Chart::TrustBank, 5, dong(1)), Line::credit(Chart::Suspense, 0, dong(1))],
        Unbalanced::Line,
    );
    // Balanced as a whole, but each ring must balance by itself.
    check(
        vec![Line::debit(Chart::TrustBank, 0, dong(1)), Line::credit(Chart::DueToTrust, 0, dong(1))],
        Unbalanced::Sums,
    );
    // Balanced in each ring, but the trust ring is owed what own money does not know of.
    check(
        vec![
            Line::debit(Chart::DueFromOwn, 0, dong(5)),
            Line::credit(Chart::TrustBank, 0, dong(5)),
            Line::debit(Chart::ChannelFeeExpense, 0, dong(4)),
            Line::credit(Chart::DueToTrust, 0, dong(4)),
        ],
        Unbalanced::Mirror,
    );
    let overflow = vec![
        Line::debit(Chart::TrustBank, 0, dong(i64::MAX)),
        Line::debit(Chart::TrustBank, 0, dong(1)),
        Line::credit(Chart::Suspense, 0, dong(i64::MAX)),
        Line::credit(Chart::Suspense, 0, dong(1)),
    ];
    check(overflow, Unbalanced::Sums);
}

#[test]
fn the_chain_sees_every_change_and_every_swap() {
    let posting = |amount| {
        let lines = vec![
            Line::debit(Chart::TrustBank, 0, dong(amount)),
            Line::credit(Chart::Suspense, 0, dong(amount)),
        ];
        post(lines).expect("balanced")
    };
    let head = |postings: &[(u64, i64)]| {
        postings
            .iter()
            .fold(chain::START, |head, (offset, amount)| chain::extend(&head, *offset, 0, &posting(*amount)))
    };
    let original = head(&[(1, 5), (2, 6)]);
    assert_ne!(original, head(&[(1, 5), (2, 7)]));
    assert_ne!(original, head(&[(1, 6), (2, 5)]));
    assert_ne!(original, head(&[(1, 5)]));
    assert_ne!(original, head(&[(1, 5), (3, 6)]));
    assert_eq!(original, head(&[(1, 5), (2, 6)]));
}

#[test]
fn positions_hash_nets_in_key_order() {
    let (_, service_date) = day();
    let at = |account, net| Position {
        account,
        chart: Chart::CardValue,
        owner: account,
        service_date,
        net: dong(net),
    };
    let digest = |positions: &[Position]| {
        let mut digest = PositionsDigest::default();
        positions.iter().try_for_each(|position| digest.add(*position)).map(|()| digest.finish())
    };
    assert_eq!(digest(&[at(1, 5), at(2, 0)]), digest(&[at(1, 5)]));
    assert_ne!(digest(&[at(1, 5)]), digest(&[at(1, 6)]));
    assert_ne!(digest(&[at(1, 5)]), digest(&[at(2, 5)]));
    assert_eq!(digest(&[at(2, 5), at(1, 5)]), Err(PositionsError::Order));
    assert_eq!(digest(&[at(1, 5), at(1, 5)]), Err(PositionsError::Order));
    // A ride before its top-up leaves a debt that is recovered, a ride after it does not: the position is one.
    let apart = Position { chart: Chart::NegativeCard, ..at(1, 5) };
    assert_eq!(digest(&[apart]), Err(PositionsError::Chart(Chart::NegativeCard)));
    assert!(digest(&[Position { chart: apart.chart.in_positions(), ..apart }]).is_ok());
}

#[test]
fn every_account_has_a_label_and_a_number_of_its_own() {
    assert!(chart::labels(chart::LABELS).is_some());
    assert!(chart::labels("code,vas_code,name_en,name_vi\nTRUST_BANK,112,a,b\n").is_none());
    for chart in Chart::ALL {
        assert_eq!(Chart::from_number(chart.number()), Some(*chart));
    }
}
