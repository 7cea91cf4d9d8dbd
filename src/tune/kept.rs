//! Whether all that has been recorded is kept.

use std::time::Duration;

use crate::error::Error;

/// Whether all that has been recorded is kept.
#[derive(Debug)]
pub(super) enum Keeping {
    /// It is, or nothing keeps it.
    Kept,
    /// It is not.
    Failing {
        /// Since when nothing runs besides.
        idle: Option<Duration>,
        /// When it is tried again, and how long that was waited for.
        next: Duration,
        wait: Duration,
        error: Error,
    },
}
