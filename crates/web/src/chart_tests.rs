use super::*;

#[test]
fn bars_keep_their_proportions_and_stay_inside() {
    let hours: Vec<Hour> = (0..24).map(|hour| Hour { hour, rides: i64::from(hour) * 100 }).collect();
    let chart = draw(&hours);
    assert_eq!(chart.bars.len(), 24);
    for bar in &chart.bars {
        assert!(bar.x >= chart.left && bar.x + bar.width <= chart.right);
        assert!(bar.y >= 0 && bar.y + bar.height == chart.base);
    }
    let (low, high) = (&chart.bars[5], &chart.bars[10]);
    assert!((high.height - 2 * low.height).abs() <= 1, "twice the rides, twice the height");
}

#[test]
fn the_scale_is_round_and_reaches_the_highest_bar() {
    let check = |highest: i64, expect: &[i64]| {
        let chart = draw(&[Hour { hour: 7, rides: highest }]);
        let values: Vec<i64> = chart.ticks.iter().map(|tick| tick.value).collect();
        assert_eq!(values, expect);
    };
    check(0, &[0, 1]);
    check(3, &[0, 1, 2, 3]);
    check(42, &[0, 10, 20, 30, 40, 50]);
    check(11, &[0, 2, 4, 6, 8, 10, 12]);
    check(13, &[0, 5, 10, 15]);
    check(1025, &[0, 200, 400, 600, 800, 1000, 1200]);
    check(5000, &[0, 1000, 2000, 3000, 4000, 5000]);
}

#[test]
fn no_hours_and_absurd_numbers_still_draw() {
    assert!(draw(&[]).bars.is_empty());
    let chart = draw(&[Hour { hour: 0, rides: i64::MAX }, Hour { hour: 1, rides: -4 }]);
    assert!(chart.bars[0].y >= 0);
    assert_eq!(chart.bars[1].height, 0);
}
