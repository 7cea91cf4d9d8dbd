//! The probe of the circuit breaker: before many failures in a row end a tuning, the job of the
//! best trial runs again.
//!
//! Many failures in a row have one of two causes. Either the program is broken, and every further
//! job is wasted; or the search has reached a region of the space that fails, and may continue. A
//! trial that completed before shows which: its configuration runs again, as a further attempt that
//! does not count as a job. The tuning ends only if that attempt fails.
//!
//! A second probe in a row, with no trial completed in between, is omitted if failed and completed
//! trials are mixed throughout the space. Then no region fails, and the first probe passed by
//! chance.
//!
//! Of n trials, f have failed and s have completed. S of the trials have failed or completed like
//! their nearest neighbor. If failures did not depend on the position, S would be about n p, with a
//! standard deviation of about √(n p (1 − p)), where
//!
//! p = (f (f − 1) + s (s − 1)) ⁄ (n (n − 1)).

use super::probe::Probe;
use super::progress::Progress;
use super::run_state::{Stage, TuningRun};
use super::stop_reason::StopReason;
use crate::error::Error;
use crate::evaluator::{Job, JobId, StartOutcome};
use crate::study::Study;
use crate::trial::{Failure, FailureKind, Outcome, Source};
use crate::unit_cube::{self, UnitPoint};
use std::time::Duration;

/// Minimum number of failed trials and of completed trials for failures to count as mixed.
const MIN_TRIALS_OF_EACH_KIND: usize = 5;

/// Maximum excess of S over n p for failures to count as mixed, in standard deviations.
const MAX_EXCESS: f64 = 0.5;

/// Maximum number of trials that are compared, counted from the last one.
const MAX_COMPARED_TRIALS: usize = 500;

impl TuningRun<'_, '_> {
    /// Ends the tuning for this reason, or starts a probe first if a trial of the study has
    /// completed.
    pub(super) fn probe_before_stopping(&mut self, reason: StopReason) {
        let best = self.completion.best_trial().and_then(|id| self.study.trial(id));
        let limits_rate =
            self.tuner.rules.circuit_breaker.is_some_and(|it| it.failures < it.of_last);
        let would_pass_by_chance =
            self.completion.has_forgiven_failures() && failures_are_mixed(self.study);
        let best = best.filter(|_| !limits_rate && !would_pass_by_chance);
        let Some(best) = best else {
            self.escalate(Stage::Stopping, reason);
            return;
        };
        if self.probe.is_none() {
            // The attempt number is unused, because more trials have failed since the last probe.
            let failed = u32::try_from(self.completion.failed_count()).unwrap_or(u32::MAX);
            let attempt = best.attempt().saturating_add(failed);
            let job = JobId { trial: best.id, attempt };
            self.probe = Some(Probe { job, started_at: None, is_stop_requested: false, reason });
        }
    }

    /// Starts the probe. Returns how long to wait if the evaluator has no free slot.
    pub(super) fn start_probe(&mut self) -> Result<Option<Duration>, Error> {
        let Some(job) = self.probe.as_ref().map(Probe::job) else { return Ok(None) };
        let Some(trial) = self.study.trial(job.trial) else { return Ok(None) };
        let timeout = self.tuner.rules.job_timeout;
        let start = self.evaluator.start(&Job { timeout, ..Job::new(trial, job.attempt) })?;
        let adopted = match start {
            StartOutcome::Started => false,
            StartOutcome::Adopted => true,
            StartOutcome::Busy { retry_after } => {
                self.notify(&Progress::Busy { retry_after });
                return Ok(Some(retry_after));
            }
            StartOutcome::OutOfBudget { .. } => {
                // No other job can start either; the next start reports it.
                self.probe = None;
                return Ok(None);
            }
        };
        let now = self.evaluator.elapsed();
        if let Some(probe) = &mut self.probe {
            probe.started_at = Some(now);
        }
        self.notify(&Progress::Started { job, adopted });
        Ok(None)
    }

    /// Returns whether a job is the running probe.
    pub(super) fn is_probe(&self, job: JobId) -> bool {
        self.probe.as_ref().is_some_and(|probe| probe.is_running() && probe.job == job)
    }

    /// Ends the tuning if the probe has failed; forgives the failures if it has not.
    pub(super) fn end_probe(&mut self, outcome: Outcome) -> Result<(), Error> {
        let Some(probe) = self.probe.take() else { return Ok(()) };
        let earlier_kind = match &probe.reason {
            StopReason::TooManyFailures { last, .. } => Some(last.kind),
            _ => None,
        };
        let has_failed = match &outcome {
            // A transient failure counts only if the jobs before failed in the same way.
            Outcome::Failed(Failure { kind, .. }) if kind.is_transient() => {
                earlier_kind == Some(*kind)
            }
            Outcome::Failed(Failure { kind, .. }) => *kind != FailureKind::Abandoned,
            // The probe exceeded its timeout, although the same job had completed in time.
            Outcome::Stopped { .. } => probe.is_stop_requested && self.stage < Stage::Stopping,
            Outcome::Completed { .. } => false,
        };
        self.study.record_late_outcome(probe.job.trial, outcome)?;
        self.persist_and_notify();
        if has_failed {
            self.escalate(Stage::Stopping, probe.reason);
        } else {
            self.completion.forgive_failures();
        }
        Ok(())
    }

    /// Requests the running probe to stop.
    pub(super) fn stop_probe(&mut self) -> Result<(), Error> {
        match &mut self.probe {
            Some(probe) if probe.is_running() && !probe.is_stop_requested => {
                probe.is_stop_requested = true;
                self.evaluator.stop(probe.job)?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// Returns whether failed trials lie among completed ones.
fn failures_are_mixed(study: &Study) -> bool {
    let study_trials = study.trials().iter().rev().filter(|trial| trial.source == Source::Study);
    let mut results: Vec<(UnitPoint, bool)> = Vec::new();
    for trial in study_trials.take(MAX_COMPARED_TRIALS) {
        let has_failed = match &trial.outcome {
            Some(Outcome::Completed { .. }) => false,
            Some(Outcome::Failed(failure)) if !failure.kind.is_transient() => true,
            _ => continue,
        };
        if let Ok(point) = study.space().encode(&trial.configuration) {
            results.push((point, has_failed));
        }
    }
    let failed = results.iter().filter(|(_, has_failed)| *has_failed).count();
    if failed.min(results.len() - failed) < MIN_TRIALS_OF_EACH_KIND {
        return false;
    }
    let same_as_neighbor = (0..results.len()).filter(|i| {
        let distance = |j: &usize| {
            unit_cube::squared_distance(study.space().axes(), &results[*i].0, &results[*j].0)
        };
        let other_trials = (0..results.len()).filter(|j| j != i);
        let nearest = other_trials.min_by(|a, b| distance(a).total_cmp(&distance(b)));
        nearest.is_some_and(|nearest| results[nearest].1 == results[*i].1)
    });
    let same = same_as_neighbor.count();
    #[allow(clippy::cast_precision_loss, reason = "counts of trials")]
    let [n, f, same] = [results.len(), failed, same].map(|count| count as f64);
    let s = n - f;
    let p = (f * (f - 1.0) + s * (s - 1.0)) / (n * (n - 1.0));
    same <= n * p + MAX_EXCESS * (n * p * (1.0 - p)).sqrt()
}
