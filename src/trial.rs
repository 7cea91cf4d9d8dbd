//! One configuration and its fate.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::json_number::one;
pub use crate::outcome::{Failure, FailureKind, Outcome, tells_of_too_little_memory};
use crate::space::Configuration;
pub use crate::trial_id::TrialId;

/// Where a trial came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// Proposed by the study's strategy.
    Own,
    /// Observed elsewhere and told to the study.
    Outside,
}

/// One configuration and its fate.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Trial {
    /// Its number.
    pub id: TrialId,
    /// Where it came from.
    pub source: Source,
    /// What to run.
    pub configuration: Configuration,
    /// What was reported on the way by its last attempt. (What earlier ones reported is in the study's events.)
    pub reports: Vec<Report>,
    /// How its earlier attempts failed; there is a further one after each.
    pub failed_attempts: Vec<Failure>,
    /// Where the job of its last attempt can be found again, such as an ARN, if its evaluator says so.
    pub place: Option<String>,
    /// Why it was asked to stop, if it was; the last reason of several.
    pub stop_asked: Option<StopCause>,
    /// How it ended; `None` while it is pending.
    pub outcome: Option<Outcome>,
    /// What was told after its end and differs from it.
    pub set_aside: Vec<Outcome>,
}

impl Trial {
    /// A trial of which nothing is known yet.
    pub fn new(id: TrialId, source: Source, configuration: Configuration) -> Self {
        Self {
            id,
            source,
            configuration,
            reports: Vec::new(),
            failed_attempts: Vec::new(),
            place: None,
            stop_asked: None,
            outcome: None,
            set_aside: Vec::new(),
        }
    }

    /// The metric's final value, if the trial completed.
    pub fn value(&self) -> Option<f64> {
        self.outcome.as_ref().and_then(Outcome::value)
    }

    /// The number of its last or next attempt, from 1.
    pub fn attempt(&self) -> u32 {
        u32::try_from(self.failed_attempts.len()).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// Whether it was cut off: it was asked to stop because the tuning was over, and it did not complete. (A trial of a cancelled tuning stays pending.)
    ///
    /// Such a trial says nothing of its configuration. It is no observation and does not count as a job, and its configuration comes first
    /// when the tuning goes on.
    pub fn was_cut_off(&self) -> bool {
        let is_asked =
            matches!(self.stop_asked, Some(StopCause::TuningOver | StopCause::Cancelled));
        is_asked && self.outcome.as_ref().is_some_and(Outcome::is_cut_short)
    }

    /// The value of the last report that has a finite one.
    pub fn last_reported(&self) -> Option<f64> {
        let mut values = self.reports.iter().rev().map(|report| report.value);
        values.find(|value| value.is_finite())
    }
}

/// An intermediate value of the metric.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Epoch, round or whatever the job counts.
    pub step: u64,
    /// The metric then; not finite where the job diverged.
    #[serde(with = "one")]
    pub value: f64,
}

/// Why a job was asked to stop. Values are the metric's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
#[non_exhaustive]
pub enum StopCause {
    /// Its value was worse than the median of earlier jobs' running averages.
    MedianRule {
        /// At this step.
        step: u64,
        /// Its value there.
        #[serde(with = "one")]
        value: f64,
        /// The median.
        #[serde(with = "one")]
        median: f64,
        /// Of so many jobs.
        jobs: usize,
    },
    /// It was not among the best of its rung.
    SuccessiveHalving {
        /// At this step.
        step: u64,
        /// Its value there.
        #[serde(with = "one")]
        value: f64,
        /// The rung.
        rung: u64,
        /// How many of the rung were better.
        better: usize,
        /// How many, with itself, had reached the rung; the best of them go on.
        jobs: usize,
    },
    /// It has had all the resource that there is for a job; it has completed.
    MaxResource {
        /// At this step.
        step: u64,
        /// Its value there.
        #[serde(with = "one")]
        value: f64,
    },
    /// It ran for too long.
    Deadline {
        /// As long as it was allowed to.
        after: Duration,
    },
    /// The tuning is over.
    TuningOver,
    /// Somebody cancelled the tuning.
    Cancelled,
}

impl StopCause {
    /// The value on which it was decided, if it was decided on one.
    pub fn decided_on(&self) -> Option<f64> {
        match self {
            Self::MedianRule { value, .. }
            | Self::SuccessiveHalving { value, .. }
            | Self::MaxResource { value, .. } => Some(*value),
            Self::Deadline { .. } | Self::TuningOver | Self::Cancelled => None,
        }
    }
}

impl fmt::Display for StopCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MedianRule { step, value, median, jobs } => {
                let (value, median) = (short(*value), short(*median));
                write!(
                    f,
                    "{value} at step {step} is worse than {median}, the median of {jobs} jobs' running averages"
                )
            }
            Self::SuccessiveHalving { step, value, rung, better, jobs } => {
                let value = short(*value);
                write!(
                    f,
                    "{value} at step {step}: {better} of the {jobs} jobs on rung {rung} are better"
                )
            }
            Self::MaxResource { step, value } => {
                write!(f, "step {step} is as far as a job goes; {value} is its final value")
            }
            Self::Deadline { after } => write!(f, "it has run for {after:?}"),
            Self::TuningOver => f.write_str("the tuning is over"),
            Self::Cancelled => f.write_str("the tuning was cancelled"),
        }
    }
}

/// Six digits of a number, or fewer.
fn short(number: f64) -> f64 {
    format!("{number:.5e}").parse().unwrap_or(number)
}
