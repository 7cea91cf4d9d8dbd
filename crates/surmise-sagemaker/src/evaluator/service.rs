//! The seam between the evaluator and SageMaker: what it asks, what it is answered, and what can go wrong.

use std::fmt;

use super::description::TrainingJob;
use super::trouble::ServiceError;
use crate::request::CreateTrainingJobRequest;
use surmise::pattern::MetricPattern;

/// What an evaluator asks of SageMaker. Each call is one request over the network, except for those that read reports and logs page by page:
/// nothing is tried again, nothing waits; that is the evaluator's part, which knows what else is to be asked.
pub trait TrainingService: fmt::Debug + Send {
    /// `CreateTrainingJob`: the ARN of the new training job.
    ///
    /// # Errors
    /// [`ServiceErrorKind::Exists`](super::ServiceErrorKind::Exists) if there is a training job of that name.
    fn create(&mut self, request: &CreateTrainingJobRequest) -> Result<String, ServiceError>;

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

    /// The last lines that a training job has printed, at most so many; none if its log cannot be read by this service.
    ///
    /// # Errors
    /// If the service cannot answer.
    fn last_lines(&mut self, job: &str, most: usize) -> Result<Vec<String>, ServiceError> {
        let _ = (job, most);
        Ok(Vec::new())
    }

    /// The region that is asked, if it is known.
    fn region(&self) -> Option<String> {
        None
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
    /// `logs`.
    Logs(MetricPattern),
}

/// An intermediate value of the metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrainingReport {
    /// Epoch, round or whatever the job counts, if that is known.
    pub step: Option<u64>,
    /// The metric then.
    pub value: f64,
    /// When it was printed, in seconds since 1970, if that is known.
    pub at: Option<f64>,
    /// The place of its log stream among those of the job, from 0: a job that is begun anew may print into another stream.
    pub stream: usize,
}
