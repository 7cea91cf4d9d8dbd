//! Early stopping: rules that stop jobs that are unlikely to become the best.

use serde::{Deserialize, Serialize};

use super::rule_checks::RuleChecks;

/// Selects the rule that stops unpromising jobs before they finish.
///
/// The jobs must report intermediate values of the metric, each with a step such as an epoch. Any
/// rule works with any strategy. The events of the study record each decision and the values
/// behind it.
///
/// ```
/// use std::time::Duration;
///
/// use surmise::evaluator::{Job, SimulatedEvaluator, SimulatedJob, SimulatedReport};
/// use surmise::{
///     EarlyStopping, Error, Objective, ParameterRange, ResourceLimits, ScalingType, SearchSpace,
///     SobolSearch, Study, StudySettings, Tuner,
/// };
///
/// let x = ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear);
/// let space = SearchSpace::new([x])?;
/// let settings = StudySettings { limits: ResourceLimits::new(20, 1), ..Default::default() };
/// let mut study = Study::new(space, Objective::minimize("loss"), SobolSearch, settings)?;
/// // Each job reports the loss after every minute, and finishes after ten.
/// let mut evaluator = SimulatedEvaluator::new(|job: &Job<'_>| {
///     let x = job.trial.configuration.float("x");
///     let minutes = |count| Duration::from_secs(60 * count);
///     let report = |epoch: u64| SimulatedReport {
///         after: minutes(epoch),
///         step: epoch,
///         value: x + 1.0 / epoch as f64,
///     };
///     let reports = (1..10).map(report).collect();
///     SimulatedJob { reports, ..SimulatedJob::new(x, minutes(10)) }
/// });
/// Tuner::new().early_stopping(EarlyStopping::auto()).run(&mut study, &mut evaluator)?;
/// let stopped = study.trials().iter().filter(|trial| trial.stop_cause.is_some()).count();
/// assert!(stopped > 0);
/// # Ok::<(), Error>(())
/// ```
///
/// # Common mistakes
///
/// - **No reports.** A job that only returns its final value cannot be stopped early.
/// - **Steps that differ between jobs.** The rules compare values at equal steps. Report epochs or
///   shares of the training data, not seconds.
/// - **Reports of another metric.** Report the metric of the objective, such as a validation loss.
///
/// [`MedianRule`] and [`SuccessiveHalving`] define the rules. See also the guide to
/// [stopping](crate::guide::stopping).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[doc(alias = "TrainingJobEarlyStoppingType")]
#[serde(rename_all = "snake_case")]
pub enum EarlyStopping {
    /// Stops no job early; the default.
    #[default]
    Off,
    /// Stops jobs whose value is worse than the median of the running averages of earlier jobs.
    MedianRule(MedianRule),
    /// Stops jobs that are not among the best at certain steps, the rungs.
    #[doc(alias = "Hyperband")]
    SuccessiveHalving(SuccessiveHalving),
}

impl EarlyStopping {
    /// Returns the median rule with its default settings, which SageMaker calls `Auto`.
    pub fn auto() -> Self {
        Self::MedianRule(MedianRule::default())
    }

    /// Returns asynchronous successive halving that lets the best third of each rung continue.
    ///
    /// SageMaker calls it Hyperband. `min_resource` is the step of the first rung, and
    /// `max_resource` is the step at which a job is complete.
    pub fn hyperband(min_resource: u64, max_resource: u64) -> Self {
        Self::SuccessiveHalving(SuccessiveHalving::new(min_resource, max_resource))
    }

    pub(super) fn check(&self, checks: &mut RuleChecks) {
        match self {
            Self::Off => {}
            Self::MedianRule(rule) => {
                let name = "early_stopping.grace_population";
                let requirement = "the median needs at least one earlier job";
                checks.require(
                    rule.grace_population > 0,
                    name,
                    0,
                    requirement,
                    "use 3, the default",
                );
            }
            Self::SuccessiveHalving(halving) => halving.check(checks),
        }
    }
}

/// The settings of the median rule.
///
/// The rule stops a job if its value is worse than the median of the running averages of earlier
/// jobs up to the same step. The sources are Golovin et al. 2017 and SageMaker's guide, *Stop
/// Training Jobs Early*.
///
/// Earlier jobs are those with smaller trial numbers that have reported at this step or later, or
/// have completed before it without a stop request. NaN and infinite values count as worse than any
/// other value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MedianRule {
    /// Number of steps that a job must have reported before it may be stopped at a later step; 1 by
    /// default.
    pub grace_steps: u64,
    /// Minimum number of earlier jobs in the median; 3 by default.
    pub grace_population: usize,
}

impl Default for MedianRule {
    /// Returns the rule with one grace step and a median of at least three jobs.
    fn default() -> Self {
        Self { grace_steps: 1, grace_population: 3 }
    }
}

/// The settings of asynchronous successive halving, in the form that stops jobs.
///
/// Let n be the number of jobs that have reached a rung, and η the reduction factor. A job
/// continues if it is among the best ⌊n ⁄ η⌋. If n < η, all jobs continue (Li et al. 2020; Klein et
/// al. 2020).
///
/// The first rung is at step `min_resource`, and each further rung at η times the step before. All
/// rungs are below `max_resource`. A job that reaches `max_resource` gets a stop request and counts
/// as completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[doc(alias = "HyperbandStrategyConfig")]
pub struct SuccessiveHalving {
    /// Step of the first rung.
    #[doc(alias = "MinResource")]
    pub min_resource: u64,
    /// Step at which a job is complete.
    #[doc(alias = "MaxResource")]
    pub max_resource: u64,
    /// Reduction factor η: one in η jobs continues after a rung; at least 2.
    pub reduction_factor: u64,
}

impl SuccessiveHalving {
    /// Creates settings with these steps of the first rung and of complete jobs.
    ///
    /// The reduction factor is 3.
    pub fn new(min_resource: u64, max_resource: u64) -> Self {
        Self { min_resource, max_resource, reduction_factor: 3 }
    }

    /// Returns the steps of the rungs, in increasing order.
    pub fn rungs(&self) -> Vec<u64> {
        let next = |step: &u64| step.checked_mul(self.reduction_factor.max(2));
        let first = Some(self.min_resource.max(1));
        std::iter::successors(first, next).take_while(|step| *step < self.max_resource).collect()
    }

    fn check(&self, checks: &mut RuleChecks) {
        let Self { min_resource, max_resource, reduction_factor } = *self;
        let name = "early_stopping.min_resource";
        let rule = "the first step at which a job can be judged is 1";
        checks.require(min_resource > 0, name, 0, rule, "raise it");
        let rule = format!("min_resource must not exceed max_resource, which is {max_resource}");
        let remedy = "lower it, or raise max_resource";
        checks.require(min_resource <= max_resource, name, min_resource, rule, remedy);
        let name = "early_stopping.reduction_factor";
        let rule = "with a factor below 2 no job is ever stopped";
        checks.require(reduction_factor >= 2, name, reduction_factor, rule, "use 3 or 4");
    }
}
