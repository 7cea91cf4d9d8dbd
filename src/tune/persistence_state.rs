//! The state of persistence: whether the sink has all events.

use std::time::Duration;

use crate::error::Error;

/// Whether the sink has all events of the study.
#[derive(Debug)]
pub(super) enum PersistState {
    /// The sink has all events, or there is no sink.
    Persisted,
    /// The last write failed.
    Failing {
        /// The time since which no job has been running; `None` if one is running.
        idle_since: Option<Duration>,
        /// The time of the next retry.
        retry_at: Duration,
        /// The delay before that retry.
        delay: Duration,
        error: Error,
    },
}
