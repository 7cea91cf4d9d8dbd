//! The timeline of a training job: computed at its creation, and shortened if it is stopped.

use serde_json::Value;

use super::faults::Faults;
use super::instances::choices;
use super::training::FakeTraining;
use surmise::rng::Rng;

/// A stage of a training job.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stage {
    /// The time at which the stage starts, in seconds.
    pub(super) start: f64,
    pub(super) status: &'static str,
    pub(super) secondary: &'static str,
}

impl Stage {
    /// Returns the `StatusMessage` of the stage.
    pub(super) fn message(&self) -> &'static str {
        match self.secondary {
            "Starting" => "Preparing the instances for training",
            "Downloading" => "Downloading the training image",
            "Training" => "Training image download completed. Training in progress.",
            "Uploading" => "Uploading generated training model",
            "Completed" => "Training job completed",
            "Stopping" => "Stopping the training job",
            "Stopped" => "Training job stopped",
            "Failed" => "Training job failed",
            "MaxRuntimeExceeded" => "Training job runtime exceeded MaxRuntimeInSeconds provided",
            "MaxWaitTimeExceeded" => {
                "Training job wait time exceeded MaxWaitTimeInSeconds provided"
            }
            other => other,
        }
    }
}

/// A run of the training on instances; an interruption or a retry starts another run.
///
/// Times are in seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    /// The time at which the instances were launched.
    launched: f64,
    /// The time at which training started.
    pub(super) start: f64,
    /// The time at which training ended.
    pub(super) end: f64,
    /// The time at which the instances were released.
    released: f64,
}

/// The durations of the stages of one training job, in seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct StageDurations {
    pub(super) starting: f64,
    pub(super) downloading: f64,
    pub(super) uploading: f64,
    pub(super) stopping: f64,
}

/// The inputs from which a timeline is computed.
pub(super) struct TimelineInputs<'a> {
    pub(super) now: f64,
    pub(super) request: &'a Value,
    pub(super) training: &'a FakeTraining,
    pub(super) durations: StageDurations,
    pub(super) faults: &'a Faults,
}

#[derive(Debug, Clone)]
pub(super) struct Timeline {
    stages: Vec<Stage>,
    pub(super) runs: Vec<Run>,
    pub(super) failure_reason: Option<String>,
    /// The index of the instance preference that was used.
    pub(super) choice: Option<usize>,
    stopping: f64,
}

impl Timeline {
    pub(super) fn new(inputs: &TimelineInputs<'_>, rng: &mut Rng) -> Self {
        let mut timeline = Self {
            stages: Vec::new(),
            runs: Vec::new(),
            failure_reason: None,
            choice: None,
            stopping: inputs.durations.stopping,
        };
        timeline.enter(inputs.now, "InProgress", "Starting");
        let launched = inputs.now + inputs.durations.starting;
        let choices = choices(inputs.request);
        let has_capacity = |types: &Vec<String>| {
            types.iter().all(|name| !inputs.faults.no_capacity.contains(name))
        };
        timeline.choice = choices.iter().position(has_capacity);
        if timeline.choice.is_none() {
            let types = choices.concat().join(", ");
            let reason = format!(
                "CapacityError: Unable to provision requested ML compute capacity ({types}). \
                 Please retry using a different ML instance type."
            );
            timeline.fail(launched, reason);
        } else if let Some(reason) = inputs.faults.image_refusal(inputs.request) {
            timeline.fail(launched, reason);
        } else if let Some(reason) = inputs
            .training
            .setup_failure()
            .map(str::to_owned)
            .or(inputs.faults.data_refusal(inputs.request))
        {
            timeline.enter(launched, "InProgress", "Downloading");
            let end = launched + inputs.durations.downloading;
            timeline.runs.push(Run { launched, start: end, end, released: end });
            timeline.fail(end, reason);
        } else {
            timeline.run(inputs, rng);
        }
        timeline
    }

