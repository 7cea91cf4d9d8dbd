//! How a trial ended, and why a job came to nothing.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::json_number::{one, option};

/// How a trial ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The job ran to its end.
    Completed {
        /// The metric's final value.
        #[serde(with = "one")]
        value: f64,
    },
    /// The job came to nothing.
    Failed(Failure),
    /// The job was ended early, at somebody's request.
    Stopped {
        /// The metric's last value, if there was one.
        #[serde(with = "option")]
        value: Option<f64>,
    },
}

impl Outcome {
    /// Whether a job that was asked to stop has ended so before its own end.
    pub(crate) fn is_cut_short(&self) -> bool {
        match self {
            Self::Stopped { .. } => true,
            Self::Failed(failure) => {
                matches!(failure.kind, FailureKind::Timeout | FailureKind::Cancelled)
            }
            Self::Completed { .. } => false,
        }
    }

    /// The metric's final value, if the job ran to its end.
    pub fn value(&self) -> Option<f64> {
        match self {
            Self::Completed { value } => Some(*value),
            Self::Failed(_) | Self::Stopped { .. } => None,
        }
    }
}

/// Why a job came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.message)
    }
}

impl std::error::Error for Failure {}

/// Which kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailureKind {
    /// The job said so.
    Error,
    /// The job's code panicked.
    Panic,
    /// The metric is NaN or infinite.
    NonFiniteMetric,
    /// The job ended well, but told no metric.
    MissingMetric,
    /// The job did not end within its deadline.
    Timeout,
    /// The job had not enough memory.
    OutOfMemory,
    /// The job could not begin, or keep what it made, for what all jobs have in common: image, data, role, network. No configuration can
    /// mend it.
    Setup,
    /// Something from outside ended the job: a machine that was taken away, a signal.
    Interrupted,
    /// A service refused the job for now.
    Throttled,
    /// Somebody gave the job up before it had told anything.
    Cancelled,
    /// Somebody gave the configuration up: it shall never be proposed again.
    Abandoned,
}

impl FailureKind {
    /// All kinds.
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

    /// Whether the failure says nothing of the configuration: it was bad luck, the fault of what all jobs have in common, or somebody's wish. Such a configuration may be proposed
    /// again, as another trial; one that failed otherwise never is.
    pub fn is_transient(self) -> bool {
        matches!(self, Self::Setup | Self::Interrupted | Self::Throttled | Self::Cancelled)
    }
}

/// Whether what a program has said means that it had too little memory.
pub fn tells_of_too_little_memory(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["out of memory", "outofmemory", "memoryerror", "cannot allocate memory"]
        .iter()
        .any(|sign| text.contains(sign))
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Panic => "panic",
            Self::NonFiniteMetric => "bad metric",
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
