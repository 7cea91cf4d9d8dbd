//! Intervals and delays of the evaluator's requests.

use std::time::Duration;

/// How long a new training job may be missing from the service's replies. A creation whose reply
/// was lost has taken effect by then, or never will.
pub(super) const CONSISTENCY_WINDOW: Duration = Duration::from_secs(120);

/// Interval at which a job is polled that may not be visible yet.
pub(super) const CONSISTENCY_POLL_INTERVAL: Duration = Duration::from_secs(10);

/// Delay of a request that has timed out, during which requests for other jobs are sent.
pub(super) const RETRY_AFTER_TIMEOUT: Duration = Duration::from_secs(5);

/// Delay until the next poll when there is nothing to do.
pub(super) const IDLE: Duration = Duration::from_secs(3600);

/// Interval at which jobs of earlier runs are polled that belong to no attempt of this run.
pub(super) const UNTRACKED_POLL_INTERVAL: Duration = Duration::from_secs(300);
