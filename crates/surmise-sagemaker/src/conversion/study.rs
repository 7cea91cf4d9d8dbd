//! Converts a tuning request to the engine's types.

use std::fmt::Display;
use std::time::Duration;

use indexmap::IndexMap;
use serde_json::Number;

use crate::error::{Feature, TuningError, UnsupportedFeature};
use crate::json_path::step;
use crate::reading::{Document, DocumentFormat};
use crate::request::{
    CategoricalRange, CompleteOnConvergence, CreateHyperParameterTuningJobRequest,
    HyperParameterTuningJobConfig, JobObjective, JobStrategy, NumericRange, ParameterRanges,
    TrainingJobEarlyStoppingType, UnknownMembers, WarmStartConfig, parse_float, parse_integer,
};
use crate::validation::{EPOCH_NAMES, parse_epochs};
use surmise::error::{Error, Violation};
use surmise::limits::{
    CompletionCriteria, EarlyStopping, ResourceLimits, RetryPolicy, SuccessiveHalving, TuningRules,
};
use surmise::objective::Objective;
use surmise::space::{GridLevels, ParameterRange, SearchSpace};
use surmise::strategy::{BayesianOptimization, GridSearch, RandomSearch, Strategy};
use surmise::study::{Study, StudySettings};
use surmise::trial::FailureKind;

/// The search that a tuning request describes, in the engine's types.
///
/// It holds the parts of a [`Study`] and the rules for a [`Tuner`](surmise::tune::Tuner). The
/// definition of the training jobs stays in the request.
///
/// ```
/// use surmise_sagemaker::Document;
///
/// let text = r#"{ "Strategy": "Bayesian", "RandomSeed": 7,
///     "ResourceLimits": { "MaxNumberOfTrainingJobs": 20, "MaxParallelTrainingJobs": 2 },
///     "HyperParameterTuningJobObjective": { "Type": "Minimize", "MetricName": "loss" },
///     "ParameterRanges": { "ContinuousParameterRanges": [
///         { "Name": "rate", "MinValue": "1e-4", "MaxValue": "1", "ScalingType": "Auto" } ] } }"#;
/// let tuning = Document::read(text.as_bytes())?.tuning()?;
/// assert_eq!(tuning.limits.max_jobs, Some(20));
/// assert!(tuning.not_supported.is_empty());
/// let study = tuning.study()?;
/// assert_eq!(study.settings().seed, 7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Check `not_supported` before you run it: the request may use features, such as a warm start,
/// that Surmise ignores.
#[derive(Debug)]
#[non_exhaustive]
pub struct Tuning {
    /// The ranges: first the continuous, then the integer, then the categorical ones.
    pub space: SearchSpace,
    /// The metric and whether it is minimized or maximized.
    pub objective: Objective,
    /// The limits of jobs, parallel jobs and time.
    pub limits: ResourceLimits,
    /// The strategy that proposes configurations.
    pub strategy: Box<dyn Strategy>,
    /// The request's `RandomSeed`, if it has one.
    pub seed: Option<u64>,
    /// The static hyperparameters, as text.
    pub static_values: IndexMap<String, String>,
    /// Early stopping, completion criteria, job timeout and retries, for
    /// [`Tuner::with_rules`](surmise::tune::Tuner::with_rules).
    pub rules: TuningRules,
    /// The earlier tuning jobs that the request wants to learn from.
    pub warm_start: Option<WarmStartConfig>,
    /// The features of the request that Surmise ignores.
    pub not_supported: Vec<UnsupportedFeature>,
    is_grid: bool,
}

impl Tuning {
    /// Returns whether the search is a grid search, which ends without a limit of jobs.
    pub fn is_grid(&self) -> bool {
        self.is_grid
    }

    /// Creates an empty study that takes results in the order of arrival.
    ///
    /// The seed is 0 if the request has none.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a limit is 0.
    pub fn study(self) -> Result<Study, Error> {
        let settings = StudySettings {
            seed: self.seed.unwrap_or(0),
            limits: self.limits,
            ..StudySettings::default()
        };
        Study::new(self.space, self.objective, self.strategy, settings)
    }
}

