//! Which trials have a configuration, without a look at all of them.

use std::collections::HashMap;

use super::Study;
use crate::space::Configuration;
use crate::trial::Trial;

/// Trials by the hash of their configurations: of each hash the last trial, and of each trial the one before.
#[derive(Debug, Default)]
pub(super) struct Configurations {
    last: HashMap<u64, usize>,
    before: Vec<Option<usize>>,
}

impl Configurations {
    /// Adds the next trial.
    pub(super) fn add(&mut self, configuration: &Configuration) {
        let index = self.before.len();
        self.before.push(self.last.insert(configuration.hash_of_values(), index));
    }

    /// Indices of trials that may have a configuration, the last one first.
    pub(super) fn candidates(
        &self,
        configuration: &Configuration,
    ) -> impl Iterator<Item = usize> + use<'_> {
        let last = self.last.get(&configuration.hash_of_values()).copied();
        std::iter::successors(last, |index| self.before[*index])
    }
}

impl Study {
    /// The trials of a configuration in the space's own order and types, the last one first.
    pub(super) fn trials_of<'s, 'c>(
        &'s self,
        configuration: &'c Configuration,
    ) -> impl Iterator<Item = &'s Trial> + use<'s, 'c> {
        let candidates = self.configurations.candidates(configuration);
        candidates
            .map(|index| &self.trials[index])
            .filter(move |trial| trial.configuration == *configuration)
    }
}
