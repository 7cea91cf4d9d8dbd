//! Retries of failed attempts, and the delays before them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::rule_checks::RuleChecks;
use crate::trial::FailureKind;

/// Sets how often a trial is retried after a failed attempt, by the kind of failure.
///
/// A retry runs the same configuration as the next attempt of the same trial. It does not count as
/// a job. The default is 3 retries after an interruption and 10 after throttling. A missing metric,
/// which may only be late, has one retry.
///
/// ```
/// use std::time::Duration;
///
/// use surmise::evaluator::{Job, SimulatedEvaluator, SimulatedJob};
/// use surmise::trial::{Failure, FailureKind, Outcome};
/// use surmise::{
///     Error, Objective, ParameterRange, ResourceLimits, RetryPolicy, ScalingType, SearchSpace,
///     SobolSearch, Study, StudySettings, Tuner,
/// };
///
/// let x = ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear);
/// let space = SearchSpace::new([x])?;
/// let settings = StudySettings { limits: ResourceLimits::new(5, 1), ..Default::default() };
/// let mut study = Study::new(space, Objective::minimize("loss"), SobolSearch, settings)?;
/// // The first attempt of each trial runs out of memory.
/// let mut evaluator = SimulatedEvaluator::new(|job: &Job<'_>| {
///     let outcome = match job.attempt {
///         1 => Outcome::Failed(Failure::new(FailureKind::OutOfMemory, "GPU memory is full")),
///         _ => Outcome::from(job.trial.configuration.float("x")),
///     };
///     SimulatedJob::new(outcome, Duration::from_secs(60))
/// });
/// let retries = RetryPolicy::default().with_retries(FailureKind::OutOfMemory, 2);
/// Tuner::new().retries(retries).run(&mut study, &mut evaluator)?;
/// assert!(study.trials().iter().all(|trial| trial.attempt() == 2 && trial.value().is_some()));
/// # Ok::<(), Error>(())
/// ```
///
/// # Common mistakes
///
/// - **Retries after [`FailureKind::Error`].** A program that fails for a configuration usually
///   fails again. Each retry then wastes the time of a job.
/// - **Retries in the evaluator as well.** An evaluator that also retries hides the failed attempts
///   from the study.
///
/// [`Backoff`] sets the delays before retries. See also the guide to
/// [failures](crate::guide::failures).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[doc(alias = "RetryStrategy")]
pub struct RetryPolicy {
    retries: BTreeMap<FailureKind, u32>,
    /// The delays before retries.
    pub backoff: Backoff,
}

impl Default for RetryPolicy {
    /// Returns the policy with 3 retries after interruptions, 10 after throttling, and 1 after a
    /// missing metric.
    fn default() -> Self {
        Self::never()
            .with_retries(FailureKind::Interrupted, 3)
            .with_retries(FailureKind::Throttled, 10)
            .with_retries(FailureKind::MissingMetric, 1)
    }
}

impl RetryPolicy {
    /// Creates a policy without retries.
    pub fn never() -> Self {
        Self { retries: BTreeMap::new(), backoff: Backoff::default() }
    }

    /// Sets the number of retries of a trial after failures of this kind.
    ///
    /// By default there are 3 after an interruption, 10 after throttling, 1 after a missing metric,
    /// and none after other failures. Each kind is counted separately. Raise it for failures that a
    /// further attempt may avoid.
    #[must_use]
    pub fn with_retries(mut self, kind: FailureKind, retries: u32) -> Self {
        self.retries.insert(kind, retries);
        self
    }

    /// Sets the delays before retries; by default 1 s, doubling up to 60 s, less up to a half at
    /// random.
    ///
    /// Use longer delays if the cause of failures lasts long, as for a busy service.
    #[must_use]
    pub fn with_backoff(self, backoff: Backoff) -> Self {
        Self { backoff, ..self }
    }

    /// Returns the number of retries of a trial after failures of this kind.
    pub fn retries(&self, kind: FailureKind) -> u32 {
        self.retries.get(&kind).copied().unwrap_or(0)
    }
}

/// Exponential backoff with jitter: the delays before retries grow, and differ between trials.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Backoff {
    /// Delay before the first retry; 1 s by default.
    #[serde(rename = "first")]
    pub initial_delay: Duration,
    /// Factor between the delays of successive retries, at least 1; 2 by default.
    pub factor: f64,
    /// Maximum delay before a retry; 60 s by default.
    #[serde(rename = "longest")]
    pub max_delay: Duration,
    /// Maximum share of a delay that is subtracted at random, from 0 to 1; 0.5 by default.
    pub jitter: f64,
}

impl Default for Backoff {
    /// Returns delays of 1 s, doubling up to 60 s, of which up to a half is subtracted at random.
    fn default() -> Self {
        let (initial_delay, max_delay) = (Duration::from_secs(1), Duration::from_secs(60));
        Self { initial_delay, factor: 2.0, max_delay, jitter: 0.5 }
    }
}

impl Backoff {
    /// Returns a backoff without delays.
    pub fn none() -> Self {
        let zero = Duration::ZERO;
        Self { initial_delay: zero, factor: 1.0, max_delay: zero, jitter: 0.0 }
    }

    /// Returns the delay before retry number `retry`, counted from 1.
    ///
    /// `jitter` is a random number from 0 to 1. The delay is shortened by this share of the maximum
    /// that the field [`jitter`](Self::jitter) sets.
    pub fn delay(&self, retry: u32, jitter: f64) -> Duration {
        let growth = self.factor.powi(i32::try_from(retry.saturating_sub(1)).unwrap_or(i32::MAX));
        let max_delay = self.max_delay.as_secs_f64();
        // `max` turns the NaN of 0 × ∞ into no delay.
        let delay = (self.initial_delay.as_secs_f64() * growth).max(0.0).min(max_delay);
        let seconds = delay * (1.0 - self.jitter * jitter).clamp(0.0, 1.0);
        Duration::try_from_secs_f64(seconds).unwrap_or(self.max_delay)
    }

    pub(super) fn check(&self, checks: &mut RuleChecks) {
        let rule = "the factor between delays must be finite and at least 1";
        let holds = self.factor >= 1.0 && self.factor.is_finite();
        checks.require(holds, "retries.backoff.factor", self.factor, rule, "use 2");
        let rule = "the jitter is a share of the delay, from 0 to 1";
        let holds = (0.0..=1.0).contains(&self.jitter);
        checks.require(holds, "retries.backoff.jitter", self.jitter, rule, "use 0.5");
    }
}
