//! The options that describe a study.

use std::num::NonZeroUsize;
use std::time::Duration;

use clap::{Args, ValueEnum};
use surmise::{
    BayesianOptimization, Configuration, Objective, Order, ParameterRange, RandomSearch,
    Repetitions, ResourceLimits, SearchSpace, SobolSearch, Strategy, Study, StudySettings,
};

use super::faults::FaultyText;
use super::range::{Fault, parse_assignment};
use super::values::parse_configuration;

pub(crate) const NO_METRIC: &str =
    "no metric is named: name it by --minimize or --maximize, such as --minimize loss";
/// Jobs, unless their number is given.
const JOBS: usize = 50;

/// How configurations are proposed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StrategyName {
    /// A Gaussian process with expected improvement.
    #[default]
    Bayesian,
    /// Independent draws.
    Random,
    /// A low-discrepancy sequence.
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

/// What is tuned.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct StudyOptions {
    /// A parameter and its range: `lr=1e-5..1 log`, `layers=1..6`, `x=0..10 step 0.5`, `opt=adam|sgd`. Give it once for each parameter.
    #[arg(long = "set", value_name = "NAME=RANGE")]
    pub(crate) set: Vec<String>,
    /// Ranges from a file. One that `--set` names, too, is not taken.
    #[arg(skip)]
    pub(crate) ranges: Vec<ParameterRange>,
    /// The metric to be made as small as possible.
    #[arg(long, value_name = "METRIC", conflicts_with = "maximize")]
    pub(crate) minimize: Option<String>,
    /// The metric to be made as large as possible.
    #[arg(long, value_name = "METRIC")]
    pub(crate) maximize: Option<String>,
    /// The number of jobs in all [default: 50].
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// How many jobs run at a time [default: 1].
    #[arg(long, value_name = "N")]
    pub(crate) parallel: Option<NonZeroUsize>,
    /// The seed of all random choices [default: 0].
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// How configurations are proposed [default: bayesian].
    #[arg(long, value_enum, value_name = "NAME")]
    pub(crate) strategy: Option<StrategyName>,
    /// Start no more jobs after this time, and stop those that run: 90s, 15m, 2h, 1d.
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) max_runtime: Option<Duration>,
    /// Make proposals independent of the order in which jobs end: a trial uses results only of trials that are at least `--parallel` numbers before it.
    #[arg(long)]
    pub(crate) fixed_lag: bool,
    /// Allow a configuration to be proposed more than once. For noisy metrics.
    #[arg(long)]
    pub(crate) repeat: bool,
    /// A configuration to begin with, such as `lr=0.01 opt=adam`. What it does not name is chosen by the strategy. Can be given several times.
    #[arg(long, value_name = "NAME=VALUE …")]
    pub(crate) start_from: Vec<String>,
}

/// What a study searches, and what it is where no option says otherwise.
#[derive(Debug)]
pub(crate) struct StudyBase {
    pub(crate) space: SearchSpace,
    pub(crate) objective: Objective,
    /// Bayesian optimization if there is none.
    pub(crate) strategy: Option<Box<dyn Strategy>>,
    pub(crate) limits: ResourceLimits,
    pub(crate) seed: u64,
}

impl StudyBase {
    /// Fifty jobs, one at a time, by Bayesian optimization of seed 0.
    pub(crate) fn new(space: SearchSpace, objective: Objective) -> Self {
        Self { space, objective, strategy: None, limits: ResourceLimits::new(JOBS, 1), seed: 0 }
    }
}

/// A study that has not begun, and what it is to begin with.
#[derive(Debug)]
pub(crate) struct NewStudy {
    pub(crate) study: Study,
    pub(crate) start_from: Vec<Configuration>,
}

/// Reads `90`, `90s`, `15m`, `1h 30m`.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string());
    }
    humantime::parse_duration(text).map_err(|error| error.to_string())
}

impl StudyOptions {
    /// Whether neither ranges nor a metric are given.
    pub(crate) fn is_empty(&self) -> bool {
        self.set.is_empty() && self.minimize.is_none() && self.maximize.is_none()
    }

    /// Whether settings are given: limits, seed, strategy and the like.
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

    /// The objective, or nothing if no metric is named.
    pub(crate) fn objective(&self) -> Option<Objective> {
        let minimize = self.minimize.as_ref().map(Objective::minimize);
        minimize.or_else(|| self.maximize.as_ref().map(Objective::maximize))
    }

    /// These limits, with what the options say instead.
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

    /// The study of these options over ranges and an objective.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(crate) fn study(&self, base: StudyBase) -> Result<NewStudy, Vec<FaultyText>> {
        let settings = self.settings(&base);
        let StudyBase { space, objective, strategy, .. } = base;
        let strategy = match (self.strategy, strategy) {
            (Some(name), _) => name.strategy(),
            (None, Some(strategy)) => strategy,
            (None, None) => StrategyName::default().strategy(),
        };
        let mut faulty = Vec::new();
        let mut start_from = Vec::new();
        for text in &self.start_from {
            match parse_configuration(&space, text) {
                Ok(configuration) => match space.completed(&configuration) {
                    Ok(_) => start_from.push(configuration),
                    Err(error) => {
                        let (message, remedy) = (error.to_string(), String::new());
                        let place = 0..text.len();
                        faulty.push(in_option(
                            "--start-from",
                            text,
                            vec![Fault { place, message, remedy }],
                        ));
                    }
                },
                Err(faults) => faulty.push(in_option("--start-from", text, faults)),
            }
        }
        let study = Study::new(space, objective, strategy, settings);
        match study {
            Ok(study) if faulty.is_empty() => Ok(NewStudy { study, start_from }),
            Ok(_) => Err(faulty),
            Err(error) => {
                faulty.push(FaultyText::without_place(&error.to_string()));
                Err(faulty)
            }
        }
    }

    /// What these options alone say of a study.
    ///
    /// # Errors
    /// Everything that is wrong with the ranges, or that no metric is named.
    pub(crate) fn base(&self) -> Result<StudyBase, Vec<FaultyText>> {
        match (self.space(), self.objective()) {
            (Ok(space), Some(objective)) => Ok(StudyBase::new(space, objective)),
            (space, objective) => {
                let mut faulty = space.err().unwrap_or_default();
                faulty.extend(objective.is_none().then(|| FaultyText::without_place(NO_METRIC)));
                Err(faulty)
            }
        }
    }

    /// The parameters' names, also of those whose ranges are wrong.
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

    /// The ranges, or what is wrong with them.
    pub(crate) fn space(&self) -> Result<SearchSpace, Vec<FaultyText>> {
        let mut ranges: Vec<ParameterRange> = self.file_ranges().cloned().collect();
        let mut faulty = Vec::new();
        for text in &self.set {
            match parse_assignment(text) {
                Ok(range) => ranges.push(range),
                Err(faults) => faulty.push(in_option("--set", text, faults)),
            }
        }
        if !faulty.is_empty() {
            return Err(faulty);
        }
        if ranges.is_empty() {
            return Err(vec![FaultyText::without_place(
                "no parameter is given: name one by --set, such as --set 'lr=1e-5..1 log'",
            )]);
        }
        SearchSpace::new(ranges.into_iter().map(Ok))
            .map_err(|error| vec![FaultyText::without_place(&error.to_string())])
    }
}

pub(crate) fn in_option(option: &str, text: &str, faults: Vec<Fault>) -> FaultyText {
    FaultyText { origin: option.to_owned(), text: text.to_owned(), faults }
}
