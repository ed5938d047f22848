//! Entries with details: when they are one line, when several, and when they disagree.

use crate::file::*;
use bank::{FindingCode, Statement, reference};

/// A detail of .04 and later.
fn detail(amount: &str, rest: &str) -> String {
    let amount = if amount.is_empty() { String::new() } else { format!("<Amt Ccy=\"VND\">{amount}</Amt>") };
    format!("<TxDtls>{rest}{amount}</TxDtls>")
}

fn to(id: &str) -> String {
    format!("<Refs><EndToEndId>{id}</EndToEndId></Refs>")
}

/// A statement with one credit entry of 7,000.
fn batch(details: &str) -> Statement {
    one(&file("8000", &entry_with("7000", "CRDT", details)))
}

fn block(inside: &str) -> String {
    format!("<NtryDtls>{inside}</NtryDtls>")
}

#[test]
fn details_with_references_are_lines_that_sum_to_the_entry() {
    let read = batch(&block(&format!("{}{}", detail("3000", &to("A")), detail("4000", &to("B")))));
    assert_eq!((proof(&read).as_str(), amounts(&read)), ("proven", vec![3_000, 4_000]));
    let ids: Vec<_> = read.lines.iter().map(|line| line.end_to_end.as_deref()).collect();
    assert_eq!(ids, [Some("A"), Some("B")]);
    // One with a reference is enough; the other is then a line too, so that nothing is lost.
    let read = batch(&block(&format!("{}{}", detail("3000", &to("A")), detail("4000", &to("NOTPROVIDED")))));
    assert_eq!(amounts(&read), [3_000, 4_000]);
    // Our own code in a text is a reference.
    let text = format!("<RmtInf><Ustrd>{}</Ustrd></RmtInf>", reference::make(9));
    let read = batch(&block(&format!("{}{}", detail("3000", &text), detail("4000", ""))));
    assert_eq!(amounts(&read), [3_000, 4_000]);
    assert_eq!(read.lines[0].references, [reference::make(9)]);
    // In several blocks it is the same.
    let blocks = format!("{}{}", block(&detail("3000", &to("A"))), block(&detail("4000", &to("B"))));
    assert_eq!(amounts(&batch(&blocks)), [3_000, 4_000]);
}

#[test]
fn details_without_references_stay_one_line() {
    let read = batch(&block(&format!("{}{}", detail("3000", ""), detail("4000", &to("NOTPROVIDED")))));
    assert_eq!((proof(&read).as_str(), amounts(&read)), ("proven", vec![7_000]));
    assert_eq!(read.findings, []);
}

#[test]
fn a_net_entry_holds_both_directions() {
    let debit = "<Refs><EndToEndId>B</EndToEndId></Refs><CdtDbtInd>DBIT</CdtDbtInd>";
    let read = batch(&block(&format!("{}{}", detail("9000", &to("A")), detail("2000", debit))));
    assert_eq!((proof(&read).as_str(), amounts(&read)), ("proven", vec![9_000, -2_000]));
}

#[test]
fn details_that_are_not_their_entry_fail_the_proof() {
    let check = |details: &str, expect: &str| {
        let read = batch(details);
        assert_eq!(proof(&read), expect, "{details}");
        assert_eq!(codes(&read), [FindingCode::BalanceProof], "{details}");
        assert_eq!(read.findings[0].path, "Stmt[1]/Ntry[1]/NtryDtls");
        assert_eq!(amounts(&read), [7_000], "the entry is shown, not its details");
    };
    check(&block(&format!("{}{}", detail("3000", &to("A")), detail("4001", &to("B")))), "failed by 1");
    check(&block(&detail("6999", &to("A"))), "failed by -1");
    check(&block(&detail("7000", "<CdtDbtInd>DBIT</CdtDbtInd>")), "failed by -14000");
    let two = format!("{}{}", detail("3000", &to("A")), detail("4000", &to("B")));
    let stated = |batch: &str| block(&format!("<Btch>{batch}</Btch>{two}"));
    check(&stated("<NbOfTxs>3</NbOfTxs>"), "failed by 0");
    check(&stated("<TtlAmt Ccy=\"VND\">7001</TtlAmt>"), "failed by -1");
    check(&stated("<TtlAmt Ccy=\"VND\">7000</TtlAmt><CdtDbtInd>DBIT</CdtDbtInd>"), "failed by 14000");
    check(&block("<Btch><TtlAmt Ccy=\"VND\">7001</TtlAmt></Btch>"), "failed by 1");
    assert_eq!(
        amounts(&batch(&stated("<NbOfTxs>2</NbOfTxs><TtlAmt Ccy=\"VND\">7000</TtlAmt>"))),
        [3_000, 4_000]
    );
}

#[test]
fn totals_without_details_are_compared_and_not_split() {
    let check = |details: &str, expect: &[i64]| {
        let read = batch(details);
        assert_eq!((proof(&read).as_str(), amounts(&read).as_slice()), ("proven", expect), "{details}");
    };
    let total =
        |amount: &str| format!("<Btch><NbOfTxs>5</NbOfTxs><TtlAmt Ccy=\"VND\">{amount}</TtlAmt></Btch>");
    check(&block(&total("7000")), &[7_000]);
    check(&block("<Btch><NbOfTxs>5</NbOfTxs></Btch>"), &[7_000]);
    check(&format!("{}{}", block(&total("3000")), block(&total("4000"))), &[7_000]);
    check(&format!("{}{}", block(&detail("3000", &to("A"))), block(&total("4000"))), &[7_000]);
    check("<NtryDtls/>", &[7_000]);
}

