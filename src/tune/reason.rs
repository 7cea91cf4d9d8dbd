//! Why a tuning ended.

use crate::trial::{Failure, TrialId};
use std::fmt;
use std::time::Duration;

/// Why the tuning ended, with the figures behind it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum StopReason {
    /// As many jobs have run as the limits allow.
    JobLimit {
        /// That many.
        jobs: usize,
    },
    /// Every configuration of the space, or of the grid, has been asked or told.
    SpaceExhausted {
        /// Jobs that have run.
        jobs: usize,
    },
    /// The time was up; what ran was asked to stop.
    MaxRuntime {
        /// The time that there was.
        limit: Duration,
        /// Jobs that have run.
        jobs: usize,
    },
    /// A job reached the target.
    TargetReached {
        /// Its trial.
        trial: TrialId,
        /// Its value.
        value: f64,
        /// What was to be reached.
        target: f64,
    },
    /// The best value did not improve for a while.
    NotImproving {
        /// So many jobs in a row ended without improving it.
        jobs: usize,
        /// The trial of the best value.
        best: TrialId,
        /// The best value.
        value: f64,
    },
    /// A criterion of somebody's own was met.
    OwnCriterion {
        /// Its name.
        name: String,
    },
    /// Hardly anything came off.
    TooManyFailures {
        /// So many jobs failed…
        failures: usize,
        /// …of this many that ended last.
        of_last: usize,
        /// How the last one failed.
        last: Failure,
    },
    /// The first jobs came to nothing for a reason that no configuration can mend. See [`Canary`](crate::Canary).
    FirstJobsFailed {
        /// So many jobs.
        jobs: usize,
        /// How the last one failed.
        last: Failure,
    },
    /// Jobs in a row ended well and told no metric.
    MissingMetrics {
        /// So many jobs.
        jobs: usize,
        /// How the last one failed.
        last: Failure,
    },
    /// The evaluator's budget is spent: nothing more was started, what ran came to its end.
    OutOfBudget {
        /// What had been spent then.
        spent: Duration,
        /// What there was.
        budget: Duration,
        /// Jobs that have run.
        jobs: usize,
    },
    /// An observer said to break.
    Observer,
    /// Somebody asked to drain: nothing more was started, what ran came to its end.
    Drained {
        /// Jobs that have run.
        jobs: usize,
    },
    /// Somebody cancelled.
    Cancelled {
        /// So many jobs had not ended when it was no longer waited for. They are pending; another call adopts them.
        left_running: usize,
    },
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::JobLimit { jobs } => {
                write!(f, "{jobs} jobs have run, as many as the limits allow")
            }
            Self::SpaceExhausted { jobs } => {
                write!(f, "everything has been tried, in {jobs} jobs")
            }
            Self::MaxRuntime { limit, jobs } => {
                write!(f, "{limit:?} are over, in which {jobs} jobs have run")
            }
            Self::TargetReached { trial, value, target } => {
                write!(f, "trial {trial} reached {value}; the target is {target}")
            }
            Self::NotImproving { jobs, best, value } => {
                write!(
                    f,
                    "{jobs} jobs in a row did not improve on {value}, the value of trial {best}"
                )
            }
            Self::OwnCriterion { name } => write!(f, "{name}"),
            Self::TooManyFailures { failures, of_last, last } => {
                write!(f, "{failures} of the last {of_last} jobs failed; the last one by {last}")
            }
            Self::FirstJobsFailed { jobs, last } => write!(
                f,
                "the first {jobs} jobs came to nothing, and no configuration can mend why; the last one by {last}"
            ),
            Self::MissingMetrics { jobs, last } => {
                write!(f, "{jobs} jobs in a row told no metric; the last one by {last}")
            }
            Self::OutOfBudget { spent, budget, jobs } => {
                write!(f, "{spent:?} of a budget of {budget:?} are spent, in {jobs} jobs")
            }
            Self::Observer => f.write_str("an observer said to break"),
            Self::Drained { jobs } => write!(f, "it was asked to end, after {jobs} jobs"),
            Self::Cancelled { left_running: 0 } => f.write_str("cancelled on request"),
            Self::Cancelled { left_running } => {
                write!(f, "cancelled on request; {left_running} jobs had not ended")
            }
        }
    }
}
