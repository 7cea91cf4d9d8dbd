//! What happened to jobs, and what follows from it.

use std::time::Duration;

use super::endings::{Settled, settle};
use super::progress::Progress;
use super::reason::StopReason;
use super::run::{Level, Run};
use crate::error::Error;
use crate::evaluator::{JobEvent, JobId};
use crate::limits::EarlyStopping;
use crate::rng::Rng;
use crate::study::Order;
use crate::trial::{Failure, FailureKind, Outcome, Report, StopCause, Trial, TrialId};

/// Beyond so many trials, it is known whether jobs report.
const LOOKED_AT: usize = 100;
/// Sets the chance in backoffs apart from that of other streams.
const BACKOFF: u32 = 2;

impl Run<'_, '_> {
    pub(super) fn take(&mut self, event: JobEvent) -> Result<(), Error> {
        let is_running =
            |job: &JobId| self.running.get(&job.trial).is_some_and(|running| running.job == *job);
        match event {
            JobEvent::Report { job, step, value } if is_running(&job) => {
                self.take_report(job, Report { step, value })
            }
            JobEvent::Ended { job, outcome } if is_running(&job) => self.take_end(job, outcome),
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
            JobEvent::Located { job, ref place } if is_running(&job) => {
                self.study.locate(job.trial, place)?;
                self.show();
                Ok(())
            }
            JobEvent::Located { .. } => Ok(()),
            JobEvent::Warning { text } => {
                self.warn(text);
                Ok(())
            }
            JobEvent::Ended { job, ref outcome } | JobEvent::Late { job, ref outcome } => {
                let outcome = outcome.clone();
                self.take_late(event, job, outcome)
            }
            JobEvent::Report { .. } => {
                self.disregard(event);
                Ok(())
            }
        }
    }

