//! The description of an algorithm: the response of `DescribeAlgorithm`.

use serde::Deserialize;
use serde_json::Value;

use surmise::error::{Error, Violation};
use surmise::objective::Goal;

/// The description of an algorithm resource: the response of `DescribeAlgorithm`.
///
/// It has only the members that a validation needs.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct AlgorithmDescription {
    /// The name of the algorithm.
    pub algorithm_name: String,
    /// The ARN of the algorithm.
    #[serde(default)]
    pub algorithm_arn: Option<String>,
    /// The product id of an algorithm from AWS Marketplace.
    #[serde(default)]
    pub product_id: Option<String>,
    /// The status of the algorithm; only one that is `Completed` can be used.
    #[serde(default)]
    pub algorithm_status: Option<String>,
    /// The hyperparameters, instances, channels and metrics that training jobs support.
    pub training_specification: TrainingSpecification,
}

/// The hyperparameters, instances, channels and metrics that an algorithm supports.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct TrainingSpecification {
    /// The supported hyperparameters; an empty list allows all.
    #[serde(default)]
    pub supported_hyper_parameters: Vec<HyperParameterSpecification>,
    /// The supported instance types; an empty list allows all.
    #[serde(default)]
    pub supported_training_instance_types: Vec<String>,
    /// Whether a training job can use several instances.
    #[serde(default)]
    pub supports_distributed_training: Option<bool>,
    /// The supported data channels; an empty list allows all.
    #[serde(default)]
    pub training_channels: Vec<ChannelSpecification>,
    /// The supported objective metrics; an empty list allows all.
    #[serde(default)]
    pub supported_tuning_job_objective_metrics: Vec<SupportedObjective>,
}

/// The specification of a hyperparameter of an algorithm.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct HyperParameterSpecification {
    /// The name of the hyperparameter.
    pub name: String,
    /// The type of the values.
    #[serde(rename = "Type")]
    pub kind: HyperParameterType,
    /// The allowed values; without it all values of the type are allowed.
    #[serde(default)]
    pub range: Option<RangeSpecification>,
    /// Whether a tuning job can tune it.
    #[serde(default)]
    pub is_tunable: bool,
    /// Whether a training job must have a value for it.
    #[serde(default)]
    pub is_required: bool,
    /// The value that applies if a training job has none.
    #[serde(default)]
    pub default_value: Option<String>,
}

/// The type of a hyperparameter.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
#[non_exhaustive]
pub enum HyperParameterType {
    /// The values are whole numbers.
    Integer,
    /// The values are real numbers.
    Continuous,
    /// The values are names of categories.
    Categorical,
    /// The values are arbitrary texts.
    FreeText,
    /// A type that this version does not know; all values are allowed.
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

/// The allowed values of a hyperparameter, in the member for its type.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct RangeSpecification {
    /// The bounds of whole numbers.
    #[serde(default)]
    pub integer_parameter_range_specification: Option<NumericRangeSpecification>,
    /// The bounds of real numbers.
    #[serde(default)]
    pub continuous_parameter_range_specification: Option<NumericRangeSpecification>,
    /// The names of categories.
    #[serde(default)]
    pub categorical_parameter_range_specification: Option<CategoricalRangeSpecification>,
}

/// The bounds of an integer or continuous range, both inclusive.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct NumericRangeSpecification {
    /// The smallest value, as text.
    pub min_value: String,
    /// The largest value, as text.
    pub max_value: String,
}

/// The values of a categorical range.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct CategoricalRangeSpecification {
    /// The names of the categories.
    pub values: Vec<String>,
}

/// The specification of a data channel of an algorithm.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct ChannelSpecification {
    /// The name of the channel.
    pub name: String,
    /// Whether a training job must have the channel.
    #[serde(default)]
    pub is_required: bool,
    /// The supported MIME types; an empty list allows all.
    #[serde(default)]
    pub supported_content_types: Vec<String>,
    /// The supported compression types; an empty list allows all.
    #[serde(default)]
    pub supported_compression_types: Vec<String>,
    /// The supported input modes; an empty list allows all.
    #[serde(default)]
    pub supported_input_modes: Vec<String>,
}

/// An objective metric that an algorithm supports.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct SupportedObjective {
    /// Whether the metric is minimized or maximized.
    #[serde(rename = "Type")]
    pub goal: Goal,
    /// The name of the metric.
    pub metric_name: String,
}

impl AlgorithmDescription {
    /// Reads the response of `DescribeAlgorithm`, as `aws sagemaker describe-algorithm` prints it.
    ///
    /// Members that a validation does not need are ignored.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the text is not JSON, or lacks a required member.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        serde_json::from_slice(bytes).map_err(|error| unreadable(&error))
    }

    /// Reads the response of `DescribeAlgorithm` from parsed JSON.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a required member is missing.
    pub fn read_value(value: Value) -> Result<Self, Error> {
        serde_json::from_value(value).map_err(|error| unreadable(&error))
    }
}

fn unreadable(error: &serde_json::Error) -> Error {
    Error::Invalid(vec![Violation::new(
        "algorithm description",
        "unreadable",
        error.to_string(),
        "give the output of `aws sagemaker describe-algorithm`",
    )])
}
