//! What observers are shown, and what is left when a tuning is over.

use super::reason::StopReason;
use crate::error::Error;
use crate::evaluator::{JobEvent, JobId, RunningJob};
use crate::study::{Event, Study};
use crate::trial::Trial;
use std::ops::ControlFlow;
use std::time::Duration;

/// How the tuning went.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Tuned {
    /// Why it ended.
    pub reason: StopReason,
    /// Events that changed nothing: of jobs that were not running, or of what came after a decision that counts. The first hundred of them.
    pub disregarded: Vec<JobEvent>,
    /// How many such events there were in all.
    pub disregarded_count: usize,
    /// Settings that work but are probably a mistake, and what the evaluator warned of, one sentence each.
    pub warnings: Vec<String>,
    /// Jobs that may still run, and cost, where they are not waited for any more: with what they are called there.
    pub may_still_run: Vec<RunningJob>,
}

/// What happens while a study is tuned.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// An event has just been recorded in the ledger; nothing has been done about it yet.
    Recorded(&'a Event),
    /// A completed trial has the best value so far.
    NewBest {
        /// The trial.
        trial: &'a Trial,
        /// Its value.
        value: f64,
    },
    /// A job runs.
    Started {
        /// Which one.
        job: JobId,
        /// Whether it ran already, as after a restart.
        adopted: bool,
    },
    /// There is no room for a job.
    Busy {
        /// When to ask again.
        retry_after: Duration,
    },
    /// The evaluator's budget is spent: nothing is started, and what runs comes to its end. If the budget is raised before, the tuning goes on.
    OutOfBudget {
        /// What has been spent.
        spent: Duration,
        /// What there was.
        budget: Duration,
    },
    /// An attempt failed, and there will be another one.
    Retrying {
        /// The attempt that will be.
        job: JobId,
        /// After this time.
        after: Duration,
    },
    /// An event changed nothing.
    Disregarded(&'a JobEvent),
    /// No jobs can be run for now.
    Paused {
        /// Why.
        why: &'a str,
    },
    /// Jobs can be run again.
    Resumed,
    /// A setting works but is probably a mistake, or the evaluator warns of something. Each warning comes once.
    Warning(&'a str),
    /// The sink could not keep the last events: the tuner starts no job until it can.
    NotKept {
        /// Why.
        error: &'a Error,
    },
    /// The sink has all events again.
    KeptAgain,
    /// It is over.
    Over(&'a StopReason),
}

pub(super) type Observer<'a> = Box<dyn FnMut(&Study, &Progress<'_>) -> ControlFlow<()> + 'a>;

pub(super) type Criterion<'a> = Box<dyn FnMut(&Study) -> bool + 'a>;
