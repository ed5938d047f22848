use super::*;

fn fitted(text: &str, length: usize) -> (String, bool, bool) {
    let fitted = fit(text, length);
    (fitted.text, fitted.replaced, fitted.cut)
}

#[test]
fn every_vietnamese_letter_has_its_base() {
    // The alphabet in the order of its vowels and tones, composed.
    let composed = "aàáảãạăằắẳẵặâầấẩẫậeèéẻẽẹêềếểễệiìíỉĩịoòóỏõọôồốổỗộơờớởỡợuùúủũụưừứửữựyỳýỷỹỵđ";
    let bases =
        ["a".repeat(18), "e".repeat(12), "i".repeat(6), "o".repeat(18), "u".repeat(12), "y".repeat(6)];
    let expect = format!("{}d", bases.concat());
    let of = |text: &str| text.chars().filter_map(base).collect::<String>();
    assert_eq!(of(composed), expect);
    assert_eq!(of(&composed.to_uppercase()), expect.to_uppercase());
}

#[test]
fn marks_that_stand_alone_fall() {
    // Nguyễn in decomposed form.
    assert_eq!(fitted("Nguye\u{302}\u{303}n", 70), ("Nguyen".to_owned(), false, false));
}

#[test]
fn texts_are_fitted_to_the_carried_characters() {
    let check = |text: &str, expect: &str, replaced: bool| {
        assert_eq!(fitted(text, 70), (expect.to_owned(), replaced, false), "{text}");
    };
    check("Công ty Đường sắt đô thị", "Cong ty Duong sat do thi", false);
    check("  A \t\n B  ", "A B", false);
    check("A&B_C", "A+B-C", true);
    check("giá: 7.000đ (x2), ok? 'a'+b/c-d", "gia: 7.000d (x2), ok? 'a'+b/c-d", false);
    check("<x>\"y\" €", ".x..y. .", true);
    check("//RETN/ x", "RETN/ x", true);
    check("", "", false);
    check("日本", "..", true);
}

#[test]
fn texts_are_cut_at_their_length_and_never_end_in_space() {
    assert_eq!(fitted("abcd", 4), ("abcd".to_owned(), false, false));
    assert_eq!(fitted("abcde", 4), ("abcd".to_owned(), false, true));
    assert_eq!(fitted("abc de", 4), ("abc".to_owned(), false, true));
    assert_eq!(fitted("abcd ", 4), ("abcd".to_owned(), false, false));
}
