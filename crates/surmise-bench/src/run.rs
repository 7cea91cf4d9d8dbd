//! One strategy, once, on one case: the record from which everything else is computed.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::random_means::RandomMeans;
use surmise::space::Configuration;

/// How trials are handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Parallelism {
    /// One at a time.
    Sequential,
    /// So many at a time; the next ones when all have ended.
    Batches(usize),
    /// So many at a time; the next one when one has ended.
    Workers(usize),
    /// So many at a time; the next one when the oldest has ended, and knowing all but the latest ones: trial k knows what trials 1, …, k − lag
    /// came to, whoever has ended. The same whatever takes how long.
    FixedLag(usize),
}

impl Parallelism {
    /// How many run at once, at least 1.
    pub fn width(self) -> usize {
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

/// One line of `runs.ndjson`. All but [`ask_seconds`](Self::ask_seconds) is the same however often it is repeated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Version of the crate that made it.
    pub surmise: String,
    /// [`SUITE_VERSION`](crate::SUITE_VERSION) then.
    pub suite: u32,
    /// Name of the problem.
    pub problem: String,
    /// 0 as it was published.
    pub instance: u32,
    /// Name of the strategy.
    pub strategy: String,
    /// Hash of the strategy's settings, in hexadecimal digits.
    pub settings: String,
    /// Number of the repetition, from 1.
    pub seed: u64,
    /// How trials were handed out.
    pub parallelism: Parallelism,
    /// Number of evaluations that it was given.
    pub budget: usize,
    /// The least noiseless value, if it is known.
    pub optimum: Option<f64>,
    /// What random search reaches on average, if that is known.
    pub random_means: Option<RandomMeans>,
    /// In the order of asking.
    pub trials: Vec<RunTrial>,
    /// After so many evaluations, which trial (from 0) the strategy recommended.
    pub recommended: Vec<(usize, usize)>,
    /// Trials of a configuration that was there before.
    pub duplicates: usize,
    /// Configurations that were not of the space, or more of them than were asked for.
    pub violations: usize,
    /// Why it ended before its budget was used up, if it did. An exhausted space is no error.
    pub error: Option<String>,
    /// Wall-clock time of each proposal; the time that a strategy takes to hear results counts for the next one.
    pub ask_seconds: Vec<f64>,
}

/// One evaluation of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunTrial {
    /// What was tried.
    pub configuration: Configuration,
    /// What was measured; none if it failed.
    pub value: Option<f64>,
    /// The same without noise.
    pub noiseless: Option<f64>,
    /// When it began, on the virtual clock, in seconds.
    pub start: f64,
    /// When it ended; never, if the run broke off before.
    pub end: Option<f64>,
}

/// What makes a run the same as another one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunKey {
    suite: u32,
    problem: String,
    instance: u32,
    strategy: String,
    settings: String,
    parallelism: Parallelism,
    budget: usize,
    seed: u64,
}

impl Run {
    /// What makes it the same as another one.
    pub fn key(&self) -> RunKey {
        RunKey {
            suite: self.suite,
            problem: self.problem.clone(),
            instance: self.instance,
            strategy: self.strategy.clone(),
            settings: self.settings.clone(),
            parallelism: self.parallelism,
            budget: self.budget,
            seed: self.seed,
        }
    }

    /// Problem and instance: `branin/0`.
    pub fn case(&self) -> String {
        format!("{}/{}", self.problem, self.instance)
    }

    /// The same run without what depends on the machine's pace.
    #[must_use]
    pub fn untimed(&self) -> Self {
        Self { ask_seconds: Vec::new(), ..self.clone() }
    }

    /// Number of trials that ended without a value.
    pub fn failures(&self) -> usize {
        self.endings().iter().filter(|(_, trial)| trial.value.is_none()).count()
    }

    /// The trials that ended, with the time of their ends, in that order.
    fn endings(&self) -> Vec<(f64, &RunTrial)> {
        let ended = self.trials.iter().filter_map(|trial| Some((trial.end?, trial)));
        let mut endings: Vec<(f64, &RunTrial)> = ended.collect();
        endings.sort_by(|a, b| a.0.total_cmp(&b.0));
        endings
    }

    /// The least noiseless value that was tried, after 1, 2, … evaluations up to the budget; infinite before the first one.
    pub fn bests(&self) -> Vec<f64> {
        let mut best = f64::INFINITY;
        let mut bests: Vec<f64> = self
            .endings()
            .into_iter()
            .map(|(_, trial)| {
                best = best.min(trial.noiseless.unwrap_or(f64::INFINITY));
                best
            })
            .collect();
        bests.resize(self.budget, best);
        bests
    }

    /// The same by virtual time: when a better value came, and which.
    pub fn bests_by_time(&self) -> Vec<(f64, f64)> {
        let mut best = f64::INFINITY;
        let mut steps = Vec::new();
        for (end, trial) in self.endings() {
            if let Some(value) = trial.noiseless.filter(|value| *value < best) {
                best = value;
                steps.push((end, value));
            }
        }
        steps
    }

    /// The noiseless value of the trial that was recommended last, at this many evaluations or before.
    pub fn recommended_value(&self, evaluations: usize) -> Option<f64> {
        let (_, trial) = self.recommended.iter().rev().find(|(count, _)| *count <= evaluations)?;
        self.trials.get(*trial)?.noiseless
    }
}
