//! The registry: parties, policies, devices, media, entitlements, payout accounts, our own bank accounts.
//!
//! Everything here is read in batches: a list of keys goes in, the rows that exist come out.

use crate::error::{Doing as _, StoreError};
use crate::rows;
use chrono::{DateTime, Utc};
use primitives::{
    AccountId, Currency, DeviceId, Digest, EventTime, MediumToken, Minor, PartyNo, Tender, Text,
};
use sqlx::PgConnection;
use std::collections::BTreeMap;

/// Most rows one enrolment statement carries.
pub const ENROL_ROWS_MAX: usize = 20_000;

/// A party of the scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// Its number, as the policy declares it.
    pub no: PartyNo,
    /// Its id, as taps and policies name it.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// What it is: `operator`, `city`, `bank`, `wallet`, `sponsor`, `school`, `channel` or `acquirer`.
    pub kind: String,
}

/// A policy as it was loaded: its files, and their digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPolicy {
    /// The policy's id.
    pub id: String,
    /// Digest over the names and contents of the files.
    pub digest: Digest,
    /// File name → text.
    pub files: BTreeMap<String, String>,
}

/// Whether a device's taps are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeviceState {
    /// In service.
    Active,
    /// Out of service; taps it made before are still taken.
    Retired,
    /// Not trusted any more.
    Revoked,
}

impl DeviceState {
    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            DeviceState::Active => "active",
            DeviceState::Retired => "retired",
            DeviceState::Revoked => "revoked",
        }
    }

    fn parse(word: &str) -> Result<Self, StoreError> {
        [DeviceState::Active, DeviceState::Retired, DeviceState::Revoked]
            .into_iter()
            .find(|state| state.word() == word)
            .ok_or_else(|| rows::corrupt("registry.device.state", word))
    }
}

/// A machine that reads media.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Its id.
    pub id: DeviceId,
    /// The operator it is registered to.
    pub operator: PartyNo,
    /// The version of the key it signs with.
    pub key_version: u32,
    /// Whether its taps are taken.
    pub state: DeviceState,
    /// A name for people.
    pub label: String,
}

/// A medium and the account it opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Medium {
    /// What readers see.
    pub token: MediumToken,
    /// The account it belongs to.
    pub account: AccountId,
    /// The fare medium, as the policy names it.
    pub fare_medium: Text,
    /// Who carries the rider's share.
    pub tender: Tender,
}

/// What a token stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The account it belongs to.
    pub account: AccountId,
    /// The fare medium, as the policy names it.
    pub fare_medium: Text,
    /// Who carries the rider's share.
    pub tender: Tender,
}

/// A rider category that an account has for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entitlement {
    /// Whose.
    pub account: AccountId,
    /// The category, as the policy names it.
    pub category: Text,
    /// From this moment.
    pub from: EventTime,
    /// Until before this moment.
    pub until: EventTime,
}

/// Where a party wants to be paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payee {
    /// The party.
    pub party: PartyNo,
    /// Account holder.
    pub name: String,
    /// Account number.
    pub account: String,
    /// The bank's code.
    pub bic: String,
}

/// One of the trust ring's own bank accounts, with the opening balance that was approved for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankAccount {
    /// Account number, as statements name it.
    pub account: String,
    /// Account holder.
    pub name: String,
    /// The bank's code.
    pub bic: String,
    /// Its currency.
    pub currency: Currency,
    /// The balance it was taken over with.
    pub opening: Minor,
    /// Who approved that balance.
    pub approved_by: String,
}

/// The stored word of a tender.
pub const fn tender_word(tender: Tender) -> &'static str {
    match tender {
        Tender::Prepaid => "prepaid",
        Tender::OpenLoop => "open_loop",
    }
}

/// The tender of a stored word.
pub fn parse_tender(word: &str) -> Result<Tender, StoreError> {
    match word {
        "prepaid" => Ok(Tender::Prepaid),
        "open_loop" => Ok(Tender::OpenLoop),
        other => Err(rows::corrupt("tender", other)),
    }
}

