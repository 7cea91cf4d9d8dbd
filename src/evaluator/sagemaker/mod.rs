//! SageMaker as the evaluator: every attempt at a trial is a training job.

mod attempt;
mod fate;
mod line;
mod pace;
mod room;
#[cfg(feature = "sagemaker")]
mod sdk;
#[cfg(feature = "sagemaker-logs")]
mod sdk_logs;
mod service;
mod spending;
mod trouble;
mod tuning_job;
mod work;

use std::collections::BTreeMap;
use std::fmt;
use std::mem;
use std::time::Duration;

use self::attempt::{Attempt, Stopping};
use self::line::{Answer, Line, Operation};
pub use self::pace::{Pace, Rate};
use self::room::Room;
#[cfg(feature = "sagemaker")]
pub use self::sdk::{Connection, SageMakerService};
pub use self::service::{
    FoundJobs, JobFilter, TrainingJob, TrainingReport, TrainingReports, TrainingService,
};
use self::spending::Spending;
pub use self::trouble::{ServiceError, ServiceErrorKind};
pub use self::tuning_job::{TuningJob, TuningService};
use super::{Adoption, Clock, Evaluator, EvaluatorError, Job, JobEvent, JobId, Start};
use crate::error::Error;
use crate::limits::{RetryPolicy, TuningRules};
use crate::sagemaker::{
    CreateHyperParameterTuningJobRequest, CreateTrainingJobRequest, TrainingJobTemplate,
};
use crate::stable_hash::stable_hash;
use crate::trial::{Failure, FailureKind, Outcome};

/// For how long a role that has just been made is waited for, and how often it is tried.
const PROPAGATION: Duration = Duration::from_secs(120);
const PROPAGATION_RETRY: Duration = Duration::from_secs(10);
/// When to ask again for what was not answered.
const SOON: Duration = Duration::from_secs(1);
/// How often jobs that lack machines are tried again by the rules that are left to the tuner.
const CAPACITY_RETRIES: u32 = 100;
/// How long a training job may take to end once it was asked to.
const LONGEST_STOP: Duration = Duration::from_secs(900);

