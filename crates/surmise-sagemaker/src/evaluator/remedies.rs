//! What people can do about what is refused.

use super::trouble::{ServiceError, ServiceErrorKind};
use crate::request::failure_kind;
use surmise::trial::FailureKind;

/// The policies that `docs/permissions.md` explains: that of the caller, and that of the role of training jobs.
const CALLER: (&str, &str) = (
    "crates/surmise-sagemaker/docs/caller_policy.json",
    include_str!("../../docs/caller_policy.json"),
);
const ROLE: (&str, &str) =
    ("crates/surmise-sagemaker/docs/role_policy.json", include_str!("../../docs/role_policy.json"));

/// What to do about a refusal. `action` is what was asked for, such as `sagemaker:Search`; the refusal may name another one.
pub(super) fn remedy(error: &ServiceError, action: &str) -> String {
    match error.kind {
        ServiceErrorKind::Denied => {
            let action = named_action(&error.message).unwrap_or(action);
            let place = place(CALLER, action);
            let otherwise = match action {
                "sagemaker:AddTags" => ", or leave Tags out of the request",
                _ => "",
            };
            format!("; allow {action} to the caller ({place}){otherwise}")
        }
        ServiceErrorKind::Invalid => match known_remedy(&error.message) {
            Some(remedy) => format!("; {remedy}"),
            None => "; mend the request (Judge says more of it)".to_owned(),
        },
        ServiceErrorKind::NotReady => {
            let otherwise = "look whether the role and the data exist";
            format!("; {}", known_remedy(&error.message).unwrap_or(otherwise))
        }
        ServiceErrorKind::Signature => {
            "; look at this machine's clock, and at the secret access key".to_owned()
        }
        _ => String::new(),
    }
}

/// Reasons of failures that lie in what all training jobs have in common, in lower case, and what to do about each.
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
        "look at TrainingImage, and at the role's right to pull it",
    ),
    (
        &["data download failed", "no s3 objects found", "unauthorized to list objects"],
        "look at InputDataConfig, and at the role's right to read it",
    ),
    (
        &["executable file not found", "oci runtime create failed", "cannotstartcontainererror"],
        "look at what the image starts: it must have a program named train",
    ),
    (
        &["artifact upload failed", "access denied to outputdataconfig"],
        "look at OutputDataConfig, its key, and the role's right to write there",
    ),
    (
        &["unable to perform: sts:assumerole", "could not assume role"],
        "let sagemaker.amazonaws.com take the role (docs/role_trust_policy.json of the package surmise-sagemaker)",
    ),
];

/// What to do about a failure or a refusal whose words are known.
fn known_remedy(text: &str) -> Option<&'static str> {
    let text = text.to_ascii_lowercase();
    let known = SETUP_FAILURES.iter().find(|(signs, _)| signs.iter().any(|it| text.contains(it)));
    known.map(|(_, remedy)| *remedy)
}

/// What to do about a failure that no configuration can mend; `None` if it may be the configuration's fault.
///
/// `has_trained` says whether the job's own program ran. What that says of itself begins with `AlgorithmError`.
pub(super) fn setup_remedy(reason: &str, has_trained: bool) -> Option<String> {
    let is_known = failure_kind(reason) == FailureKind::Setup;
    if !is_known && (has_trained || !reason.starts_with("ClientError")) {
        return None;
    }
    let otherwise = "look at image, data, role and network of the request";
    let remedy = known_remedy(reason).unwrap_or(otherwise);
    let of_role =
        named_action(reason).map(|action| format!("; {action} is in {}", place(ROLE, action)));
    Some(format!("{remedy}{}", of_role.unwrap_or_default()))
}

/// The action that a message says is not allowed.
fn named_action(message: &str) -> Option<&str> {
    let rest = message.split("not authorized to perform: ").nth(1)?;
    let action = rest.split_whitespace().next()?.trim_end_matches(['.', ',', ';']);
    action.contains(':').then_some(action)
}

/// Where a policy allows an action: the statement, and its line in the file.
fn place((file, text): (&str, &str), action: &str) -> String {
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
    fn a_denial_names_the_action_and_the_line_of_the_policy() {
        let message = "AccessDeniedException: User: arn:… is not authorized to perform: iam:PassRole on resource: arn:… because …";
        let error = ServiceError::new(ServiceErrorKind::Denied, message);
        let text = remedy(&error, "sagemaker:CreateTrainingJob");
        assert!(text.contains("allow iam:PassRole"), "{text}");
        assert!(
            text.contains(
                "statement PassTheExecutionRole, line 30 of crates/surmise-sagemaker/docs/caller_policy.json"
            ),
            "{text}"
        );
        let no_image = ServiceError::of(
            "ValidationException",
            "Cannot find repository: trees in registry ID: 012345678912",
        );
        assert!(remedy(&no_image, "").contains("look at TrainingImage"));
        let no_data = ServiceError::of(
            "ValidationException",
            "No S3 objects found under S3 URL \"s3://bucket/csv\"",
        );
        assert!(remedy(&no_data, "").contains("look at InputDataConfig"));
        let terse = ServiceError::new(ServiceErrorKind::Denied, "AccessDeniedException: no");
        assert!(remedy(&terse, "sagemaker:Search").contains("statement SearchTrainingJobs"));
    }

    #[test]
    fn what_no_configuration_can_mend_is_told_apart() {
        let reason = "ClientError: Artifact upload failed:not authorized to perform: s3:PutObject";
        let text = setup_remedy(reason, true).unwrap();
        assert!(text.contains("s3:PutObject is in statement WriteModels"), "{text}");
        assert!(setup_remedy("AlgorithmError: exit code: 1", true).is_none());
        assert!(setup_remedy("ClientError: something new", false).is_some());
    }
}
