//! Random search, the baseline for all other strategies.

use super::contract::{History, Phase, Proposal, Strategy};
use super::visited::Visited;
use crate::description::Description;
use crate::error::Error;
use crate::rng::Rng;

pub(super) const NAME: &str = "random";

/// Proposes random points, uniform on the scale of each range, without repetition.
///
/// It is the baseline that other strategies must beat. Hyperband in its original form uses it.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomSearch;

impl Strategy for RandomSearch {
    fn propose(&self, history: &History<'_>, rng: &mut Rng) -> Result<Option<Proposal>, Error> {
        let point = Visited::new(history).sample_unvisited(rng);
        Ok(point.map(|point| Proposal::new(point, Phase::Random)))
    }

    fn is_cheap(&self) -> bool {
        true
    }

    fn description(&self) -> Description {
        Description::named(NAME)
    }
}
