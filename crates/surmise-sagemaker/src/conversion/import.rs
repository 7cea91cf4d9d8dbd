//! Imports the training jobs of SageMaker's own tuner into a study.

use indexmap::IndexMap;

use super::describe::{TrainingJobStatus, TrainingJobSummary, TuningJobDescription};
use crate::error::TuningError;
use crate::request::{CreateHyperParameterTuningJobRequest, OBJECTIVE_METRIC, failure_kind};
use surmise::error::{Error, Violation};
use surmise::space::{Configuration, ParameterRange, ParameterValue, SearchSpace};
use surmise::study::Study;
use surmise::trial::{Failure, FailureKind, Outcome};

/// The result of importing training jobs into a study.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportSummary {
    /// The number of training jobs that were added to the study as observations.
    pub added: usize,
    /// The names of the other training jobs, each with the reason why it was not added.
    pub skipped: Vec<(String, String)>,
}

impl TuningJobDescription {
    /// Returns the request that created this tuning job, without its tags.
    ///
    /// The hyperparameter [`OBJECTIVE_METRIC`], which SageMaker adds, is removed.
    pub fn request(&self) -> CreateHyperParameterTuningJobRequest {
        let mut request =
            CreateHyperParameterTuningJobRequest::new(self.name.as_str(), self.config.clone());
        request.definition.clone_from(&self.definition);
        request.definitions.clone_from(&self.definitions);
        request.warm_start.clone_from(&self.warm_start_config);
        request.autotune.clone_from(&self.autotune);
        let definitions = request.definition.iter_mut();
        for definition in definitions.chain(request.definitions.iter_mut().flatten()) {
            if let Some(values) = &mut definition.static_hyper_parameters {
                values.shift_remove(OBJECTIVE_METRIC);
            }
        }
        request
    }

    /// Creates a study with the space and objective of this tuning job, and imports its jobs.
    ///
    /// # Errors
    /// [`TuningError`], as [`CreateHyperParameterTuningJobRequest::tuning`].
    pub fn study(
        &self,
        jobs: &[TrainingJobSummary],
    ) -> Result<(Study, ImportSummary), TuningError> {
        let mut study = self.request().tuning()?.study()?;
        let summary = self.import_jobs(jobs, &mut study)?;
        Ok((study, summary))
    }

    /// Imports the training jobs of this tuning job into a study as observations.
    ///
    /// Use it to continue from an earlier tuning job; call it for each of several. A hyperparameter
    /// of the study that was static in the tuning job gets its static value.
    ///
    /// It skips jobs that are running, and jobs that were stopped before they reported a value. It
    /// also skips jobs that failed for a transient reason, and configurations outside the study's
    /// space.
    ///
    /// # Errors
    /// [`Error::Invalid`] if metric or goal differ from those of the study.
    pub fn import_jobs(
        &self,
        jobs: &[TrainingJobSummary],
        study: &mut Study,
    ) -> Result<ImportSummary, Error> {
        let request = self.request();
        let first = request.all_definitions().next();
        let objective = first.and_then(|definition| definition.objective.as_ref());
        if let Some(objective) = objective.or(self.config.objective.as_ref()) {
            let expected = study.objective();
            if objective.metric_name != expected.metric_name || objective.goal != expected.goal {
                return Err(Error::Invalid(vec![Violation::new(
                    format!("the objective of tuning job {}", self.name),
                    format!("{:?} {}", objective.goal, objective.metric_name),
                    format!(
                        "it must be that of the study: {:?} {}",
                        expected.goal, expected.metric_name
                    ),
                    "import the jobs into a study with the same objective",
                )]));
            }
        }
        let none = IndexMap::new();
        let mut summary = ImportSummary::default();
        for job in jobs {
            let name = job.definition_name.as_ref();
            let named =
                request.all_definitions().find(|it| name.is_some() && it.name.as_ref() == name);
            let statics = named.or(first).and_then(|it| it.static_hyper_parameters.as_ref());
            let statics = statics.unwrap_or(&none);
            let result = outcome(job).and_then(|outcome| {
                let configuration = configuration(study.space(), job, statics)?;
                study.add_observation(&configuration, outcome).map_err(|error| error.to_string())
            });
            match result {
                Ok(_) => summary.added += 1,
                Err(reason) => summary.skipped.push((job.name.clone(), reason)),
            }
        }
        Ok(summary)
    }
}

/// Returns the outcome of a training job, or the reason to skip the job.
fn outcome(job: &TrainingJobSummary) -> Result<Outcome, String> {
    let value = job.final_metric.as_ref().map(|metric| metric.value);
    match (job.status, value) {
        (TrainingJobStatus::InProgress | TrainingJobStatus::Unknown, _) => {
            Err("it has not ended".to_owned())
        }
        (TrainingJobStatus::Completed, Some(value)) => Ok(Outcome::from(value)),
        (TrainingJobStatus::Completed, None) => {
            let text = "it completed without the metric";
            Ok(Outcome::Failed(Failure::new(FailureKind::MissingMetric, text)))
        }
        (TrainingJobStatus::Stopped, Some(value)) => Ok(Outcome::Stopped { value: Some(value) }),
        (TrainingJobStatus::Stopped, None) => {
            Err("it was stopped before it reported a value".to_owned())
        }
        (TrainingJobStatus::Failed, _) => {
            let reason = job.failure_reason.as_deref().unwrap_or("no reason was given");
            let kind = failure_kind(reason);
            if kind.is_transient() {
                return Err(format!("it failed for a transient reason: {reason}"));
            }
            Ok(Outcome::Failed(Failure::new(kind, reason)))
        }
    }
}

/// Parses the hyperparameters of a training job as a configuration of the space.
fn configuration(
    space: &SearchSpace,
    job: &TrainingJobSummary,
    statics: &IndexMap<String, String>,
) -> Result<Configuration, String> {
    let values = space.ranges().iter().map(|range| {
        let name = range.name();
        let text = job.tuned_hyper_parameters.get(name).or_else(|| statics.get(name));
        let text = text.ok_or_else(|| format!("it has no hyperparameter {name}"))?;
        let value = parse_value(range, text.trim())
            .ok_or_else(|| format!("its hyperparameter {name} is not a number: {text:?}"))?;
        Ok((name.to_owned(), value))
    });
    values.collect::<Result<Vec<_>, String>>().map(Configuration::from_iter)
}

fn parse_value(range: &ParameterRange, text: &str) -> Option<ParameterValue> {
    Some(match range {
        ParameterRange::Continuous(_) => ParameterValue::Float(text.parse().ok()?),
        ParameterRange::Integer(_) => {
            ParameterValue::Integer(text.parse().ok().or_else(|| to_integer(text.parse().ok()?))?)
        }
        // The SageMaker SDK's framework estimators send categories as JSON.
        ParameterRange::Categorical(range) => {
            let is_category = |text: &str| range.values().iter().any(|value| *value == text.into());
            let decoded = serde_json::from_str(text).ok();
            let decoded = decoded.filter(|text: &String| is_category(text));
            ParameterValue::Category(decoded.unwrap_or_else(|| text.to_owned()))
        }
    })
}

/// Converts a number with a zero fraction, such as 5.0, to an integer.
#[allow(clippy::cast_possible_truncation, reason = "it is a whole number below 2⁵³")]
fn to_integer(number: f64) -> Option<i64> {
    (number.fract().abs() < f64::EPSILON && number.abs() < 9e15).then_some(number as i64)
}
