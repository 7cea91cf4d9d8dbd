//! Decides what the end of a job means for its trial, and whether the tuning is complete.

use std::collections::VecDeque;

use super::stop_reason::StopReason;
use crate::limits::TuningRules;
use crate::study::{Event, Study};
use crate::trial::{Failure, FailureKind, Outcome, Source, StopCause, Trial, TrialId};

/// The outcome of a trial, after its job has ended.
pub(super) struct FinalOutcome {
    pub(super) outcome: Outcome,
    /// The outcome of the job, if the outcome of a stop decision replaces it.
    pub(super) replaced: Option<Outcome>,
}

/// Returns the outcome of a trial that was stopped because of a value; `None` for other causes.
pub(super) fn decided_outcome(cause: StopCause) -> Option<Outcome> {
    match cause {
        // The job has used the whole resource, so this is its final value.
        StopCause::MaxResource { value, .. } => Some(Outcome::from(value)),
        _ => cause
            .deciding_value()
            .map(|value| Outcome::Stopped { value: Some(value).filter(|value| value.is_finite()) }),
    }
}

/// Returns the outcome of a trial whose job has ended after a stop request with this cause.
///
/// Under a fixed lag, a decision by the metric counts with the value on which it was made: how soon
/// a job receives the request is random.
pub(super) fn final_outcome(
    trial: &Trial,
    outcome: Outcome,
    cause: Option<StopCause>,
    is_lagged: bool,
) -> FinalOutcome {
    let Some(cause) = cause else { return FinalOutcome { outcome, replaced: None } };
    let decided = decided_outcome(cause);
    let is_stopped = matches!(outcome, Outcome::Stopped { .. });
    match (decided, cause) {
        (Some(decided), _) if is_lagged => {
            let replaced = (decided != outcome && !is_stopped).then_some(outcome);
            FinalOutcome { outcome: decided, replaced }
        }
        (Some(decided), StopCause::MaxResource { .. }) if is_stopped => {
            FinalOutcome { outcome: decided, replaced: None }
        }
        (_, StopCause::Timeout { after }) if is_stopped => {
            let last = match trial.last_reported_value() {
                Some(value) => format!("its last value was {value}"),
                None => "it had reported nothing".to_owned(),
            };
            let text = format!("the job had not ended after {after:?}; {last}");
            let outcome = Outcome::Failed(Failure::new(FailureKind::Timeout, text));
            FinalOutcome { outcome, replaced: None }
        }
        _ if is_stopped => {
            let job_value = match outcome {
                Outcome::Stopped { value } => value.filter(|value| value.is_finite()),
                _ => None,
            };
            let value = job_value.or_else(|| trial.last_reported_value());
            FinalOutcome { outcome: Outcome::Stopped { value }, replaced: None }
        }
        _ => FinalOutcome { outcome, replaced: None },
    }
}

/// Statistics of the ended jobs of a study, from which the reasons to stop follow.
#[derive(Debug, Default)]
pub(super) struct CompletionTracker {
    /// The trial and the loss of the best job.
    best: Option<(TrialId, f64)>,
    /// Number of jobs in a row that have not improved the best loss.
    jobs_without_improvement: usize,
    /// For each of the last jobs of this call, whether it failed.
    recent_failures: VecDeque<bool>,
    last_failure: Option<Failure>,
    /// Number of the study's trials that have failed.
    failed_count: usize,
    /// True if failures were forgiven and no trial has completed since.
    has_forgiven_failures: bool,
    /// True if a trial of the study has a value, including trials that were stopped.
    has_value: bool,
    /// True if a trial has a value whose job ended without a stop request.
    has_unstopped_value: bool,
    /// Number of failures of this call that no configuration can fix.
    unfixable_failures: usize,
    /// Number of jobs in a row that ended without a metric.
    jobs_without_metric: usize,
    /// The values of the ended trials. They are compared later, when the rules, and with them the
    /// required improvement, are known.
    values: Vec<(TrialId, Option<f64>)>,
    /// Number of `values` that have been compared.
    evaluated_count: usize,
}

