//! The trait `Evaluator`, the jobs that it runs and the events that it returns.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::error::{Error, EvaluatorError};
use crate::space::SearchSpace;
use crate::trial::{FailureKind, Outcome, Trial, TrialId};

/// Identifies one attempt at a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId {
    /// The trial that the job executes.
    pub trial: TrialId,
    /// The number of the attempt, counted from 1.
    pub attempt: u32,
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "attempt {} at trial {}", self.attempt, self.trial)
    }
}

/// One execution of a trial, which an evaluator runs.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// The trial, whose configuration the job executes.
    pub trial: &'a Trial,
    /// The number of the attempt, counted from 1.
    pub attempt: u32,
    /// How long the attempt may run, counted from its start; `None` if its runtime is not limited.
    ///
    /// The tuner asks the job to stop after this time. An evaluator may pass the timeout on to the
    /// job, and may abandon a job that does not end.
    pub timeout: Option<Duration>,
}

impl<'a> Job<'a> {
    /// Creates an attempt without a timeout.
    pub fn new(trial: &'a Trial, attempt: u32) -> Self {
        Self { trial, attempt, timeout: None }
    }

    /// Returns the identifier that events use for this job.
    pub fn id(&self) -> JobId {
        JobId { trial: self.trial.id, attempt: self.attempt }
    }
}

/// The result of [`Evaluator::start`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartOutcome {
    /// The job has been started.
    Started,
    /// The job was running already, for example after a restart; it continues, and it ends like a
    /// job that was started.
    Adopted,
    /// The evaluator cannot start another job now.
    Busy {
        /// How long to wait before the next call of `start`, unless a job ends earlier.
        /// [`tune`](crate::tune::tune) waits at least a millisecond and at most an hour.
        retry_after: Duration,
    },
    /// The budget is used up: no further job will be started, and running jobs continue.
    OutOfBudget {
        /// The amount spent, in the unit of the evaluator, such as the time of one instance.
        spent: Duration,
        /// The limit, in the same unit.
        budget: Duration,
    },
}

/// The result of [`Evaluator::adopt`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adoption {
    /// The job is running; it continues, and it ends like a job that was started.
    Running,
    /// The job is not running.
    NotRunning,
    /// The evaluator cannot find out now whether the job is running.
    Busy {
        /// How long to wait before the next call of `adopt`.
        retry_after: Duration,
    },
}

/// A job that may still be running, and may still cost money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningJob {
    /// The identifier of the job.
    pub job: JobId,
    /// The name of the job in the system that runs it, such as the name of a training job.
    pub name: String,
}

/// An event of a job, or of the evaluator as a whole.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum JobEvent {
    /// The job reported an intermediate value of its metric.
    Report {
        /// The identifier of the job.
        job: JobId,
        /// The step of the report: an epoch, a round or any other count.
        step: u64,
        /// The value of the metric at that step.
        value: f64,
    },
    /// The job ended; no further event of it follows.
    Ended {
        /// The identifier of the job.
        job: JobId,
        /// How the job ended.
        outcome: Outcome,
    },
    /// The job ended after the evaluator had abandoned it and had reported its end.
    Late {
        /// The identifier of the job.
        job: JobId,
        /// How the job ended.
        outcome: Outcome,
    },
    /// The evaluator cannot run jobs for now, and does not know how the running jobs are doing.
    /// This is no failure of a job.
    Paused {
        /// The cause and the remedy, as a message for the user.
        why: String,
    },
    /// The evaluator can run jobs again after [`Paused`](Self::Paused).
    Resumed,
    /// The job has a location by which it can be found again, such as an ARN. It becomes the
    /// trial's [`job_location`](Trial::job_location).
    Located {
        /// The identifier of the job.
        job: JobId,
        /// The location of the job.
        location: String,
    },
    /// Something works differently than requested, or costs more than necessary. This is no
    /// failure of a job.
    Warning {
        /// The warning, as a message for the user.
        text: String,
    },
}

impl JobEvent {
    /// Returns the job that the event belongs to; `None` if it belongs to the evaluator as a whole.
    pub fn job(&self) -> Option<JobId> {
        match self {
            Self::Report { job, .. }
            | Self::Ended { job, .. }
            | Self::Late { job, .. }
            | Self::Located { job, .. } => Some(*job),
            Self::Paused { .. } | Self::Resumed | Self::Warning { .. } => None,
        }
    }
}

