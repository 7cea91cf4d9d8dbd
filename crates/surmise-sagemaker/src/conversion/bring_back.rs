//! Training jobs of SageMaker's own tuner as observations of a study.

use indexmap::IndexMap;

use super::describe::{TrainingJobStatus, TrainingJobSummary, TuningJobDescription};
use crate::error::TuningError;
use crate::request::{CreateHyperParameterTuningJobRequest, OBJECTIVE_METRIC, failure_kind};
use surmise::error::{Error, Violation};
use surmise::space::{Configuration, ParameterRange, ParameterValue, SearchSpace};
use surmise::study::Study;
use surmise::trial::{Failure, FailureKind, Outcome};

/// What became of training jobs that were brought into a study.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BroughtBack {
    /// So many are observations now.
    pub observed: usize,
    /// The others: their names, and why they say nothing.
    pub left_out: Vec<(String, String)>,
}

impl TuningJobDescription {
    /// The request that this tuning job was made by, except for its tags. The hyperparameter that SageMaker adds is not in it.
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

    /// A study that searches what this tuning job searched, and knows what its training jobs told.
    ///
    /// # Errors
    /// Those of [`CreateHyperParameterTuningJobRequest::tuning`].
    pub fn study(&self, jobs: &[TrainingJobSummary]) -> Result<(Study, BroughtBack), TuningError> {
        let mut study = self.request().tuning()?.study()?;
        let brought = self.observe(jobs, &mut study)?;
        Ok((study, brought))
    }

    /// Brings the training jobs of this tuning job into a study as observations from outside: those of a parent, or of several, one after the
    /// other.
    ///
    /// A hyperparameter of the study that was static here has that value. What is left out: jobs that have not ended, or were stopped before
    /// they told a value; those that failed for no fault of their configuration; and configurations that are not in the study's space.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the metric is another one than the study's, or is to go the other way.
    pub fn observe(
        &self,
        jobs: &[TrainingJobSummary],
        study: &mut Study,
    ) -> Result<BroughtBack, Error> {
        let request = self.request();
        let first = request.all_definitions().next();
        let own = first.and_then(|definition| definition.objective.as_ref());
        if let Some(objective) = own.or(self.config.objective.as_ref()) {
            let wanted = study.objective();
            if objective.metric_name != wanted.metric_name || objective.goal != wanted.goal {
                return Err(Error::Invalid(vec![Violation::new(
                    format!("the objective of tuning job {}", self.name),
                    format!("{:?} {}", objective.goal, objective.metric_name),
                    format!("it is that of the study: {:?} {}", wanted.goal, wanted.metric_name),
                    "bring it into a study of the same objective",
                )]));
            }
        }
        let none = IndexMap::new();
        let mut brought = BroughtBack::default();
        for job in jobs {
            let name = job.definition_name.as_ref();
            let named =
                request.all_definitions().find(|it| name.is_some() && it.name.as_ref() == name);
            let statics = named.or(first).and_then(|it| it.static_hyper_parameters.as_ref());
            let statics = statics.unwrap_or(&none);
            let told = outcome(job).and_then(|outcome| {
                let configuration = configuration(study.space(), job, statics)?;
                study.observe(&configuration, outcome).map_err(|error| error.to_string())
            });
            match told {
                Ok(_) => brought.observed += 1,
                Err(why) => brought.left_out.push((job.name.clone(), why)),
            }
        }
        Ok(brought)
    }
}

/// What a training job says of its configuration, or why it says nothing.
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
        (TrainingJobStatus::Stopped, None) => Err("it was stopped and told no value".to_owned()),
        (TrainingJobStatus::Failed, _) => {
            let reason = job.failure_reason.as_deref().unwrap_or("no reason was given");
            let kind = failure_kind(reason);
            if kind.is_transient() {
                return Err(format!("it failed for no fault of its own: {reason}"));
            }
            Ok(Outcome::Failed(Failure::new(kind, reason)))
        }
    }
}

/// The values of a training job, from their texts.
fn configuration(
    space: &SearchSpace,
    job: &TrainingJobSummary,
    statics: &IndexMap<String, String>,
) -> Result<Configuration, String> {
    let values = space.ranges().iter().map(|range| {
        let name = range.name();
        let text = job.tuned_hyper_parameters.get(name).or_else(|| statics.get(name));
        let text = text.ok_or_else(|| format!("it has no hyperparameter {name}"))?;
        let value = read(range, text.trim())
            .ok_or_else(|| format!("its hyperparameter {name} is {text:?}"))?;
        Ok((name.to_owned(), value))
    });
    values.collect::<Result<Vec<_>, String>>().map(Configuration::from_iter)
}

fn read(range: &ParameterRange, text: &str) -> Option<ParameterValue> {
    Some(match range {
        ParameterRange::Continuous(_) => ParameterValue::Float(text.parse().ok()?),
        ParameterRange::Integer(_) => {
            ParameterValue::Integer(text.parse().ok().or_else(|| whole(text.parse().ok()?))?)
        }
        // Estimators of frameworks send choices as JSON.
        ParameterRange::Categorical(range) => {
            let is_known = |text: &str| range.values().iter().any(|value| *value == text.into());
            let plain = serde_json::from_str(text).ok().filter(|plain: &String| is_known(plain));
            ParameterValue::Category(plain.unwrap_or_else(|| text.to_owned()))
        }
    })
}

/// A whole number that is written with a fraction of nothing, as 5.0.
#[allow(clippy::cast_possible_truncation, reason = "it is a whole number below 2⁵³")]
fn whole(number: f64) -> Option<i64> {
    (number.fract().abs() < f64::EPSILON && number.abs() < 9e15).then_some(number as i64)
}
