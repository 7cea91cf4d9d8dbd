//! Default values that the service adds to requests, and that its descriptions show.

use serde_json::{Value, json};

use super::resources::Resources;
use crate::request::{OBJECTIVE_METRIC, built_in_metrics};

/// Members that are false by default.
const SWITCHES: [&str; 3] = [
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
];

/// Adds default values to the description of a training job or of a definition.
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

/// Describes a definition: with default values, instances, metrics and the ARN of its algorithm.
pub(super) fn describe_definition(
    definition: &Value,
    objective: &str,
    resources: &Resources,
    arn: &dyn Fn(&str, &str) -> String,
) -> Value {
    let mut filled = definition.clone();
    fill_in(&mut filled);
    let flexible = filled["HyperParameterTuningResourceConfig"].clone();
    if let Some(members) = filled.as_object_mut()
        && members.shift_remove("HyperParameterTuningResourceConfig").is_some()
    {
        let first = flexible["InstanceConfigs"].get(0).unwrap_or(&flexible);
        let names = ["InstanceType", "InstanceCount", "VolumeSizeInGB"].into_iter();
        let names = names.filter(|name| !first[*name].is_null());
        members.insert(
            "ResourceConfig".to_owned(),
            names.map(|name| (name.to_owned(), first[name].clone())).collect(),
        );
    }
    if !filled["StaticHyperParameters"].is_object() {
        filled["StaticHyperParameters"] = json!({});
    }
    filled["StaticHyperParameters"][OBJECTIVE_METRIC] = json!(objective);
    let algorithm = &mut filled["AlgorithmSpecification"];
    let name_or_arn = algorithm["AlgorithmName"].as_str().map(str::to_owned);
    let mut metrics = Value::Null;
    if let Some(name_or_arn) = name_or_arn {
        let name = name_or_arn.rsplit('/').next().unwrap_or_default();
        algorithm["AlgorithmName"] = json!(arn("algorithm", name));
        let resource = resources.algorithm(&name_or_arn);
        metrics = resource.map_or(Value::Null, |resource| {
            resource["TrainingSpecification"]["MetricDefinitions"].clone()
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
