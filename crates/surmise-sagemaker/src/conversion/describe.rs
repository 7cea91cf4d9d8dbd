//! How a tuning job stands, in the words of `DescribeHyperParameterTuningJob`.

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

/// How a tuning job stands.
///
/// As JSON it has the members of SageMaker's own answer, except for ARNs and times, which only the service knows; each
/// training job also has its `ModelArtifacts`, which SageMaker tells by `DescribeTrainingJob`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct TuningJobDescription {
    /// The name of the tuning job.
    #[serde(rename = "HyperParameterTuningJobName")]
    pub name: String,
    /// How it searches.
    #[serde(rename = "HyperParameterTuningJobConfig")]
    pub config: HyperParameterTuningJobConfig,
    /// What its training jobs are.
    #[serde(rename = "TrainingJobDefinition", skip_serializing_if = "Option::is_none")]
    pub definition: Option<HyperParameterTrainingJobDefinition>,
    /// The same where there are several.
    #[serde(rename = "TrainingJobDefinitions", skip_serializing_if = "Option::is_none")]
    pub definitions: Option<Vec<HyperParameterTrainingJobDefinition>>,
    /// How it stands.
    #[serde(rename = "HyperParameterTuningJobStatus")]
    pub status: TuningJobStatus,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_reason: Option<String>,
    /// How many training jobs stand how.
    #[serde(default)]
    pub training_job_status_counters: TrainingJobStatusCounters,
    /// How many objectives stand how.
    #[serde(default)]
    pub objective_status_counters: ObjectiveStatusCounters,
    /// The training job of the best value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best_training_job: Option<TrainingJobSummary>,
    /// Which earlier tuning jobs it learnt from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warm_start_config: Option<WarmStartConfig>,
    /// Whether SageMaker was to choose ranges and limits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub autotune: Option<Autotune>,
}

/// How a tuning job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum TuningJobStatus {
    /// It came to its end.
    Completed,
    /// It runs.
    InProgress,
    /// It came to nothing.
    Failed,
    /// It was stopped.
    Stopped,
    /// It is being stopped.
    Stopping,
    /// It is being removed, or could not be.
    #[serde(alias = "DeleteFailed")]
    Deleting,
    /// In some way that this version does not know.
    #[serde(other)]
    Unknown,
}

/// How many training jobs stand how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct TrainingJobStatusCounters {
    /// Ran to their end.
    pub completed: usize,
    /// Run.
    pub in_progress: usize,
    /// Failed by bad luck: interrupted, or throttled.
    pub retryable_error: usize,
    /// Failed by an error of their own.
    pub non_retryable_error: usize,
    /// Were stopped.
    pub stopped: usize,
}

/// How many objectives stand how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct ObjectiveStatusCounters {
    /// Have a value.
    pub succeeded: usize,
    /// Will have one, or not.
    pub pending: usize,
    /// Have none.
    pub failed: usize,
}

/// One training job of a tuning job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct TrainingJobSummary {
    /// Its definition, where there are several.
    #[serde(rename = "TrainingJobDefinitionName", skip_serializing_if = "Option::is_none")]
    pub definition_name: Option<String>,
    /// Its name.
    #[serde(rename = "TrainingJobName")]
    pub name: String,
    /// How it stands.
    #[serde(rename = "TrainingJobStatus")]
    pub status: TrainingJobStatus,
    /// The values that were tried.
    #[serde(default)]
    pub tuned_hyper_parameters: IndexMap<String, String>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_reason: Option<String>,
    /// What came out.
    #[serde(
        rename = "FinalHyperParameterTuningJobObjectiveMetric",
        skip_serializing_if = "Option::is_none"
    )]
    pub final_metric: Option<FinalMetric>,
    /// How its objective stands.
    #[serde(default)]
    pub objective_status: ObjectiveStatus,
    /// Where its model is, if it made one and its definition says where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_artifacts: Option<ModelArtifacts>,
    #[serde(skip)]
    is_bad_luck: bool,
}

