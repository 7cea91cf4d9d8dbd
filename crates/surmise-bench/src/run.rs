//! Runs: the record of one strategy on one case with one seed. All statistics derive from runs.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::random_means::RandomMeans;
use surmise::space::Configuration;

/// How many trials run at once, and when the next proposals are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Parallelism {
    /// One trial at a time.
    Sequential,
    /// Batches of this many trials; the next batch starts when all trials have ended.
    Batches(usize),
    /// This many trials at a time; the next one starts when one has ended.
    Workers(usize),
    /// This many trials at a time, where trial k is proposed from trials 1 to k − lag only.
    ///
    /// The next trial starts when the oldest one has ended. The proposals do not depend on the
    /// durations of the trials.
    FixedLag(usize),
}

impl Parallelism {
    /// Returns the largest number of trials that run at once, at least 1.
    pub fn concurrency(self) -> usize {
        match self {
            Self::Sequential => 1,
            Self::Batches(width) | Self::Workers(width) | Self::FixedLag(width) => width.max(1),
        }
    }
}

impl fmt::Display for Parallelism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sequential => f.write_str("one at a time"),
            Self::Batches(width) => write!(f, "batches of {width}"),
            Self::Workers(width) => write!(f, "{width} workers"),
            Self::FixedLag(width) => write!(f, "fixed lag of {width}"),
        }
    }
}

/// The shares of the budget at which results are compared: a quarter, a third, half, and all.
///
/// n evaluations of a budget b are ⌈b ⁄ divisor⌉.
pub const BUDGET_DIVISORS: [usize; 4] = [4, 3, 2, 1];

/// The record of one run: a strategy on a case with a seed; one line of `runs.ndjson`.
///
/// A run is reproducible, except for [`ask_seconds`](Self::ask_seconds).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Version of the crate that made the run.
    pub surmise: String,
    /// The [`SUITE_VERSION`](crate::SUITE_VERSION) of that crate.
    pub suite: u32,
    /// Name of the problem.
    pub problem: String,
    /// Number of the instance; 0 is the problem as it was published.
    pub instance: u32,
    /// The [hash](crate::Problem::data_hash) of the data that the problem reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_hash: Option<String>,
    /// Name of the strategy.
    pub strategy: String,
    /// Hash of the strategy's settings, as hexadecimal digits.
    pub settings: String,
    /// Number of the repetition, from 1.
    pub seed: u64,
    /// Number of the attempt, from 1; larger if earlier attempts ended with an error.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub attempt: u32,
    /// How many trials ran at once, and when proposals were made.
    pub parallelism: Parallelism,
    /// The maximum number of evaluations.
    pub budget: usize,
    /// True if the virtual clock advances during a proposal; it is then as slow as it was measured.
    #[serde(default, skip_serializing_if = "is_false")]
    pub charged_proposals: bool,
    /// True if the durations of evaluations are those of the problem, and not drawn.
    #[serde(default, skip_serializing_if = "is_false")]
    pub has_own_durations: bool,
    /// True if two evaluations of one configuration may have different values.
    #[serde(default, skip_serializing_if = "is_false")]
    pub noisy: bool,
    /// The date since when the case is held out: the engine was not developed with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_out_since: Option<String>,
    /// The smallest noiseless value of the problem, if it is known.
    pub optimum: Option<f64>,
    /// The mean best values of random search, if they are known.
    pub random_means: Option<RandomMeans>,
    /// The trials, in the order of their proposals.
    pub trials: Vec<RunTrial>,
    /// Pairs of a number of evaluations and the trial (from 0) that the strategy recommended then.
    pub recommended: Vec<(usize, usize)>,
    /// Number of trials whose configuration an earlier trial had.
    pub duplicates: usize,
    /// Number of proposals outside of the space or beyond the number that was asked for.
    pub violations: usize,
    /// The reason why the run ended before its budget; an exhausted space is no error.
    pub error: Option<String>,
    /// Wall-clock time of each proposal, in seconds, with the time of the `tell` calls before it.
    pub ask_seconds: Vec<f64>,
    /// Where the run comes from.
    #[serde(default)]
    pub provenance: Provenance,
}

/// Where a run comes from, as far as the program that made it told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The commit of the source code, with `+` if it had changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The processor, the number of its cores, and the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
    /// The date of the experiment's start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// The command line of the external program; `None` for a strategy of this process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

