//! The options that describe a study.

use std::num::NonZeroUsize;
use std::time::Duration;

use clap::{Args, ValueEnum};
use surmise::{
    BayesianOptimization, Configuration, Objective, Order, ParameterRange, RandomSearch,
    Repetitions, ResourceLimits, SearchSpace, SobolSearch, Strategy, Study, StudySettings,
};

use super::configuration::parse_configuration;
use super::diagnostics::TextDiagnostics;
use super::range::{Diagnostic, parse_assignment};

pub(crate) const NO_METRIC: &str =
    "no metric is given: add --minimize METRIC or --maximize METRIC, such as --minimize loss";
/// Number of jobs if no limit is given.
const DEFAULT_JOBS: usize = 50;

/// The strategies that the option `--strategy` names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StrategyName {
    /// Bayesian optimization: a Gaussian process with expected improvement.
    #[default]
    Bayesian,
    /// Random search: independent uniform samples.
    Random,
    /// A Sobol sequence, which covers the space evenly.
    Sobol,
}

impl StrategyName {
    fn strategy(self) -> Box<dyn Strategy> {
        match self {
            Self::Bayesian => Box::new(BayesianOptimization::default()),
            Self::Random => Box::new(RandomSearch),
            Self::Sobol => Box::new(SobolSearch),
        }
    }
}

/// The options that describe a study.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct StudyOptions {
    /// A parameter and its range: `lr=1e-5..1 log`, `layers=1..6`, `x=0..10 step 0.5`,
    /// `opt=adam|sgd`. Repeat the option for each parameter.
    #[arg(long = "set", value_name = "NAME=RANGE")]
    pub(crate) set: Vec<String>,
    /// Ranges from a file; `--set` overrides a range of the same name.
    #[arg(skip)]
    pub(crate) ranges: Vec<ParameterRange>,
    /// The metric that is minimized.
    #[arg(long, value_name = "METRIC", conflicts_with = "maximize")]
    pub(crate) minimize: Option<String>,
    /// The metric that is maximized.
    #[arg(long, value_name = "METRIC")]
    pub(crate) maximize: Option<String>,
    /// The total number of jobs [default: 50].
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// The number of jobs that run at the same time [default: 1].
    #[arg(long, value_name = "N")]
    pub(crate) parallel: Option<NonZeroUsize>,
    /// The seed of all random choices [default: 0].
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// The strategy that proposes configurations [default: bayesian].
    #[arg(long, value_enum, value_name = "NAME")]
    pub(crate) strategy: Option<StrategyName>,
    /// Start no more jobs after this time, and stop the running ones: 90s, 15m, 2h, 1d.
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) max_runtime: Option<Duration>,
    /// Make proposals independent of the order in which jobs end. With `--parallel N`, trial k
    /// uses only the results of trials 1 to k - N, so that the same seed gives the same proposals.
    #[arg(long)]
    pub(crate) fixed_lag: bool,
    /// Allow a configuration to be proposed more than once, for noisy metrics.
    #[arg(long)]
    pub(crate) repeat: bool,
    /// A configuration to try first, such as `lr=0.01 opt=adam`. The strategy chooses the
    /// parameters that it does not name. The option can be repeated.
    #[arg(long, value_name = "NAME=VALUE …")]
    pub(crate) start_from: Vec<String>,
}

/// The search space and the objective of a study, and the defaults of its settings.
#[derive(Debug)]
pub(crate) struct StudyBase {
    pub(crate) space: SearchSpace,
    pub(crate) objective: Objective,
    /// The default strategy; Bayesian optimization if `None`.
    pub(crate) strategy: Option<Box<dyn Strategy>>,
    pub(crate) limits: ResourceLimits,
    pub(crate) seed: u64,
}

impl StudyBase {
    /// Uses the usual defaults: 50 jobs, one at a time, Bayesian optimization, seed 0.
    pub(crate) fn new(space: SearchSpace, objective: Objective) -> Self {
        Self {
            space,
            objective,
            strategy: None,
            limits: ResourceLimits::new(DEFAULT_JOBS, 1),
            seed: 0,
        }
    }
}

/// A study without trials, and the configurations to try first.
#[derive(Debug)]
pub(crate) struct NewStudy {
    pub(crate) study: Study,
    pub(crate) start_from: Vec<Configuration>,
}

/// Parses a duration such as `90` (seconds), `90s`, `15m` or `1h 30m`.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string());
    }
    humantime::parse_duration(text).map_err(|error| error.to_string())
}

impl StudyOptions {
    /// Returns whether neither a range nor a metric is given.
    pub(crate) fn is_empty(&self) -> bool {
        self.set.is_empty() && self.minimize.is_none() && self.maximize.is_none()
    }

    /// Returns whether a limit, a seed, a strategy or another setting is given.
    pub(crate) fn has_settings(&self) -> bool {
        self.jobs.is_some()
            || self.parallel.is_some()
            || self.seed.is_some()
            || self.strategy.is_some()
            || self.max_runtime.is_some()
            || self.fixed_lag
            || self.repeat
            || !self.start_from.is_empty()
    }

