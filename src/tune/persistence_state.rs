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
        /// Since when no job has been running either.
        idle_since: Option<Duration>,
        /// When to try again, and the delay until then.
        retry_at: Duration,
        delay: Duration,
        error: Error,
    },
}
