//! Distances on the globe in whole numbers, so that every machine finds the same metre.
//!
//! Angles and ratios are fractions of 2^62. Each step cuts off less than 2^-61; a whole distance is right to better
//! than a tenth of a millimetre where stops can be (opposite ends of the globe: to a centimetre).

use crate::policy::Position;

const BITS: u32 = 62;
const ONE: i64 = 1 << BITS;
/// A quarter turn and an eighth of it, in radians.
const RIGHT_ANGLE: i64 = 7_244_019_458_077_122_842;
const HALF_RIGHT_ANGLE: i64 = 3_622_009_729_038_561_421;

/// The mean radius of the earth in decimetres.
const RADIUS_DECIMETRES: i128 = 63_710_088;

/// A whole turn in the units of positions.
const FULL_TURN: i64 = 360_000_000_000;
/// A quarter turn in the units that [`sine`] takes: half thousand-millionths of a degree, because half of the angle
/// between two positions is what is asked for.
const QUARTER_TURN: i64 = 180_000_000_000;
/// Radians of one such unit, as a fraction of 2^126.
const RADIANS: i128 = 742_380_961_156_226_908_235_889_148;

/// 1/3!, 1/5! …, and 1/2!, 1/4! …
const SINE: [i64; 9] = reciprocal_factorials(3);
const COSINE: [i64; 10] = reciprocal_factorials(2);
/// 1/3, 1/5 …
const ARC_TANGENT: [i64; 25] = reciprocal_odds();

const fn reciprocal_factorials<const N: usize>(first: i64) -> [i64; N] {
    let mut found = [0; N];
    let (mut value, mut factor, mut at) = (ONE, 1, 0);
    while at < N {
        while factor <= first + 2 * at as i64 {
            value /= factor;
            factor += 1;
        }
        found[at] = value;
        at += 1;
    }
    found
}

const fn reciprocal_odds<const N: usize>() -> [i64; N] {
    let mut found = [0; N];
    let mut at = 0;
    while at < N {
        found[at] = ONE / (2 * at as i64 + 3);
        at += 1;
    }
    found
}

/// Metres between two positions along a great circle (haversine), rounded half up.
pub(crate) fn great_circle_metres(a: Position, b: Position) -> u32 {
    let along = (a.longitude - b.longitude).abs();
    let along = along.min(FULL_TURN - along);
    let half_height = sine((a.latitude - b.latitude).abs());
    let half_width = sine(along);
    let widths = times(cosine_of_latitude(a), cosine_of_latitude(b));
    let square = times(half_height, half_height) + times(widths, times(half_width, half_width));
    let square = square.clamp(0, ONE);
    let half_angle = angle(root(square), root(ONE - square));
    let decimetres = 2 * RADIUS_DECIMETRES * i128::from(half_angle);
    let metre = 10_i128 << BITS;
    // At most half the way round the globe, some twenty million.
    ((decimetres + metre / 2) / metre) as u32
}

fn cosine_of_latitude(position: Position) -> i64 {
    sine(QUARTER_TURN - 2 * position.latitude.abs())
}

fn times(a: i64, b: i64) -> i64 {
    ((i128::from(a) * i128::from(b)) >> BITS) as i64
}

fn over(a: i64, b: i64) -> i64 {
    ((i128::from(a) << BITS) / i128::from(b)) as i64
}

fn root(value: i64) -> i64 {
    ((value as u128) << BITS).isqrt() as i64
}

/// `s (c0 - s (c1 - s (c2 …)))`: what such a series takes off its first term.
fn alternating(square: i64, coefficients: &[i64]) -> i64 {
    let sum = coefficients.iter().rev().fold(0, |inner, coefficient| coefficient - times(square, inner));
    times(square, sum)
}

/// The sine of an angle from nothing to a quarter turn.
fn sine(units: i64) -> i64 {
    let beyond = units > QUARTER_TURN / 2;
    let small = if beyond { QUARTER_TURN - units } else { units };
    let radians = ((i128::from(small) * RADIANS) >> 64) as i64;
    let square = times(radians, radians);
    if beyond {
        ONE - alternating(square, &COSINE)
    } else {
        radians - times(radians, alternating(square, &SINE))
    }
}

/// The angle whose sine and cosine stand in this ratio, both not below nothing and not both nothing.
fn angle(sine: i64, cosine: i64) -> i64 {
    // The series is used up to 0.43 only, where 26 terms are enough.
    if sine < cosine / 5 * 2 {
        arc_tangent(over(sine, cosine))
    } else if cosine < sine / 5 * 2 {
        RIGHT_ANGLE - arc_tangent(over(cosine, sine))
    } else {
        // Both are at most one, so their half sum fits.
        HALF_RIGHT_ANGLE + arc_tangent(over(sine / 2 - cosine / 2, sine / 2 + cosine / 2))
    }
}

fn arc_tangent(ratio: i64) -> i64 {
    let square = times(ratio, ratio);
    times(ratio, ONE - alternating(square, &ARC_TANGENT))
}
