//! The interface of the searches that a run drives.

use crate::run::RunTrial;
use surmise::space::{Configuration, SearchSpace};
use surmise::trial::Outcome;

/// The settings of a search.
#[derive(Debug)]
pub(super) struct OptimizerSettings<'a> {
    pub(super) space: &'a SearchSpace,
    pub(super) seed: u64,
    pub(super) budget: usize,
    pub(super) concurrency: usize,
    pub(super) is_noisy: bool,
}

/// A search by a strategy or an external program; trials are numbered from 0 in proposal order.
pub(super) trait Optimizer {
    /// Proposes up to `count` configurations; an empty list ends the search.
    fn ask(&mut self, count: usize) -> Result<Vec<Configuration>, String>;
    /// Passes the outcome of a trial to the search.
    fn tell(
        &mut self,
        trial: usize,
        configuration: &Configuration,
        outcome: &Outcome,
    ) -> Result<(), String>;
    /// Returns the recommended one of these trials; `None` stands for the one with the smallest
    /// measured value.
    fn recommend(&mut self, trials: &[RunTrial]) -> Result<Option<usize>, String>;
}
