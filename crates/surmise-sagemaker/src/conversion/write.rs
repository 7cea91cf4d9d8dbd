//! From a study back to SageMaker: its values, its configuration, a request.

use std::time::Duration;

use crate::judge::Judge;
use crate::reading::Document;
use crate::request::{
    CategoricalRange, CreateHyperParameterTuningJobRequest, HyperParameterTrainingJobDefinition,
    HyperParameterTuningJobConfig, JobObjective, JobResourceLimits, JobStrategy, NumericRange,
    ParameterRanges, printed_float,
};
use surmise::error::{Error, Violation};
use surmise::space::{ParameterRange, ParameterValue, SearchSpace};
use surmise::study::Study;

impl HyperParameterTuningJobConfig {
    /// The configuration of a tuning job that searches what a study searches; how, is up to SageMaker's own strategies.
    ///
    /// Ranges of one value are left out, because the service refuses them: they are static. The seed's lowest 31 bits are
    /// taken.
    pub fn of(study: &Study, strategy: JobStrategy) -> Self {
        let settings = study.settings();
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let mut limits = JobResourceLimits::new(number(settings.limits.max_parallel_jobs));
        limits.max_number_of_training_jobs = settings.limits.max_jobs.map(number);
        let seconds = |time: Duration| u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
        limits.max_runtime_in_seconds = settings.limits.max_runtime.map(seconds);
        let objective = study.objective();
        Self {
            objective: Some(JobObjective::new(objective.goal, objective.metric_name.as_str())),
            parameter_ranges: Some(ParameterRanges::of(study.space())),
            random_seed: u32::try_from(settings.seed & 0x7FFF_FFFF).ok(),
            ..Self::new(strategy, limits)
        }
    }
}

impl ParameterRanges {
    /// The ranges of a space, without those of one value. Ranges in steps or of few digits are choices here, because SageMaker has no steps,
    /// unless they have more values than SageMaker has choices.
    pub fn of(space: &SearchSpace) -> Self {
        let (mut integer, mut continuous, mut categorical) = (Vec::new(), Vec::new(), Vec::new());
        for range in space.ranges().iter().filter(|range| only_value(range).is_none()) {
            if let Some(steps) = steps(range).filter(|steps| steps.len() <= MOST_CHOICES) {
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
                        printed_float(range.min()),
                        printed_float(range.max()),
                    )
                }),
                ParameterRange::Categorical(range) => {
                    let values: Vec<String> =
                        range.values().iter().map(ParameterValue::printed).collect();
                    categorical.push(CategoricalRange::new(range.name(), values));
                }
            }
        }
        let filled = |list: Vec<NumericRange>| (!list.is_empty()).then_some(list);
        Self {
            integer: filled(integer),
            continuous: filled(continuous),
            categorical: (!categorical.is_empty()).then_some(categorical),
            ..Self::new()
        }
    }
}

impl ParameterRanges {
    /// These ranges with the texts of older ones: an older range that means the same is kept to the character, and so are the order, empty
    /// lists, members that this version does not know, and parameters that Autotune chooses ranges for.
    fn with_texts_of(self, mut old: Self) -> Self {
        let mut names: Vec<String> = Vec::new();
        names.extend(
            self.integer.iter().chain(&self.continuous).flatten().map(|it| it.name.clone()),
        );
        names.extend(self.categorical.iter().flatten().map(|it| it.name.clone()));
        old.integer = merged(old.integer, self.integer, |it| &it.name, NumericRange::means);
        old.continuous =
            merged(old.continuous, self.continuous, |it| &it.name, NumericRange::means);
        let same_values = |a: &CategoricalRange, b: &CategoricalRange| a.values == b.values;
        old.categorical = merged(old.categorical, self.categorical, |it| &it.name, same_values);
        if let Some(parameters) = &mut old.auto_parameters {
            parameters.retain(|parameter| !names.contains(&parameter.name));
        }
        old
    }
}

impl NumericRange {
    /// Whether it has the same ends and scale as another, however they are written.
    fn means(&self, other: &Self) -> bool {
        let numbers = |range: &Self| {
            [&range.min_value, &range.max_value].map(|end| end.trim().parse::<f64>().ok())
        };
        let scaling = |range: &Self| range.scaling_type.unwrap_or_default();
        numbers(self) == numbers(other) && scaling(self) == scaling(other)
    }
}

/// New items in the order and the words of old ones, where these say the same under the same name.
fn merged<T>(
    old: Option<Vec<T>>,
    new: Option<Vec<T>>,
    name: fn(&T) -> &String,
    says_the_same: fn(&T, &T) -> bool,
) -> Option<Vec<T>> {
    let was_there = old.is_some();
    let mut new = new.unwrap_or_default();
    let mut all = Vec::with_capacity(new.len());
    for item in old.into_iter().flatten() {
        if let Some(place) = new.iter().position(|other| name(other) == name(&item)) {
            let other = new.remove(place);
            all.push(if says_the_same(&item, &other) { item } else { other });
        }
    }
    all.extend(new);
    (was_there || !all.is_empty()).then_some(all)
}

/// Values of a categorical range in a request.
const MOST_CHOICES: usize = 30;

/// The values of a range in steps or of few digits, as text; `None` if it is neither.
fn steps(range: &ParameterRange) -> Option<Vec<String>> {
    match range {
        ParameterRange::Integer(range) if range.step() > 1 => {
            let values = range.min()..=range.max();
            let count = usize::try_from(range.count()).ok()?.min(MOST_CHOICES + 1);
            let step = usize::try_from(range.step()).ok()?;
            Some(values.step_by(step).take(count).map(|value| value.to_string()).collect())
        }
        ParameterRange::Continuous(range) => {
            Some(range.values()?.take(MOST_CHOICES + 1).map(printed_float).collect())
        }
        ParameterRange::Integer(_) | ParameterRange::Categorical(_) => None,
    }
}

