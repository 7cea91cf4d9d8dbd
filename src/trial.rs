//! A trial: one configuration, its attempts, its reports and its outcome.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::json_number::number;
pub use crate::outcome::{Failure, FailureKind, Outcome, indicates_out_of_memory};
use crate::space::Configuration;
pub use crate::trial_id::TrialId;

/// The origin of a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// The study created the trial, from a proposal or an enqueued configuration.
    #[serde(rename = "Own")]
    Study,
    /// The trial ran elsewhere, and its outcome was added to the study as an observation.
    #[serde(rename = "Outside")]
    External,
}

/// One configuration that a study tries, with its reports, failed attempts and outcome.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Trial {
    /// Number of the trial within its study.
    pub id: TrialId,
    /// Origin of the trial.
    pub source: Source,
    /// Values of the parameters.
    pub configuration: Configuration,
    /// Reports of the last attempt, in the order of their arrival.
    ///
    /// The events of the study contain the reports of all attempts.
    pub reports: Vec<Report>,
    /// Failures of the earlier attempts, each of which was retried.
    pub failed_attempts: Vec<Failure>,
    /// Identifier of the job of the last attempt, such as an ARN; `None` if the evaluator set none.
    ///
    /// With it, the evaluator can adopt the job in a later process.
    pub job_location: Option<String>,
    /// Cause of the last stop request; `None` if there was no request.
    pub stop_cause: Option<StopCause>,
    /// Outcome of the trial; `None` while it is pending.
    pub outcome: Option<Outcome>,
    /// Outcomes that do not count: those that arrived after the end of the trial, and a first
    /// outcome that a late value has replaced.
    pub late_outcomes: Vec<Outcome>,
}

impl Trial {
    /// Creates a pending trial without reports.
    pub fn new(id: TrialId, source: Source, configuration: Configuration) -> Self {
        Self {
            id,
            source,
            configuration,
            reports: Vec::new(),
            failed_attempts: Vec::new(),
            job_location: None,
            stop_cause: None,
            outcome: None,
            late_outcomes: Vec::new(),
        }
    }

    /// Returns the final value of the metric if the trial completed.
    pub fn value(&self) -> Option<f64> {
        self.outcome.as_ref().and_then(Outcome::value)
    }

    /// Returns the number of the current attempt, counted from 1.
    pub fn attempt(&self) -> u32 {
        u32::try_from(self.failed_attempts.len()).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// Returns `true` if the end of the tuning stopped the trial before it completed.
    ///
    /// Such a trial says nothing about its configuration. It is not an observation and does not
    /// count as a job. When the tuning resumes, its configuration runs first. If the user cancels
    /// the tuning, the tuner leaves its trials pending instead.
    pub fn needs_rerun(&self) -> bool {
        let has_stop_request =
            matches!(self.stop_cause, Some(StopCause::TuningOver | StopCause::Cancelled));
        has_stop_request && self.outcome.as_ref().is_some_and(Outcome::has_ended_early)
    }

    /// Returns the value of the last report of a finite value; `None` if there is none.
    pub fn last_reported_value(&self) -> Option<f64> {
        let mut values = self.reports.iter().rev().map(|report| report.value);
        values.find(|value| value.is_finite())
    }
}

/// An intermediate value of the metric, reported by a running job.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The step of the job, such as an epoch or a boosting round.
    pub step: u64,
    /// The value of the metric at this step; NaN or infinite if the job diverged.
    #[serde(with = "number")]
    pub value: f64,
}

/// The cause of a stop request; values and medians are in the unit of the metric.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
#[non_exhaustive]
pub enum StopCause {
    /// The reported value was worse than the median of the running averages of earlier jobs.
    MedianRule {
        /// The step at which the job was judged.
        step: u64,
        /// The value of the job at this step.
        #[serde(with = "number")]
        value: f64,
        /// The median of the running averages.
        #[serde(with = "number")]
        median: f64,
        /// The number of jobs in the median.
        jobs: usize,
    },
    /// The job was not among the best jobs of its rung.
    SuccessiveHalving {
        /// The step at which the job was judged.
        step: u64,
        /// The value of the job at this step.
        #[serde(with = "number")]
        value: f64,
        /// The step of the rung.
        rung: u64,
        /// The number of jobs on the rung with a better value.
        better: usize,
        /// The number of jobs that had reached the rung, including this one.
        jobs: usize,
    },
    /// The job reached the maximum resource, so its last value is final.
    MaxResource {
        /// The step of the last report.
        step: u64,
        /// The value of the job at this step, which is its final value.
        #[serde(with = "number")]
        value: f64,
    },
    /// The attempt exceeded the job timeout.
    #[serde(rename = "deadline")]
    Timeout {
        /// The maximum runtime of an attempt, which was exceeded.
        after: Duration,
    },
    /// The tuning has ended.
    TuningOver,
    /// The user cancelled the tuning.
    Cancelled,
}

impl StopCause {
    /// Returns the reported value that caused the stop request; `None` for other causes.
    pub fn deciding_value(&self) -> Option<f64> {
        match self {
            Self::MedianRule { value, .. }
            | Self::SuccessiveHalving { value, .. }
            | Self::MaxResource { value, .. } => Some(*value),
            Self::Timeout { .. } | Self::TuningOver | Self::Cancelled => None,
        }
    }
}

impl fmt::Display for StopCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MedianRule { step, value, median, jobs } => {
                let (value, median) = (round_to_six_digits(*value), round_to_six_digits(*median));
                write!(
                    f,
                    "{value} at step {step} is worse than {median}, the median of the running \
                     averages of {jobs} jobs"
                )
            }
            Self::SuccessiveHalving { step, value, rung, better, jobs } => {
                let value = round_to_six_digits(*value);
                write!(
                    f,
                    "{value} at step {step}: {better} of the {jobs} jobs on rung {rung} are better"
                )
            }
            Self::MaxResource { step, value } => {
                write!(f, "step {step} is the maximum resource; {value} is the final value")
            }
            Self::Timeout { after } => write!(f, "it exceeded its timeout of {after:?}"),
            Self::TuningOver => f.write_str("the tuning has ended"),
            Self::Cancelled => f.write_str("the tuning was cancelled"),
        }
    }
}

/// Rounds a number to six significant digits.
fn round_to_six_digits(number: f64) -> f64 {
    format!("{number:.5e}").parse().unwrap_or(number)
}
