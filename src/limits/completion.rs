//! Criteria that end a tuning before its limits are reached.

use serde::{Deserialize, Serialize};

use super::rule_checks::RuleChecks;

/// Ends a tuning when its results are good enough or no longer improve.
///
/// The criteria apply in addition to [`ResourceLimits`](crate::ResourceLimits), and the first one
/// that is met ends the tuning. Jobs that still run then get a stop request.
///
/// ```
/// use std::time::Duration;
///
/// use surmise::evaluator::{Job, SimulatedEvaluator, SimulatedJob};
/// use surmise::{
///     CompletionCriteria, Error, Objective, ParameterRange, ResourceLimits, ScalingType,
///     SearchSpace, SobolSearch, StopReason, Study, StudySettings, Tuner,
/// };
///
/// let x = ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear);
/// let space = SearchSpace::new([x])?;
/// let settings = StudySettings { limits: ResourceLimits::new(100, 1), ..Default::default() };
/// let mut study = Study::new(space, Objective::minimize("loss"), SobolSearch, settings)?;
/// let mut evaluator = SimulatedEvaluator::new(|job: &Job<'_>| {
///     SimulatedJob::new(job.trial.configuration.float("x"), Duration::from_secs(60))
/// });
/// // Stop at a loss of 0.05 or less, or after 30 jobs in a row without an improvement.
/// let criteria =
///     CompletionCriteria { target: Some(0.05), ..CompletionCriteria::not_improving_for(30) };
/// let result = Tuner::new().completion(criteria).run(&mut study, &mut evaluator)?;
/// assert!(matches!(result.reason, StopReason::TargetReached { .. }));
/// assert!(study.trials().len() < 100);
/// # Ok::<(), Error>(())
/// ```
///
/// # Common mistakes
///
/// - **A target in losses.** `target` is a value of the metric. If the metric is maximized, equal
///   and larger values reach it.
/// - **Too few jobs without improvement.** Long runs without an improvement occur by chance. Use at
///   least 20 jobs.
///
/// Criteria consider jobs in the order in which they end. With
/// [`Order::FixedLag`](crate::Order::FixedLag) the trials are the same in any such order, but their
/// number may differ by the jobs that are running. See also the guide to
/// [stopping](crate::guide::stopping).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[doc(alias = "TuningJobCompletionCriteria")]
pub struct CompletionCriteria {
    /// Ends the tuning when a job completes with this value of the metric or a better one.
    ///
    /// `None`, the default, is no target.
    #[doc(alias = "TargetObjectiveMetricValue")]
    pub target: Option<f64>,
    /// Ends the tuning when this many jobs in a row do not improve the best value.
    ///
    /// Failed and stopped jobs count, once there is a best value. `None`, the default, disables the
    /// criterion.
    #[doc(alias = "BestObjectiveNotImproving")]
    pub not_improving_for: Option<usize>,
    /// Smallest improvement that counts, as a share of the best value; 0 by default.
    ///
    /// It applies to `not_improving_for`. With 0, any better value is an improvement, as in
    /// SageMaker's guide. With 0.01, a value must be 1 % better, as in SageMaker's API reference.
    #[serde(rename = "least_improvement")]
    pub min_improvement: f64,
}

impl CompletionCriteria {
    /// Creates criteria that end the tuning when a job completes with `value` or a better value.
    pub fn target(value: f64) -> Self {
        Self { target: Some(value), ..Self::default() }
    }

    /// Creates criteria that end the tuning after `jobs` jobs in a row without an improvement.
    pub fn not_improving_for(jobs: usize) -> Self {
        Self { not_improving_for: Some(jobs), ..Self::default() }
    }

    pub(super) fn check(&self, checks: &mut RuleChecks) {
        if let Some(target) = self.target {
            let rule = "the target must be a number, not NaN";
            checks.require(!target.is_nan(), "completion.target", target, rule, "use a number");
        }
        let name = "completion.not_improving_for";
        let rule = "the number of jobs without an improvement must be at least 1";
        checks.require(self.not_improving_for != Some(0), name, 0, rule, "raise it, or use None");
        let min = self.min_improvement;
        let rule = "the share of the best value must be finite and at least 0";
        let holds = min >= 0.0 && min.is_finite();
        checks.require(holds, "completion.min_improvement", min, rule, "use 0 or 0.01");
    }
}
