//! The contenders of an experiment: strategies in this process, and external programs.

use std::fmt;

use crate::external::ExternalProgram;
use crate::optimizer::{Optimizer, OptimizerSettings};
use crate::run::RunTrial;
use surmise::error::Error;
use surmise::limits::ResourceLimits;
use surmise::objective::Objective;
use surmise::space::Configuration;
use surmise::stable_hash::stable_hash;
use surmise::strategy::Strategy;
use surmise::study::{AskOutcome, Study, StudySettings};
use surmise::trial::{Outcome, TrialId};

type MakeStrategy = dyn Fn() -> Box<dyn Strategy> + Send + Sync;

enum Kind {
    Strategy(Box<MakeStrategy>),
    Program(String),
}

/// A strategy or an external program that an [`Experiment`](crate::Experiment) compares.
///
/// Each run starts a new search by the contender, so that runs do not share any state.
///
/// ```
/// use surmise::{BayesianOptimization, RandomSearch};
/// use surmise_bench::Contender;
///
/// let contenders = [
///     Contender::new("random", || RandomSearch),
///     Contender::new("bayesian", BayesianOptimization::default),
///     Contender::external("tpe", "python3 rivals/optuna_sampler.py TPESampler"),
/// ];
/// assert_eq!(contenders[0].name(), "random");
/// assert_ne!(contenders[0].settings(), contenders[1].settings());
/// ```
///
/// # Common mistakes
///
/// - *Changed settings under the old name.* A strategy's settings are recorded as a hash of its
///   `Debug` form. A comparison shows one name with two hashes as two strategies.
/// - *A strategy without its settings in `Debug`.* Both variants then have the same hash, and their
///   runs are mixed. Derive `Debug`, or give each variant a name of its own.
/// - *A changed script behind the same command line.* The settings of an external program are its
///   command line; the old runs count as runs of the new script. Give it another name.
/// - *An external program that prints something else than replies.* Its run ends with an error,
///   which the record shows. Write diagnostics to standard error.
///
/// Check a strategy with [`check_strategy`](surmise::conformance::check_strategy) before you
/// compare it. The protocol of external programs is that of [`surmise::ask_tell`].
pub struct Contender {
    name: String,
    settings: String,
    kind: Kind,
}

impl Contender {
    /// Creates a contender from a strategy; `make` creates a new strategy for each run.
    ///
    /// The hash of the strategy's `Debug` form identifies its settings.
    pub fn new<S: Strategy + 'static>(
        name: impl Into<String>,
        make: impl Fn() -> S + Send + Sync + 'static,
    ) -> Self {
        let settings = settings_hash(&format!("{:?}", make()));
        Self {
            name: name.into(),
            settings,
            kind: Kind::Strategy(Box::new(move || Box::new(make()))),
        }
    }

    /// Creates a contender from a command that answers JSON lines on standard input and output.
    ///
    /// `sh -c` starts the command once for each run. [`surmise::ask_tell`] describes the lines.
    pub fn external(name: impl Into<String>, command: impl Into<String>) -> Self {
        let command = command.into();
        Self { name: name.into(), settings: settings_hash(&command), kind: Kind::Program(command) }
    }

    /// Returns the name that tables and files show.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the hash of the settings, as 16 hexadecimal digits.
    pub fn settings(&self) -> &str {
        &self.settings
    }

    /// Returns the command line of an external program; `None` for a strategy of this process.
    pub fn command(&self) -> Option<&str> {
        match &self.kind {
            Kind::Strategy(_) => None,
            Kind::Program(command) => Some(command),
        }
    }

    /// Starts a search; on failure, returns the reason.
    pub(super) fn start(
        &self,
        settings: &OptimizerSettings<'_>,
    ) -> Result<Box<dyn Optimizer + '_>, String> {
        match &self.kind {
            Kind::Strategy(make) => {
                Ok(Box::new(StrategyOptimizer::new(make, settings).map_err(one_line)?))
            }
            Kind::Program(command) => Ok(Box::new(ExternalProgram::start(command, settings)?)),
        }
    }
}

fn settings_hash(settings: &str) -> String {
    format!("{:016x}", stable_hash(settings))
}

impl fmt::Debug for Contender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contender").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A search by a strategy in this process.
struct StrategyOptimizer<'a> {
    make: &'a MakeStrategy,
    study: Study,
}

impl<'a> StrategyOptimizer<'a> {
    fn new(make: &'a MakeStrategy, settings: &OptimizerSettings<'_>) -> Result<Self, Error> {
        let limits = ResourceLimits::new(settings.budget, settings.concurrency);
        let study_settings = StudySettings { seed: settings.seed, limits, ..Default::default() };
        let objective = Objective::minimize("value");
        let study = Study::new(settings.space.clone(), objective, make(), study_settings)?;
        Ok(Self { make, study })
    }
}

impl Optimizer for StrategyOptimizer<'_> {
    fn ask(&mut self, count: usize) -> Result<Vec<Configuration>, String> {
        match self.study.ask(count).map_err(one_line)? {
            AskOutcome::Trials(trials) => Ok(trials.into_iter().map(|t| t.configuration).collect()),
            AskOutcome::Wait | AskOutcome::Exhausted => Ok(Vec::new()),
        }
    }

    fn tell(&mut self, trial: usize, _: &Configuration, outcome: &Outcome) -> Result<(), String> {
        self.study.tell(TrialId(trial as u64 + 1), outcome.clone()).map_err(one_line)
    }

    fn recommend(&mut self, _: &[RunTrial]) -> Result<Option<usize>, String> {
        // A second study recommends. The first one would cache its model, so that its next proposal
        // would be measured as faster than it is.
        let study = &self.study;
        let events = study.events().iter().cloned();
        let objective = study.objective().clone();
        let strategy = (self.make)();
        let replayed =
            Study::replay(study.space().clone(), objective, strategy, *study.settings(), events);
        let replayed = replayed.map_err(one_line)?;
        let trial = replayed.recommended().map_err(one_line)?;
        let index = trial.map(|trial| usize::try_from(trial.id.0 - 1).expect("trials fit memory"));
        Ok(index)
    }
}

fn one_line(error: impl fmt::Display) -> String {
    error.to_string().replace('\n', "; ")
}