/// Steps that a request cannot say.
fn check_steps(space: &SearchSpace) -> Result<(), Error> {
    let many = space
        .ranges()
        .iter()
        .filter(|range| steps(range).is_some_and(|steps| steps.len() > MOST_CHOICES));
    let rule = "SageMaker's tuner has no steps, and at most 30 choices to say them by";
    let remedy =
        "take larger steps, leave them out, or tune here, with SageMaker's training jobs only";
    let broken = many.map(|range| Violation::new(range.name(), "in many steps", rule, remedy));
    Error::unless_empty(broken.collect())
}

/// The value of a range that has one only.
fn only_value(range: &ParameterRange) -> Option<String> {
    match range {
        ParameterRange::Integer(range) => (range.count() == 1).then(|| range.min().to_string()),
        ParameterRange::Continuous(range) => {
            if range.min() >= range.max() {
                return Some(printed_float(range.min()));
            }
            let mut values = range.values()?;
            let first = values.next().map(printed_float);
            first.filter(|_| values.next().is_none())
        }
        ParameterRange::Categorical(range) => match range.values() {
            [one] => Some(one.printed()),
            _ => None,
        },
    }
}

impl CreateHyperParameterTuningJobRequest {
    /// A request for SageMaker's own tuner to search what a study searches, with training jobs of this definition. Ranges of
    /// one value become static hyperparameters.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every reason for which the service would refuse it in the judge's opinion, such as a name of more
    /// than 32 characters or more jobs than the quotas allow.
    pub fn of(
        name: &str,
        study: &Study,
        strategy: JobStrategy,
        mut definition: HyperParameterTrainingJobDefinition,
        judge: &Judge,
    ) -> Result<Self, Error> {
        check_steps(study.space())?;
        definition.fix(study.space())?;
        let config = HyperParameterTuningJobConfig::of(study, strategy);
        let request = Self { definition: Some(definition), ..Self::new(name, config) };
        judge.judge(&Document::from(&request)).into_result()?;
        Ok(request)
    }

    /// This request, for what a study searches: ranges, objective and numbers of jobs are the study's, and so is the seed if
    /// either has one. What the study has not changed stays to the character: a range of the same ends and scale, an empty list, parameters that
    /// Autotune is to choose ranges for. Everything else stays: strategy, limits of time, completion, warm start, tags, what runs where.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is no definition of training jobs or several, and with every reason for which the service
    /// would refuse the result in the judge's opinion.
    pub fn for_study(&self, study: &Study, judge: &Judge) -> Result<Self, Error> {
        let mut request = self.clone();
        let mut definitions =
            request.definition.iter_mut().chain(request.definitions.iter_mut().flatten());
        let (Some(definition), None) = (definitions.next(), definitions.next()) else {
            return Err(Error::Invalid(vec![Violation::new(
                "$.TrainingJobDefinitions",
                self.all_definitions().count(),
                "a study must belong to one definition of training jobs",
                "keep the one that was tuned",
            )]));
        };
        check_steps(study.space())?;
        definition.fix(study.space())?;
        let own_objective = definition.objective.take();
        let own_ranges = definition.parameter_ranges.take();
        let new = HyperParameterTuningJobConfig::of(study, request.config.strategy);
        let config = &mut request.config;
        // What stands in the definition alone stays there.
        let is_own = (
            own_objective.is_some() && config.objective.is_none(),
            own_ranges.is_some() && config.parameter_ranges.is_none(),
        );
        let objective = own_objective.or(config.objective.take());
        let objective = match (objective, new.objective) {
            (Some(old), Some(new))
                if (old.goal, &old.metric_name) == (new.goal, &new.metric_name) =>
            {
                Some(old)
            }
            (_, new) => new,
        };
        let ranges = own_ranges.or(config.parameter_ranges.take());
        let ranges = match (ranges, new.parameter_ranges) {
            (Some(old), Some(new)) => Some(new.with_texts_of(old)),
            (_, new) => new,
        };
        *(if is_own.0 { &mut definition.objective } else { &mut config.objective }) = objective;
        *(if is_own.1 { &mut definition.parameter_ranges } else { &mut config.parameter_ranges }) =
            ranges;
        if config.random_seed.is_some() || study.settings().seed != 0 {
            config.random_seed = new.random_seed;
        }
        let limits = &mut config.resource_limits;
        limits.max_parallel_training_jobs = new.resource_limits.max_parallel_training_jobs;
        limits.max_number_of_training_jobs = new.resource_limits.max_number_of_training_jobs;
        judge.judge(&Document::from(&request)).into_result()?;
        Ok(request)
    }
}

impl HyperParameterTrainingJobDefinition {
    /// Makes ranges of one value static.
    fn fix(&mut self, space: &SearchSpace) -> Result<(), Error> {
        let mut statics = self.static_hyper_parameters.take().unwrap_or_default();
        for range in space.ranges() {
            let Some(value) = only_value(range) else { continue };
            if statics.get(range.name()).is_some_and(|given| *given != value) {
                return Err(Error::Invalid(vec![Violation::new(
                    range.name(),
                    value,
                    format!("the definition gives it the value {}", statics[range.name()]),
                    "make them agree",
                )]));
            }
            statics.insert(range.name().to_owned(), value);
        }
        self.static_hyper_parameters = (!statics.is_empty()).then_some(statics);
        Ok(())
    }
}
