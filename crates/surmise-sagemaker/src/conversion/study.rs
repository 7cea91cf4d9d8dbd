//! From a tuning request to a search.

use std::fmt::Display;
use std::time::Duration;

use indexmap::IndexMap;
use serde_json::Number;

use crate::error::{Feature, NotSupported, TuningError};
use crate::json_path::step;
use crate::judge::{EPOCHS, epochs};
use crate::reading::{Document, DocumentShape};
use crate::request::{
    CategoricalRange, CompleteOnConvergence, CreateHyperParameterTuningJobRequest,
    HyperParameterTrainingJobDefinition, HyperParameterTuningJobConfig, JobObjective, JobStrategy,
    NumericRange, Other, ParameterRanges, TrainingJobEarlyStoppingType, WarmStartConfig,
    integer_of, real_of,
};
use surmise::error::{Error, Violation};
use surmise::limits::{
    CompletionCriteria, EarlyStopping, ResourceLimits, RetryPolicy, SuccessiveHalving, TuningRules,
};
use surmise::objective::Objective;
use surmise::space::{GridLevels, ParameterRange, SearchSpace};
use surmise::strategy::{BayesianOptimization, GridSearch, RandomSearch, Strategy};
use surmise::study::{Study, StudySettings};
use surmise::trial::FailureKind;

/// A tuning job in the words of this crate.
///
/// What its training jobs are and where they run is not here: that is for whoever runs them, who finds it in the request.
#[derive(Debug)]
#[non_exhaustive]
pub struct Tuning {
    /// What is tuned: the continuous ranges first, then the integer, then the categorical ones.
    pub space: SearchSpace,
    /// What is measured.
    pub objective: Objective,
    /// Within which limits.
    pub limits: ResourceLimits,
    /// How it is searched.
    pub strategy: Box<dyn Strategy>,
    /// The seed, if one is given.
    pub seed: Option<u64>,
    /// Hyperparameters that all jobs share, as text.
    pub static_values: IndexMap<String, String>,
    /// Which running jobs are stopped early, when it is enough besides the limits, how long a job may run and how often it is tried again:
    /// for [`Tuner::with`](surmise::tune::Tuner::with).
    pub rules: TuningRules,
    /// Which earlier tuning jobs are to be learnt from.
    pub warm_start: Option<WarmStartConfig>,
    /// What is asked for and cannot be done yet. The search can go on without it.
    pub not_supported: Vec<NotSupported>,
    is_grid: bool,
}

impl Tuning {
    /// Whether every combination is tried, so that there is an end without a limit.
    pub fn is_grid(&self) -> bool {
        self.is_grid
    }

    /// A study that has seen nothing, under the order of arrival; seed 0 if none is given.
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
    /// The search that this document describes. In a state machine the name of the tuning job need not be known.
    ///
    /// # Errors
    /// [`Error::Invalid`] with everything that is wrong: members of another form than the service's model gives them, bounds
    /// that are not numbers, ranges that break a rule, limits of 0, no objective, a grid over numbers, Hyperband without a greatest
    /// resource. [`TuningError::NotSupported`] for several definitions, and Autotune without ranges.
    pub fn tuning(&self) -> Result<Tuning, TuningError> {
        match self.shape() {
            DocumentShape::Config => self.config()?.tuning(),
            _ if self.lacks_known_name() => self.request_named("unnamed")?.tuning(),
            _ => self.request()?.tuning(),
        }
    }
}

