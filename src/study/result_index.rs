//! An index from results to the trials that have them.

use std::collections::HashMap;

/// An index by the hash of configuration, outcome and noise.
///
/// `last` has the last entry of each hash; each entry has its trial and the entry before it.
#[derive(Debug, Default)]
pub(super) struct ResultIndex {
    last: HashMap<u64, usize>,
    entries: Vec<(usize, Option<usize>)>,
}

impl ResultIndex {
    /// Adds the result of the trial at `index`.
    pub(super) fn add(&mut self, key: u64, index: usize) {
        let previous = self.last.insert(key, self.entries.len());
        self.entries.push((index, previous));
    }

    /// Returns the indices of trials that may have a result, the last one first.
    ///
    /// Trials whose result has been replaced since are among them.
    pub(super) fn candidates(&self, key: u64) -> impl Iterator<Item = usize> + use<'_> {
        let mut next = self.last.get(&key).copied();
        std::iter::from_fn(move || {
            let (index, previous) = self.entries[next?];
            next = previous;
            Some(index)
        })
    }
}
