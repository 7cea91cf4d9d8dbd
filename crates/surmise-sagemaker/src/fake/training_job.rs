//! A training job: what it was asked for, what it tells, and what it is billed for.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::faults::Faults;
use super::machines::Machines;
use super::timeline::{Lengths, Plan, Stage, Timeline};
use super::training::{FakeTraining, JobTimes};
use crate::clock::{Clock, EPOCH};
use surmise::pattern::MetricPattern;
use surmise::rng::Rng;

/// The longest that a container has between SIGTERM and SIGKILL.
const GRACE: f64 = 120.0;

/// What is said while spot instances are waited for.
const NO_SPOT: &str = "Insufficient capacity error from EC2 while launching instances, retrying!";

/// A training job, with times in seconds.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) name: String,
    pub(super) arn: String,
    request: Value,
    training: FakeTraining,
    pub(super) created: f64,
    timeline: Timeline,
    /// The tuning job that made it.
    pub(super) tuning_job: Option<String>,
    /// What is off the price of its machines, from 0 to 1.
    discount: f64,
    /// Whether what it prints after a restart goes into the stream of before.
    has_one_stream: bool,
    /// Whether it may write logs.
    has_logs: bool,
    /// Whether spot instances have to be waited for.
    waits_for_spot: bool,
    /// Whether its metrics are found by expressions in what it prints.
    has_expressions: bool,
}

