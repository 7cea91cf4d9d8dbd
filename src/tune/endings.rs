//! What the end of a job means: for its trial, and for the tuning.

use std::collections::VecDeque;

use super::reason::StopReason;
use crate::limits::TuningRules;
use crate::study::{Event, Study};
use crate::trial::{Failure, FailureKind, Outcome, Source, StopCause, Trial, TrialId};

/// What is told of a trial.
pub(super) struct Settled {
    pub(super) outcome: Outcome,
    /// What its job said instead, if a decision counts for more.
    pub(super) replaced: Option<Outcome>,
}

/// The end of a trial that was decided on a value, for this cause.
pub(super) fn decided(cause: StopCause) -> Option<Outcome> {
    match cause {
        // The resource is what a job has, so this was its final value.
        StopCause::MaxResource { value, .. } => Some(Outcome::from(value)),
        _ => cause
            .decided_on()
            .map(|value| Outcome::Stopped { value: Some(value).filter(|value| value.is_finite()) }),
    }
}

/// What the end of a job means for its trial, which was asked to stop for this cause.
///
/// Under a fixed lag a decision by the metric counts with the value on which it was made: whether a job hears of it a step
/// sooner or later is a matter of pace.
pub(super) fn settle(
    trial: &Trial,
    outcome: Outcome,
    cause: Option<StopCause>,
    is_lagged: bool,
) -> Settled {
    let Some(cause) = cause else { return Settled { outcome, replaced: None } };
    let decided = decided(cause);
    let is_stopped = matches!(outcome, Outcome::Stopped { .. });
    match (decided, cause) {
        (Some(decided), _) if is_lagged => {
            let replaced = (decided != outcome && !is_stopped).then_some(outcome);
            Settled { outcome: decided, replaced }
        }
        (Some(decided), StopCause::MaxResource { .. }) if is_stopped => {
            Settled { outcome: decided, replaced: None }
        }
        (_, StopCause::Deadline { after }) if is_stopped => {
            let last = match trial.last_reported() {
                Some(value) => format!("its last value was {value}"),
                None => "it had reported nothing".to_owned(),
            };
            let text = format!("it had not ended after {after:?}; {last}");
            let outcome = Outcome::Failed(Failure::new(FailureKind::Timeout, text));
            Settled { outcome, replaced: None }
        }
        _ if is_stopped => {
            let given = match outcome {
                Outcome::Stopped { value } => value.filter(|value| value.is_finite()),
                _ => None,
            };
            let value = given.or_else(|| trial.last_reported());
            Settled { outcome: Outcome::Stopped { value }, replaced: None }
        }
        _ => Settled { outcome, replaced: None },
    }
}

/// How the jobs of a study have ended so far.
#[derive(Debug, Default)]
pub(super) struct Endings {
    /// Trial and loss of the best job.
    best: Option<(TrialId, f64)>,
    /// So many jobs in a row have not improved it.
    not_improving: usize,
    /// Whether the last jobs of this call failed.
    recent: VecDeque<bool>,
    last_failure: Option<Failure>,
    /// Trials of the study's own that have failed.
    failed: usize,
    /// Whether failures were forgiven since a trial last completed.
    is_forgiven: bool,
    /// Whether a trial of the study's own has a value, of a job that was stopped too.
    has_value: bool,
    /// Whether one has that came to its end without being asked to stop.
    has_own_value: bool,
    /// Jobs of this call that no configuration could have saved.
    fruitless: usize,
    /// So many jobs in a row ended well and told no metric.
    without_metric: usize,
    /// By how much an improvement improves is a rule; so it is looked at later.
    values: Vec<(TrialId, Option<f64>)>,
    looked_at: usize,
}

impl Endings {
    /// Those in the ledger. Failures of earlier calls are forgiven.
    pub(super) fn of(study: &Study) -> Self {
        let mut endings = Self::default();
        for event in study.events() {
            if let Event::Told { trial, .. } = event {
                endings.values.extend(entry(study, *trial));
                endings.failed += usize::from(failure_of(study, *trial).is_some());
                endings.has_value |= has_value(study, *trial);
                endings.has_own_value |= has_own_value(study, *trial);
            }
        }
        endings
    }

    /// Takes in a trial that has just ended; of its own, if its job was started by this call and was not asked to stop.
    pub(super) fn add(&mut self, study: &Study, trial: TrialId, is_own_end: bool) {
        self.values.extend(entry(study, trial));
        let failure = failure_of(study, trial).cloned();
        if failure.as_ref().is_some_and(|failure| failure.kind == FailureKind::Cancelled) {
            return;
        }
        let kind = failure.as_ref().map(|failure| failure.kind);
        self.has_value |= has_value(study, trial);
        if is_own_end {
            // What was asked to stop tells its last report; what an earlier call has started may be mended by now.
            let is_without_metric = kind == Some(FailureKind::MissingMetric);
            self.has_own_value |= has_own_value(study, trial);
            self.fruitless += usize::from(is_without_metric || kind == Some(FailureKind::Setup));
            self.without_metric = if is_without_metric { self.without_metric + 1 } else { 0 };
        }
        self.failed += usize::from(failure.is_some());
        self.is_forgiven &= failure.is_some();
        self.recent.push_back(failure.is_some());
        self.last_failure = failure.or(self.last_failure.take());
    }

