//! Converts a study to a request for SageMaker's own tuner.

use std::time::Duration;

use crate::reading::Document;
use crate::request::{
    CategoricalRange, CreateHyperParameterTuningJobRequest, HyperParameterTrainingJobDefinition,
    HyperParameterTuningJobConfig, JobObjective, JobResourceLimits, JobStrategy, NumericRange,
    ParameterRanges, format_float,
};
use crate::validation::Validator;
use surmise::error::{Error, Violation};
use surmise::space::{ParameterRange, ParameterValue, SearchSpace};
use surmise::study::Study;

impl HyperParameterTuningJobConfig {
    /// Creates the configuration of a tuning job with the space, objective and limits of a study.
    ///
    /// Ranges of one value are omitted, because the service refuses them; they must be static
    /// hyperparameters. The seed is the lowest 31 bits of the study's seed.
    pub fn from_study(study: &Study, strategy: JobStrategy) -> Self {
        let settings = study.settings();
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let mut limits = JobResourceLimits::new(number(settings.limits.max_parallel_jobs));
        limits.max_number_of_training_jobs = settings.limits.max_jobs.map(number);
        let seconds = |time: Duration| u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
        limits.max_runtime_in_seconds = settings.limits.max_runtime.map(seconds);
        let objective = study.objective();
        Self {
            objective: Some(JobObjective::new(objective.goal, objective.metric_name.as_str())),
            parameter_ranges: Some(ParameterRanges::from_space(study.space())),
            random_seed: u32::try_from(settings.seed & 0x7FFF_FFFF).ok(),
            ..Self::new(strategy, limits)
        }
    }
}

impl ParameterRanges {
    /// Converts the ranges of a space; ranges of one value are omitted.
    ///
    /// SageMaker has no steps. So a range with a step or with few digits becomes a categorical
    /// range, unless it has more values than a categorical range allows (30).
    pub fn from_space(space: &SearchSpace) -> Self {
        let (mut integer, mut continuous, mut categorical) = (Vec::new(), Vec::new(), Vec::new());
        for range in space.ranges().iter().filter(|range| only_value(range).is_none()) {
            if let Some(steps) = step_values(range).filter(|values| values.len() <= MAX_CATEGORIES)
            {
                categorical.push(CategoricalRange::new(range.name(), steps));
                continue;
            }
            match range {
                ParameterRange::Integer(range) => integer.push(NumericRange {
                    scaling_type: Some(range.scaling()),
                    ..NumericRange::new(
                        range.name(),
                        range.min().to_string(),
                        range.max().to_string(),
                    )
                }),
                ParameterRange::Continuous(range) => continuous.push(NumericRange {
                    scaling_type: Some(range.scaling()),
                    ..NumericRange::new(
                        range.name(),
                        format_float(range.min()),
                        format_float(range.max()),
                    )
                }),
                ParameterRange::Categorical(range) => {
                    let values: Vec<String> =
                        range.values().iter().map(ParameterValue::to_text).collect();
                    categorical.push(CategoricalRange::new(range.name(), values));
                }
            }
        }
        let non_empty = |list: Vec<NumericRange>| (!list.is_empty()).then_some(list);
        Self {
            integer: non_empty(integer),
            continuous: non_empty(continuous),
            categorical: (!categorical.is_empty()).then_some(categorical),
            ..Self::new()
        }
    }
}

impl ParameterRanges {
    /// Merges these ranges into older ones and keeps the older text where the meaning is the same.
    ///
    /// An older range with equal bounds and scale keeps every character. Order, empty lists,
    /// unknown members and `AutoParameters` are kept, too.
    fn merge_into(self, mut old: Self) -> Self {
        let mut names: Vec<String> = Vec::new();
        names.extend(
            self.integer.iter().chain(&self.continuous).flatten().map(|it| it.name.clone()),
        );
        names.extend(self.categorical.iter().flatten().map(|it| it.name.clone()));
        let is_equal = NumericRange::is_equivalent;
        old.integer = merge(old.integer, self.integer, |it| &it.name, is_equal);
        old.continuous = merge(old.continuous, self.continuous, |it| &it.name, is_equal);
        let has_same_values = |a: &CategoricalRange, b: &CategoricalRange| a.values == b.values;
        old.categorical = merge(old.categorical, self.categorical, |it| &it.name, has_same_values);
        if let Some(parameters) = &mut old.auto_parameters {
            parameters.retain(|parameter| !names.contains(&parameter.name));
        }
        old
    }
}

