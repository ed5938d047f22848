//! A database of its own on a given server, for a replay, a bench or a test that must begin with empty books.

use crate::error::{Doing as _, StoreError};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgPool};
use uuid::Uuid;

/// A scratch database. It stays until [`Scratch::remove`].
pub struct Scratch {
    server: PgConnectOptions,
    name: String,
    url: String,
    /// Connections to it; its schema is migrated.
    pub pool: PgPool,
}

impl Scratch {
    /// Makes one beside the database at `url`, named after its purpose (lower-case letters).
    pub async fn create(url: &str, purpose: &str, connections: u32) -> Result<Self, StoreError> {
        let doing = "making a scratch database";
        let server: PgConnectOptions = url.parse().doing("reading the database's address")?;
        let purpose: String = purpose.chars().filter(char::is_ascii_lowercase).collect();
        let name = format!("farehouse_{purpose}_{}", Uuid::now_v7().simple());
        let mut admin = server.clone().connect().await.doing("connecting to the database server")?;
        // The name is letters, digits and underscores by construction; this statement takes no parameters.
        sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .execute(&mut admin)
            .await
            .doing(doing)?;
        admin.close().await.doing(doing)?;
        let url = server.clone().database(&name).to_url_lossy().to_string();
        let pool = crate::connect(&url, connections).await?;
        crate::migrate(&pool).await?;
        Ok(Scratch { server, name, url, pool })
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends it, with everything in it.
    pub async fn remove(self) -> Result<(), StoreError> {
        let doing = "removing a scratch database";
        self.pool.close().await;
        let mut admin = self.server.connect().await.doing("connecting to the database server")?;
        sqlx::raw_sql(AssertSqlSafe(format!("DROP DATABASE {} WITH (FORCE)", self.name)))
            .execute(&mut admin)
            .await
            .doing(doing)?;
        admin.close().await.doing(doing)
    }
}
