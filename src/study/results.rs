//! Which trials have the same result of the same configuration, without a look at all of them.

use std::collections::HashMap;

/// Trials by the hash of configuration, outcome and noise: of each hash the last entry, and of each entry its trial and the one before.
#[derive(Debug, Default)]
pub(super) struct ResultIndex {
    last: HashMap<u64, usize>,
    entries: Vec<(usize, Option<usize>)>,
}

impl ResultIndex {
    /// Adds the result of a trial.
    pub(super) fn add(&mut self, key: u64, index: usize) {
        let before = self.last.insert(key, self.entries.len());
        self.entries.push((index, before));
    }

    /// Indices of trials that may have this result, the last one first; those whose result has been replaced are still among them.
    pub(super) fn candidates(&self, key: u64) -> impl Iterator<Item = usize> + use<'_> {
        let mut next = self.last.get(&key).copied();
        std::iter::from_fn(move || {
            let (index, before) = self.entries[next?];
            next = before;
            Some(index)
        })
    }
}
