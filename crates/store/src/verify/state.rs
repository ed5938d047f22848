//! The states of accounts beside those a rebuild ends with.

use super::Difference;
use crate::error::{Doing as _, StoreError};
use crate::state;
use clearing::{AccountState, BankItem, Purse};
use primitives::{AccountId, Minor};
use sqlx::PgConnection;
use std::collections::BTreeMap;

/// Compares the stored states of these accounts with the rebuilt ones; answers the differences, by account.
pub async fn states(
    conn: &mut PgConnection,
    rebuilt: &[(AccountId, AccountState)],
) -> Result<Vec<Difference>, StoreError> {
    let keys: Vec<i64> = rebuilt.iter().map(|(account, _)| account.as_i64()).collect();
    let found: Vec<(i64, i64, i64, Vec<u8>)> = sqlx::query_as(
        "SELECT account_id, value, debt, state FROM clearing.account_state WHERE account_id = ANY($1::bigint[])",
    )
    .bind(keys)
    .fetch_all(conn)
    .await
    .doing("reading account states to compare")?;
    let mut stored: BTreeMap<i64, (i64, i64, Vec<u8>)> =
        found.into_iter().map(|(account, value, debt, bytes)| (account, (value, debt, bytes))).collect();
    let mut differences = Vec::new();
    for (account, must) in rebuilt {
        let at = |column, stored: String, expected: String| Difference {
            row: format!("account {account}"),
            column: Some(column),
            ..Difference::of("clearing.account_state", stored, expected)
        };
        let Some((value, debt, bytes)) = stored.remove(&account.as_i64()) else {
            let row = format!("account {account}");
            differences
                .push(Difference { row, ..Difference::of("clearing.account_state", "no row", "a row") });
            continue;
        };
        if value != must.purse.value.units() {
            differences.push(at("value", value.to_string(), must.purse.value.to_string()));
        } else if debt != must.purse.debt.units() {
            differences.push(at("debt", debt.to_string(), must.purse.debt.to_string()));
        } else {
            // Older layouts of a state stay in the table; what they say is compared, not how.
            let purse = Purse { value: Minor::new(value), debt: Minor::new(debt) };
            let today = state::encode(must);
            let same_layout = bytes.first() == today.first();
            match state::decode(purse, &bytes) {
                Ok(state) if state == *must && (bytes == today || !same_layout) => {}
                Ok(state) => differences.push(at("state", format!("{state:?}"), format!("{must:?}"))),
                Err(error) => differences.push(at("state", error.to_string(), format!("{must:?}"))),
            }
        }
    }
    Ok(differences)
}

/// The accounts with a state that is not in `known` (sorted): no record of the log explains them.
pub async fn explained(conn: &mut PgConnection, known: &[i64]) -> Result<Vec<Difference>, StoreError> {
    let doing = "looking for states nothing explains";
    let (count,): (i64,) = sqlx::query_as("SELECT count(*) FROM clearing.account_state")
        .fetch_one(&mut *conn)
        .await
        .doing(doing)?;
    let mut differences = Vec::new();
    if count as usize == known.len() {
        return Ok(differences);
    }
    let mut after = i64::MIN;
    loop {
        let page: Vec<i64> = sqlx::query_scalar(
            "SELECT account_id FROM clearing.account_state WHERE account_id > $1 ORDER BY account_id LIMIT 50000",
        )
        .bind(after)
        .fetch_all(&mut *conn)
        .await
        .doing(doing)?;
        let Some(last) = page.last() else { return Ok(differences) };
        after = *last;
        for account in page.iter().filter(|account| known.binary_search(account).is_err()) {
            let row = format!("account {account}");
            differences
                .push(Difference { row, ..Difference::of("clearing.account_state", "a row", "no row") });
        }
    }
}

/// Compares the bank items that top-ups announced; what a statement made of them later is not asked.
pub async fn items(conn: &mut PgConnection, rebuilt: &[BankItem]) -> Result<Vec<Difference>, StoreError> {
    if rebuilt.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<String> = rebuilt.iter().map(|item| format!("top_up:{}", item.source)).collect();
    let found: Vec<(String, String)> = sqlx::query_as(
        "SELECT item_id, kind || ' ' || reference || ' ' || amount || ' ' || posting_date || ' ' || party_no
         FROM bank.item WHERE item_id = ANY($1::text[])",
    )
    .bind(&keys)
    .fetch_all(conn)
    .await
    .doing("reading bank items to compare")?;
    let stored: BTreeMap<String, String> = found.into_iter().collect();
    let differs = |(key, item): (String, &BankItem)| {
        let BankItem { reference, amount, channel, posting_date, .. } = item;
        let must = format!("top_up {reference} {amount} {posting_date} {channel}");
        let found = stored.get(&key).map_or("no row", String::as_str);
        (found != must).then(|| Difference { row: key, ..Difference::of("bank.item", found, must.as_str()) })
    };
    Ok(keys.into_iter().zip(rebuilt).filter_map(differs).collect())
}
