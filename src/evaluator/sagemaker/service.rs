//! The seam between the evaluator and SageMaker: what it asks, what it is answered, and what can go wrong.

use std::collections::BTreeMap;
use std::fmt;

use crate::sagemaker::{CreateTrainingJobRequest, MetricPattern};

/// What an evaluator asks of SageMaker. Each call is one request over the network: nothing is tried again, nothing waits; that is the
/// evaluator's part, which knows what else is to be asked.
pub trait TrainingService: fmt::Debug + Send {
    /// `CreateTrainingJob`.
    ///
    /// # Errors
    /// [`ServiceErrorKind::Exists`] if there is a training job of that name.
    fn create(&mut self, request: &CreateTrainingJobRequest) -> Result<(), ServiceError>;

    /// `DescribeTrainingJob`.
    ///
    /// # Errors
    /// [`ServiceErrorKind::Missing`] if there is no training job of that name.
    fn describe(&mut self, name: &str) -> Result<TrainingJob, ServiceError>;

    /// `Search` for training jobs. What it finds may be seconds old, and what has just been created may be missing.
    ///
    /// # Errors
    /// If the service cannot answer.
    fn search(&mut self, filter: &JobFilter<'_>) -> Result<FoundJobs, ServiceError>;

    /// `StopTrainingJob`.
    ///
    /// # Errors
    /// [`ServiceErrorKind::NotRunning`] if it has ended, [`ServiceErrorKind::Missing`] if there is none.
    fn stop(&mut self, name: &str) -> Result<(), ServiceError>;

    /// What a training job has reported since this was asked last; from the beginning, the first time.
    ///
    /// # Errors
    /// If the service cannot answer.
    fn reports(
        &mut self,
        job: &TrainingJob,
        source: &TrainingReports,
    ) -> Result<Vec<TrainingReport>, ServiceError> {
        let _ = (job, source);
        Ok(Vec::new())
    }
}

/// Which training jobs are searched.
#[derive(Debug, Clone, Copy)]
pub enum JobFilter<'a> {
    /// Those of these names, at most [twenty](JobFilter::MOST_NAMES).
    Names(&'a [&'a str]),
    /// Those whose names begin so, from this page on.
    Begins {
        /// With what.
        with: &'a str,
        /// What [`FoundJobs::next_page`] said, if this is not the first page.
        page: Option<&'a str>,
    },
}

impl JobFilter<'_> {
    /// What the service allows in one question.
    pub const MOST_NAMES: usize = 20;
}

/// What a search found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FoundJobs {
    /// The training jobs.
    pub jobs: Vec<TrainingJob>,
    /// Where it goes on, if there are more.
    pub next_page: Option<String>,
}

/// Where intermediate values of the metric come from.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum TrainingReports {
    /// From nowhere. That costs nothing; early stopping needs them.
    #[default]
    None,
    /// From SageMaker's metrics service (`BatchGetMetrics`), by the metric's name and the number of the iteration.
    Metrics(String),
    /// From CloudWatch's logs: each value that the expression finds, counted from 1. For the SDK's service that is the feature
    /// `sagemaker-logs`.
    Logs(MetricPattern),
}

/// An intermediate value of the metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrainingReport {
    /// Epoch, round or whatever the job counts, if that is known.
    pub step: Option<u64>,
    /// The metric then.
    pub value: f64,
}

/// What SageMaker says of a training job. The words for statuses are its own, because new ones are added.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct TrainingJob {
    /// Its name.
    pub name: String,
    /// Its address.
    pub arn: String,
    /// `InProgress`, `Completed`, `Failed`, `Stopping`, `Stopped`, `Deleting`.
    pub status: String,
    /// `Starting`, `Downloading`, `Training`, `MaxRuntimeExceeded`, …
    pub secondary_status: String,
    /// Why it failed.
    pub failure_reason: Option<String>,
    /// Its hyperparameters.
    pub hyper_parameters: BTreeMap<String, String>,
    /// The last values of its metrics.
    pub final_metrics: Vec<(String, f64)>,
    /// Seconds for which each of its machines is billed; known when it has ended.
    pub billable_seconds: Option<u64>,
    /// How many machines it has.
    pub instances: Option<u32>,
    /// Where its model is when it has completed.
    pub model: Option<String>,
}

impl TrainingJob {
    /// A training job of which nothing else is known.
    pub fn new(name: impl Into<String>, status: &str, secondary_status: &str) -> Self {
        Self {
            name: name.into(),
            status: status.to_owned(),
            secondary_status: secondary_status.to_owned(),
            ..Self::default()
        }
    }

