//! Maximizes a function over the cube, continuous and discrete axes together.
//!
//! | symbol | meaning | shape |
//! | --- | --- | --- |
//! | a(x) | the function, a [`Landscape`] evaluated in batches | – |
//! | ℓ | scales of the axes; L-BFGS works in x ⁄ ℓ, and distances between starts are taken there | d |
//!
//! 1. A finite cube of at most 10,000 cells is enumerated: the result is exact.
//! 2. Otherwise many raw candidates are scored at once (`candidates`): quasi-random ones, and neighbours of good points.
//! 3. The best and a random choice of good and distinct ones start L-BFGS runs over the smooth axes, advanced in lock-step,
//!    one batched evaluation per iteration (`ascent`).
//! 4. Every iterate then moves to its best neighbour along one discrete axis at a time, all neighbourhoods being scored at
//!    once; both repeat while they gain (`exchange`).
//!
//! 5. Where a forbidden point is the best of what was found, the neighbourhoods of all points that are better than the best allowed one
//!    are scored, too, until none of them is left (`beside_forbidden`): what is allowed next to it is then found.
//!
//! What is scored in the end is what will be run: snapped points. Forbidden points are never returned.

mod ascent;
mod candidates;
mod exchange;

use rayon::prelude::*;

use crate::cube::{self, Axis, UnitPoint};
use crate::rng::Rng;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// Cubes of up to this many cells are enumerated.
const ENUMERABLE: u128 = 10_000;
/// Points scored in one batch, on one thread. Fixed, so that the number of threads changes nothing.
const BATCH: usize = 256;
/// Rounds of ascent and exchange.
const ROUNDS: usize = 4;

/// The best snapped point found that is not forbidden; `None` if none was met.
pub fn maximize(landscape: &dyn Landscape, search: &Search<'_>, rng: &mut Rng) -> Option<Scored> {
    match cube::cell_count(search.axes) {
        Some(count) if count <= ENUMERABLE => enumerate(landscape, search),
        _ => explore(landscape, search, rng),
    }
}

fn enumerate(landscape: &dyn Landscape, search: &Search<'_>) -> Option<Scored> {
    let mut points = vec![Vec::new()];
    for axis in search.axes {
        let cells = axis.cells().unwrap_or(1);
        points = points
            .into_iter()
            .flat_map(|point: Vec<f64>| {
                (0..cells).map(move |cell| {
                    let mut longer = point.clone();
                    longer.push(axis.coordinate(cell));
                    longer
                })
            })
            .collect();
    }
    let allowed: Vec<UnitPoint> = points
        .into_iter()
        .filter(|point| !(search.forbidden)(point))
        .map(UnitPoint::from)
        .collect();
    best_first(score(landscape, allowed)).into_iter().next()
}

fn explore(landscape: &dyn Landscape, search: &Search<'_>, rng: &mut Rng) -> Option<Scored> {
    let raw = best_first(score(landscape, candidates::raw(search, rng)));
    let smooth = ascent::SmoothAxes::of(search);
    let mut starts = candidates::starts(&raw, search, rng);
    for _ in 0..ROUNDS {
        let before = starts.clone();
        if search.moves.ascent {
            starts = ascent::ascend(landscape, &smooth, starts);
        }
        if !(search.moves.exchange && exchange::has_moves(search.axes)) {
            break;
        }
        starts = exchange::exchange(landscape, search, starts, rng);
        let gain = starts
            .iter()
            .zip(&before)
            .map(|(now, then)| now.value - then.value)
            .fold(f64::NEG_INFINITY, f64::max);
        if gain < 1e-6 {
            break;
        }
    }
    let snapped = starts.into_iter().map(|start| cube::snap(search.axes, &start.point)).collect();
    let mut found = score(landscape, snapped);
    found.extend(raw);
    let found = best_first(found);
    exchange::beside_forbidden(landscape, search, &found, rng)
        .or_else(|| first_allowed(found, search))
        // Everything that was met is taken: look next to it.
        .or_else(|| {
            first_allowed(best_first(score(landscape, candidates::near(search, rng))), search)
        })
}

fn first_allowed(scored: Vec<Scored>, search: &Search<'_>) -> Option<Scored> {
    scored.into_iter().find(|scored| !(search.forbidden)(&scored.point))
}

/// Scores points in batches over all threads, in order.
fn score(landscape: &dyn Landscape, points: Vec<UnitPoint>) -> Vec<Scored> {
    let values: Vec<Vec<f64>> =
        points.par_chunks(BATCH).map(|batch| landscape.values(batch)).collect();
    points
        .into_iter()
        .zip(values.into_iter().flatten())
        .map(|(point, value)| Scored { point, value })
        .collect()
}

/// Sorted from the best down; what is not a number comes last, ties stay in order.
fn best_first(mut scored: Vec<Scored>) -> Vec<Scored> {
    let key = |scored: &Scored| {
        if scored.value.is_nan() { f64::NEG_INFINITY } else { scored.value }
    };
    scored.sort_by(|a, b| key(b).total_cmp(&key(a)));
    scored
}

#[cfg(test)]
mod tests;
