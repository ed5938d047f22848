//! The chart of rides per hour: bars of whole pixels, drawn by attributes and classes only, so that the strictest
//! content policy shows it. The same numbers stand in a table beside it.

/// Width of the drawing in its own units.
pub const WIDTH: i64 = 960;
/// Height of the drawing in its own units.
pub const HEIGHT: i64 = 264;
const LEFT: i64 = 56;
const RIGHT: i64 = 8;
const TOP: i64 = 12;
const BOTTOM: i64 = 28;

/// One hour and the rides that began in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hour {
    /// The wall-clock hour, 0 to 23.
    pub hour: u32,
    /// The rides; late corrections may bring a quiet hour below zero.
    pub rides: i64,
}

/// One bar of the drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// The hour it stands for.
    pub hour: u32,
    /// Left edge.
    pub x: i64,
    /// Width.
    pub width: i64,
    /// Middle, for the label.
    pub middle: i64,
    /// Top.
    pub y: i64,
    /// Height.
    pub height: i64,
    /// Whether the label under it is drawn.
    pub labelled: bool,
    /// The figure, for the tooltip.
    pub rides: i64,
}

/// A line of the scale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tick {
    /// Where it lies.
    pub y: i64,
    /// What it stands for.
    pub value: i64,
}

/// The drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// The bars, in the order of the service day.
    pub bars: Vec<Bar>,
    /// The scale, from zero up.
    pub ticks: Vec<Tick>,
    /// Left end of the scale's lines.
    pub left: i64,
    /// Right end of the scale's lines.
    pub right: i64,
    /// Where zero lies.
    pub base: i64,
}

/// Most lines of the scale above zero.
const LINES_MAX: i64 = 6;

/// The step of a scale of at most [`LINES_MAX`] lines that reaches `highest`: 1, 2 or 5 times a power of ten.
fn step(highest: i64) -> i64 {
    let mut decade = 1_i64;
    loop {
        for factor in [1, 2, 5] {
            let step = decade.saturating_mul(factor);
            if step.saturating_mul(LINES_MAX) >= highest {
                return step;
            }
        }
        decade = decade.saturating_mul(10);
    }
}

/// Draws the hours in the given order.
pub fn draw(hours: &[Hour]) -> Chart {
    let highest = hours.iter().map(|hour| hour.rides).max().unwrap_or(0).max(1);
    let step = step(highest);
    let lines = (highest.saturating_add(step).saturating_sub(1)) / step;
    let ceiling = i128::from(step) * i128::from(lines);
    let (base, room) = (HEIGHT - BOTTOM, HEIGHT - BOTTOM - TOP);
    let height = |value: i64| {
        let exact = i128::from(value.max(0)) * i128::from(room) / ceiling;
        i64::try_from(exact).unwrap_or(room).min(room)
    };
    let slot = (WIDTH - LEFT - RIGHT) / i64::try_from(hours.len().max(1)).unwrap_or(1);
    let width = (slot * 7 / 10).max(2);
    let bar = |(index, hour): (usize, &Hour)| {
        let x = LEFT + slot * i64::try_from(index).unwrap_or(0) + (slot - width) / 2;
        let height = height(hour.rides);
        Bar {
            hour: hour.hour,
            x,
            width,
            middle: x + width / 2,
            y: base - height,
            height,
            labelled: hour.hour.is_multiple_of(2),
            rides: hour.rides,
        }
    };
    Chart {
        bars: hours.iter().enumerate().map(bar).collect(),
        ticks: (0..=lines).map(|line| Tick { y: base - height(line * step), value: line * step }).collect(),
        left: LEFT,
        right: WIDTH - RIGHT,
        base,
    }
}

#[cfg(test)]
#[path = "chart_tests.rs"]
mod tests;
