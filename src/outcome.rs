//! The outcome of a trial, and the kinds of failure.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::json_number::{number, optional_number};

/// The outcome of a trial.
///
/// `Outcome::from(0.31)` is a short form of `Completed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The job finished and reported a finite value.
    Completed {
        /// The final value of the metric.
        #[serde(with = "number")]
        value: f64,
    },
    /// The job failed, and the trial has no value.
    Failed(Failure),
    /// The job stopped early because of a stop request.
    Stopped {
        /// The last reported value of the metric, or `None` if the job reported none.
        #[serde(with = "optional_number")]
        value: Option<f64>,
    },
}

impl Outcome {
    /// Returns `true` if this outcome of a job with a stop request means that it did not finish.
    pub(crate) fn has_ended_early(&self) -> bool {
        match self {
            Self::Stopped { .. } => true,
            Self::Failed(failure) => {
                matches!(failure.kind, FailureKind::Timeout | FailureKind::Cancelled)
            }
            Self::Completed { .. } => false,
        }
    }

    /// Returns the final value of the metric if the job completed.
    pub fn value(&self) -> Option<f64> {
        match self {
            Self::Completed { value } => Some(*value),
            Self::Failed(_) | Self::Stopped { .. } => None,
        }
    }
}

/// The failure of a job: its kind and a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The kind, which decides about retries.
    pub kind: FailureKind,
    /// The cause, as text for the user.
    pub message: String,
}

impl Failure {
    /// Creates a failure of this kind with this message.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// Creates the failure of a job whose metric is NaN or infinite.
    pub fn not_finite(value: f64) -> Self {
        let message = format!("the value of the metric is {value}, not a finite number");
        Self::new(FailureKind::NonFiniteMetric, message)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.message)
    }
}

impl std::error::Error for Failure {}

/// The kind of a failure: it decides about retries and about later proposals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailureKind {
    /// The job reported an error.
    Error,
    /// The code of the job panicked.
    Panic,
    /// The metric is NaN or infinite.
    NonFiniteMetric,
    /// The job succeeded, but reported no value of the metric.
    MissingMetric,
    /// The job exceeded its timeout.
    Timeout,
    /// The job ran out of memory.
    OutOfMemory,
    /// The job could not start, or could not store its results, for a reason common to all jobs.
    ///
    /// Such reasons are the image, the data, the role or the network. No configuration can avoid
    /// the failure.
    Setup,
    /// An external event ended the job, such as a reclaimed machine or a signal.
    Interrupted,
    /// A service rejected the job temporarily.
    Throttled,
    /// The user cancelled the job before it reported a value.
    Cancelled,
    /// The user abandoned the trial, so its configuration must not be proposed again.
    Abandoned,
}

impl FailureKind {
    /// All kinds, in the order of their declaration.
    pub const ALL: [Self; 11] = [
        Self::Error,
        Self::Panic,
        Self::NonFiniteMetric,
        Self::MissingMetric,
        Self::Timeout,
        Self::OutOfMemory,
        Self::Setup,
        Self::Interrupted,
        Self::Throttled,
        Self::Cancelled,
        Self::Abandoned,
    ];

    /// Returns `true` if the failure says nothing about the configuration.
    ///
    /// Its cause was an external event, a fault common to all jobs, or a cancellation. The
    /// configuration may be proposed again, as another trial. After any other failure it is never
    /// proposed again.
    pub fn is_transient(self) -> bool {
        matches!(self, Self::Setup | Self::Interrupted | Self::Throttled | Self::Cancelled)
    }
}

/// Returns `true` if the output of a program contains a common message about missing memory.
pub fn indicates_out_of_memory(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["out of memory", "outofmemory", "memoryerror", "cannot allocate memory"]
        .iter()
        .any(|phrase| text.contains(phrase))
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Panic => "panic",
            Self::NonFiniteMetric => "non-finite metric",
            Self::MissingMetric => "missing metric",
            Self::Timeout => "timeout",
            Self::OutOfMemory => "out of memory",
            Self::Setup => "setup",
            Self::Interrupted => "interrupted",
            Self::Throttled => "throttled",
            Self::Cancelled => "cancelled",
            Self::Abandoned => "abandoned",
        })
    }
}

impl From<f64> for Outcome {
    /// Returns `Completed` with this value, or `Failed` if it is not finite.
    fn from(value: f64) -> Self {
        if value.is_finite() {
            Self::Completed { value }
        } else {
            Self::Failed(Failure::not_finite(value))
        }
    }
}
