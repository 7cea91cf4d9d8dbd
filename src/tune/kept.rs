//! Whether the sink has all events of the study.

use std::time::Duration;

use crate::error::Error;

/// Whether the sink has all events of the study.
#[derive(Debug)]
pub(super) enum Keeping {
    /// It has, or there is no sink.
    Kept,
    /// The last write failed.
    Failing {
        /// Since when no job runs either.
        idle: Option<Duration>,
        /// When to try again, and how long the wait until then is.
        next: Duration,
        wait: Duration,
        error: Error,
    },
}
