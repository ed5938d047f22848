#![allow(clippy::unwrap_used)]
use super::proposal::lines;
use ledger::{Chart, Line};
use primitives::{Minor, PartyNo};
use store::settle::{Owed, PayeeKind, Payout};

#[test]
fn a_payout_clears_what_it_pays_and_nets_cash() {
    use Chart::{CashInTransit, OperatorFare, OperatorSubsidy, PayoutInFlight, SchoolPayable};
    let check = |kind, [fare, subsidy, cash]: [i64; 3], expect: &[(Chart, i64)]| {
        let [fare, subsidy, cash_held] = [fare, subsidy, cash].map(Minor::new);
        let net = fare.plus(subsidy).unwrap().minus(cash_held).unwrap();
        let owed = Owed { party: PartyNo(7), kind, fare, subsidy, cash_held };
        let payout = Payout {
            owed,
            net,
            end_to_end: "FH20250113000007".into(),
            creditor_name: String::new(),
            creditor_account: String::new(),
            creditor_bic: String::new(),
        };
        let signed = |line: &Line| (line.chart, line.debit.units() - line.credit.units());
        let booked: Vec<(Chart, i64)> = lines(&payout).unwrap().iter().map(signed).collect();
        assert_eq!(booked, expect, "{owed:?}");
        assert_eq!(booked.iter().map(|(_, amount)| amount).sum::<i64>(), 0, "{owed:?}");
    };
    let operator = PayeeKind::Operator;
    // banking: fares 95 m, cash held 20 m.
    check(operator, [95, 0, 20], &[(OperatorFare, 95), (CashInTransit, -20), (PayoutInFlight, -75)]);
    check(operator, [60, 40, 0], &[(OperatorFare, 60), (OperatorSubsidy, 40), (PayoutInFlight, -100)]);
    // More cash than earnings: the earnings are netted, the rest of the cash stays with the operator.
    check(operator, [30, 10, 100], &[(OperatorFare, 30), (OperatorSubsidy, 10), (CashInTransit, -40)]);
    check(operator, [30, 10, 40], &[(OperatorFare, 30), (OperatorSubsidy, 10), (CashInTransit, -40)]);
    // Re-rating took back more fares than there were; the subsidy pays for it.
    check(operator, [-5, 20, 0], &[(OperatorFare, -5), (OperatorSubsidy, 20), (PayoutInFlight, -15)]);
    check(operator, [-5, 0, 0], &[]);
    check(operator, [0, 0, 50], &[]);
    check(PayeeKind::School, [1_200, 0, 0], &[(SchoolPayable, 1_200), (PayoutInFlight, -1_200)]);
}