#[test]
fn details_that_cannot_be_added_up_leave_the_entry_as_it_is() {
    let check = |details: &str| {
        let read = batch(details);
        assert_eq!((proof(&read).as_str(), amounts(&read)), ("proven", vec![7_000]), "{details}");
        assert_eq!(codes(&read), [FindingCode::DetailsNotProvable], "{details}");
    };
    check(&block(&format!("{}{}", detail("", &to("A")), detail("4000", &to("B")))));
    let dollars = detail("1", &to("A")).replace("VND", "USD");
    check(&block(&format!("{dollars}{}", detail("4000", &to("B")))));
    check(&block(&dollars));
}

#[test]
fn a_single_detail_inherits_what_it_leaves_out() {
    let check = |details: &str| {
        let read = batch(details);
        assert_eq!((proof(&read).as_str(), amounts(&read)), ("proven", vec![7_000]), "{details}");
        assert_eq!(read.lines[0].end_to_end.as_deref(), Some("A"));
    };
    check(&block(&detail("", &to("A"))));
    check(&block(&detail("7000", &to("A"))));
    // The amount of the transaction stands in for the detail's own in the oldest version.
    let transacted = |amount: &str| {
        let amount = format!("<AmtDtls><TxAmt><Amt Ccy=\"VND\">{amount}</Amt></TxAmt></AmtDtls>");
        format!("<TxDtls>{}{amount}</TxDtls>", to("A"))
    };
    check(&block(&transacted("7000")));
    assert_eq!(proof(&batch(&block(&transacted("6000")))), "failed by -1000");
    let instructed = "<AmtDtls><InstdAmt><Amt Ccy=\"USD\">1</Amt></InstdAmt></AmtDtls>";
    check(&block(&format!("<TxDtls>{}{instructed}</TxDtls>", to("A"))));
}

#[test]
fn references_are_found_in_every_field_that_banks_put_them_in() {
    let code = reference::make(123_456_789);
    let (head, tail) = code.split_at(7);
    let lower = code.to_lowercase();
    for place in [
        block(&detail("", &to(&code))),
        block(&detail("", &format!("<Refs><TxId>{code}</TxId></Refs>"))),
        block(&detail("", &format!("<Refs><InstrId>{code}</InstrId></Refs>"))),
        block(&detail("", &format!("<Refs><AcctSvcrRef>{code}</AcctSvcrRef></Refs>"))),
        block(&detail("", &format!("<RmtInf><Ustrd>CT {head}</Ustrd><Ustrd>{tail}.VCB</Ustrd></RmtInf>"))),
        block(&detail("", &format!("<RmtInf><Ustrd>x {head} \n {tail}</Ustrd></RmtInf>"))),
        block(&detail("", &format!("<RmtInf><Ustrd>nạp thẻ {lower}</Ustrd></RmtInf>"))),
        block(&detail(
            "",
            &format!("<RmtInf><Strd><CdtrRefInf><Ref>{code}</Ref></CdtrRefInf></Strd></RmtInf>"),
        )),
        block(&detail("", &format!("<AddtlTxInf>{code}</AddtlTxInf>"))),
        format!("<AcctSvcrRef>{code}</AcctSvcrRef>"),
        format!("<AddtlNtryInf>MBVCB.{code}.CT</AddtlNtryInf>"),
        format!("{}<AddtlNtryInf>{code}</AddtlNtryInf>", block(&detail("", &to(&code)))),
    ] {
        assert_eq!(batch(&place).lines[0].references, std::slice::from_ref(&code), "{place}");
    }
    // Two fields never make one code.
    let split = format!("<Refs><EndToEndId>{head}</EndToEndId><TxId>{tail}</TxId></Refs>");
    assert!(batch(&block(&detail("", &split))).lines[0].references.is_empty());
    // Two different codes are both told.
    let both = format!("<RmtInf><Ustrd>{code} {}</Ustrd></RmtInf>", reference::make(5));
    assert_eq!(batch(&block(&detail("", &both))).lines[0].references, [code, reference::make(5)]);
}

#[test]
fn texts_are_joined_and_returns_are_marked() {
    let inside = "<RmtInf><Ustrd>one</Ustrd><Ustrd>two</Ustrd></RmtInf><AddtlTxInf>three</AddtlTxInf>";
    let read = batch(&format!("{}<AddtlNtryInf>three</AddtlNtryInf>", block(&detail("", inside))));
    assert_eq!(read.lines[0].memo, "one two three");
    let returned = batch(&block(&detail("", "<RtrInf><Rsn><Cd>AC01</Cd></Rsn></RtrInf>")));
    assert!(returned.lines[0].reversal);
    let marked = one(&file("8000", &entry("7000", "CRDT").replace("<Sts>", "<RvslInd>true</RvslInd><Sts>")));
    // The mark says what it is; the sign already says which way.
    assert_eq!((marked.lines[0].reversal, amounts(&marked)), (true, vec![7_000]));
}
