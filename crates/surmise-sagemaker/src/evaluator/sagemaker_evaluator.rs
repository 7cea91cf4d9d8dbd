//! The type `SageMakerEvaluator` and its builder methods.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use surmise::error::Error;
#[cfg(doc)]
use surmise::evaluator::StartOutcome;
use surmise::evaluator::{JobEvent, JobId};
use surmise::limits::{Canary, ResourceLimits, RetryPolicy, TuningRules};
use surmise::stable_hash::stable_hash;
use surmise::trial::{FailureKind, TrialId};

use super::attempt::Attempt;
use super::bill::Bill;
use super::capacity::Capacity;
use super::description::TrainingJob;
use super::prices::{Budget, MaxCost, Money, Prices};
use super::rate_limits::RateLimits;
use super::service::{TrainingReportSource, TrainingService};
use super::service_client::ServiceClient;
use super::spending::{PriceList, Spending, instances, max_seconds};
use crate::clock::Clock;
use crate::request::{
    CreateHyperParameterTuningJobRequest, CreateTrainingJobRequest, TrainingJobTemplate,
};

/// Number of failures whose messages quote the log, while no job has had a value.
const MAX_EXPLANATIONS: u32 = 3;

/// Number of retries for jobs that found no instances, in the adapted rules.
const CAPACITY_RETRIES: u32 = 100;

/// Number of consecutive training jobs without a metric that end a tuning. SageMaker's own tuner
/// ends after as many.
const MAX_MISSING_METRICS: usize = 5;

/// The warning about a member of `ResourceConfig` that costs money for training jobs and that
/// SageMaker's own tuner ignores.
const WARM_POOL_WARNING: &str = "KeepAlivePeriodInSeconds is set: training jobs keep their \
                                 instances for that time after their end, and the time is billed, \
                                 although SageMaker's own tuner ignores it; remove it unless \
                                 further jobs follow at once";

