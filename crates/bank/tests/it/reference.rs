//! The reference code finds every single wrong symbol and every exchange of two.

use bank::reference::{LEN, PREFIX, find, make, number};
use proptest::prelude::*;

const ALPHABET: &str = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// Numbers that touch every symbol place: one symbol set at a time, each with each value, and some dense ones.
fn numbers() -> impl Iterator<Item = u64> {
    let sparse = (0..13).flat_map(|place| (0..32u64).filter_map(move |value| value.checked_shl(place * 5)));
    let dense = [u64::MAX, u64::MAX / 3, 0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210, i64::MAX as u64];
    sparse.chain(dense)
}

/// Every code that differs from this one in one symbol behind the prefix.
fn single_errors(code: &str) -> impl Iterator<Item = String> + '_ {
    (1..LEN).flat_map(move |place| {
        let others = ALPHABET.chars().filter(move |symbol| !code[place..].starts_with(*symbol));
        others.map(move |symbol| format!("{}{symbol}{}", &code[..place], &code[place + 1..]))
    })
}

/// Every code that differs from this one by two exchanged symbols behind the prefix, neighbours or not.
fn swaps(code: &str) -> impl Iterator<Item = String> + '_ {
    (1..LEN).flat_map(move |a| {
        (a + 1..LEN).filter(move |b| code.as_bytes()[a] != code.as_bytes()[*b]).map(move |b| {
            let mut symbols: Vec<char> = code.chars().collect();
            symbols.swap(a, b);
            symbols.into_iter().collect()
        })
    })
}

fn finds_every_error(code: &str) {
    for wrong in single_errors(code).chain(swaps(code)) {
        assert_eq!(number(&wrong), None, "{code} as {wrong}");
        assert!(find(&wrong).is_empty(), "{code} as {wrong}");
    }
}

#[test]
fn codes_are_of_one_length_and_of_the_alphabet() {
    for value in numbers() {
        let code = make(value);
        assert_eq!((code.len(), code.chars().next()), (LEN, Some(PREFIX)));
        assert!(LEN <= 15 && code.chars().all(|symbol| ALPHABET.contains(symbol)));
        assert_eq!(number(&code), Some(value));
    }
}

/// The check is linear: whether an error is found depends only on the error, not on the code it happened to. So one
/// code with each error at each place proves it for all, and the codes beside it check the reasoning.
#[test]
fn every_single_error_and_every_swap_is_found() {
    for value in numbers() {
        finds_every_error(&make(value));
    }
}

#[test]
fn codes_worked_out_elsewhere() {
    // By another program, multiplying polynomials over GF(2) modulo x⁵ + x² + 1.
    for (value, code) in [
        (0, "FAAAAAAAAAAAAAX"),
        (1, "FAAAAAAAAAAAABZ"),
        (5, "FAAAAAAAAAAAAF9"),
        (1_000_000_007, "FAAAAAAA73XUSH6"),
        (i64::MAX as u64, "FH999999999999V"),
        (u64::MAX, "FR999999999999J"),
    ] {
        assert_eq!(make(value), code);
    }
}

#[test]
fn a_code_is_found_through_what_banks_do_to_it() {
    let code = make(20_260_302_000_123);
    let (head, tail) = code.split_at(6);
    let lower = code.to_lowercase();
    let spaced: String = code.chars().flat_map(|symbol| [symbol, ' ']).collect();
    for memo in [
        code.clone(),
        lower.clone(),
        spaced,
        format!("MBVCB.48211234.{code}.CT tu 0071 toi 0072"),
        format!("MBVCB48211234{code}CT TU 0071"),
        format!("{head} {tail}"),
        format!("{head}\r\n{tail}"),
        format!("{head}\u{a0}\t{tail}"),
        format!("nạp thẻ {lower} cảm ơn"),
        format!("NGUYỄN THỊ FÉ {head}\n{tail} chuyển tiền"),
        format!("REF {code}"),
        format!("REF{code}FF"),
        // Accents that a phone put on, composed and not.
        code.replacen('A', "Á", 1),
        code.replacen('A', "A\u{301}", 1),
    ] {
        assert_eq!(find(&memo), std::slice::from_ref(&code), "{memo}");
    }
    for memo in [
        "",
        "F",
        "khong co ma",
        &code[1..],
        &code[..LEN - 1],
        &code.replace('F', "E"),
        &format!("{head}-{tail}"),
    ] {
        assert!(find(memo).is_empty(), "{memo}");
    }
}

#[test]
fn two_codes_are_both_told_and_the_same_twice_is_one() {
    let (a, b) = (make(7), make(8));
    assert_eq!(find(&format!("{a} {b}")), [a.clone(), b.clone()]);
    assert_eq!(find(&format!("{b}{a}")), [b, a.clone()]);
    assert_eq!(find(&format!("{a} {a}")), [a]);
}

#[test]
fn a_code_that_stands_alone_counts_more_than_one_inside_a_word() {
    let (alone, inside) = (make(7), make(8));
    assert_eq!(find(&format!("X{inside}Y {alone}")), std::slice::from_ref(&alone));
    assert_eq!(find(&format!("X{inside}Y")), [inside]);
    assert_eq!(find(&format!("({alone})")), [alone]);
}

proptest! {
    #[test]
    fn every_number_has_one_code_and_is_found_again(value: u64) {
        let code = make(value);
        prop_assert_eq!(number(&code), Some(value));
        prop_assert_eq!(find(&code), vec![code]);
    }

    #[test]
    fn any_code_finds_any_error(value: u64) {
        finds_every_error(&make(value));
    }

    #[test]
    fn any_memo_is_searched_without_panic_and_gives_only_valid_codes(memo in ".{0,200}", value: u64, at: prop::sample::Index) {
        for code in find(&memo) {
            prop_assert!(number(&code).is_some());
        }
        // A code between spaces is found in any memo, wherever it is put.
        let places: Vec<usize> = (0..=memo.len()).filter(|place| memo.is_char_boundary(*place)).collect();
        let (before, behind) = memo.split_at(places[at.index(places.len())]);
        let code = make(value);
        let found = find(&format!("{before} {code} {behind}"));
        prop_assert!(found.contains(&code));
    }
}
