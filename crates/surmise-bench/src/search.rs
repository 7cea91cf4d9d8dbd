//! What a search is told when it begins, and what it is asked.

use surmise::space::{Configuration, SearchSpace};
use surmise::trial::Outcome;

/// What a search is told at its beginning.
#[derive(Debug)]
pub(super) struct Brief<'a> {
    pub(super) space: &'a SearchSpace,
    pub(super) seed: u64,
    pub(super) budget: usize,
    pub(super) parallel: usize,
}

/// One search, whoever does it. Trials are numbered from 0 in the order of asking.
pub(super) trait Search {
    /// Up to `count` configurations; none if there will be none any more.
    fn ask(&mut self, count: usize) -> Result<Vec<Configuration>, String>;
    /// How a trial ended.
    fn tell(
        &mut self,
        trial: usize,
        configuration: &Configuration,
        outcome: &Outcome,
    ) -> Result<(), String>;
    /// The trial that it would recommend; `None` if it has no opinion but the least measured value.
    fn recommended(&mut self) -> Result<Option<usize>, String>;
}
