//! Quotas of an AWS account for tuning jobs.
//!
//! They are not part of the service's model: AWS changes them, and raises them on request.

/// The quotas of an AWS account for tuning jobs, as of some month.
///
/// The limits of the service's model (30 ranges, 30 values, 100 hyperparameters) are not among
/// them, because AWS cannot raise those.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas {
    /// The name of the quotas and their date, for messages.
    pub name: &'static str,
    /// The maximum number of training jobs of one tuning job.
    pub training_jobs: u32,
    /// The maximum number of training jobs of one tuning job with strategy `Random`.
    pub random_training_jobs: u32,
    /// The maximum number of training jobs of one tuning job that run at the same time.
    pub parallel_training_jobs: u32,
    /// The maximum duration of a tuning job, in seconds.
    pub tuning_runtime_in_seconds: u32,
    /// The maximum duration of a training job, in seconds.
    pub training_runtime_in_seconds: u32,
}

const DAY: u32 = 86_400;

impl Quotas {
    /// The default quotas of every account, by AWS's page of limits as of November 2026.
    pub const DEFAULT: Self = Self {
        name: "default quotas, November 2026",
        training_jobs: 750,
        random_training_jobs: 750,
        parallel_training_jobs: 10,
        tuning_runtime_in_seconds: 30 * DAY,
        training_runtime_in_seconds: 28 * DAY,
    };

    /// The default quotas of every account, by the developer guide of June 2023.
    pub const DEFAULT_2023: Self = Self {
        name: "default quotas, June 2023",
        training_jobs: 500,
        random_training_jobs: 500,
        ..Self::DEFAULT
    };

    /// The highest quotas that AWS grants on request, by AWS's page of limits as of November 2026.
    pub const RAISED: Self = Self {
        name: "highest quotas on request, November 2026",
        random_training_jobs: 10_000,
        parallel_training_jobs: 100,
        ..Self::DEFAULT
    };
}

impl Default for Quotas {
    /// Returns the quotas [`Quotas::DEFAULT`].
    fn default() -> Self {
        Self::DEFAULT
    }
}
