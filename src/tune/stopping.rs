//! Asking what runs to stop, and giving up what does not.

use super::endings::decided;
use super::run::{Level, Run, Running};
use crate::error::Error;
use crate::trial::{Failure, FailureKind, Outcome, StopCause, TrialId};
use std::time::Duration;

/// How long cancelled jobs are waited for, unless another patience is given.
const CANCEL_PATIENCE: Duration = Duration::from_secs(30);

impl Run<'_, '_> {
    /// How long jobs are waited for that have been asked to stop.
    pub(super) fn patience(&self) -> Duration {
        let usual =
            if self.level == Level::Leaving { CANCEL_PATIENCE } else { self.evaluator.patience() };
        self.tuner.patience.unwrap_or(usual)
    }

    /// Whether that long has passed.
    pub(super) fn is_out_of_patience(&self) -> bool {
        let since = self.stopping.unwrap_or_default();
        self.evaluator.elapsed().saturating_sub(since) >= self.patience()
    }

    /// The trials that do not end though the tuning is over have timed out, and are left behind.
    pub(super) fn give_up(&mut self) -> Result<(), Error> {
        if self.level != Level::Stopping || !self.is_out_of_patience() {
            return Ok(());
        }
        let after = self.patience();
        self.probe = None;
        for (id, running) in std::mem::take(&mut self.running) {
            let cause = self.study.trial(id).and_then(|trial| trial.stop_asked);
            // What had been decided on its value counts, whether or not the job heard of it.
            let decided = cause.filter(|_| running.stop_asked).and_then(decided);
            let outcome = decided.unwrap_or_else(|| {
                let text = format!(
                    "it had not ended {after:?} after it was asked to stop, because the tuning was over; it is left behind"
                );
                Outcome::Failed(Failure::new(FailureKind::Timeout, text))
            });
            self.curves.end(id, &outcome);
            self.study.tell(id, outcome)?;
            self.show();
        }
        Ok(())
    }

    /// Asks a job that runs to stop, once.
    pub(super) fn stop(&mut self, trial: TrialId) -> Result<(), Error> {
        if let Some(running) = self.running.get_mut(&trial) {
            running.stop_asked = true;
            self.evaluator.stop(running.job)?;
        }
        Ok(())
    }

    /// The same, with the cause in the ledger first.
    pub(super) fn stop_because(&mut self, trial: TrialId, cause: StopCause) -> Result<(), Error> {
        self.study.ask_to_stop(trial, cause)?;
        self.show();
        self.stop(trial)
    }

    pub(super) fn stop_what_runs(&mut self) -> Result<(), Error> {
        self.stop_probe()?;
        let cause =
            if self.level == Level::Leaving { StopCause::Cancelled } else { StopCause::TuningOver };
        self.stop_those(cause, |_| true)
    }

    fn stop_those(
        &mut self,
        cause: StopCause,
        which: impl Fn(&Running) -> bool,
    ) -> Result<(), Error> {
        let asked = self.running.values().filter(|running| !running.stop_asked && which(running));
        for trial in asked.map(|running| running.job.trial).collect::<Vec<_>>() {
            self.stop_because(trial, cause)?;
        }
        Ok(())
    }

    pub(super) fn stop_what_is_overdue(&mut self) -> Result<(), Error> {
        let Some(after) = self.tuner.rules.job_deadline else { return Ok(()) };
        let now = self.evaluator.elapsed();
        let due = self.probe.as_ref().and_then(|probe| probe.due(after));
        if due.is_some_and(|due| due <= now) {
            self.stop_probe()?;
        }
        self.stop_those(StopCause::Deadline { after }, |running| {
            running.due.is_some_and(|due| due <= now)
        })
    }
}
