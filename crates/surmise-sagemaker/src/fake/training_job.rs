//! A training job: its request, its timeline, its metrics, logs and bill.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::faults::Faults;
use super::instances::Instances;
use super::timeline::{Stage, StageDurations, Timeline, TimelineInputs};
use super::training::{FakeTraining, JobTimes};
use crate::clock::{Clock, EPOCH};
use surmise::pattern::MetricPattern;
use surmise::rng::Rng;

/// The maximum time between SIGTERM and SIGKILL, in seconds.
const GRACE_PERIOD: f64 = 120.0;

/// The service's message while a job waits for spot instances.
const SPOT_WAIT_MESSAGE: &str =
    "Insufficient capacity error from EC2 while launching instances, retrying!";

/// A training job; its times are in seconds.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) name: String,
    pub(super) arn: String,
    request: Value,
    training: FakeTraining,
    pub(super) created: f64,
    timeline: Timeline,
    /// The ARN of the tuning job that created it.
    pub(super) tuning_job: Option<String>,
    /// The share of its time that is not billed, from 0 to 1.
    discount: f64,
    /// True if a restarted job continues its log stream.
    reuses_log_stream: bool,
    /// True if its role may write logs.
    may_write_logs: bool,
    /// True if the job waits for spot instances.
    waits_for_spot: bool,
    /// True if metrics are found only by the expressions of `MetricDefinitions`.
    uses_metric_definitions: bool,
}

/// The parts of a new job.
pub(super) struct NewJob<'a> {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) request: Value,
    pub(super) training: FakeTraining,
    pub(super) now: f64,
    pub(super) times: &'a JobTimes,
    pub(super) faults: &'a Faults,
    pub(super) spot_discount: f64,
}

impl Job {
    pub(super) fn new(new_job: NewJob<'_>, rng: &mut Rng) -> Self {
        let NewJob { name, arn, request, training, now, times, faults, spot_discount } = new_job;
        let mut draw = |mean: Duration| mean.as_secs_f64() * (0.5 + rng.uniform());
        let durations = StageDurations {
            starting: draw(times.starting),
            downloading: draw(times.downloading),
            uploading: draw(times.uploading),
            stopping: draw(times.stopping).min(GRACE_PERIOD),
        };
        let inputs =
            TimelineInputs { now, request: &request, training: &training, durations, faults };
        let timeline = Timeline::new(&inputs, rng);
        let is_spot = request["EnableManagedSpotTraining"] == true;
        Self {
            name,
            arn,
            training,
            created: now,
            timeline,
            tuning_job: None,
            discount: if is_spot { spot_discount } else { 0.0 },
            reuses_log_stream: faults.one_log_stream,
            may_write_logs: !faults.role_denied.iter().any(|action| action.starts_with("logs:")),
            waits_for_spot: is_spot && !faults.spot_wait.is_zero(),
            uses_metric_definitions: faults.metrics_by_expression,
            request,
        }
    }

    fn stage(&self, now: f64) -> Stage {
        self.timeline.stage(now)
    }

