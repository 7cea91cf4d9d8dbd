//! Who runs the jobs. Time, I/O and threads live here, and nowhere below.

mod function;

use std::fmt;
use std::time::Duration;

pub use self::function::FunctionEvaluator;
pub(crate) use self::function::panic_message;
pub use crate::error::EvaluatorError;
use crate::trial::{Outcome, Trial, TrialId};

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
}

impl Job<'_> {
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
        /// When to ask again, unless a job ends earlier.
        retry_after: Duration,
    },
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
}

/// Runs jobs.
///
/// Whether an implementation keeps what is promised here, [`check_evaluator`](crate::conformance::check_evaluator) checks.
///
/// A job that fails is an event; an error means that no jobs can be run at all, and ends the tuning with its ledger intact.
pub trait Evaluator {
    /// Takes on an attempt at a trial and returns at once. Idempotent: one that already runs is adopted.
    ///
    /// # Errors
    /// If no jobs can be run at all.
    fn start(&mut self, job: &Job<'_>) -> Result<Start, EvaluatorError>;

    /// Blocks until something happened or the timeout passed. Every started attempt ends exactly once.
    ///
    /// # Errors
    /// If no jobs can be run at all.
    fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError>;

    /// Asks an attempt to end early. It holds its slot until [`wait`](Self::wait) reports its end; one that has ended, or
    /// was never started, is no error.
    ///
    /// # Errors
    /// If no jobs can be run at all.
    fn stop(&mut self, job: JobId) -> Result<(), EvaluatorError>;

    /// Monotonic time since the evaluator was made; virtual in simulation.
    fn elapsed(&self) -> Duration;
}

// A trait that users implement must stay usable behind a pointer.
const _: Option<&dyn Evaluator> = None;
