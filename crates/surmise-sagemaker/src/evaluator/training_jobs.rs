//! The evaluator that runs training jobs, and how it is set up.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use surmise::error::Error;
#[cfg(doc)]
use surmise::evaluator::{Evaluator, Start};
use surmise::evaluator::{JobEvent, JobId};
use surmise::limits::{Canary, ResourceLimits, RetryPolicy, TuningRules};
use surmise::stable_hash::stable_hash;
use surmise::trial::{FailureKind, TrialId};

use super::attempt::Attempt;
use super::bill::Bill;
use super::description::TrainingJob;
use super::line::Line;
use super::pace::Pace;
use super::prices::{Budget, Money, MostCost, Prices};
use super::room::Room;
use super::service::{TrainingReports, TrainingService};
use super::spending::{PriceList, Spending, instances, most_seconds};
use crate::clock::Clock;
use crate::request::{
    CreateHyperParameterTuningJobRequest, CreateTrainingJobRequest, TrainingJobTemplate,
};

/// So many ends without a value are explained by their logs, as long as no job has had a value.
const EXPLANATIONS: u32 = 3;

/// How often jobs that lack machines are tried again by the rules that are left to the tuner.
const CAPACITY_RETRIES: u32 = 100;

/// So many training jobs in a row without the metric end a tuning, as they end one of SageMaker's own tuner.
const MISSING_METRICS: usize = 5;

/// The members of `ResourceConfig` that training jobs are billed for, and tuning jobs disregard.
const WARM_POOL: &str = "KeepAlivePeriodInSeconds is given: SageMaker's own tuner disregards it, but training jobs keep their instances for so long after their end, and that is billed; leave it out unless further jobs follow at once";

/// Runs a training job on SageMaker for every attempt at a trial.
///
/// What the jobs are, a tuning request says: the same that SageMaker's own tuner takes. Each has its static hyperparameters, the values
/// that are tuned, and `_tuning_objective_metric`, and tells its metric as for that tuner, by its `MetricDefinitions`.
///
/// - **Each attempt is created exactly once.** A training job's name follows from the tuning job's, the trial and the attempt, and the
///   service takes a name once. After a restart, or a reply that was lost, the job that is there is adopted, if it is the one that was
///   asked for: image, data, output, instances, role and hyperparameters are compared, and region and account with those that the study
///   knows. Another one under the name is an error that says where it differs.
/// - **What SageMaker cannot do now fails no trial.** Throttling slows requests down. Quotas that are used up give [`Start::Busy`], and
///   fewer jobs at once from then on. Expired credentials and a network that is down pause the tuning ([`JobEvent::Paused`]); what is not
///   known is not taken for failed. A job that found no machines has failed as [`FailureKind::Throttled`], to be tried again, with the next
///   of `InstanceConfigs` if there are several.
/// - **What no configuration can mend ends the tuning soon.** Jobs that fail for their image, data, role or network fail as
///   [`FailureKind::Setup`]; those whose metric is not found are shown with the last lines of their logs. See
///   [`Canary`].
/// - **A job that is being stopped holds its place** until the service says that it has ended.
/// - **Money is counted**: [`most_cost`](Self::most_cost) before, [`bill`](Self::bill) while it runs and when it has ended.
/// - **Time that SageMaker measures is left to it**: see [`rules`](Self::rules).
///
/// Dropping it leaves its jobs running; to end them, cancel the tuning. A job takes up to some minutes to end, so a
/// [patience](surmise::tune::Tuner::cancel_patience) of three minutes or more tells how they did. Which jobs may still be billed, says
/// [`Tuned::may_still_run`](surmise::tune::Tuned::may_still_run), an error that ends the tuning, and, if nobody has asked, a line on standard
/// error when the evaluator is dropped.
///
/// Jobs are looked at every 15 seconds, many of them by one `Search`. This type knows nothing of HTTP: it asks a [`TrainingService`], which is
/// `SageMakerService` with the feature `sdk`, or one of your own.
pub struct SageMakerEvaluator {
    pub(super) template: TrainingJobTemplate,
    pub(super) line: Line,
    pub(super) poll: Duration,
    pub(super) reports: TrainingReports,
    pub(super) room: Room,
    pub(super) spending: Spending,
    /// Jobs whose end has not been told.
    pub(super) attempts: BTreeMap<JobId, Attempt>,
    /// What the service said last of those whose end has been told.
    pub(super) ended: BTreeMap<JobId, TrainingJob>,
    pub(super) events: Vec<JobEvent>,
    /// Whether a training job was ever taken on: then what is refused is refused for its own sake.
    pub(super) has_created: bool,
    /// Since when a role is not ready.
    pub(super) not_ready_since: Option<Duration>,
    /// Whether jobs are looked at together.
    pub(super) may_search: bool,
    /// Whether jobs can be stopped.
    pub(super) may_stop: bool,
    /// Times in a row that reports were refused.
    pub(super) report_refusals: u32,
    /// So many more ends of jobs without a value are explained by their logs; none, once one had a value.
    pub(super) explanations_left: u32,
    /// The last attempt at each trial that has ended badly.
    pub(super) failed: BTreeMap<TrialId, JobId>,
    /// Whether results of earlier calls have been told of.
    pub(super) has_told_of_old_results: bool,
    /// Region and account that jobs are in.
    pub(super) home: Option<(String, String)>,
    /// Names of jobs that are known to have been created, the latest last: that one is missing may mean that this is another account.
    pub(super) known: Vec<String>,
    /// A job of an earlier call, which must be there and be of this definition before anything is created.
    pub(super) to_verify: Option<(CreateTrainingJobRequest, String)>,
    /// A job that is missing, and those that are still to be asked for to learn whether this is another account.
    pub(super) account_check: Option<(String, Vec<String>)>,
    /// When the jobs that no attempt stands for were looked at last.
    pub(super) strays_looked_at: Option<Duration>,
    /// Those of them that are left in this round, if one has begun.
    pub(super) strays_left: Option<Vec<String>>,
    /// Whether somebody has asked which jobs still run.
    pub(super) has_told_what_runs: bool,
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
    /// An evaluator that runs the training jobs of a tuning request.
    ///
    /// # Errors
    /// Those of [`TrainingJobTemplate::of`].
    pub fn new(
        request: &CreateHyperParameterTuningJobRequest,
        service: impl TrainingService + 'static,
    ) -> Result<Self, Error> {
        let template = TrainingJobTemplate::of(request)?;
        let pace = Pace::default();
        // Whoever tunes at the same time shall not come back at the same moments.
        let seed = stable_hash(template.tuning_job());
        let keeps_warm =
            template.machines().iter().any(|it| it.keep_alive_in_seconds.is_some_and(|it| it > 0));
        let warning = || JobEvent::Warning { text: WARM_POOL.to_owned() };
        Ok(Self {
            line: Line::new(Box::new(service), Clock::real(), &pace, seed),
            poll: pace.poll,
            reports: TrainingReports::None,
            room: Room::new(template.machines().len(), seed),
            spending: Spending::default(),
            attempts: BTreeMap::new(),
            ended: BTreeMap::new(),
            events: keeps_warm.then(warning).into_iter().collect(),
            has_created: false,
            not_ready_since: None,
            may_search: true,
            may_stop: true,
            report_refusals: 0,
            explanations_left: EXPLANATIONS,
            failed: BTreeMap::new(),
            has_told_of_old_results: false,
            home: None,
            known: Vec::new(),
            to_verify: None,
            account_check: None,
            strays_looked_at: None,
            strays_left: None,
            has_told_what_runs: false,
            template,
        })
    }

