//! A private database for each test, on the server whose address `FAREHOUSE_DATABASE_URL` holds.
//!
//! Included by `#[path]` from the test binaries that need PostgreSQL, so each uses only a part of it.
#![allow(dead_code)]

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use std::sync::atomic::{AtomicU32, Ordering};

/// A database that lives as long as this value.
#[derive(Debug)]
pub struct Database {
    /// Its address, for `store::connect`.
    pub url: String,
    admin_url: String,
    name: String,
}

/// Makes an empty database. Without a server the test fails: a test that needs one is never skipped in silence.
pub async fn fresh_database() -> Database {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let admin_url = std::env::var("FAREHOUSE_DATABASE_URL").expect(
        "FAREHOUSE_DATABASE_URL is not set: run `cargo xtask test`, or `cargo xtask services -- cargo test …`",
    );
    let started =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock after 1970");
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("test_{}_{}_{count}", std::process::id(), started.as_millis());
    let mut admin = PgConnection::connect(&admin_url).await.expect("the database server answers");
    admin.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.expect("the database is made");
    admin.close().await.expect("the connection closes");
    Database { url: with_name(&admin_url, &name), admin_url, name }
}

/// The address with another database's name in it.
fn with_name(url: &str, name: &str) -> String {
    let (address, parameters) =
        url.split_once('?').map_or((url, None), |(address, rest)| (address, Some(rest)));
    let (server, _) = address.rsplit_once('/').expect("an address ends in /database");
    parameters.map_or(format!("{server}/{name}"), |rest| format!("{server}/{name}?{rest}"))
}

impl Drop for Database {
    /// Drops the database, whoever is still connected. A failure only leaves rubbish on a private server.
    fn drop(&mut self) {
        let (admin_url, name) = (self.admin_url.clone(), self.name.clone());
        let drop_it = move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
                return;
            };
            runtime.block_on(async {
                if let Ok(mut admin) = PgConnection::connect(&admin_url).await {
                    let _ = admin
                        .execute(AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")))
                        .await;
                }
            });
        };
        // A thread of its own: a runtime cannot be started inside the test's.
        let _ = std::thread::spawn(drop_it).join();
    }
}
