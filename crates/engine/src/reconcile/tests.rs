#![allow(clippy::unwrap_used)]
use super::continuity::judge;
use super::matching::{END_TO_END, REFERENCE, Seen, Verdict, matching};
use chrono::NaiveDate;
use primitives::{Minor, PartyNo, PostingDate};
use std::collections::BTreeMap;
use store::bank::{Item, ItemKind, Span};
use uuid::Uuid;

fn items(rows: &[(&str, &str, i64)]) -> BTreeMap<String, Vec<Item>> {
    let mut items: BTreeMap<String, Vec<Item>> = BTreeMap::new();
    for (id, reference, amount) in rows {
        items.entry((*reference).to_owned()).or_default().push(Item {
            id: (*id).into(),
            kind: ItemKind::TopUp,
            reference: (*reference).into(),
            amount: Minor::new(*amount),
            posting_date: PostingDate::parse("2025-01-13").unwrap(),
            party: PartyNo(31),
        });
    }
    items
}

fn line<'a>(amount: i64, end_to_end: &'a str, codes: &[&'a str]) -> Seen<'a> {
    let end_to_end = (!end_to_end.is_empty()).then_some(end_to_end);
    Seen { amount: Minor::new(amount), end_to_end, codes: codes.to_vec() }
}

fn say(verdict: &Verdict<'_>) -> String {
    match verdict {
        Verdict::Match { item, rule } => format!("{} by {rule}", item.id),
        Verdict::AmountDiff { item, rule } => format!("{} differs by {rule}", item.id),
        Verdict::Ambiguous { .. } => "ambiguous".into(),
        Verdict::Unmatched => "unmatched".into(),
    }
}

#[test]
fn a_line_meets_the_item_it_names_to_the_dong_or_none() {
    let known = [("a", "E1", 100), ("b", "R1", 100), ("c", "R2", 200), ("d", "R3", 50), ("e", "R3", 50)];
    let check = |lines: &[Seen<'_>], expect: &[&str]| {
        let items = items(&known);
        let got: Vec<String> = matching(lines, &items).iter().map(say).collect();
        assert_eq!(got, expect);
    };
    check(&[line(100, "E1", &[])], &[&format!("a by {END_TO_END}")]);
    check(&[line(100, "", &["R1"])], &[&format!("b by {REFERENCE}")]);
    // The end-to-end id comes first, whatever the memo says.
    check(&[line(100, "E1", &["R1"])], &[&format!("a by {END_TO_END}")]);
    // An unknown end-to-end id is a payer's own: the memo may still say it.
    check(&[line(100, "THEIRS", &["R1"])], &[&format!("b by {REFERENCE}")]);
    // Exact to the đồng, and no falling through to another rule.
    check(&[line(99, "E1", &["R1"])], &[&format!("a differs by {END_TO_END}")]);
    check(&[line(-100, "", &["R1"])], &[&format!("b differs by {REFERENCE}")]);
    // Nothing named, nothing guessed: the amount alone is no reason.
    check(&[line(100, "", &[])], &["unmatched"]);
    check(&[line(100, "", &["R9"])], &["unmatched"]);
    // Several answers are none.
    check(&[line(50, "", &["R3"])], &["ambiguous"]);
    check(&[line(100, "", &["R1", "R2"])], &["ambiguous"]);
    check(&[line(100, "", &["R1", "R9"])], &["ambiguous"]);
    // One item, two lines: the first in the bank's order has it.
    check(&[line(100, "", &["R1"]), line(100, "", &["R1"])], &[&format!("b by {REFERENCE}"), "unmatched"]);
    // A line that only a later rule matches never takes what an earlier rule claims, wherever it stands.
    check(&[line(100, "", &["E1"]), line(100, "E1", &[])], &["unmatched", &format!("a by {END_TO_END}")]);
}

#[test]
fn every_statement_opens_with_what_the_one_before_closed_with() {
    let check = |approved: i64, balances: &[(i64, i64)], expect: &[&str]| {
        let day = NaiveDate::from_ymd_opt(2025, 1, 13).unwrap();
        let history: Vec<Span> = balances
            .iter()
            .map(|(opening, closing)| Span {
                id: Uuid::nil(),
                from: day,
                to: day,
                sequence: None,
                opening: Minor::new(*opening),
                closing: Minor::new(*closing),
                continuity: String::new(),
            })
            .collect();
        let words: Vec<&str> =
            judge(Minor::new(approved), &history).iter().map(|judged| judged.word).collect();
        assert_eq!(words, expect, "{balances:?}");
    };
    check(0, &[], &[]);
    check(0, &[(0, 10), (10, 10), (10, 5)], &["first", "follows", "follows"]);
    check(7, &[(0, 10), (10, 20)], &["gap", "follows"]);
    // One gap is one gap: what follows the odd one follows.
    check(0, &[(0, 10), (11, 20), (20, 30)], &["first", "gap", "follows"]);
}