    /// The same with intermediate values of the metric from here.
    #[must_use]
    pub fn reports_from(mut self, reports: TrainingReports) -> Self {
        self.reports = reports;
        self
    }

    /// The same with this pace.
    #[must_use]
    pub fn with_pace(mut self, pace: Pace) -> Self {
        self.line.set_pace(&pace);
        self.poll = pace.poll.max(Duration::from_millis(10));
        self
    }

    /// The same by this clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.line.set_clock(clock);
        self
    }

    /// The same with a budget: once the training jobs of this tuning job have been billed for so much, those that
    /// run and those of earlier calls included, no more are [launched](Start::OutOfBudget). Those that run then come to their end, so that it is
    /// exceeded by what they still take; meanwhile it can be raised, by a clone of the [`Budget`], and the tuning goes on.
    ///
    /// A [`Duration`] is time of one instance: `BillableTimeInSeconds` times the number of instances. Money needs
    /// [prices](Self::with_prices): without those of all types of instances nothing is launched.
    #[must_use]
    pub fn with_budget(mut self, budget: impl Into<Budget>) -> Self {
        self.spending.limit(budget.into());
        self
    }

    /// The same with the prices of instances, so that costs are told in money, too: those of the region that is asked.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a price is negative or no number.
    pub fn with_prices(mut self, prices: Prices) -> Result<Self, Error> {
        prices.check()?;
        let region = self.line.region().unwrap_or_default();
        self.spending.prices = Some(PriceList { prices, region });
        Ok(self)
    }

    /// The same without the hyperparameter `_tuning_objective_metric`, which SageMaker's own tuner adds to each training job. An algorithm
    /// resource may refuse it, because it does not name it; the evaluator then leaves it out by itself from then on.
    #[must_use]
    pub fn without_objective_hyperparameter(mut self) -> Self {
        self.template.leave_objective_out();
        self
    }

    /// The rules that are left to the tuner when SageMaker keeps the others.
    ///
    /// A training job's `StoppingCondition` counts from when it has its machines, the tuner's deadline from when it was created: so there
    /// is none. `RetryStrategy` is kept within a training job, so that what failed after it is not tried again. Jobs that found no machines are
    /// tried again for hours. What is missing a metric is not tried again. The first two jobs that come to nothing for what all have in common end the tuning
    /// (a [`Canary`]), and so do five in a row without the metric, unless the rules say other numbers; to have neither, take them out of the
    /// answer.
    #[must_use]
    pub fn rules(&self, rules: TuningRules) -> TuningRules {
        let mut retries = rules.retries.clone();
        if self.template.definition().retry_strategy.is_some() {
            retries = RetryPolicy::never().with_backoff(retries.backoff);
        }
        let retries = retries
            .with(FailureKind::Throttled, CAPACITY_RETRIES)
            .with(FailureKind::MissingMetric, 0);
        let missing_metrics = rules.missing_metrics.or(Some(MISSING_METRICS));
        let canary = rules.canary.or(Some(Canary::default()));
        TuningRules { retries, job_deadline: None, missing_metrics, canary, ..rules }
    }

    /// What a tuning could cost at the most under these limits and [rules](Self::rules), retries and the largest of the instances that
    /// would do included, and jobs that only tell a broken program from a bad region; `None` if the number of jobs is not limited.
    /// Warm pools, storage and requests are not in it, nor are jobs that are cut off by a cancellation and run again.
    pub fn most_cost(&self, limits: &ResourceLimits, rules: &TuningRules) -> Option<MostCost> {
        // One in so many that fail in a row has another job beside it, which tells broken programs from bad regions.
        let probes = rules.circuit_breaker.filter(|it| it.failures == it.of_last);
        let probes = |jobs: usize| probes.map_or(0, |breaker| jobs / breaker.failures.max(1));
        let jobs = limits.max_jobs.map(|jobs| jobs + probes(jobs))?;
        // What found no machines costs nothing.
        let retries =
            |kind| if kind == FailureKind::MissingMetric { 0 } else { rules.retries.retries(kind) };
        let billed = FailureKind::ALL.iter().filter(|kind| **kind != FailureKind::Throttled);
        let attempts = billed.map(|kind| retries(*kind)).fold(1_u32, u32::saturating_add);
        let condition = &self.template.definition().stopping_condition;
        let seconds = most_seconds(condition.max_runtime_in_seconds.map(u64::from));
        let machines: Vec<Vec<(String, u32)>> =
            self.template.machines().iter().map(instances).collect();
        let count = |of: &Vec<(String, u32)>| of.iter().map(|(_, count)| *count).sum::<u32>();
        let instances = machines.iter().map(count).max().unwrap_or(1);
        let mut instance_types: Vec<String> = Vec::new();
        for (kind, _) in machines.iter().flatten() {
            if !instance_types.contains(kind) {
                instance_types.push(kind.clone());
            }
        }
        let all = (jobs as u64).saturating_mul(u64::from(attempts)).saturating_mul(seconds);
        let list = self.spending.prices.as_ref();
        let price =
            |of: &Vec<(String, u32)>| list.and_then(|it| it.prices.per_second(&it.region, of));
        let without_price = list.map_or_else(Vec::new, |list| {
            let lacks = |kind: &&String| {
                list.prices.per_second(&list.region, &[((*kind).clone(), 1)]).is_none()
            };
            let missing = instance_types.iter().filter(lacks);
            missing.map(|kind| format!("{kind} in {}", list.region)).collect()
        });
        let dearest: Option<Vec<f64>> = machines.iter().map(price).collect();
        let dearest = dearest.and_then(|all| all.into_iter().reduce(f64::max));
        #[allow(clippy::cast_precision_loss, reason = "an amount of money")]
        let money = dearest.zip(list).map(|(price, list)| Money {
            amount: price * all as f64,
            currency: list.prices.currency.clone(),
        });
        Some(MostCost {
            jobs,
            attempts,
            seconds,
            instances,
            instance_types,
            instance_time: Duration::from_secs(all.saturating_mul(u64::from(instances))),
            money,
            without_price,
        })
    }

    /// What the service last said of a training job.
    pub fn training_job(&self, job: JobId) -> Option<&TrainingJob> {
        let under_way = || self.attempts.get(&job).and_then(|attempt| attempt.seen.as_ref());
        self.ended.get(&job).or_else(under_way)
    }

    /// Seconds of one machine that the training jobs of this tuning job are billed for, as far as is known; those that run by the time for
    /// which they have been seen to.
    pub fn billed(&self) -> Duration {
        self.spending.total(self.line.clock().now())
    }

    /// What was spent, runs, and may still be spent; for what; and what was saved.
    pub fn bill(&self) -> Bill {
        self.spending.bill(self.line.clock().now())
    }

    /// How many jobs may run at once, if the service has refused one for its quotas.
    pub fn learned_limit(&self) -> Option<usize> {
        self.room.most()
    }
}