impl CompletionTracker {
    /// Collects the statistics of a study. Failures of earlier calls are no reason to stop.
    pub(super) fn from_study(study: &Study) -> Self {
        let mut tracker = Self::default();
        for event in study.events() {
            if let Event::Told { trial, .. } = event {
                tracker.values.extend(counted_value(study, *trial));
                tracker.failed_count += usize::from(failure_of(study, *trial).is_some());
                tracker.has_value |= has_value(study, *trial);
                tracker.has_unstopped_value |= has_unstopped_value(study, *trial);
            }
        }
        tracker
    }

    /// Adds a trial that has ended.
    ///
    /// `is_unstopped_end` says that this call started its job, and that no stop was requested.
    pub(super) fn add(&mut self, study: &Study, trial: TrialId, is_unstopped_end: bool) {
        self.values.extend(counted_value(study, trial));
        let failure = failure_of(study, trial).cloned();
        if failure.as_ref().is_some_and(|failure| failure.kind == FailureKind::Cancelled) {
            return;
        }
        let kind = failure.as_ref().map(|failure| failure.kind);
        self.has_value |= has_value(study, trial);
        if is_unstopped_end {
            // A stopped job reports its last value, and the cause of an earlier call's failure may
            // be fixed by now.
            let is_without_metric = kind == Some(FailureKind::MissingMetric);
            self.has_unstopped_value |= has_unstopped_value(study, trial);
            self.unfixable_failures +=
                usize::from(is_without_metric || kind == Some(FailureKind::Setup));
            self.jobs_without_metric =
                if is_without_metric { self.jobs_without_metric + 1 } else { 0 };
        }
        self.failed_count += usize::from(failure.is_some());
        self.has_forgiven_failures &= failure.is_some();
        self.recent_failures.push_back(failure.is_some());
        self.last_failure = failure.or(self.last_failure.take());
    }

    /// Discards the earlier failures as a reason to stop.
    pub(super) fn forgive_failures(&mut self) {
        self.recent_failures.clear();
        self.has_forgiven_failures = true;
    }

    /// Returns whether failures were forgiven and no trial has completed since.
    pub(super) fn has_forgiven_failures(&self) -> bool {
        self.has_forgiven_failures
    }

    /// Returns the number of the study's trials that have failed.
    pub(super) fn failed_count(&self) -> usize {
        self.failed_count
    }

    /// Returns the trial of the study with the best value.
    pub(super) fn best_trial(&self) -> Option<TrialId> {
        self.best.map(|(trial, _)| trial)
    }

    /// Compares all values again, because one of them has changed.
    pub(super) fn recompute(&mut self, study: &Study) {
        let Self {
            recent_failures,
            last_failure,
            has_forgiven_failures,
            unfixable_failures,
            jobs_without_metric,
            ..
        } = std::mem::take(self);
        let recomputed = Self {
            recent_failures,
            last_failure,
            has_forgiven_failures,
            unfixable_failures,
            jobs_without_metric,
            ..Self::from_study(study)
        };
        *self = recomputed;
    }

