//! Recording what happens to trials: reports, stop requests, failed attempts, outcomes.

use super::definition::Study;
use super::event::Event;
use super::finite_values::make_finite;
use super::settings::LateOutcomes;
use crate::error::Error;
use crate::trial::{Failure, FailureKind, Outcome, Report, StopCause, TrialId};

impl Study {
    /// Records an intermediate value of a running trial, at a step such as an epoch.
    ///
    /// # Errors
    /// [`Error::UnknownTrial`] if there is no such trial, [`Error::AlreadyEnded`] if it is not
    /// running.
    pub fn report(&mut self, trial: TrialId, step: u64, value: f64) -> Result<(), Error> {
        self.check_running(trial)?;
        self.record(Event::Reported { trial, report: Report { step, value } }, None);
        Ok(())
    }

    /// Records a stop request for a running trial.
    ///
    /// The study cannot stop a job: stop it where it runs, and [`tell`](Self::tell) its outcome.
    ///
    /// # Errors
    /// [`Error::UnknownTrial`] if there is no such trial, [`Error::AlreadyEnded`] if it is not
    /// running.
    pub fn request_stop(&mut self, trial: TrialId, cause: StopCause) -> Result<(), Error> {
        self.check_running(trial)?;
        self.record(Event::StopRequested { trial, cause }, None);
        Ok(())
    }

    /// Records that a stop request no longer holds, because the trial runs again from its
    /// beginning.
    ///
    /// # Errors
    /// [`Error::UnknownTrial`] if there is no such trial, [`Error::AlreadyEnded`] if it is not
    /// running.
    pub fn withdraw_stop(&mut self, trial: TrialId) -> Result<(), Error> {
        self.check_running(trial)?;
        self.record(Event::StopWithdrawn { trial }, None);
        Ok(())
    }

    /// Records the location at which the job of a running trial can be found again, such as an ARN.
    ///
    /// Recording the same location again changes nothing.
    ///
    /// # Errors
    /// [`Error::UnknownTrial`] if there is no such trial, [`Error::AlreadyEnded`] if it is not
    /// running.
    pub fn set_job_location(&mut self, trial: TrialId, location: &str) -> Result<(), Error> {
        self.check_running(trial)?;
        if self.trial(trial).is_some_and(|trial| trial.job_location.as_deref() != Some(location)) {
            self.record(Event::Located { trial, location: location.into() }, None);
        }
        Ok(())
    }

    /// Records that an attempt at a running trial failed, and that another attempt follows.
    ///
    /// The trial stays pending; its reports are cleared.
    ///
    /// # Errors
    /// [`Error::UnknownTrial`] if there is no such trial, [`Error::AlreadyEnded`] if it is not
    /// running.
    pub fn record_failed_attempt(&mut self, trial: TrialId, failure: Failure) -> Result<(), Error> {
        self.check_running(trial)?;
        self.record(Event::AttemptFailed { trial, failure }, None);
        Ok(())
    }

    /// Ends a trial with an outcome. Telling the same outcome again changes nothing.
    ///
    /// A completed trial whose value is not finite is recorded as a failure of kind
    /// [`NonFiniteMetric`](FailureKind::NonFiniteMetric). A stopped trial loses a value that is not
    /// finite.
    ///
    /// ```
    /// use surmise::{
    ///     Error, Failure, FailureKind, Objective, Outcome, ParameterRange, RandomSearch,
    ///     ScalingType, SearchSpace, Study, StudySettings, TrialId,
    /// };
    ///
    /// let range = ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear);
    /// let space = SearchSpace::new([range])?;
    /// let objective = Objective::minimize("loss");
    /// let mut study = Study::new(space, objective, RandomSearch, StudySettings::default())?;
    /// study.ask(2)?;
    /// study.tell(TrialId(1), Outcome::from(0.5))?;
    /// study.tell(TrialId(2), Outcome::Failed(Failure::new(FailureKind::Error, "diverged")))?;
    /// assert!(matches!(study.tell(TrialId(1), Outcome::from(0.4)), Err(Error::Conflict { .. })));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::UnknownTrial`] if there is no such trial. [`Error::Conflict`] if the trial has
    /// ended with another outcome: the first outcome counts, and the other one is recorded in
    /// [`Trial::late_outcomes`](crate::Trial::late_outcomes). Under [`LateOutcomes::UseValue`], a
    /// value that replaces a failure is no error.
    pub fn tell(&mut self, trial: TrialId, outcome: Outcome) -> Result<(), Error> {
        let outcome = make_finite(outcome);
        let recorded = self.trial(trial).ok_or(Error::UnknownTrial(trial))?;
        let Some(first) = &recorded.outcome else {
            self.record(Event::Told { trial, outcome }, None);
            return Ok(());
        };
        if *first == outcome {
            return Ok(());
        }
        let replaces_first = self.supersedes(first, &outcome);
        let conflict =
            Error::Conflict { trial, recorded: first.clone(), reported: outcome.clone() };
        if replaces_first {
            self.record(Event::LateOutcome { trial, outcome }, None);
            return Ok(());
        }
        self.record_late_outcome(trial, outcome)?;
        Err(conflict)
    }

    /// Records an outcome that arrived late, such as that of an attempt that was given up for
    /// another one.
    ///
    /// It does not count, except under [`LateOutcomes::UseValue`], where a value replaces a failure
    /// or a stop. An outcome that is recorded as late already is not recorded again.
    ///
    /// # Errors
    /// [`Error::UnknownTrial`] if there is no such trial.
    pub fn record_late_outcome(&mut self, trial: TrialId, outcome: Outcome) -> Result<(), Error> {
        let outcome = make_finite(outcome);
        let recorded = self.trial(trial).ok_or(Error::UnknownTrial(trial))?;
        if !recorded.late_outcomes.contains(&outcome) {
            self.record(Event::LateOutcome { trial, outcome }, None);
        }
        Ok(())
    }

    /// Returns whether a late outcome replaces the first one. An abandoned trial stays abandoned.
    pub(super) fn supersedes(&self, first: &Outcome, late: &Outcome) -> bool {
        let is_abandoned = matches!(
            first,
            Outcome::Failed(failure) if failure.kind == FailureKind::Abandoned
        );
        self.settings.late_outcomes == LateOutcomes::UseValue
            && first.value().is_none()
            && late.value().is_some()
            && !is_abandoned
    }

    /// Gives up a running trial and its configuration: it is never proposed again, even if
    /// repetitions are allowed.
    ///
    /// # Errors
    /// Those of [`tell`](Self::tell).
    pub fn abandon(&mut self, trial: TrialId, reason: impl Into<String>) -> Result<(), Error> {
        self.tell(trial, Outcome::Failed(Failure::new(FailureKind::Abandoned, reason)))
    }
}
