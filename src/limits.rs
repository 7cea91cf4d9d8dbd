//! How much may be run, and when it is enough: rules as data. [`tune`](mod@crate::tune) acts on them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Violation};
use crate::trial::FailureKind;

/// How many jobs may run, in all and at once, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceLimits {
    /// Number of jobs in all; `None` is no limit. Strategies also plan with it. A retry is no further job.
    #[doc(alias = "MaxNumberOfTrainingJobs")]
    pub max_jobs: Option<usize>,
    /// Number of jobs at once. One that is stopping still counts, until its evaluator says that it has ended.
    #[doc(alias = "MaxParallelTrainingJobs")]
    pub max_parallel_jobs: usize,
    /// After this time, by the evaluator's clock and for each call of [`tune`](fn@crate::tune::tune), what runs is asked to stop;
    /// `None` is no limit.
    #[doc(alias = "MaxRuntimeInSeconds")]
    pub max_runtime: Option<Duration>,
}

impl ResourceLimits {
    /// These limits, for as long as it takes.
    pub fn new(max_jobs: usize, max_parallel_jobs: usize) -> Self {
        Self { max_jobs: Some(max_jobs), max_parallel_jobs, max_runtime: None }
    }

    pub(crate) fn violations(&self) -> Vec<Violation> {
        let mut broken = Broken::default();
        let zero = "raise it, or use None for no limit";
        broken.unless(
            self.max_jobs != Some(0),
            "max_jobs",
            0,
            "at least one job must be allowed",
            zero,
        );
        let rule = "at least one job must be allowed at a time";
        broken.unless(self.max_parallel_jobs != 0, "max_parallel_jobs", 0, rule, "raise it");
        let some = self.max_runtime != Some(Duration::ZERO);
        broken.unless(some, "max_runtime", "0 s", "there must be time for something", zero);
        broken.0
    }

    /// Whether the limits make sense.
    ///
    /// # Errors
    /// [`Error::Invalid`] if one of them is 0.
    pub fn check(&self) -> Result<(), Error> {
        Error::unless_empty(self.violations())
    }
}

impl Default for ResourceLimits {
    /// No limit in all, one job at a time.
    fn default() -> Self {
        Self { max_jobs: None, max_parallel_jobs: 1, max_runtime: None }
    }
}

/// Which running jobs are stopped because they promise little. Only jobs that report their metric can be.
///
/// Any of them goes with any strategy. What is decided, and on which figures, is an event of the study.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[doc(alias = "TrainingJobEarlyStoppingType")]
#[serde(rename_all = "snake_case")]
pub enum EarlyStopping {
    /// None.
    #[default]
    Off,
    /// Those whose value is worse than the median of earlier jobs' running averages at the same step.
    MedianRule(MedianRule),
    /// Those that are not among the best of their rung.
    #[doc(alias = "Hyperband")]
    SuccessiveHalving(SuccessiveHalving),
}

impl EarlyStopping {
    /// What SageMaker does where it says `Auto`: the median rule.
    pub fn auto() -> Self {
        Self::MedianRule(MedianRule::default())
    }

    /// Asynchronous successive halving of jobs that report from `min_resource` to `max_resource` steps, of each rung the best
    /// third going on: what SageMaker's Hyperband does.
    pub fn hyperband(min_resource: u64, max_resource: u64) -> Self {
        Self::SuccessiveHalving(SuccessiveHalving::new(min_resource, max_resource))
    }

    fn violations(&self, broken: &mut Broken) {
        match self {
            Self::Off => {}
            Self::MedianRule(rule) => {
                let some = rule.grace_population > 0;
                let remedy = "raise it; 3 is the default";
                let name = "early_stopping.grace_population";
                broken.unless(some, name, 0, "a median is of at least one job", remedy);
            }
            Self::SuccessiveHalving(SuccessiveHalving {
                min_resource,
                max_resource,
                reduction_factor,
            }) => {
                let rule = "no job can be judged before its first step";
                broken.unless(
                    *min_resource > 0,
                    "early_stopping.min_resource",
                    0,
                    rule,
                    "raise it",
                );
                let rule = format!("the least must not be above the most, which is {max_resource}");
                let remedy = "lower it, or raise max_resource";
                let sound = min_resource <= max_resource;
                broken.unless(sound, "early_stopping.min_resource", min_resource, rule, remedy);
                let rule = "one job in so many goes on: with less than 2 nothing is ever stopped";
                let (name, sound) = ("early_stopping.reduction_factor", *reduction_factor >= 2);
                broken.unless(sound, name, reduction_factor, rule, "use 3 or 4");
            }
        }
    }
}

