//! Compares existing training and tuning jobs with the requests for them.

use serde_json::Value;

use crate::request::CreateTrainingJobRequest;

/// Members that define a training job. Its time limits, its retries and its tags do not: they do
/// not change its result.
const DEFINING_MEMBERS: [&str; 10] = [
    "AlgorithmSpecification",
    "RoleArn",
    "InputDataConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "VpcConfig",
    "EnableNetworkIsolation",
    "EnableManagedSpotTraining",
    "CheckpointConfig",
    "Environment",
];
/// The defining members that the result of a job depends on.
const RESULT_MEMBERS: [&str; 3] = ["AlgorithmSpecification", "InputDataConfig", "Environment"];
/// Members that descriptions may omit, as users of Terraform's provider and of tuning jobs report.
/// Their absence is no difference.
const OMITTED_MEMBERS: [&str; 3] =
    ["CompressionType", "InstanceGroupNames", "KeepAlivePeriodInSeconds"];
/// Members whose presence in the existing job alone is a difference, unless they have one of the
/// listed values: the service adds these as defaults.
const OPTIONAL_MEMBERS: [(&str, &[&str]); 12] = [
    ("ContentType", &[]),
    ("CompressionType", &["None", "NONE", "GZIP"]),
    ("RecordWrapperType", &["None"]),
    ("InputMode", &[]),
    ("ShuffleConfig", &[]),
    ("KmsKeyId", &[""]),
    ("VolumeKmsKeyId", &[""]),
    ("S3DataDistributionType", &["FullyReplicated"]),
    ("AttributeNames", &[]),
    ("ContainerEntrypoint", &[]),
    ("ContainerArguments", &[]),
    ("InstanceGroups", &[]),
];
/// Lists whose order has no meaning.
const SETS: [&str; 2] = ["Subnets", "SecurityGroupIds"];
/// Number of differences that a message shows.
const MAX_SHOWN_DIFFERENCES: usize = 5;

/// Describes how an existing training job differs from the request; `None` if it matches.
///
/// The description may have members that the request has not, because the service adds defaults;
/// hyperparameters and environment variables must be equal. The instances may be any of
/// `instance_options`.
///
/// A job that has exceeded a time limit differs if the request has another limit: with more time,
/// it might have reported another value.
pub(super) fn differences(
    request: &CreateTrainingJobRequest,
    instance_options: &[Value],
    existing: &Value,
) -> Option<String> {
    let request = serde_json::to_value(request).unwrap_or_default();
    let mut found = compare_members(&request, existing, &DEFINING_MEMBERS, instance_options);
    for (status, limit) in [
        ("MaxRuntimeExceeded", "MaxRuntimeInSeconds"),
        ("MaxWaitTimeExceeded", "MaxWaitTimeInSeconds"),
    ] {
        let limits = [&request, existing].map(|it| it["StoppingCondition"][limit].as_f64());
        let has_ended_by_limit = existing["SecondaryStatus"] == status;
        if has_ended_by_limit && limits[0] != limits[1] && limits[1].is_some() {
            let [requested, actual] =
                limits.map(|it| it.map_or("none".to_owned(), |it| it.to_string()));
            found.push(format!(
                "the existing job was ended by StoppingCondition.{limit} = {actual}, and the \
                 request has {requested}"
            ));
        }
    }
    summarize(found)
}

/// Describes the differences between an existing training job and the request that make their
/// results incomparable: in the algorithm, the data or the settings; `None` if there are none.
///
/// The instances and the location of the model do not matter.
pub(super) fn result_differences(
    request: &CreateTrainingJobRequest,
    existing: &Value,
) -> Option<String> {
    let request = serde_json::to_value(request).unwrap_or_default();
    summarize(compare_members(&request, existing, &RESULT_MEMBERS, &[]))
}

fn compare_members(
    request: &Value,
    existing: &Value,
    members: &[&str],
    instance_options: &[Value],
) -> Vec<String> {
    let mut found = Vec::new();
    let name = "HyperParameters";
    compare_entries(name, &request[name], &existing[name], &mut found);
    for &member in members {
        let (requested, actual) = (&request[member], &existing[member]);
        match member {
            "Environment" => compare_entries(member, requested, actual, &mut found),
            "ResourceConfig" => {
                let matches = |option: &Value| {
                    let mut differences = Vec::new();
                    compare(member, option, actual, &mut differences);
                    differences.is_empty()
                };
                if !instance_options.iter().any(matches) {
                    compare(member, requested, actual, &mut found);
                }
            }
            _ if requested.is_null() && is_present(actual) => {
                found.push(only_existing(member, actual));
            }
            _ => compare(member, requested, actual, &mut found),
        }
    }
    found
}

