//! The one place that makes connections.
//!
//! sqlx 0.9.0 can hand back a connection inside an open transaction when a `begin()` is dropped half-way (a client
//! hangs up, a `select!` takes the other arm). The next borrower's write then answers `Ok` and is never committed.
//! Every pool is therefore made here, with a hook that ends whatever transaction a borrowed connection is still in.

use crate::error::{Doing as _, StoreError};
use crate::nodelay;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{Connection as _, PgPool};
use std::time::Duration;

/// How often a program that starts beside others tries to migrate, and how long it waits in between.
const MIGRATION_TRIES_MAX: u32 = 20;
const MIGRATION_PAUSE: Duration = Duration::from_millis(250);

/// The name our sessions carry in `pg_stat_activity`. Takeover ends a stuck session only when pid and name still match.
pub const APPLICATION_NAME: &str = "farehouse";

/// How long a borrower waits for a free connection before [`StoreError::is_retryable`] answers.
pub const ACQUIRE_SECONDS_MAX: u64 = 10;

/// Limits are the server's, so that a client which gives up never leaves a statement running or a transaction open.
/// A network that goes silent is noticed in about ten seconds.
const SESSION: [(&str, &str); 7] = [
    ("statement_timeout", "5s"),
    ("lock_timeout", "2s"),
    ("idle_in_transaction_session_timeout", "5s"),
    ("tcp_keepalives_idle", "5"),
    ("tcp_keepalives_interval", "2"),
    ("tcp_keepalives_count", "2"),
    ("client_connection_check_interval", "2s"),
];

/// Opens a pool of at most `connections` connections to the database at `url`.
pub async fn connect(url: &str, connections: u32) -> Result<PgPool, StoreError> {
    let options: PgConnectOptions = url.parse().doing("reading the database's address")?;
    let options = options.application_name(APPLICATION_NAME).options(SESSION);
    let port = options.get_port();
    #[allow(clippy::disallowed_methods, reason = "this is the one place that builds a pool, hook included")]
    let pool = PgPoolOptions::new();
    pool.max_connections(connections)
        .acquire_timeout(Duration::from_secs(ACQUIRE_SECONDS_MAX))
        // The hook below is the liveness test as well: one round trip a borrow, not two.
        .test_before_acquire(false)
        .after_connect(move |_, _| {
            Box::pin(async move {
                // Slow is no reason not to work; a system without /proc is told why it is.
                if let Err(error) = nodelay::send_at_once(port) {
                    tracing::warn!(%error, "each COPY may wait 40 ms: TCP_NODELAY could not be set");
                }
                Ok(())
            })
        })
        .before_acquire(|connection, _| {
            Box::pin(async move { end_open_transaction(connection).await.map(|()| true) })
        })
        .connect_with(options)
        .await
        .doing("connecting to the database")
}

/// Leaves the connection outside any transaction, or fails, and then the pool closes it.
///
/// A bare ROLLBACK would do, but outside a transaction PostgreSQL answers it with a warning, here and in the server's
/// log, on every borrow. With BEGIN in front, silence is the normal case, and the warning that remains ("there is already
/// a transaction in progress") is the alarm that a transaction had leaked. Inside a *failed* transaction BEGIN is an
/// error, and the connection is replaced.
async fn end_open_transaction(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql("BEGIN; ROLLBACK").execute(connection).await.map(|_| ())
}

/// Brings the schema to this program's version. Safe to call at every start.
pub async fn migrate(pool: &PgPool) -> Result<(), StoreError> {
    let mut migrator = sqlx::migrate!("./migrations");
    // sqlx's lock is an advisory lock, which a distributed PostgreSQL may not have. Each migration is one transaction,
    // so of two programs that start at once one succeeds, and the other fails cleanly and finds it done at its next try.
    migrator.set_locking(false);
    // A connection of its own, closed afterwards: a migration may take longer than any statement of the service.
    let mut connection = pool.acquire().await.doing("borrowing a connection to migrate")?.detach();
    sqlx::raw_sql("SET statement_timeout = 0")
        .execute(&mut connection)
        .await
        .doing("preparing to migrate")?;
    let mut tries = 0;
    while let Err(error) = migrator.run(&mut connection).await.map_err(StoreError::migration) {
        tries += 1;
        if !error.may_be_a_race() || tries >= MIGRATION_TRIES_MAX {
            return Err(error);
        }
        tracing::info!(%error, tries, "another program is migrating; looking again");
        tokio::time::sleep(MIGRATION_PAUSE).await;
    }
    connection.close().await.doing("closing the migration's connection")
}
