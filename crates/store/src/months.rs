//! The months of the divided tables, made before they are needed. Every statement that makes or moves a part of a table is
//! here; the first division is migration 11.
//!
//! # Locks
//! A new month is made as a table of its own and then attached. Attaching lets others read and write the whole table, and
//! needs the default part alone for a moment, which no writer touches while its month is prepared. A lock that does not
//! come, or a default part that takes long to look through, ends the attempt: its rows stay where they are, and the next
//! attempt comes with the next start or the next close. So nobody posts slower because a month is being prepared.

use crate::error::{Doing as _, StoreError};
use chrono::{Datelike as _, Months, NaiveDate};
use primitives::PostingDate;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

/// The tables that are divided by month of posting date: schema and name.
const DIVIDED: [(&str, &str); 2] = [("clearing", "charge"), ("ledger", "posting")];

/// Rows of one month that are moved out of the default part at once. Whoever posts to that month waits meanwhile, and gives
/// up after two seconds.
const MOVED_ROWS_MAX: i64 = 100_000;

/// How long an attempt waits for a lock, and how long a statement of it may run while it holds one.
const LIMITS: &str = "SET LOCAL lock_timeout = '500ms'; SET LOCAL statement_timeout = '2s'";

/// What became of a month of a table that was not prepared yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Month {
    /// The table with its schema.
    pub table: String,
    /// The first day of the month.
    pub first: NaiveDate,
    /// How it ended.
    pub outcome: Outcome,
}

/// How preparing a month ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It has its part, and so many rows of it came from the default part.
    Made(i64),
    /// The default part holds more rows of it than are moved at once: it goes on filling the default part.
    TooMany,
    /// Somebody held what was needed: it is tried again later.
    Busy,
}

/// Prepares the month of `from` and those after it, `months` in all, of every divided table. Answers what became of those
/// that had no part yet. The caller is in no transaction.
///
/// # Errors
/// A fault of the database other than a lock or a statement that took too long.
pub async fn ensure_months(
    conn: &mut PgConnection,
    from: PostingDate,
    months: u32,
) -> Result<Vec<Month>, StoreError> {
    let mut done = Vec::new();
    for first in (0..months).filter_map(|ahead| month_of(from).checked_add_months(Months::new(ahead))) {
        for (schema, table) in DIVIDED {
            let part = Part { schema, table, first };
            if part.is_attached(&mut *conn).await? {
                continue;
            }
            let outcome = match part.make(&mut *conn).await {
                Ok(outcome) => outcome,
                Err(error) if gave_up(&error) => Outcome::Busy,
                // Two programs that start at once: the other one made it.
                Err(_) if part.is_attached(&mut *conn).await? => continue,
                Err(error) => return Err(error),
            };
            done.push(Month { table: format!("{schema}.{table}"), first, outcome });
        }
    }
    Ok(done)
}

/// The first day of a day's month.
pub(crate) fn month_of(date: PostingDate) -> NaiveDate {
    date.0.with_day(1).unwrap_or(date.0)
}

/// Nothing was done: a lock or a statement took longer than [`LIMITS`] allow (`query_canceled`), or a row of the month came
/// into the default part at the last moment (`check_violation`).
pub(crate) fn gave_up(error: &StoreError) -> bool {
    error.is_retryable() || matches!(error.sql_state().as_deref(), Some("57014" | "23514"))
}

/// One month of one table. Names are made of constants and numbers, so they may stand in statements.
pub(crate) struct Part {
    pub(crate) schema: &'static str,
    pub(crate) table: &'static str,
    pub(crate) first: NaiveDate,
}

impl Part {
    fn name(&self) -> String {
        format!("{}_{}", self.table, self.first.format("%Y_%m"))
    }

    async fn is_attached(&self, conn: &mut PgConnection) -> Result<bool, StoreError> {
        sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM pg_inherits JOIN pg_class AS part ON part.oid = inhrelid
               JOIN pg_namespace AS schema ON schema.oid = part.relnamespace
               WHERE inhparent = to_regclass($1) AND nspname = $2 AND relname = $3)",
        )
        .bind(format!("{}.{}", self.schema, self.table))
        .bind(self.schema)
        .bind(self.name())
        .fetch_one(conn)
        .await
        .doing("looking for a month's part")
    }

    async fn make(&self, conn: &mut PgConnection) -> Result<Outcome, StoreError> {
        let doing = "making a month's part";
        let mut unit = conn.begin().await.doing(doing)?;
        sqlx::raw_sql(LIMITS).execute(&mut *unit).await.doing(doing)?;
        let (schema, table, name, first) = (self.schema, self.table, self.name(), self.first);
        let next = first.checked_add_months(Months::new(1)).unwrap_or(NaiveDate::MAX);
        let whole = format!("{schema}.{table}");
        let (part, default) = (format!("{schema}.{name}"), format!("{schema}.{table}_default"));
        let of_month = format!("posting_date >= '{first}' AND posting_date < '{next}'");
        run(
            &mut unit,
            format!(
                "CREATE TABLE {part} (LIKE {whole} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES
                   INCLUDING STORAGE)"
            ),
        )
        .await?;
        let count = format!(
            "SELECT count(*) FROM (SELECT FROM {default} WHERE {of_month} LIMIT {MOVED_ROWS_MAX} + 1) AS row"
        );
        let waiting: i64 =
            sqlx::query_scalar(AssertSqlSafe(count)).fetch_one(&mut *unit).await.doing(doing)?;
        if waiting > MOVED_ROWS_MAX {
            unit.rollback().await.doing(doing)?;
            return Ok(Outcome::TooMany);
        }
        // Nobody adds to the month between the move and the attaching. Without rows to move, attaching takes the lock by
        // itself, and looks again.
        let mut moved = 0;
        if waiting > 0 {
            run(&mut unit, format!("LOCK TABLE {default} IN ACCESS EXCLUSIVE MODE")).await?;
            let rows = format!(
                "WITH moved AS (DELETE FROM {default} WHERE {of_month} RETURNING *) INSERT INTO {part} SELECT * FROM moved"
            );
            moved = run(&mut unit, rows).await?;
        }
        let attach =
            format!("ALTER TABLE {whole} ATTACH PARTITION {part} FOR VALUES FROM ('{first}') TO ('{next}')");
        run(&mut unit, attach).await?;
        unit.commit().await.doing(doing)?;
        Ok(Outcome::Made(moved as i64))
    }

    /// Takes the month out of its table and drops it, in the caller's transaction. [`gave_up`] tells that nothing was done.
    pub(crate) async fn detach_and_drop(&self, unit: &mut PgConnection) -> Result<(), StoreError> {
        sqlx::raw_sql(LIMITS).execute(&mut *unit).await.doing("preparing to drop a month")?;
        let (schema, table, name) = (self.schema, self.table, self.name());
        let statements = format!(
            "ALTER TABLE {schema}.{table} DETACH PARTITION {schema}.{name}; DROP TABLE {schema}.{name}"
        );
        run(unit, statements).await.map(|_| ())
    }
}

/// Runs statements whose parts are all constants, numbers and dates; answers how many rows the last one touched.
async fn run(unit: &mut PgConnection, statements: String) -> Result<u64, StoreError> {
    let done = sqlx::raw_sql(AssertSqlSafe(statements)).execute(unit).await;
    done.map(|done| done.rows_affected()).doing("changing the months of a table")
}
