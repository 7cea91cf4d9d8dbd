//! Stops jobs, and abandons those that do not stop.

use super::completion::decided_outcome;
use super::run_state::{RunningTrial, Stage, TuningRun};
use crate::error::Error;
use crate::trial::{Failure, FailureKind, Outcome, StopCause, TrialId};
use std::time::Duration;

/// The grace period of jobs after a cancellation, by default.
const CANCEL_GRACE_PERIOD: Duration = Duration::from_secs(30);

impl TuningRun<'_, '_> {
    /// Returns how long to wait for jobs that were asked to stop.
    pub(super) fn grace_period(&self) -> Duration {
        let default = if self.stage == Stage::Cancelling {
            CANCEL_GRACE_PERIOD
        } else {
            self.evaluator.stop_grace_period()
        };
        self.tuner.stop_grace_period.unwrap_or(default)
    }

    /// Returns whether the grace period has passed.
    pub(super) fn is_grace_period_over(&self) -> bool {
        let since = self.stopping_since.unwrap_or_default();
        self.evaluator.elapsed().saturating_sub(since) >= self.grace_period()
    }

    /// Ends the trials of jobs that have not stopped within the grace period, as timeouts.
    pub(super) fn abandon_unresponsive_jobs(&mut self) -> Result<(), Error> {
        if self.stage != Stage::Stopping || !self.is_grace_period_over() {
            return Ok(());
        }
        let after = self.grace_period();
        self.probe = None;
        for (id, running) in std::mem::take(&mut self.running) {
            let cause = self.study.trial(id).and_then(|trial| trial.stop_cause);
            // A stop decision by the value counts, even if the job has not received the request.
            let decided = cause.filter(|_| running.is_stop_requested).and_then(decided_outcome);
            let outcome = decided.unwrap_or_else(|| {
                let text = format!(
                    "the tuning ended, and the job did not stop within {after:?} of the request; \
                     it may still run"
                );
                Outcome::Failed(Failure::new(FailureKind::Timeout, text))
            });
            self.curves.finish(id, &outcome);
            self.study.tell(id, outcome)?;
            self.persist_and_notify();
        }
        Ok(())
    }

    /// Requests a running job to stop.
    pub(super) fn stop(&mut self, trial: TrialId) -> Result<(), Error> {
        if let Some(running) = self.running.get_mut(&trial) {
            running.is_stop_requested = true;
            self.evaluator.stop(running.job)?;
        }
        Ok(())
    }

    /// Records the cause of a stop, and requests the job to stop.
    pub(super) fn stop_because(&mut self, trial: TrialId, cause: StopCause) -> Result<(), Error> {
        self.study.request_stop(trial, cause)?;
        self.persist_and_notify();
        self.stop(trial)
    }

    pub(super) fn stop_all_jobs(&mut self) -> Result<(), Error> {
        self.stop_probe()?;
        let cause = if self.stage == Stage::Cancelling {
            StopCause::Cancelled
        } else {
            StopCause::TuningOver
        };
        self.stop_jobs_where(cause, |_| true)
    }

    fn stop_jobs_where(
        &mut self,
        cause: StopCause,
        is_selected: impl Fn(&RunningTrial) -> bool,
    ) -> Result<(), Error> {
        let selected = self.running.values();
        let selected =
            selected.filter(|running| !running.is_stop_requested && is_selected(running));
        for trial in selected.map(|running| running.job.trial).collect::<Vec<_>>() {
            self.stop_because(trial, cause)?;
        }
        Ok(())
    }

    pub(super) fn stop_overdue_jobs(&mut self) -> Result<(), Error> {
        let Some(after) = self.tuner.rules.job_timeout else { return Ok(()) };
        let now = self.evaluator.elapsed();
        let probe_deadline = self.probe.as_ref().and_then(|probe| probe.deadline(after));
        if probe_deadline.is_some_and(|deadline| deadline <= now) {
            self.stop_probe()?;
        }
        self.stop_jobs_where(StopCause::Timeout { after }, |running| {
            running.deadline.is_some_and(|deadline| deadline <= now)
        })
    }
}