/// Describes how an existing tuning job differs from the request; `None` if it matches. Tags are
/// not compared, because the description does not have them.
pub(super) fn tuning_job_differences(request: &Value, existing: &Value) -> Option<String> {
    let members = request.as_object().into_iter().flatten();
    let mut found = Vec::new();
    for (name, requested) in members.filter(|(name, _)| *name != "Tags") {
        compare(name, requested, &existing[name], &mut found);
    }
    summarize(found)
}

/// Joins the first differences to a message; `None` if there are none.
fn summarize(mut found: Vec<String>) -> Option<String> {
    let more = found.len().saturating_sub(MAX_SHOWN_DIFFERENCES);
    found.truncate(MAX_SHOWN_DIFFERENCES);
    if more > 0 {
        found.push(format!("and {more} more"));
    }
    (!found.is_empty()).then(|| found.join("; "))
}

fn only_existing(path: &str, value: &Value) -> String {
    format!("{path} is {value} in the existing job and missing in the request")
}

fn only_requested(path: &str, value: &Value) -> String {
    format!("{path} is {value} in the request and missing in the existing job")
}

/// Returns whether a value means more than an absent member: not null, `false` or empty.
fn is_present(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => true,
    }
}

/// Compares maps that must have the same keys. The service adds keys that begin with `_`.
fn compare_entries(path: &str, request: &Value, existing: &Value, found: &mut Vec<String>) {
    let members = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let (request, existing) = (members(request), members(existing));
    for (name, requested) in &request {
        let path = format!("{path}.{name}");
        match existing.get(name) {
            None if name.starts_with('_') => {}
            None => found.push(only_requested(&path, requested)),
            Some(actual) => compare(&path, requested, actual, found),
        }
    }
    let is_added =
        |(name, _): &(&String, _)| !request.contains_key(*name) && !name.starts_with('_');
    let added = existing.iter().filter(is_added);
    found.extend(added.map(|(name, value)| only_existing(&format!("{path}.{name}"), value)));
}

fn compare(path: &str, request: &Value, existing: &Value, found: &mut Vec<String>) {
    match (request, existing) {
        // `false` and an absent member mean the same.
        (Value::Null, _) | (Value::Bool(false), Value::Null) => {}
        (Value::Object(request), existing) => {
            for (name, requested) in request {
                let may_be_omitted = OMITTED_MEMBERS.contains(&name.as_str());
                if !(may_be_omitted && existing[name].is_null()) {
                    compare(&format!("{path}.{name}"), requested, &existing[name], found);
                }
            }
            for (name, defaults) in OPTIONAL_MEMBERS {
                let actual = &existing[name];
                let is_default = actual.as_str().is_some_and(|text| defaults.contains(&text));
                if !request.contains_key(name) && is_present(actual) && !is_default {
                    found.push(only_existing(&format!("{path}.{name}"), actual));
                }
            }
        }
        (Value::Array(request), Value::Array(existing))
            if SETS.iter().any(|set| path.ends_with(set)) && are_same_set(request, existing) => {}
        (Value::Array(request), Value::Array(existing)) if request.len() == existing.len() => {
            for (index, (requested, actual)) in request.iter().zip(existing).enumerate() {
                compare(&format!("{path}[{index}]"), requested, actual, found);
            }
        }
        // 1 and 1.0 are equal, and the service keeps some numbers in 32 bits.
        (Value::Number(requested), Value::Number(actual))
            if requested
                .as_f64()
                .zip(actual.as_f64())
                .is_some_and(|(a, b)| (a - b).abs() <= 1e-6 * a.abs()) => {}
        (Value::String(requested), Value::String(actual)) if is_same_text(requested, actual) => {}
        _ if request == existing => {}
        (_, Value::Null) => found.push(only_requested(path, request)),
        _ => found
            .push(format!("{path} is {existing} in the existing job and {request} in the request")),
    }
}

