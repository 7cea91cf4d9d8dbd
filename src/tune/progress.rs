//! The result of a tuning, and the progress that observers see.

use super::stop_reason::StopReason;
use crate::error::Error;
use crate::evaluator::{JobEvent, JobId, RunningJob};
use crate::study::{Event, Study};
use crate::trial::Trial;
use std::ops::ControlFlow;
use std::time::Duration;

/// The result of a tuning. The trials themselves are in the study.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TuningResult {
    /// The reason for which the tuning ended.
    pub reason: StopReason,
    /// The first hundred job events without an effect on the tuning: events of jobs that were not
    /// running, or that came after a stop decision.
    pub ignored_events: Vec<JobEvent>,
    /// The number of job events without an effect on the tuning.
    pub ignored_event_count: usize,
    /// Warnings, one sentence each: settings that are probably a mistake, and warnings of the
    /// evaluator.
    pub warnings: Vec<String>,
    /// Jobs that may still run and cost money although the tuning has ended, with their names.
    pub possibly_running: Vec<RunningJob>,
}

/// What happens while a study is tuned. [`Tuner::on_progress`](crate::Tuner::on_progress) adds an
/// observer.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// The study has recorded an event, on which the tuner has not acted yet.
    Recorded(&'a Event),
    /// A completed trial has the best value so far.
    NewBest {
        /// The trial with the best value.
        trial: &'a Trial,
        /// The best value, in the unit of the metric.
        value: f64,
    },
    /// A job has started, or was adopted.
    Started {
        /// The job, by trial and attempt.
        job: JobId,
        /// True if the job was running already, as after a restart.
        adopted: bool,
    },
    /// The evaluator has no free slot for a job.
    Busy {
        /// How long to wait before trying again.
        retry_after: Duration,
    },
    /// The evaluator's budget is spent: no more jobs start, and running ones finish.
    ///
    /// If the budget is raised before they have finished, the tuning continues.
    OutOfBudget {
        /// The job time that has been spent.
        spent: Duration,
        /// The job time of the budget.
        budget: Duration,
    },
    /// An attempt failed, and another one will follow.
    Retrying {
        /// The attempt that will follow.
        job: JobId,
        /// The delay before it starts.
        after: Duration,
    },
    /// A job event had no effect on the tuning, for example because its job was not running.
    IgnoredEvent(&'a JobEvent),
    /// The evaluator cannot run jobs for now.
    Paused {
        /// The reason, in one sentence.
        why: &'a str,
    },
    /// The evaluator can run jobs again.
    Resumed,
    /// A setting is probably a mistake, or the evaluator warns. Each warning comes once.
    Warning(&'a str),
    /// The sink could not persist the last events. The tuner starts no job until it can.
    PersistFailed {
        /// The error of the sink.
        error: &'a Error,
    },
    /// The sink has persisted all events again.
    PersistRecovered,
    /// The tuning has ended for this reason.
    Finished(&'a StopReason),
}

pub(super) type Observer<'a> = Box<dyn FnMut(&Study, &Progress<'_>) -> ControlFlow<()> + 'a>;

pub(super) type Criterion<'a> = Box<dyn FnMut(&Study) -> bool + 'a>;
