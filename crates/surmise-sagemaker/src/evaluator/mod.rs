//! SageMaker as the evaluator: every attempt at a trial is a training job.

mod description;
mod identity;
mod pace;
mod prices;
mod times;
mod trouble;

mod attempt;
mod bill;
mod remedies;
mod room;
mod service;

mod fate;
mod line;
mod spending;
mod tuning_job;

#[cfg(feature = "sdk")]
mod sdk;
mod training_jobs;

mod earlier_calls;
mod reporting;
mod run;
mod starting;

mod stopping;
mod work;

pub use self::bill::{Bill, Billed, BilledFor};
pub use self::description::TrainingJob;
pub use self::pace::{Pace, Rate};
pub use self::prices::{Budget, Money, MostCost, Prices};
#[cfg(feature = "sdk")]
pub use self::sdk::{Connection, SageMakerService};
pub use self::service::{FoundJobs, JobFilter, TrainingReport, TrainingReports, TrainingService};
pub use self::training_jobs::SageMakerEvaluator;
pub use self::trouble::{ServiceError, ServiceErrorKind};
pub use self::tuning_job::{TuningJob, TuningService};

#[cfg(test)]
mod tests;
