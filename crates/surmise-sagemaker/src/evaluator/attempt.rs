//! One attempt at a trial, as far as it is known what became of it.

use std::time::Duration;

use super::description::TrainingJob;
use crate::request::CreateTrainingJobRequest;

/// Whether a job is to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stopping {
    No,
    /// The service has not been told yet.
    Wanted,
    /// It has.
    Asked,
    /// It may not be told: the job runs to its end.
    Denied,
}

/// What a job that has ended printed last, where that explains its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LastLines {
    /// Nothing asks for them.
    Unwanted,
    Wanted,
    Known(Vec<String>),
    /// They cannot be had, for this reason.
    Unknown(String),
}

#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub(super) request: CreateTrainingJobRequest,
    /// Which of the machines that will do.
    pub(super) machines: usize,
    /// Whether there is such a training job; if not, the reply to its creation was lost.
    pub(super) exists: bool,
    /// Whether it is known to be this one, and not another's of the same name.
    pub(super) is_own: bool,
    /// Whether the reply to its creation was lost: then a job of its name may be this one.
    pub(super) was_lost: bool,
    /// When its creation was asked for first.
    pub(super) first_asked_at: Duration,
    /// When its creation was asked for last.
    pub(super) asked_at: Duration,
    pub(super) stopping: Stopping,
    /// When to ask it to stop again, if that was not answered.
    pub(super) stop_at: Duration,
    /// How often that was refused.
    pub(super) stop_refusals: u32,
    /// When to look at it next.
    pub(super) look_at: Duration,
    /// Whether by itself: a search may be behind, or not know of it.
    pub(super) look_closely: bool,
    /// How often a search did not find it.
    pub(super) misses: u32,
    /// Since when it is known to have ended, while its metric is still looked for.
    pub(super) ended_at: Option<Duration>,
    pub(super) last_lines: LastLines,
    /// What the service said last.
    pub(super) seen: Option<TrainingJob>,
    /// Whether its reports are to be fetched.
    pub(super) wants_reports: bool,
    /// When they were fetched last.
    pub(super) reported_at: Duration,
    /// How often in a row they could not be.
    pub(super) report_misses: u32,
    /// The step of its last report, those before a restart included.
    pub(super) last_step: Option<u64>,
    /// Reports whose steps had to be counted, since it was begun last.
    pub(super) counted: u64,
    /// How often it had been begun when they were counted.
    pub(super) run: usize,
    /// Whether it had ended before this evaluator first saw it.
    pub(super) had_ended: bool,
}

impl Attempt {
    pub(super) fn new(request: CreateTrainingJobRequest, machines: usize) -> Self {
        Self {
            request,
            machines,
            exists: false,
            is_own: false,
            was_lost: false,
            first_asked_at: Duration::ZERO,
            asked_at: Duration::ZERO,
            stopping: Stopping::No,
            stop_at: Duration::ZERO,
            stop_refusals: 0,
            look_at: Duration::ZERO,
            look_closely: false,
            misses: 0,
            ended_at: None,
            last_lines: LastLines::Unwanted,
            seen: None,
            wants_reports: false,
            reported_at: Duration::ZERO,
            report_misses: 0,
            last_step: None,
            counted: 0,
            run: 0,
            had_ended: false,
        }
    }

    /// It has just been created.
    pub(super) fn created(self, now: Duration, poll: Duration) -> Self {
        Self { exists: true, is_own: true, look_at: next_round(now, poll), ..self }
    }

    /// There was one of its name.
    pub(super) fn found(self, now: Duration) -> Self {
        Self { exists: true, is_own: false, look_at: now, look_closely: true, ..self }
    }

    pub(super) fn name(&self) -> &str {
        &self.request.name
    }

    /// Whether the service has said that it has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.seen.as_ref().is_some_and(TrainingJob::has_ended)
    }
}

/// When all jobs are looked at next: in common rounds, so that one question is for many.
pub(super) fn next_round(now: Duration, poll: Duration) -> Duration {
    let round = poll.as_nanos().max(1);
    let next = (now.as_nanos() / round + 1) * round;
    Duration::from_nanos(u64::try_from(next).unwrap_or(u64::MAX))
}