impl CreateHyperParameterTuningJobRequest {
    /// The search that this request describes.
    ///
    /// # Errors
    /// Those of [`Document::tuning`].
    pub fn tuning(&self) -> Result<Tuning, TuningError> {
        let mut asked = Asked::of(&self.config, "$.HyperParameterTuningJobConfig");
        asked.unknown("$", &self.other);
        let several: Vec<_> = self.all_definitions().collect();
        if several.len() > 1 {
            asked.blocked(
                Feature::SeveralDefinitions,
                "$.TrainingJobDefinitions",
                format!("a list of {}", several.len()),
                "tune each definition in a study of its own",
            );
        }
        let path = if self.definition.is_some() {
            "$.TrainingJobDefinition"
        } else {
            "$.TrainingJobDefinitions[0]"
        };
        let definition = several.first().copied();
        if let Some(definition) = definition {
            asked.definition(definition, path);
        }
        if let Some(warm_start) = &self.warm_start {
            asked.without(
                Feature::WarmStart,
                "$.WarmStartConfig",
                warm_start.warm_start_type,
                "the search begins from nothing; results can be given by Study::observe",
            );
        }
        let own = definition.and_then(|definition| definition.parameter_ranges.as_ref());
        let ranges = match own {
            Some(own) => Ranges { path: format!("{path}.HyperParameterRanges"), given: Some(own) },
            None => self.config.ranges("$.HyperParameterTuningJobConfig"),
        };
        if self.autotune.is_some() {
            asked.autotune(&ranges);
        }
        let objective = definition.and_then(|definition| definition.objective.as_ref());
        let none = IndexMap::new();
        let statics =
            definition.and_then(|it| it.static_hyper_parameters.as_ref()).unwrap_or(&none);
        let mut tuning = self.config.search(&ranges, objective, statics, asked)?;
        tuning.warm_start.clone_from(&self.warm_start);
        if let Some(definition) = definition {
            tuning.static_values.clone_from(statics);
            let seconds = |seconds: u32| Duration::from_secs(seconds.into());
            tuning.rules.job_deadline =
                definition.stopping_condition.max_runtime_in_seconds.map(seconds);
            if let Some(strategy) = &definition.retry_strategy {
                // There it is for errors of the service; this is what comes nearest.
                tuning.rules.retries = RetryPolicy::never()
                    .with(FailureKind::Interrupted, strategy.max_attempts)
                    .with(FailureKind::Throttled, strategy.max_attempts);
            }
        }
        Ok(tuning)
    }
}

impl HyperParameterTuningJobConfig {
    /// The search that this configuration describes.
    ///
    /// # Errors
    /// Those of [`Document::tuning`].
    pub fn tuning(&self) -> Result<Tuning, TuningError> {
        self.search(&self.ranges("$"), None, &IndexMap::new(), Asked::of(self, "$"))
    }

    fn ranges(&self, path: &str) -> Ranges<'_> {
        Ranges { path: format!("{path}.ParameterRanges"), given: self.parameter_ranges.as_ref() }
    }

    fn search(
        &self,
        ranges: &Ranges<'_>,
        objective: Option<&JobObjective>,
        statics: &IndexMap<String, String>,
        mut asked: Asked,
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
                format!("{}.HyperParameterTuningJobObjective", asked.path),
                "missing",
                "a search must have an objective",
                "add Type and MetricName",
            )])
        });
        let checked = limits.check();
        let early_stopping = self.early_stopping(&asked.path, statics);
        let strategy = space.as_ref().ok().map(|space| self.search_strategy(space)).transpose();
        // What only Autotune could have chosen is not also missing.
        let is_waived = asked.is_blocked && ranges.is_empty();
        let failures = [
            space.as_ref().err().filter(|_| !is_waived),
            checked.as_ref().err(),
            objective.as_ref().err().filter(|_| !is_waived),
            early_stopping.as_ref().err(),
            strategy.as_ref().err().filter(|_| !asked.is_blocked),
        ];
        let failures = failures.into_iter().flatten();
        Error::unless_empty(failures.flat_map(|error| error.violations().to_vec()).collect())?;
        asked.ranges(ranges);
        if asked.is_blocked {
            return Err(TuningError::NotSupported(asked.not_supported));
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
            not_supported: asked.not_supported,
            is_grid: self.strategy == JobStrategy::Grid,
        })
    }
}

