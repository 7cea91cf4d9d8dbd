//! The interface between the evaluator and SageMaker: operations, filters and reports.

use std::fmt;

use super::description::TrainingJob;
use super::service_error::ServiceError;
use crate::request::CreateTrainingJobRequest;
use surmise::pattern::MetricPattern;

/// The operations of SageMaker that the evaluator needs.
///
/// `SageMakerService` (feature `sdk`) implements it by AWS's SDK; implement it to use another
/// client, or a double in tests. Each call sends one request; only reports and logs may take
/// several pages. An implementation neither retries nor waits: the evaluator does, across all its
/// requests.
pub trait TrainingService: fmt::Debug + Send {
    /// Calls `CreateTrainingJob`, and returns the ARN of the new training job.
    ///
    /// # Errors
    /// [`AlreadyExists`](super::ServiceErrorKind::AlreadyExists) if a training job of that name
    /// exists, or another [`ServiceError`] if the request fails.
    fn create(&mut self, request: &CreateTrainingJobRequest) -> Result<String, ServiceError>;

    /// Calls `DescribeTrainingJob`.
    ///
    /// # Errors
    /// [`NotFound`](super::ServiceErrorKind::NotFound) if no training job of that name exists, or
    /// another [`ServiceError`] if the request fails.
    fn describe(&mut self, name: &str) -> Result<TrainingJob, ServiceError>;

    /// Calls `Search` for training jobs. The result may be seconds old, and may miss new jobs.
    ///
    /// # Errors
    /// [`ServiceError`] if the request fails.
    fn search(&mut self, filter: &JobFilter<'_>) -> Result<FoundJobs, ServiceError>;

    /// Calls `StopTrainingJob`.
    ///
    /// # Errors
    /// [`NotRunning`](super::ServiceErrorKind::NotRunning) if the job has ended,
    /// [`NotFound`](super::ServiceErrorKind::NotFound) if it does not exist, or another
    /// [`ServiceError`] if the request fails.
    fn stop(&mut self, name: &str) -> Result<(), ServiceError>;

    /// Returns the reports of a training job since the last call for it; all of them in the first
    /// call. Returns none by default.
    ///
    /// # Errors
    /// [`ServiceError`] if the request fails.
    fn reports(
        &mut self,
        job: &TrainingJob,
        source: &TrainingReportSource,
    ) -> Result<Vec<TrainingReport>, ServiceError> {
        let _ = (job, source);
        Ok(Vec::new())
    }

    /// Returns up to `max_lines` of the last lines of a training job's log; none by default, which
    /// means that this service cannot read logs.
    ///
    /// # Errors
    /// [`ServiceError`] if the request fails.
    fn last_lines(&mut self, job: &str, max_lines: usize) -> Result<Vec<String>, ServiceError> {
        let _ = (job, max_lines);
        Ok(Vec::new())
    }

    /// Returns the region of the service; `None` by default.
    fn region(&self) -> Option<String> {
        None
    }
}

/// Selects the training jobs of a search.
#[derive(Debug, Clone, Copy)]
pub enum JobFilter<'a> {
    /// The jobs with these names, at most [twenty](JobFilter::MAX_NAMES).
    Names(&'a [&'a str]),
    /// The jobs whose names begin with a prefix, one page of them.
    NamePrefix {
        /// The prefix of the names.
        prefix: &'a str,
        /// The token of [`FoundJobs::next_page`]; `None` for the first page.
        page: Option<&'a str>,
    },
}

impl JobFilter<'_> {
    /// The maximum number of names that the service allows in one search.
    pub const MAX_NAMES: usize = 20;
}

/// A page of the results of a search.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FoundJobs {
    /// The training jobs that the search has found.
    pub jobs: Vec<TrainingJob>,
    /// The token of the next page, if there is one.
    pub next_page: Option<String>,
}

/// Selects where intermediate values of the metric are read.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum TrainingReportSource {
    /// Reads no intermediate values, which saves requests. Early stopping is not possible then.
    #[default]
    None,
    /// SageMaker's metrics service (`BatchGetMetrics`): the metric of this name, with the iteration
    /// numbers as steps.
    Metrics(String),
    /// CloudWatch Logs: each match of the expression, counted from 1. `SageMakerService` needs the
    /// feature `logs` for it.
    Logs(MetricPattern),
}

/// An intermediate value of the metric of a training job.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrainingReport {
    /// The step of the report: an epoch, a round or any other count; `None` if it is not known.
    pub step: Option<u64>,
    /// The value of the metric at that step.
    pub value: f64,
    /// The time at which the job printed the value, in seconds since 1970, if it is known.
    pub printed_at: Option<f64>,
    /// The index of the log stream among those of the job, from 0. A restarted job may print to
    /// another stream.
    pub stream: usize,
}
