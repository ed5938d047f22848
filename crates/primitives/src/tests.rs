#![allow(clippy::unwrap_used)]
use super::*;

#[test]
fn splits_add_up_and_ties_go_to_the_earlier_weight() {
    let split = |total: i64, weights: &[u64]| -> Vec<i64> {
        Minor::new(total).split(weights).unwrap().into_iter().map(Minor::units).collect()
    };
    // A transfer discount of 5,000 over fares of 7,000 and 10,000: banking.md event 4.
    assert_eq!(split(5_000, &[7_000, 10_000]), [2_059, 2_941]);
    assert_eq!(split(10_000, &[5_000, 5_000, 5_000]), [3_334, 3_333, 3_333]);
    assert_eq!(split(275, &[250, 275]), [131, 144]);
    assert_eq!(split(i64::MAX, &[1, 1]).iter().copied().sum::<i64>(), i64::MAX);
    assert_eq!(Minor::new(1).split(&[0, 0]), Err(MoneyError::NoWeight));
}

#[test]
fn amounts_have_exactly_the_currencys_decimals() {
    let vnd = |text| Currency::VND.parse_amount(text).map(Minor::units);
    assert_eq!(vnd("7000"), Ok(7_000));
    assert_eq!(vnd("7000.00"), Ok(7_000));
    for bad in ["7000.50", "", "-", ".5", "7000.", "1e3", "+5", "7,000", " 7"] {
        assert_eq!(vnd(bad), Err(MoneyError::Malformed), "{bad:?}");
    }
    assert_eq!(vnd("9223372036854775808"), Err(MoneyError::Overflow));
    assert_eq!(Currency::GBP.parse_amount("2.8").map(Minor::units), Ok(280));
    assert_eq!(Currency::GBP.format_amount(Minor::new(-5)), "-0.05");
    assert_eq!(Currency::VND.format_amount(Minor::new(1_200)), "1200");
}

#[test]
fn the_service_day_turns_at_the_cut_not_at_midnight() {
    let rule = DayRule { zone: chrono_tz::Asia::Ho_Chi_Minh, day_start_seconds: 4 * 3600 };
    let day = ServiceDate::parse("2026-03-01").unwrap();
    let check = |seconds, expect: &str| {
        assert_eq!(rule.service_date(rule.at(day, seconds).unwrap()).to_string(), expect);
    };
    check(3 * 3600 + 3_599, "2026-02-28");
    check(4 * 3600, "2026-03-01");
    check(25 * 3600, "2026-03-01");
}

#[test]
fn texts_and_tokens_have_one_form() {
    assert!(Text::new(&"x".repeat(ids::TEXT_LEN_MAX)).is_some());
    for bad in ["", " a", "a\0b", &"x".repeat(ids::TEXT_LEN_MAX + 1)] {
        assert!(Text::new(bad).is_none(), "{bad:?}");
    }
    let token = MediumToken::parse("000102030405060708090a0b0c0d0e0f").unwrap();
    assert_eq!(token.to_string(), "000102030405060708090a0b0c0d0e0f");
    assert_eq!(MediumToken::parse("00"), None);
    assert_eq!(DeviceId::new(u64::MAX), None);
}

#[test]
fn codes_are_unique_and_read_back() {
    for code in Code::ALL {
        assert_eq!(Code::parse(code.as_str()), Some(*code));
    }
    let mut texts: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), Code::ALL.len());
}

#[test]
fn secrets_print_a_mask() {
    assert_eq!(format!("{:?}", Sensitive::new("Nguyễn Văn A")), "•••");
}

#[test]
fn a_remembered_day_has_the_bounds_of_the_day_rule() {
    // Where clocks are put forward and back, also around the hour at which a service day begins, and where they never are.
    for zone in [chrono_tz::Asia::Ho_Chi_Minh, chrono_tz::Europe::London, chrono_tz::America::New_York] {
        for day_start_seconds in [0, 9_000, 14_400] {
            let rule = DayRule { zone, day_start_seconds };
            let days = Days::default();
            // Every twenty minutes less a millisecond of 2026, so that every bound is passed closely.
            for step in 0..26_280 {
                let at = EventTime::from_unix_ms(1_767_225_600_000 + step * 1_199_999).expect("a time");
                assert_eq!(days.service_date(rule, at), rule.service_date(at), "{rule:?} {at:?}");
            }
        }
    }
}
