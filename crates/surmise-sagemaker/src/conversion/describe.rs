//! Describes a study as the tuning job of a request: `DescribeHyperParameterTuningJob`.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::request::{
    Autotune, CreateHyperParameterTuningJobRequest, HyperParameterTrainingJobDefinition,
    HyperParameterTuningJobConfig, OutputCompressionType, WarmStartConfig, training_job_name,
    tuned_values,
};
use surmise::objective::Goal;
use surmise::study::Study;
use surmise::trial::{Failure, FailureKind, Outcome, Source, Trial};

/// The description of a tuning job: the response of `DescribeHyperParameterTuningJob`.
///
/// Surmise reads the descriptions of SageMaker's own tuner and writes one for a study. A written
/// one has no ARNs and times, which only the service knows. In addition, each training job has its
/// `ModelArtifacts`, which the service returns only by `DescribeTrainingJob`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct TuningJobDescription {
    /// The name of the tuning job.
    #[serde(rename = "HyperParameterTuningJobName")]
    pub name: String,
    /// The strategy, the objective, the ranges and the limits.
    #[serde(rename = "HyperParameterTuningJobConfig")]
    pub config: HyperParameterTuningJobConfig,
    /// The definition of the training jobs.
    #[serde(rename = "TrainingJobDefinition", skip_serializing_if = "Option::is_none")]
    pub definition: Option<HyperParameterTrainingJobDefinition>,
    /// The definitions of the training jobs, if there are several.
    #[serde(rename = "TrainingJobDefinitions", skip_serializing_if = "Option::is_none")]
    pub definitions: Option<Vec<HyperParameterTrainingJobDefinition>>,
    /// The status of the tuning job.
    #[serde(rename = "HyperParameterTuningJobStatus")]
    pub status: TuningJobStatus,
    /// The reason of a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_reason: Option<String>,
    /// The number of training jobs by status.
    #[serde(default)]
    pub training_job_status_counters: TrainingJobStatusCounters,
    /// The number of training jobs by the status of their objective.
    #[serde(default)]
    pub objective_status_counters: ObjectiveStatusCounters,
    /// The completed training job with the best value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best_training_job: Option<TrainingJobSummary>,
    /// The earlier tuning jobs from which it learned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warm_start_config: Option<WarmStartConfig>,
    /// Whether SageMaker chose ranges and limits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub autotune: Option<Autotune>,
}

/// The status of a tuning job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum TuningJobStatus {
    /// The tuning job has reached a limit or completion criterion.
    Completed,
    /// The tuning job is running.
    InProgress,
    /// The tuning job has failed.
    Failed,
    /// The tuning job was stopped.
    Stopped,
    /// The tuning job is being stopped.
    Stopping,
    /// The tuning job is being deleted, or its deletion has failed.
    #[serde(alias = "DeleteFailed")]
    Deleting,
    /// A status that this version does not know.
    #[serde(other)]
    Unknown,
}

/// The number of training jobs by status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct TrainingJobStatusCounters {
    /// The number of completed jobs.
    pub completed: usize,
    /// The number of running jobs.
    pub in_progress: usize,
    /// The number of jobs that failed because they were interrupted or throttled.
    pub retryable_error: usize,
    /// The number of jobs that failed for any other reason.
    pub non_retryable_error: usize,
    /// The number of stopped jobs.
    pub stopped: usize,
}

/// The number of training jobs by the status of their objective.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct ObjectiveStatusCounters {
    /// The number of jobs with a final value.
    pub succeeded: usize,
    /// The number of jobs that may still report a value.
    pub pending: usize,
    /// The number of jobs that ended without a value.
    pub failed: usize,
}

/// The summary of one training job of a tuning job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct TrainingJobSummary {
    /// The name of its definition, if there are several.
    #[serde(rename = "TrainingJobDefinitionName", skip_serializing_if = "Option::is_none")]
    pub definition_name: Option<String>,
    /// The name of the training job.
    #[serde(rename = "TrainingJobName")]
    pub name: String,
    /// The status of the training job.
    #[serde(rename = "TrainingJobStatus")]
    pub status: TrainingJobStatus,
    /// The tuned hyperparameters, as text.
    #[serde(default)]
    pub tuned_hyper_parameters: IndexMap<String, String>,
    /// The reason of a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_reason: Option<String>,
    /// The final value of the objective.
    #[serde(
        rename = "FinalHyperParameterTuningJobObjectiveMetric",
        skip_serializing_if = "Option::is_none"
    )]
    pub final_metric: Option<FinalMetric>,
    /// The status of its objective.
    #[serde(default)]
    pub objective_status: ObjectiveStatus,
    /// The location of its model, if it may have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_artifacts: Option<ModelArtifacts>,
    #[serde(skip)]
    is_transient_failure: bool,
}

