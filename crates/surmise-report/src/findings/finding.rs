//! Findings: observations about a study, with advice.

use serde::Serialize;

/// An observation about a study, with advice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// The kind of the finding.
    pub kind: FindingKind,
    /// The names of the parameters that the finding is about.
    pub parameters: Vec<String>,
    /// The observation with its figures, as one or two sentences.
    pub message: String,
    /// The advice, as one or two sentences.
    pub advice: String,
}

/// The kinds of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FindingKind {
    /// There are too few values for a model, or all values are equal.
    NoModel,
    /// The best value of a parameter is at an end of its range, and the metric improves toward it.
    BestAtEndOfRange,
    /// A parameter explains so little that it can be fixed.
    ParameterCanBeFixed,
    /// Two parameters have a strong interaction.
    Interaction,
    /// A category was tried at most once.
    #[serde(rename = "starved_choice")]
    UndersampledChoice,
    /// Failures are concentrated in a region of the search space.
    #[serde(rename = "failures_have_a_place")]
    FailuresInRegion,
    /// A large share of the trials failed.
    ManyFailures,
    /// Noise explains more of the variance than the parameters do.
    NoiseDominates,
    /// The parameters explain hardly any of the variance.
    #[serde(rename = "nothing_matters")]
    NoParameterMatters,
    /// The model predicts badly, or its intervals are too narrow.
    PoorModel,
    /// The last trials brought no improvement.
    NoImprovement,
    /// The best value improved in the last trials.
    StillImproving,
    /// Early stopping would have saved many steps.
    EarlyStoppingWouldSave,
}
