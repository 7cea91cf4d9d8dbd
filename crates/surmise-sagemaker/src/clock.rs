//! The time of an evaluator: that of the machine, or one that passes only while somebody waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

/// A clock that begins at zero. Clones of it are the same clock.
///
/// On a simulated one time passes only by [`sleep`](Self::sleep), at once: what takes hours with a service takes seconds with a fake of
/// it that looks at the same clock.
#[derive(Debug, Clone)]
pub struct Clock(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Real(Instant),
    /// In nanoseconds.
    Simulated(Arc<AtomicU64>),
}

/// The instant at which simulated time begins, in seconds since 1970: 20 November 2026.
pub(crate) const EPOCH: f64 = 1_795_132_800.0;

impl Clock {
    /// The machine's, from now on.
    #[allow(clippy::disallowed_methods, reason = "an evaluator keeps the time")]
    pub fn real() -> Self {
        Self(Kind::Real(Instant::now()))
    }

    /// One that passes only while somebody sleeps.
    pub fn simulated() -> Self {
        Self(Kind::Simulated(Arc::new(AtomicU64::new(0))))
    }

    /// Whether time passes only while somebody sleeps.
    pub fn is_simulated(&self) -> bool {
        matches!(self.0, Kind::Simulated(_))
    }

    /// The time since it began.
    pub fn now(&self) -> Duration {
        match &self.0 {
            Kind::Real(made) => made.elapsed(),
            Kind::Simulated(now) => Duration::from_nanos(now.load(Ordering::Acquire)),
        }
    }

    /// The time of day in seconds since 1970; a simulated clock begins on 20 November 2026.
    #[allow(clippy::disallowed_methods, reason = "an evaluator keeps the time")]
    pub fn unix_seconds(&self) -> f64 {
        match &self.0 {
            Kind::Real(_) => {
                let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
                since.map_or(EPOCH, |since| since.as_secs_f64())
            }
            Kind::Simulated(_) => EPOCH + self.now().as_secs_f64(),
        }
    }

    /// Waits.
    pub fn sleep(&self, time: Duration) {
        match &self.0 {
            Kind::Real(_) => thread::sleep(time),
            Kind::Simulated(now) => {
                let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX / 4);
                now.fetch_add(nanos, Ordering::AcqRel);
            }
        }
    }
}
