//! One configuration and its fate.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::space::Configuration;

/// The number of a trial within its study, counted from 1 in the order of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TrialId(pub u64);

impl fmt::Display for TrialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

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
pub struct Trial {
    /// Its number.
    pub id: TrialId,
    /// Where it came from.
    pub source: Source,
    /// What to run.
    pub configuration: Configuration,
    /// What was reported on the way.
    pub reports: Vec<Report>,
    /// How it ended; `None` while it is pending.
    pub outcome: Option<Outcome>,
}

impl Trial {
    /// The metric's final value, if the trial completed.
    pub fn value(&self) -> Option<f64> {
        self.outcome.as_ref().and_then(Outcome::value)
    }
}

/// An intermediate value of the metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Report {
    /// Epoch, round or whatever the job counts.
    pub step: u64,
    /// The metric then; not finite where the job diverged.
    pub value: f64,
}

/// How a trial ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The job ran to its end.
    Completed {
        /// The metric's final value.
        value: f64,
    },
    /// The job came to nothing.
    Failed(Failure),
    /// The job was ended early, at somebody's request.
    Stopped {
        /// The metric's last value, if there was one.
        value: Option<f64>,
    },
}

impl Outcome {
    /// The metric's final value, if the job ran to its end.
    pub fn value(&self) -> Option<f64> {
        match self {
            Self::Completed { value } => Some(*value),
            Self::Failed(_) | Self::Stopped { .. } => None,
        }
    }
}

/// Why a job came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Which kind of failure.
    pub kind: FailureKind,
    /// For people.
    pub message: String,
}

impl Failure {
    /// A failure of this kind.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// The failure of a job whose metric came out as `value`, which is not finite.
    pub fn not_finite(value: f64) -> Self {
        Self::new(FailureKind::NonFiniteMetric, format!("the metric's value is {value}"))
    }
}

/// Which kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum FailureKind {
    /// The job said so.
    Error,
    /// The job's code panicked.
    Panic,
    /// The metric is NaN or infinite.
    NonFiniteMetric,
}

/// `Outcome::from(0.31)`: the short way for an evaluator or a study that is driven by hand.
impl From<f64> for Outcome {
    /// Completed with this value; failed if it is not finite.
    fn from(value: f64) -> Self {
        if value.is_finite() {
            Self::Completed { value }
        } else {
            Self::Failed(Failure::not_finite(value))
        }
    }
}