impl Document {
    /// Converts the document to the search that it describes.
    ///
    /// The name of the tuning job may be an unresolved expression.
    ///
    /// # Errors
    /// [`TuningError::Engine`] with every problem:
    /// - a member breaks the service's model, or is an unresolved expression;
    /// - a bound is not a number, a range breaks a rule, or a limit is 0;
    /// - the objective is missing, a grid has numeric ranges, or Hyperband has no `MaxResource`.
    ///
    /// [`TuningError::Unsupported`] for several definitions, and for Autotune without ranges.
    pub fn tuning(&self) -> Result<Tuning, TuningError> {
        match self.format() {
            DocumentFormat::Config => self.config()?.tuning(),
            _ if self.has_unresolved_name() => self.request_with_name("unnamed")?.tuning(),
            _ => self.request()?.tuning(),
        }
    }
}

impl CreateHyperParameterTuningJobRequest {
    /// Converts the request to the search that it describes.
    ///
    /// # Errors
    /// [`TuningError`], as [`Document::tuning`].
    pub fn tuning(&self) -> Result<Tuning, TuningError> {
        let mut unsupported =
            UnsupportedFeatures::from_config(&self.config, "$.HyperParameterTuningJobConfig");
        unsupported.add_unknown_members("$", &self.unknown_members);
        let definitions: Vec<_> = self.all_definitions().collect();
        if definitions.len() > 1 {
            unsupported.add_blocking(
                Feature::SeveralDefinitions,
                "$.TrainingJobDefinitions",
                format!("a list of {}", definitions.len()),
                "tune each definition in a study of its own",
            );
        }
        let path = if self.definition.is_some() {
            "$.TrainingJobDefinition"
        } else {
            "$.TrainingJobDefinitions[0]"
        };
        let definition = definitions.first().copied();
        if let Some(definition) = definition {
            unsupported.add_unknown_members(path, &definition.unknown_members);
        }
        if let Some(warm_start) = &self.warm_start {
            unsupported.add(
                Feature::WarmStart,
                "$.WarmStartConfig",
                warm_start.warm_start_type,
                "the search starts without earlier results; add them by Study::add_observation",
            );
        }
        let ranges = match definition.and_then(|it| it.parameter_ranges.as_ref()) {
            Some(ranges) => Ranges {
                path: format!("{path}.HyperParameterRanges"),
                parameter_ranges: Some(ranges),
            },
            None => self.config.ranges("$.HyperParameterTuningJobConfig"),
        };
        if self.autotune.is_some() {
            unsupported.add_autotune(&ranges);
        }
        let objective = definition.and_then(|definition| definition.objective.as_ref());
        let none = IndexMap::new();
        let statics =
            definition.and_then(|it| it.static_hyper_parameters.as_ref()).unwrap_or(&none);
        let mut tuning = self.config.search(&ranges, objective, statics, unsupported)?;
        tuning.warm_start.clone_from(&self.warm_start);
        if let Some(definition) = definition {
            tuning.static_values.clone_from(statics);
            let seconds = |seconds: u32| Duration::from_secs(seconds.into());
            tuning.rules.job_timeout =
                definition.stopping_condition.max_runtime_in_seconds.map(seconds);
            if let Some(strategy) = &definition.retry_strategy {
                // SageMaker retries after errors of the service; these kinds are the closest ones.
                tuning.rules.retries = RetryPolicy::never()
                    .with_retries(FailureKind::Interrupted, strategy.max_attempts)
                    .with_retries(FailureKind::Throttled, strategy.max_attempts);
            }
        }
        Ok(tuning)
    }
}

impl HyperParameterTuningJobConfig {
    /// Converts the configuration to the search that it describes.
    ///
    /// # Errors
    /// [`TuningError`], as [`Document::tuning`].
    pub fn tuning(&self) -> Result<Tuning, TuningError> {
        let unsupported = UnsupportedFeatures::from_config(self, "$");
        self.search(&self.ranges("$"), None, &IndexMap::new(), unsupported)
    }

