//! The queue of configurations before proposals: those to rerun, and enqueued ones.

use std::collections::hash_map::Entry;

use super::definition::Study;
use super::event::Event;
use crate::error::{Error, Violation};
use crate::rng::Rng;
use crate::space::{Configuration, ParameterValue};
use crate::strategy::Phase;

/// The number of random completions of a partial configuration that are tried before it is dropped.
const MAX_COMPLETIONS: usize = 1000;
/// The stream of the random numbers that complete partial configurations.
const COMPLETION_STREAM: u32 = 3;

impl Study {
    /// Enqueues a configuration, which [`ask`](Self::ask) returns before the strategy proposes
    /// more.
    ///
    /// `ask` returns enqueued configurations in the order of the calls. Their trials count as jobs.
    /// The configuration may be partial: the strategy chooses the values of the other parameters.
    ///
    /// ```
    /// use surmise::{
    ///     AskOutcome, Configuration, Error, Objective, ParameterRange, RandomSearch, ScalingType,
    ///     SearchSpace, Study, StudySettings,
    /// };
    ///
    /// let range = |name| ParameterRange::continuous(name, 0.0..=1.0, ScalingType::Linear);
    /// let space = SearchSpace::new([range("x"), range("y")])?;
    /// let objective = Objective::minimize("loss");
    /// let mut study = Study::new(space, objective, RandomSearch, StudySettings::default())?;
    /// study.enqueue(&Configuration::from([("x", 0.25.into()), ("y", 0.75.into())]))?;
    /// study.enqueue(&Configuration::from([("y", 0.5.into())]))?;
    /// let AskOutcome::Trials(trials) = study.ask(2)? else { unreachable!("there are two") };
    /// assert_eq!(trials[0].configuration.float("x"), 0.25);
    /// assert_eq!(trials[1].configuration.float("y"), 0.5);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] if a parameter is unknown or a value lies outside its range. Also if the
    /// configuration is enqueued already, or was tried and must not be repeated.
    pub fn enqueue(&mut self, configuration: &Configuration) -> Result<(), Error> {
        self.add_to_queue(configuration, false)
    }

    /// Enqueues a configuration of default values, ahead of those that are enqueued already.
    ///
    /// Parameters that `defaults` does not name get the value at the center of their scaled range;
    /// categorical ones get their first choice.
    ///
    /// # Errors
    /// Those of [`enqueue`](Self::enqueue).
    pub fn enqueue_defaults(&mut self, defaults: &Configuration) -> Result<(), Error> {
        let complete = self.space.fill_in(defaults)?;
        self.add_to_queue(&complete, true)
    }

    /// Returns the enqueued configurations that have not been asked for, complete or partial, the
    /// next one first.
    pub fn enqueued(&self) -> impl Iterator<Item = &Configuration> {
        self.queue.iter()
    }

    fn add_to_queue(&mut self, configuration: &Configuration, first: bool) -> Result<(), Error> {
        let configuration = self.space.normalize_part(configuration)?;
        self.check_can_be_enqueued(&configuration)?;
        self.record(Event::Enqueued { configuration, first }, None);
        Ok(())
    }

    /// Checks that a configuration is not enqueued already, and that no trial blocks it.
    pub(super) fn check_can_be_enqueued(&self, configuration: &Configuration) -> Result<(), Error> {
        let reject = |rule: String, remedy: &str| {
            Err(Error::Invalid(vec![Violation::new("configuration", configuration, rule, remedy)]))
        };
        if self.is_queued(configuration) {
            return reject("it is enqueued already".to_owned(), "enqueue it only once");
        }
        match self.blocking_trial(configuration) {
            None => Ok(()),
            Some(trial) => reject(
                format!("trial {} has this configuration already", trial.id),
                "leave it out, or set StudySettings::repetitions to Repetitions::Allowed if the \
                 metric is noisy",
            ),
        }
    }

    fn is_queued(&self, configuration: &Configuration) -> bool {
        let may_be_queued = self.queued_hashes.contains_key(&configuration.hash_values());
        may_be_queued && self.queue.contains(configuration)
    }

    pub(super) fn push_to_queue(&mut self, configuration: Configuration, first: bool) {
        *self.queued_hashes.entry(configuration.hash_values()).or_default() += 1;
        if first {
            self.queue.push_front(configuration);
        } else {
            self.queue.push_back(configuration);
        }
    }

    pub(super) fn pop_queue(&mut self) {
        if let Some(configuration) = self.queue.pop_front() {
            self.uncount_queued(&configuration);
        }
    }

