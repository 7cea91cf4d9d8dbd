//! Strategies that begin with the center of the space, to measure what that is worth.

use surmise::error::Error;
use surmise::rng::Rng;
use surmise::strategy::{History, Phase, Proposal, Strategy};
use surmise::trial::TrialId;
use surmise::unit_cube;

/// A strategy whose first trial is the center of the space.
///
/// Bayesian optimization begins with the center. On problems whose optimum is near it, that is an
/// advantage without a model. A baseline with the same first trial shows how large it is.
#[derive(Debug, Clone, Copy)]
pub struct CenterFirst<S>(pub S);

impl<S: Strategy> Strategy for CenterFirst<S> {
    fn propose(&self, history: &History<'_>, rng: &mut Rng) -> Result<Option<Proposal>, Error> {
        if history.next_trial == TrialId(1) {
            let center = unit_cube::center(history.axes);
            return Ok(Some(Proposal::new(center, Phase::Design)));
        }
        self.0.propose(history, rng)
    }
}
