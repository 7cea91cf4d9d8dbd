//! Limits of failures: end a tuning in which jobs fail for a reason common to all of them.

use serde::{Deserialize, Serialize};

/// Ends a tuning when too many of the last jobs failed.
///
/// It detects programs that are broken, and tolerates regions of the search space that fail. If all
/// of the last jobs failed, but a trial of this study completed before, the tuner first runs the
/// best trial once more. This probe is a further attempt that does not count as a job. The tuning
/// ends only if the probe fails. A second probe in a row is skipped if failed and completed trials
/// are mixed throughout the space, because then no region fails.
///
/// A breaker with `failures` below `of_last` limits the rate of failures. It runs no probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CircuitBreaker {
    /// Number of failed jobs that ends the tuning.
    pub failures: usize,
    /// Number of last jobs among which the failures are counted.
    pub of_last: usize,
}

impl Default for CircuitBreaker {
    /// Returns a breaker for ten failures in a row.
    fn default() -> Self {
        Self { failures: 10, of_last: 10 }
    }
}

/// Ends a tuning whose first jobs fail for a reason that no configuration can avoid.
///
/// It counts jobs that could not start ([`FailureKind::Setup`]) and jobs that succeeded without
/// reporting the metric ([`FailureKind::MissingMetric`]). It stops counting as soon as a trial of
/// this study has a value, and starts again with each call of [`tune`](mod@crate::tune). It is off
/// by default. `SageMakerEvaluator::adapt_rules` of the package `surmise-sagemaker` turns it on,
/// because each failed job costs money.
///
/// [`FailureKind::Setup`]: crate::trial::FailureKind::Setup
/// [`FailureKind::MissingMetric`]: crate::trial::FailureKind::MissingMetric
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Canary {
    /// Number of such failures that ends the tuning.
    pub failures: usize,
    /// Runs only one job at a time until a job has a value, to save the cost of further failures.
    pub one_at_a_time: bool,
}

impl Default for Canary {
    /// Returns a canary for two failures that does not limit the number of parallel jobs.
    fn default() -> Self {
        Self { failures: 2, one_at_a_time: false }
    }
}

impl Canary {
    /// Runs one job at a time until a job has a value; off by default.
    #[must_use]
    pub fn one_at_a_time(self) -> Self {
        Self { one_at_a_time: true, ..self }
    }
}
