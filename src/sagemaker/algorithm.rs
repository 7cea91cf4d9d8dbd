//! What an algorithm supports: the answer of `DescribeAlgorithm`, and what is known of the built-in ones.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

use crate::error::{Error, Violation};
use crate::objective::Goal;

/// The answer of `DescribeAlgorithm`, as far as a tuning request can be checked against it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum HyperParameterType {
    /// Whole numbers.
    Integer,
    /// Real numbers.
    Continuous,
    /// Named values.
    Categorical,
    /// Anything.
    FreeText,
}

/// The values of a hyperparameter.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
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
pub struct Ends {
    /// Smallest value.
    pub min_value: String,
    /// Largest value.
    pub max_value: String,
}

/// Named values.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Named {
    /// The values.
    pub values: Vec<String>,
}

/// Data that an algorithm takes.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
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

/// The algorithms whose images SageMaker keeps, and whose metrics it knows.
///
/// From the image registry of the SageMaker Python SDK. `LightGBM`, `CatBoost`, `TabTransformer` and `AutoGluon` are not among them: their
/// images are those of frameworks.
const BUILT_IN: [&str; 18] = [
    "blazingtext",
    "factorization-machines",
    "forecasting-deepar",
    "image-classification",
    "ipinsights",
    "kmeans",
    "knn",
    "lda",
    "linear-learner",
    "ntm",
    "object-detection",
    "object2vec",
    "pca",
    "randomcutforest",
    "sagemaker-xgboost",
    "semantic-segmentation",
    "seq2seq",
    "xgboost",
];

/// The built-in algorithm that an image is, as far as its path tells: of a known repository, in a registry that is not the
/// role's own.
pub(super) fn built_in(image: &str, role: Option<&str>) -> Option<&'static str> {
    let (registry, path) = image.split_once('/')?;
    let account = registry.split('.').next()?;
    let is_registry = registry.contains(".dkr.ecr.") && account.bytes().all(|c| c.is_ascii_digit());
    let own = role.and_then(|role| role.split(':').nth(4)) == Some(account);
    let repository = path.split(['@', ':']).next()?;
    let known = BUILT_IN.iter().find(|name| **name == repository)?;
    (is_registry && !own).then_some(known)
}

/// What the built-in XGBoost supports: the rules of the container (aws/sagemaker-xgboost-container, June 2026), in which
/// half-open intervals are closed.
pub(super) fn xgboost() -> &'static AlgorithmDescription {
    static XGBOOST: LazyLock<AlgorithmDescription> = LazyLock::new(|| {
        serde_json::from_str(include_str!("xgboost.json"))
            .expect("the table of XGBoost can be read")
    });
    &XGBOOST
}

/// Other names of XGBoost's hyperparameters, which its container takes too.
pub(super) fn xgboost_name(name: &str) -> &str {
    match name {
        "learning_rate" => "eta",
        "min_split_loss" => "gamma",
        "reg_lambda" => "lambda",
        "reg_alpha" => "alpha",
        other => other,
    }
}

/// XGBoost's hyperparameters whose 0 is no small value, but "no limit".
pub(super) const XGBOOST_UNLIMITED_AT_ZERO: [&str; 3] =
    ["max_delta_step", "max_depth", "max_leaves"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_images_are_told_by_their_path() {
        let role = Some("arn:aws:iam::111122223333:role/r");
        for (image, wanted) in [
            ("433757028032.dkr.ecr.us-west-2.amazonaws.com/xgboost:latest", Some("xgboost")),
            ("404615174143.dkr.ecr.us-east-2.amazonaws.com/knn", Some("knn")),
            (
                "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1",
                Some("sagemaker-xgboost"),
            ),
            (
                "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost@sha256:ab",
                Some("sagemaker-xgboost"),
            ),
            ("111122223333.dkr.ecr.us-east-1.amazonaws.com/xgboost:mine", None),
            ("763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.0", None),
            ("xgboost:latest", None),
            ("registry.example.com/xgboost", None),
            ("", None),
        ] {
            assert_eq!(built_in(image, role), wanted, "{image}");
        }
    }

    #[test]
    fn the_table_of_xgboost_is_read() {
        let specification = &xgboost().training_specification;
        assert_eq!(specification.supported_hyper_parameters.len(), 52);
        let tunable = specification.supported_hyper_parameters.iter().filter(|p| p.is_tunable);
        assert_eq!(tunable.count(), 12);
        assert_eq!(specification.supported_tuning_job_objective_metrics.len(), 33);
    }
}
