//! Tuning jobs of SageMaker's own tuner: launch, follow, stop, and import as a study.

use std::fmt;
use std::ops::ControlFlow;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::comparison::tuning_job_differences;
use super::rate_limits::BackoffTimer;
use super::remedies::remedy;
use super::service_error::{ServiceError, ServiceErrorKind};
use crate::clock::Clock;
use crate::conversion::{TrainingJobSummary, TuningJobDescription, TuningJobStatus};
use crate::request::CreateHyperParameterTuningJobRequest;
use surmise::error::EvaluatorError;
use surmise::rng::Rng;

/// The operations of SageMaker's own tuner that a [`TuningJob`] needs. Each call sends one request.
pub trait TuningService: fmt::Debug + Send {
    /// Calls `CreateHyperParameterTuningJob`.
    ///
    /// # Errors
    /// [`ServiceErrorKind::AlreadyExists`] if a tuning job of that name exists, or another
    /// [`ServiceError`] if the request fails.
    fn create_tuning_job(
        &mut self,
        request: &CreateHyperParameterTuningJobRequest,
    ) -> Result<(), ServiceError>;

    /// Calls `DescribeHyperParameterTuningJob`, and returns the response as JSON.
    ///
    /// # Errors
    /// [`ServiceErrorKind::NotFound`] if no tuning job of that name exists, or another
    /// [`ServiceError`] if the request fails.
    fn describe_tuning_job(&mut self, name: &str) -> Result<Value, ServiceError>;

    /// Calls `StopHyperParameterTuningJob`.
    ///
    /// # Errors
    /// [`ServiceErrorKind::NotRunning`] if the tuning job has ended, or another [`ServiceError`] if
    /// the request fails.
    fn stop_tuning_job(&mut self, name: &str) -> Result<(), ServiceError>;

    /// Calls `ListTrainingJobsForHyperParameterTuningJob`, and returns the response as JSON. `page`
    /// is the token of the page; `None` for the first one.
    ///
    /// # Errors
    /// [`ServiceError`] if the request fails.
    fn list_training_jobs(&mut self, name: &str, page: Option<&str>)
    -> Result<Value, ServiceError>;
}

/// Default interval at which a tuning job is polled.
const POLL_INTERVAL: Duration = Duration::from_secs(30);
/// How long requests are retried while the service does not answer.
const MAX_RETRY_TIME: Duration = Duration::from_secs(3600);
/// Backoff between retries: the first delay and the maximum, in seconds.
const BACKOFF: (f64, f64) = (1.0, 60.0);
/// How long a new tuning job may be missing from the service's replies.
const CONSISTENCY_WINDOW: Duration = Duration::from_secs(120);
/// Number of consecutive failures after which the user is informed.
const MAX_FAILURES: u32 = 3;
/// The operations: a verb for messages, and the name of the operation in policies.
const LAUNCH: (&str, &str) = ("launch", "sagemaker:CreateHyperParameterTuningJob");
const DESCRIBE: (&str, &str) = ("describe", "sagemaker:DescribeHyperParameterTuningJob");
const STOP: (&str, &str) = ("stop", "sagemaker:StopHyperParameterTuningJob");
const LIST: (&str, &str) =
    ("list the training jobs of", "sagemaker:ListTrainingJobsForHyperParameterTuningJob");

/// A tuning job of SageMaker's own tuner.
///
/// Launches the job, follows it, stops it, and imports its results as a study:
///
/// ```no_run
/// use std::ops::ControlFlow;
/// use surmise_sagemaker::evaluator::{TuningJob, TuningService};
/// # use surmise_sagemaker::CreateHyperParameterTuningJobRequest;
/// # fn launch(
/// #     request: CreateHyperParameterTuningJobRequest,
/// #     service: impl TuningService + 'static,
/// # ) -> Result<(), Box<dyn std::error::Error>> {
/// let mut job = TuningJob::launch(&request, service)?;
/// let description = job.follow(|current| {
///     println!("{} jobs have completed", current.training_job_status_counters.completed);
///     ControlFlow::Continue(())
/// })?;
/// let (study, summary) = description.study(&job.training_jobs()?)?;
/// let best_value = study.best().and_then(|best| best.value());
/// println!("{} observations; the best value is {best_value:?}", summary.added);
/// # Ok(())
/// # }
/// ```
pub struct TuningJob {
    name: String,
    service: Box<dyn TuningService>,
    clock: Clock,
    poll_interval: Duration,
    has_answered: bool,
    /// The time of the launch, if this process has launched the job.
    launched_at: Option<Duration>,
    outage_handler: Option<OutageHandler>,
}

type OutageHandler = Box<dyn FnMut(&str) + Send>;

