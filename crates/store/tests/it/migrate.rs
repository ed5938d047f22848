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
