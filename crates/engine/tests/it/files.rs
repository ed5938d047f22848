//! Bank files: read or refused, proven or only shown, first or again.

use crate::camt::Camt;
use crate::house::{House, OPENING};
use engine::report::{self, PageRequest, StatementRow};
use primitives::Code;

const DAY: &str = "2026-03-03";
const NEXT: &str = "2026-03-04";
const THIRD: &str = "2026-03-05";

async fn statement(house: &House, camt: &Camt) -> StatementRow {
    let imported = house.import("camt.xml", &camt.bytes()).await;
    let rows = imported.outcome.unwrap();
    assert_eq!(rows.len(), 1);
    rows.into_iter().next().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_file_again_changes_nothing() {
    let house = House::open().await;
    let camt = Camt::of_day(DAY, OPENING).line(5_000, "", "a gift").line(5_000, "", "a gift");
    let first = house.import("first.xml", &camt.bytes()).await;
    assert_eq!(first.outcome.as_ref().unwrap()[0].lines, 2, "identical lines are two payments");
    assert_eq!(house.balance("TRUST_BANK").await, OPENING + 10_000);
    let again = house.import("second name.xml", &camt.bytes()).await;
    assert!(again.repeated);
    assert_eq!((again.name.as_str(), &again.outcome), ("first.xml", &first.outcome), "the stored answer");
    // The same statement in other bytes is no other statement.
    let mut reworded = camt.bytes();
    reworded.extend_from_slice(b"\n");
    let other = house.import("third.xml", &reworded).await;
    let row = &other.outcome.unwrap()[0];
    assert_eq!((row.revision, row.posted, row.why.is_some()), (2, false, true), "{row:?}");
    assert_eq!(house.balance("TRUST_BANK").await, OPENING + 10_000);
    assert_eq!(house.breaks().await.len(), 2, "the two gifts, once each");
    assert_eq!(house.difference().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_cannot_be_read_is_refused_whole_and_kept() {
    let house = House::open().await;
    let whole = Camt::of_day(DAY, OPENING).line(5_000, "", "a gift").bytes();
    let cut = &whole[..whole.len() - 60];
    let broken = whole.iter().map(|byte| if *byte == b'<' { b'(' } else { *byte }).collect::<Vec<u8>>();
    let stranger = Camt { account: "999", ..Camt::of_day(DAY, OPENING) }.bytes();
    let dollars = Camt { currency: "USD", ..Camt::of_day(DAY, OPENING) }.bytes();
    let field = String::from_utf8(whole.clone())
        .unwrap()
        .replace("<Othr>", "<!--")
        .replace("</Othr>", "-->")
        .into_bytes();
    let latin: Vec<u8> = whole.iter().map(|byte| if *byte == b'g' { 0xE9 } else { *byte }).collect();
    let cases: [(&[u8], Code); 7] = [
        (cut, Code::FileTruncated),
        (&broken, Code::FileXml),
        (b"Ngay GD;So tien\n", Code::FileXml),
        (&stranger, Code::FileNoProfile),
        (&dollars, Code::AmountCurrency),
        (&field, Code::StatementField),
        (&latin, Code::FileEncoding),
    ];
    for (bytes, expect) in cases {
        let imported = house.import("bad.xml", bytes).await;
        let refusal = imported.outcome.unwrap_err();
        assert_eq!(refusal.code, expect, "{refusal}");
        let again = house.import("bad.xml", bytes).await;
        assert_eq!(
            (again.repeated, again.outcome.unwrap_err()),
            (true, refusal),
            "refused once, refused for ever"
        );
    }
    let mut conn = house.connection().await;
    let files = report::files(&mut conn, PageRequest::new(1, 100)).await.unwrap();
    assert_eq!(files.total_rows, 7);
    assert!(files.rows.iter().all(|file| file.refused.is_some() && file.bytes > 0));
    assert_eq!(report::statements(&mut conn, PageRequest::new(1, 1)).await.unwrap().total_rows, 0);
    assert_eq!((house.balance("TRUST_BANK").await, house.breaks().await), (0, vec![]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_does_not_add_up_is_shown_and_not_posted_until_it_is_corrected() {
    let house = House::open().await;
    let right = Camt::of_day(DAY, OPENING).line(5_000, "", "a gift").line(7_000, "", "another");
    let wrong = Camt { closing: Some(OPENING + 12_900), ..right.clone() };
    let row = statement(&house, &wrong).await;
    assert_eq!((row.proof.as_str(), row.posted, row.lines), ("failed", false, 2));
    assert_eq!(row.difference.units().abs(), 900);
    assert_eq!(house.balance("TRUST_BANK").await, 0);
    // A line that cannot be read leaves nothing to prove with.
    let torn = String::from_utf8(right.bytes()).unwrap().replace(">5000<", ">5000.50<");
    let imported = house.import("torn.xml", torn.as_bytes()).await.outcome.unwrap();
    assert_eq!(
        (imported[0].proof.as_str(), imported[0].posted, imported[0].revision),
        ("not_provable", false, 2)
    );
    assert!(imported[0].findings.iter().any(|finding| finding.starts_with("STMT_FIELD")), "{imported:?}");
    let breaks = house.breaks().await;
    let codes: Vec<&str> = breaks.iter().map(|row| row.0.as_str()).collect();
    assert_eq!(codes, ["BALANCE_PROOF", "BALANCE_PROOF"]);
    let mut conn = house.connection().await;
    let lines = report::statement_lines(&mut conn, row.id, PageRequest::new(1, 1)).await.unwrap();
    assert_eq!((lines.rows.len(), lines.total_rows, lines.sums.units()), (1, 2, 12_000));

    let row = statement(&house, &right).await;
    assert_eq!((row.revision, row.posted, row.continuity.as_str()), (3, true, "first"));
    assert_eq!((house.balance("TRUST_BANK").await, house.difference().await), (OPENING + 12_000, 0));
    let codes: Vec<String> = house.breaks().await.into_iter().map(|row| row.0).collect();
    assert_eq!(codes, ["UNMATCHED_BANK", "UNMATCHED_BANK"], "the proof's break closed with the correction");

    // A correction of what is in the ledger is for a person: two versions, and no telling which.
    let late = Camt { closing: None, ..right.line(1, "", "an afterthought") };
    let row = statement(&house, &late).await;
    assert_eq!((row.revision, row.posted), (4, false));
    assert!(house.breaks().await.iter().any(|row| row.0 == "AMBIGUOUS"));
    assert_eq!(house.balance("TRUST_BANK").await, OPENING + 12_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gap_is_a_break_until_the_missing_statement_comes() {
    let house = House::open().await;
    let first = Camt::of_day(DAY, OPENING).line(1_000, "", "one");
    let second = Camt::of_day(NEXT, first.closing()).line(2_000, "", "two");
    let third = Camt::of_day(THIRD, second.closing()).line(3_000, "", "three");
    assert_eq!(statement(&house, &first).await.continuity, "first");
    let row = statement(&house, &third).await;
    assert_eq!((row.continuity.as_str(), row.posted), ("gap", true), "processing goes on");
    assert!(house.breaks().await.contains(&("STATEMENT_GAP".into(), 2_000)));
    assert_eq!(house.difference().await, -2_000, "the difference is the gap");
    let row = statement(&house, &second).await;
    assert_eq!(row.continuity, "follows");
    assert!(house.breaks().await.iter().all(|row| row.0 == "UNMATCHED_BANK"), "judged again when it came");
    assert_eq!(house.difference().await, 0);

    // A statement over days that are known, which follows none, would count money twice.
    let week = Camt { id: "WEEK".into(), from: DAY.into(), ..Camt::of_day(THIRD, 77).line(1_000, "", "one") };
    let row = statement(&house, &week).await;
    assert_eq!((row.continuity.as_str(), row.posted), ("gap", false));
    assert!(house.breaks().await.iter().any(|row| row.0 == "STATEMENT_GAP"));
    assert_eq!(house.difference().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_opening_balance_is_the_approved_one_or_a_gap() {
    let house = House::open().await;
    let row = statement(&house, &Camt::of_day(DAY, OPENING + 5)).await;
    assert_eq!((row.continuity.as_str(), row.posted), ("gap", true));
    assert_eq!(house.breaks().await, [("STATEMENT_GAP".to_owned(), 5)]);
    assert_eq!(house.balance("TRUST_BANK").await, OPENING);
    assert_eq!(house.balance("DUE_FROM_OWN").await, -OPENING, "own money prefunds the trust");
    assert_eq!(house.balance("OWN_BANK").await, -OPENING);
    assert_eq!(house.difference().await, -5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_file_handed_in_twice_at_once_is_one_import() {
    let house = House::open().await;
    let bytes = Camt::of_day(DAY, OPENING).line(5_000, "", "a gift").bytes();
    let (one, other) = tokio::join!(house.import("one.xml", &bytes), house.import("other.xml", &bytes));
    assert_ne!(one.repeated, other.repeated);
    assert_eq!(one.outcome, other.outcome);
    assert_eq!((house.balance("TRUST_BANK").await, house.breaks().await.len()), (OPENING + 5_000, 1));
}