    fn uncount_queued(&mut self, configuration: &Configuration) {
        if let Entry::Occupied(mut count) = self.queued_hashes.entry(configuration.hash_values()) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }

    /// Removes configurations from the front of the queue that a trial blocks by now.
    pub(super) fn dequeue_blocked(&mut self) {
        while let Some(front) = self.queue.front().filter(|front| self.is_complete(front)).cloned()
            && self.blocking_trial(&front).is_some()
        {
            self.record(Event::Dequeued { configuration: front }, None);
        }
    }

    fn is_complete(&self, configuration: &Configuration) -> bool {
        configuration.iter().len() == self.space.ranges().len()
    }

    /// Returns the complete configuration that comes before any proposal, and its phase.
    pub(super) fn next_queued(&self) -> Option<(Configuration, Phase)> {
        let reruns = self.to_rerun.iter().filter_map(|id| self.trial(*id));
        let mut reruns = reruns.map(|trial| &trial.configuration);
        if let Some(next) = reruns.find(|next| self.blocking_trial(next).is_none()) {
            return Some((next.clone(), Phase::Rerun));
        }
        let front = self.queue.front().filter(|front| self.is_complete(front))?;
        Some((front.clone(), Phase::Enqueued))
    }

    /// Checks that a configuration is the next one to rerun, or the next enqueued one, by `phase`.
    pub(super) fn check_is_next_queued(
        &self,
        configuration: &Configuration,
        phase: Phase,
    ) -> Result<(), Error> {
        if phase == Phase::Rerun {
            return match self.next_queued() {
                Some((next, Phase::Rerun)) if next == *configuration => Ok(()),
                _ => Err(Error::InvalidProposal(format!(
                    "{configuration} is not the first configuration to rerun"
                ))),
            };
        }
        let front = self.queue.front();
        if front.is_some_and(|front| matches_partial(front, configuration)) {
            return self
                .check_not_repeated(configuration)
                .or_else(|error| if front == Some(configuration) { Ok(()) } else { Err(error) });
        }
        Err(Error::InvalidProposal(format!(
            "{configuration} is not the first enqueued configuration"
        )))
    }

    /// Returns whether the first enqueued configuration is partial.
    pub(super) fn is_next_partial(&self) -> bool {
        self.queue.front().is_some_and(|front| !self.is_complete(front))
    }

    /// Completes the first enqueued configuration, if it is partial.
    ///
    /// The missing values come from the proposed configuration. If the result must not be repeated,
    /// or nothing was proposed, they are random. If no new completion is found, the partial
    /// configuration is dequeued.
    ///
    /// # Errors
    /// None for a study that was built through its methods.
    pub(super) fn complete_partial(
        &mut self,
        proposed: Option<&Configuration>,
    ) -> Result<Option<Configuration>, Error> {
        let Some(partial) = self.queue.front().filter(|front| !self.is_complete(front)).cloned()
        else {
            return Ok(None);
        };
        let complete_from = |source: &Configuration| -> Result<Configuration, Error> {
            let values = source.iter().map(|(name, value)| -> (&str, ParameterValue) {
                (name, partial.value(name).unwrap_or(value).clone())
            });
            self.space.normalize(&values.collect())
        };
        if let Some(completed) = proposed.map(complete_from).transpose()?
            && self.blocking_trial(&completed).is_none()
        {
            return Ok(Some(completed));
        }
        let mut rng = Rng::stream(self.settings.seed, self.next_id().0).shared(COMPLETION_STREAM);
        for _ in 0..MAX_COMPLETIONS {
            let point: Vec<f64> = self.space.axes().iter().map(|_| rng.uniform()).collect();
            let random = complete_from(&self.space.decode(&self.space.snap(&point.into())))?;
            if self.blocking_trial(&random).is_none() {
                return Ok(Some(random));
            }
        }
        self.record(Event::Dequeued { configuration: partial }, None);
        Ok(None)
    }

    /// Removes the configuration of the last trial, an external one, from the queue.
    pub(super) fn dequeue_observed(&mut self) {
        if self.queue.is_empty() {
            return;
        }
        let observed = self.trials.last().map(|trial| trial.configuration.clone());
        let is_queued = |observed: &Configuration| self.is_queued(observed);
        if let Some(observed) = observed.filter(is_queued)
            && self.blocking_trial(&observed).is_some()
        {
            self.queue.retain(|queued| *queued != observed);
            self.uncount_queued(&observed);
        }
    }
}

/// Returns whether a configuration has all values of a partial one.
fn matches_partial(partial: &Configuration, configuration: &Configuration) -> bool {
    partial.iter().all(|(name, value)| configuration.value(name) == Some(value))
}
