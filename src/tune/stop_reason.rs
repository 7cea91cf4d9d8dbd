//! The reason for which a tuning ended.

use crate::trial::{Failure, TrialId};
use std::fmt;
use std::time::Duration;

/// The reason for which a tuning ended, with its figures. Its `Display` form is a sentence.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum StopReason {
    /// The maximum number of jobs has run.
    JobLimit {
        /// Number of jobs that have run.
        jobs: usize,
    },
    /// Every configuration of the space (or of the grid) has been tried.
    SpaceExhausted {
        /// Number of jobs that have run.
        jobs: usize,
    },
    /// The maximum runtime has passed; running jobs were asked to stop.
    MaxRuntime {
        /// The maximum runtime of the study.
        limit: Duration,
        /// Number of jobs that have run.
        jobs: usize,
    },
    /// A job reached the target value.
    TargetReached {
        /// The trial that reached the target.
        trial: TrialId,
        /// The value of the trial.
        value: f64,
        /// The target value of the criteria.
        target: f64,
    },
    /// The best value did not improve for a number of jobs.
    NotImproving {
        /// Number of jobs in a row that did not improve the best value.
        jobs: usize,
        /// The trial with the best value.
        best: TrialId,
        /// The best value of the metric.
        value: f64,
    },
    /// A custom criterion was met: see [`Tuner::complete_when`](crate::Tuner::complete_when).
    CustomCriterion {
        /// The name of the criterion.
        name: String,
    },
    /// Too many of the last jobs failed. See [`CircuitBreaker`](crate::CircuitBreaker).
    TooManyFailures {
        /// Number of failed jobs among the last ones.
        failures: usize,
        /// Number of last jobs that were considered.
        of_last: usize,
        /// The failure of the last failed job.
        last: Failure,
    },
    /// The first jobs failed for a reason that no configuration can fix. See
    /// [`Canary`](crate::Canary).
    FirstJobsFailed {
        /// Number of jobs that failed for such a reason.
        jobs: usize,
        /// The failure of the last failed job.
        last: Failure,
    },
    /// Several jobs in a row ended without a failure, but reported no metric.
    MissingMetrics {
        /// Number of jobs in a row without a metric.
        jobs: usize,
        /// The failure of the last failed job.
        last: Failure,
    },
    /// The evaluator's budget was spent; no more jobs started, and running ones finished.
    OutOfBudget {
        /// The job time that had been spent.
        spent: Duration,
        /// The job time of the budget.
        budget: Duration,
        /// Number of jobs that have run.
        jobs: usize,
    },
    /// An observer returned `ControlFlow::Break`.
    Observer,
    /// A stop handle requested to drain; no more jobs started, and running ones finished.
    Drained {
        /// Number of jobs that have run.
        jobs: usize,
    },
    /// A stop handle requested to cancel; running jobs were asked to stop.
    Cancelled {
        /// Number of jobs that had not ended after the grace period. They are pending; another call
        /// adopts them.
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
                write!(f, "every configuration has been tried, in {jobs} jobs")
            }
            Self::MaxRuntime { limit, jobs } => {
                write!(f, "the maximum runtime of {limit:?} has passed, after {jobs} jobs")
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
            Self::CustomCriterion { name } => write!(f, "{name}"),
            Self::TooManyFailures { failures, of_last, last } => {
                write!(
                    f,
                    "{failures} of the last {of_last} jobs failed; the last failure is {last}"
                )
            }
            Self::FirstJobsFailed { jobs, last } => write!(
                f,
                "the first {jobs} jobs failed for a reason that no configuration can fix; the last \
                 failure is {last}"
            ),
            Self::MissingMetrics { jobs, last } => {
                write!(f, "{jobs} jobs in a row reported no metric; the last failure is {last}")
            }
            Self::OutOfBudget { spent, budget, jobs } => {
                write!(f, "the budget is spent: {spent:?} of {budget:?}, after {jobs} jobs")
            }
            Self::Observer => f.write_str("an observer ended the tuning"),
            Self::Drained { jobs } => write!(f, "a stop was requested, after {jobs} jobs"),
            Self::Cancelled { left_running: 0 } => f.write_str("cancelled on request"),
            Self::Cancelled { left_running } => {
                write!(f, "cancelled on request; {left_running} jobs may still run")
            }
        }
    }
}