/// Writes the parties; a known number keeps its id and takes the new name and kind.
pub async fn put_parties(conn: &mut PgConnection, parties: &[Party]) -> Result<(), StoreError> {
    let numbers = rows::party_numbers(parties.iter().map(|party| party.no))?;
    let ids: Vec<&str> = parties.iter().map(|party| party.id.as_str()).collect();
    let names: Vec<&str> = parties.iter().map(|party| party.name.as_str()).collect();
    let kinds: Vec<&str> = parties.iter().map(|party| party.kind.as_str()).collect();
    sqlx::query(
        "INSERT INTO registry.party (party_no, party_id, name, kind)
         SELECT * FROM unnest($1::int[], $2::text[], $3::text[], $4::text[])
         ON CONFLICT (party_no) DO UPDATE SET name = excluded.name, kind = excluded.kind",
    )
    .bind(numbers)
    .bind(ids)
    .bind(names)
    .bind(kinds)
    .execute(conn)
    .await
    .doing("writing parties")?;
    Ok(())
}

/// All parties, by number.
pub async fn parties(conn: &mut PgConnection) -> Result<Vec<Party>, StoreError> {
    let found: Vec<(i32, String, String, String)> =
        sqlx::query_as("SELECT party_no, party_id, name, kind FROM registry.party ORDER BY party_no")
            .fetch_all(conn)
            .await
            .doing("reading parties")?;
    found.into_iter().map(|(no, id, name, kind)| Ok(Party { no: rows::party(no)?, id, name, kind })).collect()
}

/// Stores a policy under its id, unless the id is taken; answers the digest that now stands there.
pub async fn put_policy(conn: &mut PgConnection, policy: &StoredPolicy) -> Result<Digest, StoreError> {
    let names: Vec<&str> = policy.files.keys().map(String::as_str).collect();
    let texts: Vec<&str> = policy.files.values().map(String::as_str).collect();
    sqlx::query(
        "INSERT INTO registry.policy (policy_id, digest, files)
         VALUES ($1, $2, jsonb_object($3::text[], $4::text[]))
         ON CONFLICT (policy_id) DO NOTHING",
    )
    .bind(&policy.id)
    .bind(policy.digest.0.as_slice())
    .bind(names)
    .bind(texts)
    .execute(&mut *conn)
    .await
    .doing("writing a policy")?;
    let (digest,): (Vec<u8>,) = sqlx::query_as("SELECT digest FROM registry.policy WHERE policy_id = $1")
        .bind(&policy.id)
        .fetch_one(conn)
        .await
        .doing("writing a policy")?;
    rows::digest(digest)
}

/// All policies, by id.
pub async fn policies(conn: &mut PgConnection) -> Result<Vec<StoredPolicy>, StoreError> {
    let found: Vec<(String, Vec<u8>, String, String)> = sqlx::query_as(
        "SELECT policy_id, digest, file.key, file.value
         FROM registry.policy, LATERAL jsonb_each_text(files) AS file
         ORDER BY policy_id, file.key",
    )
    .fetch_all(conn)
    .await
    .doing("reading policies")?;
    let mut policies: Vec<StoredPolicy> = Vec::new();
    for (id, digest, name, text) in found {
        if policies.last().is_none_or(|last| last.id != id) {
            policies.push(StoredPolicy { id, digest: rows::digest(digest)?, files: BTreeMap::new() });
        }
        if let Some(last) = policies.last_mut() {
            last.files.insert(name, text);
        }
    }
    Ok(policies)
}