impl HyperParameterTuningJobConfig {
    fn search_strategy(&self, space: &SearchSpace) -> Result<Box<dyn Strategy>, Error> {
        let nothing: [(&str, GridLevels); 0] = [];
        Ok(match self.strategy {
            JobStrategy::Bayesian => Box::new(BayesianOptimization::default()),
            JobStrategy::Random | JobStrategy::Hyperband => Box::new(RandomSearch),
            JobStrategy::Grid => Box::new(GridSearch::new(space.grid(nothing)?)),
        })
    }

    /// Hyperband is early stopping over random search; its greatest resource may stand among the static hyperparameters.
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
        let least = hyperband.and_then(|config| config.min_resource).map_or(1, u64::from);
        let inferred = || EPOCHS.iter().find_map(|name| epochs(statics.get(*name)?));
        let most =
            hyperband.and_then(|config| config.max_resource).map(u64::from).or_else(inferred);
        let refused = |value: String, rule: &str| {
            let subject = format!("{path}.StrategyConfig.HyperbandStrategyConfig.MaxResource");
            let remedy = format!("give the number of epochs, or one of {}", EPOCHS.join(", "));
            Err(Error::Invalid(vec![Violation::new(subject, value, rule, remedy)]))
        };
        match most {
            None => refused("missing".to_owned(), "Hyperband must know how far a job goes"),
            Some(most) if most < least.max(1) => {
                refused(most.to_string(), "it is at least MinResource, and at least 1")
            }
            Some(most) => {
                Ok(EarlyStopping::SuccessiveHalving(SuccessiveHalving::new(least.max(1), most)))
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
            // Of the two readings that AWS documents, that of its guide: any better value is an improvement.
            least_improvement: 0.0,
        }
    }
}

/// The ranges that count: those of the definition if it has its own, else those of the configuration.
struct Ranges<'a> {
    path: String,
    given: Option<&'a ParameterRanges>,
}

impl<'a> Ranges<'a> {
    fn integer(&self) -> impl Iterator<Item = &'a NumericRange> {
        self.given.into_iter().flat_map(|ranges| ranges.integer.iter().flatten())
    }

    fn continuous(&self) -> impl Iterator<Item = &'a NumericRange> {
        self.given.into_iter().flat_map(|ranges| ranges.continuous.iter().flatten())
    }

    fn categorical(&self) -> impl Iterator<Item = &'a CategoricalRange> {
        self.given.into_iter().flat_map(|ranges| ranges.categorical.iter().flatten())
    }

    fn is_empty(&self) -> bool {
        self.integer().chain(self.continuous()).next().is_none()
            && self.categorical().next().is_none()
    }

    fn search_space(&self) -> Result<SearchSpace, Error> {
        let continuous = self.continuous().map(|range| {
            let (min, max) = bounds(range, real_of, "a number such as 0.5 or 1e-3")?;
            let scaling = range.scaling_type.unwrap_or_default();
            ParameterRange::continuous(&range.name, min..=max, scaling)
        });
        let integer = self.integer().map(|range| {
            let (min, max) = bounds(range, integer_of, "a whole number such as 10")?;
            let scaling = range.scaling_type.unwrap_or_default();
            ParameterRange::integer(&range.name, min..=max, scaling)
        });
        let categorical =
            self.categorical().map(|range| ParameterRange::categorical(&range.name, &range.values));
        SearchSpace::new(continuous.chain(integer).chain(categorical))
    }
}

/// Both ends of a range, read from their strings.
fn bounds<T>(
    range: &NumericRange,
    read: fn(&str) -> Option<T>,
    wanted: &str,
) -> Result<(T, T), Error> {
    let end = |end: &str, text: &str| {
        read(text).ok_or_else(|| {
            Violation::new(
                &range.name,
                format!("{end} {text:?}"),
                format!("{end} must be {wanted}"),
                "write it as a decimal string",
            )
        })
    };
    match (end("MinValue", &range.min_value), end("MaxValue", &range.max_value)) {
        (Ok(min), Ok(max)) => Ok((min, max)),
        (min, max) => Err(Error::Invalid([min.err(), max.err()].into_iter().flatten().collect())),
    }
}

