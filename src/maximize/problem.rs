//! The function to maximize, the domain of the search, and the comparison of points.

use serde::{Deserialize, Serialize};

use crate::unit_cube::{Axis, UnitPoint};
use rayon::prelude::*;

/// Number of points in a batch, which one thread evaluates.
///
/// It is constant, so that results do not depend on the number of threads.
const BATCH_SIZE: usize = 256;

/// A function over the unit cube that evaluates several points at once.
pub trait BatchFunction: Sync {
    /// Returns the values at n points (n).
    fn values(&self, points: &[UnitPoint]) -> Vec<f64>;

    /// Returns the values and gradients at n points (n, n × d).
    ///
    /// The search ignores the components of gradients along axes of categories.
    fn values_and_gradients(&self, points: &[UnitPoint]) -> (Vec<f64>, Vec<Vec<f64>>);
}

/// The domain of a maximization, with hints about the function.
pub struct SearchDomain<'a> {
    /// Axes of the cube.
    pub axes: &'a [Axis],
    /// Length scale of the function along each axis (d), in units of the axis.
    pub scales: &'a [f64],
    /// Snapped points near which large values are likely, the best first.
    pub anchors: &'a [UnitPoint],
    /// Returns `true` for points that must not be returned.
    pub forbidden: &'a (dyn Fn(&[f64]) -> bool + Sync),
    /// Kinds of moves that the search uses; all by default.
    pub moves: Moves,
}

/// Kinds of moves of the search; each can be turned off for experiments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moves {
    /// Uses candidates near the anchors, in addition to candidates everywhere in the cube.
    pub near_anchors: bool,
    /// Uses L-BFGS along the smooth axes.
    pub ascent: bool,
    /// Moves to the best neighbor along one discrete axis at a time.
    pub exchange: bool,
}

impl Default for Moves {
    /// Returns all kinds of moves.
    fn default() -> Self {
        Self { near_anchors: true, ascent: true, exchange: true }
    }
}

impl std::fmt::Debug for SearchDomain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SearchDomain").field("axes", &self.axes).finish_non_exhaustive()
    }
}

/// A point with the value of the function there.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredPoint {
    /// The point; results of [`maximize`](super::maximize) are snapped.
    pub point: UnitPoint,
    /// The value of the function at the point.
    pub value: f64,
}

/// Evaluates points in batches on all threads, and keeps their order.
pub(super) fn score(function: &dyn BatchFunction, points: Vec<UnitPoint>) -> Vec<ScoredPoint> {
    // For a single batch, starting other threads costs as much as the evaluation.
    let values: Vec<Vec<f64>> = if points.len() <= BATCH_SIZE {
        points.chunks(BATCH_SIZE).map(|batch| function.values(batch)).collect()
    } else {
        points.par_chunks(BATCH_SIZE).map(|batch| function.values(batch)).collect()
    };
    points
        .into_iter()
        .zip(values.into_iter().flatten())
        .map(|(point, value)| ScoredPoint { point, value })
        .collect()
}

/// Sorts points by decreasing value, with NaN last. Points of equal value keep their order.
pub(super) fn best_first(mut scored: Vec<ScoredPoint>) -> Vec<ScoredPoint> {
    let key = |scored: &ScoredPoint| {
        if scored.value.is_nan() { f64::NEG_INFINITY } else { scored.value }
    };
    scored.sort_by(|a, b| key(b).total_cmp(&key(a)));
    scored
}
