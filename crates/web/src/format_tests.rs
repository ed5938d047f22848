use super::*;

#[test]
fn money_reads_as_the_language_writes_it() {
    let check = |lang, currency, units, expect: &str| {
        assert_eq!(money(lang, currency, Minor::new(units)).replace(NO_BREAK, " "), expect);
    };
    check(Lang::Vi, Currency::VND, 1_234_567, "1.234.567 ₫");
    check(Lang::Vi, Currency::VND, -1_234_567, "-1.234.567 ₫");
    check(Lang::En, Currency::VND, 1_234_567, "₫1,234,567");
    check(Lang::En, Currency::VND, -7_000, "-₫7,000");
    check(Lang::Vi, Currency::VND, 0, "0 ₫");
    check(Lang::Vi, Currency::VND, 999, "999 ₫");
    check(Lang::Vi, Currency::GBP, 123_456, "1.234,56 £");
    check(Lang::En, Currency::GBP, -5, "-£0.05");
    check(Lang::En, Currency::VND, i64::MIN, "-₫9,223,372,036,854,775,808");
}

#[test]
fn percentages_round_half_up_and_keep_one_decimal() {
    let check = |part, whole, expect: &str| assert_eq!(percent(Lang::Vi, part, whole), expect);
    check(1, 8, "12,5%");
    check(2, 3, "66,7%");
    check(5, 5, "100,0%");
    check(0, 5, "0,0%");
    check(1, 0, "–");
    check(i64::MAX, i64::MAX, "100,0%");
}

#[test]
fn dates_and_times_stand_in_the_city_zone() {
    let zone = chrono_tz::Asia::Ho_Chi_Minh;
    let at = DateTime::from_timestamp(1_795_193_999, 0).expect("a moment");
    assert_eq!(moment(Lang::Vi, at, zone), "20/11/2026 23:59");
    assert_eq!(exact_moment(Lang::En, at, zone), "20 Nov 2026 23:59:59");
    assert_eq!(rfc3339(at, zone), "2026-11-20T23:59:59.000+07:00");
    let day = NaiveDate::from_ymd_opt(2026, 11, 21).expect("a date");
    assert_eq!(long_date(Lang::Vi, day), "Thứ Bảy, 21/11/2026");
    assert_eq!(long_date(Lang::En, day), "Saturday, 21 Nov 2026");
}
