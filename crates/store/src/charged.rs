//! What whole accounts were charged, for comparisons with an answer from elsewhere.

use crate::error::{Doing as _, StoreError};
use crate::rows;
use primitives::{AccountId, Minor};
use sqlx::PgConnection;
use std::collections::BTreeMap;

/// What an account's rides came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charged {
    /// The rider's part of all its rides.
    pub rider: Minor,
    /// True when a ride of it has no fare.
    pub unpriced: bool,
}

/// What every account was charged in all.
pub async fn by_account(connection: &mut PgConnection) -> Result<BTreeMap<AccountId, Charged>, StoreError> {
    let found: Vec<(i64, i64, bool)> = sqlx::query_as(
        "SELECT account_id, sum(d_rider)::bigint, bool_or(unknown IS NOT NULL AND newest)
         FROM (SELECT account_id, d_rider, unknown,
                      version = max(version) OVER (PARTITION BY account_id, leg_device, leg_journal, leg_seq) AS newest
               FROM clearing.charge) AS charge
         GROUP BY account_id",
    )
    .fetch_all(connection)
    .await
    .doing("summing what accounts were charged")?;
    found
        .into_iter()
        .map(|(account, rider, unpriced)| {
            Ok((rows::account(account)?, Charged { rider: Minor::new(rider), unpriced }))
        })
        .collect()
}
