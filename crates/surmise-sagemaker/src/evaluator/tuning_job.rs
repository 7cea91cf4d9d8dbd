//! A whole tuning job, handed over to SageMaker's own tuner and brought back.

use std::fmt;
use std::ops::ControlFlow;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::identity::differences_of_tuning;
use super::pace::Pause;
use super::remedies::remedy;
use super::trouble::{ServiceError, ServiceErrorKind};
use crate::clock::Clock;
use crate::conversion::{TrainingJobSummary, TuningJobDescription, TuningJobStatus};
use crate::request::CreateHyperParameterTuningJobRequest;
use surmise::error::EvaluatorError;
use surmise::rng::Rng;

/// What is asked of SageMaker's own tuner. Each call is one request over the network.
pub trait TuningService: fmt::Debug + Send {
    /// `CreateHyperParameterTuningJob`.
    ///
    /// # Errors
    /// [`ServiceErrorKind::Exists`] if there is a tuning job of that name.
    fn create_tuning_job(
        &mut self,
        request: &CreateHyperParameterTuningJobRequest,
    ) -> Result<(), ServiceError>;

    /// `DescribeHyperParameterTuningJob`: its answer as JSON.
    ///
    /// # Errors
    /// [`ServiceErrorKind::Missing`] if there is none of that name.
    fn describe_tuning_job(&mut self, name: &str) -> Result<Value, ServiceError>;

    /// `StopHyperParameterTuningJob`.
    ///
    /// # Errors
    /// [`ServiceErrorKind::NotRunning`] if it has ended.
    fn stop_tuning_job(&mut self, name: &str) -> Result<(), ServiceError>;

    /// `ListTrainingJobsForHyperParameterTuningJob`: its answer as JSON, from this page on.
    ///
    /// # Errors
    /// If the service cannot answer.
    fn training_jobs_of(&mut self, name: &str, page: Option<&str>) -> Result<Value, ServiceError>;
}

/// How often a tuning job is looked at.
const POLL: Duration = Duration::from_secs(30);
/// For how long a service that does not answer is asked again; pauses in seconds.
const PATIENCE: Duration = Duration::from_secs(3600);
const PAUSES: (f64, f64) = (1.0, 60.0);
/// For how long what was just launched may not be known everywhere.
const SETTLING: Duration = Duration::from_secs(120);
/// People are told of trouble when it has come so often in a row.
const TOLD: u32 = 3;
/// What is asked, in words, and as a policy calls it.
const LAUNCH: (&str, &str) = ("launch", "sagemaker:CreateHyperParameterTuningJob");
const DESCRIBE: (&str, &str) = ("describe", "sagemaker:DescribeHyperParameterTuningJob");
const STOP: (&str, &str) = ("stop", "sagemaker:StopHyperParameterTuningJob");
const LIST: (&str, &str) =
    ("list the training jobs of", "sagemaker:ListTrainingJobsForHyperParameterTuningJob");

/// A tuning job of SageMaker's own tuner: launched, followed, stopped, and brought back as a study.
///
/// ```no_run
/// use std::ops::ControlFlow;
/// use surmise_sagemaker::evaluator::{TuningJob, TuningService};
/// # fn hand_over(request: surmise_sagemaker::CreateHyperParameterTuningJobRequest, service: impl TuningService + 'static)
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let mut job = TuningJob::launch(&request, service)?;
/// let description = job.follow(|so_far| {
///     println!("{} have completed", so_far.training_job_status_counters.completed);
///     ControlFlow::Continue(())
/// })?;
/// let (study, brought) = description.study(&job.training_jobs()?)?;
/// println!("{} observations; the best has {:?}", brought.observed, study.best().and_then(|best| best.value()));
/// # Ok(())
/// # }
/// ```
pub struct TuningJob {
    name: String,
    service: Box<dyn TuningService>,
    clock: Clock,
    poll: Duration,
    has_answered: bool,
    /// When it was launched, if that was here: for a while it may not be known everywhere.
    launched_at: Option<Duration>,
    tell: Option<Tell>,
}