    /// Adds the runs of the training, with interruptions, retries and time limits.
    fn run(&mut self, inputs: &TimelineInputs<'_>, rng: &mut Rng) {
        let TimelineInputs { now, request, durations, faults, .. } = inputs;
        let seconds =
            |name: &str| request["StoppingCondition"][name].as_f64().unwrap_or(f64::INFINITY);
        let is_spot = request["EnableManagedSpotTraining"] == true;
        let deadline = now + if is_spot { seconds("MaxWaitTimeInSeconds") } else { f64::INFINITY };
        let spot_wait = if is_spot { faults.spot_wait.as_secs_f64() } else { 0.0 };
        let mut retries = request["RetryStrategy"]["MaximumRetryAttempts"].as_u64().unwrap_or(0);
        let mut is_interrupted = is_spot && rng.uniform() < faults.interrupted;
        let training_time = inputs.training.duration().as_secs_f64();
        let (mut remaining, mut trained, mut requested_at) = (training_time, 0.0, *now);
        loop {
            let launched = requested_at + durations.starting + spot_wait;
            if launched >= deadline {
                self.enter(deadline, "Stopping", "Stopping");
                self.enter(deadline, "Stopped", "MaxWaitTimeExceeded");
                return;
            }
            self.enter(launched, "InProgress", "Downloading");
            let start = launched + durations.downloading;
            self.enter(start, "InProgress", "Training");
            let limit = start + seconds("MaxRuntimeInSeconds") - trained;
            let until_interruption =
                if is_interrupted { remaining * rng.uniform() } else { f64::INFINITY };
            let end = (start + remaining).min(limit).min(deadline).min(start + until_interruption);
            let run = Run { launched, start: start.min(end), end, released: end };
            if limit.min(deadline) < (start + remaining).min(start + until_interruption) {
                let is_runtime_limit = limit <= deadline;
                self.exceed_time_limit(run, is_runtime_limit, durations);
                return;
            }
            let has_failed = rng.uniform() < faults.failed_by_service;
            let was_interrupted = end < start + remaining;
            let is_restarted = was_interrupted || (has_failed && retries > 0);
            if !is_restarted {
                self.finish(inputs, run, has_failed);
                return;
            }
            self.runs.push(run);
            if was_interrupted {
                self.enter(end, "InProgress", "Interrupted");
            }
            self.enter(end, "InProgress", "Starting");
            trained += end - start;
            let has_checkpoints = request["CheckpointConfig"].is_object();
            remaining = if has_checkpoints { remaining - (end - start) } else { training_time };
            retries -= u64::from(!was_interrupted);
            (is_interrupted, requested_at) = (false, end);
        }
    }

    /// Stops the job because it exceeds a time limit; it keeps its model.
    fn exceed_time_limit(&mut self, run: Run, is_runtime_limit: bool, durations: &StageDurations) {
        let end = run.end;
        let status = if is_runtime_limit { "MaxRuntimeExceeded" } else { "MaxWaitTimeExceeded" };
        self.stages.retain(|stage| stage.start < end);
        self.runs.push(Run { released: end + durations.stopping, ..run });
        self.enter(end, "Stopping", "Stopping");
        self.enter(end + 0.5 * durations.stopping, "Stopping", "Uploading");
        self.enter(end + durations.stopping, "Stopped", status);
    }

    /// Ends the last run: by a failure, or by the upload of the model.
    fn finish(&mut self, inputs: &TimelineInputs<'_>, run: Run, has_failed: bool) {
        let (end, uploaded) = (run.end, run.end + inputs.durations.uploading);
        let service_error =
            "InternalServerError: We encountered an internal error. Please try again.";
        let program_error = inputs.training.failure();
        if let Some(reason) = if has_failed { Some(service_error) } else { program_error } {
            self.runs.push(run);
            self.fail(end, reason.to_owned());
            return;
        }
        self.runs.push(Run { released: uploaded, ..run });
        self.enter(end, "InProgress", "Uploading");
        match inputs.faults.upload_refusal(inputs.request) {
            Some(reason) => self.fail(uploaded, reason),
            None => self.enter(uploaded, "Completed", "Completed"),
        }
    }

    fn enter(&mut self, start: f64, status: &'static str, secondary: &'static str) {
        self.stages.push(Stage { start, status, secondary });
    }

    fn fail(&mut self, at: f64, reason: String) {
        self.enter(at, "Failed", "Failed");
        self.failure_reason = Some(reason);
    }

    pub(super) fn stage(&self, now: f64) -> Stage {
        let started = self.stages.iter().rev().find(|stage| stage.start <= now);
        *started.unwrap_or(&self.stages[0])
    }

    /// Returns the stages that have started by `now`.
    pub(super) fn stages_until(&self, now: f64) -> impl Iterator<Item = Stage> {
        self.stages.iter().copied().filter(move |stage| stage.start <= now)
    }

    /// Returns the time at which the job ends, unless it is stopped.
    pub(super) fn end(&self) -> f64 {
        self.stages.last().map_or(0.0, |stage| stage.start)
    }

    /// Returns the time at which the first instances were launched, if that is before `now`.
    pub(super) fn launch_time(&self, now: f64) -> Option<f64> {
        self.runs.first().map(|run| run.launched).filter(|launched| *launched <= now)
    }

    /// Returns the time for which the job has instances, in seconds.
    pub(super) fn instance_seconds(&self) -> f64 {
        self.runs.iter().map(|run| run.released - run.launched).sum()
    }

    /// Shortens the timeline, because the job is stopped.
    pub(super) fn stop(&mut self, now: f64) {
        self.stages.retain(|stage| stage.start <= now);
        self.runs.retain(|run| run.launched <= now);
        let end = now + self.stopping;
        if let Some(last) = self.runs.last_mut().filter(|last| last.released > now) {
            (last.start, last.end, last.released) = (last.start.min(now), last.end.min(now), end);
        }
        self.failure_reason = None;
        self.enter(now, "Stopping", "Stopping");
        self.enter(end, "Stopped", "Stopped");
    }
}