/// Writes the chart of accounts with its words, so that queries and reports can name what they count.
pub async fn put_chart(conn: &mut PgConnection, labels: &[ledger::Label]) -> Result<(), StoreError> {
    use ledger::{Owner, Ring, Side};
    let ring = |ring| match ring {
        Ring::Trust => "trust",
        Ring::Own => "own",
    };
    let side = |side| match side {
        Side::Asset => "asset",
        Side::Liability => "liability",
        Side::Income => "income",
        Side::Expense => "expense",
    };
    let owner = |owner| match owner {
        Owner::None => "none",
        Owner::Account => "account",
        Owner::Party => "party",
    };
    let numbers: Vec<i16> = labels.iter().map(|label| label.chart.number()).collect();
    let codes: Vec<&str> = labels.iter().map(|label| label.chart.code()).collect();
    let rings: Vec<&str> = labels.iter().map(|label| ring(label.chart.ring())).collect();
    let sides: Vec<&str> = labels.iter().map(|label| side(label.chart.side())).collect();
    let owners: Vec<&str> = labels.iter().map(|label| owner(label.chart.owner_kind())).collect();
    let statutory: Vec<&str> = labels.iter().map(|label| label.vas_code.as_str()).collect();
    let english: Vec<&str> = labels.iter().map(|label| label.name_en.as_str()).collect();
    let vietnamese: Vec<&str> = labels.iter().map(|label| label.name_vi.as_str()).collect();
    sqlx::query(
        "INSERT INTO ledger.chart (chart, code, ring, side, owner, vas_code, name_en, name_vi)
         SELECT * FROM unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                              $7::text[], $8::text[])
         ON CONFLICT (chart) DO UPDATE
         SET vas_code = excluded.vas_code, name_en = excluded.name_en, name_vi = excluded.name_vi",
    )
    .bind(numbers)
    .bind(codes)
    .bind(rings)
    .bind(sides)
    .bind(owners)
    .bind(statutory)
    .bind(english)
    .bind(vietnamese)
    .execute(conn)
    .await
    .doing("writing the chart of accounts")?;
    Ok(())
}

/// Registers devices; a known device takes the new registration.
pub async fn enrol_devices(conn: &mut PgConnection, devices: &[Device]) -> Result<(), StoreError> {
    for chunk in devices.chunks(ENROL_ROWS_MAX) {
        let ids: Vec<i64> = chunk.iter().map(|device| device.id.as_i64()).collect();
        let operators = rows::party_numbers(chunk.iter().map(|device| device.operator))?;
        let versions: Vec<i32> =
            chunk.iter().map(|device| rows::int(device.key_version)).collect::<Result<_, _>>()?;
        let states: Vec<&str> = chunk.iter().map(|device| device.state.word()).collect();
        let labels: Vec<&str> = chunk.iter().map(|device| device.label.as_str()).collect();
        sqlx::query(
            "INSERT INTO registry.device (device_id, operator_no, key_version, state, label)
             SELECT * FROM unnest($1::bigint[], $2::int[], $3::int[], $4::text[], $5::text[])
             ON CONFLICT (device_id) DO UPDATE
             SET operator_no = excluded.operator_no, key_version = excluded.key_version,
                 state = excluded.state, label = excluded.label",
        )
        .bind(ids)
        .bind(operators)
        .bind(versions)
        .bind(states)
        .bind(labels)
        .execute(&mut *conn)
        .await
        .doing("enrolling devices")?;
    }
    Ok(())
}

/// All devices, by id.
pub async fn devices(conn: &mut PgConnection) -> Result<Vec<Device>, StoreError> {
    let found: Vec<(i64, i32, i32, String, String)> = sqlx::query_as(
        "SELECT device_id, operator_no, key_version, state, label FROM registry.device ORDER BY device_id",
    )
    .fetch_all(conn)
    .await
    .doing("reading devices")?;
    found
        .into_iter()
        .map(|(id, operator, key_version, state, label)| {
            Ok(Device {
                id: DeviceId::from_i64(id).ok_or_else(|| rows::corrupt("device_id", id))?,
                operator: rows::party(operator)?,
                key_version: rows::unsigned(key_version)?,
                state: DeviceState::parse(&state)?,
                label,
            })
        })
        .collect()
}

