//! Programs that start at once bring the schema up to date once.

use crate::database::fresh_database;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_that_start_at_once_on_an_empty_database_all_start() {
    let database = fresh_database().await;
    let start = async || {
        let pool = store::connect(&database.url, 1).await.unwrap();
        store::migrate(&pool).await.map(|()| pool).unwrap()
    };
    let (pool, ..) = tokio::join!(start(), start(), start(), start(), start(), start());
    let (applied, distinct): (i64, i64) =
        sqlx::query_as("SELECT count(*), count(DISTINCT version) FROM _sqlx_migrations WHERE success")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert!(applied > 0);
    assert_eq!(applied, distinct);
}

#[tokio::test]
async fn rows_of_a_house_that_was_not_divided_are_carried_into_their_months() {
    let database = fresh_database().await;
    let pool = store::connect(&database.url, 1).await.unwrap();
    let mut conn = pool.acquire().await.unwrap();
    let folder = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations"));
    let mut before = sqlx::migrate::Migrator::new(folder).await.unwrap();
    before.migrations.to_mut().retain(|migration| migration.version < 11);
    before.set_locking(false);
    before.run(&mut *conn).await.unwrap();
    for (day, rows) in [("2026-03-31", (1, 3)), ("2026-04-01", (4, 5))] {
        crate::months::put(&mut conn, day, rows).await;
    }
    let sums = "SELECT (SELECT sum(d_gross * off) FROM clearing.charge)::bigint,
                       (SELECT sum(debit * (off + chart)) FROM ledger.entry)::bigint";
    let left: (i64, i64) = sqlx::query_as(sums).fetch_one(&mut *conn).await.unwrap();
    drop(conn);

    store::migrate(&pool).await.unwrap();
    let mut conn = pool.acquire().await.unwrap();
    let kept: (i64, i64) = sqlx::query_as(sums).fetch_one(&mut *conn).await.unwrap();
    assert_eq!(kept, left);
    let expected = [
        ("clearing.charge_2026_03", 3),
        ("clearing.charge_2026_04", 2),
        ("ledger.posting_2026_03", 3),
        ("ledger.posting_2026_04", 2),
    ];
    let found = crate::months::parts(&mut conn).await;
    assert_eq!(crate::months::names(&found), expected);
    let date = primitives::PostingDate::parse("2026-03-01").unwrap();
    let made = store::months::ensure_months(&mut conn, date, 2).await.unwrap();
    assert_eq!(made, [], "the migration names the parts as the house does");
}
