//! Runs the jobs of a tuning as training jobs on SageMaker.

use surmise::EarlyStopping;
use surmise::limits::TuningRules;
use surmise_sagemaker::evaluator::TrainingReportSource;
use surmise_sagemaker::{CreateHyperParameterTuningJobRequest, SageMakerEvaluator, Tuning};

use super::arguments::TuneOptions;
use crate::output::CommandError;
use crate::sagemaker::{ConnectionOptions, UNLIMITED_COST};

/// A request, and the connection to the account that runs its training jobs.
pub(super) struct TrainingJobs {
    request: CreateHyperParameterTuningJobRequest,
    connection: ConnectionOptions,
    metric_name: String,
    pub(super) rules: TuningRules,
    /// The maximum cost of the training jobs, as text.
    pub(super) max_cost: String,
}

impl TrainingJobs {
    /// Checks the request, and computes the maximum cost of its jobs.
    ///
    /// # Errors
    /// Returns an error if the request has no complete definition of its training jobs, or if no
    /// region is configured and `--spend` is given.
    pub(super) fn new(
        options: &TuneOptions,
        mut request: CreateHyperParameterTuningJobRequest,
        tuning: &Tuning,
    ) -> Result<Self, CommandError> {
        if let Some(name) = &options.name {
            request.name.clone_from(name);
        }
        let connection = options.connection.clone();
        let service = match connection.connection().open() {
            // The maximum cost can be computed without a region.
            Err(_) if !options.spend => connection.connection().region("unknown").open()?,
            service => service?,
        };
        let evaluator = SageMakerEvaluator::new(&request, service)?;
        let rules = evaluator.adapt_rules(tuning.rules.clone());
        let limits = options.study.limits(tuning.limits);
        let max_cost = match evaluator.max_cost(&limits, &rules) {
            Some(max_cost) => max_cost.to_string(),
            None => UNLIMITED_COST.to_owned(),
        };
        let metric_name = tuning.objective.metric_name.clone();
        Ok(Self { request, connection, metric_name, rules, max_cost })
    }

    /// Creates the evaluator, which connects to the service.
    ///
    /// # Errors
    /// Returns an error if the connection to the service cannot be set up.
    pub(super) fn evaluator(&self) -> Result<SageMakerEvaluator, CommandError> {
        let service = self.connection.connection().open()?;
        let mut jobs = SageMakerEvaluator::new(&self.request, service)?;
        if let Some(rate_limits) = self.connection.rate_limits() {
            jobs = jobs.with_rate_limits(rate_limits);
        }
        if self.rules.early_stopping != EarlyStopping::Off {
            jobs = jobs.reports_from(TrainingReportSource::Metrics(self.metric_name.clone()));
        }
        Ok(jobs)
    }
}
