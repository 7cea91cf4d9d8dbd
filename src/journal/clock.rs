//! The time that records are labelled with.

#![allow(clippy::disallowed_methods, reason = "labels for people and for later processes")]

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Seconds since 1970 (UTC), as far as this machine knows.
pub(super) fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// This moment, on a clock that nobody sets.
pub(super) fn moment() -> Instant {
    Instant::now()
}
