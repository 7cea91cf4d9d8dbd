//! The stages of a training job in time: laid out when it is created, and cut short when it is stopped.

use serde_json::Value;

use super::faults::Faults;
use super::machines::choices;
use super::training::FakeTraining;
use surmise::rng::Rng;

/// A stage of a training job.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stage {
    /// In seconds.
    pub(super) from: f64,
    pub(super) status: &'static str,
    pub(super) secondary: &'static str,
}

impl Stage {
    /// What the service says of it.
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

/// A time on machines: an interruption or a restart begins another one. In seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    /// When there were machines.
    on: f64,
    /// When training began, and when it ended.
    pub(super) from: f64,
    pub(super) to: f64,
    /// When the machines were given back.
    off: f64,
}

/// How long the stages of one training job take, in seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lengths {
    pub(super) starting: f64,
    pub(super) downloading: f64,
    pub(super) uploading: f64,
    pub(super) stopping: f64,
}

/// What a timeline is laid out by.
pub(super) struct Plan<'a> {
    pub(super) now: f64,
    pub(super) request: &'a Value,
    pub(super) training: &'a FakeTraining,
    pub(super) lengths: Lengths,
    pub(super) faults: &'a Faults,
}

#[derive(Debug, Clone)]
pub(super) struct Timeline {
    stages: Vec<Stage>,
    pub(super) pieces: Vec<Piece>,
    pub(super) failure_reason: Option<String>,
    /// Which of the machines that will do were taken.
    pub(super) choice: Option<usize>,
    stopping: f64,
}

impl Timeline {
    pub(super) fn new(plan: &Plan<'_>, rng: &mut Rng) -> Self {
        let mut timeline = Self {
            stages: Vec::new(),
            pieces: Vec::new(),
            failure_reason: None,
            choice: None,
            stopping: plan.lengths.stopping,
        };
        timeline.enter(plan.now, "InProgress", "Starting");
        let launched = plan.now + plan.lengths.starting;
        let choices = choices(plan.request);
        let is_there =
            |types: &Vec<String>| types.iter().all(|kind| !plan.faults.no_capacity.contains(kind));
        timeline.choice = choices.iter().position(is_there);
        if timeline.choice.is_none() {
            let machines = choices.concat().join(", ");
            timeline.fail(launched, format!(
                "CapacityError: Unable to provision requested ML compute capacity ({machines}). Please retry using a different ML instance type."
            ));
        } else if let Some(reason) = plan.faults.image_refusal(plan.request) {
            timeline.fail(launched, reason);
        } else if let Some(reason) = plan
            .training
            .setup_failure()
            .map(str::to_owned)
            .or(plan.faults.data_refusal(plan.request))
        {
            timeline.enter(launched, "InProgress", "Downloading");
            let end = launched + plan.lengths.downloading;
            timeline.pieces.push(Piece { on: launched, from: end, to: end, off: end });
            timeline.fail(end, reason);
        } else {
            timeline.run(plan, rng);
        }
        timeline
    }

    /// Runs, perhaps interrupted or begun anew, perhaps for too long.
    fn run(&mut self, plan: &Plan<'_>, rng: &mut Rng) {
        let Plan { now, request, lengths, faults, .. } = plan;
        let seconds =
            |name: &str| request["StoppingCondition"][name].as_f64().unwrap_or(f64::INFINITY);
        let is_spot = request["EnableManagedSpotTraining"] == true;
        let deadline = now + if is_spot { seconds("MaxWaitTimeInSeconds") } else { f64::INFINITY };
        let waits = if is_spot { faults.spot_waits.as_secs_f64() } else { 0.0 };
        let mut retries = request["RetryStrategy"]["MaximumRetryAttempts"].as_u64().unwrap_or(0);
        let mut is_interrupted = is_spot && rng.uniform() < faults.interrupted;
        let whole = plan.training.duration().as_secs_f64();
        let (mut left, mut trained, mut begin) = (whole, 0.0, *now);
        loop {
            let on = begin + lengths.starting + waits;
            if on >= deadline {
                self.enter(deadline, "Stopping", "Stopping");
                self.enter(deadline, "Stopped", "MaxWaitTimeExceeded");
                return;
            }
            self.enter(on, "InProgress", "Downloading");
            let from = on + lengths.downloading;
            self.enter(from, "InProgress", "Training");
            let limit = from + seconds("MaxRuntimeInSeconds") - trained;
            let cut = if is_interrupted { left * rng.uniform() } else { f64::INFINITY };
            let end = (from + left).min(limit).min(deadline).min(from + cut);
            let piece = Piece { on, from: from.min(end), to: end, off: end };
            if limit.min(deadline) < (from + left).min(from + cut) {
                let is_limit = limit <= deadline;
                self.run_out_of_time(piece, is_limit, lengths);
                return;
            }
            let has_failed = rng.uniform() < faults.failed_by_service;
            let is_cut = end < from + left;
            let is_begun_anew = is_cut || (has_failed && retries > 0);
            if !is_begun_anew {
                self.finish(plan, piece, has_failed);
                return;
            }
            // It goes on from its checkpoint, or from the beginning.
            self.pieces.push(piece);
            if is_cut {
                self.enter(end, "InProgress", "Interrupted");
            }
            self.enter(end, "InProgress", "Starting");
            trained += end - from;
            let has_checkpoints = request["CheckpointConfig"].is_object();
            left = if has_checkpoints { left - (end - from) } else { whole };
            retries -= u64::from(!is_cut);
            (is_interrupted, begin) = (false, end);
        }
    }

