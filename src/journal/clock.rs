//! The clocks that journals use: the time of day for records, and a monotonic one for intervals.

#![allow(clippy::disallowed_methods, reason = "times for people and for later processes")]

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Returns the seconds since 1970 (UTC), by the clock of this machine.
pub(super) fn unix_time() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// Returns this moment, by a clock that is never set.
pub(super) fn monotonic_now() -> Instant {
    Instant::now()
}