/// How a training job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum TrainingJobStatus {
    /// It runs, or is being stopped.
    #[serde(alias = "Stopping")]
    InProgress,
    /// It ran to its end.
    Completed,
    /// It failed.
    Failed,
    /// It was stopped.
    #[serde(alias = "Deleting")]
    Stopped,
    /// In some way that this version does not know.
    #[serde(other)]
    Unknown,
}

/// How the objective of a training job stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ObjectiveStatus {
    /// It has a value.
    Succeeded,
    /// It will have one, or not.
    #[default]
    Pending,
    /// It has none.
    Failed,
    /// In some way that this version does not know.
    #[serde(other)]
    Unknown,
}

/// What came out of a training job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct FinalMetric {
    /// Which way is better; the service leaves it out of the best training job's. Then it is that of the objective.
    #[serde(rename = "Type", default, skip_serializing_if = "Option::is_none")]
    pub goal: Option<Goal>,
    /// The metric.
    pub metric_name: String,
    /// Its value; not finite where the job diverged.
    #[serde(deserialize_with = "number")]
    pub value: f64,
}

/// A number, or the word that the service's protocol has where JSON has none: `NaN`, `Infinity`.
fn number<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    let number = value.as_f64().or_else(|| value.as_str()?.parse().ok());
    number.ok_or_else(|| serde::de::Error::custom(format!("{value} is no number")))
}

/// Where a model is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct ModelArtifacts {
    /// Its address.
    #[serde(rename = "S3ModelArtifacts")]
    pub address: String,
}

impl TuningJobDescription {
    /// How the tuning job of a request stands, from the study that runs it. Trials that came from outside are no training
    /// jobs of it.
    pub fn of(
        request: &CreateHyperParameterTuningJobRequest,
        study: &Study,
        status: TuningJobStatus,
    ) -> Self {
        let jobs = training_jobs(request, study);
        let mut counters = TrainingJobStatusCounters::default();
        let mut objectives = ObjectiveStatusCounters::default();
        for job in &jobs {
            *match job.status {
                TrainingJobStatus::InProgress | TrainingJobStatus::Unknown => {
                    &mut counters.in_progress
                }
                TrainingJobStatus::Completed => &mut counters.completed,
                TrainingJobStatus::Failed if job.is_bad_luck => &mut counters.retryable_error,
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

    /// What the next states of AWS's sample state machine look for below `$.body`: `jobName`, `bestTrainingJobName`,
    /// `modelDataUrl`; `None` if no training job completed.
    pub fn next_states_input(&self) -> Option<serde_json::Value> {
        let best = self.best_training_job.as_ref()?;
        let model = best.model_artifacts.as_ref().map(|model| &model.address);
        Some(serde_json::json!({"body": {
            "jobName": self.name,
            "bestTrainingJobName": best.name,
            "modelDataUrl": model,
        }}))
    }
}

/// The training jobs of the tuning job of a request, in the order of their trials: what
/// `ListTrainingJobsForHyperParameterTuningJob` tells.
pub fn training_jobs(
    request: &CreateHyperParameterTuningJobRequest,
    study: &Study,
) -> Vec<TrainingJobSummary> {
    let own = study.trials().iter().filter(|trial| trial.source == Source::Own);
    own.map(|trial| summary(request, study, trial)).collect()
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
        // The job did its work; only what it reported is no number.
        Some(Outcome::Failed(Failure {
            kind: FailureKind::NonFiniteMetric | FailureKind::MissingMetric,
            ..
        })) => (TrainingJobStatus::Completed, ObjectiveStatus::Failed),
        // There a job that takes too long is stopped.
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
        is_bad_luck: matches!(&trial.outcome, Some(Outcome::Failed(failure)) if failure.kind.is_transient()),
        model_artifacts: definition
            .filter(|_| has_model)
            .map(|definition| ModelArtifacts { address: model_address(definition, &name) }),
        name,
    }
}

/// Where SageMaker puts the model of a training job.
pub fn model_address(
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