/// Registers media; a known token takes the new account, and the deny list tells of it.
pub async fn enrol_media(conn: &mut PgConnection, media: &[Medium]) -> Result<(), StoreError> {
    for chunk in media.chunks(ENROL_ROWS_MAX) {
        let moved: Vec<_> = chunk.iter().map(|medium| (medium.token, medium.account)).collect();
        crate::denial::media_moved(conn, &moved).await?;
        let tokens: Vec<&[u8]> = chunk.iter().map(|medium| medium.token.bytes().as_slice()).collect();
        let accounts: Vec<i64> = chunk.iter().map(|medium| medium.account.as_i64()).collect();
        let fare_media: Vec<&str> = chunk.iter().map(|medium| medium.fare_medium.as_str()).collect();
        let tenders: Vec<&str> = chunk.iter().map(|medium| tender_word(medium.tender)).collect();
        sqlx::query(
            "INSERT INTO registry.medium (token, account_id, fare_medium, tender)
             SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::text[], $4::text[])
             ON CONFLICT (token) DO UPDATE
             SET account_id = excluded.account_id, fare_medium = excluded.fare_medium, tender = excluded.tender",
        )
        .bind(tokens)
        .bind(accounts)
        .bind(fare_media)
        .bind(tenders)
        .execute(&mut *conn)
        .await.doing("enrolling media")?;
    }
    Ok(())
}

/// Registers rider categories; a known (account, category, start) takes the new end.
pub async fn enrol_entitlements(
    conn: &mut PgConnection,
    entitlements: &[Entitlement],
) -> Result<(), StoreError> {
    for chunk in entitlements.chunks(ENROL_ROWS_MAX) {
        let accounts: Vec<i64> = chunk.iter().map(|row| row.account.as_i64()).collect();
        let categories: Vec<&str> = chunk.iter().map(|row| row.category.as_str()).collect();
        let starts: Vec<DateTime<Utc>> =
            chunk.iter().map(|row| rows::timestamp(row.from)).collect::<Result<_, _>>()?;
        let ends: Vec<DateTime<Utc>> =
            chunk.iter().map(|row| rows::timestamp(row.until)).collect::<Result<_, _>>()?;
        sqlx::query(
            "INSERT INTO registry.entitlement (account_id, rider_category, valid_from, valid_until)
             SELECT * FROM unnest($1::bigint[], $2::text[], $3::timestamptz[], $4::timestamptz[])
             ON CONFLICT (account_id, rider_category, valid_from) DO UPDATE
             SET valid_until = excluded.valid_until",
        )
        .bind(accounts)
        .bind(categories)
        .bind(starts)
        .bind(ends)
        .execute(&mut *conn)
        .await
        .doing("enrolling entitlements")?;
    }
    Ok(())
}

/// What these tokens stand for; a token that is not in the answer is unknown.
pub async fn resolve(
    conn: &mut PgConnection,
    tokens: &[MediumToken],
) -> Result<BTreeMap<MediumToken, Resolved>, StoreError> {
    let keys: Vec<&[u8]> = tokens.iter().map(|token| token.bytes().as_slice()).collect();
    let found: Vec<(Vec<u8>, i64, String, String)> = sqlx::query_as(
        "SELECT token, account_id, fare_medium, tender FROM registry.medium WHERE token = ANY($1::bytea[])",
    )
    .bind(keys)
    .fetch_all(conn)
    .await
    .doing("resolving media")?;
    found
        .into_iter()
        .map(|(token, account, fare_medium, tender)| {
            let bytes: [u8; 16] =
                token.try_into().map_err(|_| rows::corrupt("registry.medium.token", "length"))?;
            let resolved = Resolved {
                account: rows::account(account)?,
                fare_medium: rows::text(&fare_medium)?,
                tender: parse_tender(&tender)?,
            };
            Ok((MediumToken::new(bytes), resolved))
        })
        .collect()
}

