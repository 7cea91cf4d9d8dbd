//! Who takes part in an experiment: a strategy in this process, or another program.

use std::fmt;

use super::search::Brief;
use super::search::Search;
use crate::external::Program;
use surmise::error::Error;
use surmise::limits::ResourceLimits;
use surmise::objective::Objective;
use surmise::space::Configuration;
use surmise::stable_hash::stable_hash;
use surmise::strategy::Strategy;
use surmise::study::{Asked, Study, StudySettings};
use surmise::trial::{Outcome, TrialId};

type MakeStrategy = dyn Fn() -> Box<dyn Strategy> + Send + Sync;

enum Kind {
    Strategy(Box<MakeStrategy>),
    Program(String),
}

/// One of those that are compared.
pub struct Contender {
    name: String,
    settings: String,
    kind: Kind,
}

impl Contender {
    /// A strategy; a new one is made for each run. Its `Debug` form stands for its settings.
    ///
    /// ```
    /// use surmise::RandomSearch;
    /// use surmise_bench::Contender;
    ///
    /// let random = Contender::new("random", || RandomSearch);
    /// ```
    pub fn new<S: Strategy + 'static>(
        name: impl Into<String>,
        make: impl Fn() -> S + Send + Sync + 'static,
    ) -> Self {
        let settings = digest(&format!("{:?}", make()));
        Self {
            name: name.into(),
            settings,
            kind: Kind::Strategy(Box::new(move || Box::new(make()))),
        }
    }

    /// Another program, which `sh -c command` starts once for each run and which speaks the JSON lines of the example
    /// `ask_tell` over its standard input and output.
    pub fn external(name: impl Into<String>, command: impl Into<String>) -> Self {
        let command = command.into();
        Self { name: name.into(), settings: digest(&command), kind: Kind::Program(command) }
    }

    /// What it is called in tables and files.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Hash of its settings, in hexadecimal digits.
    pub fn settings(&self) -> &str {
        &self.settings
    }

    /// A new search.
    pub(super) fn begin(&self, brief: &Brief<'_>) -> Result<Box<dyn Search + '_>, String> {
        match &self.kind {
            Kind::Strategy(make) => Ok(Box::new(Inside::new(make, brief).map_err(one_line)?)),
            Kind::Program(command) => Ok(Box::new(Program::begin(command, brief)?)),
        }
    }
}

fn digest(settings: &str) -> String {
    format!("{:016x}", stable_hash(settings))
}

impl fmt::Debug for Contender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contender").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A strategy in this process.
struct Inside<'a> {
    make: &'a MakeStrategy,
    study: Study,
}

impl<'a> Inside<'a> {
    fn new(make: &'a MakeStrategy, brief: &Brief<'_>) -> Result<Self, Error> {
        let limits = ResourceLimits::new(brief.budget, brief.parallel);
        let settings = StudySettings { seed: brief.seed, limits, ..Default::default() };
        let objective = Objective::minimize("value");
        let study = Study::new(brief.space.clone(), objective, make(), settings)?;
        Ok(Self { make, study })
    }
}

impl Search for Inside<'_> {
    fn ask(&mut self, count: usize) -> Result<Vec<Configuration>, String> {
        match self.study.ask(count).map_err(one_line)? {
            Asked::Trials(trials) => Ok(trials.into_iter().map(|t| t.configuration).collect()),
            Asked::Wait | Asked::Exhausted => Ok(Vec::new()),
        }
    }

    fn tell(&mut self, trial: usize, _: &Configuration, outcome: &Outcome) -> Result<(), String> {
        self.study.tell(TrialId(trial as u64 + 1), outcome.clone()).map_err(one_line)
    }

    fn recommended(&mut self) -> Result<Option<usize>, String> {
        // Another strategy of the same kind is asked, because this one would keep what it computes, and its next proposal
        // would seem to take less time than it does.
        let study = &self.study;
        let events = study.events().iter().cloned();
        let objective = study.objective().clone();
        let adviser = (self.make)();
        let replayed =
            Study::replay(study.space().clone(), objective, adviser, *study.settings(), events);
        let replayed = replayed.map_err(one_line)?;
        let trial = replayed.recommended().map_err(one_line)?;
        let index = trial.map(|trial| usize::try_from(trial.id.0 - 1).expect("trials fit memory"));
        Ok(index)
    }
}

fn one_line(error: impl fmt::Display) -> String {
    error.to_string().replace('\n', "; ")
}
