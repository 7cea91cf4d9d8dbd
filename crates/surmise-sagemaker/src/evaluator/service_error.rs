//! The errors of requests, and their classification by the codes and messages of AWS.

use std::fmt;

/// The error of a request that failed, or whose result is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {message}")]
pub struct ServiceError {
    /// The kind of the error.
    pub kind: ServiceErrorKind,
    /// The message of the service, without anything that could be a secret.
    pub message: String,
}

/// The kind of a [`ServiceError`], which decides what the evaluator does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServiceErrorKind {
    /// The service throttles requests; send the request later.
    Throttled,
    /// A quota of the account or the available instances are used up; retry when a job has ended.
    QuotaExceeded,
    /// A resource of that name exists already.
    AlreadyExists,
    /// No resource of that name exists.
    NotFound,
    /// The job has ended already.
    NotRunning,
    /// The credentials have expired, are invalid or are missing.
    Credentials,
    /// The signature of the request is not accepted, because of its time or its key.
    Signature,
    /// A policy does not allow the operation.
    AccessDenied,
    /// A new role or permission has not taken effect yet.
    NotReady,
    /// The content of the request is invalid.
    Invalid,
    /// There was no reply, or none that says whether the request was carried out.
    Unreachable,
}

impl fmt::Display for ServiceErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Throttled => "too many requests",
            Self::QuotaExceeded => "a quota is used up",
            Self::AlreadyExists => "the name is in use",
            Self::NotFound => "no resource has this name",
            Self::NotRunning => "the job has ended already",
            Self::Credentials => "no valid credentials",
            Self::Signature => "the signature was refused",
            Self::AccessDenied => "access denied",
            Self::NotReady => "not ready yet",
            Self::Invalid => "the request was refused",
            Self::Unreachable => "no reply",
        })
    }
}

/// Error codes that AWS's services have in common, and SageMaker's own.
const CODES: [(&[&str], ServiceErrorKind); 7] = [
    (
        &[
            "ThrottlingException",
            "Throttling",
            "ThrottledException",
            "TooManyRequestsException",
            "RequestLimitExceeded",
            "RequestThrottled",
            "RequestThrottledException",
            "SlowDown",
            "PriorRequestNotComplete",
            "BandwidthLimitExceeded",
            "EC2ThrottledException",
        ],
        ServiceErrorKind::Throttled,
    ),
    (&["ResourceLimitExceeded", "LimitExceededException"], ServiceErrorKind::QuotaExceeded),
    (
        &["ResourceInUse", "ResourceInUseException", "ConflictException"],
        ServiceErrorKind::AlreadyExists,
    ),
    (&["ResourceNotFound", "ResourceNotFoundException"], ServiceErrorKind::NotFound),
    (
        &[
            "ExpiredToken",
            "ExpiredTokenException",
            "InvalidClientTokenId",
            "UnrecognizedClientException",
            "IncompleteSignature",
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
        ],
        ServiceErrorKind::Credentials,
    ),
    (
        &[
            "InvalidSignatureException",
            "SignatureDoesNotMatch",
            "RequestExpired",
            "RequestTimeTooSkewed",
            "AuthFailure",
        ],
        ServiceErrorKind::Signature,
    ),
    (
        &["AccessDenied", "AccessDeniedException", "NotAuthorized", "OptInRequired"],
        ServiceErrorKind::AccessDenied,
    ),
];
/// Error codes of requests that may or may not have been carried out.
const UNCERTAIN_CODES: [&str; 9] = [
    "InternalServiceError",
    "InternalFailure",
    "InternalServerError",
    "InternalServerException",
    "InternalServiceException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "RequestTimeout",
    "RequestTimeoutException",
];
/// Phrases, in lower case, of validation errors that mean another kind of error.
const VALIDATION_PHRASES: [(&[&str], ServiceErrorKind); 3] = [
    (&["requested resource not found", "could not find"], ServiceErrorKind::NotFound),
    (
        &[
            "because the training job is in status",
            "because the hyperparameter tuning job is in status",
            // From Terraform's provider.
            "because the hyperparameter tuning job is already in",
        ],
        ServiceErrorKind::NotRunning,
    ),
    (
        // Terraform's provider retries after these, because permissions take effect with a delay.
        &[
            "could not assume role",
            "no identity-based policy allows the s3:listbucket",
            "unauthorized to list objects",
            "access denied for repository",
            "access denied to outputdataconfig",
        ],
        ServiceErrorKind::NotReady,
    ),
];

impl ServiceError {
    /// Returns an error of this kind; anything that could be a secret is removed from `message`.
    pub fn new(kind: ServiceErrorKind, message: impl AsRef<str>) -> Self {
        Self { kind, message: without_secrets(message.as_ref()) }
    }