impl fmt::Debug for TuningJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TuningJob").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A page of training jobs.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    #[serde(rename = "TrainingJobSummaries")]
    jobs: Vec<TrainingJobSummary>,
    next_token: Option<String>,
}

impl TuningJob {
    /// Returns the tuning job of this name, which was launched before. Sends no request.
    pub fn attach(name: impl Into<String>, service: impl TuningService + 'static) -> Self {
        Self {
            name: name.into(),
            service: Box::new(service),
            clock: Clock::real(),
            poll_interval: POLL_INTERVAL,
            has_answered: false,
            launched_at: None,
            outage_handler: None,
        }
    }

    /// Launches a tuning job.
    ///
    /// An existing tuning job of the same name that matches the request is adopted: the reply to an
    /// earlier launch may have been lost.
    ///
    /// # Errors
    /// [`EvaluatorError`] if the service refuses the request, if a different tuning job of that
    /// name exists, or if the service does not answer for an hour.
    pub fn launch(
        request: &CreateHyperParameterTuningJobRequest,
        service: impl TuningService + 'static,
    ) -> Result<Self, EvaluatorError> {
        Self::launch_with_clock(Clock::real(), request, service)
    }

    /// Launches a tuning job like [`launch`](Self::launch), and measures time by `clock`.
    ///
    /// # Errors
    /// Those of [`launch`](Self::launch).
    pub fn launch_with_clock(
        clock: Clock,
        request: &CreateHyperParameterTuningJobRequest,
        service: impl TuningService + 'static,
    ) -> Result<Self, EvaluatorError> {
        let mut job = Self::attach(request.name.as_str(), service).with_clock(clock);
        match job.send(LAUNCH, |service, _| service.create_tuning_job(request)) {
            Ok(()) => {
                job.launched_at = Some(job.clock.now());
                return Ok(job);
            }
            Err((ServiceErrorKind::AlreadyExists, _)) => {}
            Err((_, error)) => return Err(error),
        }
        let existing = job.describe()?.request();
        let json = |request| serde_json::to_value(request).unwrap_or_default();
        match tuning_job_differences(&json(request), &json(&existing)) {
            None => Ok(job),
            Some(difference) => Err(EvaluatorError::new(format!(
                "tuning job {} exists already and differs from the request ({difference}); choose \
                 another name",
                request.name
            ))),
        }
    }

    /// Sets the clock that measures time; the machine's clock by default.
    ///
    /// Use the clock of the fake in tests, so that they need not wait in real time.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Sets the interval at which [`follow`](Self::follow) polls the job; 30 seconds by default,
    /// and at least 10 milliseconds.
    ///
    /// Use a longer interval if other programs use the same account.
    #[must_use]
    pub fn with_poll_interval(self, poll_interval: Duration) -> Self {
        Self { poll_interval: poll_interval.max(Duration::from_millis(10)), ..self }
    }

    /// Sets a function that receives a message when the service does not answer, and another one
    /// when it answers again; none by default.
    ///
    /// Use it to inform a user while [`follow`](Self::follow) waits for the service.
    #[must_use]
    pub fn on_outage(self, handler: impl FnMut(&str) + Send + 'static) -> Self {
        Self { outage_handler: Some(Box::new(handler)), ..self }
    }

    /// Returns the name of the tuning job.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the current description of the tuning job.
    ///
    /// # Errors
    /// [`EvaluatorError`] if the tuning job does not exist, or the service does not answer for an
    /// hour.
    pub fn describe(&mut self) -> Result<TuningJobDescription, EvaluatorError> {
        let response = self.send(DESCRIBE, |service, name| service.describe_tuning_job(name));
        let response = response.map_err(|(_, error)| error)?;
        serde_json::from_value(response).map_err(|error| self.unreadable_response(&error))
    }

    /// Polls the tuning job until it has ended or `watch` returns a break; returns the last
    /// description.
    ///
    /// If the credentials expire meanwhile, it waits until they are renewed.
    ///
    /// # Errors
    /// Those of [`describe`](Self::describe).
    pub fn follow(
        &mut self,
        mut watch: impl FnMut(&TuningJobDescription) -> ControlFlow<()>,
    ) -> Result<TuningJobDescription, EvaluatorError> {
        loop {
            let description = self.describe()?;
            let is_running = matches!(
                description.status,
                TuningJobStatus::InProgress | TuningJobStatus::Stopping | TuningJobStatus::Unknown
            );
            if watch(&description).is_break() || !is_running {
                return Ok(description);
            }
            self.clock.sleep(self.poll_interval);
        }
    }

