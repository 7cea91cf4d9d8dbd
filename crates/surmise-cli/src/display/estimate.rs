//! When a tuning will probably be over.

use std::time::{Duration, Instant};

/// An estimate from the jobs that have ended: as many batches as remain, each as long as a mean job.
#[derive(Debug, Default)]
pub(crate) struct Estimate {
    ended: u32,
    total: Duration,
    /// When the last estimate was made, and for how long it was.
    made: Option<(Instant, Duration)>,
}

impl Estimate {
    /// A job has ended after this time; so many remain, those that run included, and so many run at a time.
    #[allow(clippy::disallowed_methods, reason = "the view shows when the tuning will be over")]
    #[allow(clippy::cast_precision_loss, reason = "an estimate")]
    pub(crate) fn job_ended(&mut self, after: Duration, remaining: usize, parallel: usize) {
        self.ended += 1;
        self.total += after;
        let batches = remaining as f64 / parallel.max(1) as f64;
        let left = (self.total / self.ended).as_secs_f64() * batches;
        let left = Duration::try_from_secs_f64(left).unwrap_or(Duration::MAX);
        self.made = Some((Instant::now(), left));
    }

    /// How long it will probably still take: unknown before the first job has ended.
    pub(crate) fn left(&self) -> Option<Duration> {
        self.made.map(|(made, left)| left.saturating_sub(made.elapsed()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_is_made_of_ended_jobs() {
        let mut estimate = Estimate::default();
        assert_eq!(estimate.left(), None);
        estimate.job_ended(Duration::from_secs(100), 8, 4);
        estimate.job_ended(Duration::from_secs(300), 7, 4);
        let left = estimate.left().unwrap().as_secs_f64();
        assert!((349.0..=350.0).contains(&left), "{left}");
        estimate.job_ended(Duration::from_secs(1), 0, 4);
        assert_eq!(estimate.left(), Some(Duration::ZERO));
    }
}
