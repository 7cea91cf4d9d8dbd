//! The SageMaker evaluator: every attempt at a trial is a training job.

mod comparison;
mod description;
mod prices;
mod rate_limits;
mod service_error;
mod timing;

mod attempt;
mod bill;
mod capacity;
mod remedies;
mod service;

mod outcome;
mod service_client;
mod spending;
mod tuning_job;

mod sagemaker_evaluator;
#[cfg(feature = "sdk")]
mod sdk;

mod earlier_runs;
mod reporting;
mod run;
mod starting;

mod location;
mod poll;
mod stopping;

pub use self::bill::{Bill, Billed, BilledFor};
pub use self::description::TrainingJob;
pub use self::prices::{Budget, MaxCost, Money, Prices};
pub use self::rate_limits::{RateLimit, RateLimits};
pub use self::sagemaker_evaluator::SageMakerEvaluator;
#[cfg(feature = "sdk")]
pub use self::sdk::{Connection, SageMakerService};
pub use self::service::{
    FoundJobs, JobFilter, TrainingReport, TrainingReportSource, TrainingService,
};
pub use self::service_error::{ServiceError, ServiceErrorKind};
pub use self::tuning_job::{TuningJob, TuningService};

#[cfg(test)]
mod tests;