    /// The time of a job is up: it is stopped, and keeps what it has.
    fn run_out_of_time(&mut self, piece: Piece, is_limit: bool, lengths: &Lengths) {
        let end = piece.to;
        let status = if is_limit { "MaxRuntimeExceeded" } else { "MaxWaitTimeExceeded" };
        self.stages.retain(|stage| stage.from < end);
        self.pieces.push(Piece { off: end + lengths.stopping, ..piece });
        self.enter(end, "Stopping", "Stopping");
        self.enter(end + 0.5 * lengths.stopping, "Stopping", "Uploading");
        self.enter(end + lengths.stopping, "Stopped", status);
    }

    /// Training has come to its end.
    fn finish(&mut self, plan: &Plan<'_>, piece: Piece, has_failed: bool) {
        let (end, upload) = (piece.to, piece.to + plan.lengths.uploading);
        let service = "InternalServerError: We encountered an internal error. Please try again.";
        let own = plan.training.failure();
        if let Some(reason) = if has_failed { Some(service) } else { own } {
            self.pieces.push(piece);
            self.fail(end, reason.to_owned());
            return;
        }
        self.pieces.push(Piece { off: upload, ..piece });
        self.enter(end, "InProgress", "Uploading");
        match plan.faults.upload_refusal(plan.request) {
            Some(reason) => self.fail(upload, reason),
            None => self.enter(upload, "Completed", "Completed"),
        }
    }

    fn enter(&mut self, from: f64, status: &'static str, secondary: &'static str) {
        self.stages.push(Stage { from, status, secondary });
    }

    fn fail(&mut self, at: f64, reason: String) {
        self.enter(at, "Failed", "Failed");
        self.failure_reason = Some(reason);
    }

    pub(super) fn stage(&self, now: f64) -> Stage {
        let begun = self.stages.iter().rev().find(|stage| stage.from <= now);
        *begun.unwrap_or(&self.stages[0])
    }

    /// The stages that have begun by now.
    pub(super) fn so_far(&self, now: f64) -> impl Iterator<Item = Stage> {
        self.stages.iter().copied().filter(move |stage| stage.from <= now)
    }

    /// When it ends, if nobody stops it.
    pub(super) fn end(&self) -> f64 {
        self.stages.last().map_or(0.0, |stage| stage.from)
    }

    /// When it first had machines, if it had by now.
    pub(super) fn launched(&self, now: f64) -> Option<f64> {
        self.pieces.first().map(|piece| piece.on).filter(|on| *on <= now)
    }

    /// Seconds for which it has had machines.
    pub(super) fn seconds_on_machines(&self) -> f64 {
        self.pieces.iter().map(|piece| piece.off - piece.on).sum()
    }

    /// Cuts it short.
    pub(super) fn stop(&mut self, now: f64) {
        self.stages.retain(|stage| stage.from <= now);
        self.pieces.retain(|piece| piece.on <= now);
        let end = now + self.stopping;
        if let Some(last) = self.pieces.last_mut().filter(|last| last.off > now) {
            (last.from, last.to, last.off) = (last.from.min(now), last.to.min(now), end);
        }
        self.failure_reason = None;
        self.enter(now, "Stopping", "Stopping");
        self.enter(end, "Stopped", "Stopped");
    }
}
