//! A training job: its stages in time, made up when it is created and cut short when it is stopped.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};

use super::faults::Faults;
use crate::evaluator::Clock;
use crate::rng::Rng;

/// The instant at which simulated time begins, in seconds since 1970: 20 November 2026.
const EPOCH: f64 = 1_795_132_800.0;
/// The longest that a container has between SIGTERM and SIGKILL.
const GRACE: f64 = 120.0;

/// What a training job does.
#[derive(Debug, Clone, PartialEq)]
pub struct FakeTraining {
    duration: Duration,
    /// Values at the end of each of so many equal parts of the time.
    metrics: Vec<(String, Vec<f64>)>,
    failure: Option<String>,
}

impl FakeTraining {
    /// Training that takes this long and tells nothing.
    pub fn new(duration: Duration) -> Self {
        Self { duration, metrics: Vec::new(), failure: None }
    }

    /// The same that tells a metric: its values, one after the other in equal times; the last one is the final one.
    #[must_use]
    pub fn metric(mut self, name: &str, values: impl IntoIterator<Item = f64>) -> Self {
        self.metrics.push((name.to_owned(), values.into_iter().collect()));
        self
    }

    /// The same that fails in the end for this reason.
    #[must_use]
    pub fn failing(self, reason: &str) -> Self {
        Self { failure: Some(reason.to_owned()), ..self }
    }
}

/// How long the stages of a training job take; each is drawn between half of this and one and a half of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JobTimes {
    /// Until there are machines.
    pub starting: Duration,
    /// Until image and data are there.
    pub downloading: Duration,
    /// Until the model is put away.
    pub uploading: Duration,
    /// From a request to stop to the end.
    pub stopping: Duration,
}

impl Default for JobTimes {
    /// 90, 30, 15 and 30 seconds.
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            starting: seconds(90),
            downloading: seconds(30),
            uploading: seconds(15),
            stopping: seconds(30),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Stage {
    from: f64,
    status: &'static str,
    secondary: &'static str,
}

/// A training job, with times in seconds.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) name: String,
    pub(super) arn: String,
    request: Value,
    training: FakeTraining,
    pub(super) created: f64,
    stages: Vec<Stage>,
    /// When training began and ended, piece by piece: interruptions cut it.
    pieces: Vec<(f64, f64)>,
    failure_reason: Option<String>,
    /// The tuning job that made it.
    pub(super) tuning_job: Option<String>,
    stopping_takes: f64,
    /// Of the machines that are preferred, those that were taken: their type and number.
    selected: Option<(Value, Value)>,
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
}

impl Job {
    pub(super) fn new(birth: Birth<'_>, rng: &mut Rng) -> Self {
        let Birth { name, arn, request, training, now, times, faults } = birth;
        let mut draw = |mean: Duration| mean.as_secs_f64() * (0.5 + rng.uniform());
        let (starting, downloading) = (draw(times.starting), draw(times.downloading));
        let (uploading, stopping_takes) = (draw(times.uploading), draw(times.stopping).min(GRACE));
        let mut job = Self {
            name,
            arn,
            request,
            training,
            created: now,
            stages: Vec::new(),
            pieces: Vec::new(),
            failure_reason: None,
            tuning_job: None,
            stopping_takes,
            selected: None,
        };
        let chances = (rng.uniform(), rng.uniform(), rng.uniform());
        job.enter(now, "InProgress", "Starting");
        let types = machine_types(&job.request);
        let taken = types.iter().position(|kind| !faults.no_capacity.contains(kind));
        if let Some(place) = taken {
            job.select(place);
        } else {
            let machines = types.join(", ");
            let text = format!(
                "CapacityError: Unable to provision requested ML compute capacity ({machines}). Please retry using a different ML instance type."
            );
            job.fail(now + starting, text);
            return job;
        }
        let ready = now + starting + downloading;
        job.enter(now + starting, "InProgress", "Downloading");
        job.enter(ready, "InProgress", "Training");
        let end = job.train(ready, (starting, downloading), faults, chances);
        if chances.1 < faults.failed_by_service {
            let text = "InternalServerError: We encountered an internal error. Please try again.";
            job.fail(end, text.to_owned());
        } else if let Some(reason) = job.training.failure.clone() {
            job.fail(end, reason);
        } else if job.stages.last().is_none_or(|stage| stage.status == "InProgress") {
            job.enter(end, "InProgress", "Uploading");
            job.enter(end + uploading, "Completed", "Completed");
        }
        job
    }