impl NumericRange {
    /// Returns whether bounds and scale are equal, in any notation.
    fn is_equivalent(&self, other: &Self) -> bool {
        let numbers = |range: &Self| {
            [&range.min_value, &range.max_value].map(|bound| bound.trim().parse::<f64>().ok())
        };
        let scaling = |range: &Self| range.scaling_type.unwrap_or_default();
        numbers(self) == numbers(other) && scaling(self) == scaling(other)
    }
}

/// Returns the new items in the order of the old ones; an old item replaces an equivalent new one.
fn merge<T>(
    old: Option<Vec<T>>,
    new: Option<Vec<T>>,
    name: fn(&T) -> &String,
    is_equivalent: fn(&T, &T) -> bool,
) -> Option<Vec<T>> {
    let was_present = old.is_some();
    let mut new = new.unwrap_or_default();
    let mut all = Vec::with_capacity(new.len());
    for item in old.into_iter().flatten() {
        if let Some(index) = new.iter().position(|it| name(it) == name(&item)) {
            let replacement = new.remove(index);
            all.push(if is_equivalent(&item, &replacement) { item } else { replacement });
        }
    }
    all.extend(new);
    (was_present || !all.is_empty()).then_some(all)
}

/// The maximum number of values of a categorical range in a request.
const MAX_CATEGORIES: usize = 30;

/// Returns the values of a range with a step or with few digits as text; `None` for other ranges.
///
/// It stops after one value more than a categorical range allows.
fn step_values(range: &ParameterRange) -> Option<Vec<String>> {
    match range {
        ParameterRange::Integer(range) if range.step() > 1 => {
            let values = range.min()..=range.max();
            let count = usize::try_from(range.count()).ok()?.min(MAX_CATEGORIES + 1);
            let step = usize::try_from(range.step()).ok()?;
            Some(values.step_by(step).take(count).map(|value| value.to_string()).collect())
        }
        ParameterRange::Continuous(range) => {
            Some(range.values()?.take(MAX_CATEGORIES + 1).map(format_float).collect())
        }
        ParameterRange::Integer(_) | ParameterRange::Categorical(_) => None,
    }
}

/// Checks that every range with a step fits into a categorical range.
fn check_steps(space: &SearchSpace) -> Result<(), Error> {
    let too_many = space
        .ranges()
        .iter()
        .filter(|range| step_values(range).is_some_and(|values| values.len() > MAX_CATEGORIES));
    let rule = "SageMaker's tuner has no steps, and a categorical range has at most 30 values";
    let remedy = "use larger steps or none, or let Surmise tune, with training jobs of SageMaker";
    let violations =
        too_many.map(|range| Violation::new(range.name(), "in many steps", rule, remedy));
    Error::from_violations(violations.collect())
}

/// Returns the value of a range that has only one.
fn only_value(range: &ParameterRange) -> Option<String> {
    match range {
        ParameterRange::Integer(range) => (range.count() == 1).then(|| range.min().to_string()),
        ParameterRange::Continuous(range) => {
            if range.min() >= range.max() {
                return Some(format_float(range.min()));
            }
            let mut values = range.values()?;
            let first = values.next().map(format_float);
            first.filter(|_| values.next().is_none())
        }
        ParameterRange::Categorical(range) => match range.values() {
            [one] => Some(one.to_text()),
            _ => None,
        },
    }
}

