//! Quasi-random search by a Sobol sequence.

use super::contract::{History, Phase, Proposal, Strategy};
use super::visited::Visited;
use crate::description::Description;
use crate::error::Error;
use crate::rng::Rng;
use crate::sobol::Sobol;
use crate::unit_cube::{self, UnitPoint};

pub(super) const NAME: &str = "sobol";
/// Number of the shared random stream that scrambles the sequence.
const SCRAMBLE_STREAM: u32 = 1;
/// Number of points of the sequence that are tried before a random point is drawn.
const LOOK_AHEAD: u64 = 64;

/// Proposes the unvisited points of a scrambled Sobol sequence, in order.
///
/// The points fill the space more evenly than random points. Use it to explore a space, or as a
/// baseline.
#[derive(Debug, Clone, Copy, Default)]
pub struct SobolSearch;

impl Strategy for SobolSearch {
    fn propose(&self, history: &History<'_>, rng: &mut Rng) -> Result<Option<Proposal>, Error> {
        let visited = Visited::new(history);
        let point = next_point(history, &visited, history.next_trial.0 - 1, rng);
        Ok(point.map(|point| Proposal::new(point, Phase::Design)))
    }

    fn is_cheap(&self) -> bool {
        true
    }

    fn description(&self) -> Description {
        Description::named(NAME)
    }
}

/// Returns the first unvisited point of the sequence from `index` on, or a random unvisited point.
///
/// Returns `None` if the space is exhausted.
fn next_point(
    history: &History<'_>,
    visited: &Visited<'_>,
    index: u64,
    rng: &mut Rng,
) -> Option<UnitPoint> {
    if visited.is_exhausted() {
        return None;
    }
    let first = unvisited_points(history, visited, index, |point| point, rng).next();
    first.or_else(|| visited.sample_unvisited(rng))
}

/// Returns the unvisited points among the next 64 points of the sequence from `index` on.
///
/// Each point is passed through `transform` and then snapped.
pub(super) fn unvisited_points(
    history: &History<'_>,
    visited: &Visited<'_>,
    index: u64,
    transform: impl Fn(Vec<f64>) -> Vec<f64>,
    rng: &Rng,
) -> impl Iterator<Item = UnitPoint> {
    let sequence = Sobol::new(history.axes.len(), &mut rng.shared(SCRAMBLE_STREAM));
    (index..index + LOOK_AHEAD)
        .map(move |index| unit_cube::snap(history.axes, &transform(sequence.point(index))))
        .filter(|point| !visited.contains(point))
}