/// Returns whether two texts mean the same: a URI with and without a trailing slash, or the name
/// of a resource and its ARN.
fn is_same_text(requested: &str, actual: &str) -> bool {
    let (requested, actual) = (requested.trim_end_matches('/'), actual.trim_end_matches('/'));
    if requested == actual {
        return true;
    }
    let (name, arn) = (requested.to_ascii_lowercase(), actual.to_ascii_lowercase());
    let prefix = arn.strip_suffix(&name);
    let is_suffix = prefix.is_some_and(|prefix| prefix.ends_with(['/', ':']));
    actual.starts_with("arn:") && !requested.contains(':') && is_suffix
}

fn are_same_set(request: &[Value], existing: &[Value]) -> bool {
    request.len() == existing.len() && request.iter().all(|one| existing.contains(one))
}

/// Returns the region and the account of an ARN: `arn:aws:sagemaker:<region>:<account>:…`.
pub(super) fn region_and_account(arn: &str) -> Option<(&str, &str)> {
    let mut parts = arn.split(':').skip(3);
    let (region, account) = (parts.next()?, parts.next()?);
    (!region.is_empty() && !account.is_empty()).then_some((region, account))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{OutputDataConfig, ResourceConfig};

    fn request() -> CreateTrainingJobRequest {
        let output = OutputDataConfig::new("s3://bucket/models");
        let mut request = CreateTrainingJobRequest::new(
            "trees-001-00000000",
            "arn:aws:iam::012345678912:role/tuner",
            output,
        );
        request.hyper_parameters = Some([("rate".to_owned(), "0.5".to_owned())].into());
        request.resources = Some(ResourceConfig {
            instance_type: Some("ml.m5.xlarge".to_owned()),
            instance_count: Some(1),
            ..ResourceConfig::new()
        });
        request
    }

    fn differences_after(change: impl FnOnce(&mut Value)) -> Option<String> {
        let mut existing = serde_json::to_value(request()).unwrap();
        existing["EnableNetworkIsolation"] = json!(false);
        change(&mut existing);
        let instance_options = [
            json!({"InstanceType": "ml.g5.xlarge", "InstanceCount": 1}),
            json!({"InstanceType": "ml.m5.xlarge", "InstanceCount": 1}),
        ];
        differences(&request(), &instance_options, &existing)
    }

    #[test]
    fn defaults_and_equivalent_values_are_no_differences() {
        assert_eq!(differences_after(|_| ()), None);
        assert_eq!(
            differences_after(
                |it| it["OutputDataConfig"]["S3OutputPath"] = json!("s3://bucket/models/")
            ),
            None
        );
        assert_eq!(differences_after(|it| it["OutputDataConfig"]["KmsKeyId"] = json!("")), None);
        assert_eq!(
            differences_after(|it| it["ResourceConfig"]["InstanceType"] = json!("ml.g5.xlarge")),
            None
        );
        assert_eq!(
            differences_after(|it| it["StoppingCondition"] = json!({"MaxRuntimeInSeconds": 86400})),
            None
        );
    }

    #[test]
    fn messages_name_the_differing_members() {
        for (path, value, expected) in [
            ("RoleArn", json!("arn:aws:iam::012345678912:role/other"), "RoleArn is"),
            (
                "Environment",
                json!({"MODE": "fast"}),
                "Environment.MODE is \"fast\" in the existing job and missing in the request",
            ),
            ("InputDataConfig", json!([{"ChannelName": "train"}]), "InputDataConfig is"),
            ("EnableManagedSpotTraining", json!(true), "EnableManagedSpotTraining is true in the"),
            (
                "HyperParameters",
                json!({"rate": "0.6"}),
                "HyperParameters.rate is \"0.6\" in the existing job and \"0.5\" in the request",
            ),
            ("HyperParameters", json!({"rate": "0.5", "depth": "3"}), "HyperParameters.depth"),
            (
                "ResourceConfig",
                json!({"InstanceType": "ml.p5.48xlarge", "InstanceCount": 1}),
                "InstanceType",
            ),
        ] {
            let text = differences_after(|it| it[path] = value).unwrap();
            assert!(text.contains(expected), "{text}");
        }
    }

    #[test]
    fn region_and_account_are_parsed_from_arns() {
        let arn = "arn:aws:sagemaker:us-west-2:012345678912:training-job/trees-001-00000000";
        assert_eq!(region_and_account(arn), Some(("us-west-2", "012345678912")));
        assert_eq!(region_and_account("trees"), None);
    }
}