    /// Whether nothing will happen to it any more.
    pub fn has_ended(&self) -> bool {
        matches!(self.status.as_str(), "Completed" | "Failed" | "Stopped" | "Deleting")
    }

    /// The last value of a metric.
    pub fn final_metric(&self, name: &str) -> Option<f64> {
        self.final_metrics.iter().rev().find(|(own, _)| own == name).map(|(_, value)| *value)
    }

    /// What it is billed for: seconds of one machine.
    pub fn billable_instance_seconds(&self) -> Option<u64> {
        Some(self.billable_seconds? * u64::from(self.instances.unwrap_or(1).max(1)))
    }
}

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
            Self::Denied => "not allowed",
            Self::NotReady => "not ready yet",
            Self::Invalid => "the request was refused",
            Self::Unreachable => "no answer",
        })
    }
}

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
        let says = |text: &str| message.to_ascii_lowercase().contains(text);
        let kind = match code {
            "ThrottlingException"
            | "Throttling"
            | "ThrottledException"
            | "TooManyRequestsException"
            | "RequestLimitExceeded"
            | "RequestThrottled"
            | "RequestThrottledException"
            | "SlowDown"
            | "PriorRequestNotComplete"
            | "BandwidthLimitExceeded" => ServiceErrorKind::Throttled,
            "ResourceLimitExceeded" | "LimitExceededException" => ServiceErrorKind::Quota,
            "ResourceInUse" | "ResourceInUseException" | "ConflictException" => {
                ServiceErrorKind::Exists
            }
            "ResourceNotFound" | "ResourceNotFoundException" => ServiceErrorKind::Missing,
            "ExpiredToken"
            | "ExpiredTokenException"
            | "RequestExpired"
            | "InvalidClientTokenId"
            | "UnrecognizedClientException"
            | "InvalidSignatureException"
            | "SignatureDoesNotMatch"
            | "IncompleteSignature"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException"
            | "AuthFailure" => ServiceErrorKind::Credentials,
            "AccessDenied" | "AccessDeniedException" | "NotAuthorized" | "OptInRequired" => {
                ServiceErrorKind::Denied
            }
            "ValidationException" | "ValidationError" => match () {
                () if says("requested resource not found") || says("could not find") => {
                    ServiceErrorKind::Missing
                }
                () if says("because the training job is in status")
                    || says("because the hyperparameter tuning job is in status") =>
                {
                    ServiceErrorKind::NotRunning
                }
                () if says("could not assume role")
                    || says("no identity-based policy allows the s3:listbucket") =>
                {
                    ServiceErrorKind::NotReady
                }
                () if says("security token") && says("expired") => ServiceErrorKind::Credentials,
                () if says("already exists") => ServiceErrorKind::Exists,
                () => ServiceErrorKind::Invalid,
            },
            "InternalFailure"
            | "InternalServerError"
            | "InternalServerException"
            | "InternalServiceException"
            | "ServiceUnavailable"
            | "ServiceUnavailableException"
            | "RequestTimeout"
            | "RequestTimeoutException" => ServiceErrorKind::Unreachable,
            _ => ServiceErrorKind::Invalid,
        };
        // What refuses a signature quotes the request that was signed, session token included.
        let text = match kind {
            ServiceErrorKind::Credentials => code.to_owned(),
            _ => format!("{code}: {message}"),
        };
        Self::new(kind, text)
    }
}

/// How the names of access keys begin, and how long they are at the least.
const KEYS: [&str; 2] = ["AKIA", "ASIA"];
const KEY_LENGTH: usize = 16;
/// As long as a secret access key; session tokens are longer.
const SECRET_LENGTH: usize = 40;

/// A message without what could be a key or a token.
fn without_secrets(message: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
    let is_secret = |word: &str| {
        let has = |kind: fn(&u8) -> bool| word.bytes().any(|byte| kind(&byte));
        let is_mixed =
            has(u8::is_ascii_digit) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
        let is_key = KEYS.iter().any(|key| word.starts_with(key)) && word.len() >= KEY_LENGTH;
        is_key || (is_mixed && word.len() >= SECRET_LENGTH)
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
            ("ValidationException", "1 validation error detected: …", Kind::Invalid),
            ("ExpiredTokenException", "The security token … is expired", Kind::Credentials),
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
            "no valid credentials: SignatureDoesNotMatch"
        );
    }
}