impl CreateHyperParameterTuningJobRequest {
    /// Creates a request for SageMaker's own tuner with the space, objective and limits of a study.
    ///
    /// Ranges of one value become static hyperparameters.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every error that `validator` finds in the request, such as a name of
    /// more than 32 characters, or more jobs than the quotas allow. Also if a range with a step has
    /// more than 30 values, or if the definition has another static value for a range of one value.
    pub fn from_study(
        name: &str,
        study: &Study,
        strategy: JobStrategy,
        mut definition: HyperParameterTrainingJobDefinition,
        validator: &Validator,
    ) -> Result<Self, Error> {
        check_steps(study.space())?;
        definition.add_static_values(study.space())?;
        let config = HyperParameterTuningJobConfig::from_study(study, strategy);
        let request = Self { definition: Some(definition), ..Self::new(name, config) };
        validator.validate(&Document::from(&request)).into_result()?;
        Ok(request)
    }

    /// Returns this request with the ranges, objective and numbers of jobs of a study.
    ///
    /// The seed is that of the study, if study or request have one. Everything else stays the same:
    /// strategy, time limits, completion criteria, warm start, tags and definition. A range with
    /// the same bounds and scale keeps its text.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the request has no definition of training jobs or several, or if a
    /// range with a step has more than 30 values. Also with every error that `validator` finds in
    /// the result.
    pub fn for_study(&self, study: &Study, validator: &Validator) -> Result<Self, Error> {
        let mut request = self.clone();
        let mut definitions =
            request.definition.iter_mut().chain(request.definitions.iter_mut().flatten());
        let (Some(definition), None) = (definitions.next(), definitions.next()) else {
            return Err(Error::Invalid(vec![Violation::new(
                "$.TrainingJobDefinitions",
                self.all_definitions().count(),
                "a study must belong to one definition of training jobs",
                "keep the definition that the study tunes",
            )]));
        };
        check_steps(study.space())?;
        definition.add_static_values(study.space())?;
        let definition_objective = definition.objective.take();
        let definition_ranges = definition.parameter_ranges.take();
        let new = HyperParameterTuningJobConfig::from_study(study, request.config.strategy);
        let config = &mut request.config;
        // Objective and ranges that only the definition has stay there.
        let is_objective_in_definition =
            definition_objective.is_some() && config.objective.is_none();
        let are_ranges_in_definition =
            definition_ranges.is_some() && config.parameter_ranges.is_none();
        let objective = definition_objective.or(config.objective.take());
        let objective = match (objective, new.objective) {
            (Some(old), Some(new))
                if (old.goal, &old.metric_name) == (new.goal, &new.metric_name) =>
            {
                Some(old)
            }
            (_, new) => new,
        };
        let ranges = definition_ranges.or(config.parameter_ranges.take());
        let ranges = match (ranges, new.parameter_ranges) {
            (Some(old), Some(new)) => Some(new.merge_into(old)),
            (_, new) => new,
        };
        if is_objective_in_definition {
            definition.objective = objective;
        } else {
            config.objective = objective;
        }
        if are_ranges_in_definition {
            definition.parameter_ranges = ranges;
        } else {
            config.parameter_ranges = ranges;
        }
        if config.random_seed.is_some() || study.settings().seed != 0 {
            config.random_seed = new.random_seed;
        }
        let limits = &mut config.resource_limits;
        limits.max_parallel_training_jobs = new.resource_limits.max_parallel_training_jobs;
        limits.max_number_of_training_jobs = new.resource_limits.max_number_of_training_jobs;
        validator.validate(&Document::from(&request)).into_result()?;
        Ok(request)
    }
}

impl HyperParameterTrainingJobDefinition {
    /// Adds the ranges of one value to the static hyperparameters.
    fn add_static_values(&mut self, space: &SearchSpace) -> Result<(), Error> {
        let mut statics = self.static_hyper_parameters.take().unwrap_or_default();
        for range in space.ranges() {
            let Some(value) = only_value(range) else { continue };
            if statics.get(range.name()).is_some_and(|existing| *existing != value) {
                return Err(Error::Invalid(vec![Violation::new(
                    range.name(),
                    value,
                    format!("the definition has the static value {}", statics[range.name()]),
                    "make them equal",
                )]));
            }
            statics.insert(range.name().to_owned(), value);
        }
        self.static_hyper_parameters = (!statics.is_empty()).then_some(statics);
        Ok(())
    }
}
