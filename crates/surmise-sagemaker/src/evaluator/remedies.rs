//! Remedies for refused requests and failed training jobs, as parts of messages.

use super::service_error::{ServiceError, ServiceErrorKind};
use crate::request::failure_kind;
use surmise::trial::FailureKind;

/// The policy of the caller, with its path; `docs/permissions.md` explains it.
const CALLER_POLICY: (&str, &str) = (
    "crates/surmise-sagemaker/docs/caller_policy.json",
    include_str!("../../docs/caller_policy.json"),
);
/// The policy of the role of training jobs, with its path.
const ROLE_POLICY: (&str, &str) =
    ("crates/surmise-sagemaker/docs/role_policy.json", include_str!("../../docs/role_policy.json"));

/// Returns the remedy for a refused request, beginning with "; ", or an empty text.
///
/// `action` is the operation in policies, such as `sagemaker:Search`; the refusal may name another
/// one.
pub(super) fn remedy(error: &ServiceError, action: &str) -> String {
    match error.kind {
        ServiceErrorKind::AccessDenied => {
            let action = named_action(&error.message).unwrap_or(action);
            let statement = statement_of(CALLER_POLICY, action);
            let alternative = match action {
                "sagemaker:AddTags" => ", or leave Tags out of the request",
                _ => "",
            };
            format!("; allow {action} to the caller ({statement}){alternative}")
        }
        ServiceErrorKind::Invalid => match known_remedy(&error.message) {
            Some(remedy) => format!("; {remedy}"),
            None => "; correct the request (`Validator` lists every problem)".to_owned(),
        },
        ServiceErrorKind::NotReady => {
            let default = "check that the role and the data exist";
            format!("; {}", known_remedy(&error.message).unwrap_or(default))
        }
        ServiceErrorKind::Signature => {
            "; check this machine's clock and the secret access key".to_owned()
        }
        _ => String::new(),
    }
}

/// Phrases, in lower case, of failures whose cause all training jobs share, with their remedies.
const SETUP_FAILURES: [(&[&str], &str); 5] = [
    (
        &[
            "cannot pull algorithm container",
            "manifest for",
            "requested image not found",
            "cannot find the requested image",
            "cannot find repository",
            "access denied for repository",
            "invalid training image",
        ],
        "check TrainingImage, and the role's permission to pull it",
    ),
    (
        &["data download failed", "no s3 objects found", "unauthorized to list objects"],
        "check InputDataConfig, and the role's permission to read the data",
    ),
    (
        &["executable file not found", "oci runtime create failed", "cannotstartcontainererror"],
        "check the entry point of the image: it must have a program named train",
    ),
    (
        &["artifact upload failed", "access denied to outputdataconfig"],
        "check OutputDataConfig, its key, and the role's permission to write there",
    ),
    (
        &["unable to perform: sts:assumerole", "could not assume role"],
        "allow sagemaker.amazonaws.com to assume the role \
         (docs/role_trust_policy.json of the package surmise-sagemaker)",
    ),
];

/// Returns the remedy for a failure or a refusal with a known phrase.
fn known_remedy(text: &str) -> Option<&'static str> {
    let text = text.to_ascii_lowercase();
    let is_match = |phrases: &[&str]| phrases.iter().any(|phrase| text.contains(phrase));
    let failure = SETUP_FAILURES.iter().find(|(phrases, _)| is_match(phrases));
    failure.map(|(_, remedy)| *remedy)
}

/// Returns the remedy for a failure that every configuration would have; `None` if the
/// configuration may be the cause.
///
/// `has_trained` is true if the program of the job has run. Errors of that program begin with
/// `AlgorithmError`.
pub(super) fn setup_remedy(reason: &str, has_trained: bool) -> Option<String> {
    let is_setup = failure_kind(reason) == FailureKind::Setup;
    if !is_setup && (has_trained || !reason.starts_with("ClientError")) {
        return None;
    }
    let default = "check image, data, role and network of the request";
    let remedy = known_remedy(reason).unwrap_or(default);
    let role_hint = named_action(reason)
        .map(|action| format!("; {action} is in {}", statement_of(ROLE_POLICY, action)));
    Some(format!("{remedy}{}", role_hint.unwrap_or_default()))
}

/// Returns the action that a message reports as not allowed.
fn named_action(message: &str) -> Option<&str> {
    let text = message.split("not authorized to perform: ").nth(1)?;
    let action = text.split_whitespace().next()?.trim_end_matches(['.', ',', ';']);
    action.contains(':').then_some(action)
}

/// Names the statement of a policy that allows an action, and its line in the file.
fn statement_of((file, text): (&str, &str), action: &str) -> String {
    let mut statement = "";
    for (number, line) in text.lines().enumerate() {
        if let Some(id) = line.trim().strip_prefix("\"Sid\": \"") {
            statement = id.trim_end_matches(['"', ',']);
        }
        if line.contains(&format!("\"{action}\"")) {
            return format!("statement {statement}, line {} of {file}", number + 1);
        }
    }
    "crates/surmise-sagemaker/docs/permissions.md".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remedies_name_the_action_and_the_line_of_the_policy() {
        let message = "AccessDeniedException: User: arn:… is not authorized to perform: \
                       iam:PassRole on resource: arn:… because …";
        let error = ServiceError::new(ServiceErrorKind::AccessDenied, message);
        let text = remedy(&error, "sagemaker:CreateTrainingJob");
        assert!(text.contains("allow iam:PassRole"), "{text}");
        assert!(
            text.contains(
                "statement PassTheExecutionRole, line 30 of \
                 crates/surmise-sagemaker/docs/caller_policy.json"
            ),
            "{text}"
        );
        let no_image = ServiceError::from_code(
            "ValidationException",
            "Cannot find repository: trees in registry ID: 012345678912",
        );
        assert!(remedy(&no_image, "").contains("check TrainingImage"));
        let no_data = ServiceError::from_code(
            "ValidationException",
            "No S3 objects found under S3 URL \"s3://bucket/csv\"",
        );
        assert!(remedy(&no_data, "").contains("check InputDataConfig"));
        let terse = ServiceError::new(ServiceErrorKind::AccessDenied, "AccessDeniedException: no");
        assert!(remedy(&terse, "sagemaker:Search").contains("statement SearchTrainingJobs"));
    }

    #[test]
    fn failures_of_the_setup_are_distinguished() {
        let reason = "ClientError: Artifact upload failed:not authorized to perform: s3:PutObject";
        let text = setup_remedy(reason, true).unwrap();
        assert!(text.contains("s3:PutObject is in statement WriteModels"), "{text}");
        assert!(setup_remedy("AlgorithmError: exit code: 1", true).is_none());
        assert!(setup_remedy("ClientError: something new", false).is_some());
    }
}
