//! What the service says of a training job, read from the JSON of `DescribeTrainingJob` and `Search`.

use std::collections::BTreeMap;

use serde_json::Value;

/// A training job as the service describes it. Statuses are the service's own words, because new ones are added.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct TrainingJob {
    /// Its name.
    pub name: String,
    /// Its ARN, which names region and account.
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
    /// Seconds for which each of its instances is billed; known when it has ended.
    pub billable_seconds: Option<u64>,
    /// Seconds for which each of its instances was used; more than is billed for spot instances.
    pub training_seconds: Option<u64>,
    /// Number of its instances, those of all instance groups together.
    pub instances: Option<u32>,
    /// The types of its instances, and how many of each.
    pub instance_types: Vec<(String, u32)>,
    /// Whether it runs on spot instances.
    pub is_spot: bool,
    /// When it was created, in seconds since 1970.
    pub created_at: Option<f64>,
    /// Whether it waited for instances when it ended, for the first time or after an interruption.
    pub waited_at_end: bool,
    /// Whether the service stops it when it has waited for too long (`MaxPendingTimeInSeconds`).
    pub may_wait_in_vain: bool,
    /// When it had its instances, in seconds since 1970.
    pub started_at: Option<f64>,
    /// Whether its stages are known.
    pub has_stages: bool,
    /// When it began to train, in seconds since 1970: once more after each restart.
    pub trained_since: Vec<f64>,
    /// The ARN of the tuning job of SageMaker's own tuner that made it.
    pub tuning_job_arn: Option<String>,
    /// The S3 address of its model.
    pub model: Option<String>,
    /// All that the service says of it, as long as that is needed.
    pub description: Value,
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

    /// Reads a description: the answer of `DescribeTrainingJob`, or the `TrainingJob` of a result of `Search`. What is missing in it is
    /// taken for unknown.
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
            waited_at_end: waits(list("SecondaryStatusTransitions")),
            may_wait_in_vain: !description["StoppingCondition"]["MaxPendingTimeInSeconds"]
                .is_null(),
            started_at: description["TrainingStartTime"].as_f64(),
            has_stages: !list("SecondaryStatusTransitions").is_empty(),
            trained_since: trainings.filter_map(|it| it["StartTime"].as_f64()).collect(),
            tuning_job_arn: text("TuningJobArn"),
            model: description["ModelArtifacts"]["S3ModelArtifacts"].as_str().map(str::to_owned),
            description,
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

    /// What it is billed for: seconds of one instance.
    pub fn billable_instance_seconds(&self) -> Option<u64> {
        Some(self.billable_seconds? * u64::from(self.instances.unwrap_or(1).max(1)))
    }

    /// Whether it has ended without ever having had instances.
    pub fn never_ran(&self) -> bool {
        self.has_ended()
            && self.final_metrics.is_empty()
            && self.started_at.is_none()
            && self.billable_seconds.unwrap_or(0) == 0
            && self.training_seconds.unwrap_or(0) == 0
    }
}

/// Whether the last stage, apart from the end, is one without instances.
fn waits(stages: &[Value]) -> bool {
    let ends = ["Stopping", "Uploading", "Stopped", "MaxWaitTimeExceeded", "MaxRuntimeExceeded"];
    let mut stages = stages.iter().rev().filter_map(|stage| stage["Status"].as_str());
    let last = stages.find(|status| !ends.contains(status));
    last.is_some_and(|status| {
        ["Starting", "Pending", "Interrupted", "Restarting"].contains(&status)
    })
}

/// The instances of a job: of several that would do those that were taken, of groups all.
fn instance_types(resources: &Value) -> Vec<(String, u32)> {
    let of = |kind: &Value, count: &Value| {
        let count = count.as_u64().and_then(|count| u32::try_from(count).ok());
        (kind.as_str().unwrap_or_default().to_owned(), count.unwrap_or(1))
    };
    if let Some(groups) = resources["InstanceGroups"].as_array().filter(|it| !it.is_empty()) {
        return groups.iter().map(|it| of(&it["InstanceType"], &it["InstanceCount"])).collect();
    }
    let selected = |name: &str, general: &str| match &resources[name] {
        Value::Null => resources[general].clone(),
        selected => selected.clone(),
    };
    let kind = selected("SelectedInstanceType", "InstanceType");
    let count = selected("SelectedInstanceCount", "InstanceCount");
    if kind.is_null() && count.is_null() { Vec::new() } else { vec![of(&kind, &count)] }
}

/// A number, or the word that the service's protocol has where JSON has none.
fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

/// A number of 32 bits as the decimal number that was meant: 0.1, not 0.10000000149.
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
        let of = |resources: Value| {
            TrainingJob::from_description(json!({"ResourceConfig": resources})).instances
        };
        let groups = json!({"InstanceGroups": [
            {"InstanceGroupName": "a", "InstanceType": "ml.m5.xlarge", "InstanceCount": 2},
            {"InstanceGroupName": "b", "InstanceType": "ml.g5.xlarge", "InstanceCount": 3}]});
        assert_eq!(of(groups), Some(5));
        assert_eq!(of(json!({"InstanceType": "ml.m5.xlarge", "InstanceCount": 2})), Some(2));
        let preferred = json!({"InstanceCount": 2, "SelectedInstanceType": "ml.m5.xlarge", "SelectedInstanceCount": 4});
        assert_eq!(of(preferred), Some(4));
        assert_eq!(of(Value::Null), None);
    }

    #[test]
    fn numbers_of_32_bits_are_those_that_were_meant() {
        let metrics = json!([
            {"MetricName": "loss", "Value": f64::from(0.1_f32)}, {"MetricName": "bad", "Value": "NaN"}]);
        let job = TrainingJob::from_description(json!({"FinalMetricDataList": metrics}));
        assert_eq!(job.final_metric("loss"), Some(0.1));
        assert!(job.final_metric("bad").is_some_and(f64::is_nan));
    }
}
