//! The clocks of journals: the system clock for records, and a monotonic clock for intervals.

#![allow(clippy::disallowed_methods, reason = "times for people and for later processes")]

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Returns the seconds since 1970 (UTC), by the clock of this machine.
pub(super) fn unix_time() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// Returns the current time of a monotonic clock, which is never set.
pub(super) fn monotonic_now() -> Instant {
    Instant::now()
}
