//! The state of a probe: another run of the best trial's job.

use super::stop_reason::StopReason;
use crate::evaluator::JobId;
use std::time::Duration;

/// A further run of the best trial's job, which decides whether the tuning continues.
#[derive(Debug)]
pub(super) struct Probe {
    pub(super) job: JobId,
    /// The time at which the probe started; `None` if it has not started.
    pub(super) started_at: Option<Duration>,
    pub(super) is_stop_requested: bool,
    /// The reason for which the tuning ends if the probe fails.
    pub(super) reason: StopReason,
}

impl Probe {
    pub(super) fn is_running(&self) -> bool {
        self.started_at.is_some()
    }

    /// Returns the time at which the probe exceeds its timeout, if it runs without a stop request.
    pub(super) fn deadline(&self, timeout: Duration) -> Option<Duration> {
        self.started_at
            .filter(|_| !self.is_stop_requested)
            .map(|start| start.saturating_add(timeout))
    }

    pub(super) fn job(&self) -> JobId {
        self.job
    }
}
