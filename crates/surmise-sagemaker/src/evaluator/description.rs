//! The description of a training job, read from the JSON of `DescribeTrainingJob` and `Search`.

use std::collections::BTreeMap;

use serde_json::Value;

/// A training job as the service describes it.
///
/// Statuses are texts of the service and not enumerations, because AWS adds new ones.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct TrainingJob {
    /// The name of the job.
    pub name: String,
    /// The ARN of the job, which contains its region and its account.
    pub arn: String,
    /// The status: `InProgress`, `Completed`, `Failed`, `Stopping`, `Stopped` or `Deleting`.
    pub status: String,
    /// The secondary status, such as `Starting`, `Downloading`, `Training` or `MaxRuntimeExceeded`.
    pub secondary_status: String,
    /// The reason of a failure.
    pub failure_reason: Option<String>,
    /// The hyperparameters of the job.
    pub hyper_parameters: BTreeMap<String, String>,
    /// The last value of each metric.
    pub final_metrics: Vec<(String, f64)>,
    /// The billed seconds of each instance; known after the end of the job.
    pub billable_seconds: Option<u64>,
    /// The used seconds of each instance; more than the billed ones for spot instances.
    pub training_seconds: Option<u64>,
    /// The number of instances, summed over all instance groups.
    pub instances: Option<u32>,
    /// The types of the instances, each with its number.
    pub instance_types: Vec<(String, u32)>,
    /// Whether the job uses spot instances.
    pub is_spot: bool,
    /// The time of the creation, in seconds since 1970.
    pub created_at: Option<f64>,
    /// Whether the job was waiting for instances when it ended: for the first time, or after an
    /// interruption.
    pub was_waiting_at_end: bool,
    /// Whether the request has a limit for waiting for instances (`MaxPendingTimeInSeconds`).
    pub has_max_pending_time: bool,
    /// The time at which the job got its instances, in seconds since 1970.
    pub started_at: Option<f64>,
    /// Whether the description has the stages of the job (`SecondaryStatusTransitions`).
    pub are_stages_known: bool,
    /// The times at which training started, in seconds since 1970: one more after each restart.
    pub training_starts: Vec<f64>,
    /// The ARN of the tuning job that created the job, if SageMaker's own tuner did.
    pub tuning_job_arn: Option<String>,
    /// The S3 URI of the model.
    pub model: Option<String>,
    /// The whole description as JSON. The evaluator drops it after the comparison with the request.
    pub description: Value,
}

impl TrainingJob {
    /// Returns a training job of which only the name and the statuses are known.
    pub fn new(name: impl Into<String>, status: &str, secondary_status: &str) -> Self {
        Self {
            name: name.into(),
            status: status.to_owned(),
            secondary_status: secondary_status.to_owned(),
            ..Self::default()
        }
    }

    /// Reads the response of `DescribeTrainingJob`, or the `TrainingJob` of a result of `Search`.
    /// Missing members count as unknown.
    pub fn from_description(description: Value) -> Self {
        let text = |name: &str| description[name].as_str().map(str::to_owned);
        let list = |name: &str| description[name].as_array().map(Vec::as_slice).unwrap_or_default();
        let hyper_parameters = description["HyperParameters"].as_object().into_iter().flatten();
        let hyper_parameters = hyper_parameters
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
        let final_metrics = list("FinalMetricDataList").iter().filter_map(|metric| {
            Some((metric["MetricName"].as_str()?.to_owned(), shortest(number(&metric["Value"])?)))
        });
        let trainings = list("SecondaryStatusTransitions").iter();
        let trainings = trainings.filter(|transition| transition["Status"] == "Training");
        let instance_types = instance_types(&description["ResourceConfig"]);
        let instances = instance_types.iter().map(|(_, count)| *count).sum();
        Self {
            name: text("TrainingJobName").unwrap_or_default(),
            arn: text("TrainingJobArn").unwrap_or_default(),
            status: text("TrainingJobStatus").unwrap_or_default(),
            secondary_status: text("SecondaryStatus").unwrap_or_default(),
            failure_reason: text("FailureReason"),
            hyper_parameters: hyper_parameters.collect(),
            final_metrics: final_metrics.collect(),
            billable_seconds: description["BillableTimeInSeconds"].as_u64(),
            training_seconds: description["TrainingTimeInSeconds"].as_u64(),
            instances: Some(instances).filter(|count| *count > 0),
            instance_types,
            is_spot: description["EnableManagedSpotTraining"] == true,
            created_at: description["CreationTime"].as_f64(),
            was_waiting_at_end: is_waiting_at_end(list("SecondaryStatusTransitions")),
            has_max_pending_time: !description["StoppingCondition"]["MaxPendingTimeInSeconds"]
                .is_null(),
            started_at: description["TrainingStartTime"].as_f64(),
            are_stages_known: !list("SecondaryStatusTransitions").is_empty(),
            training_starts: trainings.filter_map(|it| it["StartTime"].as_f64()).collect(),
            tuning_job_arn: text("TuningJobArn"),
            model: description["ModelArtifacts"]["S3ModelArtifacts"].as_str().map(str::to_owned),
            description,
        }
    }