/// The status of a training job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum TrainingJobStatus {
    /// The job is running or being stopped.
    #[serde(alias = "Stopping")]
    InProgress,
    /// The job has completed.
    Completed,
    /// The job has failed.
    Failed,
    /// The job was stopped.
    #[serde(alias = "Deleting")]
    Stopped,
    /// A status that this version does not know.
    #[serde(other)]
    Unknown,
}

/// The status of a training job's objective.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ObjectiveStatus {
    /// The job has a final value.
    Succeeded,
    /// The job may still report a value.
    #[default]
    Pending,
    /// The job ended without a value.
    Failed,
    /// A status that this version does not know.
    #[serde(other)]
    Unknown,
}

/// The final value of a training job's objective.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct FinalMetric {
    /// Whether the metric is minimized or maximized.
    ///
    /// The service omits it for the best training job, to which the tuning job's goal applies.
    #[serde(rename = "Type", default, skip_serializing_if = "Option::is_none")]
    pub goal: Option<Goal>,
    /// The name of the metric.
    pub metric_name: String,
    /// The value; it is not finite if the job diverged.
    #[serde(deserialize_with = "number")]
    pub value: f64,
}

/// Reads a number, or the service's text for a number that is not finite: `NaN`, `Infinity`.
fn number<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    let number = value.as_f64().or_else(|| value.as_str()?.parse().ok());
    number.ok_or_else(|| serde::de::Error::custom(format!("{value} is not a number")))
}

/// The location of a training job's model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct ModelArtifacts {
    /// The S3 URI of the model.
    #[serde(rename = "S3ModelArtifacts")]
    pub s3_uri: String,
}

impl TuningJobDescription {
    /// Describes a study as the tuning job of a request.
    ///
    /// External trials are not among its training jobs.
    pub fn from_study(
        request: &CreateHyperParameterTuningJobRequest,
        study: &Study,
        status: TuningJobStatus,
    ) -> Self {
        let jobs = training_job_summaries(request, study);
        let mut counters = TrainingJobStatusCounters::default();
        let mut objectives = ObjectiveStatusCounters::default();
        for job in &jobs {
            *match job.status {
                TrainingJobStatus::InProgress | TrainingJobStatus::Unknown => {
                    &mut counters.in_progress
                }
                TrainingJobStatus::Completed => &mut counters.completed,
                TrainingJobStatus::Failed if job.is_transient_failure => {
                    &mut counters.retryable_error
                }
                TrainingJobStatus::Failed => &mut counters.non_retryable_error,
                TrainingJobStatus::Stopped => &mut counters.stopped,
            } += 1;
            *match job.objective_status {
                ObjectiveStatus::Succeeded => &mut objectives.succeeded,
                ObjectiveStatus::Pending | ObjectiveStatus::Unknown => &mut objectives.pending,
                ObjectiveStatus::Failed => &mut objectives.failed,
            } += 1;
        }
        let loss = |job: &TrainingJobSummary| {
            let metric = job.final_metric.as_ref()?;
            (job.status == TrainingJobStatus::Completed)
                .then(|| study.objective().loss(metric.value))
        };
        let best = jobs
            .iter()
            .filter_map(|job| Some((job, loss(job)?)))
            .reduce(|best, next| if next.1 < best.1 { next } else { best })
            .map(|(job, _)| job.clone());
        Self {
            name: request.name.clone(),
            config: request.config.clone(),
            definition: request.definition.clone(),
            definitions: request.definitions.clone(),
            status,
            failure_reason: None,
            training_job_status_counters: counters,
            objective_status_counters: objectives,
            best_training_job: best,
            warm_start_config: request.warm_start.clone(),
            autotune: request.autotune.clone(),
        }
    }

