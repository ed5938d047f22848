//! A version of the policy takes effect between two records.

use super::*;
use std::sync::Arc;

/// Minitown as another version, where the bus costs this much.
fn version(id: &str, bus: &str) -> Arc<fares::Policy> {
    let mut files = minitown::files();
    for (name, old, new) in [
        ("fare_policies.txt", "minitown-1,", format!("{id},")),
        (
            "fare_products.txt",
            "bus_single,Bus single,adult,,6000",
            format!("bus_single,Bus single,adult,,{bus}"),
        ),
    ] {
        let text = String::from_utf8(files[name].clone()).expect("text");
        files.insert(name.into(), text.replace(old, &new).into_bytes());
    }
    Arc::new(fares::load(&files).expect("it loads"))
}

fn agreed(before: &fares::Policies, policy: &fares::Policy, from: i64) -> PolicyActivation {
    PolicyActivation {
        policy: text(policy.id()),
        digest: policy.digest(),
        from: at(from),
        before: before.digest(),
        at: at(0),
        asked_by: text("lan"),
        approved_by: Some(text("minh")),
    }
}

#[test]
fn rides_before_keep_their_price_however_late_they_come() {
    let old = minitown::policies();
    let dearer = version("minitown-2", "8000");
    let activation = agreed(&old, &dearer, 100);
    let new = activate(&old, &activation, &dearer).expect("it fits");
    let record = |tap| Ok(Record::Tap(Box::new(tap)));
    let records = [
        (0, record(bus(1, 10))),
        (1, Ok(Record::Policy(Box::new(activation.clone())))),
        (2, record(bus(4, 100))),
        (3, record(bus(3, 99))),
        // Repeated, and one that nobody made ready.
        (4, Ok(Record::Policy(Box::new(activation.clone())))),
        (5, Ok(Record::Policy(Box::new(activation.clone())))),
        (6, record(bus(5, 101))),
    ];
    let again = activate(&new, &activation, &dearer);
    let decision = decide(Batch {
        policies: &old,
        posting_date: PostingDate::parse("2026-03-02").expect("a date"),
        chain_head: ledger::chain::START,
        seen: BTreeMap::new(),
        answered: BTreeMap::new(),
        accounts: BTreeMap::new(),
        activations: BTreeMap::from([(1, Ok(new)), (4, again)]),
        refused: BTreeMap::new(),
        records: &records,
    });
    let prices: Vec<_> = decision.charges.iter().map(|charge| (charge.leg, charge.gross.units())).collect();
    assert_eq!(prices, [(id(1), 6_000), (id(4), 8_000), (id(3), 6_000), (id(5), 8_000)]);
    assert_eq!(decision.counts, Counts { posted: 4, duplicate: 0, quarantined: 1, marker: 2 });
    let places: Vec<_> = decision.activated.iter().map(|row| row.offset).collect();
    assert_eq!(places, [1, 4]);
    assert_eq!(decision.quarantined[0].refusal.code, Code::PolicyUnfit);
}

#[test]
fn what_two_people_did_not_agree_on_changes_nothing() {
    let old = minitown::policies();
    let dearer = version("minitown-2", "8000");
    let good = agreed(&old, &dearer, 100);
    let check = |activation: PolicyActivation, expect: Code| {
        assert_eq!(activate(&old, &activation, &dearer).expect_err("refused").code, expect);
    };
    check(PolicyActivation { approved_by: None, ..good.clone() }, Code::ApprovalMissing);
    check(PolicyActivation { approved_by: Some(text("lan")), ..good.clone() }, Code::ApprovalSelf);
    check(PolicyActivation { before: Digest([1; 32]), ..good.clone() }, Code::PolicyUnfit);
    let before_it_is_valid = EventTime::from_unix_ms(1_767_214_799_999).expect("a time");
    check(PolicyActivation { from: before_it_is_valid, ..good.clone() }, Code::PolicyUnfit);
    // A third version cannot begin before the second.
    let both = activate(&old, &good, &dearer).expect("it fits");
    let third = version("minitown-3", "9000");
    let early = agreed(&both, &third, 99);
    assert_eq!(activate(&both, &early, &third).expect_err("refused").code, Code::PolicyUnfit);
    assert!(activate(&both, &agreed(&both, &third, 101), &third).is_ok());
}
