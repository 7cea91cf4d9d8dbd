//! Limits of a study: the number of jobs, the concurrency and the runtime.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::rule_checks::RuleChecks;
use crate::error::{Error, Violation};

/// Limits how many jobs a study runs, how many run at the same time, and for how long.
///
/// The limits are part of the [settings of a study](crate::StudySettings). Use
/// [`ResourceLimits::new`] for both numbers of jobs, and the field `max_runtime` for a time limit:
///
/// ```
/// use std::time::Duration;
///
/// use surmise::ResourceLimits;
///
/// // At most 100 jobs, 4 at a time, and at most 8 hours; with a journal, earlier calls count.
/// let limits = ResourceLimits {
///     max_runtime: Some(Duration::from_secs(8 * 3600)),
///     ..ResourceLimits::new(100, 4)
/// };
/// assert!(limits.check().is_ok());
///
/// let error = ResourceLimits::new(0, 4).check().unwrap_err();
/// assert_eq!(error.violations()[0].subject, "max_jobs");
/// ```
///
/// # Common mistakes
///
/// - **No limit of jobs.** By default `max_jobs` is `None`. The tuning then runs until the search
///   space is exhausted or a [completion criterion](crate::CompletionCriteria) is met, which may be
///   never. With a limit, strategies also plan how many trials they spend on the initial design.
/// - **Too many parallel jobs.** Each proposal is made without the results of the pending trials.
///   With as many parallel jobs as jobs in total, the strategy learns nothing.
/// - **A zero.** [`Study::new`](crate::Study::new) returns an error that names the field.
///
/// See also the guide to [parallel jobs](crate::guide::parallel_jobs).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceLimits {
    /// Maximum number of jobs in total; `None`, the default, is no limit. Retries do not count.
    #[doc(alias = "MaxNumberOfTrainingJobs")]
    pub max_jobs: Option<usize>,
    /// Maximum number of jobs at the same time; 1 by default.
    ///
    /// A job with a stop request counts until its evaluator reports its end.
    #[doc(alias = "MaxParallelTrainingJobs")]
    pub max_parallel_jobs: usize,
    /// Maximum runtime of a tuning; `None`, the default, is no limit.
    ///
    /// The clock of the evaluator measures it, from the call of [`tune`](fn@crate::tune::tune) on.
    /// With a [journal](crate::Tuner::journal_to), the time that earlier calls spent counts, too.
    /// When it is exceeded, running jobs get a stop request.
    #[doc(alias = "MaxRuntimeInSeconds")]
    pub max_runtime: Option<Duration>,
}

impl ResourceLimits {
    /// Creates limits for the total and parallel numbers of jobs, without a limit of the runtime.
    pub fn new(max_jobs: usize, max_parallel_jobs: usize) -> Self {
        Self { max_jobs: Some(max_jobs), max_parallel_jobs, max_runtime: None }
    }

    pub(crate) fn violations(&self) -> Vec<Violation> {
        let mut checks = RuleChecks::default();
        let raise = "raise it, or use None for no limit";
        let rule = "a study needs at least one job";
        checks.require(self.max_jobs != Some(0), "max_jobs", 0, rule, raise);
        let rule = "at least one job must run at a time";
        checks.require(self.max_parallel_jobs != 0, "max_parallel_jobs", 0, rule, "raise it");
        let holds = self.max_runtime != Some(Duration::ZERO);
        let rule = "the runtime must be longer than 0 s";
        checks.require(holds, "max_runtime", "0 s", rule, raise);
        checks.into_violations()
    }

    /// Checks that no limit is 0.
    ///
    /// # Errors
    /// [`Error::Invalid`] with one violation for each limit that is 0.
    pub fn check(&self) -> Result<(), Error> {
        Error::from_violations(self.violations())
    }
}

impl Default for ResourceLimits {
    /// Returns limits for one job at a time, without a limit of the jobs in total or the runtime.
    fn default() -> Self {
        Self { max_jobs: None, max_parallel_jobs: 1, max_runtime: None }
    }
}