    /// The end of a job that does not run any more, or never did.
    fn take_late(&mut self, event: JobEvent, job: JobId, outcome: Outcome) -> Result<(), Error> {
        let Some(trial) = self.study.trial(job.trial) else {
            self.disregard(event);
            return Ok(());
        };
        let before = trial.outcome.clone();
        let was_given_up = job.attempt < trial.attempt();
        let told = match before {
            Some(_) => self.study.tell(job.trial, outcome),
            // Another attempt is under way.
            None if was_given_up => self.study.set_aside(job.trial, outcome),
            None => Ok(()),
        };
        self.show();
        let after = self.study.trial(job.trial).and_then(|trial| trial.outcome.clone());
        if before.is_some() && after != before {
            // It is used after all.
            if let Some(outcome) = &after {
                self.curves.end(job.trial, outcome);
            }
            self.endings.look_again(self.study);
            self.look_at_the_best();
            self.look_whether_it_is_enough();
            return Ok(());
        }
        match told {
            // Whatever differs from the first end has its place in the ledger now.
            Ok(()) | Err(Error::Conflict { .. }) => {
                self.disregard(event);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Whether decisions must not depend on what happens to be known.
    fn lag(&self) -> Option<u64> {
        match self.study.settings().order {
            Order::Arrival => None,
            Order::FixedLag(lag) => Some(lag as u64),
        }
    }

    fn take_report(&mut self, job: JobId, report: Report) -> Result<(), Error> {
        let trial = job.trial;
        let stopping = self.running.get(&trial).is_some_and(|running| running.stop_asked);
        if stopping && self.lag().is_some() {
            // Whether it came before the stop took effect is a matter of pace.
            self.disregard(JobEvent::Report { job, step: report.step, value: report.value });
            return Ok(());
        }
        self.study.report(trial, report.step, report.value)?;
        self.curves.add(trial, report);
        self.show();
        let rule = self.tuner.rules.early_stopping;
        if stopping || rule == EarlyStopping::Off {
            return Ok(());
        }
        self.warn_of_coarse_steps(&rule, trial, report);
        let horizon = self.lag().map(|lag| TrialId(trial.0.saturating_sub(lag)));
        match self.curves.verdict(&rule, trial, report, horizon) {
            None => Ok(()),
            Some(cause) => self.stop_because(trial, cause),
        }
    }

    /// A job whose first report lies beyond the end of all resource is over at once.
    fn warn_of_coarse_steps(&mut self, rule: &EarlyStopping, trial: TrialId, report: Report) {
        let EarlyStopping::SuccessiveHalving(rule) = rule else { return };
        // A report at step 0 is one of what nothing has been spent on.
        let is_first = self.study.trial(trial).is_some_and(|trial| {
            trial.reports.iter().filter(|report| report.step > 0).count() == 1
        });
        if is_first && report.step > rule.max_resource {
            self.warn(format!(
                "the first step that a job reports is {}, beyond max_resource = {}: such a job is over at once, and completes with that value; give min_resource and max_resource in the steps that jobs report",
                report.step, rule.max_resource
            ));
        }
    }

    /// Early stopping judges what jobs report.
    fn warn_of_silence(&mut self) {
        let trials = self.study.trials();
        if self.tuner.rules.early_stopping == EarlyStopping::Off || trials.len() > LOOKED_AT {
            return;
        }
        let completed = |trial: &&Trial| matches!(trial.outcome, Some(Outcome::Completed { .. }));
        let has_completed = trials.iter().any(|trial| completed(&trial));
        if has_completed && trials.iter().all(|trial| trial.reports.is_empty()) {
            self.warn(
                "early stopping is on, but a job has completed and reported nothing: no job can be stopped; report by a closure's Reporter, or name where a program's reports are by reports_from"
                    .to_owned(),
            );
        }
    }

    fn take_end(&mut self, job: JobId, outcome: Outcome) -> Result<(), Error> {
        let id = job.trial;
        let Some(running) = self.running.remove(&id) else { return Ok(()) };
        let Some(trial) = self.study.trial(id) else { return Ok(()) };
        let cause = trial.stop_asked.filter(|_| running.stop_asked);
        let is_lagged = self.lag().is_some();
        let Settled { outcome, replaced } = settle(trial, outcome, cause, is_lagged);
        if let Some(outcome) = replaced {
            self.disregard(JobEvent::Ended { job, outcome });
        }
        if cause == Some(StopCause::Cancelled) && outcome.is_cut_short() {
            // The trial stays pending: it has another attempt when the tuning goes on, and its place in the order of proposals.
            let failure = Failure::new(FailureKind::Cancelled, "the tuning was cancelled");
            self.study.attempt_failed(id, failure)?;
            self.curves.forget(id);
            self.show();
            return Ok(());
        }
        // Do not retry a trial that early stopping or the end of the tuning has stopped.
        let may_retry = matches!(cause, None | Some(StopCause::Deadline { .. }));
        if let (Outcome::Failed(failure), true) = (&outcome, may_retry)
            && self.level < Level::Stopping
            && let Some(after) = self.backoff(job, failure)
        {
            return self.try_again(job, failure.clone(), after);
        }
        self.curves.end(id, &outcome);
        self.study.tell(id, outcome)?;
        self.show();
        if self.study.trial(id).is_some_and(Trial::was_cut_off) && self.level < Level::Stopping {
            self.give_back_a_job();
        }
        self.warn_of_silence();
        let is_own_end = cause.is_none() && !running.adopted;
        self.endings.add(self.study, id, is_own_end);
        self.look_at_the_best();
        self.look_whether_it_is_enough();
        Ok(())
    }

    /// How long to wait before another attempt, if there is to be one.
    fn backoff(&self, job: JobId, failure: &Failure) -> Option<Duration> {
        let trial = self.study.trial(job.trial)?;
        let earlier = &trial.failed_attempts;
        let retry = 1 + earlier.iter().filter(|earlier| earlier.kind == failure.kind).count();
        let most = self.tuner.rules.retries.retries(failure.kind);
        let may_be = self.evaluator.is_worth_retrying(failure.kind)
            && u32::try_from(retry).is_ok_and(|retry| retry <= most);
        may_be.then(|| self.wait_before(job, retry)).flatten()
    }

    /// How long to wait before so many a retry, after this job.
    pub(super) fn wait_before(&self, job: JobId, retry: usize) -> Option<Duration> {
        let retry = u32::try_from(retry).ok()?;
        let mut rng = Rng::stream(self.study.settings().seed, job.trial.0).shared(BACKOFF);
        // A draw for each attempt, so that each has its own.
        let chance = (0..job.attempt).map(|_| rng.uniform()).last().unwrap_or(0.0);
        Some(self.tuner.rules.retries.backoff.wait(retry, chance))
    }

    fn try_again(&mut self, job: JobId, failure: Failure, after: Duration) -> Result<(), Error> {
        self.study.attempt_failed(job.trial, failure)?;
        self.curves.forget(job.trial);
        self.show();
        let until = self.evaluator.elapsed().saturating_add(after);
        self.waiting.insert(job.trial, until);
        let job = JobId { attempt: job.attempt.saturating_add(1), ..job };
        self.notify(&Progress::Retrying { job, after });
        Ok(())
    }

    fn look_at_the_best(&mut self) {
        let best = self.study.best().map(|trial| trial.id);
        if best == self.best {
            return;
        }
        self.best = best;
        let found = best.and_then(|id| self.study.trial(id)).cloned();
        if let Some((trial, value)) = found.as_ref().and_then(|trial| Some((trial, trial.value()?)))
        {
            self.notify(&Progress::NewBest { trial, value });
        }
    }

    pub(super) fn look_whether_it_is_enough(&mut self) {
        let rules = &self.tuner.rules;
        let mut reason = self.endings.enough(self.study, rules);
        if reason.is_none() {
            let study = &*self.study;
            let met = self
                .tuner
                .criteria
                .iter_mut()
                .find_map(|(name, is_met)| is_met(study).then(|| name.clone()));
            reason = met.map(|name| StopReason::OwnCriterion { name });
        }
        match reason {
            Some(reason @ StopReason::TooManyFailures { .. }) => self.probe_before_stopping(reason),
            Some(reason) => self.escalate(Level::Stopping, reason),
            None => {}
        }
    }
}
