//! Before a tuning is given up because its last jobs failed: the job of the best trial once more.
//!
//! Jobs that fail in a row mean one of two things. The program is broken: then nothing comes off any more, and to go on is a waste. Or the
//! search has come to a region that fails: then to go on is what it is for. What has come off before tells them apart: the configuration of the
//! best trial is run once more, as a further attempt that counts as no job, and only if that fails, too, the tuning ends.
//!
//! No job is needed for that where failures and successes are mixed: where whether a trial has failed has nothing to do with whether the one next
//! to it has, no region fails. Of n trials, f of which have failed and s have not, S have the same end as the one next to them. If ends had nothing
//! to do with places, that would be about n p of them, with p = (f (f − 1) + s (s − 1)) ⁄ (n (n − 1)) and a standard deviation of about
//! √(n p (1 − p)).

use std::time::Duration;

use super::run::{Level, Run};
use super::{Progress, StopReason};
use crate::cube::{self, UnitPoint};
use crate::error::Error;
use crate::evaluator::{Job, JobId, Start};
use crate::study::Study;
use crate::trial::{Failure, FailureKind, Outcome, Source};

/// Ends are mixed if at least so many trials of each kind are known, and S is at most n p and this many standard deviations.
const ENOUGH: usize = 5;
const EXCESS: f64 = 0.5;
/// So many of the last trials are looked at.
const LOOKED_AT: usize = 500;

/// The job of the best trial, once more.
#[derive(Debug)]
pub(super) struct Check {
    job: JobId,
    /// Since when it runs.
    since: Option<Duration>,
    stop_asked: bool,
    /// Why the tuning ends if it fails.
    reason: StopReason,
}

impl Check {
    pub(super) fn is_running(&self) -> bool {
        self.since.is_some()
    }

    /// When it is overdue, if it runs and has not been asked to stop.
    pub(super) fn due(&self, deadline: Duration) -> Option<Duration> {
        self.since.filter(|_| !self.stop_asked).map(|since| since.saturating_add(deadline))
    }

    pub(super) fn job(&self) -> JobId {
        self.job
    }
}

impl Run<'_, '_> {
    /// Ends a tuning of which the last jobs failed, unless something has come off before: then that is tried once more first.
    pub(super) fn doubt(&mut self, reason: StopReason) {
        let best = self.endings.best_own().and_then(|id| self.study.trial(id));
        let is_rate = self.tuner.rules.circuit_breaker.is_some_and(|it| it.failures < it.of_last);
        let best = best.filter(|_| !is_rate && !are_mixed(self.study));
        let Some(best) = best else {
            self.escalate(Level::Stopping, reason);
            return;
        };
        if self.check.is_none() {
            // A number of its own: more trials have failed than when it was run last.
            let failed = u32::try_from(self.endings.failed()).unwrap_or(u32::MAX);
            let attempt = best.attempt().saturating_add(failed);
            let job = JobId { trial: best.id, attempt };
            self.check = Some(Check { job, since: None, stop_asked: false, reason });
        }
    }

    /// Starts it; how long to wait if there is no room.
    pub(super) fn start_check(&mut self) -> Result<Option<Duration>, Error> {
        let Some(job) = self.check.as_ref().map(Check::job) else { return Ok(None) };
        let Some(trial) = self.study.trial(job.trial) else { return Ok(None) };
        let deadline = self.tuner.rules.job_deadline;
        let start = self.evaluator.start(&Job { deadline, ..Job::new(trial, job.attempt) })?;
        let adopted = match start {
            Start::Started => false,
            Start::Adopted => true,
            Start::Busy { retry_after } => {
                self.notify(&Progress::Busy { retry_after });
                return Ok(Some(retry_after));
            }
            Start::OutOfBudget { .. } => {
                // Then nothing else can be started either, which says so.
                self.check = None;
                return Ok(None);
            }
        };
        let now = self.evaluator.elapsed();
        if let Some(check) = &mut self.check {
            check.since = Some(now);
        }
        self.notify(&Progress::Started { job, adopted });
        Ok(None)
    }

    /// Whether an event is about it.
    pub(super) fn is_check(&self, job: JobId) -> bool {
        self.check.as_ref().is_some_and(|check| check.is_running() && check.job == job)
    }

    /// Takes in how it ended.
    pub(super) fn end_check(&mut self, outcome: Outcome) -> Result<(), Error> {
        let Some(check) = self.check.take() else { return Ok(()) };
        let has_failed = match &outcome {
            Outcome::Failed(Failure { kind, .. }) => {
                !kind.is_transient() && *kind != FailureKind::Abandoned
            }
            // It was overdue, which it was not when it completed.
            Outcome::Stopped { .. } => check.stop_asked && self.level < Level::Stopping,
            Outcome::Completed { .. } => false,
        };
        self.study.set_aside(check.job.trial, outcome)?;
        self.show();
        if has_failed {
            self.escalate(Level::Stopping, check.reason);
        } else {
            self.endings.forgive();
        }
        Ok(())
    }

    /// Asks it to stop, if it runs.
    pub(super) fn stop_check(&mut self) -> Result<(), Error> {
        match &mut self.check {
            Some(check) if check.is_running() && !check.stop_asked => {
                check.stop_asked = true;
                self.evaluator.stop(check.job)?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// Whether failures come where successes came.
fn are_mixed(study: &Study) -> bool {
    let own = study.trials().iter().rev().filter(|trial| trial.source == Source::Own);
    let mut ends: Vec<(UnitPoint, bool)> = Vec::new();
    for trial in own.take(LOOKED_AT) {
        let has_failed = match &trial.outcome {
            Some(Outcome::Completed { .. }) => false,
            Some(Outcome::Failed(failure)) if !failure.kind.is_transient() => true,
            _ => continue,
        };
        if let Ok(point) = study.space().encode(&trial.configuration) {
            ends.push((point, has_failed));
        }
    }
    let failed = ends.iter().filter(|(_, has_failed)| *has_failed).count();
    if failed.min(ends.len() - failed) < ENOUGH {
        return false;
    }
    let same = (0..ends.len()).filter(|i| {
        let gap = |j: &usize| cube::square_distance(study.space().axes(), &ends[*i].0, &ends[*j].0);
        let others = (0..ends.len()).filter(|j| j != i);
        let next = others.min_by(|a, b| gap(a).total_cmp(&gap(b)));
        next.is_some_and(|next| ends[next].1 == ends[*i].1)
    });
    let same = same.count();
    #[allow(clippy::cast_precision_loss, reason = "counts of trials")]
    let [n, f, same] = [ends.len(), failed, same].map(|count| count as f64);
    let s = n - f;
    let p = (f * (f - 1.0) + s * (s - 1.0)) / (n * (n - 1.0));
    same <= n * p + EXCESS * (n * p * (1.0 - p)).sqrt()
}
