//! What the service fills in where a request says nothing, as descriptions show it.

use serde_json::{Value, json};

use super::resources::Resources;
use crate::request::built_in_metrics;

/// What is false in a description if nobody said otherwise.
const SWITCHES: [&str; 3] = [
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
];

/// A description of a training job, or of a definition of such jobs, with what is left out filled in.
pub(super) fn fill_in(description: &mut Value) {
    for name in SWITCHES {
        if description[name].is_null() {
            description[name] = json!(false);
        }
    }
    let output = &mut description["OutputDataConfig"];
    if output.is_object() && output["KmsKeyId"].is_null() {
        output["KmsKeyId"] = json!("");
    }
}

/// The same of a definition, whose jobs are tuned for a metric; and with machines, metrics and the ARN of its algorithm.
pub(super) fn definition(
    given: &Value,
    metric: &str,
    resources: &Resources,
    arn: &dyn Fn(&str, &str) -> String,
) -> Value {
    let mut filled = given.clone();
    fill_in(&mut filled);
    let flexible = filled["HyperParameterTuningResourceConfig"].clone();
    if let Some(members) = filled.as_object_mut()
        && members.shift_remove("HyperParameterTuningResourceConfig").is_some()
    {
        let machines = flexible["InstanceConfigs"].get(0).unwrap_or(&flexible);
        let kept = ["InstanceType", "InstanceCount", "VolumeSizeInGB"].into_iter();
        let kept = kept.filter(|name| !machines[*name].is_null());
        members.insert(
            "ResourceConfig".to_owned(),
            kept.map(|name| (name.to_owned(), machines[name].clone())).collect(),
        );
    }
    if !filled["StaticHyperParameters"].is_object() {
        filled["StaticHyperParameters"] = json!({});
    }
    filled["StaticHyperParameters"]["_tuning_objective_metric"] = json!(metric);
    let algorithm = &mut filled["AlgorithmSpecification"];
    let resource = algorithm["AlgorithmName"].as_str().map(str::to_owned);
    let mut metrics = Value::Null;
    if let Some(name) = resource {
        let short = name.rsplit('/').next().unwrap_or_default();
        algorithm["AlgorithmName"] = json!(arn("algorithm", short));
        let known = resources.algorithm(&name);
        metrics = known.map_or(Value::Null, |known| {
            known["TrainingSpecification"]["MetricDefinitions"].clone()
        });
    } else if let Some(image) = algorithm["TrainingImage"].as_str() {
        metrics = built_in_metrics(image)
            .into_iter()
            .map(|(name, regex)| json!({"Name": name, "Regex": regex}))
            .collect();
    }
    if algorithm["MetricDefinitions"].is_null() {
        let is_list = metrics.as_array().is_some_and(|metrics| !metrics.is_empty());
        algorithm["MetricDefinitions"] = if is_list { metrics } else { json!([]) };
    }
    filled
}