    /// Takes one of the machines that are preferred, if there are preferences.
    fn select(&mut self, place: usize) {
        let resources = &mut self.request["ResourceConfig"];
        let preferred = resources["InstancePreferences"][place].clone();
        if preferred.is_object() {
            let count = &preferred["InstanceCount"];
            let general = resources["InstanceCount"].clone();
            self.selected = Some((
                preferred["InstanceType"].clone(),
                if count.is_null() { general } else { count.clone() },
            ));
        }
    }

    /// The training itself, perhaps interrupted, perhaps for too long; when it ends.
    fn train(
        &mut self,
        ready: f64,
        (starting, downloading): (f64, f64),
        faults: &Faults,
        (interrupted, _, when): (f64, f64, f64),
    ) -> f64 {
        let condition = &self.request["StoppingCondition"];
        let seconds = |name: &str| condition[name].as_f64().unwrap_or(f64::INFINITY);
        let (longest, longest_wait) =
            (seconds("MaxRuntimeInSeconds"), seconds("MaxWaitTimeInSeconds"));
        let is_spot = self.request["EnableManagedSpotTraining"] == true;
        let mut left = self.training.duration.as_secs_f64();
        let mut begin = ready;
        if is_spot && interrupted < faults.interrupted {
            let cut = left * when;
            self.pieces.push((begin, begin + cut));
            self.enter(begin + cut, "InProgress", "Interrupted");
            if self.request["CheckpointConfig"].is_object() {
                left -= cut;
            }
            let again = begin + cut + starting;
            self.enter(again, "InProgress", "Downloading");
            begin = again + downloading;
            self.enter(begin, "InProgress", "Training");
        }
        let (mut end, mut why) = (begin + left, None);
        let trained: f64 = self.pieces.iter().map(|(from, to)| to - from).sum();
        for (limit, status) in [
            (begin + longest - trained, "MaxRuntimeExceeded"),
            (self.created + longest_wait, "MaxWaitTimeExceeded"),
        ] {
            if limit < end {
                (end, why) = (limit.max(self.created), Some(status));
            }
        }
        if let Some(status) = why {
            self.stages.retain(|stage| stage.from < end);
            self.pieces.retain(|(from, _)| *from < end);
            self.enter(end, "Stopping", "Stopping");
            self.enter(end + self.stopping_takes, "Stopped", status);
        }
        if begin < end {
            self.pieces.push((begin, end));
        }
        end
    }

    fn enter(&mut self, from: f64, status: &'static str, secondary: &'static str) {
        self.stages.push(Stage { from, status, secondary });
    }

    fn fail(&mut self, at: f64, reason: String) {
        self.enter(at, "Failed", "Failed");
        self.failure_reason = Some(reason);
    }

    fn stage(&self, now: f64) -> Stage {
        let begun = self.stages.iter().rev().find(|stage| stage.from <= now);
        *begun.unwrap_or(&self.stages[0])
    }

