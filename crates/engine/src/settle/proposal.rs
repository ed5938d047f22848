//! A proposal: what a run would pay, to whom, and what it would claim; a pure function of the ledger and the registry.

use crate::EngineError;
use crate::office::{books, derived_id, towards_credit, towards_debit};
use chrono::{DateTime, NaiveDate, Utc};
use ledger::{Chart, Line};
use primitives::{Canonical, Code, Digest, Minor, MoneyError, PartyNo, PostingDate, Refusal};
use std::collections::BTreeMap;
use store::PgConnection;
use store::bank::ItemKind;
use store::registry::{BankAccount, Payee};
use store::settle::{self as stored, Owed, PayeeKind, Payout};
use uuid::Uuid;

/// What a funder or an acquirer is asked to pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claim {
    /// Subsidy or acquirer.
    pub kind: ItemKind,
    /// Who is to pay.
    pub party: PartyNo,
    /// How much.
    pub amount: Minor,
    /// The reference code the payment is to carry.
    pub reference: String,
}

/// A run as it would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Proposal {
    /// The accounting day it settles.
    pub date: PostingDate,
    /// The account it is paid from.
    pub debtor: BankAccount,
    /// Every party that is owed or owes, by number.
    pub payouts: Vec<Payout>,
    /// What funders and acquirers are asked for, by kind and number.
    pub claims: Vec<Claim>,
}

