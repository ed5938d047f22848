//! The registry: which policies are in force, and who and what the taps refer to.

use crate::EngineError;
use fares::{Files, Policies, Policy};
use primitives::PartyNo;
use std::collections::BTreeMap;
use store::registry as stored;
use store::{Connection as _, Doing as _, PgConnection};

pub use store::registry::{
    BankAccount, Device, DeviceState, Entitlement, Medium, Party, Payee, Resolved, devices, parties, payees,
    resolve, riders,
};

/// Everything that is enrolled at once, in one transaction.
#[derive(Debug, Clone, Default)]
pub struct Enrolment {
    /// Machines that read media.
    pub devices: Vec<Device>,
    /// Media and the accounts they open.
    pub media: Vec<Medium>,
    /// Rider categories of accounts.
    pub entitlements: Vec<Entitlement>,
    /// Where parties want to be paid.
    pub payees: Vec<Payee>,
    /// Our own bank accounts with their approved opening balances.
    pub bank_accounts: Vec<BankAccount>,
}

/// Loads a policy and keeps it: its files, its parties, and the words of the chart. The same files again change nothing;
/// an id that is taken by other files, and a party number that is taken by another party, are faults.
pub async fn load_policy(conn: &mut PgConnection, files: &Files) -> Result<Policy, EngineError> {
    let policy = fares::load(files).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        EngineError::Policy(lines.join("; "))
    })?;
    let labels = ledger::chart::labels(ledger::chart::LABELS)
        .ok_or_else(|| EngineError::Policy("the chart's words do not fit the chart".into()))?;
    let parties: Vec<Party> = policy
        .parties()
        .iter()
        .map(|party| Party {
            no: party.no,
            id: party.id.to_string(),
            name: party.name.clone(),
            kind: party.kind.word().into(),
        })
        .collect();
    let mut unit = conn.begin().await.doing("beginning to load a policy")?;
    let known: BTreeMap<PartyNo, String> =
        stored::parties(&mut unit).await?.into_iter().map(|party| (party.no, party.id)).collect();
    if let Some(party) = parties.iter().find(|party| known.get(&party.no).is_some_and(|id| *id != party.id)) {
        return Err(EngineError::Policy(format!(
            "party number {} is taken, {} cannot have it",
            party.no, party.id
        )));
    }
    stored::put_chart(&mut unit, &labels).await?;
    stored::put_parties(&mut unit, &parties).await?;
    let kept = stored::StoredPolicy { id: policy.id().into(), digest: policy.digest(), files: texts(files)? };
    if stored::put_policy(&mut unit, &kept).await? != policy.digest() {
        return Err(EngineError::Policy(format!("{} is loaded already, with other files", policy.id())));
    }
    unit.commit().await.doing("loading a policy")?;
    Ok(policy)
}

/// The files a policy is read from, as text. Other files beside them are none of ours.
fn texts(files: &Files) -> Result<BTreeMap<String, String>, EngineError> {
    files
        .iter()
        .filter(|(name, _)| name.ends_with(".txt"))
        .map(|(name, bytes)| match std::str::from_utf8(bytes) {
            Ok(text) => Ok((name.clone(), text.to_owned())),
            Err(_) => Err(EngineError::Policy(format!("{name} is not UTF-8"))),
        })
        .collect()
}

/// The policies that were loaded, ready to price with.
pub async fn policies(conn: &mut PgConnection) -> Result<Policies, EngineError> {
    let mut loaded = Vec::new();
    for kept in stored::policies(conn).await? {
        loaded.push(revive(kept).map_err(EngineError::Policy)?);
    }
    Policies::new(loaded).map_err(|error| EngineError::Policy(error.to_string()))
}

/// The policy of stored files, or why they are none any more.
pub(crate) fn revive(kept: stored::StoredPolicy) -> Result<Policy, String> {
    let files: Files = kept.files.into_iter().map(|(name, text)| (name, text.into_bytes())).collect();
    let policy = fares::load(&files).map_err(|errors| {
        let first = errors.first().map(ToString::to_string).unwrap_or_default();
        format!("{} does not load any more: {first}", kept.id)
    })?;
    if policy.digest() == kept.digest {
        Ok(policy)
    } else {
        Err(format!("the files of {} were changed", kept.id))
    }
}

/// Enrols devices, media, entitlements and accounts: all of it or nothing.
pub async fn enrol(conn: &mut PgConnection, enrolment: &Enrolment) -> Result<(), EngineError> {
    let mut unit = conn.begin().await.doing("beginning to enrol")?;
    stored::enrol_devices(&mut unit, &enrolment.devices).await?;
    stored::enrol_media(&mut unit, &enrolment.media).await?;
    stored::enrol_entitlements(&mut unit, &enrolment.entitlements).await?;
    stored::put_payees(&mut unit, &enrolment.payees).await?;
    for account in &enrolment.bank_accounts {
        stored::put_bank_account(&mut unit, account).await?;
    }
    Ok(unit.commit().await.doing("enrolling")?)
}
