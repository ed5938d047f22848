use super::*;

#[test]
fn a_code_holds_its_number() {
    let check = |value: u64, expect: &str| {
        assert_eq!(make(value), expect);
        assert_eq!(number(expect), Some(value));
    };
    check(0, "FAAAAAAAAAAAAAX");
    for value in [1, 31, 32, u64::from(u32::MAX), 1 << 60, u64::MAX] {
        assert_eq!(make(value).len(), LEN);
        assert_eq!(number(&make(value)), Some(value));
    }
}
