//! What an evaluator promises, and what it is told and tells.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::error::{Error, EvaluatorError};
use crate::space::SearchSpace;
use crate::trial::{FailureKind, Outcome, Trial, TrialId};

/// One attempt at a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId {
    /// The trial.
    pub trial: TrialId,
    /// Counted from 1.
    pub attempt: u32,
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "attempt {} at trial {}", self.attempt, self.trial)
    }
}

/// What an evaluator is asked to run.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// Its configuration is what to run.
    pub trial: &'a Trial,
    /// Counted from 1.
    pub attempt: u32,
    /// How long the attempt may run. Whoever runs the loop asks it to stop then; an evaluator can tell its jobs, and give them up
    /// if they do not end.
    pub deadline: Option<Duration>,
}

impl<'a> Job<'a> {
    /// An attempt that may run for as long as it takes.
    pub fn new(trial: &'a Trial, attempt: u32) -> Self {
        Self { trial, attempt, deadline: None }
    }

    /// What events call this job.
    pub fn id(&self) -> JobId {
        JobId { trial: self.trial.id, attempt: self.attempt }
    }
}

/// The answer to [`Evaluator::start`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// The job runs.
    Started,
    /// The job ran already, as after a restart; it goes on and will end like one that was started.
    Adopted,
    /// There is no room now.
    Busy {
        /// When to ask again, unless a job ends earlier; [`tune`](crate::tune::tune) waits a millisecond at the least and an
        /// hour at the most.
        retry_after: Duration,
    },
    /// What there was to spend is spent: nothing more will be started. What runs goes on.
    OutOfBudget {
        /// So much, in the evaluator's measure, such as time of one machine.
        spent: Duration,
        /// What there was.
        budget: Duration,
    },
}

/// The answer to [`Evaluator::adopt`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adoption {
    /// The job runs; it goes on and will end like one that was started.
    Running,
    /// It does not run.
    NotRunning,
    /// That cannot be told now.
    Busy {
        /// When to ask again.
        retry_after: Duration,
    },
}

/// A job that may still run, and cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningJob {
    /// Which job.
    pub job: JobId,
    /// What it is called where it runs.
    pub name: String,
}

/// What happened to a job.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum JobEvent {
    /// It reported its metric.
    Report {
        /// Which job.
        job: JobId,
        /// Epoch, round or whatever it counts.
        step: u64,
        /// The metric then.
        value: f64,
    },
    /// It ended.
    Ended {
        /// Which job.
        job: JobId,
        /// How.
        outcome: Outcome,
    },
    /// A job whose end had been told, because it was given up, came to an end of its own after all.
    Late {
        /// Which job.
        job: JobId,
        /// How.
        outcome: Outcome,
    },
    /// No jobs can be run for now, and nothing is known of those that run: not a failure of any.
    Paused {
        /// For people: what is the matter, and what to do about it.
        why: String,
    },
    /// Jobs can be run again.
    Resumed,
    /// A job that was started has an address where it can be found again, such as an ARN: it becomes the trial's
    /// [place](Trial::place).
    Located {
        /// Which job.
        job: JobId,
        /// Its address.
        place: String,
    },
    /// Something works, but not as was asked for, or costs more than it need: not a failure of any job.
    Warning {
        /// For people.
        text: String,
    },
}