    /// Failures so far are no reason to stop.
    pub(super) fn forgive(&mut self) {
        self.recent.clear();
        self.is_forgiven = true;
    }

    /// Whether they were, and none has completed since.
    pub(super) fn is_forgiven(&self) -> bool {
        self.is_forgiven
    }

    /// How many trials of the study's own have failed.
    pub(super) fn failed(&self) -> usize {
        self.failed
    }

    /// The trial of the study's own that has the best value.
    pub(super) fn best_own(&self) -> Option<TrialId> {
        self.best.map(|(trial, _)| trial)
    }

    /// Looks at all values once more, because one of them has changed.
    pub(super) fn look_again(&mut self, study: &Study) {
        let Self { recent, last_failure, is_forgiven, fruitless, without_metric, .. } =
            std::mem::take(self);
        let kept = Self {
            recent,
            last_failure,
            is_forgiven,
            fruitless,
            without_metric,
            ..Self::of(study)
        };
        *self = kept;
    }

    /// The reason to stop, if there is one.
    pub(super) fn enough(&mut self, study: &Study, rules: &TuningRules) -> Option<StopReason> {
        self.look_for_improvement(rules.completion.least_improvement, study);
        let best = self.best.map(|(trial, loss)| (trial, loss, study.objective().value(loss)));
        if let (Some(target), Some((trial, loss, value))) = (rules.completion.target, best)
            && loss <= study.objective().loss(target)
        {
            return Some(StopReason::TargetReached { trial, value, target });
        }
        if let Some(reason) = self.fruitless(rules) {
            return Some(reason);
        }
        if let Some(breaker) = rules.circuit_breaker {
            while self.recent.len() > breaker.of_last {
                self.recent.pop_front();
            }
            let failures = self.recent.iter().filter(|failed| **failed).count();
            if let Some(last) = self.last_failure.clone().filter(|_| failures >= breaker.failures) {
                let of_last = self.recent.len();
                return Some(StopReason::TooManyFailures { failures, of_last, last });
            }
        }
        if let (Some(patience), Some((best, _, value))) = (rules.completion.not_improving_for, best)
            && self.not_improving >= patience
        {
            let jobs = self.not_improving;
            return Some(StopReason::NotImproving { jobs, best, value });
        }
        None
    }

    /// Whether jobs have failed for a reason that no configuration can mend.
    fn fruitless(&self, rules: &TuningRules) -> Option<StopReason> {
        let last = || self.last_failure.clone();
        let limit = rules.canary.filter(|_| !self.has_own_value).map(|canary| canary.failures);
        if limit.is_some_and(|limit| self.fruitless >= limit) {
            return Some(StopReason::FirstJobsFailed { jobs: self.fruitless, last: last()? });
        }
        let jobs = self.without_metric;
        let is_enough = rules.missing_metrics.is_some_and(|limit| jobs >= limit);
        is_enough.then(last)?.map(|last| StopReason::MissingMetrics { jobs, last })
    }

    /// Whether a trial of the study's own has a value, of a job that was stopped too.
    pub(super) fn has_value(&self) -> bool {
        self.has_value
    }

    fn look_for_improvement(&mut self, least: f64, study: &Study) {
        for (trial, value) in &self.values[self.looked_at..] {
            let loss = value.map(|value| study.objective().loss(value));
            match (loss, self.best) {
                (Some(loss), None) => self.best = Some((*trial, loss)),
                (None, None) => {}
                (Some(loss), Some((_, best))) if loss < best => {
                    let is_enough = loss < best - least * best.abs();
                    self.not_improving = if is_enough { 0 } else { self.not_improving + 1 };
                    self.best = Some((*trial, loss));
                }
                (_, Some(_)) => self.not_improving += 1,
            }
        }
        self.looked_at = self.values.len();
    }
}

fn has_value(study: &Study, trial: TrialId) -> bool {
    let trial = study.trial(trial).filter(|trial| trial.source == Source::Own);
    matches!(
        trial.and_then(|trial| trial.outcome.as_ref()),
        Some(Outcome::Completed { .. } | Outcome::Stopped { value: Some(_) })
    )
}

/// Whether a job came to its end with a value without being asked to stop.
fn has_own_value(study: &Study, trial: TrialId) -> bool {
    let was_asked = study.trial(trial).is_some_and(|trial| trial.stop_asked.is_some());
    has_value(study, trial) && !was_asked
}

fn failure_of(study: &Study, trial: TrialId) -> Option<&Failure> {
    match study.trial(trial)?.outcome.as_ref()? {
        Outcome::Failed(failure) => Some(failure),
        _ => None,
    }
}

/// A trial of the study's own and its value; nothing of one that had no chance to have any.
fn entry(study: &Study, trial: TrialId) -> Option<(TrialId, Option<f64>)> {
    let trial = study.trial(trial).filter(|trial| trial.source == Source::Own)?;
    let was_cancelled = matches!(
        &trial.outcome,
        Some(Outcome::Failed(failure)) if failure.kind == FailureKind::Cancelled
    );
    let had_a_chance = !was_cancelled && !trial.was_cut_off();
    (had_a_chance || trial.value().is_some()).then(|| (trial.id, trial.value()))
}
