//! A finding.

use serde::Serialize;

/// Something remarkable about a study, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// The parameters that it is about, by name.
    pub parameters: Vec<String>,
    /// What was found, with its figures, as a sentence.
    pub message: String,
    /// What to do, as a sentence.
    pub advice: String,
}

/// What can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FindingKind {
    /// There are too few values for a model, or all are the same.
    NoModel,
    /// The best value of a parameter lies at an end of its range, and the metric improves towards it.
    BestAtEndOfRange,
    /// A parameter matters so little that it can be fixed.
    ParameterCanBeFixed,
    /// Two parameters act together.
    Interaction,
    /// A choice was hardly tried.
    StarvedChoice,
    /// Failures lie in a part of the search space.
    FailuresHaveAPlace,
    /// Many trials failed.
    ManyFailures,
    /// More of the differences between values is noise than is due to parameters.
    NoiseDominates,
    /// Nothing can be expected of a value from the others.
    NothingMatters,
    /// The model expects values badly, or is too sure of them.
    PoorModel,
    /// There was no improvement for long.
    NoImprovement,
    /// The best value was still improving when the budget ended.
    StillImproving,
    /// Early stopping would have saved much.
    EarlyStoppingWouldSave,
}