    pub(super) fn status(&self, now: f64) -> &'static str {
        self.stage(now).status
    }

    pub(super) fn has_ended(&self, now: f64) -> bool {
        !matches!(self.status(now), "InProgress" | "Stopping")
    }

    /// When it ends, if nobody stops it.
    pub(super) fn end(&self) -> f64 {
        self.stages.last().map_or(self.created, |stage| stage.from)
    }

    /// Stops it; says its status if it has ended.
    pub(super) fn stop(&mut self, now: f64) -> Result<(), &'static str> {
        match self.status(now) {
            "InProgress" => {
                self.stages.retain(|stage| stage.from <= now);
                self.pieces.retain(|(from, _)| *from < now);
                if let Some((_, to)) = self.pieces.last_mut() {
                    *to = to.min(now);
                }
                self.failure_reason = None;
                self.enter(now, "Stopping", "Stopping");
                self.enter(now + self.stopping_takes, "Stopped", "Stopped");
                Ok(())
            }
            "Stopping" => Ok(()),
            ended => Err(ended),
        }
    }

    /// The values of a metric that have been told by now, each with its time.
    pub(super) fn told(&self, metric: &str, now: f64) -> Vec<(f64, f64)> {
        let Some((begin, end)) = self.pieces.last().copied() else { return Vec::new() };
        let values = self.training.metrics.iter().find(|(name, _)| name == metric);
        let values = values.map(|(_, values)| values.as_slice()).unwrap_or_default();
        let step = self.training.duration.as_secs_f64() / values.len().max(1) as f64;
        // With checkpoints it goes on where it was interrupted; else from the beginning.
        let before = match self.request["CheckpointConfig"].is_object() {
            true => self.pieces.iter().rev().skip(1).map(|(from, to)| to - from).sum(),
            false => 0.0,
        };
        let at = |index: usize| begin - before + step * (index + 1) as f64;
        let told = values.iter().enumerate().map(|(index, value)| (at(index), *value));
        // The last one comes just before the end, whatever has been rounded.
        told.filter(|(time, _)| *time <= now.min(end) + 1e-6).collect()
    }

    pub(super) fn metric_names(&self) -> impl Iterator<Item = &str> {
        self.training.metrics.iter().map(|(name, _)| name.as_str())
    }

    /// What it has printed by now, with the time of each line.
    pub(super) fn lines(&self, now: f64) -> Vec<(f64, String)> {
        let mut lines: Vec<(f64, String)> = Vec::new();
        for name in self.metric_names() {
            let told = self.told(name, now).into_iter().enumerate();
            lines.extend(
                told.map(|(step, (time, value))| (time, format!("[{step}]#011{name}:{value}"))),
            );
        }
        lines.sort_by(|a, b| a.0.total_cmp(&b.0));
        lines
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
        let (kind, count) = self.selected.as_ref().filter(|_| stage.secondary != "Starting")?;
        let mut resources = self.request["ResourceConfig"].clone();
        resources["SelectedInstanceType"] = kind.clone();
        resources["SelectedInstanceCount"] = count.clone();
        Some(resources)
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
        let transitions = self.stages.iter().filter(|stage| stage.from <= now).map(|stage| {
            json!({"Status": stage.secondary, "StartTime": time(stage.from), "StatusMessage": stage.secondary})
        });
        put("SecondaryStatusTransitions", transitions.collect());
        if let Some((_, name)) = self.tuning_job.as_ref().and_then(|name| name.rsplit_once('/')) {
            put(
                "TuningJobArn",
                json!(self.arn.replace(
                    &format!("training-job/{}", self.name),
                    &format!("hyper-parameter-tuning-job/{name}")
                )),
            );
        }
        if let Some(reason) = self.failure_reason.as_ref().filter(|_| stage.status == "Failed") {
            put("FailureReason", json!(reason));
        }
        if let Some((begin, _)) = self.pieces.first().filter(|(begin, _)| *begin <= now) {
            put("TrainingStartTime", json!(time(*begin)));
        }
        if has_ended {
            let seconds: f64 = self.pieces.iter().map(|(from, to)| to - from).sum();
            // To the millisecond first: sums of times are off by their last digits.
            let billable = ((seconds * 1000.0).round() / 1000.0).ceil();
            put("TrainingEndTime", json!(time(stage.from)));
            // There are no times of zero seconds.
            if billable > 0.0 {
                put("TrainingTimeInSeconds", json!(whole(billable)));
                put("BillableTimeInSeconds", json!(whole(billable)));
            }
        }
        let folder = self.request["OutputDataConfig"]["S3OutputPath"].as_str();
        let folder = folder.unwrap_or_default().trim_end_matches('/');
        let model = format!("{folder}/{}/output/model.tar.gz", self.name);
        put("ModelArtifacts", json!({"S3ModelArtifacts": model}));
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
#[allow(clippy::disallowed_methods, reason = "a fake in real time tells the time of today")]
pub(super) fn offset(clock: &Clock) -> f64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    match since {
        Ok(since) if !clock.is_simulated() => {
            since.as_secs_f64() - clock.now().as_secs_f64() - EPOCH
        }
        _ => 0.0,
    }
}

/// The types of machines that will do, in the order of preference.
fn machine_types(request: &Value) -> Vec<String> {
    let resources = &request["ResourceConfig"];
    let preferred = resources["InstancePreferences"].as_array();
    let preferred = preferred.into_iter().flatten().map(|one| &one["InstanceType"]);
    let types: Vec<&Value> = preferred.chain([&resources["InstanceType"]]).collect();
    let named = types.into_iter().filter_map(Value::as_str).map(str::to_owned);
    let mut named: Vec<String> = named.collect();
    if named.is_empty() {
        named.push(String::new());
    }
    named
}

/// A time as the service tells it.
pub(super) fn time(seconds: f64) -> f64 {
    (EPOCH * 1000.0 + seconds * 1000.0).round() / 1000.0
}

#[allow(clippy::cast_possible_truncation, reason = "seconds of a training job")]
fn whole(seconds: f64) -> i64 {
    seconds as i64
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
