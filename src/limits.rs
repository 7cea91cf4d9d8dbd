//! How much may be run: limits as data.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Violation};

/// How many jobs may run, in all and at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceLimits {
    /// Number of jobs in all; `None` is no limit. Strategies also plan with it.
    #[doc(alias = "MaxNumberOfTrainingJobs")]
    pub max_jobs: Option<usize>,
    /// Number of jobs at once.
    #[doc(alias = "MaxParallelTrainingJobs")]
    pub max_parallel_jobs: usize,
}

/// Which running jobs are stopped because they promise little. As data: the loop does not stop any yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum EarlyStopping {
    /// None.
    #[default]
    Off,
    /// Those whose value is worse than the median of earlier jobs' running averages at the same step.
    #[doc(alias = "TrainingJobEarlyStoppingType")]
    MedianRule,
}

/// When it is enough, besides the limits; any one of them suffices. As data: the loop does not look at them yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[doc(alias = "TuningJobCompletionCriteria")]
pub struct CompletionCriteria {
    /// A job reached this value of the metric.
    #[doc(alias = "TargetObjectiveMetricValue")]
    pub target: Option<f64>,
    /// So many jobs in a row did not improve the best value.
    #[doc(alias = "BestObjectiveNotImproving")]
    pub not_improving_for: Option<usize>,
    /// Little can be gained any more.
    #[doc(alias = "ConvergenceDetected")]
    pub on_convergence: bool,
}

impl ResourceLimits {
    /// These limits.
    pub fn new(max_jobs: usize, max_parallel_jobs: usize) -> Self {
        Self { max_jobs: Some(max_jobs), max_parallel_jobs }
    }

    pub(crate) fn violations(&self) -> Vec<Violation> {
        let mut violations = Vec::new();
        if self.max_jobs == Some(0) {
            violations.push(Violation::new(
                "max_jobs",
                0,
                "at least one job must be allowed",
                "raise it, or use None for no limit",
            ));
        }
        if self.max_parallel_jobs == 0 {
            violations.push(Violation::new(
                "max_parallel_jobs",
                0,
                "at least one job must be allowed at a time",
                "raise it",
            ));
        }
        violations
    }

    /// Whether the limits make sense.
    ///
    /// # Errors
    /// [`Error::Invalid`] if either of them is 0.
    pub fn check(&self) -> Result<(), Error> {
        Error::unless_empty(self.violations())
    }
}

impl Default for ResourceLimits {
    /// No limit in all, one job at a time.
    fn default() -> Self {
        Self { max_jobs: None, max_parallel_jobs: 1 }
    }
}
