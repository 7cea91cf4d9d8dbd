//! `HyperParameterTuningJobConfig`, in SageMaker's own words. Numbers are the strings that were given; fields that are not
//! named here are kept.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::objective::Goal;
use crate::space::ScalingType;

/// How a tuning job searches, for what, and within which limits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct HyperParameterTuningJobConfig {
    /// How it searches.
    pub strategy: JobStrategy,
    /// For what.
    #[serde(rename = "HyperParameterTuningJobObjective")]
    pub objective: JobObjective,
    /// Within which limits.
    pub resource_limits: JobResourceLimits,
    /// Where.
    pub parameter_ranges: ParameterRanges,
    /// Same seed, same proposals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub random_seed: Option<u64>,
    /// Everything else, as it was given.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// How a tuning job searches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobStrategy {
    /// By a model.
    Bayesian,
    /// By chance.
    Random,
    /// By chance, with unpromising jobs stopped early.
    Hyperband,
    /// Every combination.
    Grid,
}

/// What a tuning job searches for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct JobObjective {
    /// Which way is better.
    #[serde(rename = "Type")]
    pub goal: Goal,
    /// The metric that training jobs report.
    pub metric_name: String,
    /// Everything else, as it was given.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// How many training jobs a tuning job may run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct JobResourceLimits {
    /// In all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_number_of_training_jobs: Option<usize>,
    /// At once.
    pub max_parallel_training_jobs: usize,
    /// Everything else, as it was given.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// The ranges of a tuning job by type.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ParameterRanges {
    /// Real numbers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub continuous_parameter_ranges: Vec<NumericRange>,
    /// Whole numbers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub integer_parameter_ranges: Vec<NumericRange>,
    /// Named values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub categorical_parameter_ranges: Vec<CategoricalRange>,
    /// Everything else, as it was given.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A continuous or an integer range; its ends are strings, as SageMaker has them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NumericRange {
    /// The hyperparameter.
    pub name: String,
    /// Smallest value.
    pub min_value: String,
    /// Largest value.
    pub max_value: String,
    /// How it is searched; `Auto` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scaling_type: Option<ScalingType>,
    /// Everything else, as it was given.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A categorical range.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CategoricalRange {
    /// The hyperparameter.
    pub name: String,
    /// What can be chosen.
    pub values: Vec<String>,
    /// Everything else, as it was given.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}
