//! Handles the events of jobs: reports, outcomes, retries.

use std::time::Duration;

use super::completion::{FinalOutcome, final_outcome};
use super::progress::Progress;
use super::run_state::{Stage, TuningRun};
use super::stop_reason::StopReason;
use crate::error::Error;
use crate::evaluator::{JobEvent, JobId};
use crate::limits::EarlyStopping;
use crate::rng::Rng;
use crate::study::Order;
use crate::trial::{Failure, FailureKind, Outcome, Report, StopCause, Trial, TrialId};

/// Number of trials after which missing reports are no longer checked.
const MAX_CHECKED_TRIALS: usize = 100;
/// The stream of the random numbers that jitter backoffs.
const BACKOFF_STREAM: u32 = 2;

impl TuningRun<'_, '_> {
    /// Handles one event of the evaluator.
    pub(super) fn handle_event(&mut self, event: JobEvent) -> Result<(), Error> {
        let is_running =
            |job: &JobId| self.running.get(&job.trial).is_some_and(|running| running.job == *job);
        match event {
            JobEvent::Report { job, step, value } if is_running(&job) => {
                self.handle_report(job, Report { step, value })
            }
            JobEvent::Ended { job, outcome } if is_running(&job) => self.handle_end(job, outcome),
            JobEvent::Ended { job, outcome } if self.is_probe(job) => self.end_probe(outcome),
            JobEvent::Report { job, .. } if self.is_probe(job) => Ok(()),
            JobEvent::Paused { why } => {
                self.is_paused = true;
                self.notify(&Progress::Paused { why: &why });
                Ok(())
            }
            JobEvent::Resumed => {
                self.is_paused = false;
                self.notify(&Progress::Resumed);
                Ok(())
            }
            JobEvent::Located { job, ref location } if is_running(&job) => {
                self.study.set_job_location(job.trial, location)?;
                self.persist_and_notify();
                Ok(())
            }
            JobEvent::Located { .. } => Ok(()),
            JobEvent::Warning { text } => {
                self.warn(text);
                Ok(())
            }
            JobEvent::Ended { job, ref outcome } | JobEvent::Late { job, ref outcome } => {
                let outcome = outcome.clone();
                self.handle_late_outcome(event, job, outcome)
            }
            JobEvent::Report { .. } => {
                self.ignore_event(event);
                Ok(())
            }
        }
    }

