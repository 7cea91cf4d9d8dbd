//! The seam between the evaluator and SageMaker: what it asks, what it is answered, and what can go wrong.

use std::collections::BTreeMap;
use std::fmt;

use super::trouble::ServiceError;
use crate::sagemaker::{CreateTrainingJobRequest, MetricPattern};

/// What an evaluator asks of SageMaker. Each call is one request over the network: nothing is tried again, nothing waits; that is the
/// evaluator's part, which knows what else is to be asked.
pub trait TrainingService: fmt::Debug + Send {
    /// `CreateTrainingJob`.
    ///
    /// # Errors
    /// [`ServiceErrorKind::Exists`](super::ServiceErrorKind::Exists) if there is a training job of that name.
    fn create(&mut self, request: &CreateTrainingJobRequest) -> Result<(), ServiceError>;

    /// `DescribeTrainingJob`.
    ///
    /// # Errors
    /// [`ServiceErrorKind::Missing`](super::ServiceErrorKind::Missing) if there is no training job of that name.
    fn describe(&mut self, name: &str) -> Result<TrainingJob, ServiceError>;

    /// `Search` for training jobs. What it finds may be seconds old, and what has just been created may be missing.
    ///
    /// # Errors
    /// If the service cannot answer.
    fn search(&mut self, filter: &JobFilter<'_>) -> Result<FoundJobs, ServiceError>;

    /// `StopTrainingJob`.
    ///
    /// # Errors
    /// [`ServiceErrorKind::NotRunning`](super::ServiceErrorKind::NotRunning) if it has ended, [`ServiceErrorKind::Missing`](super::ServiceErrorKind::Missing) if there is none.
    fn stop(&mut self, name: &str) -> Result<(), ServiceError>;

    /// What a training job has reported since this was asked last; from the beginning, the first time.
    ///
    /// # Errors
    /// If the service cannot answer.
    fn reports(
        &mut self,
        job: &TrainingJob,
        source: &TrainingReports,
    ) -> Result<Vec<TrainingReport>, ServiceError> {
        let _ = (job, source);
        Ok(Vec::new())
    }
}

/// Which training jobs are searched.
#[derive(Debug, Clone, Copy)]
pub enum JobFilter<'a> {
    /// Those of these names, at most [twenty](JobFilter::MOST_NAMES).
    Names(&'a [&'a str]),
    /// Those whose names begin so, from this page on.
    Begins {
        /// With what.
        with: &'a str,
        /// What [`FoundJobs::next_page`] said, if this is not the first page.
        page: Option<&'a str>,
    },
}

impl JobFilter<'_> {
    /// What the service allows in one question.
    pub const MOST_NAMES: usize = 20;
}

/// What a search found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FoundJobs {
    /// The training jobs.
    pub jobs: Vec<TrainingJob>,
    /// Where it goes on, if there are more.
    pub next_page: Option<String>,
}

/// Where intermediate values of the metric come from.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum TrainingReports {
    /// From nowhere. That costs nothing; early stopping needs them.
    #[default]
    None,
    /// From SageMaker's metrics service (`BatchGetMetrics`), by the metric's name and the number of the iteration.
    Metrics(String),
    /// From CloudWatch's logs: each value that the expression finds, counted from 1. For the SDK's service that is the feature
    /// `sagemaker-logs`.
    Logs(MetricPattern),
}

/// An intermediate value of the metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrainingReport {
    /// Epoch, round or whatever the job counts, if that is known.
    pub step: Option<u64>,
    /// The metric then.
    pub value: f64,
}

/// What SageMaker says of a training job. The words for statuses are its own, because new ones are added.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct TrainingJob {
    /// Its name.
    pub name: String,
    /// Its address.
    pub arn: String,
    /// `InProgress`, `Completed`, `Failed`, `Stopping`, `Stopped`, `Deleting`.
    pub status: String,
    /// `Starting`, `Downloading`, `Training`, `MaxRuntimeExceeded`, …
    pub secondary_status: String,
    /// Why it failed.
    pub failure_reason: Option<String>,
    /// Its hyperparameters.
    pub hyper_parameters: BTreeMap<String, String>,
    /// The last values of its metrics.
    pub final_metrics: Vec<(String, f64)>,
    /// Seconds for which each of its machines is billed; known when it has ended.
    pub billable_seconds: Option<u64>,
    /// How many machines it has.
    pub instances: Option<u32>,
    /// Where its model is when it has completed.
    pub model: Option<String>,
}

impl TrainingJob {
    /// A training job of which nothing else is known.
    pub fn new(name: impl Into<String>, status: &str, secondary_status: &str) -> Self {
        Self {
            name: name.into(),
            status: status.to_owned(),
            secondary_status: secondary_status.to_owned(),
            ..Self::default()
        }
    }

    /// Whether nothing will happen to it any more.
    pub fn has_ended(&self) -> bool {
        matches!(self.status.as_str(), "Completed" | "Failed" | "Stopped" | "Deleting")
    }

    /// The last value of a metric.
    pub fn final_metric(&self, name: &str) -> Option<f64> {
        self.final_metrics.iter().rev().find(|(own, _)| own == name).map(|(_, value)| *value)
    }

    /// What it is billed for: seconds of one machine.
    pub fn billable_instance_seconds(&self) -> Option<u64> {
        Some(self.billable_seconds? * u64::from(self.instances.unwrap_or(1).max(1)))
    }
}
