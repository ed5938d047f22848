//! Files that are almost right: none of them may be proven.

use crate::file::*;
use bank::{Proof, read_camt053};
use primitives::{Code, Minor};
use proptest::prelude::*;

/// True when some statement of a file would post.
fn posts(bytes: &[u8]) -> bool {
    read_camt053(bytes).is_ok_and(|statements| statements.iter().any(|one| one.proof == Proof::Proven))
}

#[test]
fn a_file_cut_at_any_byte_is_refused() {
    for file in [DAY_02, DAY_08] {
        let whole = file.trim_end().len();
        for cut in 0..whole {
            let error = read_camt053(&file.as_bytes()[..cut]).unwrap_err();
            assert_eq!(error.code, Code::FileTruncated, "cut at {cut}: {error}");
            assert!(error.byte_offset <= cut as u64);
        }
        assert!(posts(&file.as_bytes()[..whole]), "only the line feed behind the root is missing");
    }
}

#[test]
fn one_digit_of_one_amount_changed_fails_the_proof() {
    for file in [DAY_02, DAY_08] {
        let file = file.replace("ns2:", "");
        // The available balance proves nothing, so it may say what it likes.
        let unused = file.find("CLAV").unwrap();
        let mut changed = 0;
        for tag in [
            "Amt Ccy=\"VND\">",
            "TtlAmt Ccy=\"VND\">",
            "Sum>",
            "TtlNetNtryAmt>",
            "<Amt>",
            "NbOfTxs>",
            "NbOfNtries>",
        ] {
            for (at, _) in file.match_indices(tag) {
                let start = at + tag.len();
                let end = start + file[start..].find(['<', '\n']).unwrap();
                if start == end || (unused..unused + 80).contains(&at) {
                    continue;
                }
                for place in start..end {
                    let digit = file.as_bytes()[place];
                    for other in (b'0'..=b'9').filter(|other| *other != digit) {
                        let mut mutant = file.clone().into_bytes();
                        mutant[place] = other;
                        assert!(!posts(&mutant), "{tag} at {place} as {}", char::from(other));
                        changed += 1;
                    }
                }
            }
        }
        assert!(changed > 1_000);
    }
}

/// The pieces of the fixture: what is before the entries, the entries, what is behind them.
fn pieces(file: &str) -> (String, Vec<String>, String) {
    let end = "</Ntry>";
    let first = file.find("<Ntry>").unwrap();
    let last = file.rfind(end).unwrap() + end.len();
    let entries = file[first..last].split_inclusive(end).map(str::to_owned).collect();
    (file[..first].to_owned(), entries, file[last..].to_owned())
}

#[test]
fn an_entry_dropped_doubled_or_turned_fails_the_proof_and_the_order_does_not_matter() {
    let (before, entries, behind) = pieces(DAY_02);
    let file = |entries: &[String]| format!("{before}{}{behind}", entries.concat());
    assert_eq!(proof(&one(&file(&entries))), "proven");
    let sorted = |entries: &[String]| {
        let mut amounts = amounts(&one(&file(entries)));
        amounts.sort_unstable();
        amounts
    };
    for index in 0..entries.len() {
        let mut dropped = entries.clone();
        let removed = dropped.remove(index);
        assert!(!posts(file(&dropped).as_bytes()), "entry {index} dropped");
        let mut doubled = entries.clone();
        doubled.push(removed.clone());
        assert!(!posts(file(&doubled).as_bytes()), "entry {index} doubled");
        let mut turned = entries.clone();
        let sign = if removed.contains("CRDT") { ("CRDT", "DBIT") } else { ("DBIT", "CRDT") };
        turned[index] = removed.replacen(sign.0, sign.1, 1);
        assert!(!posts(file(&turned).as_bytes()), "entry {index} turned");
        for other in 0..index {
            let mut swapped = entries.clone();
            swapped.swap(index, other);
            assert_eq!(proof(&one(&file(&swapped))), "proven", "the order of entries is the bank's affair");
            assert_eq!(sorted(&swapped), sorted(&entries));
        }
    }
}

#[test]
fn an_entry_moved_to_another_statement_fails_both_proofs() {
    let first = statement("S1", &format!("{}{}", balances("1000", "8000"), entry("7000", "CRDT")));
    let second = statement("S2", &format!("{}{}", balances("8000", "9000"), entry("1000", "CRDT")));
    let swapped = format!("{first}{second}")
        .replace(">7000<", ">x<")
        .replacen(
            ">1000</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>",
            ">7000</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>",
            1,
        )
        .replace(">x<", ">1000<");
    let proofs: Vec<String> = read(&document("02", &swapped)).iter().map(proof).collect();
    assert_eq!(proofs, ["failed by -6000", "failed by 6000"]);
}

