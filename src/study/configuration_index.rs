//! Indices from configurations to their trials.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use crate::space::Configuration;

/// An index from configurations to trials, by the hash of the configuration.
///
/// `last` has the last trial of each hash, `previous` the trial before it with the same hash.
#[derive(Debug, Default)]
pub(super) struct ConfigurationIndex {
    last: HashMap<u64, usize>,
    previous: Vec<Option<usize>>,
}

impl ConfigurationIndex {
    /// Adds the configuration of the next trial.
    pub(super) fn add(&mut self, configuration: &Configuration) {
        let index = self.previous.len();
        self.previous.push(self.last.insert(configuration.hash_values(), index));
    }

    /// Returns the indices of trials that may have a configuration, the last one first.
    pub(super) fn candidates(
        &self,
        configuration: &Configuration,
    ) -> impl Iterator<Item = usize> + use<'_> {
        let last = self.last.get(&configuration.hash_values()).copied();
        std::iter::successors(last, |index| self.previous[*index])
    }
}

/// The trials that block their configuration, where repetitions are allowed.
///
/// The keys are hashes, of the configuration that was tried and of the one that was proposed.
#[derive(Debug, Default)]
pub(super) struct BlockingTrials(HashMap<u64, BTreeSet<usize>>);

impl BlockingTrials {
    pub(super) fn set(&mut self, configuration: &Configuration, index: usize, blocks: bool) {
        match self.0.entry(configuration.hash_values()) {
            Entry::Occupied(mut trials) if !blocks => {
                trials.get_mut().remove(&index);
                if trials.get().is_empty() {
                    trials.remove();
                }
            }
            Entry::Vacant(_) if !blocks => {}
            entry => {
                entry.or_default().insert(index);
            }
        }
    }

    /// Returns the indices of trials that may block a configuration, the first one first.
    pub(super) fn candidates(
        &self,
        configuration: &Configuration,
    ) -> impl Iterator<Item = usize> + use<'_> {
        self.0.get(&configuration.hash_values()).into_iter().flatten().copied()
    }
}