/// The median rule (Golovin et al. 2017; SageMaker's guide, *Stop Training Jobs Early*): a job is stopped at a step if its value
/// there is worse than the median of the running averages, up to that step, of the jobs before it.
///
/// Jobs before it are those of smaller numbers that have reported at this step or later, or completed earlier on their own. A
/// value that is not finite is worse than any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MedianRule {
    /// So many different steps must a job have reported before it can be stopped at a further one.
    pub grace_steps: u64,
    /// So many earlier jobs must have got as far.
    pub grace_population: usize,
}

impl Default for MedianRule {
    /// One step, three jobs.
    fn default() -> Self {
        Self { grace_steps: 1, grace_population: 3 }
    }
}

/// Asynchronous successive halving in its stopping form (Li et al. 2020; Klein et al. 2020): a job that reaches a rung goes on if it
/// is among the best ⌊n ⁄ η⌋ of the n jobs that have reached it so far, or if there are fewer than η of them.
///
/// Rungs are at `min_resource`, and η times as far each, below `max_resource`. A job that reaches `max_resource` is asked to stop,
/// and has completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[doc(alias = "HyperbandStrategyConfig")]
pub struct SuccessiveHalving {
    /// The step of the first rung.
    #[doc(alias = "MinResource")]
    pub min_resource: u64,
    /// The step at which a job is over.
    #[doc(alias = "MaxResource")]
    pub max_resource: u64,
    /// η: one in so many goes on.
    pub reduction_factor: u64,
}

impl SuccessiveHalving {
    /// One in three goes on.
    pub fn new(min_resource: u64, max_resource: u64) -> Self {
        Self { min_resource, max_resource, reduction_factor: 3 }
    }

    /// The steps at which jobs are judged, in their order.
    pub fn rungs(&self) -> Vec<u64> {
        let next = |step: &u64| step.checked_mul(self.reduction_factor.max(2));
        let first = Some(self.min_resource.max(1));
        std::iter::successors(first, next).take_while(|step| *step < self.max_resource).collect()
    }
}

/// When it is enough, besides the limits; any one of them suffices. What then runs is asked to stop.
///
/// Criteria look at jobs in the order in which they end. Under a fixed lag the trajectory is the same whatever that order; how far it goes
/// can differ by the jobs that were under way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[doc(alias = "TuningJobCompletionCriteria")]
pub struct CompletionCriteria {
    /// A job completed with this value of the metric, or a better one.
    #[doc(alias = "TargetObjectiveMetricValue")]
    pub target: Option<f64>,
    /// So many jobs in a row did not improve the best value. Failed ones count, once there is a best value.
    #[doc(alias = "BestObjectiveNotImproving")]
    pub not_improving_for: Option<usize>,
    /// What counts as improving: by more than this share of the best value. With 0 any better value does, as SageMaker's guide says; with
    /// 0.01 it must be better by a hundredth, as its API reference says.
    pub least_improvement: f64,
}

impl CompletionCriteria {
    /// Enough as soon as a job completes with `value`, or a better one.
    pub fn target(value: f64) -> Self {
        Self { target: Some(value), ..Self::default() }
    }

    /// Enough as soon as `jobs` in a row did not beat the best one.
    pub fn not_improving_for(jobs: usize) -> Self {
        Self { not_improving_for: Some(jobs), ..Self::default() }
    }

    fn violations(&self, broken: &mut Broken) {
        if let Some(target) = self.target {
            let sound = !target.is_nan();
            broken.unless(sound, "completion.target", target, "a target is a number", "give one");
        }
        let some = self.not_improving_for != Some(0);
        let rule = "at least one job must have failed to improve";
        broken.unless(some, "completion.not_improving_for", 0, rule, "raise it, or use None");
        let least = self.least_improvement;
        let rule = "a share of the best value is finite and not negative";
        let sound = least >= 0.0 && least.is_finite();
        broken.unless(sound, "completion.least_improvement", least, rule, "use 0, or 0.01");
    }
}

