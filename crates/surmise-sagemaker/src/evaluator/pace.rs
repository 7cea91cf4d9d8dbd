//! How fast a service is asked: a bucket of tokens for each operation, and pauses that grow while it does not answer.

use std::time::Duration;

use surmise::rng::Rng;

/// How many requests of one kind there may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// In a second, in the long run.
    pub per_second: f64,
    /// At once, after a while without any.
    pub burst: f64,
}

impl Rate {
    /// So many in a second, and as many at once; at least one.
    pub fn per_second(per_second: f64) -> Self {
        Self { per_second, burst: per_second.max(1.0) }
    }
}

/// How fast a service is asked at the most. It is asked more slowly while it complains.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Pace {
    /// `CreateTrainingJob`.
    pub create: Rate,
    /// `DescribeTrainingJob`.
    pub describe: Rate,
    /// `Search`.
    pub search: Rate,
    /// `StopTrainingJob`.
    pub stop: Rate,
    /// `BatchGetMetrics`, or what reads logs.
    pub reports: Rate,
    /// How often a job that runs is looked at.
    pub poll: Duration,
}

impl Default for Pace {
    /// Every 15 seconds; 1 creation, 4 descriptions, 1 search, 4 stops and 4 requests for reports in a second. AWS publishes no rates; users report
    /// 2 listings in a second for a whole account.
    fn default() -> Self {
        Self {
            create: Rate { per_second: 1.0, burst: 4.0 },
            describe: Rate::per_second(4.0),
            search: Rate::per_second(1.0),
            stop: Rate { per_second: 4.0, burst: 20.0 },
            reports: Rate::per_second(4.0),
            poll: Duration::from_secs(15),
        }
    }
}

/// A pause after the first complaint, and the longest.
const FIRST_PAUSE: f64 = 0.5;
const LONGEST_PAUSE: f64 = 20.0;
/// A complaint makes the rate so much lower, an answer so much of the full one higher, but never lower than this share of it.
const SLOWER: f64 = 0.7;
const FASTER: f64 = 0.02;
const SLOWEST: f64 = 0.1;

/// Tokens for requests of one kind.
#[derive(Debug)]
pub(super) struct Bucket {
    rate: Rate,
    /// The share of the rate that is in force.
    share: f64,
    tokens: f64,
    /// When the tokens were counted.
    at: Duration,
    pause: Pause,
}

impl Bucket {
    pub(super) fn new(rate: Rate) -> Self {
        let pause = Pause::new(FIRST_PAUSE, LONGEST_PAUSE);
        Self { rate, share: 1.0, tokens: rate.burst.max(1.0), at: Duration::ZERO, pause }
    }

    /// Takes a token; or says how long it is until there will be one.
    pub(super) fn take(&mut self, now: Duration) -> Result<(), Duration> {
        let wait = self.wait(now);
        if wait > Duration::ZERO {
            return Err(wait);
        }
        self.tokens = (self.tokens - 1.0).max(0.0);
        Ok(())
    }

    /// How long it is until there will be a token.
    pub(super) fn wait(&mut self, now: Duration) -> Duration {
        let rate = (self.rate.per_second * self.share).max(1e-6);
        let passed = now.saturating_sub(self.at).as_secs_f64();
        self.tokens = (self.tokens + passed * rate).min(self.rate.burst.max(1.0));
        self.at = now.max(self.at);
        let missing = Duration::try_from_secs_f64((1.0 - self.tokens).max(0.0) / rate);
        // Times are whole nanoseconds, so that a token may be missing by a billionth of one for ever.
        let missing = missing.ok().filter(|_| self.tokens < 1.0 - 1e-6).unwrap_or_default();
        missing.max(self.pause.left(now))
    }

    pub(super) fn answered(&mut self) {
        self.share = (self.share + FASTER).min(1.0);
        self.pause.end();
    }

    pub(super) fn throttled(&mut self, now: Duration, rng: &mut Rng) {
        self.share = (self.share * SLOWER).max(SLOWEST);
        self.pause.lengthen(now, rng);
    }
}

/// A pause that is twice as long each time, with half of it up to chance, so that not everyone comes back at once.
#[derive(Debug)]
pub(super) struct Pause {
    first: f64,
    longest: f64,
    /// How often in a row.
    times: i32,
    until: Duration,
}

impl Pause {
    pub(super) fn new(first: f64, longest: f64) -> Self {
        Self { first, longest, times: 0, until: Duration::ZERO }
    }

    pub(super) fn left(&self, now: Duration) -> Duration {
        self.until.saturating_sub(now)
    }

    pub(super) fn lengthen(&mut self, now: Duration, rng: &mut Rng) {
        let whole = (self.first * 2.0_f64.powi(self.times.min(30))).min(self.longest);
        self.times = self.times.saturating_add(1);
        let wait = whole * (0.5 + 0.5 * rng.uniform());
        self.until = now.saturating_add(Duration::from_secs_f64(wait));
    }

    pub(super) fn end(&mut self) {
        self.times = 0;
        self.until = Duration::ZERO;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let mut bucket = Bucket::new(Rate { per_second: 2.0, burst: 5.0 });
        let mut now = Duration::ZERO;
        let mut taken = 0;
        while now <= 10 * SECOND {
            match bucket.take(now) {
                Ok(()) => taken += 1,
                Err(wait) => now += wait,
            }
        }
        assert_eq!(taken, 5 + 20);
        assert_eq!(bucket.wait(1000 * SECOND), Duration::ZERO);
        let at_once = (0..100).take_while(|_| bucket.take(1000 * SECOND).is_ok()).count();
        assert_eq!(at_once, 5, "no more than the burst is saved up");
    }

    #[test]
    fn complaints_make_it_slower_and_answers_faster_again() {
        let mut rng = Rng::stream(0, 1);
        let mut bucket = Bucket::new(Rate::per_second(1.0));
        bucket.throttled(Duration::ZERO, &mut rng);
        let first = bucket.wait(Duration::ZERO);
        assert!((0.25..=0.5).contains(&first.as_secs_f64()), "{first:?}");
        for _ in 0..20 {
            bucket.throttled(Duration::ZERO, &mut rng);
        }
        let longest = bucket.wait(Duration::ZERO);
        assert!((10.0..=20.0).contains(&longest.as_secs_f64()), "{longest:?}");
        let per_minute = |bucket: &mut Bucket, from: Duration| {
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
        (0..50).for_each(|_| bucket.answered());
        let fast = per_minute(&mut bucket, 1000 * SECOND);
        assert!((60..=62).contains(&fast), "{fast}");
    }
}