    /// Returns the objective, or `None` if no metric is given.
    pub(crate) fn objective(&self) -> Option<Objective> {
        let minimize = self.minimize.as_ref().map(Objective::minimize);
        minimize.or_else(|| self.maximize.as_ref().map(Objective::maximize))
    }

    /// Returns the limits in `base`, overridden by the options.
    pub(crate) fn limits(&self, base: ResourceLimits) -> ResourceLimits {
        ResourceLimits {
            max_jobs: self.jobs.map(NonZeroUsize::get).or(base.max_jobs),
            max_parallel_jobs: self.parallel.map_or(base.max_parallel_jobs, NonZeroUsize::get),
            max_runtime: self.max_runtime.or(base.max_runtime),
        }
    }

    fn settings(&self, base: &StudyBase) -> StudySettings {
        let limits = self.limits(base.limits);
        let order = match self.fixed_lag {
            true => Order::FixedLag(limits.max_parallel_jobs),
            false => Order::Arrival,
        };
        let repetitions =
            if self.repeat { Repetitions::Allowed } else { StudySettings::default().repetitions };
        let seed = self.seed.unwrap_or(base.seed);
        StudySettings { seed, order, limits, repetitions, ..Default::default() }
    }

    /// Creates the study that these options describe.
    ///
    /// # Errors
    /// Returns all errors in `--start-from` and in the settings.
    pub(crate) fn study(&self, base: StudyBase) -> Result<NewStudy, Vec<TextDiagnostics>> {
        let settings = self.settings(&base);
        let StudyBase { space, objective, strategy, .. } = base;
        let strategy = match (self.strategy, strategy) {
            (Some(name), _) => name.strategy(),
            (None, Some(strategy)) => strategy,
            (None, None) => StrategyName::default().strategy(),
        };
        let mut errors = Vec::new();
        let mut start_from = Vec::new();
        for text in &self.start_from {
            match parse_configuration(&space, text) {
                Ok(configuration) => match space.fill_in(&configuration) {
                    Ok(_) => start_from.push(configuration),
                    Err(error) => {
                        let (message, remedy) = (error.to_string(), String::new());
                        let span = 0..text.len();
                        errors.push(in_option(
                            "--start-from",
                            text,
                            vec![Diagnostic { span, message, remedy }],
                        ));
                    }
                },
                Err(diagnostics) => errors.push(in_option("--start-from", text, diagnostics)),
            }
        }
        let study = Study::new(space, objective, strategy, settings);
        match study {
            Ok(study) if errors.is_empty() => Ok(NewStudy { study, start_from }),
            Ok(_) => Err(errors),
            Err(error) => {
                errors.push(TextDiagnostics::without_span(&error.to_string()));
                Err(errors)
            }
        }
    }

    /// Returns the search space and the objective that these options describe.
    ///
    /// # Errors
    /// Returns all errors in the ranges, and an error if no metric is given.
    pub(crate) fn base(&self) -> Result<StudyBase, Vec<TextDiagnostics>> {
        match (self.space(), self.objective()) {
            (Ok(space), Some(objective)) => Ok(StudyBase::new(space, objective)),
            (space, objective) => {
                let mut errors = space.err().unwrap_or_default();
                errors
                    .extend(objective.is_none().then(|| TextDiagnostics::without_span(NO_METRIC)));
                Err(errors)
            }
        }
    }

    /// Returns the names of all parameters, including those with invalid ranges.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.file_ranges().map(ParameterRange::name).chain(self.set_names()).collect()
    }

    fn set_names(&self) -> impl Iterator<Item = &str> {
        let names = self.set.iter().filter_map(|text| text.split_once('='));
        names.map(|(name, _)| name.trim())
    }

    fn file_ranges(&self) -> impl Iterator<Item = &ParameterRange> {
        let is_set = |range: &&ParameterRange| self.set_names().any(|name| name == range.name());
        self.ranges.iter().filter(move |range| !is_set(range))
    }

    /// Parses the ranges, and returns the search space or all errors.
    pub(crate) fn space(&self) -> Result<SearchSpace, Vec<TextDiagnostics>> {
        let mut ranges: Vec<ParameterRange> = self.file_ranges().cloned().collect();
        let mut errors = Vec::new();
        for text in &self.set {
            match parse_assignment(text) {
                Ok(range) => ranges.push(range),
                Err(diagnostics) => errors.push(in_option("--set", text, diagnostics)),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        if ranges.is_empty() {
            return Err(vec![TextDiagnostics::without_span(
                "no parameter is given: add --set NAME=RANGE, such as --set 'lr=1e-5..1 log'",
            )]);
        }
        SearchSpace::new(ranges.into_iter().map(Ok))
            .map_err(|error| vec![TextDiagnostics::without_span(&error.to_string())])
    }
}

pub(crate) fn in_option(option: &str, text: &str, diagnostics: Vec<Diagnostic>) -> TextDiagnostics {
    TextDiagnostics { origin: option.to_owned(), text: text.to_owned(), diagnostics }
}
