//! Whether a training job that is there is the one that was asked for.

use serde_json::Value;

use crate::sagemaker::CreateTrainingJobRequest;

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
/// Members that descriptions leave out, as users of Terraform's provider have met, and of which therefore nothing can be said.
const LEFT_OUT: [&str; 2] = ["CompressionType", "InstanceGroupNames"];
/// How many differences are told.
const TOLD: usize = 5;

/// Where a training job differs from what is asked for, for people; `None` if it is the same.
///
/// A description may have more than was asked for, because the service tells defaults, too; but hyperparameters and variables of the
/// environment are what was given. `machines` are all that would do.
pub(super) fn differences(
    asked: &CreateTrainingJobRequest,
    machines: &[Value],
    there: &Value,
) -> Option<String> {
    let asked = serde_json::to_value(asked).unwrap_or_default();
    let mut found = Vec::new();
    whole_map("HyperParameters", &asked["HyperParameters"], &there["HyperParameters"], &mut found);
    for member in DEFINING {
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
            let asked = asked.iter().filter(|(name, _)| !LEFT_OUT.contains(&name.as_str()));
            for (name, own) in asked {
                compare(&format!("{path}.{name}"), own, &there[name], found);
            }
        }
        (Value::Array(asked), Value::Array(there)) if asked.len() == there.len() => {
            for (place, (own, other)) in asked.iter().zip(there).enumerate() {
                compare(&format!("{path}[{place}]"), own, other, found);
            }
        }
        (Value::Number(own), Value::Number(other)) if own.as_f64() == other.as_f64() => {}
        (Value::String(own), Value::String(other)) if is_same_text(own, other) => {}
        (own, other) if own == other => {}
        (own, Value::Null) => found.push(format!("{path} is {own} here, and not there")),
        (own, other) => found.push(format!("{path} is {other} there, {own} here")),
    }
}

/// Whether texts mean the same: of addresses with and without a slash at the end, of the name of a resource and its ARN.
fn is_same_text(own: &str, other: &str) -> bool {
    let (own, other) = (own.trim_end_matches('/'), other.trim_end_matches('/'));
    let short = other.rsplit('/').next().unwrap_or_default();
    own == other
        || (other.starts_with("arn:") && !own.contains(':') && short.eq_ignore_ascii_case(own))
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
    use crate::sagemaker::{OutputDataConfig, ResourceConfig};

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