/// Runs a training job on SageMaker for every attempt at a trial.
///
/// Use it to tune a training job that SageMaker's own tuner could tune, with the strategies of this
/// workspace. It needs a tuning request, the same that `CreateHyperParameterTuningJob` takes, and a
/// [`TrainingService`]: `SageMakerService` (feature `sdk`) sends requests by AWS's SDK.
///
/// ```no_run
/// use std::time::Duration;
/// use surmise::Tuner;
/// use surmise_sagemaker::evaluator::TrainingService;
/// use surmise_sagemaker::{Document, SageMakerEvaluator};
///
/// # fn run(service: impl TrainingService + 'static) -> Result<(), Box<dyn std::error::Error>> {
/// let document = Document::read(&std::fs::read("tuning_job.json")?)?;
/// let (request, tuning) = (document.request()?, document.tuning()?);
/// // With the feature `sdk`: let service = Connection::new().region("us-west-2").open()?;
/// let mut evaluator = SageMakerEvaluator::new(&request, service)?
///     .with_budget(Duration::from_secs(20 * 3600)); // 20 hours of one instance in total
/// let rules = evaluator.adapt_rules(tuning.rules.clone());
/// if let Some(cost) = evaluator.max_cost(&tuning.limits, &rules) {
///     println!("{cost}"); // Known before any job is created.
/// }
/// let mut study = tuning.study()?;
/// let result = Tuner::with_rules(rules).run(&mut study, &mut evaluator)?;
/// println!("{}; {}", result.reason, evaluator.bill());
/// # Ok(())
/// # }
/// ```
///
/// # What it does
///
/// - **Creation.** The name of a training job follows from tuning job, trial and attempt, and
///   SageMaker accepts a name once. So a lost reply or a restart creates no second job: an existing
///   job is adopted if it matches the request.
/// - **Retries and rate limits.** Throttled requests are retried with backoff and jitter, within
///   [`RateLimits`]. A used-up quota gives [`StartOutcome::Busy`] and lowers the number of
///   concurrent jobs. Expired credentials and network outages pause the tuning
///   ([`JobEvent::Paused`]); no trial fails by them.
/// - **Failures.** A job without instances fails as [`FailureKind::Throttled`] and is retried, with
///   the next entry of `InstanceConfigs`. A job with a wrong image, data, role or network fails as
///   [`FailureKind::Setup`], which ends the tuning soon (see [`Canary`]). The message of a missing
///   metric quotes the log.
/// - **Costs.** [`max_cost`](Self::max_cost) is an upper bound before the start,
///   [`with_budget`](Self::with_budget) a limit, and [`bill`](Self::bill) the amount so far.
///
/// # Common mistakes
///
/// - **Dropping the evaluator does not stop its jobs**, and they continue to cost money. Cancel the
///   tuning instead, with a [grace period](surmise::tune::Tuner::stop_grace_period) of at least
///   three minutes: stopping takes that long. Jobs that may still be running are listed in
///   [`TuningResult::possibly_running`](surmise::tune::TuningResult::possibly_running).
/// - **The rules of the request are used directly**, without [`adapt_rules`](Self::adapt_rules).
///   Both SageMaker and the tuner then enforce timeouts and retry failures.
/// - **Early stopping without [`reports_from`](Self::reports_from)** stops no job: intermediate
///   values cost requests and are off by default.
/// - **A changed request under the old name** is an error that names the difference: results of
///   different jobs cannot be compared. Choose another name.
///
/// The feature `fake` has a local SageMaker service for tests without an AWS account. The package's
/// pages `docs/evaluator.md` and `docs/permissions.md` have the details and the IAM policies.
pub struct SageMakerEvaluator {
    pub(super) template: TrainingJobTemplate,
    pub(super) client: ServiceClient,
    pub(super) poll_interval: Duration,
    pub(super) reports: TrainingReportSource,
    pub(super) capacity: Capacity,
    pub(super) spending: Spending,
    /// Jobs whose ends have not been reported.
    pub(super) attempts: BTreeMap<JobId, Attempt>,
    /// The last descriptions of jobs whose ends have been reported.
    pub(super) ended: BTreeMap<JobId, TrainingJob>,
    pub(super) events: Vec<JobEvent>,
    /// True once a job was accepted. From then on a validation error is the job's fault, not the
    /// request's.
    pub(super) has_created: bool,
    /// The time since which creations are refused because a role is not ready.
    pub(super) not_ready_since: Option<Duration>,
    /// False once the service has refused a search; jobs are described one by one then.
    pub(super) can_search: bool,
    /// False once the service has denied a stop request.
    pub(super) can_stop: bool,
    /// Number of consecutive refusals of reports.
    pub(super) report_refusals: u32,
    /// Number of further failures whose messages quote the log; 0 once a job has had a value.
    pub(super) explanations_remaining: u32,
    /// The last failed attempt at each trial.
    pub(super) failed_attempts: BTreeMap<TrialId, JobId>,
    /// True once the user was warned that results of an earlier run are adopted.
    pub(super) has_warned_of_old_results: bool,
    /// The region and the account of the jobs.
    pub(super) location: Option<(String, String)>,
    /// Names of jobs that existed, the latest last. If all are missing, the connection is to
    /// another account.
    pub(super) remembered_names: Vec<String>,
    /// The job of an earlier run that must exist and match before a job is created, with its
    /// location.
    pub(super) job_to_verify: Option<(CreateTrainingJobRequest, String)>,
    /// The name of a missing job, and the remembered names that are still to be checked: if none
    /// exists, the connection is to another account.
    pub(super) account_check: Option<(String, Vec<String>)>,
    /// The time of the last poll of jobs that belong to no attempt.
    pub(super) untracked_polled_at: Option<Duration>,
    /// The names of such jobs that remain in the current round, if a round is under way.
    pub(super) untracked_remaining: Option<Vec<String>>,
    /// True once the caller has received the list of running jobs.
    pub(super) has_reported_running_jobs: bool,
}