    /// Stops the tuning job and its training jobs. A tuning job that has ended is no error.
    ///
    /// # Errors
    /// [`EvaluatorError`] if the tuning job does not exist, or the service does not answer for an
    /// hour.
    pub fn stop(&mut self) -> Result<(), EvaluatorError> {
        match self.send(STOP, |service, name| service.stop_tuning_job(name)) {
            Ok(()) | Err((ServiceErrorKind::NotRunning, _)) => Ok(()),
            Err((_, error)) => Err(error),
        }
    }

    /// Returns all training jobs of the tuning job.
    ///
    /// # Errors
    /// [`EvaluatorError`] if the tuning job does not exist, or the service does not answer for an
    /// hour.
    pub fn training_jobs(&mut self) -> Result<Vec<TrainingJobSummary>, EvaluatorError> {
        let mut jobs = Vec::new();
        let mut page: Option<String> = None;
        loop {
            let response =
                self.send(LIST, |service, name| service.list_training_jobs(name, page.as_deref()));
            let response = response.map_err(|(_, error)| error)?;
            let found: Page = serde_json::from_value(response)
                .map_err(|error| self.unreadable_response(&error))?;
            jobs.extend(found.jobs);
            match found.next_token {
                // A page that refers to itself would be read forever.
                Some(next) if page.as_ref() != Some(&next) => page = Some(next),
                _ => return Ok(jobs),
            }
        }
    }

    /// Sends a request, and retries it while that may help.
    fn send<T>(
        &mut self,
        (verb, action): (&str, &str),
        mut request: impl FnMut(&mut dyn TuningService, &str) -> Result<T, ServiceError>,
    ) -> Result<T, (ServiceErrorKind, EvaluatorError)> {
        let started_at = self.clock.now();
        let mut backoff = BackoffTimer::new(BACKOFF.0, BACKOFF.1);
        let mut rng = Rng::stream(0, 0);
        let mut failures = 0;
        let mut is_reply_lost = false;
        loop {
            let error = match request(self.service.as_mut(), &self.name) {
                Ok(response) => {
                    if failures >= MAX_FAILURES {
                        self.inform(&format!("tuning job {}: SageMaker answers again", self.name));
                    }
                    self.has_answered = true;
                    return Ok(response);
                }
                Err(error) => error,
            };
            failures += 1;
            is_reply_lost |= error.kind == ServiceErrorKind::Unreachable;
            let now = self.clock.now();
            let since_launch = self.launched_at.map(|at| now.saturating_sub(at));
            let has_timed_out = now.saturating_sub(started_at) >= MAX_RETRY_TIME;
            let may_retry = match error.kind {
                ServiceErrorKind::Throttled | ServiceErrorKind::Unreachable => !has_timed_out,
                ServiceErrorKind::Credentials => self.has_answered,
                // The first refusal tells the SDK how far this machine's clock is off.
                ServiceErrorKind::Signature => self.has_answered || failures == 1,
                ServiceErrorKind::NotFound => {
                    since_launch.is_some_and(|it| it < CONSISTENCY_WINDOW)
                }
                _ => false,
            };
            if !may_retry {
                let mut failure = self.operation_error(verb, action, &error);
                if is_reply_lost && (verb, action) == LAUNCH {
                    failure.reason.push_str(&self.still_running_hint());
                }
                return Err((error.kind, failure));
            }
            if failures == MAX_FAILURES {
                self.inform(&format!(
                    "cannot {verb} tuning job {}: {error}; the job continues meanwhile, and the \
                     request is retried",
                    self.name
                ));
            }
            backoff.extend(now, &mut rng);
            self.clock.sleep(backoff.remaining(now));
        }
    }

    fn inform(&mut self, text: &str) {
        self.outage_handler.iter_mut().for_each(|handler| handler(text));
    }

    fn operation_error(&self, verb: &str, action: &str, error: &ServiceError) -> EvaluatorError {
        let remedy = remedy(error, action);
        let is_missing = error.kind == ServiceErrorKind::NotFound && self.launched_at.is_none();
        let is_not_running = (verb, action) == LAUNCH || is_missing;
        let hint = if is_not_running { String::new() } else { self.still_running_hint() };
        EvaluatorError::new(format!(
            "cannot {verb} tuning job {}: {error}{remedy}{hint}",
            self.name
        ))
    }

    /// Returns the part of a message that says how to stop the tuning job.
    fn still_running_hint(&self) -> String {
        format!(
            "; tuning job {} may still be running, and its training jobs cost money until it ends \
             or is stopped (aws sagemaker stop-hyper-parameter-tuning-job \
             --hyper-parameter-tuning-job-name {})",
            self.name, self.name
        )
    }

    fn unreadable_response(&self, error: &serde_json::Error) -> EvaluatorError {
        EvaluatorError::new(format!(
            "SageMaker's description of tuning job {} cannot be read: {error}{}",
            self.name,
            self.still_running_hint()
        ))
    }
}
