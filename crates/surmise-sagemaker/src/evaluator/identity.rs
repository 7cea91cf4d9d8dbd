//! Whether a training job that is there is the one that was asked for.

use serde_json::Value;

use crate::request::CreateTrainingJobRequest;

/// Members that make a training job what it is. How long it may run, how often the service retries it, and its tags do not: with others it
/// would have told the same.
const DEFINING: [&str; 10] = [
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
/// Those of them that what a job tells depends on.
const TELLING: [&str; 3] = ["AlgorithmSpecification", "InputDataConfig", "Environment"];
/// Members that descriptions leave out, as users of Terraform's provider and of tuning jobs have met: if they are missing, nothing can be said.
const LEFT_OUT: [&str; 3] = ["CompressionType", "InstanceGroupNames", "KeepAlivePeriodInSeconds"];
/// Members that the service does not fill in by itself, but by these values.
const ADDED: [(&str, &[&str]); 12] = [
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
/// Lists whose order means nothing.
const SETS: [&str; 2] = ["Subnets", "SecurityGroupIds"];
/// How many differences are told.
const TOLD: usize = 5;

/// Where a training job differs from what is asked for, for people; `None` if it is the same.
///
/// A description may have more than was asked for, because the service tells defaults, too; but hyperparameters and variables of the
/// environment are what was given. `machines` are all that would do.
///
/// A job whose time was up has told something else than with more time.
pub(super) fn differences(
    asked: &CreateTrainingJobRequest,
    machines: &[Value],
    there: &Value,
) -> Option<String> {
    let asked = serde_json::to_value(asked).unwrap_or_default();
    let mut found = differences_of(&asked, there, &DEFINING, machines);
    for (status, limit) in [
        ("MaxRuntimeExceeded", "MaxRuntimeInSeconds"),
        ("MaxWaitTimeExceeded", "MaxWaitTimeInSeconds"),
    ] {
        let limits = [&asked, there].map(|it| it["StoppingCondition"][limit].as_f64());
        if there["SecondaryStatus"] == status && limits[0] != limits[1] && limits[1].is_some() {
            let [own, other] = limits.map(|it| it.map_or("none".to_owned(), |it| it.to_string()));
            found.push(format!(
                "StoppingCondition.{limit} is {other} there, by which it ended, {own} here"
            ));
        }
    }
    told(found)
}

/// Where a training job tells of something else than the one that is asked for, so that their results cannot be compared: it has another
/// algorithm, other data, or other settings. On which machines it ran does not matter, nor where its model is.
pub(super) fn differences_of_results(
    asked: &CreateTrainingJobRequest,
    there: &Value,
) -> Option<String> {
    let asked = serde_json::to_value(asked).unwrap_or_default();
    told(differences_of(&asked, there, &TELLING, &[]))
}

fn differences_of(
    asked: &Value,
    there: &Value,
    members: &[&str],
    machines: &[Value],
) -> Vec<String> {
    let mut found = Vec::new();
    whole_map("HyperParameters", &asked["HyperParameters"], &there["HyperParameters"], &mut found);
    for &member in members {
        let (own, other) = (&asked[member], &there[member]);
        match member {
            "Environment" => whole_map(member, own, other, &mut found),
            "ResourceConfig" => {
                let is_known = |one: &Value| {
                    let mut differs = Vec::new();
                    compare(member, one, other, &mut differs);
                    differs.is_empty()
                };
                if !machines.iter().any(is_known) {
                    compare(member, own, other, &mut found);
                }
            }
            _ if own.is_null() && is_given(other) => {
                found.push(format!("{member} is {other} there, and not here"));
            }
            _ => compare(member, own, other, &mut found),
        }
    }
    found
}

/// Where a tuning job differs from what is asked for, for people; `None` if it is the same. Tags are told by other operations.
pub(super) fn differences_of_tuning(asked: &Value, there: &Value) -> Option<String> {
    let mut found = Vec::new();
    for (name, own) in asked.as_object().into_iter().flatten().filter(|(name, _)| *name != "Tags") {
        compare(name, own, &there[name], &mut found);
    }
    told(found)
}

fn told(mut found: Vec<String>) -> Option<String> {
    let more = found.len().saturating_sub(TOLD);
    found.truncate(TOLD);
    if more > 0 {
        found.push(format!("and {more} more"));
    }
    (!found.is_empty()).then(|| found.join("; "))
}

/// Whether a member says more than its absence.
fn is_given(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => true,
    }
}

/// Maps that must be the same, whichever side has more. The service's own additions begin with an underscore.
fn whole_map(path: &str, asked: &Value, there: &Value, found: &mut Vec<String>) {
    let members = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let (asked, there) = (members(asked), members(there));
    for (name, own) in &asked {
        match there.get(name) {
            None if name.starts_with('_') => {}
            None => found.push(format!("{path}.{name} is {own} here, and not there")),
            other => compare(&format!("{path}.{name}"), own, other.unwrap_or(&Value::Null), found),
        }
    }
    let added =
        there.iter().filter(|(name, _)| !asked.contains_key(*name) && !name.starts_with('_'));
    found
        .extend(added.map(|(name, other)| format!("{path}.{name} is {other} there, and not here")));
}

fn compare(path: &str, asked: &Value, there: &Value, found: &mut Vec<String>) {
    match (asked, there) {
        // That something is off may be said without need.
        (Value::Null, _) | (Value::Bool(false), Value::Null) => {}
        (Value::Object(asked), there) => {
            for (name, own) in asked {
                let is_left_out = LEFT_OUT.contains(&name.as_str()) && there[name].is_null();
                if !is_left_out {
                    compare(&format!("{path}.{name}"), own, &there[name], found);
                }
            }
            for (name, defaults) in ADDED {
                let other = &there[name];
                let is_default = other.as_str().is_some_and(|text| defaults.contains(&text));
                if !asked.contains_key(name) && is_given(other) && !is_default {
                    found.push(format!("{path}.{name} is {other} there, and not here"));
                }
            }
        }
        (Value::Array(asked), Value::Array(there))
            if SETS.iter().any(|set| path.ends_with(set)) && are_same_set(asked, there) => {}
        (Value::Array(asked), Value::Array(there)) if asked.len() == there.len() => {
            for (place, (own, other)) in asked.iter().zip(there).enumerate() {
                compare(&format!("{path}[{place}]"), own, other, found);
            }
        }
        // 1 and 1.0 are the same, and some are kept in 32 bits.
        (Value::Number(own), Value::Number(other))
            if own
                .as_f64()
                .zip(other.as_f64())
                .is_some_and(|(own, other)| (own - other).abs() <= 1e-6 * own.abs()) => {}
        (Value::String(own), Value::String(other)) if is_same_text(own, other) => {}
        (own, other) if own == other => {}
        (own, Value::Null) => found.push(format!("{path} is {own} here, and not there")),
        (own, other) => found.push(format!("{path} is {other} there, {own} here")),
    }
}

/// Whether texts mean the same: of addresses with and without a slash at the end, of the name of a resource and its ARN.
fn is_same_text(own: &str, other: &str) -> bool {
    let (own, other) = (own.trim_end_matches('/'), other.trim_end_matches('/'));
    if own == other {
        return true;
    }
    let (short, long) = (own.to_ascii_lowercase(), other.to_ascii_lowercase());
    let is_end = long.strip_suffix(&short).is_some_and(|rest| rest.ends_with(['/', ':']));
    other.starts_with("arn:") && !own.contains(':') && is_end
}

fn are_same_set(asked: &[Value], there: &[Value]) -> bool {
    asked.len() == there.len() && asked.iter().all(|one| there.contains(one))
}

/// Region and account of an ARN: `arn:aws:sagemaker:<region>:<account>:…`.
pub(super) fn home(arn: &str) -> Option<(&str, &str)> {
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

    fn differs(change: impl FnOnce(&mut Value)) -> Option<String> {
        let mut there = serde_json::to_value(request()).unwrap();
        there["EnableNetworkIsolation"] = json!(false);
        change(&mut there);
        let machines = [
            json!({"InstanceType": "ml.g5.xlarge", "InstanceCount": 1}),
            json!({"InstanceType": "ml.m5.xlarge", "InstanceCount": 1}),
        ];
        differences(&request(), &machines, &there)
    }

    #[test]
    fn defaults_and_spellings_are_no_differences() {
        assert_eq!(differs(|_| ()), None);
        assert_eq!(
            differs(|it| it["OutputDataConfig"]["S3OutputPath"] = json!("s3://bucket/models/")),
            None
        );
        assert_eq!(differs(|it| it["OutputDataConfig"]["KmsKeyId"] = json!("")), None);
        assert_eq!(
            differs(|it| it["ResourceConfig"]["InstanceType"] = json!("ml.g5.xlarge")),
            None
        );
        assert_eq!(
            differs(|it| it["StoppingCondition"] = json!({"MaxRuntimeInSeconds": 86400})),
            None
        );
    }

    #[test]
    fn what_makes_another_job_is_named() {
        for (path, value, wanted) in [
            ("RoleArn", json!("arn:aws:iam::012345678912:role/other"), "RoleArn is"),
            (
                "Environment",
                json!({"MODE": "fast"}),
                "Environment.MODE is \"fast\" there, and not here",
            ),
            ("InputDataConfig", json!([{"ChannelName": "train"}]), "InputDataConfig is"),
            ("EnableManagedSpotTraining", json!(true), "EnableManagedSpotTraining is true there"),
            (
                "HyperParameters",
                json!({"rate": "0.6"}),
                "HyperParameters.rate is \"0.6\" there, \"0.5\" here",
            ),
            ("HyperParameters", json!({"rate": "0.5", "depth": "3"}), "HyperParameters.depth"),
            (
                "ResourceConfig",
                json!({"InstanceType": "ml.p5.48xlarge", "InstanceCount": 1}),
                "InstanceType",
            ),
        ] {
            let text = differs(|it| it[path] = value).unwrap();
            assert!(text.contains(wanted), "{text}");
        }
    }

    #[test]
    fn an_arn_names_region_and_account() {
        let arn = "arn:aws:sagemaker:us-west-2:012345678912:training-job/trees-001-00000000";
        assert_eq!(home(arn), Some(("us-west-2", "012345678912")));
        assert_eq!(home("trees"), None);
    }
}