/// Everything that was asked for and cannot be done yet.
struct Asked {
    /// Where the configuration stands.
    path: String,
    not_supported: Vec<NotSupported>,
    /// Whether there can be no search without it.
    is_blocked: bool,
}

impl Asked {
    /// By a configuration that stands at `path`.
    fn of(config: &HyperParameterTuningJobConfig, path: &str) -> Self {
        let not_supported = Vec::new();
        let mut asked = Self { path: path.to_owned(), not_supported, is_blocked: false };
        let limits = &config.resource_limits;
        if let Some(criteria) = &config.completion_criteria {
            let path = format!("{path}.TuningJobCompletionCriteria");
            let instead = "the search goes on to its limits";
            let convergence = criteria.convergence.as_ref();
            if convergence.and_then(|part| part.complete_on_convergence)
                == Some(CompleteOnConvergence::Enabled)
            {
                let path = format!("{path}.ConvergenceDetected");
                asked.without(Feature::Convergence, &path, "Enabled", instead);
            }
            asked.unknown(&path, &criteria.other);
        }
        asked.unknown(path, &config.other);
        asked.unknown(&format!("{path}.ResourceLimits"), &limits.other);
        if let Some(objective) = &config.objective {
            let path = format!("{path}.HyperParameterTuningJobObjective");
            asked.unknown(&path, &objective.other);
        }
        asked
    }

    fn definition(&mut self, definition: &HyperParameterTrainingJobDefinition, path: &str) {
        self.unknown(path, &definition.other);
    }

    /// Nobody chooses ranges and limits here; those that are given may suffice.
    fn autotune(&mut self, ranges: &Ranges<'_>) {
        if ranges.is_empty() {
            self.blocked(Feature::Autotune, "$.Autotune", "Enabled", "give ranges");
            return;
        }
        let instead = "the ranges and limits that are given are taken as they are";
        self.without(Feature::Autotune, "$.Autotune", "Enabled", instead);
        let parameters = ranges.given.and_then(|ranges| ranges.auto_parameters.as_ref());
        for (index, parameter) in parameters.into_iter().flatten().enumerate() {
            let path = format!("{}.AutoParameters[{index}]", ranges.path);
            let instead = "it is not tuned, and has no value";
            self.without(Feature::Autotune, &path, &parameter.name, instead);
        }
    }

    fn ranges(&mut self, ranges: &Ranges<'_>) {
        if let Some(given) = ranges.given {
            self.unknown(&ranges.path, &given.other);
        }
        let integer = ranges.integer().map(|range| &range.other);
        let continuous = ranges.continuous().map(|range| &range.other);
        let categorical = ranges.categorical().map(|range| &range.other);
        let mut each = |list: &str, others: Vec<&Other>| {
            for (index, other) in others.into_iter().enumerate() {
                self.unknown(&format!("{}.{list}[{index}]", ranges.path), other);
            }
        };
        each("IntegerParameterRanges", integer.collect());
        each("ContinuousParameterRanges", continuous.collect());
        each("CategoricalParameterRanges", categorical.collect());
    }

    /// The search can go on without it.
    fn without(
        &mut self,
        feature: Feature,
        path: &str,
        asked: impl Display,
        instead: &'static str,
    ) {
        let (path, asked) = (path.to_owned(), asked.to_string());
        self.not_supported.push(NotSupported { feature, path, asked, instead });
    }

    /// It cannot.
    fn blocked(
        &mut self,
        feature: Feature,
        path: &str,
        asked: impl Display,
        instead: &'static str,
    ) {
        self.without(feature, path, asked, instead);
        self.is_blocked = true;
    }

    fn unknown(&mut self, path: &str, other: &Other) {
        for (name, value) in other.members() {
            let path = format!("{path}{}", step(name));
            self.without(Feature::UnknownMember, &path, value, "it is kept, and has no effect");
        }
    }
}
