//! Rate limits of requests: a token bucket for each operation, and exponential backoff.

use std::time::Duration;

use surmise::rng::Rng;

/// The rate limit of one operation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateLimit {
    /// The number of requests per second in the long run.
    pub per_second: f64,
    /// The number of requests that may be sent at once after an idle time.
    pub burst: f64,
}

impl RateLimit {
    /// Returns a rate limit whose burst is one second's number of requests, but at least one.
    pub fn per_second(per_second: f64) -> Self {
        Self { per_second, burst: per_second.max(1.0) }
    }
}

/// The rate limits of all operations, and the poll interval.
///
/// While the service throttles an operation, its requests are sent more slowly than this.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct RateLimits {
    /// Requests of `CreateTrainingJob`, per second; 1 with a burst of 4 by default.
    pub create: RateLimit,
    /// Requests of `DescribeTrainingJob`, per second; 4 with a burst of 4 by default.
    pub describe: RateLimit,
    /// Requests of `Search`, per second; 1 with a burst of 1 by default.
    pub search: RateLimit,
    /// Requests of `StopTrainingJob`, per second; 4 with a burst of 20 by default.
    pub stop: RateLimit,
    /// Requests of `BatchGetMetrics` or of the operations that read logs, per second; 4 with a
    /// burst of 4 by default.
    pub reports: RateLimit,
    /// Interval at which a running job is polled; 15 seconds by default.
    pub poll_interval: Duration,
}

impl Default for RateLimits {
    /// Returns the default limits per second: 1 creation, 4 descriptions, 1 search, 4 stops and 4
    /// requests for reports. The bursts are 4 creations and 20 stops, otherwise one second's
    /// number. The poll interval is 15 seconds.
    ///
    /// AWS publishes no limits; users report 2 listings per second for a whole account.
    fn default() -> Self {
        Self {
            create: RateLimit { per_second: 1.0, burst: 4.0 },
            describe: RateLimit::per_second(4.0),
            search: RateLimit::per_second(1.0),
            stop: RateLimit { per_second: 4.0, burst: 20.0 },
            reports: RateLimit::per_second(4.0),
            poll_interval: Duration::from_secs(15),
        }
    }
}

/// Backoff after the first throttled request, in seconds.
const MIN_BACKOFF: f64 = 0.5;
/// Maximum backoff after throttled requests, in seconds.
const MAX_BACKOFF: f64 = 20.0;
/// Factor of the rate after a throttled request.
const THROTTLING_FACTOR: f64 = 0.7;
/// Increase of the rate after a request that was not throttled, as a share of the full rate.
const RECOVERY_STEP: f64 = 0.02;
/// Minimum of the rate, as a share of the full rate.
const MIN_SHARE: f64 = 0.1;

/// A token bucket that limits the rate of one operation.
#[derive(Debug)]
pub(super) struct TokenBucket {
    rate: RateLimit,
    /// The share of the full rate that is in effect; lower while the service throttles.
    share: f64,
    tokens: f64,
    /// The time at which the tokens were counted.
    counted_at: Duration,
    backoff: BackoffTimer,
}

impl TokenBucket {
    pub(super) fn new(rate: RateLimit) -> Self {
        let backoff = BackoffTimer::new(MIN_BACKOFF, MAX_BACKOFF);
        let tokens = rate.burst.max(1.0);
        Self { rate, share: 1.0, tokens, counted_at: Duration::ZERO, backoff }
    }

    /// Takes a token, or returns as an error how long it takes until there is one.
    pub(super) fn take(&mut self, now: Duration) -> Result<(), Duration> {
        let wait = self.wait_time(now);
        if wait > Duration::ZERO {
            return Err(wait);
        }
        self.tokens = (self.tokens - 1.0).max(0.0);
        Ok(())
    }

    /// Returns how long it takes until there is a token.
    pub(super) fn wait_time(&mut self, now: Duration) -> Duration {
        let rate = (self.rate.per_second * self.share).max(1e-6);
        let passed = now.saturating_sub(self.counted_at).as_secs_f64();
        self.tokens = (self.tokens + passed * rate).min(self.rate.burst.max(1.0));
        self.counted_at = now.max(self.counted_at);
        let missing = Duration::try_from_secs_f64((1.0 - self.tokens).max(0.0) / rate);
        // Times are whole nanoseconds, so the tokens may stay a billionth below 1 forever.
        let missing = missing.ok().filter(|_| self.tokens < 1.0 - 1e-6).unwrap_or_default();
        missing.max(self.backoff.remaining(now))
    }

