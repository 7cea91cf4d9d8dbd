//! The circuit breaker's probe: before many failures in a row end a tuning, the job of the best trial runs once more.
//!
//! Many failures in a row have one of two causes. Either the program is broken, and every further job is wasted; or the search has reached a
//! region of the space that fails, and is to go on. A trial that completed before tells them apart: its configuration runs again, as a further
//! attempt that does not count as a job, and the tuning ends only if that fails.
//!
//! A second probe in a row, with no trial completed in between, is left out where failed and completed trials are mixed, because then no
//! region fails, and the first probe has passed by luck. Of n trials, f have failed and s have
//! completed; S of them have the same result as their nearest neighbour. If results did not depend on places, S would be about n p, with
//! p = (f (f − 1) + s (s − 1)) ⁄ (n (n − 1)) and a standard deviation of about √(n p (1 − p)).

use super::probe::Probe;
use super::progress::Progress;
use super::reason::StopReason;
use super::run::{Level, Run};
use crate::cube::{self, UnitPoint};
use crate::error::Error;
use crate::evaluator::{Job, JobId, Start};
use crate::study::Study;
use crate::trial::{Failure, FailureKind, Outcome, Source};
use std::time::Duration;

/// Results count as mixed if there are at least this many trials of each kind…
const LEAST_OF_EACH: usize = 5;

/// …and S exceeds n p by at most this many standard deviations.
const LARGEST_EXCESS: f64 = 0.5;

/// Number of the last trials that are compared.
const COMPARED: usize = 500;

impl Run<'_, '_> {
    /// Ends the tuning for this reason, or first starts a probe if a trial of the study's own has completed.
    pub(super) fn probe_before_stopping(&mut self, reason: StopReason) {
        let best = self.endings.best_own().and_then(|id| self.study.trial(id));
        let is_rate = self.tuner.rules.circuit_breaker.is_some_and(|it| it.failures < it.of_last);
        let is_proven = self.endings.is_forgiven() && are_mixed(self.study);
        let best = best.filter(|_| !is_rate && !is_proven);
        let Some(best) = best else {
            self.escalate(Level::Stopping, reason);
            return;
        };
        if self.probe.is_none() {
            // A number of its own: more trials have failed than when it was run last.
            let failed = u32::try_from(self.endings.failed()).unwrap_or(u32::MAX);
            let attempt = best.attempt().saturating_add(failed);
            let job = JobId { trial: best.id, attempt };
            self.probe = Some(Probe { job, since: None, stop_asked: false, reason });
        }
    }

    /// Starts the probe. Returns how long to wait if there is no room for it.
    pub(super) fn start_probe(&mut self) -> Result<Option<Duration>, Error> {
        let Some(job) = self.probe.as_ref().map(Probe::job) else { return Ok(None) };
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
                self.probe = None;
                return Ok(None);
            }
        };
        let now = self.evaluator.elapsed();
        if let Some(probe) = &mut self.probe {
            probe.since = Some(now);
        }
        self.notify(&Progress::Started { job, adopted });
        Ok(None)
    }

    /// Whether a job is the probe that runs.
    pub(super) fn is_probe(&self, job: JobId) -> bool {
        self.probe.as_ref().is_some_and(|probe| probe.is_running() && probe.job == job)
    }

    /// Ends the tuning if the probe has failed; otherwise forgives the failures.
    pub(super) fn end_probe(&mut self, outcome: Outcome) -> Result<(), Error> {
        let Some(probe) = self.probe.take() else { return Ok(()) };
        let has_failed = match &outcome {
            // By bad luck, unless that is how the jobs before it failed, too.
            Outcome::Failed(Failure { kind, .. }) if kind.is_transient() => {
                matches!(&probe.reason, StopReason::TooManyFailures { last, .. } if last.kind == *kind)
            }
            Outcome::Failed(Failure { kind, .. }) => *kind != FailureKind::Abandoned,
            // It was overdue, which it was not when it completed.
            Outcome::Stopped { .. } => probe.stop_asked && self.level < Level::Stopping,
            Outcome::Completed { .. } => false,
        };
        self.study.set_aside(probe.job.trial, outcome)?;
        self.show();
        if has_failed {
            self.escalate(Level::Stopping, probe.reason);
        } else {
            self.endings.forgive();
        }
        Ok(())
    }

    /// Asks the probe to stop, if it runs.
    pub(super) fn stop_probe(&mut self) -> Result<(), Error> {
        match &mut self.probe {
            Some(probe) if probe.is_running() && !probe.stop_asked => {
                probe.stop_asked = true;
                self.evaluator.stop(probe.job)?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// Whether failed trials lie among completed ones.
fn are_mixed(study: &Study) -> bool {
    let own = study.trials().iter().rev().filter(|trial| trial.source == Source::Own);
    let mut ends: Vec<(UnitPoint, bool)> = Vec::new();
    for trial in own.take(COMPARED) {
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
    if failed.min(ends.len() - failed) < LEAST_OF_EACH {
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
    same <= n * p + LARGEST_EXCESS * (n * p * (1.0 - p)).sqrt()
}
