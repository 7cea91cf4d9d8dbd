//! What an algorithm supports: the answer of `DescribeAlgorithm`, and what is known of the built-in ones.

use serde::Deserialize;
use serde_json::Value;

use surmise::error::{Error, Violation};
use surmise::objective::Goal;

/// The answer of `DescribeAlgorithm`, as far as a tuning request can be checked against it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct AlgorithmDescription {
    /// Its name.
    pub algorithm_name: String,
    /// Its ARN.
    #[serde(default)]
    pub algorithm_arn: Option<String>,
    /// The product that it is, if it comes from the Marketplace.
    #[serde(default)]
    pub product_id: Option<String>,
    /// Whether it can be used: only if `Completed`.
    #[serde(default)]
    pub algorithm_status: Option<String>,
    /// How it trains.
    pub training_specification: TrainingSpecification,
}

/// How an algorithm trains.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct TrainingSpecification {
    /// Its hyperparameters; if there are none here, any will do.
    #[serde(default)]
    pub supported_hyper_parameters: Vec<HyperParameterSpecification>,
    /// The machines that it runs on; if there are none here, any will do.
    #[serde(default)]
    pub supported_training_instance_types: Vec<String>,
    /// Whether it uses several machines.
    #[serde(default)]
    pub supports_distributed_training: Option<bool>,
    /// The data that it takes; if there are none here, any will do.
    #[serde(default)]
    pub training_channels: Vec<ChannelSpecification>,
    /// What it can be tuned for; if there are none here, anything will do.
    #[serde(default)]
    pub supported_tuning_job_objective_metrics: Vec<SupportedObjective>,
}

/// A hyperparameter of an algorithm.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct HyperParameterSpecification {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "Type")]
    pub kind: HyperParameterType,
    /// The values that it takes; any of its type if absent.
    #[serde(default)]
    pub range: Option<RangeSpecification>,
    /// Whether it can be tuned.
    #[serde(default)]
    pub is_tunable: bool,
    /// Whether there must be a value.
    #[serde(default)]
    pub is_required: bool,
    /// Its value if none is given.
    #[serde(default)]
    pub default_value: Option<String>,
}

/// The type of a hyperparameter.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
#[non_exhaustive]
pub enum HyperParameterType {
    /// Whole numbers.
    Integer,
    /// Real numbers.
    Continuous,
    /// Named values.
    Categorical,
    /// Anything.
    FreeText,
    /// A type that this version does not know; it takes anything.
    Unknown(String),
}

impl From<String> for HyperParameterType {
    fn from(name: String) -> Self {
        match name.as_str() {
            "Integer" => Self::Integer,
            "Continuous" => Self::Continuous,
            "Categorical" => Self::Categorical,
            "FreeText" => Self::FreeText,
            _ => Self::Unknown(name),
        }
    }
}

/// The values of a hyperparameter.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct RangeSpecification {
    /// Whole numbers.
    #[serde(default)]
    pub integer_parameter_range_specification: Option<Ends>,
    /// Real numbers.
    #[serde(default)]
    pub continuous_parameter_range_specification: Option<Ends>,
    /// Named values.
    #[serde(default)]
    pub categorical_parameter_range_specification: Option<Named>,
}

/// The ends of a range, both included.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Ends {
    /// Smallest value.
    pub min_value: String,
    /// Largest value.
    pub max_value: String,
}

/// Named values.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Named {
    /// The values.
    pub values: Vec<String>,
}

/// Data that an algorithm takes.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct ChannelSpecification {
    /// The name of the channel.
    pub name: String,
    /// Whether it must be there.
    #[serde(default)]
    pub is_required: bool,
    /// MIME types.
    #[serde(default)]
    pub supported_content_types: Vec<String>,
    /// Ways of packing.
    #[serde(default)]
    pub supported_compression_types: Vec<String>,
    /// Ways of coming.
    #[serde(default)]
    pub supported_input_modes: Vec<String>,
}

/// Something that an algorithm can be tuned for.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct SupportedObjective {
    /// Which way is better.
    #[serde(rename = "Type")]
    pub goal: Goal,
    /// The metric.
    pub metric_name: String,
}

impl AlgorithmDescription {
    /// Reads the answer of `DescribeAlgorithm`. Members that a check does not need are passed over.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it is not of that shape.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        serde_json::from_slice(bytes).map_err(|error| unreadable(&error))
    }

    /// The same from JSON that was parsed already.
    ///
    /// # Errors
    /// Those of [`read`](Self::read).
    pub fn recognize(value: Value) -> Result<Self, Error> {
        serde_json::from_value(value).map_err(|error| unreadable(&error))
    }
}

fn unreadable(error: &serde_json::Error) -> Error {
    Error::Invalid(vec![Violation::new(
        "algorithm description",
        "unreadable",
        error.to_string(),
        "give what `aws sagemaker describe-algorithm` prints",
    )])
}
