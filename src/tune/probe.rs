//! One more run of the best trial's job.

use super::reason::StopReason;
use crate::evaluator::JobId;
use std::time::Duration;

/// One more run of the best trial's job.
#[derive(Debug)]
pub(super) struct Probe {
    pub(super) job: JobId,
    /// Since when it runs.
    pub(super) since: Option<Duration>,
    pub(super) stop_asked: bool,
    /// Why the tuning ends if it fails.
    pub(super) reason: StopReason,
}

impl Probe {
    pub(super) fn is_running(&self) -> bool {
        self.since.is_some()
    }

    /// When it is overdue, if it runs and has not been asked to stop.
    pub(super) fn due(&self, deadline: Duration) -> Option<Duration> {
        self.since.filter(|_| !self.stop_asked).map(|since| since.saturating_add(deadline))
    }

    pub(super) fn job(&self) -> JobId {
        self.job
    }
}
