//! Bowls: a minimum with a place, a level, a width and a shape.
//!
//! | symbol | meaning |
//! | --- | --- |
//! | u | coordinates in the unit cube, of d parameters |
//! | c, R | place of the minimum, orthogonal matrix |
//! | w | weights with mean 1; 0 for a parameter without effect |
//! | σ | width |
//! | r² = Σⱼ wⱼ (R (u − c))ⱼ² ⁄ (d σ²) | squared distance |
//!
//! The value is level + height · shape(r²).

use super::ranges::{log_between, place, whole_between};
use crate::decorators::transformations::random_orthogonal;
use crate::statistics::mean;
use surmise::rng::Rng;
use surmise::space::SearchSpace;
use surmise::unit_cube::UnitPoint;

/// How the value of a bowl grows with the distance from its place.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// The squared distance, r².
    Quadratic,
    /// The distance itself, r.
    Cone,
    /// Its slow logarithm, ln(1 + r²).
    Logarithmic,
    /// 1 − exp(−r² ⁄ 2), which is 1 far away.
    Saturating,
}

impl Shape {
    /// Draws one of the shapes without a bound.
    pub(super) fn unbounded(rng: &mut Rng) -> Self {
        [Self::Quadratic, Self::Cone, Self::Logarithmic][rng.index(3)]
    }

    fn value(self, square: f64) -> f64 {
        match self {
            Self::Quadratic => square,
            Self::Cone => square.sqrt(),
            Self::Logarithmic => square.ln_1p(),
            Self::Saturating => -(-square / 2.0).exp_m1(),
        }
    }
}

/// A minimum with a place, a level and a shape.
#[derive(Debug, Clone)]
pub(super) struct Bowl {
    pub(super) place: UnitPoint,
    level: f64,
    height: f64,
    width: f64,
    shape: Shape,
    weights: Vec<f64>,
    rotation: Option<Vec<Vec<f64>>>,
}

impl Bowl {
    /// Draws a place and weights; the bowl has the level 0 and is rotated.
    pub(super) fn new(rng: &mut Rng, space: &SearchSpace, width: f64, shape: Shape) -> Self {
        let size = space.axes().len();
        let weights = scaled_to_mean_one((0..size).map(|_| log_between(rng, 0.3, 3.0)).collect());
        let place = place(rng, space);
        let rotation = Some(random_orthogonal(size, rng));
        Self { place, level: 0.0, height: 1.0, width, shape, weights, rotation }
    }

    /// Sets the value at the minimum.
    pub(super) fn with_level(self, level: f64) -> Self {
        Self { level, ..self }
    }

    /// Sets the factor of the shape; 1 by default.
    pub(super) fn with_height(self, height: f64) -> Self {
        Self { height, ..self }
    }

    /// Takes the effect from up to half of the parameters; the other ones are rotated on demand.
    pub(super) fn with_idle_parameters(self, rng: &mut Rng, is_rotated: bool) -> Self {
        let mut weights = self.weights;
        for _ in 0..whole_between(rng, 0, weights.len() / 2) {
            let idle = rng.index(weights.len());
            weights[idle] = 0.0;
        }
        let rotation = is_rotated.then(|| rotation_among_active(&weights, rng));
        Self { weights: scaled_to_mean_one(weights), rotation, ..self }
    }

    /// Computes the value at a point.
    pub(super) fn value(&self, point: &[f64]) -> f64 {
        let offset: Vec<f64> = point.iter().zip(self.place.iter()).map(|(u, c)| u - c).collect();
        let dot = |row: &Vec<f64>| row.iter().zip(&offset).map(|(r, x)| r * x).sum::<f64>();
        let rotated = match &self.rotation {
            Some(rows) => rows.iter().map(dot).collect(),
            None => offset.clone(),
        };
        let weighted = rotated.iter().zip(&self.weights).map(|(x, w)| w * x * x).sum::<f64>();
        #[allow(clippy::cast_precision_loss, reason = "a few parameters")]
        let square = weighted / (point.len() as f64 * self.width * self.width);
        self.level + self.height * self.shape.value(square)
    }
}

/// Returns a rotation of the parameters with an effect; the other ones stay as they are.
fn rotation_among_active(weights: &[f64], rng: &mut Rng) -> Vec<Vec<f64>> {
    let active: Vec<usize> = (0..weights.len()).filter(|i| weights[*i] > 0.0).collect();
    let small = random_orthogonal(active.len(), rng);
    let unit = |i: usize| (0..weights.len()).map(move |j| f64::from(u8::from(i == j)));
    let mut rows: Vec<Vec<f64>> = (0..weights.len()).map(|i| unit(i).collect()).collect();
    for (row, entries) in active.iter().zip(small) {
        for (column, entry) in active.iter().zip(entries) {
            rows[*row][*column] = entry;
        }
    }
    rows
}

fn scaled_to_mean_one(weights: Vec<f64>) -> Vec<f64> {
    let scale = mean(&weights);
    weights.into_iter().map(|weight| weight / scale).collect()
}
