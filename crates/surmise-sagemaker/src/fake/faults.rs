//! Faults of the fake service and of its training jobs.

use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;

use serde_json::Value;

/// Faults of the fake service and of its training jobs; by default there are none.
///
/// Shares are probabilities from 0 to 1. Some fields choose between two possible behaviors of the
/// service, where AWS documents neither: see `docs/fake.md`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Faults {
    /// The share of requests that are throttled.
    pub throttled: f64,
    /// The share of requests that are executed, but whose reply is lost.
    pub lost_replies: f64,
    /// The share of requests that are lost before they are executed.
    pub lost_requests: f64,
    /// The share of requests that fail by an internal error of the service.
    pub internal_errors: f64,
    /// The times during which no request gets a reply.
    pub outages: Vec<Range<Duration>>,
    /// The times during which credentials are refused as expired.
    ///
    /// The message of the refusal quotes the credentials, as the service's does.
    pub expired: Vec<Range<Duration>>,
    /// How many seconds the service's clock is ahead of this machine's.
    ///
    /// Requests whose signature differs by more than five minutes are refused.
    pub clock_skew: i64,
    /// The operations, such as `Search`, or actions, such as `iam:PassRole`, that are denied to the
    /// caller.
    pub denied: BTreeSet<String>,
    /// The actions, such as `s3:PutObject`, that are denied to the role of training jobs.
    pub role_denied: BTreeSet<String>,
    /// The operations that never get a reply.
    pub silent: BTreeSet<String>,
    /// Whether the quotas are checked before the name of a new training job.
    pub quota_before_name: bool,
    /// The time for which other operations do not find a new training job.
    pub creation_lag: Duration,
    /// The time before which a role cannot be assumed.
    pub role_unknown_until: Duration,
    /// Whether `_tuning_objective_metric` is refused for algorithm resources that do not name it.
    pub refuses_objective_hyperparameter: bool,
    /// The message to a request that stops an ended training job, instead of the default one.
    pub stop_refusal: Option<String>,
    /// The instance types without capacity.
    pub no_capacity: BTreeSet<String>,
    /// The instance types that training jobs do not support.
    pub unsupported: BTreeSet<String>,
    /// The instance types that the region does not have.
    pub not_in_region: BTreeSet<String>,
    /// The time that a job waits for spot instances, each time.
    pub spot_wait: Duration,
    /// The share of spot training jobs that are interrupted once.
    pub interrupted: f64,
    /// The share of runs of training jobs that fail by an error of the service.
    pub failed_by_service: f64,
    /// The time by which results of `Search` are out of date.
    pub search_lag: Duration,
    /// The time after the end of a training job for which its metrics are missing.
    pub metrics_lag: Duration,
    /// Whether metrics are extracted from the output by the expressions of `MetricDefinitions`.
    ///
    /// Otherwise all metrics are found, even without a definition.
    pub metrics_by_expression: bool,
    /// Whether final metrics of tuning jobs have a `Type`.
    pub metric_type: bool,
    /// The maximum number of values in one response of the metrics service.
    ///
    /// With more values the response is `Truncated`.
    pub max_metric_values: Option<usize>,
    /// The message with which the metrics service refuses each query as `ValidationError`.
    pub metrics_refusal: Option<String>,
    /// The share of queries that the metrics service answers by `InternalError`.
    pub metric_errors: f64,
    /// The time after which a page token of a log is invalid.
    pub log_token_lifetime: Option<Duration>,
    /// Whether a restarted training job continues its log stream, instead of a new one.
    pub one_log_stream: bool,
}

impl Faults {
    /// Returns whether an action is denied to the caller.
    pub(super) fn denies(&self, service: &str, operation: &str) -> bool {
        self.denied.contains(operation) || self.denied.contains(&format!("{service}:{operation}"))
    }

    fn role_lacks(&self, actions: &[&'static str]) -> Option<&'static str> {
        actions.iter().find(|action| self.role_denied.contains(**action)).copied()
    }

    /// Returns the failure reason if the role may not pull the image.
    pub(super) fn image_refusal(&self, request: &Value) -> Option<String> {
        let image = request["AlgorithmSpecification"]["TrainingImage"].as_str()?;
        let action = self.role_lacks(&[
            "ecr:GetAuthorizationToken",
            "ecr:BatchCheckLayerAvailability",
            "ecr:GetDownloadUrlForLayer",
            "ecr:BatchGetImage",
        ])?;
        let role = request["RoleArn"].as_str().unwrap_or_default();
        Some(format!(
            "ClientError: Cannot pull algorithm container {image}: the role {role} is not \
             authorized to perform: {action}"
        ))
    }

    /// Returns the failure reason if the role may not read the data.
    pub(super) fn data_refusal(&self, request: &Value) -> Option<String> {
        let channels = request["InputDataConfig"].as_array()?;
        let action = self.role_lacks(&["s3:ListBucket", "s3:GetObject"])?;
        let uri = channels.first().map(|channel| &channel["DataSource"]["S3DataSource"]["S3Uri"]);
        let uri = uri.and_then(Value::as_str).unwrap_or_default();
        Some(format!(
            "ClientError: Data download failed:Access denied to {uri}: not authorized to perform: \
             {action}"
        ))
    }

    /// Returns the failure reason if the role may not store the model.
    pub(super) fn upload_refusal(&self, request: &Value) -> Option<String> {
        let output = &request["OutputDataConfig"];
        let has_key = output["KmsKeyId"].as_str().is_some_and(|key| !key.is_empty());
        let keys: &[&'static str] =
            if has_key { &["kms:GenerateDataKey", "kms:Decrypt", "kms:Encrypt"] } else { &[] };
        let action = self.role_lacks(&["s3:PutObject"]).or_else(|| self.role_lacks(keys))?;
        let uri = output["S3OutputPath"].as_str().unwrap_or_default();
        Some(format!(
            "ClientError: Artifact upload failed:Access denied to {uri}: not authorized to \
             perform: {action}"
        ))
    }
}