/// The rider categories of these accounts, by account, start and category.
pub async fn riders(conn: &mut PgConnection, accounts: &[AccountId]) -> Result<Vec<Entitlement>, StoreError> {
    let keys: Vec<i64> = accounts.iter().map(|account| account.as_i64()).collect();
    let found: Vec<(i64, String, DateTime<Utc>, DateTime<Utc>)> = sqlx::query_as(
        "SELECT account_id, rider_category, valid_from, valid_until FROM registry.entitlement
         WHERE account_id = ANY($1::bigint[]) ORDER BY account_id, valid_from, rider_category",
    )
    .bind(keys)
    .fetch_all(conn)
    .await
    .doing("reading entitlements")?;
    found
        .into_iter()
        .map(|(account, category, from, until)| {
            Ok(Entitlement {
                account: rows::account(account)?,
                category: rows::text(&category)?,
                from: rows::event_time(from)?,
                until: rows::event_time(until)?,
            })
        })
        .collect()
}

/// Registers where parties want to be paid.
pub async fn put_payees(conn: &mut PgConnection, payees: &[Payee]) -> Result<(), StoreError> {
    let numbers = rows::party_numbers(payees.iter().map(|payee| payee.party))?;
    let names: Vec<&str> = payees.iter().map(|payee| payee.name.as_str()).collect();
    let accounts: Vec<&str> = payees.iter().map(|payee| payee.account.as_str()).collect();
    let bics: Vec<&str> = payees.iter().map(|payee| payee.bic.as_str()).collect();
    sqlx::query(
        "INSERT INTO settle.payee_account (party_no, name, account_no, bic)
         SELECT * FROM unnest($1::int[], $2::text[], $3::text[], $4::text[])
         ON CONFLICT (party_no) DO UPDATE
         SET name = excluded.name, account_no = excluded.account_no, bic = excluded.bic",
    )
    .bind(numbers)
    .bind(names)
    .bind(accounts)
    .bind(bics)
    .execute(conn)
    .await
    .doing("writing payout accounts")?;
    Ok(())
}

/// Where parties want to be paid, by party.
pub async fn payees(conn: &mut PgConnection) -> Result<BTreeMap<PartyNo, Payee>, StoreError> {
    let found: Vec<(i32, String, String, String)> =
        sqlx::query_as("SELECT party_no, name, account_no, bic FROM settle.payee_account ORDER BY party_no")
            .fetch_all(conn)
            .await
            .doing("reading payout accounts")?;
    found
        .into_iter()
        .map(|(no, name, account, bic)| {
            let party = rows::party(no)?;
            Ok((party, Payee { party, name, account, bic }))
        })
        .collect()
}

/// Registers one of our own bank accounts; a known account keeps the opening balance it has.
pub async fn put_bank_account(conn: &mut PgConnection, account: &BankAccount) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO bank.account (bank_account, name, bic, currency, opening, approved_by)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (bank_account) DO UPDATE SET name = excluded.name, bic = excluded.bic",
    )
    .bind(&account.account)
    .bind(&account.name)
    .bind(&account.bic)
    .bind(account.currency.letters())
    .bind(account.opening.units())
    .bind(&account.approved_by)
    .execute(conn)
    .await
    .doing("writing a bank account")?;
    Ok(())
}

/// Our own bank accounts, by number.
pub async fn bank_accounts(conn: &mut PgConnection) -> Result<Vec<BankAccount>, StoreError> {
    let found: Vec<(String, String, String, String, i64, String)> = sqlx::query_as(
        "SELECT bank_account, name, bic, currency, opening, approved_by FROM bank.account ORDER BY bank_account",
    )
    .fetch_all(conn)
    .await.doing("reading bank accounts")?;
    found
        .into_iter()
        .map(|(account, name, bic, currency, opening, approved_by)| {
            Ok(BankAccount {
                account,
                name,
                bic,
                currency: rows::currency(&currency)?,
                opening: Minor::new(opening),
                approved_by,
            })
        })
        .collect()
}
