//! Quasi-random search: fills the space more evenly than chance does.

use super::{History, Phase, Proposal, Strategy, Visited};
use crate::cube::{self, UnitPoint};
use crate::error::Error;
use crate::rng::Rng;
use crate::sobol::Sobol;

/// Sets the sequence's scramble apart from other shared streams.
const SCRAMBLE: u32 = 1;
/// Points of the sequence that are looked at, before chance decides.
const LOOK_AHEAD: u64 = 64;

/// Proposes the points of a scrambled Sobol sequence in order, passing over what has been visited.
#[derive(Debug, Clone, Copy, Default)]
pub struct SobolSearch;

impl Strategy for SobolSearch {
    fn propose(&self, history: &History<'_>, rng: &mut Rng) -> Result<Option<Proposal>, Error> {
        let point = next_point(history, history.next_trial - 1, rng);
        Ok(point.map(|point| Proposal::new(point, Phase::Design)))
    }
}

/// The first unvisited point of the study's sequence from `index` on; `None` if the space is exhausted.
pub(super) fn next_point(history: &History<'_>, index: u64, rng: &mut Rng) -> Option<UnitPoint> {
    let visited = Visited::of(history);
    if visited.is_everything() {
        return None;
    }
    let sequence = Sobol::new(history.axes.len(), &mut rng.shared(SCRAMBLE));
    (index..index + LOOK_AHEAD)
        .map(|index| cube::snap(history.axes, &sequence.point(index)))
        .find(|point| !visited.contains(point))
        .or_else(|| visited.unvisited(rng))
}
