//! What is maximized, where, and how points are compared.

use serde::{Deserialize, Serialize};

use crate::cube::{Axis, UnitPoint};
use rayon::prelude::*;

/// Points scored in one batch, on one thread. Fixed, so that the number of threads changes nothing.
const BATCH: usize = 256;

/// A function over the cube.
pub trait Landscape: Sync {
    /// Values at points.
    fn values(&self, points: &[UnitPoint]) -> Vec<f64>;

    /// Values at points, and gradients by the coordinates; those of categories are ignored.
    fn values_and_gradients(&self, points: &[UnitPoint]) -> (Vec<f64>, Vec<Vec<f64>>);
}

/// What is known about where to search.
pub struct Search<'a> {
    /// The axes of the cube.
    pub axes: &'a [Axis],
    /// How far along each axis the function changes much.
    pub scales: &'a [f64],
    /// Points near which good values are expected, the best first.
    pub anchors: &'a [UnitPoint],
    /// Points that must not be returned.
    pub forbidden: &'a (dyn Fn(&[f64]) -> bool + Sync),
    /// Which ways there are from one point to a better one.
    pub moves: Moves,
}

/// The ways from one point to a better one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moves {
    /// Candidates near the anchors, besides those all over the cube.
    pub near_anchors: bool,
    /// L-BFGS along the smooth axes.
    pub ascent: bool,
    /// The best neighbour along one discrete axis at a time.
    pub exchange: bool,
}

impl Default for Moves {
    fn default() -> Self {
        Self { near_anchors: true, ascent: true, exchange: true }
    }
}

impl std::fmt::Debug for Search<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Search").field("axes", &self.axes).finish_non_exhaustive()
    }
}

/// A point and the function's value there.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// Snapped.
    pub point: UnitPoint,
    /// The function's value.
    pub value: f64,
}

/// Scores points in batches over all threads, in order.
pub(super) fn score(landscape: &dyn Landscape, points: Vec<UnitPoint>) -> Vec<Scored> {
    // Waking threads costs as much as a small batch.
    let values: Vec<Vec<f64>> = if points.len() <= BATCH {
        points.chunks(BATCH).map(|batch| landscape.values(batch)).collect()
    } else {
        points.par_chunks(BATCH).map(|batch| landscape.values(batch)).collect()
    };
    points
        .into_iter()
        .zip(values.into_iter().flatten())
        .map(|(point, value)| Scored { point, value })
        .collect()
}

/// Sorted from the best down; what is not a number comes last, ties stay in order.
pub(super) fn best_first(mut scored: Vec<Scored>) -> Vec<Scored> {
    let key = |scored: &Scored| {
        if scored.value.is_nan() { f64::NEG_INFINITY } else { scored.value }
    };
    scored.sort_by(|a, b| key(b).total_cmp(&key(a)));
    scored
}