/// How often a job is tried again after it failed, by the kind of failure: the same configuration, as the next attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[doc(alias = "RetryStrategy")]
pub struct RetryPolicy {
    retries: BTreeMap<FailureKind, u32>,
    /// How long to wait before each of them.
    pub backoff: Backoff,
}

impl Default for RetryPolicy {
    /// Three retries of what was interrupted, ten of what was throttled, one of what left no metric behind (which may only be late);
    /// none of anything else.
    fn default() -> Self {
        Self::never()
            .with(FailureKind::Interrupted, 3)
            .with(FailureKind::Throttled, 10)
            .with(FailureKind::MissingMetric, 1)
    }
}

impl RetryPolicy {
    /// No retries.
    pub fn never() -> Self {
        Self { retries: BTreeMap::new(), backoff: Backoff::default() }
    }

    /// The same with this many retries after failures of this kind.
    #[must_use]
    pub fn with(mut self, kind: FailureKind, retries: u32) -> Self {
        self.retries.insert(kind, retries);
        self
    }

    /// The same with this backoff.
    #[must_use]
    pub fn with_backoff(self, backoff: Backoff) -> Self {
        Self { backoff, ..self }
    }

    /// How often a trial is tried again after failures of this kind.
    pub fn retries(&self, kind: FailureKind) -> u32 {
        self.retries.get(&kind).copied().unwrap_or(0)
    }
}

/// How long to wait before a retry: longer each time, and not everyone at once.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Backoff {
    /// Before the first retry.
    pub first: Duration,
    /// By this factor longer each time.
    pub factor: f64,
    /// But never longer than this.
    pub longest: Duration,
    /// A random share of this much is taken off; 0 for none, at most 1.
    pub jitter: f64,
}

impl Default for Backoff {
    /// One second, doubling up to a minute, up to half of it taken off.
    fn default() -> Self {
        let (first, longest) = (Duration::from_secs(1), Duration::from_secs(60));
        Self { first, factor: 2.0, longest, jitter: 0.5 }
    }
}

impl Backoff {
    /// No waiting.
    pub fn none() -> Self {
        Self { first: Duration::ZERO, factor: 1.0, longest: Duration::ZERO, jitter: 0.0 }
    }

    /// The wait before retry number `retry`, from 1, where `chance` is a random number from 0 to 1.
    pub fn wait(&self, retry: u32, chance: f64) -> Duration {
        let growth = self.factor.powi(i32::try_from(retry.saturating_sub(1)).unwrap_or(i32::MAX));
        let longest = self.longest.as_secs_f64();
        // 0 × ∞ is no number, and no wait.
        let whole = (self.first.as_secs_f64() * growth).max(0.0).min(longest);
        let seconds = whole * (1.0 - self.jitter * chance).clamp(0.0, 1.0);
        Duration::try_from_secs_f64(seconds).unwrap_or(self.longest)
    }

    fn violations(&self, broken: &mut Broken) {
        let rule = "waits do not become shorter, and are numbers";
        let sound = self.factor >= 1.0 && self.factor.is_finite();
        broken.unless(sound, "retries.backoff.factor", self.factor, rule, "use 2");
        let sound = (0.0..=1.0).contains(&self.jitter);
        let rule = "it is a share of the wait, from 0 to 1";
        broken.unless(sound, "retries.backoff.jitter", self.jitter, rule, "use 0.5");
    }
}

/// Ends a tuning in which hardly anything comes off: something is broken that no configuration can mend.
///
/// It is for programs that are broken, not for regions of the space that fail. So if all of the last jobs failed, but a trial of the study's own has
/// completed before, it ends the tuning at once only where failures came among successes. Else the job of the best trial is run once more, as a
/// further attempt that counts as no job, and only if that fails, too, the tuning ends. A breaker that asks for fewer failures than it looks at jobs is
/// a rate, and only counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CircuitBreaker {
    /// So many failed jobs…
    pub failures: usize,
    /// …among this many that ended last.
    pub of_last: usize,
}

