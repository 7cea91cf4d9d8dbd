//! How a study proposes, and what it answers.

use serde::{Deserialize, Serialize};

use super::known::StoppedTrials;
use crate::limits::ResourceLimits;
use crate::strategy::Repetitions;
use crate::trial::Trial;

/// Which outcomes a proposal may know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Whatever has been told. The best use of results, but the trajectory depends on when they come.
    #[default]
    Arrival,
    /// The proposal of trial k knows the outcomes of trials 1, …, k − lag, and holds every later one as pending, told or not.
    ///
    /// With the same seed and lag, any number of workers and any order of completion give the same trajectory. A lag below
    /// the number of workers leaves some of them waiting.
    FixedLag(usize),
}

/// How a study proposes. By default the seed is 0, the order is that of arrival, one job runs at a time, and there is no limit
/// in all: then only a finite space ends a tuning.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct StudySettings {
    /// Same seed, same proposals.
    pub seed: u64,
    /// Which outcomes a proposal may know.
    pub order: Order,
    /// What strategies plan with, and [`tune`](crate::tune::tune) keeps to.
    pub limits: ResourceLimits,
    /// Whether a configuration may be tried more than once. By default never.
    pub repetitions: Repetitions,
    /// What strategies are told of trials that were stopped early.
    pub stopped_trials: StoppedTrials,
    /// What becomes of results that come after a trial's end.
    pub late_results: LateResults,
}

/// What becomes of an outcome that is told after its trial has ended otherwise. In any case it is kept in the ledger and in
/// [`Trial::set_aside`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LateResults {
    /// The first outcome counts.
    #[default]
    SetAside,
    /// A final value takes the place of a failure or a stop: a job that had been given up came to its end after all. Under a fixed
    /// lag the trajectory then depends on when that was.
    Used,
}

/// The answer to [`Study::ask`](crate::study::Study::ask).
#[derive(Debug, Clone, PartialEq)]
pub enum Asked {
    /// Trials to run: as many as were asked for, or fewer if the order or the space allows no more now.
    Trials(Vec<Trial>),
    /// None now; the order wants an earlier trial to be told first, or all that is left may be repeated when it has ended.
    Wait,
    /// None ever: every configuration has been asked or told, and may not be repeated (or the grid is at its end).
    Exhausted,
}