/// What a new job is made of.
pub(super) struct Birth<'a> {
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
    pub(super) fn new(birth: Birth<'_>, rng: &mut Rng) -> Self {
        let Birth { name, arn, request, training, now, times, faults, spot_discount } = birth;
        let mut draw = |mean: Duration| mean.as_secs_f64() * (0.5 + rng.uniform());
        let lengths = Lengths {
            starting: draw(times.starting),
            downloading: draw(times.downloading),
            uploading: draw(times.uploading),
            stopping: draw(times.stopping).min(GRACE),
        };
        let plan = Plan { now, request: &request, training: &training, lengths, faults };
        let timeline = Timeline::new(&plan, rng);
        let is_spot = request["EnableManagedSpotTraining"] == true;
        Self {
            name,
            arn,
            training,
            created: now,
            timeline,
            tuning_job: None,
            discount: if is_spot { spot_discount } else { 0.0 },
            has_one_stream: faults.one_log_stream,
            has_logs: !faults.role_denied.iter().any(|action| action.starts_with("logs:")),
            waits_for_spot: is_spot && !faults.spot_waits.is_zero(),
            has_expressions: faults.metrics_by_expression,
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

    /// When it ends, if nobody stops it.
    pub(super) fn end(&self) -> f64 {
        self.timeline.end()
    }

    /// Stops it; says its status if it has ended.
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

    /// The machines that it has, or waits for.
    pub(super) fn machines(&self) -> Machines {
        Machines::of(&self.request, self.timeline.choice)
    }

    /// Seconds for which each of its machines is billed; none if it never had any.
    pub(super) fn billable_seconds(&self) -> Option<u64> {
        let seconds = self.timeline.seconds_on_machines() * (1.0 - self.discount);
        Some(rounded_up(seconds)).filter(|seconds| *seconds > 0)
    }

    fn has_checkpoints(&self) -> bool {
        self.request["CheckpointConfig"].is_object()
    }

    /// The values of a metric that were told while it trained for the `place`-th time, by now: each with its time. With checkpoints those
    /// of before are among them.
    fn told_in(&self, place: usize, metric: &str, now: f64) -> Vec<(f64, f64)> {
        let Some(piece) = self.timeline.pieces.get(place) else { return Vec::new() };
        let values = self.training.metrics.iter().find(|(name, _)| name == metric);
        let values = values.map(|(_, values)| values.as_slice()).unwrap_or_default();
        let step = self.training.duration.as_secs_f64() / values.len().max(1) as f64;
        // With checkpoints it goes on where it was interrupted; else from the beginning.
        let before: f64 = match self.has_checkpoints() {
            true => self.timeline.pieces[..place].iter().map(|piece| piece.to - piece.from).sum(),
            false => 0.0,
        };
        let at = |index: usize| piece.from - before + step * (index + 1) as f64;
        let told = values.iter().enumerate().map(|(index, value)| (at(index), *value));
        // The last one comes just before the end, whatever has been rounded.
        told.filter(|(time, _)| *time <= now.min(piece.to) + 1e-6).collect()
    }

    /// The values of a metric that have been told by now since it was begun last, each with its time.
    pub(super) fn told(&self, metric: &str, now: f64) -> Vec<(f64, f64)> {
        if !self.is_found(metric) {
            return Vec::new();
        }
        let begun = self.timeline.pieces.iter().rposition(|piece| piece.from <= now);
        begun.map(|place| self.told_in(place, metric, now)).unwrap_or_default()
    }

    /// Whether what it prints of a metric is found by the expression that is given for it, if one is given.
    fn is_found(&self, metric: &str) -> bool {
        let definitions = &self.request["AlgorithmSpecification"]["MetricDefinitions"];
        let given = definitions.as_array().filter(|list| !list.is_empty() && self.has_expressions);
        let Some(definitions) = given else { return true };
        let own = definitions.iter().find(|definition| definition["Name"] == metric);
        let pattern = own.and_then(|own| MetricPattern::new(own["Regex"].as_str()?).ok());
        pattern.is_some_and(|pattern| pattern.find(&line(0, metric, 0.5)).is_some())
    }

    pub(super) fn metric_names(&self) -> impl Iterator<Item = &str> {
        self.training.metrics.iter().map(|(name, _)| name.as_str())
    }

    /// What it has printed by now, stream by stream: names of streams, and their lines with times.
    pub(super) fn streams(&self, now: f64) -> Vec<(String, Vec<(f64, String)>)> {
        let mut streams: Vec<(String, Vec<(f64, String)>)> = Vec::new();
        if !self.has_logs {
            return streams;
        }
        let begun = self.timeline.pieces.iter().enumerate().filter(|(_, piece)| piece.from <= now);
        for (place, piece) in begun {
            let mut lines: Vec<(f64, String)> = Vec::new();
            for name in self.metric_names() {
                let told = self.told_in(place, name, now).into_iter().enumerate();
                let own = told.filter(|(_, (time, _))| *time > piece.from);
                lines.extend(own.map(|(step, (time, value))| (time, line(step, name, value))));
            }
            lines.sort_by(|a, b| a.0.total_cmp(&b.0));
            match streams.last_mut().filter(|_| self.has_one_stream) {
                Some((_, all)) => all.extend(lines),
                None if lines.is_empty() => {}
                None => {
                    let moment = time(piece.from).trunc();
                    streams.push((format!("{}/algo-1-{moment}", self.name), lines));
                }
            }
        }
        streams
    }

    /// The request that it was created by.
    pub(super) fn request(&self) -> &Value {
        &self.request
    }

    /// The last value of a metric, as the service keeps it: of 32 bits.
    pub(super) fn final_value(&self, metric: &str, now: f64) -> Option<f64> {
        self.told(metric, now).last().map(|(_, value)| short(*value))
    }

    /// Its machines with those that were taken of the preferred ones, once they are known.
    fn machines_taken(&self, stage: Stage) -> Option<Value> {
        let choice = self.timeline.choice.filter(|_| stage.secondary != "Starting")?;
        let mut resources = self.request["ResourceConfig"].clone();
        let preferred = resources["InstancePreferences"].get(choice)?.clone();
        resources["SelectedInstanceType"] = preferred["InstanceType"].clone();
        resources["SelectedInstanceCount"] = json!(self.machines().count());
        Some(resources)
    }

    /// The stages so far; all but the last one have an end.
    fn transitions(&self, now: f64) -> Value {
        let stages: Vec<Stage> = self.timeline.so_far(now).collect();
        let is_waiting = self.timeline.launched(now).is_none();
        let transition = |(place, stage): (usize, &Stage)| {
            let message = match stage.secondary {
                "Starting" if self.waits_for_spot && is_waiting => NO_SPOT,
                _ => stage.message(),
            };
            let mut transition = json!({"Status": stage.secondary, "StartTime": time(stage.from), "StatusMessage": message});
            if let Some(next) = stages.get(place + 1) {
                transition["EndTime"] = json!(time(next.from));
            }
            transition
        };
        stages.iter().enumerate().map(transition).collect()
    }

    /// What `DescribeTrainingJob` says, and `Search` in the main.
    pub(super) fn describe(&self, now: f64, metrics_lag: Duration) -> Value {
        let stage = self.stage(now);
        let has_ended = self.has_ended(now);
        let mut answer = Map::new();
        let mut put = |name: &str, value: Value| answer.insert(name.to_owned(), value);
        for (name, value) in self.request.as_object().into_iter().flatten() {
            if name != "Tags" {
                put(name, value.clone());
            }
        }
        if let Some(resources) = self.machines_taken(stage) {
            put("ResourceConfig", resources);
        }
        put("TrainingJobName", json!(self.name));
        put("TrainingJobArn", json!(self.arn));
        put("TrainingJobStatus", json!(stage.status));
        put("SecondaryStatus", json!(stage.secondary));
        put("CreationTime", json!(time(self.created)));
        put("LastModifiedTime", json!(time(stage.from)));
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
        if let Some(launched) = self.timeline.launched(now) {
            put("TrainingStartTime", json!(time(launched)));
            if has_ended {
                put("TrainingEndTime", json!(time(stage.from)));
            }
        }
        // There are no times of zero seconds.
        if let Some(billable) = self.billable_seconds().filter(|_| has_ended) {
            let seconds = rounded_up(self.timeline.seconds_on_machines());
            put("TrainingTimeInSeconds", json!(seconds));
            put("BillableTimeInSeconds", json!(billable));
        }
        if self.timeline.launched(now).is_some() {
            let folder = self.request["OutputDataConfig"]["S3OutputPath"].as_str();
            let folder = folder.unwrap_or_default().trim_end_matches('/');
            let model = format!("{folder}/{}/output/model.tar.gz", self.name);
            put("ModelArtifacts", json!({"S3ModelArtifacts": model}));
        }
        if now >= stage.from + metrics_lag.as_secs_f64() || !has_ended {
            let metrics = self.metric_names().filter_map(|name| {
                let value = self.final_value(name, now)?;
                Some(json!({"MetricName": name, "Value": number(value), "Timestamp": time(now)}))
            });
            put("FinalMetricDataList", metrics.collect());
        }
        Value::Object(answer)
    }
}

/// Seconds from the beginning of simulated time to that of a clock: by a real one it is today.
pub(super) fn offset(clock: &Clock) -> f64 {
    if clock.is_simulated() {
        0.0
    } else {
        clock.unix_seconds() - clock.now().as_secs_f64() - EPOCH
    }
}

/// A time as the service tells it.
pub(super) fn time(seconds: f64) -> f64 {
    (EPOCH * 1000.0 + seconds * 1000.0).round() / 1000.0
}

/// Seconds as they are billed: to the millisecond first, because sums of times are off by their last digits.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "seconds of a training job"
)]
fn rounded_up(seconds: f64) -> u64 {
    ((seconds * 1000.0).round() / 1000.0).ceil() as u64
}

/// What a training job prints of a metric.
fn line(step: usize, name: &str, value: f64) -> String {
    format!("[{step}]#011{name}:{value}")
}

/// Of 32 bits, by the digits that these have.
#[allow(clippy::cast_possible_truncation, reason = "the service keeps 32 bits")]
fn short(value: f64) -> f64 {
    (value as f32).to_string().parse().unwrap_or(value)
}

/// Numbers that JSON has no words for are strings in the service's protocol.
pub(super) fn number(value: f64) -> Value {
    match value {
        value if value.is_finite() => json!(value),
        value if value.is_nan() => json!("NaN"),
        value if value > 0.0 => json!("Infinity"),
        _ => json!("-Infinity"),
    }
}

/// Hyperparameters as a function of training takes them.
pub(super) fn values(request: &Value) -> BTreeMap<String, String> {
    let values = request["HyperParameters"].as_object().into_iter().flatten();
    let text = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    values.filter_map(text).collect()
}