fn first() -> u32 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_first(attempt: &u32) -> bool {
    *attempt == 1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

fn is_empty(configuration: &Configuration) -> bool {
    configuration.iter().len() == 0
}

/// Rounds a number to this many significant digits.
fn round(number: f64, digits: usize) -> f64 {
    format!("{number:.*e}", digits - 1).parse().unwrap_or(number)
}

/// One evaluation of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunTrial {
    /// The configuration that was evaluated; empty if it was [left out](Run::compact).
    #[serde(default, skip_serializing_if = "is_empty")]
    pub configuration: Configuration,
    /// The measured value; `None` if the evaluation failed.
    pub value: Option<f64>,
    /// The value without noise; `None` if the evaluation failed.
    pub noiseless: Option<f64>,
    /// The start of the evaluation on the virtual clock, in seconds.
    pub start: f64,
    /// The end of the evaluation on the virtual clock, in seconds; `None` if the run ended before.
    pub end: Option<f64>,
}

/// The identity of a run; runs with the same key have the same trials.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunKey {
    suite: u32,
    problem: String,
    instance: u32,
    data_hash: Option<String>,
    strategy: String,
    settings: String,
    parallelism: Parallelism,
    charged_proposals: bool,
    budget: usize,
    seed: u64,
}

impl Run {
    /// Returns the key that identifies the run.
    pub fn key(&self) -> RunKey {
        RunKey {
            suite: self.suite,
            problem: self.problem.clone(),
            instance: self.instance,
            data_hash: self.data_hash.clone(),
            strategy: self.strategy.clone(),
            settings: self.settings.clone(),
            parallelism: self.parallelism,
            charged_proposals: self.charged_proposals,
            budget: self.budget,
            seed: self.seed,
        }
    }

    /// Returns the name of the problem and the number of the instance, such as `branin/0`.
    pub fn case_name(&self) -> String {
        format!("{}/{}", self.problem, self.instance)
    }

    /// Names the run in a message.
    pub(super) fn describe(&self) -> String {
        format!("a run of {} on {} with seed {}", self.strategy, self.case_name(), self.seed)
    }

    /// Returns the run without the times of its proposals, which are not reproducible.
    #[must_use]
    pub fn without_timings(&self) -> Self {
        Self { ask_seconds: Vec::new(), ..self.clone() }
    }

    /// Returns the run in a form that is small when it is compressed, with the same measures.
    ///
    /// The configurations of all trials but the first are left out. Times of proposals have two
    /// significant digits, and those on the virtual clock of a sequential run have six. All values
    /// stay as they are.
    #[must_use]
    pub fn compact(&self) -> Self {
        let mut run = self.clone();
        for trial in run.trials.iter_mut().skip(1) {
            trial.configuration = Configuration::default();
        }
        for seconds in &mut run.ask_seconds {
            *seconds = round(*seconds, 2);
        }
        // Rounding could change the order in which parallel trials end.
        if run.parallelism == Parallelism::Sequential {
            for trial in &mut run.trials {
                trial.start = round(trial.start, 6);
                trial.end = trial.end.map(|end| round(end, 6));
            }
        }
        run
    }

    /// Returns true if fewer trials ended than the budget allows.
    pub fn ended_early(&self) -> bool {
        self.ended_trials().len() < self.budget
    }

    /// Returns the number of trials that ended without a value.
    pub fn failures(&self) -> usize {
        self.ended_trials().iter().filter(|(_, trial)| trial.value.is_none()).count()
    }

    /// Returns the trials that ended, with their end times, in the order of these times.
    pub(super) fn ended_trials(&self) -> Vec<(f64, &RunTrial)> {
        let with_end = self.trials.iter().filter_map(|trial| Some((trial.end?, trial)));
        let mut ended: Vec<(f64, &RunTrial)> = with_end.collect();
        ended.sort_by(|a, b| a.0.total_cmp(&b.0));
        ended
    }

    /// Returns the smallest noiseless value after 1, 2, … evaluations, up to the budget.
    ///
    /// Entries before the first value are infinite. After the last trial, its entry is repeated.
    pub fn best_values(&self) -> Vec<f64> {
        let mut best = f64::INFINITY;
        let mut best_values: Vec<f64> = self
            .ended_trials()
            .into_iter()
            .map(|(_, trial)| {
                best = best.min(trial.noiseless.unwrap_or(f64::INFINITY));
                best
            })
            .collect();
        best_values.resize(self.budget, best);
        best_values
    }

    /// Returns the noiseless value of the latest recommendation after at most this many
    /// evaluations.
    ///
    /// `None` if there is none, or if the recommended trial failed.
    pub fn recommended_value(&self, evaluations: usize) -> Option<f64> {
        let (_, trial) = self.recommended.iter().rev().find(|(count, _)| *count <= evaluations)?;
        self.trials.get(*trial)?.noiseless
    }
}
