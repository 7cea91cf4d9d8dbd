//! Quasi-random search: fills the space more evenly than chance does.

use super::contract::{History, Phase, Proposal, Strategy};
use super::visited::Visited;
use crate::cube::{self, UnitPoint};
use crate::description::Description;
use crate::error::Error;
use crate::rng::Rng;
use crate::sobol::Sobol;

pub(super) const NAME: &str = "sobol";
/// Sets the sequence's scramble apart from other shared streams.
const SCRAMBLE: u32 = 1;
/// Points of the sequence that are looked at, before chance decides.
const LOOK_AHEAD: u64 = 64;

/// Proposes the points of a scrambled Sobol sequence in order, passing over what has been visited.
#[derive(Debug, Clone, Copy, Default)]
pub struct SobolSearch;

impl Strategy for SobolSearch {
    fn propose(&self, history: &History<'_>, rng: &mut Rng) -> Result<Option<Proposal>, Error> {
        let visited = Visited::of(history);
        let point = next_point(history, &visited, history.next_trial.0 - 1, rng);
        Ok(point.map(|point| Proposal::new(point, Phase::Design)))
    }

    fn is_quick(&self) -> bool {
        true
    }

    fn description(&self) -> Description {
        Description::named(NAME)
    }
}

/// The first unvisited point of the study's sequence from `index` on; `None` if the space is exhausted.
fn next_point(
    history: &History<'_>,
    visited: &Visited<'_>,
    index: u64,
    rng: &mut Rng,
) -> Option<UnitPoint> {
    if visited.is_everything() {
        return None;
    }
    let first = upcoming(history, visited, index, |point| point, rng).next();
    first.or_else(|| visited.unvisited(rng))
}

/// The unvisited ones of the next points of the study's sequence from `index` on, after `lay` and snapping.
pub(super) fn upcoming(
    history: &History<'_>,
    visited: &Visited<'_>,
    index: u64,
    lay: impl Fn(Vec<f64>) -> Vec<f64>,
    rng: &Rng,
) -> impl Iterator<Item = UnitPoint> {
    let sequence = Sobol::new(history.axes.len(), &mut rng.shared(SCRAMBLE));
    (index..index + LOOK_AHEAD)
        .map(move |index| cube::snap(history.axes, &lay(sequence.point(index))))
        .filter(|point| !visited.contains(point))
}
