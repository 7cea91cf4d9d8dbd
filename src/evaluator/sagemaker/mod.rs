//! SageMaker as the evaluator: every attempt at a trial is a training job.

mod attempt;
mod bill;
mod description;
mod earlier_calls;
mod fate;
mod identity;
mod line;
mod pace;
mod prices;
mod remedies;
mod reporting;
mod room;
#[cfg(feature = "sagemaker")]
mod sdk;
#[cfg(feature = "sagemaker-logs")]
mod sdk_logs;
#[cfg(feature = "sagemaker")]
mod sdk_metrics;
mod service;
mod spending;
mod starting;
mod stopping;
mod trouble;
mod tuning_job;
mod work;

use std::collections::BTreeMap;
use std::fmt;
use std::mem;
use std::time::Duration;

use self::attempt::{Attempt, Stopping};
pub use self::bill::{Bill, Billed, BilledFor};
pub use self::description::TrainingJob;
use self::line::Line;
pub use self::pace::{Pace, Rate};
pub use self::prices::{Budget, Money, MostCost, Prices};
use self::room::Room;
#[cfg(feature = "sagemaker")]
pub use self::sdk::{Connection, SageMakerService};
pub use self::service::{FoundJobs, JobFilter, TrainingReport, TrainingReports, TrainingService};
use self::spending::{PriceList, Spending, most_seconds};
pub use self::trouble::{ServiceError, ServiceErrorKind};
pub use self::tuning_job::{TuningJob, TuningService};
use super::{Adoption, Clock, Evaluator, EvaluatorError, Job, JobEvent, JobId, RunningJob, Start};
use crate::error::Error;
use crate::limits::{Canary, ResourceLimits, RetryPolicy, TuningRules};
use crate::sagemaker::{
    CreateHyperParameterTuningJobRequest, CreateTrainingJobRequest, TrainingJobTemplate,
};
use crate::stable_hash::stable_hash;
use crate::trial::{FailureKind, Trial, TrialId};

/// How often jobs that lack machines are tried again by the rules that are left to the tuner.
const CAPACITY_RETRIES: u32 = 100;
/// So many training jobs in a row without the metric end a tuning, as they end one of SageMaker's own tuner.
const MISSING_METRICS: usize = 5;
/// How long a training job may take to end once it was asked to.
const LONGEST_STOP: Duration = Duration::from_secs(900);
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
/// [patience](crate::tune::Tuner::cancel_patience) of three minutes or more tells how they did. Which jobs may still be billed, says
/// [`Tuned::may_still_run`](crate::tune::Tuned::may_still_run), an error that ends the tuning, and, if nobody has asked, a line on standard
/// error when the evaluator is dropped.
///
/// Jobs are looked at every 15 seconds, many of them by one `Search`. This type knows nothing of HTTP: it asks a [`TrainingService`], which is
/// `SageMakerService` with the feature `sagemaker`, or one of your own.
pub struct SageMakerEvaluator {
    template: TrainingJobTemplate,
    line: Line,
    poll: Duration,
    reports: TrainingReports,
    room: Room,
    spending: Spending,
    /// Jobs whose end has not been told.
    attempts: BTreeMap<JobId, Attempt>,
    /// What the service said last of those whose end has been told.
    ended: BTreeMap<JobId, TrainingJob>,
    events: Vec<JobEvent>,
    /// Whether a training job was ever taken on: then what is refused is refused for its own sake.
    has_created: bool,
    /// Since when a role is not ready.
    not_ready_since: Option<Duration>,
    /// Whether jobs are looked at together.
    may_search: bool,
    /// Whether jobs can be stopped.
    may_stop: bool,
    /// Times in a row that reports were refused.
    report_refusals: u32,
    /// Ends of jobs without a value that have been explained by their logs; no more are, once one had a value.
    explained: u32,
    /// The last attempt at each trial that has ended badly.
    failed: BTreeMap<TrialId, JobId>,
    /// Whether results of earlier calls have been told of.
    has_told_of_old_results: bool,
    /// Region and account that jobs are in.
    home: Option<(String, String)>,
    /// Names of jobs that are known to have been created, the latest last: that one is missing may mean that this is another account.
    known: Vec<String>,
    /// A job of an earlier call, which must be there and be of this definition before anything is created.
    to_verify: Option<(CreateTrainingJobRequest, String)>,
    /// A job that is missing, and those that are still to be asked for to learn whether this is another account.
    account_check: Option<(String, Vec<String>)>,
    /// When the jobs that no attempt stands for were looked at last.
    strays_looked_at: Option<Duration>,
    /// Those of them that are left in this round, if one has begun.
    strays_left: Option<Vec<String>>,
    /// Whether somebody has asked which jobs still run.
    has_told_what_runs: bool,
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
            explained: 0,
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
            self.template.machines().iter().map(starting::instances).collect();
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

impl Evaluator for SageMakerEvaluator {
    fn start(&mut self, job: &Job<'_>) -> Result<Start, EvaluatorError> {
        self.start_job(job)
    }

    fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
        let until = self.line.clock().now().saturating_add(timeout);
        loop {
            let wake = self.work(until)?;
            self.events.extend(self.line.take_events());
            let now = self.line.clock().now();
            if !self.events.is_empty() || now >= until {
                return Ok(mem::take(&mut self.events));
            }
            let left = until.saturating_sub(now);
            self.line.clock().sleep(wake.min(left).max(Duration::from_millis(1)).min(left));
        }
    }

    fn stop(&mut self, job: JobId) -> Result<(), EvaluatorError> {
        let Some(attempt) = self.attempts.get_mut(&job) else { return Ok(()) };
        if attempt.stopping == Stopping::No {
            attempt.stopping = Stopping::Wanted;
            // At once, if it may be: whoever stops may not wait for it.
            self.ask_to_stop(job)?;
        }
        Ok(())
    }

    fn elapsed(&self) -> Duration {
        self.line.clock().now()
    }

    fn adopt(&mut self, job: &Job<'_>) -> Result<Adoption, EvaluatorError> {
        if self.attempts.contains_key(&job.id()) {
            return Ok(Adoption::Running);
        }
        let attempt = self.attempt(job);
        Ok(match self.find(job, attempt)? {
            None => Adoption::NotRunning,
            Some(Start::Busy { retry_after }) => Adoption::Busy { retry_after },
            Some(_) => Adoption::Running,
        })
    }

    /// Jobs of a study are all in one region and account, and of one definition: the last one that is known is looked at before
    /// anything is created.
    fn recall(&mut self, trials: &[&Trial]) -> Result<(), EvaluatorError> {
        self.recall_jobs(trials)
    }

    /// A retry is another training job, and a metric that has been looked for in vain will not come of it.
    fn is_worth_retrying(&self, kind: FailureKind) -> bool {
        kind != FailureKind::MissingMetric
    }

    fn may_still_run(&mut self) -> Vec<RunningJob> {
        self.has_told_what_runs = true;
        self.running_jobs()
    }

    /// A training job has two minutes to end after SIGTERM, and then uploads what it has.
    fn patience(&self) -> Duration {
        LONGEST_STOP
    }
}

impl SageMakerEvaluator {
    fn running_jobs(&self) -> Vec<RunningJob> {
        let attempts = self.attempts.iter();
        attempts.map(|(job, it)| RunningJob { job: *job, name: it.name().to_owned() }).collect()
    }
}

impl Drop for SageMakerEvaluator {
    /// Sends the requests to stop that have not been sent, and says which jobs may still be billed, if nobody else has.
    #[allow(clippy::print_stderr, reason = "jobs that nobody knows of cost money")]
    fn drop(&mut self) {
        let unsent = self.attempts.values().filter(|it| it.stopping == Stopping::Wanted);
        let unsent: Vec<String> = unsent.map(|it| it.name().to_owned()).collect();
        let unstopped = self.line.stop_at_once(unsent);
        if !unstopped.is_empty() {
            eprintln!(
                "surmise: these training jobs could not be asked to stop, and may still run and be billed: {}",
                unstopped.join(", ")
            );
        }
        let others = self.attempts.values().map(Attempt::name);
        let others: Vec<&str> =
            others.filter(|name| !unstopped.iter().any(|it| it == name)).collect();
        if !self.has_told_what_runs && !others.is_empty() {
            eprintln!(
                "surmise: these training jobs may still run and be billed: {}",
                others.join(", ")
            );
        }
    }
}

#[cfg(test)]
mod tests;
