//! What can go wrong with a request, and what people are told of it.

use std::fmt;

/// A request that came to nothing, or of which it is not known what it came to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {message}")]
pub struct ServiceError {
    /// What kind of trouble it is.
    pub kind: ServiceErrorKind,
    /// What the service said, without anything that could be a secret.
    pub message: String,
}

/// What kind of trouble a request had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServiceErrorKind {
    /// Too many requests: ask later.
    Throttled,
    /// A quota of the account, or the machines that there are, are used up: ask when something has ended.
    Quota,
    /// There is something of that name.
    Exists,
    /// There is nothing of that name.
    Missing,
    /// It has ended already.
    NotRunning,
    /// The credentials have expired, or are none.
    Credentials,
    /// The signature of the request is not accepted, because of its time or its key.
    Signature,
    /// Not allowed.
    Denied,
    /// Something that was created lately is not yet known everywhere: a role, a permission.
    NotReady,
    /// The service refuses the request for what it says.
    Invalid,
    /// No answer, or none that tells whether the request was carried out.
    Unreachable,
}

impl fmt::Display for ServiceErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Throttled => "too many requests",
            Self::Quota => "a quota is used up",
            Self::Exists => "the name is taken",
            Self::Missing => "there is nothing of that name",
            Self::NotRunning => "it has ended already",
            Self::Credentials => "no valid credentials",
            Self::Signature => "the signature was refused",
            Self::Denied => "not allowed",
            Self::NotReady => "not ready yet",
            Self::Invalid => "the request was refused",
            Self::Unreachable => "no answer",
        })
    }
}

/// Codes that AWS's services have in common, and SageMaker's own.
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
    (&["ResourceLimitExceeded", "LimitExceededException"], ServiceErrorKind::Quota),
    (&["ResourceInUse", "ResourceInUseException", "ConflictException"], ServiceErrorKind::Exists),
    (&["ResourceNotFound", "ResourceNotFoundException"], ServiceErrorKind::Missing),
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
        ServiceErrorKind::Denied,
    ),
];
/// Codes of requests that may or may not have been carried out.
const SILENCES: [&str; 9] = [
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
/// What a validation error says, in lower case, that is none.
const SAYINGS: [(&[&str], ServiceErrorKind); 3] = [
    (&["requested resource not found", "could not find"], ServiceErrorKind::Missing),
    (
        &[
            "because the training job is in status",
            "because the hyperparameter tuning job is in status",
            // What Terraform's provider goes by.
            "because the hyperparameter tuning job is already in",
        ],
        ServiceErrorKind::NotRunning,
    ),
    (
        // What Terraform's provider asks again for, because permissions take a while to be known.
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
    /// Trouble of this kind.
    pub fn new(kind: ServiceErrorKind, message: impl AsRef<str>) -> Self {
        Self { kind, message: without_secrets(message.as_ref()) }
    }

    /// Trouble that the service names by a code and explains by a message.
    ///
    /// The codes are those that AWS's services have in common, and SageMaker's own. Where the code alone is ambiguous, the message
    /// decides: SageMaker calls a missing training job, and one that cannot be stopped because it has ended, validation errors.
    pub fn of(code: &str, message: &str) -> Self {
        let known = CODES.iter().find(|(codes, _)| codes.contains(&code));
        let kind = match known {
            Some((_, kind)) => *kind,
            None if SILENCES.contains(&code) => ServiceErrorKind::Unreachable,
            None => Self::of_validation(message),
        };
        // What refuses a signature quotes the request that was signed, session token included.
        let text = match kind {
            ServiceErrorKind::Credentials | ServiceErrorKind::Signature => code.to_owned(),
            _ => format!("{code}: {message}"),
        };
        Self::new(kind, text)
    }

    fn of_validation(message: &str) -> ServiceErrorKind {
        let message = message.to_ascii_lowercase();
        let says = |(texts, _): &&(&[&str], _)| texts.iter().any(|text| message.contains(text));
        SAYINGS.iter().find(says).map_or(ServiceErrorKind::Invalid, |(_, kind)| *kind)
    }
}

/// How the names of access keys begin, and how long they are at the least.
const KEYS: [&str; 2] = ["AKIA", "ASIA"];
const KEY_LENGTH: usize = 16;
/// As long as a secret access key; session tokens are longer.
const SECRET_LENGTH: usize = 40;

/// A message without what could be a key or a token.
pub(super) fn without_secrets(message: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
    let is_secret = |word: &str| {
        let has = |kind: fn(&u8) -> bool| word.bytes().any(|byte| kind(&byte));
        let is_mixed =
            has(u8::is_ascii_digit) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
        let is_key = KEYS.iter().any(|key| word.starts_with(key)) && word.len() >= KEY_LENGTH;
        // As in s3://bucket/path, and in paths of files.
        let is_address = word.starts_with("//") || word.starts_with("/opt/");
        is_key || (is_mixed && !is_address && word.len() >= SECRET_LENGTH)
    };
    let mut cleaned = String::with_capacity(message.len());
    let mut rest = message;
    while !rest.is_empty() {
        let (word, after) = rest.split_at(rest.find(|c| !is_part(c)).unwrap_or(rest.len()));
        cleaned.push_str(if is_secret(word) { "[withheld]" } else { word });
        let (between, next) = after.split_at(after.find(is_part).unwrap_or(after.len()));
        cleaned.push_str(between);
        rest = next;
    }
    cleaned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_told_apart_by_code_and_by_what_they_say() {
        use ServiceErrorKind as Kind;

        for (code, message, kind) in [
            ("ThrottlingException", "Rate exceeded", Kind::Throttled),
            ("ResourceLimitExceeded", "The account-level service limit …", Kind::Quota),
            ("ResourceInUse", "Training job names must be unique …", Kind::Exists),
            ("ValidationException", "Requested resource not found.", Kind::Missing),
            ("ResourceNotFound", "Requested resource not found.", Kind::Missing),
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
            ("AccessDeniedException", "User: … is not authorized", Kind::Denied),
            ("InternalFailure", "", Kind::Unreachable),
        ] {
            assert_eq!(ServiceError::of(code, message).kind, kind, "{code}: {message}");
        }
    }

    #[test]
    fn secrets_are_withheld_and_names_are_not() {
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY1";
        let message = format!(
            "AKIAIOSFODNN7EXAMPLE used {secret} for role/StepFunctionsSample-SageM-SageMakerAPIExecutionRol-1MNH1VS5CGGOG"
        );
        let cleaned = ServiceError::new(ServiceErrorKind::Invalid, message).message;
        assert_eq!(
            cleaned,
            "[withheld] used [withheld] for role/StepFunctionsSample-SageM-SageMakerAPIExecutionRol-1MNH1VS5CGGOG"
        );
        let quoted = format!("The canonical string should have been x-amz-security-token:{secret}");
        assert_eq!(
            ServiceError::of("SignatureDoesNotMatch", &quoted).to_string(),
            "the signature was refused: SignatureDoesNotMatch"
        );
    }
}
