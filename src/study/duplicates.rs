//! Finds trials with the same configuration or the same result.

use super::definition::Study;
use crate::space::Configuration;
use crate::trial::{Outcome, Source, Trial};
use std::hash::{DefaultHasher, Hash, Hasher};

impl Study {
    /// Returns the trials of a normalized configuration, the last one first.
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

impl Study {
    /// Returns whether a trial failed for a [transient](crate::FailureKind::is_transient) reason,
    /// which says nothing about its configuration.
    ///
    /// The third such failure of a configuration, and each later one, does not count as transient:
    /// a job that needs too much memory is killed each time.
    pub(super) fn failed_transiently(&self, trial: &Trial) -> bool {
        let is_transient = |trial: &Trial| {
            let failure = match &trial.outcome {
                Some(Outcome::Failed(failure)) => Some(failure),
                _ => None,
            };
            failure.is_some_and(|failure| failure.kind.is_transient())
        };
        let earlier = self.trials_of(&trial.configuration).filter(|other| other.id < trial.id);
        is_transient(trial) && earlier.filter(|other| is_transient(other)).count() < 2
    }

    fn result_key(&self, trial: &Trial) -> u64 {
        let mut hasher = DefaultHasher::new();
        trial.configuration.hash_values().hash(&mut hasher);
        match &trial.outcome {
            None => {}
            Some(Outcome::Completed { value }) => (1, value.to_bits()).hash(&mut hasher),
            Some(Outcome::Stopped { value }) => (2, value.map(f64::to_bits)).hash(&mut hasher),
            Some(Outcome::Failed(failure)) => (3, &failure.message).hash(&mut hasher),
        }
        self.noise_std_devs.get(&trial.id).map(|std_dev| std_dev.to_bits()).hash(&mut hasher);
        hasher.finish()
    }

    /// Adds a trial to the result index, after it has ended or its outcome has been replaced.
    pub(super) fn index_result(&mut self, index: usize) {
        let key = self.result_key(&self.trials[index]);
        self.results.add(key, index);
    }

    /// Returns the other trials with the same configuration, outcome and noise, the last one first.
    ///
    /// Interrupted trials are left out.
    pub(super) fn trials_with_same_result<'s>(
        &'s self,
        trial: &'s Trial,
    ) -> impl Iterator<Item = &'s Trial> + use<'s> {
        let noise_std_dev = |trial: &Trial| self.noise_std_devs.get(&trial.id);
        let candidates = self.results.candidates(self.result_key(trial));
        candidates.map(|index| &self.trials[index]).filter(move |other| {
            other.id != trial.id
                && !other.needs_rerun()
                && other.outcome == trial.outcome
                && other.configuration == trial.configuration
                && noise_std_dev(other) == noise_std_dev(trial)
        })
    }

    /// Returns whether an external trial repeats the result of an earlier external trial or of a
    /// visible trial of the study.
    ///
    /// The outcomes of the first `horizon` trials are visible. A log that is read twice, or a
    /// message that is sent again, is one measurement.
    pub(super) fn is_duplicate(&self, trial: &Trial, horizon: usize) -> bool {
        trial.source == Source::External
            && self.trials_with_same_result(trial).any(|other| match other.source {
                Source::Study => other.id.0 <= horizon as u64,
                Source::External => other.id < trial.id,
            })
    }
}