    pub(super) fn status(&self, now: f64) -> &'static str {
        self.stage(now).status
    }

    pub(super) fn has_ended(&self, now: f64) -> bool {
        !matches!(self.status(now), "InProgress" | "Stopping")
    }

    /// Returns the time at which the job ends, unless it is stopped.
    pub(super) fn end(&self) -> f64 {
        self.timeline.end()
    }

    /// Stops the job.
    ///
    /// # Errors
    /// The status of a job that has ended.
    pub(super) fn stop(&mut self, now: f64) -> Result<(), &'static str> {
        match self.status(now) {
            "InProgress" => {
                self.timeline.stop(now);
                Ok(())
            }
            "Stopping" => Ok(()),
            ended => Err(ended),
        }
    }

    /// Returns the instances that the job has or waits for.
    pub(super) fn instances(&self) -> Instances {
        Instances::from_request(&self.request, self.timeline.choice)
    }

    /// Returns the billed seconds of each instance; `None` if the job never had instances.
    pub(super) fn billable_seconds(&self) -> Option<u64> {
        let seconds = self.timeline.instance_seconds() * (1.0 - self.discount);
        Some(round_up(seconds)).filter(|seconds| *seconds > 0)
    }

    fn has_checkpoints(&self) -> bool {
        self.request["CheckpointConfig"].is_object()
    }

    /// Returns the values of a metric that a run has reported by `now`, each with its time.
    ///
    /// With checkpoints they include the values of earlier runs.
    fn values_of_run(&self, index: usize, metric: &str, now: f64) -> Vec<(f64, f64)> {
        let Some(run) = self.timeline.runs.get(index) else { return Vec::new() };
        let values = self.training.metrics.iter().find(|(name, _)| name == metric);
        let values = values.map(|(_, values)| values.as_slice()).unwrap_or_default();
        let step = self.training.duration.as_secs_f64() / values.len().max(1) as f64;
        // With checkpoints a run resumes after the training of the earlier runs.
        let trained: f64 = match self.has_checkpoints() {
            true => self.timeline.runs[..index].iter().map(|run| run.end - run.start).sum(),
            false => 0.0,
        };
        let at = |index: usize| run.start - trained + step * (index + 1) as f64;
        let reported = values.iter().enumerate().map(|(index, value)| (at(index), *value));
        // The tolerance keeps the last value, whose time may be rounded to after the end.
        reported.filter(|(time, _)| *time <= now.min(run.end) + 1e-6).collect()
    }

    /// Returns the values of a metric that the last run has reported by `now`, each with its time.
    pub(super) fn reported_values(&self, metric: &str, now: f64) -> Vec<(f64, f64)> {
        if !self.is_matched(metric) {
            return Vec::new();
        }
        let last = self.timeline.runs.iter().rposition(|run| run.start <= now);
        last.map(|index| self.values_of_run(index, metric, now)).unwrap_or_default()
    }

    /// Returns whether the service finds a metric in the job's output: by its regular expression,
    /// or always if definitions do not matter or if there are none.
    fn is_matched(&self, metric: &str) -> bool {
        let definitions = &self.request["AlgorithmSpecification"]["MetricDefinitions"];
        let definitions =
            definitions.as_array().filter(|list| !list.is_empty() && self.uses_metric_definitions);
        let Some(definitions) = definitions else { return true };
        let definition = definitions.iter().find(|definition| definition["Name"] == metric);
        let pattern = definition.and_then(|it| MetricPattern::new(it["Regex"].as_str()?).ok());
        pattern.is_some_and(|pattern| pattern.find(&log_line(0, metric, 0.5)).is_some())
    }

    pub(super) fn metric_names(&self) -> impl Iterator<Item = &str> {
        self.training.metrics.iter().map(|(name, _)| name.as_str())
    }

    /// Returns the log streams by `now`: their names, and their lines with times.
    pub(super) fn streams(&self, now: f64) -> Vec<(String, Vec<(f64, String)>)> {
        let mut streams: Vec<(String, Vec<(f64, String)>)> = Vec::new();
        if !self.may_write_logs {
            return streams;
        }
        let started = self.timeline.runs.iter().enumerate().filter(|(_, run)| run.start <= now);
        for (index, run) in started {
            let mut lines: Vec<(f64, String)> = Vec::new();
            for name in self.metric_names() {
                let values = self.values_of_run(index, name, now).into_iter().enumerate();
                let printed = values.filter(|(_, (time, _))| *time > run.start);
                lines.extend(
                    printed.map(|(step, (time, value))| (time, log_line(step, name, value))),
                );
            }
            lines.sort_by(|a, b| a.0.total_cmp(&b.0));
            match streams.last_mut().filter(|_| self.reuses_log_stream) {
                Some((_, all)) => all.extend(lines),
                None if lines.is_empty() => {}
                None => {
                    let seconds = time(run.start).trunc();
                    streams.push((format!("{}/algo-1-{seconds}", self.name), lines));
                }
            }
        }
        streams
    }

    /// Returns the request that created the job.
    pub(super) fn request(&self) -> &Value {
        &self.request
    }

    /// Returns the last value of a metric, with the 32 bits that the service stores.
    pub(super) fn final_value(&self, metric: &str, now: f64) -> Option<f64> {
        self.reported_values(metric, now).last().map(|(_, value)| to_32_bits(*value))
    }

    /// Returns the resource configuration with the selected instances, once they are launched.
    fn selected_resources(&self, stage: Stage) -> Option<Value> {
        let choice = self.timeline.choice.filter(|_| stage.secondary != "Starting")?;
        let mut resources = self.request["ResourceConfig"].clone();
        let preferred = resources["InstancePreferences"].get(choice)?.clone();
        resources["SelectedInstanceType"] = preferred["InstanceType"].clone();
        resources["SelectedInstanceCount"] = json!(self.instances().count());
        Some(resources)
    }

    /// Returns the `SecondaryStatusTransitions`; all but the last one have an end.
    fn transitions(&self, now: f64) -> Value {
        let stages: Vec<Stage> = self.timeline.stages_until(now).collect();
        let is_waiting = self.timeline.launch_time(now).is_none();
        let transition = |(index, stage): (usize, &Stage)| {
            let message = match stage.secondary {
                "Starting" if self.waits_for_spot && is_waiting => SPOT_WAIT_MESSAGE,
                _ => stage.message(),
            };
            let mut transition = json!({
                "Status": stage.secondary,
                "StartTime": time(stage.start),
                "StatusMessage": message,
            });
            if let Some(next) = stages.get(index + 1) {
                transition["EndTime"] = json!(time(next.start));
            }
            transition
        };
        stages.iter().enumerate().map(transition).collect()
    }

    /// Describes the job, in the form of `DescribeTrainingJob` and `Search`.
    pub(super) fn describe(&self, now: f64, metrics_lag: Duration) -> Value {
        let stage = self.stage(now);
        let has_ended = self.has_ended(now);
        let mut description = Map::new();
        let mut put = |name: &str, value: Value| description.insert(name.to_owned(), value);
        for (name, value) in self.request.as_object().into_iter().flatten() {
            if name != "Tags" {
                put(name, value.clone());
            }
        }
        if let Some(resources) = self.selected_resources(stage) {
            put("ResourceConfig", resources);
        }
        put("TrainingJobName", json!(self.name));
        put("TrainingJobArn", json!(self.arn));
        put("TrainingJobStatus", json!(stage.status));
        put("SecondaryStatus", json!(stage.secondary));
        put("CreationTime", json!(time(self.created)));
        put("LastModifiedTime", json!(time(stage.start)));
        put("SecondaryStatusTransitions", self.transitions(now));
        if let Some((_, name)) = self.tuning_job.as_ref().and_then(|name| name.rsplit_once('/')) {
            put(
                "TuningJobArn",
                json!(self.arn.replace(
                    &format!("training-job/{}", self.name),
                    &format!("hyper-parameter-tuning-job/{name}")
                )),
            );
        }
        if let Some(reason) =
            self.timeline.failure_reason.as_ref().filter(|_| stage.status == "Failed")
        {
            put("FailureReason", json!(reason));
        }
        if let Some(launch_time) = self.timeline.launch_time(now) {
            put("TrainingStartTime", json!(time(launch_time)));
            if has_ended {
                put("TrainingEndTime", json!(time(stage.start)));
            }
        }
        // The service omits times of zero seconds.
        if let Some(billable) = self.billable_seconds().filter(|_| has_ended) {
            let seconds = round_up(self.timeline.instance_seconds());
            put("TrainingTimeInSeconds", json!(seconds));
            put("BillableTimeInSeconds", json!(billable));
        }
        if self.timeline.launch_time(now).is_some() {
            let folder = self.request["OutputDataConfig"]["S3OutputPath"].as_str();
            let folder = folder.unwrap_or_default().trim_end_matches('/');
            let model = format!("{folder}/{}/output/model.tar.gz", self.name);
            put("ModelArtifacts", json!({"S3ModelArtifacts": model}));
        }
        if now >= stage.start + metrics_lag.as_secs_f64() || !has_ended {
            let metrics = self.metric_names().filter_map(|name| {
                let value = self.final_value(name, now)?;
                Some(json!({"MetricName": name, "Value": number(value), "Timestamp": time(now)}))
            });
            put("FinalMetricDataList", metrics.collect());
        }
        Value::Object(description)
    }
}

