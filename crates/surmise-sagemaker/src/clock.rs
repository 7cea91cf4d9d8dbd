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
    /// As fast as the machine's, or so many times faster.
    Real { made: Instant, times: f64 },
    /// In nanoseconds.
    Simulated(Arc<AtomicU64>),
}

/// The instant at which simulated time begins, in seconds since 1970: 20 November 2026.
pub(crate) const EPOCH: f64 = 1_795_132_800.0;

impl Clock {
    /// The machine's, from now on.
    pub fn real() -> Self {
        Self::faster(1.0)
    }

    /// A clock that runs `times` as fast as the machine's, from now on. For processes that cannot share a [simulated](Self::simulated) clock. At 600 a
    /// training job of ten minutes takes a second. A number that is not positive counts as 1.
    #[allow(clippy::disallowed_methods, reason = "an evaluator keeps the time")]
    pub fn faster(times: f64) -> Self {
        let times = if times > 0.0 && times.is_finite() { times } else { 1.0 };
        Self(Kind::Real { made: Instant::now(), times })
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
            Kind::Real { made, times } => scaled(made.elapsed(), *times),
            Kind::Simulated(now) => Duration::from_nanos(now.load(Ordering::Acquire)),
        }
    }

    /// The time of day in seconds since 1970; a simulated clock begins on 20 November 2026.
    #[allow(clippy::disallowed_methods, reason = "an evaluator keeps the time")]
    pub fn unix_seconds(&self) -> f64 {
        match &self.0 {
            Kind::Real { made, times } => {
                let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
                let since = since.map_or(EPOCH, |since| since.as_secs_f64());
                since + made.elapsed().as_secs_f64() * (times - 1.0)
            }
            Kind::Simulated(_) => EPOCH + self.now().as_secs_f64(),
        }
    }

    /// Waits.
    pub fn sleep(&self, time: Duration) {
        match &self.0 {
            Kind::Real { times, .. } => thread::sleep(scaled(time, times.recip())),
            Kind::Simulated(now) => {
                let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX / 4);
                now.fetch_add(nanos, Ordering::AcqRel);
            }
        }
    }
}

fn scaled(time: Duration, by: f64) -> Duration {
    // A time that overflows is as long as it was.
    Duration::try_from_secs_f64(time.as_secs_f64() * by).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_faster_clock_agrees_with_itself() {
        let clock = Clock::faster(1000.0);
        let before = (clock.now(), clock.unix_seconds());
        clock.sleep(Duration::from_secs(20));
        let passed = clock.now().saturating_sub(before.0).as_secs_f64();
        assert!((20.0..2000.0).contains(&passed), "{passed}");
        assert!((clock.unix_seconds() - before.1 - passed).abs() < 0.2 * passed.max(50.0));
        for odd in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(Clock::faster(odd).now() < Duration::from_secs(1));
        }
    }
}