    /// Returns the input that the next states of AWS's sample state machine expect.
    ///
    /// Below `body` it has `jobName`, `bestTrainingJobName` and `modelDataUrl`. Returns `None` if
    /// no training job completed.
    pub fn next_states_input(&self) -> Option<serde_json::Value> {
        let best = self.best_training_job.as_ref()?;
        let model = best.model_artifacts.as_ref().map(|model| &model.s3_uri);
        Some(serde_json::json!({"body": {
            "jobName": self.name,
            "bestTrainingJobName": best.name,
            "modelDataUrl": model,
        }}))
    }
}

/// Summarizes the trials of a study as the training jobs of a request's tuning job.
///
/// The summaries are those of `ListTrainingJobsForHyperParameterTuningJob`, in the order of the
/// trials. External trials are omitted.
pub fn training_job_summaries(
    request: &CreateHyperParameterTuningJobRequest,
    study: &Study,
) -> Vec<TrainingJobSummary> {
    let proposed = study.trials().iter().filter(|trial| trial.source == Source::Study);
    proposed.map(|trial| summary(request, study, trial)).collect()
}

fn summary(
    request: &CreateHyperParameterTuningJobRequest,
    study: &Study,
    trial: &Trial,
) -> TrainingJobSummary {
    let name = training_job_name(&request.name, trial.id.0, trial.attempt());
    let (status, objective_status) = match &trial.outcome {
        None => (TrainingJobStatus::InProgress, ObjectiveStatus::Pending),
        Some(Outcome::Completed { .. }) => {
            (TrainingJobStatus::Completed, ObjectiveStatus::Succeeded)
        }
        // The training job itself completed; only its metric is missing or not finite.
        Some(Outcome::Failed(Failure {
            kind: FailureKind::NonFiniteMetric | FailureKind::MissingMetric,
            ..
        })) => (TrainingJobStatus::Completed, ObjectiveStatus::Failed),
        // SageMaker stops a job that exceeds its time limit.
        Some(Outcome::Failed(Failure {
            kind: FailureKind::Timeout | FailureKind::Cancelled,
            ..
        })) => (TrainingJobStatus::Stopped, ObjectiveStatus::Failed),
        Some(Outcome::Failed(_)) => (TrainingJobStatus::Failed, ObjectiveStatus::Failed),
        Some(Outcome::Stopped { value: Some(_) }) => {
            (TrainingJobStatus::Stopped, ObjectiveStatus::Succeeded)
        }
        Some(Outcome::Stopped { value: None }) => {
            (TrainingJobStatus::Stopped, ObjectiveStatus::Failed)
        }
    };
    let value = match &trial.outcome {
        Some(Outcome::Completed { value } | Outcome::Stopped { value: Some(value) }) => {
            Some(*value)
        }
        _ => None,
    };
    let objective = study.objective();
    let definition = request.all_definitions().next();
    let has_model = matches!(status, TrainingJobStatus::Completed | TrainingJobStatus::Stopped);
    TrainingJobSummary {
        definition_name: definition.and_then(|definition| definition.name.clone()),
        status,
        tuned_hyper_parameters: tuned_values(&trial.configuration),
        failure_reason: match &trial.outcome {
            Some(Outcome::Failed(failure)) => Some(failure.message.clone()),
            _ => None,
        },
        final_metric: value.map(|value| FinalMetric {
            goal: Some(objective.goal),
            metric_name: objective.metric_name.clone(),
            value,
        }),
        objective_status,
        is_transient_failure: matches!(
            &trial.outcome,
            Some(Outcome::Failed(failure)) if failure.kind.is_transient()
        ),
        model_artifacts: definition
            .filter(|_| has_model)
            .map(|definition| ModelArtifacts { s3_uri: model_s3_uri(definition, &name) }),
        name,
    }
}

/// Returns the S3 URI at which SageMaker stores the model of a training job.
pub fn model_s3_uri(
    definition: &HyperParameterTrainingJobDefinition,
    training_job: &str,
) -> String {
    let folder = definition.output.s3_output_path.trim_end_matches('/');
    let file = match definition.output.compression {
        Some(OutputCompressionType::None) => "model/",
        _ => "model.tar.gz",
    };
    format!("{folder}/{training_job}/output/{file}")
}