/// Returns the time from the start of simulated time to the start of a clock, in seconds.
///
/// A simulated clock starts there, a real one starts today.
pub(super) fn offset(clock: &Clock) -> f64 {
    if clock.is_simulated() {
        0.0
    } else {
        clock.unix_seconds() - clock.now().as_secs_f64() - EPOCH
    }
}

/// Converts a time to the service's form: seconds since 1970, in milliseconds.
pub(super) fn time(seconds: f64) -> f64 {
    (EPOCH * 1000.0 + seconds * 1000.0).round() / 1000.0
}

/// Rounds a time up to whole seconds, as it is billed.
///
/// It is rounded to milliseconds before, because sums of times have rounding errors.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "seconds of a training job"
)]
fn round_up(seconds: f64) -> u64 {
    ((seconds * 1000.0).round() / 1000.0).ceil() as u64
}

/// Returns the line of a log with the value of a metric.
fn log_line(step: usize, name: &str, value: f64) -> String {
    format!("[{step}]#011{name}:{value}")
}

/// Rounds a value to 32 bits, and converts its shortest decimal form back.
#[allow(clippy::cast_possible_truncation, reason = "the service stores 32 bits")]
fn to_32_bits(value: f64) -> f64 {
    (value as f32).to_string().parse().unwrap_or(value)
}

/// Converts a number to JSON; numbers that are not finite are strings, as in the service.
pub(super) fn number(value: f64) -> Value {
    match value {
        value if value.is_finite() => json!(value),
        value if value.is_nan() => json!("NaN"),
        value if value > 0.0 => json!("Infinity"),
        _ => json!("-Infinity"),
    }
}

/// Returns the hyperparameters of a request.
pub(super) fn hyperparameters(request: &Value) -> BTreeMap<String, String> {
    let values = request["HyperParameters"].as_object().into_iter().flatten();
    let text = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    values.filter_map(text).collect()
}