/// What must hold of everything that is read, however damaged the file.
fn is_sound(bytes: &[u8]) -> Result<(), TestCaseError> {
    let statements = match read_camt053(bytes) {
        Ok(statements) => statements,
        Err(refusal) => {
            prop_assert!(refusal.byte_offset <= bytes.len() as u64);
            return Ok(());
        }
    };
    for statement in statements {
        prop_assert!(statement.lines.iter().zip(1..).all(|(line, ordinal)| line.ordinal == ordinal));
        let booked = statement.lines.iter().filter(|line| line.booked).map(|line| line.amount);
        if statement.proof == Proof::Proven {
            prop_assert_eq!(statement.opening.plus(Minor::sum(booked).unwrap()), Ok(statement.closing));
        }
    }
    Ok(())
}

/// Pieces that files are made of, in any order: deeper into the reader than random bytes come.
fn soup() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "<Stmt>",
        "</Stmt>",
        "<Id>S1</Id>",
        "<Ntry>",
        "</Ntry>",
        "<NtryDtls>",
        "</NtryDtls>",
        "<TxDtls>",
        "</TxDtls>",
        "<Amt Ccy=\"VND\">7000</Amt>",
        "<Amt Ccy=\"USD\">7.00</Amt>",
        "<Amt>9</Amt>",
        "<CdtDbtInd>CRDT</CdtDbtInd>",
        "<CdtDbtInd>DBIT</CdtDbtInd>",
        "<Sts>BOOK</Sts>",
        "<Sts><Cd>PDNG</Cd></Sts>",
        "<Bal>",
        "</Bal>",
        "<Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp>",
        "<Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp>",
        "<Acct><Id><Othr><Id>1</Id></Othr></Id><Ccy>VND</Ccy></Acct>",
        "<FrToDt><FrDtTm>2026-03-02</FrDtTm></FrToDt>",
        "<Dt><Dt>2026-03-02</Dt></Dt>",
        "<BookgDt><Dt>2026-03-02</Dt></BookgDt>",
        "<![CDATA[7]]>",
        "&#48;",
        "<!-- -->",
        "<Btch><NbOfTxs>2</NbOfTxs><TtlAmt Ccy=\"VND\">7000</TtlAmt></Btch>",
        "<RmtInf><Ustrd>F</Ustrd></RmtInf>",
        "<StmtPgntn><PgNb>1</PgNb><LastPgInd>true</LastPgInd></StmtPgntn>",
        "<X/>",
        "7",
        " ",
        "<TxsSummry><TtlNtries><Sum>7000</Sum></TtlNtries></TxsSummry>",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// A statement of random entries whose closing balance is right.
fn honest() -> impl Strategy<Value = (String, Vec<i64>)> {
    let entry = (1i64..1_000_000_000_000, any::<bool>());
    (-1_000_000_000i64..1_000_000_000, prop::collection::vec(entry, 0..20)).prop_map(|(opening, entries)| {
        let signed: Vec<i64> =
            entries.iter().map(|(amount, credit)| if *credit { *amount } else { -amount }).collect();
        let balance = |code: &str, units: i64| {
            let sign = if units < 0 { "DBIT" } else { "CRDT" };
            balance(code, &units.abs().to_string()).replace("CRDT", sign)
        };
        let entries: String = signed
            .iter()
            .map(|units| entry_text(&units.abs().to_string(), if *units < 0 { "DBIT" } else { "CRDT" }))
            .collect();
        let closing = opening + signed.iter().sum::<i64>();
        let body = format!("{}{}{entries}", balance("OPBD", opening), balance("CLBD", closing));
        (document("06", &statement("S1", &body)), signed)
    })
}

fn entry_text(amount: &str, sign: &str) -> String {
    entry(amount, sign)
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        is_sound(&bytes)?;
    }

    #[test]
    fn arbitrary_damage_never_panics_and_never_proves_what_does_not_add_up(
        version in prop::sample::select(vec![DAY_02, DAY_08]),
        hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..3), 1..6),
    ) {
        let mut bytes = version.as_bytes().to_vec();
        for (place, byte, how) in hits {
            let place = place.index(bytes.len());
            match how {
                0 => bytes[place] = byte,
                1 => bytes.insert(place, byte),
                _ => { bytes.remove(place); }
            }
        }
        is_sound(&bytes)?;
    }

    #[test]
    fn pieces_in_any_order_never_panic(inside in soup()) {
        is_sound(inside.as_bytes())?;
        is_sound(document("08", &inside).as_bytes())?;
        is_sound(file("8000", &inside).as_bytes())?;
        is_sound(file("8000", &entry_with("7000", "CRDT", &inside)).as_bytes())?;
    }

    #[test]
    fn an_honest_statement_is_proven_with_exactly_its_lines((file, signed) in honest()) {
        let read = one(&file);
        prop_assert_eq!(&read.proof, &Proof::Proven);
        prop_assert_eq!(amounts(&read), signed);
    }
}