/// Runs a training job on SageMaker for every attempt at a trial.
///
/// What the jobs are, a tuning request says: the same that SageMaker's own tuner takes. Each has its static hyperparameters, the values
/// that are tuned, and `_tuning_objective_metric`, and tells its metric as for that tuner, by its `MetricDefinitions`.
///
/// - **Each attempt is created exactly once.** A training job's name follows from the tuning job's, the trial and the attempt, and the
///   service takes a name once. After a restart, or a reply that was lost, the job that is there is adopted; if its hyperparameters are
///   others, that is an error, because then it belongs to another tuning job of the same name.
/// - **What SageMaker cannot do now fails no trial.** Throttling slows requests down. Quotas that are used up give [`Start::Busy`], and
///   fewer jobs at once from then on. Expired credentials and a network that is down pause the tuning ([`JobEvent::Paused`]); what is not
///   known is not taken for failed. A job that found no machines has failed as [`FailureKind::Throttled`], to be tried again, with the next
///   of `InstanceConfigs` if there are several.
/// - **A job that is being stopped holds its place** until the service says that it has ended.
/// - **Time that SageMaker measures is left to it**: see [`rules`](Self::rules).
///
/// Dropping it leaves its jobs running; to end them, cancel the tuning. A job takes up to some minutes to end, so a
/// [patience](crate::tune::Tuner::cancel_patience) of three minutes or more tells how they did.
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
        Ok(Self {
            line: Line::new(Box::new(service), Clock::real(), &pace, seed),
            poll: pace.poll,
            reports: TrainingReports::None,
            room: Room::new(template.machines().len(), seed),
            spending: Spending::default(),
            attempts: BTreeMap::new(),
            ended: BTreeMap::new(),
            events: Vec::new(),
            has_created: false,
            not_ready_since: None,
            may_search: true,
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

    /// The same with a budget: once the training jobs of this tuning job have been billed for so many seconds of one machine, those that
    /// run and those of earlier calls included, no more are [launched](Start::OutOfBudget). Those that run then come to their end, so that it is
    /// exceeded by what they still take.
    #[must_use]
    pub fn with_budget(mut self, machine_time: Duration) -> Self {
        self.spending.limit(machine_time);
        self
    }

    /// The rules that are left to the tuner when SageMaker keeps the others.
    ///
    /// A training job's `StoppingCondition` counts from when it has its machines, the tuner's deadline from when it was created: so there
    /// is none. `RetryStrategy` is kept within a training job, so that what failed after it is not tried again. Jobs that found no machines are
    /// tried again for hours.
    #[must_use]
    pub fn rules(&self, rules: TuningRules) -> TuningRules {
        let mut retries = rules.retries.clone();
        if self.template.definition().retry_strategy.is_some() {
            retries = RetryPolicy::never().with_backoff(retries.backoff);
        }
        let retries = retries.with(FailureKind::Throttled, CAPACITY_RETRIES);
        TuningRules { retries, job_deadline: None, ..rules }
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

    /// How many jobs may run at once, if the service has refused one for its quotas.
    pub fn learned_limit(&self) -> Option<usize> {
        self.room.most()
    }

    /// Whether a training job is one's own: it has the same hyperparameters, whatever the service may have added.
    fn is_own(request: &CreateTrainingJobRequest, job: &TrainingJob) -> bool {
        let mut own = request.hyper_parameters.iter().flatten();
        own.all(|(name, value)| job.hyper_parameters.get(name) == Some(value))
    }

    /// What is to be asked for.
    fn attempt(&self, job: &Job<'_>) -> Attempt {
        let machines = self.room.machines(self.line.clock().now());
        let numbers = (job.trial.id.0, job.attempt);
        let configuration = &job.trial.configuration;
        let request = self.template.request(configuration, numbers, machines, job.deadline);
        let last_step = job.trial.reports.iter().map(|report| report.step).max();
        Attempt { last_step, ..Attempt::new(request, machines) }
    }

    /// Nothing is left to spend: only a job that is there, from an earlier call, is taken on.
    fn adopt_at_most(&mut self, job: &Job<'_>) -> Result<Start, EvaluatorError> {
        // What earlier calls left running may have ended, or be gone.
        let strays = self.spending.running();
        let own: Vec<&str> = self.attempts.values().map(Attempt::name).collect();
        let strays: Vec<String> =
            strays.filter(|name| !own.contains(name)).map(str::to_owned).collect();
        for name in strays {
            let answer = self.line.ask(Operation::Describe, |service| service.describe(&name))?;
            let now = self.line.clock().now();
            match answer {
                Answer::Given(found) => self.spending.note(&found, now),
                Answer::Refused(_) => self.spending.gone(&name, now),
                Answer::Later(retry_after) => return Ok(Start::Busy { retry_after }),
                Answer::Lost => return Ok(Start::Busy { retry_after: SOON }),
            }
        }
        let attempt = self.attempt(job);
        if let Some(start) = self.find(job.id(), attempt)? {
            return Ok(start);
        }
        Ok(match self.spending.is_over(self.line.clock().now()) {
            Some((spent, budget)) => Start::OutOfBudget { spent, budget },
            None => Start::Busy { retry_after: SOON },
        })
    }

    /// Adopts the training job of an attempt if there is one.
    fn find(&mut self, id: JobId, attempt: Attempt) -> Result<Option<Start>, EvaluatorError> {
        let name = attempt.name();
        let answer = self.line.ask(Operation::Describe, |service| service.describe(name))?;
        let now = self.line.clock().now();
        match answer {
            Answer::Given(_) => {
                (self.has_created, self.not_ready_since) = (true, None);
                self.attempts.insert(id, attempt.found(now));
                Ok(Some(Start::Adopted))
            }
            Answer::Refused(error) if error.kind == ServiceErrorKind::Missing => Ok(None),
            Answer::Refused(error) => Err(cannot("describe", name, &error)),
            Answer::Later(retry_after) => Ok(Some(Start::Busy { retry_after })),
            Answer::Lost => Ok(Some(Start::Busy { retry_after: SOON })),
        }
    }

    /// Asks for a training job.
    fn create(&mut self, id: JobId, mut attempt: Attempt) -> Result<Start, EvaluatorError> {
        let now = self.line.clock().now();
        let live = self.attempts.len();
        attempt.asked_at = now;
        let answer =
            self.line.ask(Operation::Create, |service| service.create(&attempt.request))?;
        let now = self.line.clock().now();
        let error = match answer {
            Answer::Given(()) => {
                self.room.admitted(live, now);
                (self.has_created, self.not_ready_since) = (true, None);
                self.attempts.insert(id, attempt.created(now, self.poll));
                return Ok(Start::Started);
            }
            // Perhaps it runs: it holds its place until that is known.
            Answer::Lost => {
                self.attempts.insert(id, attempt);
                return Ok(Start::Started);
            }
            Answer::Later(retry_after) => return Ok(Start::Busy { retry_after }),
            Answer::Refused(error) => error,
        };
        self.refused(id, attempt, &error)
    }

    /// A training job was refused, or is there already.
    fn refused(
        &mut self,
        id: JobId,
        attempt: Attempt,
        error: &ServiceError,
    ) -> Result<Start, EvaluatorError> {
        let is_refused = matches!(
            error.kind,
            ServiceErrorKind::Quota | ServiceErrorKind::NotReady | ServiceErrorKind::Invalid
        );
        if is_refused {
            // Which the service looks at first, the name or the rest, is not known: the job may be there nevertheless.
            if let Some(start) = self.find(id, attempt.clone())? {
                return Ok(start);
            }
        }
        let (now, live) = (self.line.clock().now(), self.attempts.len());
        match error.kind {
            ServiceErrorKind::Exists => {
                (self.has_created, self.not_ready_since) = (true, None);
                self.attempts.insert(id, attempt.found(now));
                Ok(Start::Adopted)
            }
            // It will never do.
            ServiceErrorKind::Quota if error.message.contains(" is 0 Instances") => {
                Err(EvaluatorError::new(format!(
                    "cannot create training job {}: {error}; ask for a higher quota, or name other machines",
                    attempt.request.name
                )))
            }
            ServiceErrorKind::Quota if self.room.has_others_than(attempt.machines, now) => {
                self.room.lacks(attempt.machines, now);
                Ok(Start::Busy { retry_after: SOON })
            }
            ServiceErrorKind::Quota => {
                self.room.refused(live, now);
                Ok(Start::Busy { retry_after: self.room.wait(live, now) })
            }
            ServiceErrorKind::NotReady
                if now.saturating_sub(*self.not_ready_since.get_or_insert(now)) < PROPAGATION =>
            {
                Ok(Start::Busy { retry_after: PROPAGATION_RETRY })
            }
            ServiceErrorKind::Invalid if self.has_created => {
                let failure = Failure::new(FailureKind::Error, error.to_string());
                self.events.push(JobEvent::Ended { job: id, outcome: Outcome::Failed(failure) });
                Ok(Start::Started)
            }
            _ => Err(cannot("create", attempt.name(), error)),
        }
    }
}

/// What cannot be gone on after.
fn cannot(what: &str, name: &str, error: &ServiceError) -> EvaluatorError {
    let remedy = match error.kind {
        ServiceErrorKind::Denied => "; allow it to whoever calls (docs/sagemaker/permissions.md)",
        ServiceErrorKind::Invalid => "; mend the request (Judge says more of it)",
        ServiceErrorKind::NotReady => "; look whether the role and the data exist",
        _ => "",
    };
    EvaluatorError::new(format!("cannot {what} training job {name}: {error}{remedy}"))
}

impl Evaluator for SageMakerEvaluator {
    fn start(&mut self, job: &Job<'_>) -> Result<Start, EvaluatorError> {
        let id = job.id();
        let is_stillborn = self.events.iter().any(|event| event.job() == Some(id));
        if is_stillborn || self.attempts.contains_key(&id) {
            return Ok(Start::Adopted);
        }
        if let Some(retry_after) = self.look_back()? {
            return Ok(Start::Busy { retry_after });
        }
        let now = self.line.clock().now();
        if self.spending.is_over(now).is_some() {
            return self.adopt_at_most(job);
        }
        let wait = self.room.wait(self.attempts.len(), now);
        if wait > Duration::ZERO {
            return Ok(Start::Busy { retry_after: wait });
        }
        let attempt = self.attempt(job);
        self.create(id, attempt)
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
        Ok(match self.find(job.id(), attempt)? {
            None => Adoption::NotRunning,
            Some(Start::Busy { retry_after }) => Adoption::Busy { retry_after },
            Some(_) => Adoption::Running,
        })
    }

    /// A training job has two minutes to end after SIGTERM, and then uploads what it has.
    fn patience(&self) -> Duration {
        LONGEST_STOP
    }
}

impl Drop for SageMakerEvaluator {
    /// Sends the requests to stop that have not been sent.
    fn drop(&mut self) {
        let unsent = self.attempts.values().filter(|it| it.stopping == Stopping::Wanted);
        self.line.stop_at_once(unsent.map(Attempt::name));
    }
}

#[cfg(test)]
mod tests;