    pub(super) fn record_success(&mut self) {
        self.share = (self.share + RECOVERY_STEP).min(1.0);
        self.backoff.reset();
    }

    pub(super) fn record_throttling(&mut self, now: Duration, rng: &mut Rng) {
        self.share = (self.share * THROTTLING_FACTOR).max(MIN_SHARE);
        self.backoff.extend(now, rng);
    }
}

/// Exponential backoff: each delay is twice the one before it, up to a maximum.
///
/// Half of a delay is random jitter, so that parallel tuners do not retry in step.
#[derive(Debug)]
pub(super) struct BackoffTimer {
    /// The first delay, in seconds.
    first: f64,
    /// The maximum delay, in seconds.
    max: f64,
    /// Number of delays since the last reset.
    count: i32,
    until: Duration,
}

impl BackoffTimer {
    /// Returns a timer without a delay. `first` and `max` are in seconds.
    pub(super) fn new(first: f64, max: f64) -> Self {
        Self { first, max, count: 0, until: Duration::ZERO }
    }

    /// Returns how much of the current delay is left.
    pub(super) fn remaining(&self, now: Duration) -> Duration {
        self.until.saturating_sub(now)
    }

    /// Begins the next delay.
    pub(super) fn extend(&mut self, now: Duration, rng: &mut Rng) {
        let delay = (self.first * 2.0_f64.powi(self.count.min(30))).min(self.max);
        self.count = self.count.saturating_add(1);
        let with_jitter = delay * (0.5 + 0.5 * rng.uniform());
        self.until = now.saturating_add(Duration::from_secs_f64(with_jitter));
    }

    /// Ends the current delay; the next one is the first again.
    pub(super) fn reset(&mut self) {
        self.count = 0;
        self.until = Duration::ZERO;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_bucket_allows_its_burst_and_then_its_rate() {
        let mut bucket = TokenBucket::new(RateLimit { per_second: 2.0, burst: 5.0 });
        let mut now = Duration::ZERO;
        let mut taken = 0;
        while now <= 10 * SECOND {
            match bucket.take(now) {
                Ok(()) => taken += 1,
                Err(wait) => now += wait,
            }
        }
        assert_eq!(taken, 5 + 20);
        assert_eq!(bucket.wait_time(1000 * SECOND), Duration::ZERO);
        let at_once = (0..100).take_while(|_| bucket.take(1000 * SECOND).is_ok()).count();
        assert_eq!(at_once, 5, "tokens beyond the burst are dropped");
    }

    #[test]
    fn throttling_lowers_the_rate_and_successes_restore_it() {
        let mut rng = Rng::stream(0, 1);
        let mut bucket = TokenBucket::new(RateLimit::per_second(1.0));
        bucket.record_throttling(Duration::ZERO, &mut rng);
        let first = bucket.wait_time(Duration::ZERO);
        assert!((0.25..=0.5).contains(&first.as_secs_f64()), "{first:?}");
        for _ in 0..20 {
            bucket.record_throttling(Duration::ZERO, &mut rng);
        }
        let max = bucket.wait_time(Duration::ZERO);
        assert!((10.0..=20.0).contains(&max.as_secs_f64()), "{max:?}");
        let per_minute = |bucket: &mut TokenBucket, from: Duration| {
            let (mut now, mut taken) = (from, 0);
            while now < from + 60 * SECOND {
                match bucket.take(now) {
                    Ok(()) => taken += 1,
                    Err(wait) => now += wait,
                }
            }
            taken
        };
        let slow = per_minute(&mut bucket, 100 * SECOND);
        assert!((6..=8).contains(&slow), "a tenth of the rate: {slow}");
        (0..50).for_each(|_| bucket.record_success());
        let fast = per_minute(&mut bucket, 1000 * SECOND);
        assert!((60..=62).contains(&fast), "{fast}");
    }
}