    fn ranges(&self, path: &str) -> Ranges<'_> {
        Ranges {
            path: format!("{path}.ParameterRanges"),
            parameter_ranges: self.parameter_ranges.as_ref(),
        }
    }

    fn search(
        &self,
        ranges: &Ranges<'_>,
        objective: Option<&JobObjective>,
        statics: &IndexMap<String, String>,
        mut unsupported: UnsupportedFeatures,
    ) -> Result<Tuning, TuningError> {
        let space = ranges.search_space();
        let limits = ResourceLimits {
            max_jobs: self.resource_limits.max_number_of_training_jobs.map(|jobs| jobs as usize),
            max_parallel_jobs: self.resource_limits.max_parallel_training_jobs as usize,
            max_runtime: self
                .resource_limits
                .max_runtime_in_seconds
                .map(|seconds| Duration::from_secs(seconds.into())),
        };
        let objective = objective.or(self.objective.as_ref()).ok_or_else(|| {
            Error::Invalid(vec![Violation::new(
                format!("{}.HyperParameterTuningJobObjective", unsupported.config_path),
                "missing",
                "a search must have an objective",
                "add Type and MetricName",
            )])
        });
        let checked = limits.check();
        let early_stopping = self.early_stopping(&unsupported.config_path, statics);
        let strategy = space.as_ref().ok().map(|space| self.search_strategy(space)).transpose();
        // Ranges that Autotune would choose are reported as unsupported, not as missing.
        let is_autotuned = unsupported.is_blocking && ranges.is_empty();
        let errors = [
            space.as_ref().err().filter(|_| !is_autotuned),
            checked.as_ref().err(),
            objective.as_ref().err().filter(|_| !is_autotuned),
            early_stopping.as_ref().err(),
            strategy.as_ref().err().filter(|_| !unsupported.is_blocking),
        ];
        let errors = errors.into_iter().flatten();
        Error::from_violations(errors.flat_map(|error| error.violations().to_vec()).collect())?;
        unsupported.add_unknown_members_of_ranges(ranges);
        if unsupported.is_blocking {
            return Err(TuningError::Unsupported(unsupported.not_supported));
        }
        let objective = objective?;
        Ok(Tuning {
            space: space?,
            objective: Objective {
                metric_name: objective.metric_name.clone(),
                goal: objective.goal,
            },
            limits,
            strategy: strategy?.unwrap_or_else(|| Box::new(RandomSearch)),
            seed: self.random_seed.map(u64::from),
            static_values: IndexMap::new(),
            rules: TuningRules {
                early_stopping: early_stopping?,
                completion: self.completion(),
                ..TuningRules::default()
            },
            warm_start: None,
            not_supported: unsupported.not_supported,
            is_grid: self.strategy == JobStrategy::Grid,
        })
    }
}

impl HyperParameterTuningJobConfig {
    fn search_strategy(&self, space: &SearchSpace) -> Result<Box<dyn Strategy>, Error> {
        let no_levels: [(&str, GridLevels); 0] = [];
        Ok(match self.strategy {
            JobStrategy::Bayesian => Box::new(BayesianOptimization::default()),
            JobStrategy::Random | JobStrategy::Hyperband => Box::new(RandomSearch),
            JobStrategy::Grid => Box::new(GridSearch::new(space.grid(no_levels)?)),
        })
    }

