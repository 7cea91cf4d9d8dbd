//! Estimate of the remaining time of a tuning.

use std::time::{Duration, Instant};

/// The remaining time: the number of remaining batches times the mean duration of the ended jobs.
#[derive(Debug, Default)]
pub(crate) struct Estimate {
    ended: u32,
    /// The total duration of the ended jobs.
    total: Duration,
    /// The time of the last estimate, and the estimated remaining time.
    last_estimate: Option<(Instant, Duration)>,
}

impl Estimate {
    /// Adds an ended job that took `duration`.
    ///
    /// `remaining` counts the jobs that are running or not started; `parallel` jobs run at a time.
    #[allow(clippy::disallowed_methods, reason = "the view shows the remaining time")]
    #[allow(clippy::cast_precision_loss, reason = "an estimate")]
    pub(crate) fn add_job(&mut self, duration: Duration, remaining: usize, parallel: usize) {
        self.ended += 1;
        self.total += duration;
        let batches = remaining as f64 / parallel.max(1) as f64;
        let seconds = (self.total / self.ended).as_secs_f64() * batches;
        let estimate = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        self.last_estimate = Some((Instant::now(), estimate));
    }

    /// Returns the estimated remaining time, or `None` before the first job has ended.
    pub(crate) fn remaining(&self) -> Option<Duration> {
        self.last_estimate.map(|(made_at, estimate)| estimate.saturating_sub(made_at.elapsed()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remaining_time_is_estimated_from_ended_jobs() {
        let mut estimate = Estimate::default();
        assert_eq!(estimate.remaining(), None);
        estimate.add_job(Duration::from_secs(100), 8, 4);
        estimate.add_job(Duration::from_secs(300), 7, 4);
        let seconds = estimate.remaining().unwrap().as_secs_f64();
        assert!((349.0..=350.0).contains(&seconds), "{seconds}");
        estimate.add_job(Duration::from_secs(1), 0, 4);
        assert_eq!(estimate.remaining(), Some(Duration::ZERO));
    }
}