impl Default for CircuitBreaker {
    /// Ten in a row.
    fn default() -> Self {
        Self { failures: 10, of_last: 10 }
    }
}

/// Ends a tuning whose first jobs come to nothing for a reason that no configuration can mend: they could not begin
/// ([`FailureKind::Setup`]), or they ended well and told no metric ([`FailureKind::MissingMetric`]).
///
/// It looks at jobs of one call of [`tune`](mod@crate::tune), until a trial of the study's own has a value. Where jobs cost money it is on:
/// `SageMakerEvaluator::rules` of the package `surmise-sagemaker`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Canary {
    /// So many such failures prove it.
    pub failures: usize,
    /// Whether only one job runs at a time until one has given a value, so that no others are paid for in vain.
    pub one_at_a_time: bool,
}

impl Default for Canary {
    /// Two failures, as many jobs at a time as the limits allow.
    fn default() -> Self {
        Self { failures: 2, one_at_a_time: false }
    }
}

impl Canary {
    /// The same with one job at a time until one has given a value.
    #[must_use]
    pub fn one_at_a_time(self) -> Self {
        Self { one_at_a_time: true, ..self }
    }
}

/// What [`tune`](mod@crate::tune) keeps to, besides the limits of the study.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TuningRules {
    /// Which running jobs are stopped because they promise little.
    pub early_stopping: EarlyStopping,
    /// When it is enough.
    pub completion: CompletionCriteria,
    /// Which failures are tried again.
    pub retries: RetryPolicy,
    /// How long an attempt may run; then it is asked to stop, and has failed as [`FailureKind::Timeout`]. `None` is as long as it takes.
    pub job_deadline: Option<Duration>,
    /// When failures are too many; `None` is never.
    pub circuit_breaker: Option<CircuitBreaker>,
    /// When the first failures prove that no job can succeed; `None` is never.
    #[serde(default)]
    pub canary: Option<Canary>,
    /// So many jobs in a row that end well and tell no metric end the tuning, as five end one of SageMaker's own tuner; `None` is never.
    #[serde(default)]
    pub missing_metrics: Option<usize>,
}

impl Default for TuningRules {
    /// No early stopping, no completion before the limits, no deadline; no canary; retries and circuit breaker as they are by default.
    fn default() -> Self {
        Self {
            early_stopping: EarlyStopping::Off,
            completion: CompletionCriteria::default(),
            retries: RetryPolicy::default(),
            job_deadline: None,
            circuit_breaker: Some(CircuitBreaker::default()),
            canary: None,
            missing_metrics: None,
        }
    }
}

impl TuningRules {
    /// Whether the rules make sense.
    ///
    /// # Errors
    /// [`Error::Invalid`] with everything that does not.
    pub fn check(&self) -> Result<(), Error> {
        let mut broken = Broken::default();
        self.early_stopping.violations(&mut broken);
        self.completion.violations(&mut broken);
        self.retries.backoff.violations(&mut broken);
        let some = self.job_deadline != Some(Duration::ZERO);
        let rule = "a job needs some time";
        broken.unless(some, "job_deadline", "0 s", rule, "raise it, or use None");
        if let Some(CircuitBreaker { failures, of_last }) = self.circuit_breaker {
            let name = "circuit_breaker.failures";
            let rule = format!("it is at least 1, and at most of_last, which is {of_last}");
            let sound = (1..=of_last).contains(&failures);
            broken.unless(sound, name, failures, rule, "use 10 of the last 10, or None");
        }
        let some = self.canary.is_none_or(|canary| canary.failures > 0);
        let rule = "at least one failure proves something";
        broken.unless(some, "canary.failures", 0, rule, "use 2, or no canary");
        let some = self.missing_metrics != Some(0);
        broken.unless(
            some,
            "missing_metrics",
            0,
            "at least one job must be missing it",
            "use 5, or None",
        );
        Error::unless_empty(broken.0)
    }
}

/// Rules that are broken.
#[derive(Default)]
struct Broken(Vec<Violation>);

impl Broken {
    fn unless(
        &mut self,
        sound: bool,
        subject: &str,
        value: impl std::fmt::Display,
        rule: impl Into<String>,
        remedy: &str,
    ) {
        if !sound {
            self.0.push(Violation::new(subject, value, rule, remedy));
        }
    }
}
