//! Random search: the baseline that every other strategy must beat.

use super::contract::{History, Phase, Proposal, Strategy};
use super::visited::Visited;
use crate::description::Description;
use crate::error::Error;
use crate::rng::Rng;

pub(super) const NAME: &str = "random";

/// Proposes uniformly at random, in the scale of each range, without repetition.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomSearch;

impl Strategy for RandomSearch {
    fn propose(&self, history: &History<'_>, rng: &mut Rng) -> Result<Option<Proposal>, Error> {
        let point = Visited::of(history).unvisited(rng);
        Ok(point.map(|point| Proposal::new(point, Phase::Random)))
    }

    fn is_quick(&self) -> bool {
        true
    }

    fn description(&self) -> Description {
        Description::named(NAME)
    }
}