    /// Converts Hyperband to early stopping over random search.
    ///
    /// `MaxResource` may come from a static hyperparameter, such as `epochs`.
    fn early_stopping(
        &self,
        path: &str,
        statics: &IndexMap<String, String>,
    ) -> Result<EarlyStopping, Error> {
        if self.strategy != JobStrategy::Hyperband {
            return Ok(match self.early_stopping {
                Some(TrainingJobEarlyStoppingType::Auto) => EarlyStopping::auto(),
                _ => EarlyStopping::Off,
            });
        }
        let hyperband = self.strategy_config.as_ref().and_then(|config| config.hyperband.as_ref());
        let min = hyperband.and_then(|config| config.min_resource).map_or(1, u64::from);
        let inferred = || EPOCH_NAMES.iter().find_map(|name| parse_epochs(statics.get(*name)?));
        let max = hyperband.and_then(|config| config.max_resource).map(u64::from).or_else(inferred);
        let invalid = |value: String, rule: &str| {
            let subject = format!("{path}.StrategyConfig.HyperbandStrategyConfig.MaxResource");
            let remedy = format!("give the number of epochs, or one of {}", EPOCH_NAMES.join(", "));
            Err(Error::Invalid(vec![Violation::new(subject, value, rule, remedy)]))
        };
        match max {
            None => invalid("missing".to_owned(), "Hyperband needs the maximum resource of a job"),
            Some(max) if max < min.max(1) => {
                invalid(max.to_string(), "it must be at least MinResource, and at least 1")
            }
            Some(max) => {
                Ok(EarlyStopping::SuccessiveHalving(SuccessiveHalving::new(min.max(1), max)))
            }
        }
    }

    fn completion(&self) -> CompletionCriteria {
        let Some(criteria) = &self.completion_criteria else {
            return CompletionCriteria::default();
        };
        let not_improving = criteria.not_improving.as_ref();
        CompletionCriteria {
            target: criteria.target_value.as_ref().and_then(Number::as_f64),
            not_improving_for: not_improving
                .and_then(|part| part.max_jobs_not_improving)
                .map(|jobs| jobs as usize),
            // AWS documents two definitions; this is that of its guide, where any better value is
            // an improvement.
            min_improvement: 0.0,
        }
    }
}

/// The ranges that apply: those of the definition if it has any, else those of the configuration.
struct Ranges<'a> {
    path: String,
    parameter_ranges: Option<&'a ParameterRanges>,
}

impl<'a> Ranges<'a> {
    fn integer(&self) -> impl Iterator<Item = &'a NumericRange> {
        self.parameter_ranges.into_iter().flat_map(|ranges| ranges.integer.iter().flatten())
    }

    fn continuous(&self) -> impl Iterator<Item = &'a NumericRange> {
        self.parameter_ranges.into_iter().flat_map(|ranges| ranges.continuous.iter().flatten())
    }

    fn categorical(&self) -> impl Iterator<Item = &'a CategoricalRange> {
        self.parameter_ranges.into_iter().flat_map(|ranges| ranges.categorical.iter().flatten())
    }

    fn is_empty(&self) -> bool {
        self.integer().chain(self.continuous()).next().is_none()
            && self.categorical().next().is_none()
    }

    fn search_space(&self) -> Result<SearchSpace, Error> {
        let continuous = self.continuous().map(|range| {
            let (min, max) = bounds(range, parse_float, "a number such as 0.5 or 1e-3")?;
            let scaling = range.scaling_type.unwrap_or_default();
            ParameterRange::continuous(&range.name, min..=max, scaling)
        });
        let integer = self.integer().map(|range| {
            let (min, max) = bounds(range, parse_integer, "a whole number such as 10")?;
            let scaling = range.scaling_type.unwrap_or_default();
            ParameterRange::integer(&range.name, min..=max, scaling)
        });
        let categorical =
            self.categorical().map(|range| ParameterRange::categorical(&range.name, &range.values));
        SearchSpace::new(continuous.chain(integer).chain(categorical))
    }
}

/// Parses both bounds of a range.
fn bounds<T>(
    range: &NumericRange,
    parse: fn(&str) -> Option<T>,
    expected: &str,
) -> Result<(T, T), Error> {
    let bound = |name: &str, text: &str| {
        parse(text).ok_or_else(|| {
            Violation::new(
                &range.name,
                format!("{name} {text:?}"),
                format!("{name} must be {expected}"),
                "write it as a decimal string",
            )
        })
    };
    match (bound("MinValue", &range.min_value), bound("MaxValue", &range.max_value)) {
        (Ok(min), Ok(max)) => Ok((min, max)),
        (min, max) => Err(Error::Invalid([min.err(), max.err()].into_iter().flatten().collect())),
    }
}