    /// Returns whether the status is final.
    pub fn has_ended(&self) -> bool {
        matches!(self.status.as_str(), "Completed" | "Failed" | "Stopped" | "Deleting")
    }

    /// Returns the last value of a metric, if the service has one.
    pub fn final_metric(&self, name: &str) -> Option<f64> {
        self.final_metrics.iter().rev().find(|(metric, _)| metric == name).map(|(_, value)| *value)
    }

    /// Returns the billed seconds, summed over all instances.
    pub fn billable_instance_seconds(&self) -> Option<u64> {
        Some(self.billable_seconds? * u64::from(self.instances.unwrap_or(1).max(1)))
    }

    /// Returns whether the job has ended without ever having had instances.
    pub fn never_ran(&self) -> bool {
        self.has_ended()
            && self.final_metrics.is_empty()
            && self.started_at.is_none()
            && self.billable_seconds.unwrap_or(0) == 0
            && self.training_seconds.unwrap_or(0) == 0
    }
}

/// Returns whether the last stage before the final ones is one without instances.
fn is_waiting_at_end(stages: &[Value]) -> bool {
    let ends = ["Stopping", "Uploading", "Stopped", "MaxWaitTimeExceeded", "MaxRuntimeExceeded"];
    let mut stages = stages.iter().rev().filter_map(|stage| stage["Status"].as_str());
    let last = stages.find(|status| !ends.contains(status));
    last.is_some_and(|status| {
        ["Starting", "Pending", "Interrupted", "Restarting"].contains(&status)
    })
}

/// Returns the types and numbers of a job's instances: those selected among several options, or
/// those of all instance groups.
fn instance_types(resources: &Value) -> Vec<(String, u32)> {
    let entry = |kind: &Value, count: &Value| {
        let count = count.as_u64().and_then(|count| u32::try_from(count).ok());
        (kind.as_str().unwrap_or_default().to_owned(), count.unwrap_or(1))
    };
    if let Some(groups) = resources["InstanceGroups"].as_array().filter(|it| !it.is_empty()) {
        return groups.iter().map(|it| entry(&it["InstanceType"], &it["InstanceCount"])).collect();
    }
    let selected = |name: &str, default: &str| match &resources[name] {
        Value::Null => resources[default].clone(),
        selected => selected.clone(),
    };
    let kind = selected("SelectedInstanceType", "InstanceType");
    let count = selected("SelectedInstanceCount", "InstanceCount");
    if kind.is_null() && count.is_null() { Vec::new() } else { vec![entry(&kind, &count)] }
}

/// Reads a number, or one of the words `NaN`, `Infinity` and `-Infinity` of the AWS protocol.
fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

/// Converts a 32-bit number to the shortest decimal number: 0.1, not 0.10000000149.
#[allow(clippy::cast_possible_truncation, reason = "the service keeps 32 bits")]
fn shortest(number: f64) -> f64 {
    (number as f32).to_string().parse().unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn instances_of_all_groups_are_counted() {
        let instance_count = |resources: Value| {
            TrainingJob::from_description(json!({"ResourceConfig": resources})).instances
        };
        let groups = json!({"InstanceGroups": [
            {"InstanceGroupName": "a", "InstanceType": "ml.m5.xlarge", "InstanceCount": 2},
            {"InstanceGroupName": "b", "InstanceType": "ml.g5.xlarge", "InstanceCount": 3}]});
        assert_eq!(instance_count(groups), Some(5));
        let single = json!({"InstanceType": "ml.m5.xlarge", "InstanceCount": 2});
        assert_eq!(instance_count(single), Some(2));
        let selected = json!({"InstanceCount": 2, "SelectedInstanceType": "ml.m5.xlarge",
            "SelectedInstanceCount": 4});
        assert_eq!(instance_count(selected), Some(4));
        assert_eq!(instance_count(Value::Null), None);
    }

    #[test]
    fn metrics_are_read_as_shortest_decimal_numbers() {
        let metrics = json!([
            {"MetricName": "loss", "Value": f64::from(0.1_f32)},
            {"MetricName": "auc", "Value": "NaN"}]);
        let job = TrainingJob::from_description(json!({"FinalMetricDataList": metrics}));
        assert_eq!(job.final_metric("loss"), Some(0.1));
        assert!(job.final_metric("auc").is_some_and(f64::is_nan));
    }
}
