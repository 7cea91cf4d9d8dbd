//! Random ranges, and random points of a space.

use surmise::error::Error;
use surmise::rng::Rng;
use surmise::space::{ParameterRange, ScalingType, SearchSpace};
use surmise::unit_cube::UnitPoint;

/// Draws a number between two bounds.
pub(super) fn between(rng: &mut Rng, low: f64, high: f64) -> f64 {
    low + (high - low) * rng.uniform()
}

/// Draws a whole number between two bounds, both included.
pub(super) fn whole_between(rng: &mut Rng, low: usize, high: usize) -> usize {
    low + rng.index(high - low + 1)
}

/// Draws a number whose logarithm is uniform.
pub(super) fn log_between(rng: &mut Rng, low: f64, high: f64) -> f64 {
    between(rng, low.ln(), high.ln()).exp()
}

/// Draws the ranges `p0`, `p1`, … of numbers: linear, logarithmic, and of integers.
///
/// Half of them are continuous and linear; integer ranges have at least 20 levels.
pub(super) fn number_ranges(rng: &mut Rng, count: usize) -> Vec<Result<ParameterRange, Error>> {
    let range = |i: usize| {
        let name = format!("p{i}");
        match rng.index(6) {
            0 => {
                let low = 10_f64.powi(-i32::try_from(whole_between(rng, 3, 7)).expect("small"));
                ParameterRange::continuous(name, low..=1.0, ScalingType::Logarithmic)
            }
            1 => {
                let levels = i64::try_from(whole_between(rng, 20, 60)).expect("small");
                ParameterRange::integer(name, 1..=levels, ScalingType::Linear)
            }
            2 => ParameterRange::integer(name, 4..=1024, ScalingType::Logarithmic),
            _ => ParameterRange::continuous(name, 0.0..=1.0, ScalingType::Linear),
        }
    };
    (0..count).map(range).collect()
}

/// Draws a configuration uniformly from the part of the space between 5 % and 95 % of each axis.
pub(super) fn place(rng: &mut Rng, space: &SearchSpace) -> UnitPoint {
    let point: Vec<f64> = space.axes().iter().map(|_| between(rng, 0.05, 0.95)).collect();
    space.snap(&point.into())
}
