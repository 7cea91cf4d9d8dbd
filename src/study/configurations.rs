//! Which trials have a configuration, without a look at all of them.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use crate::space::Configuration;

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

/// Where repetitions are allowed, the few trials that forbid one: by the hashes of what was asked for and of what was proposed.
#[derive(Debug, Default)]
pub(super) struct Blocking(HashMap<u64, BTreeSet<usize>>);

impl Blocking {
    pub(super) fn set(&mut self, configuration: &Configuration, index: usize, blocks: bool) {
        match self.0.entry(configuration.hash_of_values()) {
            Entry::Occupied(mut known) if !blocks => {
                known.get_mut().remove(&index);
                if known.get().is_empty() {
                    known.remove();
                }
            }
            Entry::Vacant(_) if !blocks => {}
            entry => {
                entry.or_default().insert(index);
            }
        }
    }

    /// Indices of trials that may forbid a configuration, the first one first.
    pub(super) fn candidates(
        &self,
        configuration: &Configuration,
    ) -> impl Iterator<Item = usize> + use<'_> {
        self.0.get(&configuration.hash_of_values()).into_iter().flatten().copied()
    }
}
