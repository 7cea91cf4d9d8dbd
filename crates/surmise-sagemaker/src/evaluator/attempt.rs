//! The state of an attempt at a trial: its training job, and what is due for it.

use std::time::Duration;

use super::description::TrainingJob;
use crate::request::CreateTrainingJobRequest;

/// What is known about the training job with the name of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// The creation was requested; the job is not known to exist.
    Requested {
        /// True if the reply was lost: a job of this name may then belong to this attempt.
        is_reply_lost: bool,
    },
    /// A job of this name exists; it may belong to this attempt or to another tuning job.
    Unverified {
        /// True if the reply to the creation was lost.
        is_reply_lost: bool,
    },
    /// The job exists, and belongs to this attempt.
    Verified,
    /// The job belongs to this attempt, and was missing in the last reply.
    Missing,
}

impl Presence {
    /// Returns whether a job of this name exists, as far as is known.
    pub(super) fn exists(self) -> bool {
        matches!(self, Self::Unverified { .. } | Self::Verified)
    }

    /// Returns whether the job was found to belong to this attempt.
    pub(super) fn is_verified(self) -> bool {
        matches!(self, Self::Verified | Self::Missing)
    }

    /// Returns whether the reply to the creation was lost, and the job was not verified since.
    pub(super) fn is_reply_lost(self) -> bool {
        matches!(
            self,
            Self::Requested { is_reply_lost: true } | Self::Unverified { is_reply_lost: true }
        )
    }

    /// Returns the state after a reply that has a job of this name.
    pub(super) fn marked_found(self) -> Self {
        match self {
            Self::Requested { is_reply_lost } | Self::Unverified { is_reply_lost } => {
                Self::Unverified { is_reply_lost }
            }
            Self::Verified | Self::Missing => Self::Verified,
        }
    }

    /// Returns the state after a reply that has no job of this name.
    pub(super) fn marked_missing(self) -> Self {
        match self {
            Self::Requested { is_reply_lost } | Self::Unverified { is_reply_lost } => {
                Self::Requested { is_reply_lost }
            }
            Self::Verified | Self::Missing => Self::Missing,
        }
    }
}

/// The state of the stop request of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StopState {
    NotRequested,
    /// The request was not sent yet.
    Pending(StopRetry),
    /// The service has accepted the request.
    Sent(StopRetry),
    /// The service does not permit stop requests: the job runs to its end.
    Denied,
}

/// When a stop request is sent again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct StopRetry {
    pub(super) due_at: Duration,
    /// Number of refused requests.
    pub(super) refusals: u32,
}

impl StopState {
    /// Returns the state after the service has accepted the request.
    pub(super) fn sent(self) -> Self {
        match self {
            Self::Pending(retry) | Self::Sent(retry) => Self::Sent(retry),
            Self::NotRequested | Self::Denied => Self::Sent(StopRetry::default()),
        }
    }

    /// Schedules the next request, if a stop was requested and not denied.
    pub(super) fn with_retry_at(self, due_at: Duration) -> Self {
        match self {
            Self::Pending(retry) => Self::Pending(StopRetry { due_at, ..retry }),
            Self::Sent(retry) => Self::Sent(StopRetry { due_at, ..retry }),
            Self::NotRequested | Self::Denied => self,
        }
    }

    /// Counts a refused request, and returns the number of refusals.
    pub(super) fn count_refusal(&mut self) -> u32 {
        match self {
            Self::Pending(retry) | Self::Sent(retry) => {
                retry.refusals += 1;
                retry.refusals
            }
            Self::NotRequested | Self::Denied => 0,
        }
    }
}

/// The operation by which a job is polled next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PollMode {
    /// By a `Search` for many jobs.
    BySearch {
        /// Number of consecutive searches that have not found the job.
        misses: u32,
    },
    /// By `DescribeTrainingJob`, because a search may be stale or may miss the job.
    ByDescribe,
}

/// The state of fetching the reports of a job.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ReportState {
    pub(super) is_fetch_due: bool,
    /// The time of the last successful fetch.
    pub(super) fetched_at: Duration,
    /// Number of consecutive failed fetches.
    pub(super) failures: u32,
    /// The step of the last report, including those before a restart of the tuner.
    pub(super) last_step: Option<u64>,
    /// Number of reports without a step since the last restart of the job.
    pub(super) counted: u64,
    /// Index of the run of the job to which `counted` belongs.
    pub(super) run: usize,
}

/// The last lines of the log of a job that has ended, where they explain its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LogTail {
    NotNeeded,
    Needed,
    Fetched(Vec<String>),
    /// The lines cannot be fetched, for this reason.
    Unavailable(String),
}

/// An attempt whose end has not been reported.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub(super) request: CreateTrainingJobRequest,
    /// The index of the requested instances among the alternatives of `InstanceConfigs`.
    pub(super) instance_option: usize,
    pub(super) presence: Presence,
    /// The time of the first request for the creation.
    pub(super) first_requested_at: Duration,
    /// The time of the last request for the creation.
    pub(super) requested_at: Duration,
    pub(super) stop_state: StopState,
    /// The time of the next poll.
    pub(super) poll_at: Duration,
    pub(super) poll_mode: PollMode,
    /// When a description first had a final status. The wait for the metric counts from here.
    pub(super) ended_at: Option<Duration>,
    pub(super) log_tail: LogTail,
    /// The last description by the service.
    pub(super) last_description: Option<TrainingJob>,
    pub(super) reports: ReportState,
}

impl Attempt {
    pub(super) fn new(request: CreateTrainingJobRequest, instance_option: usize) -> Self {
        Self {
            request,
            instance_option,
            presence: Presence::Requested { is_reply_lost: false },
            first_requested_at: Duration::ZERO,
            requested_at: Duration::ZERO,
            stop_state: StopState::NotRequested,
            poll_at: Duration::ZERO,
            poll_mode: PollMode::BySearch { misses: 0 },
            ended_at: None,
            log_tail: LogTail::NotNeeded,
            last_description: None,
            reports: ReportState::default(),
        }
    }

    /// Returns the attempt after its job was created.
    pub(super) fn created(self, now: Duration, poll_interval: Duration) -> Self {
        Self { presence: Presence::Verified, poll_at: next_poll_round(now, poll_interval), ..self }
    }

    /// Returns the attempt after a job of its name was found, which must be verified.
    pub(super) fn found(self, now: Duration) -> Self {
        let is_reply_lost = self.presence.is_reply_lost();
        let presence = Presence::Unverified { is_reply_lost };
        Self { presence, poll_at: now, poll_mode: PollMode::ByDescribe, ..self }
    }

    pub(super) fn name(&self) -> &str {
        &self.request.name
    }

    /// Returns whether the last description says that the job has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.last_description.as_ref().is_some_and(TrainingJob::has_ended)
    }
}

/// Returns the time of the next poll. All jobs are polled at the same times, so that one search
/// covers many of them.
pub(super) fn next_poll_round(now: Duration, poll_interval: Duration) -> Duration {
    let round = poll_interval.as_nanos().max(1);
    let next = (now.as_nanos() / round + 1) * round;
    Duration::from_nanos(u64::try_from(next).unwrap_or(u64::MAX))
}
