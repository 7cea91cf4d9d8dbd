//! Which trials have a configuration, or the same result of it.

use super::trials::Study;
use crate::space::Configuration;
use crate::trial::{Outcome, Source, Trial};
use std::hash::{DefaultHasher, Hash, Hasher};

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

impl Study {
    /// Whether a trial failed for a reason that says nothing of its configuration: it was interrupted or throttled. The third trial of a configuration that fails
    /// so says something: a job that takes too much memory is killed each time.
    pub(super) fn failed_transiently(&self, trial: &Trial) -> bool {
        let is_transient = |trial: &Trial| matches!(&trial.outcome, Some(Outcome::Failed(failure)) if failure.kind.is_transient());
        let earlier = self.trials_of(&trial.configuration).filter(|other| other.id < trial.id);
        is_transient(trial) && earlier.filter(|other| is_transient(other)).count() < 2
    }

    fn result_key(&self, trial: &Trial) -> u64 {
        let mut hasher = DefaultHasher::new();
        trial.configuration.hash_of_values().hash(&mut hasher);
        match &trial.outcome {
            None => {}
            Some(Outcome::Completed { value }) => (1, value.to_bits()).hash(&mut hasher),
            Some(Outcome::Stopped { value }) => (2, value.map(f64::to_bits)).hash(&mut hasher),
            Some(Outcome::Failed(failure)) => (3, &failure.message).hash(&mut hasher),
        }
        self.deviations.get(&trial.id).map(|deviation| deviation.to_bits()).hash(&mut hasher);
        hasher.finish()
    }

    /// Indexes a trial that has ended, or whose outcome has been replaced.
    pub(super) fn index_result(&mut self, index: usize) {
        let key = self.result_key(&self.trials[index]);
        self.results.add(key, index);
    }

    /// The other trials with the same configuration, outcome and noise, without those that were cut off, the last one first.
    pub(super) fn trials_with_the_result_of<'s>(
        &'s self,
        trial: &'s Trial,
    ) -> impl Iterator<Item = &'s Trial> + use<'s> {
        let deviation = |trial: &Trial| self.deviations.get(&trial.id);
        let candidates = self.results.candidates(self.result_key(trial));
        candidates.map(|index| &self.trials[index]).filter(move |other| {
            other.id != trial.id
                && !other.was_cut_off()
                && other.outcome == trial.outcome
                && other.configuration == trial.configuration
                && deviation(other) == deviation(trial)
        })
    }

    /// Whether a trial from outside says what another one has said that may be known, if the outcomes of the first `horizon` trials are: the
    /// same of the same configuration. A log that is read twice, or a message that is sent again, is one measurement.
    pub(super) fn is_copy(&self, trial: &Trial, horizon: usize) -> bool {
        trial.source == Source::Outside
            && self.trials_with_the_result_of(trial).any(|other| match other.source {
                Source::Own => other.id.0 <= horizon as u64,
                Source::Outside => other.id < trial.id,
            })
    }
}
