//! What is known of SageMaker's own algorithms: the metrics and the rules of XGBoost.

use std::sync::LazyLock;

use super::algorithm::AlgorithmDescription;
use super::definition::HyperParameterAlgorithmSpecification;
use crate::image::{Image, image};

/// Whether an algorithm is one of SageMaker's own, by its image.
pub(crate) fn is_built_in(algorithm: &HyperParameterAlgorithmSpecification) -> bool {
    let path = algorithm.training_image.as_deref().unwrap_or_default();
    matches!(image(path), Image::BuiltIn(_))
}

/// What the built-in XGBoost supports: the rules of the container (aws/sagemaker-xgboost-container, June 2026), in which
/// half-open intervals are closed.
pub(crate) fn xgboost() -> &'static AlgorithmDescription {
    static XGBOOST: LazyLock<AlgorithmDescription> = LazyLock::new(|| {
        serde_json::from_str(include_str!("xgboost.json"))
            .expect("the table of XGBoost can be read")
    });
    &XGBOOST
}

/// Metrics of the built-in XGBoost, each of the training set and of the validation set.
#[cfg(feature = "fake")]
const XGBOOST_METRICS: [&str; 12] = [
    "rmse", "mse", "mae", "logloss", "error", "merror", "mlogloss", "auc", "accuracy", "f1", "map",
    "ndcg",
];

/// The metrics that a built-in algorithm defines itself, with their expressions, where that is known: of XGBoost.
#[cfg(feature = "fake")]
pub(crate) fn built_in_metrics(path: &str) -> Vec<(String, String)> {
    if !matches!(image(path), Image::BuiltIn("xgboost" | "sagemaker-xgboost")) {
        return Vec::new();
    }
    let sets = ["train", "validation"];
    let all = XGBOOST_METRICS.iter().flat_map(|measure| sets.map(|set| (set, *measure)));
    all.map(|(set, measure)| (format!("{set}:{measure}"), xgboost_regex(set, measure))).collect()
}

/// The expression by which a built-in algorithm finds a metric in what it prints, where that is known: of XGBoost, whose container prints a tab
/// as `#011` and the library itself as a tab (aws/sagemaker-xgboost-container, June 2026).
pub(crate) fn built_in_metric_regex(
    algorithm: &HyperParameterAlgorithmSpecification,
    metric: &str,
) -> Option<String> {
    let Image::BuiltIn("xgboost" | "sagemaker-xgboost") =
        image(algorithm.training_image.as_deref()?)
    else {
        return None;
    };
    let (set, measure) = metric.split_once(':')?;
    let is_plain =
        |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_@.-".contains(&b));
    (is_plain(set) && is_plain(measure)).then(|| xgboost_regex(set, measure))
}

fn xgboost_regex(set: &str, measure: &str) -> String {
    format!(r"\[[0-9]+\].*(?:#011|\t){set}-{}:(\S+)", measure.replace('.', r"\."))
}

/// Other names of XGBoost's hyperparameters, which its container takes too.
pub(crate) fn xgboost_name(name: &str) -> &str {
    match name {
        "learning_rate" => "eta",
        "min_split_loss" => "gamma",
        "reg_lambda" => "lambda",
        "reg_alpha" => "alpha",
        other => other,
    }
}

/// XGBoost's hyperparameters whose 0 is no small value, but "no limit".
pub(crate) const XGBOOST_UNLIMITED_AT_ZERO: [&str; 3] =
    ["max_delta_step", "max_depth", "max_leaves"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_xgboost_is_read() {
        let specification = &xgboost().training_specification;
        assert_eq!(specification.supported_hyper_parameters.len(), 52);
        let tunable = specification.supported_hyper_parameters.iter().filter(|p| p.is_tunable);
        assert_eq!(tunable.count(), 12);
        assert_eq!(specification.supported_tuning_job_objective_metrics.len(), 33);
    }
}
