//! The what-if of a real tariff: the city as it is, and as it was proposed to be from 1 March 2026.

use super::{case_file, city};
use crate::check::check;
use crate::compare::{Options, Recorded, compare};
use primitives::Minor;

#[test]
fn the_citys_policies_have_neither_errors_nor_warnings() {
    for name in ["hcmc", "hcmc_2026_03", "hanoi"] {
        let found = check(&city(name));
        assert!(found.errors.is_empty() && found.warnings.is_empty(), "{name}: {found}");
    }
}

#[test]
fn the_proposal_costs_cash_payers_2000_and_others_1000_more() {
    let case = |id: &str, rider: &str, medium: &str, leg: &str| {
        format!(
            r#"{{"id":"{id}","rider":"{rider}","medium":"{medium}","legs":[{{"start":"2026-03-03T08:00:00+07:00",{leg}}}],"expect":{{"total":0}}}}"#
        )
    };
    let metro =
        r#""end":"2026-03-03T08:40:00+07:00","route":"M1","from":{"stop":"M1-01"},"to":{"stop":"M1-14"}"#;
    let lines = [
        case("cash", "adult", "cash", r#""route":"01""#),
        case("card", "adult", "card", r#""route":"38""#),
        case("wallet", "adult", "zalopay", r#""route":"10""#),
        case("student", "student", "card", r#""route":"10""#),
        case("metro", "adult", "cash", metro),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let recorded = Recorded::Cases(case_file(&lines));
    let report =
        compare(&city("hcmc"), &city("hcmc_2026_03"), &recorded, Options::default()).expect("compared");
    assert_eq!(report.policies, ["hcmc-2026", "hcmc-2026-03"]);
    assert_eq!((report.rides, report.total.changed, report.unknown), ([5, 5], 4, 0));
    assert_eq!((report.became_unknown, report.became_known), (0, 0));
    let rises: Vec<(&str, i64)> =
        report.rises.iter().map(|rise| (rise.account.as_str(), rise.rise.units())).collect();
    assert_eq!(rises, [("cash", 2_000), ("card", 1_000), ("wallet", 1_000)]);
    assert_eq!(report.accounts, [3, 0, 2]);
    assert_eq!(report.by_route["M1"].changed, 0);
    // The student pays 3,000 as before; what the long route costs more, the city pays.
    assert_eq!(report.by_funder["city_subsidy"].funded, [4_000, 5_000].map(Minor::new));
}