/// Starts jobs, watches them and reports what happens to them.
///
/// A tuner decides *what* to try; an evaluator decides *where and how* it runs. Three evaluators
/// cover most cases, so check first whether you need to write one:
///
/// - [`FunctionEvaluator`](crate::FunctionEvaluator) calls a closure, on one thread per job.
/// - [`CommandEvaluator`](crate::CommandEvaluator) runs a program, one process per job.
/// - `SageMakerEvaluator` of the package `surmise-sagemaker` runs training jobs on AWS.
///
/// Write your own for a batch scheduler, a job queue or another cloud. Four methods are required:
///
/// ```
/// use std::sync::mpsc::{Receiver, Sender, channel};
/// use std::time::{Duration, Instant};
///
/// use surmise::evaluator::{Evaluator, EvaluatorError, Job, JobEvent, JobId, StartOutcome};
/// use surmise::{Error, Outcome, ParameterRange, ScalingType, SearchSpace};
///
/// /// Runs each job on a thread of its own.
/// struct ThreadEvaluator {
///     running: Vec<JobId>,
///     channel: (Sender<JobEvent>, Receiver<JobEvent>),
///     created: Instant,
/// }
///
/// impl Evaluator for ThreadEvaluator {
///     fn start(&mut self, job: &Job<'_>) -> Result<StartOutcome, EvaluatorError> {
///         let (id, sender) = (job.id(), self.channel.0.clone());
///         if self.running.contains(&id) {
///             return Ok(StartOutcome::Adopted); // `start` is idempotent.
///         }
///         let x = job.trial.configuration.float("x");
///         std::thread::spawn(move || {
///             sender.send(JobEvent::Ended { job: id, outcome: Outcome::from(x * x) })
///         });
///         self.running.push(id);
///         Ok(StartOutcome::Started)
///     }
///
///     fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
///         let received = self.channel.1.recv_timeout(timeout);
///         let events: Vec<JobEvent> = received.into_iter().collect();
///         for event in &events {
///             if let JobEvent::Ended { job, .. } = event {
///                 self.running.retain(|running| running != job);
///             }
///         }
///         Ok(events)
///     }
///
///     fn stop(&mut self, _: JobId) -> Result<(), EvaluatorError> {
///         Ok(()) // These jobs cannot be interrupted; `wait` reports their ends.
///     }
///
///     fn elapsed(&self) -> Duration {
///         self.created.elapsed()
///     }
/// }
///
/// let x = ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear);
/// let space = SearchSpace::new([x])?;
/// let create = || ThreadEvaluator {
///     running: Vec::new(),
///     channel: channel(),
///     created: Instant::now(),
/// };
/// surmise::conformance::check_evaluator(create, &space).expect("the contract is kept");
/// # Ok::<(), Error>(())
/// ```
///
/// # The contract
///
/// - `start` and `stop` return at once; only `wait` blocks, and never longer than its timeout.
/// - Every job that was started or adopted ends exactly once, by [`JobEvent::Ended`]. No event of
///   that job follows, except one [`JobEvent::Late`] if the evaluator had abandoned it.
/// - A job that fails is an event. An [`EvaluatorError`] means that no job can be run at all; it
///   ends the tuning. Running jobs continue then, and the next call of
///   [`tune`](crate::tune::tune) adopts them.
///
/// Call [`check_evaluator`](crate::conformance::check_evaluator) in a test of your crate: it checks
/// these rules and lists each contract violation.
///
/// # Common mistakes
///
/// - **Returning an error for a job that failed** ends the tuning. Return
///   [`Outcome::Failed`] in the job's `Ended` event instead; the tuner retries or continues.
/// - **Starting a job twice** after a restart. Derive the external name from [`Job::id`], look for
///   it before you create it, and return [`StartOutcome::Adopted`].
/// - **Waiting inside `start` for a free slot** blocks the loop. Return [`StartOutcome::Busy`].
/// - **Wrapping another evaluator and forwarding only the required methods** loses adoption,
///   grace periods and notes. Forward the methods that have defaults, too.
///
/// `examples/custom_evaluator.rs` is a complete program with a custom evaluator. The guide has a
/// chapter on [your own evaluator](crate::guide::your_own_evaluator).
pub trait Evaluator {
    /// Starts an attempt at a trial, and returns at once.
    ///
    /// The call is idempotent: an attempt that is running already is adopted. It counts as running
    /// until [`wait`](Self::wait) has reported its end. A call after that runs the attempt again.
    ///
    /// # Errors
    /// [`EvaluatorError`] if no jobs can be run at all.
    fn start(&mut self, job: &Job<'_>) -> Result<StartOutcome, EvaluatorError>;

    /// Blocks until there are events or the timeout has passed, and returns the events.
    ///
    /// The list is empty after the timeout, also when no job is running. Timeouts may be as long as
    /// an hour. Every started attempt ends exactly once, and has no events afterwards; only an
    /// abandoned attempt may end [late](JobEvent::Late). A completed job may have a value that is
    /// not finite: the study records it as a failure.
    ///
    /// # Errors
    /// [`EvaluatorError`] if no jobs can be run at all.
    fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError>;

    /// Asks an attempt to end early, and returns at once.
    ///
    /// A job that stops ends as [`Outcome::Stopped`], with its last value if it has one. A job may
    /// also ignore the request. It occupies its slot until [`wait`](Self::wait) reports its end. A
    /// job that has ended, or was never started, is no error.
    ///
    /// # Errors
    /// [`EvaluatorError`] if no jobs can be run at all.
    fn stop(&mut self, job: JobId) -> Result<(), EvaluatorError>;

    /// Returns the monotonic time since the evaluator was created, with a resolution of at least a
    /// millisecond. A simulated evaluator returns virtual time.
    fn elapsed(&self) -> Duration;

    /// Adopts an attempt that is running already, for example after a restart; starts nothing.
    ///
    /// [`tune`](crate::tune::tune) calls this when more jobs may be running than the limits allow,
    /// so that it counts them before it starts any. By default the result is
    /// [`Adoption::NotRunning`].
    ///
    /// # Errors
    /// [`EvaluatorError`] if no jobs can be run at all.
    fn adopt(&mut self, _job: &Job<'_>) -> Result<Adoption, EvaluatorError> {
        Ok(Adoption::NotRunning)
    }

    /// Returns how long the tuner waits for jobs that it has asked to stop because the tuning is
    /// over; 30 seconds by default.
    ///
    /// Jobs that have not ended by then count as timed out, and the tuner returns without them.
    fn stop_grace_period(&self) -> Duration {
        Duration::from_secs(30)
    }

    /// Checks whether configurations of a search space can be passed to jobs.
    ///
    /// [`tune`](crate::tune::tune) calls this before it starts a job. By default every space is
    /// accepted.
    ///
    /// # Errors
    /// [`Error::Invalid`] with a violation for each parameter that cannot be passed.
    fn check_space(&self, _space: &SearchSpace) -> Result<(), Error> {
        Ok(())
    }

    /// Receives the trials with a [`job_location`](Trial::job_location) when a tuning begins or
    /// resumes; the list may be empty.
    ///
    /// [`tune`](crate::tune::tune) calls this once, before it starts a job. An evaluator that is
    /// connected to another region or account than these jobs, or that is set up to run different
    /// jobs, can report that here. By default the call has no effect.
    ///
    /// # Errors
    /// [`EvaluatorError`] if the tuning cannot continue with the jobs of these trials.
    fn on_resume(&mut self, _trials: &[&Trial]) -> Result<(), EvaluatorError> {
        Ok(())
    }

    /// Returns whether a retry may succeed after a failure of this kind; `true` by default.
    ///
    /// Where it returns `false`, [`tune`](crate::tune::tune) makes no retry, even if the
    /// [`RetryPolicy`](crate::RetryPolicy) allows one.
    fn is_worth_retrying(&self, _kind: FailureKind) -> bool {
        true
    }

    /// Pauses or resumes the execution of jobs that were started but have not begun.
    ///
    /// [`tune`](crate::tune::tune) calls this before each [`wait`](Self::wait). It pauses starts
    /// while the journal cannot be written: the locations of new jobs would be lost in a crash. By
    /// default the call has no effect.
    fn pause_starts(&mut self, _is_paused: bool) {}

    /// Returns data to record in the journal beside the events, such as the cost so far; `None` by
    /// default.
    ///
    /// [`tune`](crate::tune::tune) records it under the name `evaluator`, by
    /// [`EventSink::persist_note`](crate::study::EventSink::persist_note), whenever a job has ended
    /// and at the end of the tuning.
    fn journal_note(&mut self) -> Option<Value> {
        None
    }

    /// Returns whether jobs are lost when the process ends that started them; `false` by default.
    ///
    /// If so, [`tune`](crate::tune::tune) makes another attempt at a trial whose attempt may have
    /// begun in an [earlier process](crate::study::EventSink::is_from_earlier_process). The lost
    /// attempt may have had side effects. If not, it starts a job without a
    /// [location](Trial::job_location) again as the same attempt.
    fn loses_jobs_on_exit(&self) -> bool {
        false
    }

    /// Returns the jobs that may still be running after this evaluator is dropped, with their names
    /// in the system that runs them; empty by default.
    ///
    /// [`tune`](crate::tune::tune) calls this when it ends.
    fn possibly_running(&mut self) -> Vec<RunningJob> {
        Vec::new()
    }

    /// Returns whether only [`wait`](Self::wait) advances the time of this evaluator; `false` by
    /// default.
    ///
    /// If so, [`tune`](crate::tune::tune) computes proposals on its own thread, not in the
    /// background: virtual time does not pass meanwhile.
    fn is_simulated(&self) -> bool {
        false
    }
}

// Users implement this trait, so it must stay dyn compatible.
const _: Option<&dyn Evaluator> = None;
