//! Replays events, and checks that each may follow the events before it.

use super::definition::Study;
use super::event::Event;
use super::finite_values::{check_finite, check_noise_std_dev};
use super::settings::StudySettings;
use crate::error::{Error, Violation};
use crate::objective::Objective;
use crate::space::{Configuration, SearchSpace};
use crate::strategy::{Phase, Repetitions, Strategy};
use crate::trial::{Outcome, Trial, TrialId};
use crate::unit_cube::UnitPoint;

impl Study {
    /// Rebuilds a study from the [`events`](Self::events) of an earlier one.
    ///
    /// With the same space, objective, strategy and settings, it continues exactly as the original
    /// would. Events do not contain these: the caller must pass the same ones. (A
    /// [`Journal`](crate::journal::Journal) checks this.)
    ///
    /// ```
    /// use surmise::{
    ///     Error, Objective, ParameterRange, RandomSearch, ScalingType, SearchSpace, Study,
    ///     StudySettings,
    /// };
    ///
    /// let range = ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear);
    /// let (space, objective) = (SearchSpace::new([range])?, Objective::minimize("loss"));
    /// let settings = StudySettings::default();
    /// let mut study = Study::new(space.clone(), objective.clone(), RandomSearch, settings)?;
    /// study.ask(2)?;
    /// let events = study.events().to_vec();
    /// let mut copy = Study::replay(space, objective, RandomSearch, settings, events)?;
    /// assert_eq!(copy.ask(1)?, study.ask(1)?);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`new`](Self::new), and [`Error::InvalidEvent`] for the first event that cannot
    /// follow the events before it:
    ///
    /// - a trial whose number is not the next one,
    /// - a configuration whose parameters are not in the order and types of the space,
    /// - a report or an outcome of a trial that is not running,
    /// - an outcome with a value that is not finite,
    /// - a proposal of a configuration that must not be repeated.
    ///
    /// The [`Order`](super::Order) of `settings` is not checked, because a study may continue under
    /// another order.
    pub fn replay(
        space: SearchSpace,
        objective: Objective,
        strategy: impl Strategy + 'static,
        settings: StudySettings,
        events: impl IntoIterator<Item = Event>,
    ) -> Result<Self, Error> {
        let mut study = Self::new(space, objective, strategy, settings)?;
        study.extend(events)?;
        Ok(study)
    }

    /// Appends events. If one is invalid, the events before it stay appended.
    ///
    /// # Errors
    /// [`Error::InvalidEvent`], as [`replay`](Self::replay) says, with the index among these
    /// events.
    pub(crate) fn extend(&mut self, events: impl IntoIterator<Item = Event>) -> Result<(), Error> {
        for (index, event) in events.into_iter().enumerate() {
            let point = self
                .validate_event(&event)
                .map_err(|error| Error::InvalidEvent { index, reason: error.to_string() })?;
            self.record(event, point);
        }
        Ok(())
    }

    /// Checks that an event may be the next one. Returns the point of an event that adds a trial.
    ///
    /// # Errors
    /// Any error that explains why the event cannot be the next one.
    fn validate_event(&self, event: &Event) -> Result<Option<UnitPoint>, Error> {
        match event {
            Event::Enqueued { configuration, .. } => {
                self.check_can_be_enqueued(configuration)?;
                let normal = self.space.normalize_part(configuration)?;
                check_normalized(configuration, &normal).map(|()| None)
            }
            Event::Dequeued { configuration } => {
                if self.queue.front() == Some(configuration) {
                    return Ok(None);
                }
                Err(Error::InvalidProposal(format!(
                    "{configuration} is not the first enqueued configuration"
                )))
            }
            Event::Asked { trial, configuration, proposal } => {
                if matches!(proposal.phase, Phase::Enqueued | Phase::Rerun) {
                    self.check_is_next_queued(configuration, proposal.phase)?;
                } else {
                    self.check_not_repeated(configuration)?;
                }
                self.validate_new_trial(*trial, configuration).map(Some)
            }
            Event::Observed { trial, configuration, outcome, noise_std_dev } => {
                check_finite(outcome)?;
                check_noise_std_dev(*noise_std_dev)?;
                self.validate_new_trial(*trial, configuration).map(Some)
            }
            Event::Reported { trial, .. }
            | Event::StopRequested { trial, .. }
            | Event::StopWithdrawn { trial }
            | Event::Located { trial, .. }
            | Event::AttemptFailed { trial, .. } => self.check_running(*trial).map(|()| None),
            Event::Told { trial, outcome } => {
                check_finite(outcome)?;
                self.check_running(*trial).map(|()| None)
            }
            Event::LateOutcome { trial, outcome } => {
                check_finite(outcome)?;
                self.trial(*trial).map(|_| None).ok_or(Error::UnknownTrial(*trial))
            }
        }
    }

    /// Returns the point of the next trial, after checking its number and configuration.
    fn validate_new_trial(
        &self,
        trial: TrialId,
        configuration: &Configuration,
    ) -> Result<UnitPoint, Error> {
        if trial != self.next_id() {
            return Err(Error::OutOfOrder { trial, next: self.next_id() });
        }
        let (normal, point) = self.space.normalize_and_encode(configuration)?;
        check_normalized(configuration, &normal).map(|()| point)
    }

    /// Returns the first trial that blocks a configuration from being tried again.
    pub(super) fn blocking_trial(&self, configuration: &Configuration) -> Option<&Trial> {
        if self.settings.repetitions == Repetitions::Allowed {
            let mut blocking =
                self.blocking.candidates(configuration).map(|index| &self.trials[index]);
            return blocking.find(|trial| trial.configuration == *configuration);
        }
        self.trials_of(configuration).filter(|trial| self.blocks_repetition(trial)).last()
    }

    /// Returns whether a trial blocks its configuration from being tried again.
    pub(super) fn blocks_repetition(&self, trial: &Trial) -> bool {
        match &trial.outcome {
            Some(_) if trial.needs_rerun() => false,
            Some(Outcome::Failed(_)) => !self.failed_transiently(trial),
            None | Some(Outcome::Stopped { value: None }) => true,
            Some(Outcome::Completed { .. } | Outcome::Stopped { value: Some(_) }) => {
                self.settings.repetitions == Repetitions::Never
            }
        }
    }

    /// Checks that a proposed configuration is new, or may be repeated.
    pub(super) fn check_not_repeated(&self, configuration: &Configuration) -> Result<(), Error> {
        match self.blocking_trial(configuration) {
            None => Ok(()),
            Some(trial) => Err(Error::InvalidProposal(format!(
                "{configuration} is trial {} already, and must not be repeated; a strategy can \
                 check a point by `Visited::new(history).contains(…)`",
                trial.id
            ))),
        }
    }
}

/// Checks that a recorded configuration has the order and types of the space.
fn check_normalized(configuration: &Configuration, normal: &Configuration) -> Result<(), Error> {
    if configuration == normal {
        return Ok(());
    }
    Err(Error::Invalid(vec![Violation::new(
        "configuration",
        configuration,
        "recorded configurations are in the space's own order and types",
        "pass it through SearchSpace::normalize",
    )]))
}