    /// Handles the outcome of a job that does not run any more, or that never ran.
    fn handle_late_outcome(
        &mut self,
        event: JobEvent,
        job: JobId,
        outcome: Outcome,
    ) -> Result<(), Error> {
        let Some(trial) = self.study.trial(job.trial) else {
            self.ignore_event(event);
            return Ok(());
        };
        let before = trial.outcome.clone();
        let was_given_up = job.attempt < trial.attempt();
        let recorded = match before {
            Some(_) => self.study.tell(job.trial, outcome),
            // Another attempt is running.
            None if was_given_up => self.study.record_late_outcome(job.trial, outcome),
            None => Ok(()),
        };
        self.persist_and_notify();
        let after = self.study.trial(job.trial).and_then(|trial| trial.outcome.clone());
        if before.is_some() && after != before {
            // The late outcome has replaced the first one.
            if let Some(outcome) = &after {
                self.curves.finish(job.trial, outcome);
            }
            self.completion.recompute(self.study);
            self.check_best();
            self.check_completion();
            return Ok(());
        }
        match recorded {
            // An outcome that differs from the first one is recorded by now.
            Ok(()) | Err(Error::Conflict { .. }) => {
                self.ignore_event(event);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Returns the fixed lag, under which decisions must not depend on the order of arrival.
    fn lag(&self) -> Option<u64> {
        match self.study.settings().order {
            Order::Arrival => None,
            Order::FixedLag(lag) => Some(lag as u64),
        }
    }

    fn handle_report(&mut self, job: JobId, report: Report) -> Result<(), Error> {
        let trial = job.trial;
        let is_stopping = self.running.get(&trial).is_some_and(|running| running.is_stop_requested);
        if is_stopping && self.lag().is_some() {
            // It is random whether a report comes before the stop takes effect.
            self.ignore_event(JobEvent::Report { job, step: report.step, value: report.value });
            return Ok(());
        }
        self.study.report(trial, report.step, report.value)?;
        self.curves.add_report(trial, report);
        self.persist_and_notify();
        let rule = self.tuner.rules.early_stopping;
        if is_stopping || rule == EarlyStopping::Off {
            return Ok(());
        }
        self.warn_of_steps_beyond_resource(&rule, trial, report);
        let horizon = self.lag().map(|lag| TrialId(trial.0.saturating_sub(lag)));
        match self.curves.decide(&rule, trial, report, horizon) {
            None => Ok(()),
            Some(cause) => self.stop_because(trial, cause),
        }
    }

    /// Warns if the first report of a job already exceeds the maximum resource: then the job ends
    /// at once.
    fn warn_of_steps_beyond_resource(
        &mut self,
        rule: &EarlyStopping,
        trial: TrialId,
        report: Report,
    ) {
        let EarlyStopping::SuccessiveHalving(rule) = rule else { return };
        // A report at step 0 has used no resource.
        let is_first = self.study.trial(trial).is_some_and(|trial| {
            trial.reports.iter().filter(|report| report.step > 0).count() == 1
        });
        if is_first && report.step > rule.max_resource {
            self.warn(format!(
                "the first step that a job reported is {}, beyond max_resource = {}: such a job \
                 ends at once, and completes with that value; give min_resource and max_resource \
                 in the unit of the reported steps",
                report.step, rule.max_resource
            ));
        }
    }

    /// Warns if early stopping is on, but jobs report no intermediate values.
    fn warn_of_missing_reports(&mut self) {
        let trials = self.study.trials();
        if self.tuner.rules.early_stopping == EarlyStopping::Off
            || trials.len() > MAX_CHECKED_TRIALS
        {
            return;
        }
        let completed = |trial: &&Trial| matches!(trial.outcome, Some(Outcome::Completed { .. }));
        let has_completed = trials.iter().any(|trial| completed(&trial));
        if has_completed && trials.iter().all(|trial| trial.reports.is_empty()) {
            self.warn(
                "early stopping is on, but a job has completed and reported nothing, so no job can \
                 be stopped early; report through a closure's `Reporter`, or say by `reports_from` \
                 where a program's reports are"
                    .to_owned(),
            );
        }
    }

    fn handle_end(&mut self, job: JobId, outcome: Outcome) -> Result<(), Error> {
        let id = job.trial;
        let Some(running) = self.running.remove(&id) else { return Ok(()) };
        let Some(trial) = self.study.trial(id) else { return Ok(()) };
        let cause = trial.stop_cause.filter(|_| running.is_stop_requested);
        let is_lagged = self.lag().is_some();
        let FinalOutcome { outcome, replaced } = final_outcome(trial, outcome, cause, is_lagged);
        if let Some(outcome) = replaced {
            self.ignore_event(JobEvent::Ended { job, outcome });
        }
        if cause == Some(StopCause::Cancelled) && outcome.has_ended_early() {
            // The trial stays pending: it gets another attempt, and keeps its position in the order
            // of proposals, when the tuning is resumed.
            let failure = Failure::new(FailureKind::Cancelled, "the tuning was cancelled");
            self.study.record_failed_attempt(id, failure)?;
            self.curves.remove(id);
            self.persist_and_notify();
            return Ok(());
        }
        // Do not retry a trial that early stopping or the end of the tuning has stopped.
        let may_retry = matches!(cause, None | Some(StopCause::Timeout { .. }));
        if let (Outcome::Failed(failure), true) = (&outcome, may_retry)
            && self.stage < Stage::Stopping
            && let Some(after) = self.retry_delay(job, failure)
        {
            return self.schedule_retry(job, failure.clone(), after);
        }
        self.curves.finish(id, &outcome);
        self.study.tell(id, outcome)?;
        self.persist_and_notify();
        if self.study.trial(id).is_some_and(Trial::needs_rerun) && self.stage < Stage::Stopping {
            self.uncount_interrupted_job();
        }
        self.warn_of_missing_reports();
        let is_unstopped_end = cause.is_none() && !running.adopted;
        self.completion.add(self.study, id, is_unstopped_end);
        self.check_best();
        self.check_completion();
        Ok(())
    }

    /// Returns how long to wait before the next attempt; `None` if the trial is not retried.
    fn retry_delay(&self, job: JobId, failure: &Failure) -> Option<Duration> {
        let trial = self.study.trial(job.trial)?;
        let earlier = &trial.failed_attempts;
        let retry = 1 + earlier.iter().filter(|failed| failed.kind == failure.kind).count();
        let max_retries = self.tuner.rules.retries.retries(failure.kind);
        let may_retry = self.evaluator.is_worth_retrying(failure.kind)
            && u32::try_from(retry).is_ok_and(|retry| retry <= max_retries);
        may_retry.then(|| self.backoff_delay(job, retry)).flatten()
    }

    /// Returns the delay before the given retry of a job, with jitter.
    pub(super) fn backoff_delay(&self, job: JobId, retry: usize) -> Option<Duration> {
        let retry = u32::try_from(retry).ok()?;
        let mut rng = Rng::stream(self.study.settings().seed, job.trial.0).shared(BACKOFF_STREAM);
        // One draw per attempt, so that each attempt has a different jitter.
        let jitter = (0..job.attempt).map(|_| rng.uniform()).last().unwrap_or(0.0);
        Some(self.tuner.rules.retries.backoff.delay(retry, jitter))
    }

    fn schedule_retry(
        &mut self,
        job: JobId,
        failure: Failure,
        after: Duration,
    ) -> Result<(), Error> {
        self.study.record_failed_attempt(job.trial, failure)?;
        self.curves.remove(job.trial);
        self.persist_and_notify();
        let until = self.evaluator.elapsed().saturating_add(after);
        self.waiting_for_retry.insert(job.trial, until);
        let job = JobId { attempt: job.attempt.saturating_add(1), ..job };
        self.notify(&Progress::Retrying { job, after });
        Ok(())
    }

    fn check_best(&mut self) {
        let best = self.study.best().map(|trial| trial.id);
        if best == self.best {
            return;
        }
        self.best = best;
        let trial = best.and_then(|id| self.study.trial(id)).cloned();
        if let Some((trial, value)) = trial.as_ref().and_then(|trial| Some((trial, trial.value()?)))
        {
            self.notify(&Progress::NewBest { trial, value });
        }
    }

    pub(super) fn check_completion(&mut self) {
        let rules = &self.tuner.rules;
        let mut reason = self.completion.stop_reason(self.study, rules);
        if reason.is_none() {
            let study = &*self.study;
            let met = self
                .tuner
                .criteria
                .iter_mut()
                .find_map(|(name, is_met)| is_met(study).then(|| name.clone()));
            reason = met.map(|name| StopReason::CustomCriterion { name });
        }
        match reason {
            Some(reason @ StopReason::TooManyFailures { .. }) => self.probe_before_stopping(reason),
            Some(reason) => self.escalate(Stage::Stopping, reason),
            None => {}
        }
    }
}
