//! The clock of an evaluator: that of the machine, or a simulated one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

/// A clock that starts at zero. Clones share the same time.
///
/// On a simulated clock, time passes only by [`sleep`](Self::sleep), and without waiting. With a
/// fake service on the same clock, a tuning of hours takes seconds.
#[derive(Debug, Clone)]
pub struct Clock(Kind);

#[derive(Debug, Clone)]
enum Kind {
    /// The machine's clock, accelerated by a factor.
    Real { started: Instant, factor: f64 },
    /// The simulated time in nanoseconds.
    Simulated(Arc<AtomicU64>),
}

/// The instant at which simulated time begins, in seconds since 1970: 20 November 2026.
pub(crate) const EPOCH: f64 = 1_795_132_800.0;

impl Clock {
    /// Returns a clock that runs like the machine's, from now on.
    pub fn real() -> Self {
        Self::accelerated(1.0)
    }

    /// Returns a clock that runs `factor` times as fast as the machine's, from now on.
    ///
    /// Use it for processes that cannot share a [simulated](Self::simulated) clock. With a factor
    /// of 600, a training job of ten minutes takes a second. A factor that is not positive and
    /// finite counts as 1.
    #[allow(clippy::disallowed_methods, reason = "an evaluator keeps the time")]
    pub fn accelerated(factor: f64) -> Self {
        let factor = if factor > 0.0 && factor.is_finite() { factor } else { 1.0 };
        Self(Kind::Real { started: Instant::now(), factor })
    }

    /// Returns a simulated clock, whose time passes only by [`sleep`](Self::sleep).
    pub fn simulated() -> Self {
        Self(Kind::Simulated(Arc::new(AtomicU64::new(0))))
    }

    /// Returns whether the clock is simulated.
    pub fn is_simulated(&self) -> bool {
        matches!(self.0, Kind::Simulated(_))
    }

    /// Returns the time since the start of the clock.
    pub fn now(&self) -> Duration {
        match &self.0 {
            Kind::Real { started, factor } => scaled(started.elapsed(), *factor),
            Kind::Simulated(now) => Duration::from_nanos(now.load(Ordering::Acquire)),
        }
    }

    /// Returns the time of day in seconds since 1970; a simulated clock starts on 20 November 2026.
    #[allow(clippy::disallowed_methods, reason = "an evaluator keeps the time")]
    pub fn unix_seconds(&self) -> f64 {
        match &self.0 {
            Kind::Real { started, factor } => {
                let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
                let since = since.map_or(EPOCH, |since| since.as_secs_f64());
                since + started.elapsed().as_secs_f64() * (factor - 1.0)
            }
            Kind::Simulated(_) => EPOCH + self.now().as_secs_f64(),
        }
    }

    /// Sleeps until `time` has passed on this clock; a simulated clock only advances.
    pub fn sleep(&self, time: Duration) {
        match &self.0 {
            Kind::Real { factor, .. } => thread::sleep(scaled(time, factor.recip())),
            Kind::Simulated(now) => {
                let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX / 4);
                now.fetch_add(nanos, Ordering::AcqRel);
            }
        }
    }
}

fn scaled(time: Duration, factor: f64) -> Duration {
    // On overflow the time is not scaled.
    Duration::try_from_secs_f64(time.as_secs_f64() * factor).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accelerated_clocks_are_consistent() {
        let clock = Clock::accelerated(1000.0);
        let before = (clock.now(), clock.unix_seconds());
        clock.sleep(Duration::from_secs(20));
        let passed = clock.now().saturating_sub(before.0).as_secs_f64();
        assert!((20.0..2000.0).contains(&passed), "{passed}");
        assert!((clock.unix_seconds() - before.1 - passed).abs() < 0.2 * passed.max(50.0));
        for invalid in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(Clock::accelerated(invalid).now() < Duration::from_secs(1));
        }
    }
}
