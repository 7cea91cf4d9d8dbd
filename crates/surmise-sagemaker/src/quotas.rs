//! How much an account may ask for: quotas, which are no part of the service's model and change with time and by request.

/// Quotas of an account, at some time.
///
/// What the service's model itself limits (30 ranges, 30 values, 100 hyperparameters) is not here, because nobody can raise it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas {
    /// Whose they are, and as of when, for people.
    pub name: &'static str,
    /// Training jobs of one tuning job.
    pub training_jobs: u32,
    /// The same where the strategy is random.
    pub random_training_jobs: u32,
    /// Training jobs of one tuning job at once.
    pub parallel_training_jobs: u32,
    /// Seconds of a tuning job.
    pub tuning_runtime_in_seconds: u32,
    /// Seconds of a training job.
    pub training_runtime_in_seconds: u32,
}

const DAY: u32 = 86_400;

impl Quotas {
    /// What every account has, by the limits page as of November 2026.
    pub const DEFAULT: Self = Self {
        name: "default quotas, November 2026",
        training_jobs: 750,
        random_training_jobs: 750,
        parallel_training_jobs: 10,
        tuning_runtime_in_seconds: 30 * DAY,
        training_runtime_in_seconds: 28 * DAY,
    };

    /// What every account had by the developer guide of June 2023.
    pub const DEFAULT_2023: Self = Self {
        name: "default quotas, June 2023",
        training_jobs: 500,
        random_training_jobs: 500,
        ..Self::DEFAULT
    };

    /// The most that an account can be given on request, by the limits page as of November 2026.
    pub const RAISED: Self = Self {
        name: "highest quotas on request, November 2026",
        random_training_jobs: 10_000,
        parallel_training_jobs: 100,
        ..Self::DEFAULT
    };
}

impl Default for Quotas {
    /// [`Quotas::DEFAULT`].
    fn default() -> Self {
        Self::DEFAULT
    }
}