impl Proposal {
    /// The proposal the books and the registry give now, or what is missing for it.
    pub async fn of(
        conn: &mut PgConnection,
        date: PostingDate,
    ) -> Result<Result<Self, Refusal>, EngineError> {
        let accounts = store::registry::bank_accounts(&mut *conn).await?;
        let Some(debtor) = accounts.into_iter().next() else {
            return Ok(Err(Refusal::new(Code::NotFound, "no bank account of ours is registered")));
        };
        let payees = store::registry::payees(&mut *conn).await?;
        let mut payouts = Vec::new();
        for owed in stored::owed(&mut *conn, date).await? {
            match payout(date, owed, &payees).map_err(|error| books("netting", error))? {
                Ok(payout) => payouts.push(payout),
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
        let claims = stored::unclaimed(conn, date)
            .await?
            .into_iter()
            .map(|(chart, party, amount)| {
                let kind =
                    if chart == Chart::SubsidyReceivable { ItemKind::Subsidy } else { ItemKind::Acquirer };
                Claim { kind, party, amount, reference: reference(kind, date, party) }
            })
            .collect();
        Ok(Ok(Proposal { date, debtor, payouts, claims }))
    }

    /// The parties that are paid.
    pub fn paid(&self) -> impl Iterator<Item = &Payout> {
        self.payouts.iter().filter(|payout| payout.net.is_positive())
    }

    /// The run's id: one a day.
    pub fn run_id(&self) -> Uuid {
        let mut cause = Canonical::tagged("payout-run");
        cause.i64(self.date.day_number());
        derived_id(&cause)
    }

    /// The message id of its payment file.
    pub fn message_id(&self) -> String {
        message_id(self.date)
    }

    /// The digest over everything that would be paid, booked and claimed, and from and to which accounts.
    pub fn digest(&self) -> Digest {
        let mut bytes = Canonical::tagged("payout-run/1");
        bytes.i64(self.date.day_number()).text(&self.message_id());
        bytes.text(&self.debtor.account).text(&self.debtor.name).text(&self.debtor.bic);
        bytes.text(self.debtor.currency.letters()).u64(self.payouts.len() as u64);
        for payout in &self.payouts {
            let owed = &payout.owed;
            bytes.u64(u64::from(owed.party.0)).text(owed.kind.word());
            bytes.i64(owed.fare.units()).i64(owed.subsidy.units()).i64(owed.cash_held.units());
            bytes.i64(payout.net.units()).text(&payout.end_to_end);
            bytes.text(&payout.creditor_name).text(&payout.creditor_account).text(&payout.creditor_bic);
        }
        bytes.u64(self.claims.len() as u64);
        for claim in &self.claims {
            bytes.text(claim.kind.word()).u64(u64::from(claim.party.0)).i64(claim.amount.units());
            bytes.text(&claim.reference);
        }
        bytes.digest()
    }

    /// The payment file, as approved at a moment and to be paid on a day.
    pub fn file(&self, created_at: DateTime<Utc>, execution_date: NaiveDate) -> bank::PayoutFile {
        let debtor = bank::Party {
            name: self.debtor.name.clone(),
            account: self.debtor.account.clone(),
            bic: self.debtor.bic.clone(),
        };
        let payments = self.paid().map(|payout| bank::Payment {
            end_to_end: payout.end_to_end.clone(),
            creditor: bank::Party {
                name: payout.creditor_name.clone(),
                account: payout.creditor_account.clone(),
                bic: payout.creditor_bic.clone(),
            },
            amount: payout.net,
            remittance: format!("Settlement {} {}", self.date, payout.end_to_end),
        });
        bank::PayoutFile {
            message_id: self.message_id(),
            created_at,
            execution_date,
            currency: self.debtor.currency,
            debtor,
            payments: payments.collect(),
        }
    }
}

fn message_id(date: PostingDate) -> String {
    format!("FH{}", date.0.format("%Y%m%d"))
}

/// A party's part. Its end-to-end id is the day and the party, so it is unique for ever and the same on every machine.
fn payout(
    date: PostingDate,
    owed: Owed,
    payees: &BTreeMap<PartyNo, Payee>,
) -> Result<Result<Payout, Refusal>, MoneyError> {
    let net = owed.fare.plus(owed.subsidy)?.minus(owed.cash_held)?;
    let mut payout = Payout {
        owed,
        net,
        end_to_end: format!("{}{:06}", message_id(date), owed.party.0),
        creditor_name: String::new(),
        creditor_account: String::new(),
        creditor_bic: String::new(),
    };
    if net.is_positive() {
        let Some(payee) = payees.get(&owed.party) else {
            let detail = format!("party {} has no payout account", owed.party);
            return Ok(Err(Refusal::new(Code::NotFound, detail)));
        };
        payout.creditor_name.clone_from(&payee.name);
        payout.creditor_account.clone_from(&payee.account);
        payout.creditor_bic.clone_from(&payee.bic);
    }
    Ok(Ok(payout))
}

/// A claim's reference code: a number of its own for each kind, day and party, far from those that top-ups count up.
fn reference(kind: ItemKind, date: PostingDate, party: PartyNo) -> String {
    let mut cause = Canonical::tagged("claim");
    cause.text(kind.word()).i64(date.day_number()).u64(u64::from(party.0));
    let [a, b, c, d, e, f, g, h, ..] = cause.digest().0;
    bank::reference::make(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
}

/// What a payout books. A party that is paid is cleared whole. One that owes more cash than it earned is paid nothing: its
/// earnings are set against the cash, and the rest of the cash stays owed (event 11d). One that earned nothing, or less
/// than nothing after re-rating, keeps its balances for the next run.
pub(super) fn lines(payout: &Payout) -> Result<Vec<Line>, MoneyError> {
    let Owed { party, kind, fare, subsidy, cash_held } = payout.owed;
    let payable = fare.plus(subsidy)?;
    let (paid, netted) = if payout.net.is_positive() {
        (payout.net, cash_held)
    } else if payable.is_positive() {
        (Minor::ZERO, payable)
    } else {
        return Ok(Vec::new());
    };
    let owner = Line::party(party);
    let earned = match kind {
        PayeeKind::Operator => Chart::OperatorFare,
        PayeeKind::School => Chart::SchoolPayable,
    };
    let lines = [
        towards_debit(earned, owner, fare)?,
        towards_debit(Chart::OperatorSubsidy, owner, subsidy)?,
        towards_credit(Chart::CashInTransit, owner, netted)?,
        towards_credit(Chart::PayoutInFlight, owner, paid)?,
    ];
    Ok(lines.into_iter().flatten().collect())
}
