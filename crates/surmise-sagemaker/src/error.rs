//! Errors of converting a request to a search.

use std::fmt;

use surmise::error::{Error, Violation};

/// A feature that a request uses and that Surmise does not support yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsupportedFeature {
    /// The kind of feature.
    pub feature: Feature,
    /// The JSON path of the member that requests the feature.
    pub path: String,
    /// The value of that member.
    pub requested: String,
    /// What Surmise does without the feature, or what the user can do.
    pub consequence: &'static str,
}

/// A kind of feature that Surmise does not support yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Feature {
    /// Several definitions of training jobs in one tuning job.
    SeveralDefinitions,
    /// Autotune, which chooses ranges and limits.
    Autotune,
    /// A warm start, which learns from earlier tuning jobs.
    WarmStart,
    /// Completion when SageMaker detects convergence.
    Convergence,
    /// A member that this version does not know.
    UnknownMember,
}

impl fmt::Display for UnsupportedFeature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { feature, path, requested, consequence } = self;
        write!(f, "{feature:?} is not supported yet (`{path}` is {requested}): {consequence}")
    }
}

/// An error of converting a request to a [`Tuning`](crate::Tuning).
///
/// Its `Debug` form is the message, as that of [`Error`].
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum TuningError {
    /// The request breaks rules of SageMaker or of the engine.
    #[error(transparent)]
    Engine(#[from] Error),
    /// The request uses features without which no search is possible.
    ///
    /// All unsupported features are listed, also those that could be omitted.
    #[error("{}", list(.0))]
    Unsupported(Vec<UnsupportedFeature>),
}

impl TuningError {
    /// Returns the broken rules; empty for [`TuningError::Unsupported`].
    pub fn violations(&self) -> &[Violation] {
        match self {
            Self::Engine(error) => error.violations(),
            Self::Unsupported(_) => &[],
        }
    }
}

impl fmt::Debug for TuningError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn list(items: &[UnsupportedFeature]) -> String {
    items.iter().map(UnsupportedFeature::to_string).collect::<Vec<_>>().join("\n")
}