    /// Returns the error for a code and a message of the service.
    ///
    /// It knows the codes that AWS's services have in common, and SageMaker's own. Where the code
    /// is ambiguous, the message decides: SageMaker reports a missing training job, and one that
    /// has ended and cannot be stopped, as validation errors.
    pub fn from_code(code: &str, message: &str) -> Self {
        let kind = match CODES.iter().find(|(codes, _)| codes.contains(&code)) {
            Some((_, kind)) => *kind,
            None if UNCERTAIN_CODES.contains(&code) => ServiceErrorKind::Unreachable,
            None => Self::kind_of_validation_error(message),
        };
        // A refused signature quotes the signed request, including the session token.
        let text = match kind {
            ServiceErrorKind::Credentials | ServiceErrorKind::Signature => code.to_owned(),
            _ => format!("{code}: {message}"),
        };
        Self::new(kind, text)
    }

    fn kind_of_validation_error(message: &str) -> ServiceErrorKind {
        let message = message.to_ascii_lowercase();
        let is_match = |(phrases, _): &&(&[&str], _)| phrases.iter().any(|it| message.contains(it));
        VALIDATION_PHRASES
            .iter()
            .find(is_match)
            .map_or(ServiceErrorKind::Invalid, |(_, kind)| *kind)
    }
}

/// Prefixes of access key IDs.
const KEY_PREFIXES: [&str; 2] = ["AKIA", "ASIA"];
/// Minimum length of an access key ID.
const MIN_KEY_LENGTH: usize = 16;
/// Length of a secret access key; session tokens are longer.
const MIN_SECRET_LENGTH: usize = 40;

/// Returns a message without anything that could be a key or a token.
pub(super) fn without_secrets(message: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
    let is_secret = |word: &str| {
        let has = |kind: fn(&u8) -> bool| word.bytes().any(|byte| kind(&byte));
        let is_mixed =
            has(u8::is_ascii_digit) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
        let has_prefix = KEY_PREFIXES.iter().any(|prefix| word.starts_with(prefix));
        let is_key = has_prefix && word.len() >= MIN_KEY_LENGTH;
        // The path of s3://bucket/path, or of a file.
        let is_path = word.starts_with("//") || word.starts_with("/opt/");
        is_key || (is_mixed && !is_path && word.len() >= MIN_SECRET_LENGTH)
    };
    let mut cleaned = String::with_capacity(message.len());
    let mut remaining = message;
    while !remaining.is_empty() {
        let end = remaining.find(|c| !is_part(c)).unwrap_or(remaining.len());
        let (word, after) = remaining.split_at(end);
        cleaned.push_str(if is_secret(word) { "[withheld]" } else { word });
        let (between, next) = after.split_at(after.find(is_part).unwrap_or(after.len()));
        cleaned.push_str(between);
        remaining = next;
    }
    cleaned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_classified_by_code_and_message() {
        use ServiceErrorKind as Kind;

        for (code, message, kind) in [
            ("ThrottlingException", "Rate exceeded", Kind::Throttled),
            ("ResourceLimitExceeded", "The account-level service limit …", Kind::QuotaExceeded),
            ("ResourceInUse", "Training job names must be unique …", Kind::AlreadyExists),
            ("ValidationException", "Requested resource not found.", Kind::NotFound),
            ("ResourceNotFound", "Requested resource not found.", Kind::NotFound),
            (
                "ValidationException",
                "The request was rejected because the training job is in status Stopped.",
                Kind::NotRunning,
            ),
            ("ValidationException", "Could not assume role arn:…", Kind::NotReady),
            ("ValidationException", "Access denied for repository: trees in …", Kind::NotReady),
            ("ValidationException", "Cannot find repository: trees in …", Kind::Invalid),
            ("ValidationException", "1 validation error detected: …", Kind::Invalid),
            ("ExpiredTokenException", "The security token … is expired", Kind::Credentials),
            ("InvalidSignatureException", "Signature expired: …", Kind::Signature),
            ("AccessDeniedException", "User: … is not authorized", Kind::AccessDenied),
            ("InternalFailure", "", Kind::Unreachable),
        ] {
            assert_eq!(ServiceError::from_code(code, message).kind, kind, "{code}: {message}");
        }
    }

    #[test]
    fn secrets_are_removed_and_names_are_kept() {
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY1";
        let message = format!(
            "AKIAIOSFODNN7EXAMPLE used {secret} for \
             role/StepFunctionsSample-SageM-SageMakerAPIExecutionRol-1MNH1VS5CGGOG"
        );
        let cleaned = ServiceError::new(ServiceErrorKind::Invalid, message).message;
        assert_eq!(
            cleaned,
            "[withheld] used [withheld] for \
             role/StepFunctionsSample-SageM-SageMakerAPIExecutionRol-1MNH1VS5CGGOG"
        );
        let quoted = format!("The canonical string should have been x-amz-security-token:{secret}");
        assert_eq!(
            ServiceError::from_code("SignatureDoesNotMatch", &quoted).to_string(),
            "the signature was refused: SignatureDoesNotMatch"
        );
    }
}