impl JobEvent {
    /// The job that it is about, if it is about one.
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

/// Runs jobs.
///
/// A job that fails is an event; an error means that no jobs can be run at all, and ends the tuning with its ledger intact. Jobs
/// that run then go on: the next call of [`tune`](crate::tune::tune) starts them again, and they are adopted. Whether an
/// implementation keeps what is promised here, [`check_evaluator`](crate::conformance::check_evaluator) checks.
///
/// If your jobs are calls, a closure in a [`FunctionEvaluator`](crate::FunctionEvaluator) is all you need, and if they are programs, a
/// [`CommandEvaluator`](crate::CommandEvaluator). Else:
///
/// ```
/// use std::sync::mpsc::{Receiver, Sender, channel};
/// use std::time::{Duration, Instant};
///
/// use surmise::evaluator::{Evaluator, EvaluatorError, Job, JobEvent, JobId, Start};
/// use surmise::{Outcome, ParameterRange, ScalingType, SearchSpace};
///
/// /// A thread per job, which here does little.
/// struct Threads {
///     running: Vec<JobId>,
///     ends: (Sender<JobEvent>, Receiver<JobEvent>),
///     made: Instant,
/// }
///
/// impl Evaluator for Threads {
///     fn start(&mut self, job: &Job<'_>) -> Result<Start, EvaluatorError> {
///         let (id, ends) = (job.id(), self.ends.0.clone());
///         if self.running.contains(&id) {
///             return Ok(Start::Adopted);
///         }
///         let x = job.trial.configuration.float("x");
///         std::thread::spawn(move || ends.send(JobEvent::Ended { job: id, outcome: Outcome::from(x * x) }));
///         self.running.push(id);
///         Ok(Start::Started)
///     }
///
///     fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
///         let events: Vec<JobEvent> = self.ends.1.recv_timeout(timeout).into_iter().collect();
///         for event in &events {
///             if let JobEvent::Ended { job, .. } = event {
///                 self.running.retain(|running| running != job);
///             }
///         }
///         Ok(events)
///     }
///
///     fn stop(&mut self, _: JobId) -> Result<(), EvaluatorError> {
///         Ok(()) // It runs to its end, which `wait` tells.
///     }
///
///     fn elapsed(&self) -> Duration {
///         self.made.elapsed()
///     }
/// }
///
/// let space = SearchSpace::new([ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear)]).unwrap();
/// let make = || Threads { running: Vec::new(), ends: channel(), made: Instant::now() };
/// surmise::conformance::check_evaluator(make, &space).unwrap();
/// ```
pub trait Evaluator {
    /// Takes on an attempt at a trial and returns at once. Idempotent: one that already runs is adopted, and it runs until
    /// [`wait`](Self::wait) has told its end. To start one whose end has been told is to run it again.
    ///
    /// # Errors
    /// If no jobs can be run at all.
    fn start(&mut self, job: &Job<'_>) -> Result<Start, EvaluatorError>;

    /// Blocks until something happened or the timeout passed, also when nothing runs; then the list is empty. Timeouts may be
    /// as long as an hour. Every started attempt ends exactly once, and is silent afterwards, except that one which had been given up
    /// may come [late](JobEvent::Late); a value that is not finite may be given as completed, the study makes a failure of it.
    ///
    /// # Errors
    /// If no jobs can be run at all.
    fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError>;

    /// Asks an attempt to end early, as [`Outcome::Stopped`] with its last value if it has one; it may as well run to its end.
    /// It holds its slot until [`wait`](Self::wait) tells its end; one that has ended, or was never started, is no error.
    ///
    /// # Errors
    /// If no jobs can be run at all.
    fn stop(&mut self, job: JobId) -> Result<(), EvaluatorError>;

    /// Monotonic time since the evaluator was made, to the millisecond; virtual in simulation.
    fn elapsed(&self) -> Duration;

    /// Takes on an attempt that runs already, as after a restart, and starts nothing. [`tune`](crate::tune::tune) asks this when more jobs may run than
    /// the limits allow: those are counted before anything is started. By default nothing is known to run.
    ///
    /// # Errors
    /// If no jobs can be run at all.
    fn adopt(&mut self, _job: &Job<'_>) -> Result<Adoption, EvaluatorError> {
        Ok(Adoption::NotRunning)
    }

    /// How long a job may take to end once it was asked to stop, because the tuning is over: 30 seconds by default. What has not ended by then has
    /// timed out, and is left behind.
    fn patience(&self) -> Duration {
        Duration::from_secs(30)
    }

    /// Whether configurations of a space can be passed to jobs: [`tune`](crate::tune::tune) asks this before it starts anything. By default they can.
    ///
    /// # Errors
    /// [`Error::Invalid`] with everything that keeps them from being passed.
    fn check_space(&self, _space: &SearchSpace) -> Result<(), Error> {
        Ok(())
    }

    /// Hears of the trials whose jobs had an [address](Trial::place), before [`tune`](crate::tune::tune) starts anything: so that an
    /// evaluator that reaches another place, or runs other jobs, can say so. By default that does not matter.
    ///
    /// # Errors
    /// If the jobs of these trials cannot be gone on with.
    fn recall(&mut self, _trials: &[&Trial]) -> Result<(), EvaluatorError> {
        Ok(())
    }

    /// Whether another attempt may end better after a failure of this kind. Where it may not, [`tune`](crate::tune::tune) makes none, whatever the
    /// [retries](crate::RetryPolicy) are. By default it may.
    fn is_worth_retrying(&self, _kind: FailureKind) -> bool {
        true
    }

    /// Whether what was started and has not begun yet is to wait, because it could not be kept where it runs. [`tune`](crate::tune::tune) tells
    /// this before each [`wait`](Self::wait). By default nothing waits.
    fn hold_back(&mut self, _is_held_back: bool) {}

    /// What is to be kept beside the study's events, such as what the jobs have cost so far. [`tune`](crate::tune::tune) has it kept as the note
    /// `evaluator` ([`Sink::note`](crate::study::Sink::note)) whenever a job has ended, and at its end. By default nothing.
    fn note(&mut self) -> Option<Value> {
        None
    }

    /// Whether its jobs are lost with the process that started them, so that none of an earlier process can be found again. Then
    /// [`tune`](crate::tune::tune) makes another attempt at a trial whose attempt may have begun in an earlier process
    /// ([`Sink::is_from_before`](crate::study::Sink::is_from_before)), because that one may have had effects. By default they are not: what has no
    /// [address](Trial::place) is started as the same attempt.
    fn loses_jobs(&self) -> bool {
        false
    }

    /// The jobs that may still run after this evaluator is gone, because they run elsewhere, with what they are called there.
    /// [`tune`](crate::tune::tune) asks this when it ends. By default there are none.
    fn may_still_run(&mut self) -> Vec<RunningJob> {
        Vec::new()
    }

    /// Whether time stands still unless [`wait`](Self::wait) moves it. Then proposals are not computed beside jobs that run. By default it does not.
    /// An evaluator that wraps another one passes this on, like the other methods that have defaults.
    fn is_simulated(&self) -> bool {
        false
    }
}

// A trait that users implement must stay usable behind a pointer.
const _: Option<&dyn Evaluator> = None;
