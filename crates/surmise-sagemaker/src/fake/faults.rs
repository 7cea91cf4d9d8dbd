//! What goes wrong.

use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;

use serde_json::Value;

/// What goes wrong with requests and with training jobs. Shares are from 0 to 1.
///
/// Where it is not known what the service does, a fault chooses: see `docs/fake.md`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Faults {
    /// The share of requests that are throttled.
    pub throttled: f64,
    /// The share of requests that are carried out, but whose reply is lost.
    pub lost_replies: f64,
    /// The share of requests that are lost before they are carried out.
    pub lost_requests: f64,
    /// The share of requests that come to nothing by an error of the service.
    pub internal_errors: f64,
    /// When nothing answers at all.
    pub outages: Vec<Range<Duration>>,
    /// When credentials are taken for expired; what refuses them quotes them.
    pub expired: Vec<Range<Duration>>,
    /// By how many seconds the service's time is ahead of this machine's. A request that is signed more than five minutes off is refused.
    pub clock_skew: i64,
    /// What the caller may not do: operations such as `Search`, or actions of a policy such as `iam:PassRole`.
    pub denied: BTreeSet<String>,
    /// Actions of a policy, such as `s3:PutObject`, that the role of training jobs may not do.
    pub role_denied: BTreeSet<String>,
    /// Operations that are never answered.
    pub silent: BTreeSet<String>,
    /// Whether a creation is refused for a quota before anyone looks whether the name is taken.
    pub quota_before_name: bool,
    /// For how long a new training job is not known to other operations.
    pub creation_lag: Duration,
    /// Until when a role is not known yet.
    pub role_unknown_until: Duration,
    /// Whether a training job of an algorithm resource is refused for `_tuning_objective_metric`, which the resource does not name.
    pub refuses_objective_hyperparameter: bool,
    /// What is said to whoever stops a training job that has ended, instead of the usual sentence.
    pub stop_refusal: Option<String>,
    /// Instance types of which there are none.
    pub no_capacity: BTreeSet<String>,
    /// Instance types that training jobs cannot have.
    pub unsupported: BTreeSet<String>,
    /// Instance types that the region does not have.
    pub not_in_region: BTreeSet<String>,
    /// For how long spot instances are waited for, each time.
    pub spot_waits: Duration,
    /// The share of training jobs on spot instances that are interrupted once.
    pub interrupted: f64,
    /// The share of runs of training jobs that fail by an error of the service.
    pub failed_by_service: f64,
    /// By how much searches are behind.
    pub search_lag: Duration,
    /// For how long after the end of a training job its metrics are missing.
    pub metrics_lag: Duration,
    /// Whether metrics are found by the expressions of `MetricDefinitions` in what a training job prints; else all are, whatever is printed.
    pub metrics_by_expression: bool,
    /// Whether final metrics of tuning jobs have a `Type`.
    pub metric_type: bool,
    /// More values than this the metrics service does not give at once: it says `Truncated` then.
    pub most_metric_values: Option<usize>,
    /// Why the metrics service refuses all queries, within an answer: `ValidationError`.
    pub metrics_refusal: Option<String>,
    /// The share of queries that the metrics service answers by `InternalError`.
    pub metric_errors: f64,
    /// After how long the token of a page of a log is not valid any more.
    pub log_token_life: Option<Duration>,
    /// Whether a training job that is begun anew prints into the stream of before; else into another one.
    pub one_log_stream: bool,
}

impl Faults {
    /// Whether the caller may not do this.
    pub(super) fn denies(&self, service: &str, operation: &str) -> bool {
        self.denied.contains(operation) || self.denied.contains(&format!("{service}:{operation}"))
    }

    fn role_lacks(&self, actions: &[&'static str]) -> Option<&'static str> {
        actions.iter().find(|action| self.role_denied.contains(**action)).copied()
    }

    /// Why a training job's image cannot be pulled by its role.
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
            "ClientError: Cannot pull algorithm container {image}: the role {role} is not authorized to perform: {action}"
        ))
    }

    /// Why a training job's data cannot be fetched by its role.
    pub(super) fn data_refusal(&self, request: &Value) -> Option<String> {
        let channels = request["InputDataConfig"].as_array()?;
        let action = self.role_lacks(&["s3:ListBucket", "s3:GetObject"])?;
        let place = channels.first().map(|channel| &channel["DataSource"]["S3DataSource"]["S3Uri"]);
        let place = place.and_then(Value::as_str).unwrap_or_default();
        Some(format!(
            "ClientError: Data download failed:Access denied to {place}: not authorized to perform: {action}"
        ))
    }

    /// Why a training job's model cannot be put away by its role.
    pub(super) fn upload_refusal(&self, request: &Value) -> Option<String> {
        let output = &request["OutputDataConfig"];
        let has_key = output["KmsKeyId"].as_str().is_some_and(|key| !key.is_empty());
        let keys: &[&'static str] =
            if has_key { &["kms:GenerateDataKey", "kms:Decrypt", "kms:Encrypt"] } else { &[] };
        let action = self.role_lacks(&["s3:PutObject"]).or_else(|| self.role_lacks(keys))?;
        let place = output["S3OutputPath"].as_str().unwrap_or_default();
        Some(format!(
            "ClientError: Artifact upload failed:Access denied to {place}: not authorized to perform: {action}"
        ))
    }
}