/// Collects the unsupported features that a request uses.
struct UnsupportedFeatures {
    /// The JSON path of the configuration.
    config_path: String,
    not_supported: Vec<UnsupportedFeature>,
    /// True if no search is possible without one of the features.
    is_blocking: bool,
}

impl UnsupportedFeatures {
    /// Collects the unsupported features of the configuration at `path`.
    fn from_config(config: &HyperParameterTuningJobConfig, path: &str) -> Self {
        let not_supported = Vec::new();
        let mut unsupported =
            Self { config_path: path.to_owned(), not_supported, is_blocking: false };
        let limits = &config.resource_limits;
        if let Some(criteria) = &config.completion_criteria {
            let path = format!("{path}.TuningJobCompletionCriteria");
            let consequence = "the search continues until its limits";
            let convergence = criteria.convergence.as_ref();
            if convergence.and_then(|part| part.complete_on_convergence)
                == Some(CompleteOnConvergence::Enabled)
            {
                let path = format!("{path}.ConvergenceDetected");
                unsupported.add(Feature::Convergence, &path, "Enabled", consequence);
            }
            unsupported.add_unknown_members(&path, &criteria.unknown_members);
        }
        unsupported.add_unknown_members(path, &config.unknown_members);
        unsupported.add_unknown_members(&format!("{path}.ResourceLimits"), &limits.unknown_members);
        if let Some(objective) = &config.objective {
            let path = format!("{path}.HyperParameterTuningJobObjective");
            unsupported.add_unknown_members(&path, &objective.unknown_members);
        }
        unsupported
    }

    /// Adds Autotune. Without it a search is possible only if the request gives ranges.
    fn add_autotune(&mut self, ranges: &Ranges<'_>) {
        if ranges.is_empty() {
            self.add_blocking(Feature::Autotune, "$.Autotune", "Enabled", "give ranges");
            return;
        }
        let consequence = "the given ranges and limits are used unchanged";
        self.add(Feature::Autotune, "$.Autotune", "Enabled", consequence);
        let parameters = ranges.parameter_ranges.and_then(|ranges| ranges.auto_parameters.as_ref());
        for (index, parameter) in parameters.into_iter().flatten().enumerate() {
            let path = format!("{}.AutoParameters[{index}]", ranges.path);
            let consequence = "it is not tuned, and has no value";
            self.add(Feature::Autotune, &path, &parameter.name, consequence);
        }
    }

    fn add_unknown_members_of_ranges(&mut self, ranges: &Ranges<'_>) {
        if let Some(parameter_ranges) = ranges.parameter_ranges {
            self.add_unknown_members(&ranges.path, &parameter_ranges.unknown_members);
        }
        let integer = ranges.integer().map(|range| &range.unknown_members);
        let continuous = ranges.continuous().map(|range| &range.unknown_members);
        let categorical = ranges.categorical().map(|range| &range.unknown_members);
        let mut add_all = |list: &str, items: Vec<&UnknownMembers>| {
            for (index, members) in items.into_iter().enumerate() {
                self.add_unknown_members(&format!("{}.{list}[{index}]", ranges.path), members);
            }
        };
        add_all("IntegerParameterRanges", integer.collect());
        add_all("ContinuousParameterRanges", continuous.collect());
        add_all("CategoricalParameterRanges", categorical.collect());
    }

    /// Adds a feature that the search can ignore.
    fn add(
        &mut self,
        feature: Feature,
        path: &str,
        requested: impl Display,
        consequence: &'static str,
    ) {
        let (path, requested) = (path.to_owned(), requested.to_string());
        self.not_supported.push(UnsupportedFeature { feature, path, requested, consequence });
    }

    /// Adds a feature without which no search is possible.
    fn add_blocking(
        &mut self,
        feature: Feature,
        path: &str,
        requested: impl Display,
        consequence: &'static str,
    ) {
        self.add(feature, path, requested, consequence);
        self.is_blocking = true;
    }

    fn add_unknown_members(&mut self, path: &str, members: &UnknownMembers) {
        for (name, value) in members.members() {
            let path = format!("{path}{}", step(name));
            self.add(Feature::UnknownMember, &path, value, "it is kept, but has no effect");
        }
    }
}
