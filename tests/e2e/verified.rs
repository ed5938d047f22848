//! Proving the books with the program, against heads that somebody kept elsewhere.

use crate::house::*;
use crate::program::program;
use primitives::PostingDate;

/// A house whose first day has these riders and is closed.
async fn closed_day(riders: &[u8]) -> House {
    let house = House::open().await;
    let mut bus = device(BUS);
    let taps: Vec<_> =
        riders.iter().map(|n| bus.tap(medium(*n), boarding(), at(i64::from(*n))).expect("taken")).collect();
    house.send(&taps).await;
    house.clear().await;
    let day = PostingDate::parse("2026-03-02").expect("a date");
    let mut connection = house.pool.acquire().await.expect("a connection");
    engine::day::ask_close(&mut connection, house.log.as_ref(), day).await.expect("asked");
    house.clear().await;
    let closed = engine::day::try_close(&mut connection, day).await.expect("looked");
    assert!(matches!(closed, engine::day::Progress::Closed(_)), "{closed:?}");
    drop(connection);
    house
}

/// Whoever can write everywhere can write another history, log, books and heads, that is right in itself. Only a head that
/// was kept elsewhere tells.
#[tokio::test(flavor = "multi_thread")]
async fn a_history_that_was_rewritten_as_a_whole_is_found_against_heads_kept_elsewhere() {
    let run = |house: &House, args: &[&str]| {
        let mut program = program();
        program.env("FAREHOUSE_DATABASE_URL", house.database_url()).args(args).output().expect("it runs")
    };
    let told = closed_day(&[1, 2, 3, 4, 5, 6]).await;
    let published = run(&told, &["heads"]);
    assert!(published.status.success());
    let folder = tempfile::tempdir().expect("a folder");
    let kept = folder.path().join("heads.txt");
    std::fs::write(&kept, &published.stdout).expect("kept");
    let heads = ["verify", "--topic", "taps", "--heads", &kept.to_string_lossy()];
    let same = run(&told, &heads);
    assert!(same.status.success(), "{}", String::from_utf8_lossy(&same.stdout));

    // The same day without one of its rides, from the log on.
    let rewritten = closed_day(&[1, 2, 3, 5, 6]).await;
    let alone = run(&rewritten, &["verify", "--topic", "taps"]);
    assert!(alone.status.success(), "right in itself: {}", String::from_utf8_lossy(&alone.stdout));
    let against = run(&rewritten, &heads);
    let said = String::from_utf8_lossy(&against.stdout);
    assert_eq!(against.status.code(), Some(1), "{said}");
    assert!(said.contains("DIFFERENT: the copied heads of partition"), "{said}");
    assert!(said.contains("DIFFERENT: ledger.head of partition"), "{said}");
}
