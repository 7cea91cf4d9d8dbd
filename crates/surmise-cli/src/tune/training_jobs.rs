//! Training jobs on SageMaker as the jobs of a tuning.

use surmise::EarlyStopping;
use surmise::limits::TuningRules;
use surmise_sagemaker::evaluator::TrainingReports;
use surmise_sagemaker::{CreateHyperParameterTuningJobRequest, SageMakerEvaluator, Tuning};

use super::arguments::TuneOptions;
use crate::output::Failure;
use crate::sagemaker::ConnectionOptions;

/// What training jobs need.
pub(super) struct TrainingJobs {
    request: CreateHyperParameterTuningJobRequest,
    connection: ConnectionOptions,
    metric_name: String,
    pub(super) rules: TuningRules,
    /// What they could cost at the most, for people.
    pub(super) most_cost: String,
}

impl TrainingJobs {
    /// # Errors
    /// If the request has no whole definition of training jobs, or no region is known where one is needed.
    pub(super) fn new(
        options: &TuneOptions,
        mut request: CreateHyperParameterTuningJobRequest,
        tuning: &Tuning,
    ) -> Result<Self, Failure> {
        if let Some(name) = &options.name {
            request.name.clone_from(name);
        }
        let connection = options.connection.clone();
        let service = match connection.connection().open() {
            // What it could cost can be said without a region.
            Err(_) if !options.spend => connection.connection().region("unknown").open()?,
            service => service?,
        };
        let evaluator = SageMakerEvaluator::new(&request, service)?;
        let rules = evaluator.rules(tuning.rules.clone());
        let limits = options.study.limits(tuning.limits);
        let most_cost = match evaluator.most_cost(&limits, &rules) {
            Some(most) => most.to_string(),
            None => "the number of training jobs is not limited, nor is what they cost".to_owned(),
        };
        let metric_name = tuning.objective.metric_name.clone();
        Ok(Self { request, connection, metric_name, rules, most_cost })
    }

    /// # Errors
    /// If the service cannot be reached at all.
    pub(super) fn evaluator(&self) -> Result<SageMakerEvaluator, Failure> {
        let service = self.connection.connection().open()?;
        let mut jobs = SageMakerEvaluator::new(&self.request, service)?;
        if let Some(pace) = self.connection.pace() {
            jobs = jobs.with_pace(pace);
        }
        if self.rules.early_stopping != EarlyStopping::Off {
            jobs = jobs.reports_from(TrainingReports::Metrics(self.metric_name.clone()));
        }
        Ok(jobs)
    }
}
