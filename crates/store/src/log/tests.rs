use super::*;

#[test]
fn a_full_partition_never_starves_the_rest() {
    let check = |ready: &[u64], max: usize, turn: usize, expect: &[u64]| {
        assert_eq!(shares(ready, max, turn), expect, "{ready:?} / {max}, turn {turn}");
    };
    check(&[], 10, 0, &[]);
    check(&[0, 0], 10, 3, &[0, 0]);
    check(&[1_000, 1, 0, 1_000], 11, 0, &[5, 1, 0, 5]);
    check(&[1_000, 1_000], 10, 0, &[5, 5]);
    check(&[3, 2], 100, 0, &[3, 2]);
    check(&[u64::MAX, u64::MAX], 3, 0, &[2, 1]);
    check(&[u64::MAX, u64::MAX], 3, 1, &[1, 2]);
    // Fewer than one each: they go round with the turn.
    check(&[9, 9, 9], 1, 0, &[1, 0, 0]);
    check(&[9, 9, 9], 1, 4, &[0, 1, 0]);
    check(&[9, 9, 9], 0, 0, &[0, 0, 0]);
}

#[test]
fn shares_never_give_more_than_is_there_or_asked_for() {
    // A small exhaustive world: three partitions of 0 to 6 records, 0 to 20 wanted, every turn.
    for world in 0..7_u64 * 7 * 7 {
        let ready = [world % 7, world / 7 % 7, world / 49];
        for max in 0..=20_usize {
            for turn in 0..3 {
                let given = shares(&ready, max, turn);
                let total: u64 = given.iter().sum();
                assert_eq!(total, ready.iter().sum::<u64>().min(max as u64), "{ready:?} / {max}");
                assert!(given.iter().zip(ready).all(|(given, ready)| *given <= ready));
            }
        }
    }
}