impl fmt::Debug for SageMakerEvaluator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SageMakerEvaluator")
            .field("tuning_job", &self.template.tuning_job())
            .field("running", &self.attempts.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl SageMakerEvaluator {
    /// Returns an evaluator that runs the training jobs of a tuning request. Sends no request.
    ///
    /// # Errors
    /// Those of [`TrainingJobTemplate::from_request`].
    pub fn new(
        request: &CreateHyperParameterTuningJobRequest,
        service: impl TrainingService + 'static,
    ) -> Result<Self, Error> {
        let template = TrainingJobTemplate::from_request(request)?;
        let rate_limits = RateLimits::default();
        // Seeds the jitter, so that parallel tuners do not retry in step.
        let seed = stable_hash(template.tuning_job());
        let mut options = template.instance_options().iter();
        let has_warm_pool =
            options.any(|it| it.keep_alive_in_seconds.is_some_and(|seconds| seconds > 0));
        let warning = || JobEvent::Warning { text: WARM_POOL_WARNING.to_owned() };
        Ok(Self {
            client: ServiceClient::new(Box::new(service), Clock::real(), &rate_limits, seed),
            poll_interval: rate_limits.poll_interval,
            reports: TrainingReportSource::None,
            capacity: Capacity::new(template.instance_options().len(), seed),
            spending: Spending::default(),
            attempts: BTreeMap::new(),
            ended: BTreeMap::new(),
            events: has_warm_pool.then(warning).into_iter().collect(),
            has_created: false,
            not_ready_since: None,
            can_search: true,
            can_stop: true,
            report_refusals: 0,
            explanations_remaining: MAX_EXPLANATIONS,
            failed_attempts: BTreeMap::new(),
            has_warned_of_old_results: false,
            location: None,
            remembered_names: Vec::new(),
            job_to_verify: None,
            account_check: None,
            untracked_polled_at: None,
            untracked_remaining: None,
            has_reported_running_jobs: false,
            template,
        })
    }

    /// Selects where intermediate values of the metric are read; nowhere by default.
    ///
    /// Early stopping needs them. Each poll of a running job then takes further requests.
    #[must_use]
    pub fn reports_from(mut self, reports: TrainingReportSource) -> Self {
        self.reports = reports;
        self
    }

    /// Sets the rate limits of requests and the poll interval; see
    /// [`RateLimits::default`] for the defaults.
    ///
    /// Lower them if other programs use the same account.
    #[must_use]
    pub fn with_rate_limits(mut self, rate_limits: RateLimits) -> Self {
        self.client.set_rate_limits(&rate_limits);
        self.poll_interval = rate_limits.poll_interval.max(Duration::from_millis(10));
        self
    }

    /// Sets the clock that measures time; the machine's clock by default.
    ///
    /// Use the clock of the fake in tests, so that they need not wait in real time.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.client.set_clock(clock);
        self
    }

    /// Sets a budget for all training jobs of this tuning job, those of earlier runs included; no
    /// budget by default.
    ///
    /// Once the budget is used up, no further job is [started](StartOutcome::OutOfBudget). Running
    /// jobs continue to their ends, so they may exceed it. Meanwhile a clone of the [`Budget`] can
    /// raise it, and the tuning continues.
    ///
    /// A [`Duration`] is time of one instance: `BillableTimeInSeconds` times the number of
    /// instances. A budget in money needs [prices](Self::with_prices) for all instance types.
    #[must_use]
    pub fn with_budget(mut self, budget: impl Into<Budget>) -> Self {
        self.spending.set_budget(budget.into());
        self
    }

    /// Sets the prices of instances, so that costs are also reported in money; none by default.
    ///
    /// A [budget](Self::with_budget) in money needs them.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a price is negative or not finite.
    pub fn with_prices(mut self, prices: Prices) -> Result<Self, Error> {
        prices.check()?;
        let region = self.client.region().unwrap_or_default();
        self.spending.prices = Some(PriceList { prices, region });
        Ok(self)
    }

    /// Omits the hyperparameter `_tuning_objective_metric`, which is added by default as by
    /// SageMaker's own tuner.
    ///
    /// An algorithm resource may refuse hyperparameters that it does not define. The evaluator then
    /// omits this one in all further jobs, even without this setting.
    #[must_use]
    pub fn without_objective_hyperparameter(mut self) -> Self {
        self.template.omit_objective();
        self
    }

    /// Returns the rules for the tuner, without those that SageMaker enforces itself.
    ///
    /// - There is no job timeout: `StoppingCondition` limits the runtime, and it counts from the
    ///   start of the instances.
    /// - Failures are not retried if the request has a `RetryStrategy`: SageMaker retries then.
    /// - Jobs that found no instances are retried up to 100 times; jobs without a metric are not
    ///   retried.
    /// - A [`Canary`] ends the tuning if its first two jobs fail for a common cause. Five
    ///   consecutive jobs without a metric also end it. Other numbers in `rules` take precedence.
    ///   To disable both, remove them from the result.
    #[must_use]
    pub fn adapt_rules(&self, rules: TuningRules) -> TuningRules {
        let mut retries = rules.retries.clone();
        if self.template.definition().retry_strategy.is_some() {
            retries = RetryPolicy::never().with_backoff(retries.backoff);
        }
        let retries = retries
            .with_retries(FailureKind::Throttled, CAPACITY_RETRIES)
            .with_retries(FailureKind::MissingMetric, 0);
        let max_missing_metrics = rules.max_missing_metrics.or(Some(MAX_MISSING_METRICS));
        let canary = rules.canary.or(Some(Canary::default()));
        TuningRules { retries, job_timeout: None, max_missing_metrics, canary, ..rules }
    }

    /// Returns the maximum cost of a tuning under these limits and [rules](Self::adapt_rules);
    /// `None` if the number of jobs is not limited.
    ///
    /// It includes all retries, the most expensive instance option, and the jobs that test whether
    /// a program or a region of the space causes failures. It does not include warm pools, storage,
    /// requests, and repeated jobs after a cancellation.
    pub fn max_cost(&self, limits: &ResourceLimits, rules: &TuningRules) -> Option<MaxCost> {
        // After this number of consecutive failures the tuner starts one additional test job.
        let breaker = rules.circuit_breaker.filter(|it| it.failures == it.of_last);
        let test_jobs = |jobs: usize| breaker.map_or(0, |breaker| jobs / breaker.failures.max(1));
        let jobs = limits.max_jobs.map(|jobs| jobs + test_jobs(jobs))?;
        // Jobs without instances cost nothing.
        let retries =
            |kind| if kind == FailureKind::MissingMetric { 0 } else { rules.retries.retries(kind) };
        let billed = FailureKind::ALL.iter().filter(|kind| **kind != FailureKind::Throttled);
        let attempts = billed.map(|kind| retries(*kind)).fold(1_u32, u32::saturating_add);
        let condition = &self.template.definition().stopping_condition;
        let seconds = max_seconds(condition.max_runtime_in_seconds.map(u64::from));
        let options: Vec<Vec<(String, u32)>> =
            self.template.instance_options().iter().map(instances).collect();
        let count =
            |option: &Vec<(String, u32)>| option.iter().map(|(_, count)| *count).sum::<u32>();
        let instances = options.iter().map(count).max().unwrap_or(1);
        let mut instance_types: Vec<String> = Vec::new();
        for (kind, _) in options.iter().flatten() {
            if !instance_types.contains(kind) {
                instance_types.push(kind.clone());
            }
        }
        let total_seconds =
            (jobs as u64).saturating_mul(u64::from(attempts)).saturating_mul(seconds);
        let (money, without_price) = self.max_money(&options, &instance_types, total_seconds);
        Some(MaxCost {
            jobs,
            attempts,
            seconds,
            instances,
            instance_types,
            instance_time: Duration::from_secs(total_seconds.saturating_mul(u64::from(instances))),
            money,
            without_price,
        })
    }

    /// Returns the cost of `total_seconds` of the most expensive instance option, if all options
    /// have a price, and the types without a price.
    fn max_money(
        &self,
        options: &[Vec<(String, u32)>],
        instance_types: &[String],
        total_seconds: u64,
    ) -> (Option<Money>, Vec<String>) {
        let Some(PriceList { prices, region }) = &self.spending.prices else {
            return (None, Vec::new());
        };
        let types: Vec<(String, u32)> = instance_types.iter().map(|it| (it.clone(), 1)).collect();
        let without_price = prices.types_without_price(region, &types).into_iter();
        let without_price = without_price.map(|kind| format!("{kind} in {region}")).collect();
        let per_second: Option<Vec<f64>> =
            options.iter().map(|option| prices.per_second(region, option)).collect();
        let max = per_second.and_then(|all| all.into_iter().reduce(f64::max));
        #[allow(clippy::cast_precision_loss, reason = "an amount of money")]
        let money = max.map(|price| Money {
            amount: price * total_seconds as f64,
            currency: prices.currency.clone(),
        });
        (money, without_price)
    }

    /// Returns the last description of the training job of an attempt, if there is one.
    pub fn training_job(&self, job: JobId) -> Option<&TrainingJob> {
        let running = || self.attempts.get(&job)?.last_description.as_ref();
        self.ended.get(&job).or_else(running)
    }

    /// Returns the billed time so far, as time of one instance: summed over all training jobs of
    /// this tuning job and their instances.
    ///
    /// Running jobs count with the time that this evaluator has observed.
    pub fn billed(&self) -> Duration {
        self.spending.total(self.client.clock().now())
    }

    /// Returns the bill so far: spent, running and committed time, by outcome, and the savings.
    pub fn bill(&self) -> Bill {
        self.spending.bill(self.client.clock().now())
    }

    /// Returns how many jobs may run at once; `None` unless the service has refused a job for a
    /// quota.
    pub fn learned_concurrency_limit(&self) -> Option<usize> {
        self.capacity.limit()
    }
}
