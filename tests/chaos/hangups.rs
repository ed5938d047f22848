//! G9: a client that hangs up leaves no transaction behind for the next borrower of its connection.

use crate::checker::Violations;
use crate::outcome::Outcome;
use crate::proxy::{Proxy, Rewrite};
use crate::world::{Stage, lock};
use anyhow::Result;
use sqlx::{Connection as _, PgConnection};
use std::future::{Future as _, poll_fn};
use std::task::Poll;

/// Transactions are begun and dropped half-way, and after each a plain write goes through the same pool.
pub async fn cancelled(stage: &mut Stage, turn: u64, rewrites: Vec<Rewrite>) -> Result<Outcome> {
    let (mut random, times) = (stage.random(10_000 + turn), i64::from(stage.count(400, 20_000)));
    let name = stage.name();
    lock(&stage.postgres).home.create_database(&name)?;
    let proxy = Proxy::open(stage.database_port(), rewrites, false).await?;
    let pool = store::connect(&stage.database_url(Some(proxy.port), &name), 2).await?;
    let mut witness = PgConnection::connect(&stage.database_url(None, &name)).await?;
    sqlx::query("CREATE TABLE written (n bigint PRIMARY KEY)").execute(&mut witness).await?;
    let mut written = 0_i64;
    for n in 0..times {
        // Given up after so many looks at it, wherever it stands then: a clock would be too coarse.
        let mut looks = random.below(6);
        let mut beginning = Box::pin(pool.begin());
        poll_fn(|context| match beginning.as_mut().poll(context) {
            Poll::Pending if looks > 0 => {
                looks -= 1;
                Poll::Pending
            }
            Poll::Pending | Poll::Ready(_) => Poll::Ready(()),
        })
        .await;
        drop(beginning);
        if sqlx::query("INSERT INTO written VALUES ($1)").bind(n).execute(&pool).await.is_ok() {
            written += 1;
        }
    }
    pool.close().await;
    let found: i64 = sqlx::query_scalar("SELECT count(*) FROM written").fetch_one(&mut witness).await?;
    let mut violations = Violations::new();
    if found != written {
        violations.push(format!("a write that was answered is there ({} are not)", written - found));
    }
    witness.close().await?;
    Ok(Outcome {
        guarantees: "G9",
        faults: format!("{times} transactions given up at a random moment of their beginning"),
        figures: vec![format!("{written} writes answered, {found} found")],
        violations,
    })
}
