//! One attempt at a trial, as far as it is known what became of it.

use std::time::Duration;

use super::description::TrainingJob;
use crate::request::CreateTrainingJobRequest;

/// What is known of the training job of an attempt's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// Its creation was asked for, and it is not known to be there.
    Asked {
        /// Whether the reply was lost: then a job of its name may be this attempt's.
        was_lost: bool,
    },
    /// There is one, and it is not known to be this attempt's, and not another's of the same name.
    Unverified {
        /// Whether the reply to its creation was lost.
        was_lost: bool,
    },
    /// It is there, and this attempt's.
    Own,
    /// It was this attempt's, and was not there when it was asked for last.
    Vanished,
}

impl Presence {
    /// Whether there is a job, as far as is known.
    pub(super) fn is_there(self) -> bool {
        matches!(self, Self::Unverified { .. } | Self::Own)
    }

    /// Whether the job is, or was, known to be this attempt's.
    pub(super) fn is_own(self) -> bool {
        matches!(self, Self::Own | Self::Vanished)
    }

    /// Whether the reply to its creation was lost, and nothing is known of it since.
    pub(super) fn was_lost(self) -> bool {
        matches!(self, Self::Asked { was_lost: true } | Self::Unverified { was_lost: true })
    }

    /// The service knows a job of this name.
    pub(super) fn found(self) -> Self {
        match self {
            Self::Asked { was_lost } | Self::Unverified { was_lost } => {
                Self::Unverified { was_lost }
            }
            Self::Own | Self::Vanished => Self::Own,
        }
    }

    /// The service knows none.
    pub(super) fn missed(self) -> Self {
        match self {
            Self::Asked { was_lost } | Self::Unverified { was_lost } => Self::Asked { was_lost },
            Self::Own | Self::Vanished => Self::Vanished,
        }
    }
}

/// Whether a job is to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stopping {
    No,
    /// The service has not been told yet.
    Wanted(Repeat),
    /// It has.
    Asked(Repeat),
    /// It may not be told: the job runs to its end.
    Denied,
}

/// When the service is asked again to stop a job.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Repeat {
    pub(super) at: Duration,
    /// How often it was refused.
    pub(super) refusals: u32,
}

impl Stopping {
    /// The service has been told.
    pub(super) fn asked(self) -> Self {
        match self {
            Self::Wanted(repeat) | Self::Asked(repeat) => Self::Asked(repeat),
            Self::No | Self::Denied => Self::Asked(Repeat::default()),
        }
    }

    /// Asks again at this time, if it is to stop at all.
    pub(super) fn again_at(self, at: Duration) -> Self {
        match self {
            Self::Wanted(repeat) => Self::Wanted(Repeat { at, ..repeat }),
            Self::Asked(repeat) => Self::Asked(Repeat { at, ..repeat }),
            Self::No | Self::Denied => self,
        }
    }

    /// One more refusal; how many there are.
    pub(super) fn refused(&mut self) -> u32 {
        match self {
            Self::Wanted(repeat) | Self::Asked(repeat) => {
                repeat.refusals += 1;
                repeat.refusals
            }
            Self::No | Self::Denied => 0,
        }
    }
}

/// How a job is looked at next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// With all others, by one search.
    Together {
        /// So many searches in a row have not found it.
        misses: u32,
    },
    /// By itself: a search may be behind, or not know of it.
    Closely,
}

/// What is fetched of a job on its way.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reports {
    /// Whether they are to be fetched.
    pub(super) are_wanted: bool,
    /// When they were fetched last.
    pub(super) fetched_at: Duration,
    /// How often in a row they could not be.
    pub(super) misses: u32,
    /// The step of the last one, those before a restart included.
    pub(super) last_step: Option<u64>,
    /// Those whose steps had to be counted, since the job was begun last.
    pub(super) counted: u64,
    /// How often it had been begun when they were counted.
    pub(super) run: usize,
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
    pub(super) presence: Presence,
    /// When its creation was asked for first.
    pub(super) first_asked_at: Duration,
    /// When its creation was asked for last.
    pub(super) asked_at: Duration,
    pub(super) stopping: Stopping,
    /// When to look at it next.
    pub(super) look_at: Duration,
    pub(super) look: Look,
    /// Since when it is known to have ended, while its metric is still looked for.
    pub(super) ended_at: Option<Duration>,
    pub(super) last_lines: LastLines,
    /// What the service said last.
    pub(super) seen: Option<TrainingJob>,
    pub(super) reports: Reports,
}

impl Attempt {
    pub(super) fn new(request: CreateTrainingJobRequest, machines: usize) -> Self {
        Self {
            request,
            machines,
            presence: Presence::Asked { was_lost: false },
            first_asked_at: Duration::ZERO,
            asked_at: Duration::ZERO,
            stopping: Stopping::No,
            look_at: Duration::ZERO,
            look: Look::Together { misses: 0 },
            ended_at: None,
            last_lines: LastLines::Unwanted,
            seen: None,
            reports: Reports::default(),
        }
    }

    /// It has just been created.
    pub(super) fn created(self, now: Duration, poll: Duration) -> Self {
        Self { presence: Presence::Own, look_at: next_round(now, poll), ..self }
    }

    /// There was one of its name.
    pub(super) fn found(self, now: Duration) -> Self {
        let was_lost = self.presence.was_lost();
        let presence = Presence::Unverified { was_lost };
        Self { presence, look_at: now, look: Look::Closely, ..self }
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
