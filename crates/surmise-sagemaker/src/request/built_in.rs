//! SageMaker's built-in XGBoost: its hyperparameters, its metrics and their regular expressions.

use std::sync::LazyLock;

use super::algorithm::AlgorithmDescription;
use super::definition::HyperParameterAlgorithmSpecification;
use crate::image::{Image, image_kind};

/// Returns whether the image of an algorithm is one of SageMaker's built-in ones.
pub(crate) fn is_built_in(algorithm: &HyperParameterAlgorithmSpecification) -> bool {
    let path = algorithm.training_image.as_deref().unwrap_or_default();
    matches!(image_kind(path), Image::BuiltIn(_))
}

/// Returns the description of the built-in XGBoost.
///
/// The rules are those of its container (aws/sagemaker-xgboost-container, June 2026), except that
/// half-open intervals are closed here.
pub(crate) fn xgboost() -> &'static AlgorithmDescription {
    static XGBOOST: LazyLock<AlgorithmDescription> = LazyLock::new(|| {
        serde_json::from_str(include_str!("xgboost.json"))
            .expect("xgboost.json is a valid description")
    });
    &XGBOOST
}

/// The metrics of the built-in XGBoost; each exists for the training and the validation set.
#[cfg(feature = "fake")]
const XGBOOST_METRICS: [&str; 12] = [
    "rmse", "mse", "mae", "logloss", "error", "merror", "mlogloss", "auc", "accuracy", "f1", "map",
    "ndcg",
];

/// Returns names and regular expressions of the metrics that XGBoost's image defines itself.
///
/// For other images it returns none.
#[cfg(feature = "fake")]
pub(crate) fn built_in_metrics(path: &str) -> Vec<(String, String)> {
    if !matches!(image_kind(path), Image::BuiltIn("xgboost" | "sagemaker-xgboost")) {
        return Vec::new();
    }
    let sets = ["train", "validation"];
    let all = XGBOOST_METRICS.iter().flat_map(|metric| sets.map(|set| (set, *metric)));
    all.map(|(set, metric)| (format!("{set}:{metric}"), xgboost_regex(set, metric))).collect()
}

/// Returns the regular expression of a metric of the built-in XGBoost; `None` for other images.
///
/// Its container prints a tab as `#011`, the library itself as a tab
/// (aws/sagemaker-xgboost-container, June 2026).
pub(crate) fn built_in_metric_regex(
    algorithm: &HyperParameterAlgorithmSpecification,
    metric: &str,
) -> Option<String> {
    let Image::BuiltIn("xgboost" | "sagemaker-xgboost") =
        image_kind(algorithm.training_image.as_deref()?)
    else {
        return None;
    };
    let (set, metric) = metric.split_once(':')?;
    let is_plain =
        |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_@.-".contains(&b));
    (is_plain(set) && is_plain(metric)).then(|| xgboost_regex(set, metric))
}

fn xgboost_regex(set: &str, metric: &str) -> String {
    format!(r"\[[0-9]+\].*(?:#011|\t){set}-{}:(\S+)", metric.replace('.', r"\."))
}

/// Maps an alias of one of XGBoost's hyperparameters, which its container accepts, to its name.
pub(crate) fn xgboost_name(name: &str) -> &str {
    match name {
        "learning_rate" => "eta",
        "min_split_loss" => "gamma",
        "reg_lambda" => "lambda",
        "reg_alpha" => "alpha",
        other => other,
    }
}

/// XGBoost's hyperparameters for which 0 means "no limit".
pub(crate) const XGBOOST_UNLIMITED_AT_ZERO: [&str; 3] =
    ["max_delta_step", "max_depth", "max_leaves"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xgboost_description_is_valid_and_complete() {
        let specification = &xgboost().training_specification;
        assert_eq!(specification.supported_hyper_parameters.len(), 52);
        let tunable = specification.supported_hyper_parameters.iter().filter(|p| p.is_tunable);
        assert_eq!(tunable.count(), 12);
        assert_eq!(specification.supported_tuning_job_objective_metrics.len(), 33);
    }
}
