//! Faults of the database: what was being done, what PostgreSQL said, and what that means for the work at hand.

use sqlx::migrate::MigrateError;
use std::borrow::Cow;
use std::fmt;

/// A fault (never a refusal): what the store was doing, and why it could not.
#[derive(Debug)]
pub struct StoreError {
    doing: Cow<'static, str>,
    cause: Cause,
}

#[derive(Debug)]
enum Cause {
    Database(sqlx::Error),
    Migration(MigrateError),
    Row(String),
}

/// What a fault means for the unit of work it broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Nothing was done, and the same work may simply be tried again.
    Retry,
    /// The outcome is in doubt: drop the connection and what is in memory, and read the rows again.
    Unknown,
    /// The server has no room (disk, memory, connections): back off.
    Full,
    /// PostgreSQL refused a value or a constraint: the data is at fault, and trying again will not help.
    Data,
    /// A defect of ours: a wrong statement, a missing table, a row that cannot be read back.
    Defect,
}

impl StoreError {
    /// A fault of the database while `doing` something ("saving a batch").
    pub fn new(doing: impl Into<Cow<'static, str>>, source: sqlx::Error) -> Self {
        StoreError { doing: doing.into(), cause: Cause::Database(source) }
    }

    /// A row that a table of record should never hold, met while `doing` something.
    pub fn row(doing: impl Into<Cow<'static, str>>, why: impl Into<String>) -> Self {
        StoreError { doing: doing.into(), cause: Cause::Row(why.into()) }
    }

    pub(crate) fn migration(source: MigrateError) -> Self {
        StoreError { doing: "migrating the schema".into(), cause: Cause::Migration(source) }
    }

    /// Nothing was done, and the same work may be tried again as it is: a serialisation failure, a deadlock, a lock
    /// or a pool connection that did not come in time.
    pub fn is_retryable(&self) -> bool {
        self.class() == Class::Retry
    }

    /// Nobody knows whether the work was done: the connection broke or the server was stopped. The truth is in the
    /// rows, read again on a new connection.
    pub fn is_unknown(&self) -> bool {
        self.class() == Class::Unknown
    }

    /// The server has run out of disk, memory or connections.
    pub fn is_full(&self) -> bool {
        self.class() == Class::Full
    }

    /// PostgreSQL refused a value or a constraint. [`StoreError::constraint`] tells which.
    pub fn is_data(&self) -> bool {
        self.class() == Class::Data
    }

    /// The name of the constraint that was violated. Names decide what a violation means, never message text.
    pub fn constraint(&self) -> Option<&str> {
        self.database().and_then(sqlx::Error::as_database_error).and_then(|error| error.constraint())
    }

    /// True when the constraint of this name was violated.
    pub fn violates(&self, constraint: &str) -> bool {
        self.constraint() == Some(constraint)
    }

    /// The SQLSTATE, when PostgreSQL itself answered.
    pub fn sql_state(&self) -> Option<Cow<'_, str>> {
        self.database().and_then(sqlx::Error::as_database_error).and_then(|error| error.code())
    }

    /// The driver's error, when the fault came from the database.
    pub fn database(&self) -> Option<&sqlx::Error> {
        match &self.cause {
            Cause::Database(error)
            | Cause::Migration(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => {
                Some(error)
            }
            Cause::Migration(_) | Cause::Row(_) => None,
        }
    }

    /// PostgreSQL itself refused, and did nothing. Of a migration that may be a race: two programs change the schema at
    /// once, and the loser meets whatever the winner's change did to its own. Whoever looks again finds it done.
    pub(crate) fn may_be_a_race(&self) -> bool {
        self.sql_state().is_some()
    }

    fn class(&self) -> Class {
        match self.database() {
            Some(error) => classify(error),
            None => Class::Defect,
        }
    }
}

fn classify(error: &sqlx::Error) -> Class {
    match error {
        sqlx::Error::Database(answer) => answer.code().map_or(Class::Unknown, |state| classify_state(&state)),
        sqlx::Error::PoolTimedOut => Class::Retry,
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => Class::Unknown,
        _ => Class::Defect,
    }
}

/// Reads a SQLSTATE. The five characters are a contract of PostgreSQL (its manual, appendix A); messages are not.
fn classify_state(state: &str) -> Class {
    match state {
        // serialization_failure, deadlock_detected, lock_not_available
        "40001" | "40P01" | "55P03" => Class::Retry,
        // read_only_sql_transaction: we talk to a replica; idle_in_transaction_session_timeout: it hung up on us
        "25006" | "25P03" => Class::Unknown,
        // statement_completion_unknown, transaction_rollback
        "40003" | "40000" => Class::Unknown,
        _ => match state.get(..2) {
            // connection exceptions, operator intervention (time-outs too), system errors, internal errors
            Some("08" | "57" | "58" | "XX") => Class::Unknown,
            Some("53") => Class::Full,
            Some("22" | "23") => Class::Data,
            _ => Class::Defect,
        },
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.doing)?;
        match &self.cause {
            Cause::Database(error) => error.fmt(f),
            Cause::Migration(error) => error.fmt(f),
            Cause::Row(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for StoreError {
    /// The cause's own source: the cause itself already stands in the message.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.cause {
            Cause::Database(error) => error.source(),
            Cause::Migration(error) => error.source(),
            Cause::Row(_) => None,
        }
    }
}

/// Says what was being done when a statement failed: `query.execute(c).await.doing("saving a batch")?`.
pub trait Doing<T> {
    /// Turns the driver's error into a [`StoreError`] that names the work.
    fn doing(self, what: impl Into<Cow<'static, str>>) -> Result<T, StoreError>;
}

impl<T> Doing<T> for Result<T, sqlx::Error> {
    fn doing(self, what: impl Into<Cow<'static, str>>) -> Result<T, StoreError> {
        self.map_err(|source| StoreError::new(what, source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sqlstate_says_what_to_do_next() {
        let check = |state: &str, expect: Class| assert_eq!(classify_state(state), expect, "{state}");
        for state in ["40001", "40P01", "55P03"] {
            check(state, Class::Retry);
        }
        for state in
            ["08006", "08003", "57014", "57P01", "57P03", "25P03", "25006", "40003", "58030", "XX000"]
        {
            check(state, Class::Unknown);
        }
        for state in ["53100", "53200", "53300"] {
            check(state, Class::Full);
        }
        for state in ["22003", "23505", "23514"] {
            check(state, Class::Data);
        }
        for state in ["42P01", "42601", "", "é"] {
            check(state, Class::Defect);
        }
    }

    #[test]
    fn a_fault_of_the_driver_is_never_a_refusal() {
        let check = |source: sqlx::Error, retry: bool, unknown: bool| {
            let error = StoreError::new("asking", source);
            assert_eq!((error.is_retryable(), error.is_unknown()), (retry, unknown), "{error}");
        };
        check(sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into()), false, true);
        check(sqlx::Error::PoolTimedOut, true, false);
        check(sqlx::Error::RowNotFound, false, false);
        let error = StoreError::row("reading a balance", "debit is below zero");
        assert_eq!(error.to_string(), "reading a balance: debit is below zero");
        assert!(!error.is_retryable() && !error.is_unknown());
    }
}
