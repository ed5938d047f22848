//! Every limit, met and passed by one.

use crate::file::*;
use bank::limits::{self, Limits};
use bank::{FindingCode, read_camt053, read_camt053_within};
use primitives::Code;

/// Reads with one limit changed.
fn within(file: &str, change: impl FnOnce(&mut Limits)) -> Option<Code> {
    let mut limits = Limits::HOUSE;
    change(&mut limits);
    read_camt053_within(file.as_bytes(), &limits).err().map(|refusal| refusal.code)
}

#[test]
fn bytes_of_a_file() {
    let file = file("1000", "");
    assert_eq!(within(&file, |limits| limits.file_bytes = file.len()), None);
    assert_eq!(within(&file, |limits| limits.file_bytes = file.len() - 1), Some(Code::TooLarge));
    // One past the house's own limit, and refused before a byte of it is looked at.
    let large = vec![0; limits::FILE_BYTES_MAX + 1];
    assert_eq!(read_camt053(&large).unwrap_err().code, Code::TooLarge);
    assert_eq!(read_camt053(&large[..limits::FILE_BYTES_MAX]).unwrap_err().code, Code::FileEncoding);
}

#[test]
fn depth_of_the_tree() {
    // Document, message and statement are open around it.
    let nested =
        |depth: usize| file("1000", &format!("{}{}", "<a>".repeat(depth - 3), "</a>".repeat(depth - 3)));
    assert_eq!(proof(&one(&nested(limits::DEPTH_MAX))), "proven");
    assert_eq!(refusal(&nested(limits::DEPTH_MAX + 1)).code, Code::TooLarge);
    assert_eq!(refusal(&"<a>".repeat(1_000_000)).code, Code::FileNoProfile);
}

#[test]
fn length_of_a_text_and_of_an_attribute() {
    let memo =
        |text: &str| file("1001", &entry_with("1", "CRDT", &format!("<AddtlNtryInf>{text}</AddtlNtryInf>")));
    let full = "x".repeat(limits::FIELD_BYTES_MAX);
    assert_eq!(one(&memo(&full)).lines[0].memo.len(), limits::FIELD_BYTES_MAX);
    assert_eq!(refusal(&memo(&format!("{full}x"))).code, Code::TooLarge);
    // In pieces it is as long as in one; in an element nobody reads as well.
    assert_eq!(refusal(&memo(&format!("{full}<!-- -->x"))).code, Code::TooLarge);
    assert_eq!(refusal(&memo(&format!("<![CDATA[{full}]]>&#120;"))).code, Code::TooLarge);
    assert_eq!(refusal(&file("1000", &format!("<X>{full}x</X>"))).code, Code::TooLarge);
    assert_eq!(refusal(&file("1000", &format!("<X>{}</X>", "x".repeat(10_000_000)))).code, Code::TooLarge);
    let attribute = |text: &str| file("1000", &format!("<X a=\"{text}\"/>"));
    assert_eq!(proof(&one(&attribute(&full))), "proven");
    assert_eq!(refusal(&attribute(&format!("{full}x"))).code, Code::TooLarge);
}

#[test]
fn attributes_and_namespaces() {
    let attributes = |count: usize| {
        let list: String = (0..count).map(|number| format!(" a{number}=\"\"")).collect();
        file("1000", &format!("<X{list}/>"))
    };
    assert_eq!(proof(&one(&attributes(limits::ATTRIBUTES_MAX))), "proven");
    assert_eq!(refusal(&attributes(limits::ATTRIBUTES_MAX + 1)).code, Code::TooLarge);
    // The root's own declaration is one of them.
    let namespaces = |count: usize| {
        let list: String = (1..count).map(|number| format!(" xmlns:a{number}=\"urn:a\"")).collect();
        file("1000", &format!("<X{list}/><X{list}/>"))
    };
    assert_eq!(proof(&one(&namespaces(limits::NAMESPACES_MAX))), "proven");
    assert_eq!(refusal(&namespaces(limits::NAMESPACES_MAX + 1)).code, Code::TooLarge);
}

#[test]
fn statements_of_a_file() {
    let statements = |count: usize| {
        let list: String =
            (0..count).map(|number| statement(&number.to_string(), &balances("1", "1"))).collect();
        document("02", &list)
    };
    assert_eq!(read(&statements(limits::STATEMENTS_MAX)).len(), limits::STATEMENTS_MAX);
    assert_eq!(refusal(&statements(limits::STATEMENTS_MAX + 1)).code, Code::TooLarge);
}

#[test]
fn balances_of_a_statement() {
    let balances = |count: usize| document("02", &statement("S1", &balance("ITBD", "1").repeat(count)));
    assert_eq!(read(&balances(limits::BALANCES_MAX)).len(), 1);
    assert_eq!(refusal(&balances(limits::BALANCES_MAX + 1)).code, Code::TooLarge);
}

#[test]
fn lines_of_a_statement_and_details_of_an_entry() {
    let entries = |count: usize| file("1000", &entry("0", "CRDT").repeat(count));
    assert_eq!(within(&entries(5), |limits| limits.lines = 5), None);
    assert_eq!(within(&entries(6), |limits| limits.lines = 5), Some(Code::TooLarge));
    let details = |count: usize, inside: &str| {
        file("1000", &entry_with("0", "CRDT", &format!("<NtryDtls>{}</NtryDtls>", inside.repeat(count))))
    };
    for inside in
        ["<TxDtls/>", "<Btch/>", "<TxDtls><Refs><TxId>1</TxId></Refs><Amt Ccy=\"VND\">0</Amt></TxDtls>"]
    {
        assert_eq!(within(&details(5, inside), |limits| limits.lines = 5), None, "{inside}");
        assert_eq!(within(&details(6, inside), |limits| limits.lines = 5), Some(Code::TooLarge), "{inside}");
    }
    // The lines of all pages and of split entries count together within one statement's element.
    let split = "<TxDtls><Refs><TxId>1</TxId></Refs><Amt Ccy=\"VND\">0</Amt></TxDtls>".repeat(3);
    let split = entry_with("0", "CRDT", &format!("<NtryDtls>{split}</NtryDtls>"));
    assert_eq!(within(&file("1000", &split.repeat(2)), |limits| limits.lines = 6), None);
    assert_eq!(within(&file("1000", &split.repeat(2)), |limits| limits.lines = 5), Some(Code::TooLarge));
}

#[test]
fn findings_of_a_file_are_kept_up_to_the_limit_and_then_counted() {
    let odd = entry("0", "CRDT").replace("<Sts>BOOK</Sts>", "");
    let found = |count: usize| one(&file("1000", &odd.repeat(count))).findings;
    let full = found(limits::FINDINGS_MAX);
    assert_eq!(full.len(), limits::FINDINGS_MAX);
    assert!(full.iter().all(|finding| finding.code == FindingCode::StatusMissing));
    let over = found(limits::FINDINGS_MAX + 1);
    assert_eq!(over.len(), limits::FINDINGS_MAX + 1);
    let last = over.last().unwrap();
    assert_eq!((last.code, last.path.as_str()), (FindingCode::More, "Stmt[1]"));
    assert!(last.detail.starts_with("1 more "));
    // Findings that are only counted still count: the proof does not hold because nobody kept the reason.
    let wrong = one(&file("8000", &odd.repeat(limits::FINDINGS_MAX + 1)));
    assert_eq!(proof(&wrong), "failed by -7000");
}