type Tell = Box<dyn FnMut(&str) + Send>;

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
    /// One that was launched before, by its name.
    pub fn attach(name: impl Into<String>, service: impl TuningService + 'static) -> Self {
        let (name, service) = (name.into(), Box::new(service));
        let (clock, poll) = (Clock::real(), POLL);
        Self { name, service, clock, poll, has_answered: false, launched_at: None, tell: None }
    }

    /// Asks for a tuning job. One of the same name that has all that this one asks for is taken for this one: the reply to an earlier launch was
    /// lost.
    ///
    /// # Errors
    /// If the service refuses it, or there is another one of that name, or the service does not answer for an hour.
    pub fn launch(
        request: &CreateHyperParameterTuningJobRequest,
        service: impl TuningService + 'static,
    ) -> Result<Self, EvaluatorError> {
        Self::launch_by(Clock::real(), request, service)
    }

    /// The same by this clock.
    ///
    /// # Errors
    /// Those of [`launch`](Self::launch).
    pub fn launch_by(
        clock: Clock,
        request: &CreateHyperParameterTuningJobRequest,
        service: impl TuningService + 'static,
    ) -> Result<Self, EvaluatorError> {
        let mut job = Self::attach(request.name.as_str(), service).with_clock(clock);
        match job.ask(LAUNCH, |service, _| service.create_tuning_job(request)) {
            Ok(()) => {
                job.launched_at = Some(job.clock.now());
                return Ok(job);
            }
            Err((ServiceErrorKind::Exists, _)) => {}
            Err((_, error)) => return Err(error),
        }
        let there = job.describe()?.request();
        let json = |request| serde_json::to_value(request).unwrap_or_default();
        match differences_of_tuning(&json(request), &json(&there)) {
            None => Ok(job),
            Some(difference) => Err(EvaluatorError::new(format!(
                "there is a tuning job {} that asks for something else ({difference}); give this one another name",
                request.name
            ))),
        }
    }

    /// The same by this clock.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// The same looked at so often (every 30 seconds by default).
    #[must_use]
    pub fn looked_at_every(self, poll: Duration) -> Self {
        Self { poll: poll.max(Duration::from_millis(10)), ..self }
    }

    /// The same, telling people of trouble that lasts, and when it is over: by default nobody is told.
    #[must_use]
    pub fn telling(self, tell: impl FnMut(&str) + Send + 'static) -> Self {
        Self { tell: Some(Box::new(tell)), ..self }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it stands.
    ///
    /// # Errors
    /// If there is none, or the service does not answer for an hour.
    pub fn describe(&mut self) -> Result<TuningJobDescription, EvaluatorError> {
        let answer = self.ask(DESCRIBE, |service, name| service.describe_tuning_job(name));
        let answer = answer.map_err(|(_, error)| error)?;
        serde_json::from_value(answer).map_err(|error| self.garbled(&error))
    }

    /// Looks at it until it has ended, or `watch` says to break; how it stands then. Credentials that expire meanwhile are waited for, until
    /// somebody renews them.
    ///
    /// # Errors
    /// Those of [`describe`](Self::describe).
    pub fn follow(
        &mut self,
        mut watch: impl FnMut(&TuningJobDescription) -> ControlFlow<()>,
    ) -> Result<TuningJobDescription, EvaluatorError> {
        loop {
            let description = self.describe()?;
            let goes_on = matches!(
                description.status,
                TuningJobStatus::InProgress | TuningJobStatus::Stopping | TuningJobStatus::Unknown
            );
            if watch(&description).is_break() || !goes_on {
                return Ok(description);
            }
            self.clock.sleep(self.poll);
        }
    }

    /// Asks it to stop, and its training jobs with it. One that has ended is no error.
    ///
    /// # Errors
    /// If there is none, or the service does not answer for an hour.
    pub fn stop(&mut self) -> Result<(), EvaluatorError> {
        match self.ask(STOP, |service, name| service.stop_tuning_job(name)) {
            Ok(()) | Err((ServiceErrorKind::NotRunning, _)) => Ok(()),
            Err((_, error)) => Err(error),
        }
    }

    /// All its training jobs.
    ///
    /// # Errors
    /// If there is no such tuning job, or the service does not answer for an hour.
    pub fn training_jobs(&mut self) -> Result<Vec<TrainingJobSummary>, EvaluatorError> {
        let mut jobs = Vec::new();
        let mut page: Option<String> = None;
        loop {
            let answer =
                self.ask(LIST, |service, name| service.training_jobs_of(name, page.as_deref()));
            let answer = answer.map_err(|(_, error)| error)?;
            let found: Page =
                serde_json::from_value(answer).map_err(|error| self.garbled(&error))?;
            jobs.extend(found.jobs);
            match found.next_token {
                // A page that names itself would be read for ever.
                Some(next) if page.as_ref() != Some(&next) => page = Some(next),
                _ => return Ok(jobs),
            }
        }
    }

    /// Asks until there is an answer, or patience is at its end.
    fn ask<T>(
        &mut self,
        (what, action): (&str, &str),
        mut request: impl FnMut(&mut dyn TuningService, &str) -> Result<T, ServiceError>,
    ) -> Result<T, (ServiceErrorKind, EvaluatorError)> {
        let begun = self.clock.now();
        let mut pause = Pause::new(PAUSES.0, PAUSES.1);
        let mut rng = Rng::stream(0, 0);
        let mut times = 0;
        let mut was_lost = false;
        loop {
            let error = match request(self.service.as_mut(), &self.name) {
                Ok(answer) => {
                    if times >= TOLD {
                        self.tell(&format!("tuning job {}: SageMaker answers again", self.name));
                    }
                    self.has_answered = true;
                    return Ok(answer);
                }
                Err(error) => error,
            };
            times += 1;
            was_lost |= error.kind == ServiceErrorKind::Unreachable;
            let now = self.clock.now();
            let since_launch = self.launched_at.map(|at| now.saturating_sub(at));
            let is_over = now.saturating_sub(begun) >= PATIENCE;
            let may_pass = match error.kind {
                ServiceErrorKind::Throttled | ServiceErrorKind::Unreachable => !is_over,
                ServiceErrorKind::Credentials => self.has_answered,
                // From the first refusal the SDK learns how far this machine's clock is off.
                ServiceErrorKind::Signature => self.has_answered || times == 1,
                ServiceErrorKind::Missing => since_launch.is_some_and(|it| it < SETTLING),
                _ => false,
            };
            if !may_pass {
                let mut cannot = self.cannot(what, action, &error);
                if was_lost && (what, action) == LAUNCH {
                    cannot.reason.push_str(&self.may_run());
                }
                return Err((error.kind, cannot));
            }
            if times == TOLD {
                self.tell(&format!(
                    "cannot {what} tuning job {}: {error}; it goes on meanwhile, and is asked again",
                    self.name
                ));
            }
            pause.lengthen(now, &mut rng);
            self.clock.sleep(pause.left(now));
        }
    }

    fn tell(&mut self, text: &str) {
        self.tell.iter_mut().for_each(|tell| tell(text));
    }

    fn cannot(&self, what: &str, action: &str, error: &ServiceError) -> EvaluatorError {
        let remedy = remedy(error, action);
        let is_missing = error.kind == ServiceErrorKind::Missing && self.launched_at.is_none();
        let is_unborn = (what, action) == LAUNCH || is_missing;
        let may_run = if is_unborn { String::new() } else { self.may_run() };
        EvaluatorError::new(format!(
            "cannot {what} tuning job {}: {error}{remedy}{may_run}",
            self.name
        ))
    }

    /// What people have to know who hear no more of it.
    fn may_run(&self) -> String {
        format!(
            "; tuning job {} may go on, and its training jobs cost until it ends or is stopped (aws sagemaker stop-hyper-parameter-tuning-job --hyper-parameter-tuning-job-name {})",
            self.name, self.name
        )
    }

    fn garbled(&self, error: &serde_json::Error) -> EvaluatorError {
        EvaluatorError::new(format!(
            "what SageMaker says of tuning job {} cannot be read: {error}{}",
            self.name,
            self.may_run()
        ))
    }
}
