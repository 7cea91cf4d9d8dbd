//! Reads the parts of a tuning request: definitions, objectives, ranges, parents.

use serde_json::{Value, json};

/// Returns the definitions of a request.
pub(super) fn definitions(body: &Value) -> Vec<&Value> {
    match body["TrainingJobDefinitions"].as_array() {
        Some(several) => several.iter().collect(),
        None => vec![&body["TrainingJobDefinition"]],
    }
}

/// Returns the objective of a definition: its own, or that of the configuration.
pub(super) fn objective<'v>(body: &'v Value, definition: &'v Value) -> &'v Value {
    match &definition["TuningObjective"] {
        Value::Null => &body["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"],
        objective => objective,
    }
}

/// Returns the ranges of a definition; each of `AutoParameters` gets a range around its hint.
pub(super) fn ranges(body: &Value, definition: &Value) -> Value {
    let definition_ranges = &definition["HyperParameterRanges"];
    let config_ranges = &body["HyperParameterTuningJobConfig"]["ParameterRanges"];
    let mut ranges =
        if definition_ranges.is_object() { definition_ranges } else { config_ranges }.clone();
    let auto_parameters = ranges["AutoParameters"].as_array().cloned().unwrap_or_default();
    if !ranges.is_object() {
        ranges = json!({});
    }
    for parameter in auto_parameters {
        let name = &parameter["Name"];
        let hint = parameter["ValueHint"].as_str().unwrap_or_default().trim_matches('"');
        let (list, range) = match hint.parse::<f64>() {
            Ok(value) if value != 0.0 && value.is_finite() => {
                let (a, b) = (0.5 * value, 2.0 * value);
                let (min, max) = (a.min(b).to_string(), a.max(b).to_string());
                let range = json!({"Name": name, "MinValue": min, "MaxValue": max});
                ("ContinuousParameterRanges", range)
            }
            Ok(_) => (
                "ContinuousParameterRanges",
                json!({"Name": name, "MinValue": "0", "MaxValue": "1"}),
            ),
            Err(_) => ("CategoricalParameterRanges", json!({"Name": name, "Values": [hint]})),
        };
        match ranges[list].as_array_mut() {
            Some(list) => list.push(range),
            None => ranges[list] = json!([range]),
        }
    }
    if let Some(members) = ranges.as_object_mut() {
        members.shift_remove("AutoParameters");
        members.retain(|_, list| list.as_array().is_some_and(|list| !list.is_empty()));
        if members.is_empty() {
            // Autotune without any hint still needs a range.
            let first =
                definition["StaticHyperParameters"].as_object().and_then(|all| all.iter().next());
            let (name, value) = first
                .map_or(("attempt", json!("1")), |(name, value)| (name.as_str(), value.clone()));
            let range = json!({"Name": name, "Values": [value]});
            members.insert("CategoricalParameterRanges".to_owned(), json!([range]));
        }
    }
    ranges
}

/// Returns the names of the parents of a warm start, in lower case.
pub(super) fn parents(body: &Value) -> Vec<String> {
    let list = body["WarmStartConfig"]["ParentHyperParameterTuningJobs"].as_array();
    let names = list.into_iter().flatten().filter_map(|parent| {
        parent["HyperParameterTuningJobName"].as_str().map(str::to_ascii_lowercase)
    });
    names.collect()
}

/// Returns the names of all hyperparameters of the first definition, tuned and static.
pub(super) fn hyperparameter_names(body: &Value) -> Vec<String> {
    let definition = definitions(body)[0];
    let ranges = ranges(body, definition);
    let lists = ranges.as_object().into_iter().flatten().filter_map(|(_, list)| list.as_array());
    let tuned = lists.flatten().filter_map(|range| range["Name"].as_str());
    let statics = definition["StaticHyperParameters"].as_object();
    let mut names: Vec<String> = tuned.map(str::to_owned).collect();
    names.extend(statics.into_iter().flatten().map(|(name, _)| name.clone()));
    names.sort_unstable();
    names
}