    /// Returns the reason to stop, if there is one.
    pub(super) fn stop_reason(&mut self, study: &Study, rules: &TuningRules) -> Option<StopReason> {
        self.update_improvement(rules.completion.min_improvement, study);
        let best = self.best.map(|(trial, loss)| (trial, loss, study.objective().value(loss)));
        if let (Some(target), Some((trial, loss, value))) = (rules.completion.target, best)
            && loss <= study.objective().loss(target)
        {
            return Some(StopReason::TargetReached { trial, value, target });
        }
        if let Some(reason) = self.unfixable_reason(rules) {
            return Some(reason);
        }
        if let Some(breaker) = rules.circuit_breaker {
            while self.recent_failures.len() > breaker.of_last {
                self.recent_failures.pop_front();
            }
            let failures = self.recent_failures.iter().filter(|failed| **failed).count();
            if let Some(last) = self.last_failure.clone().filter(|_| failures >= breaker.failures) {
                let of_last = self.recent_failures.len();
                return Some(StopReason::TooManyFailures { failures, of_last, last });
            }
        }
        if let (Some(patience), Some((best, _, value))) = (rules.completion.not_improving_for, best)
            && self.jobs_without_improvement >= patience
        {
            let jobs = self.jobs_without_improvement;
            return Some(StopReason::NotImproving { jobs, best, value });
        }
        None
    }

    /// Returns the reason to stop if jobs have failed for a reason that no configuration can fix.
    fn unfixable_reason(&self, rules: &TuningRules) -> Option<StopReason> {
        let last = || self.last_failure.clone();
        let limit =
            rules.canary.filter(|_| !self.has_unstopped_value).map(|canary| canary.failures);
        if limit.is_some_and(|limit| self.unfixable_failures >= limit) {
            return Some(StopReason::FirstJobsFailed {
                jobs: self.unfixable_failures,
                last: last()?,
            });
        }
        let jobs = self.jobs_without_metric;
        let is_enough = rules.max_missing_metrics.is_some_and(|limit| jobs >= limit);
        is_enough.then(last)?.map(|last| StopReason::MissingMetrics { jobs, last })
    }

    /// Returns whether a trial of the study has a value, including trials that were stopped.
    pub(super) fn has_value(&self) -> bool {
        self.has_value
    }

    fn update_improvement(&mut self, min_improvement: f64, study: &Study) {
        for (trial, value) in &self.values[self.evaluated_count..] {
            let loss = value.map(|value| study.objective().loss(value));
            match (loss, self.best) {
                (Some(loss), None) => self.best = Some((*trial, loss)),
                (None, None) => {}
                (Some(loss), Some((_, best))) if loss < best => {
                    let is_enough = loss < best - min_improvement * best.abs();
                    self.jobs_without_improvement =
                        if is_enough { 0 } else { self.jobs_without_improvement + 1 };
                    self.best = Some((*trial, loss));
                }
                (_, Some(_)) => self.jobs_without_improvement += 1,
            }
        }
        self.evaluated_count = self.values.len();
    }
}

fn has_value(study: &Study, trial: TrialId) -> bool {
    let trial = study.trial(trial).filter(|trial| trial.source == Source::Study);
    matches!(
        trial.and_then(|trial| trial.outcome.as_ref()),
        Some(Outcome::Completed { .. } | Outcome::Stopped { value: Some(_) })
    )
}

/// Returns whether a job ended with a value and without a stop request.
fn has_unstopped_value(study: &Study, trial: TrialId) -> bool {
    let has_stop_request = study.trial(trial).is_some_and(|trial| trial.stop_cause.is_some());
    has_value(study, trial) && !has_stop_request
}

fn failure_of(study: &Study, trial: TrialId) -> Option<&Failure> {
    match study.trial(trial)?.outcome.as_ref()? {
        Outcome::Failed(failure) => Some(failure),
        _ => None,
    }
}

/// Returns a trial of the study with its value.
///
/// Returns `None` for an external trial, and for one that was cancelled or interrupted before it
/// had a value.
fn counted_value(study: &Study, trial: TrialId) -> Option<(TrialId, Option<f64>)> {
    let trial = study.trial(trial).filter(|trial| trial.source == Source::Study)?;
    let was_cancelled = matches!(
        &trial.outcome,
        Some(Outcome::Failed(failure)) if failure.kind == FailureKind::Cancelled
    );
    let could_complete = !was_cancelled && !trial.needs_rerun();
    (could_complete || trial.value().is_some()).then(|| (trial.id, trial.value()))
}
