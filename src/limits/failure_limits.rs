//! Limits of failures, which end a tuning if its jobs fail for a reason common to all of them.

use serde::{Deserialize, Serialize};

/// Ends a tuning when too many of the most recent jobs have failed.
///
/// It detects broken programs, and tolerates regions of the search space that fail. If all of the
/// most recent jobs failed, but a trial of this study completed before, the tuner first runs the
/// best trial again. This probe is a further attempt that does not count as a job. The tuning ends
/// only if the probe fails. The tuner skips a second probe in a row if failed and completed trials
/// are mixed throughout the space, because then no region fails.
///
/// A breaker with `failures` below `of_last` limits the rate of failures, and runs no probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CircuitBreaker {
    /// Number of failed jobs that ends the tuning; 10 by default.
    pub failures: usize,
    /// Number of most recent jobs among which failures are counted; 10 by default.
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
/// reporting the metric ([`FailureKind::MissingMetric`]). Each call of [`tune`](mod@crate::tune)
/// counts from 0. Once a job of this study has ended with a value and without a stop request, the
/// canary has no effect. It is off by default. `SageMakerEvaluator::adapt_rules` of the package
/// `surmise-sagemaker` turns it on, because each failed job costs money.
///
/// [`FailureKind::Setup`]: crate::trial::FailureKind::Setup
/// [`FailureKind::MissingMetric`]: crate::trial::FailureKind::MissingMetric
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Canary {
    /// Number of setup failures and missing metrics that ends the tuning; 2 by default.
    pub failures: usize,
    /// If `true`, runs one job at a time until a job has a value, to limit the cost of failures.
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
    ///
    /// Use it if parallel jobs that all fail would be expensive.
    #[must_use]
    pub fn one_at_a_time(self) -> Self {
        Self { one_at_a_time: true, ..self }
    }
}
