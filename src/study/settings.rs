//! The settings of a study, and its answer to `ask`.

use serde::{Deserialize, Serialize};

use crate::limits::ResourceLimits;
use crate::strategy::Repetitions;
use crate::trial::Trial;

/// Which outcomes a proposal may know: all that have arrived, or a fixed set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// A proposal knows all outcomes that have arrived.
    ///
    /// This uses results best, but the proposals depend on the order in which jobs end.
    #[default]
    Arrival,
    /// The proposal of trial k knows the outcomes of trials 1, …, k − lag, and treats every later
    /// trial as pending.
    ///
    /// With the same seed and lag, the proposals are the same for any number of workers and any
    /// order of completion. With a lag below the number of workers, some workers wait. The number
    /// of workers is a good lag.
    FixedLag(usize),
}

/// The settings of a study.
///
/// By default the seed is 0, outcomes count in the order of arrival, and one job runs at a time.
/// The number of jobs is unlimited. A tuning then ends when the space is exhausted or a completion
/// criterion is met.
///
/// ```
/// use surmise::{Order, ResourceLimits, StudySettings};
///
/// let settings = StudySettings {
///     seed: 7,
///     order: Order::FixedLag(4),
///     limits: ResourceLimits::new(100, 4), // 100 jobs, 4 at a time
///     ..StudySettings::default()
/// };
/// assert_eq!(settings.seed, 7);
/// ```
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct StudySettings {
    /// The seed of all random numbers; 0 by default.
    ///
    /// The same seed gives the same proposals if the outcomes arrive in the same order, or under
    /// [`Order::FixedLag`].
    pub seed: u64,
    /// Which outcomes a proposal may know; all that have arrived by default.
    pub order: Order,
    /// The limits that strategies plan with, and that [`tune`](crate::tune::tune) enforces.
    pub limits: ResourceLimits,
    /// Whether a configuration may be tried more than once; never by default.
    pub repetitions: Repetitions,
    /// How strategies see trials that early stopping ended; by their last value by default.
    pub stopped_trials: StoppedTrials,
    /// What happens to outcomes that arrive after their trial has ended; they are only recorded by
    /// default.
    #[serde(rename = "late_results")]
    pub late_outcomes: LateOutcomes,
}

/// How strategies see trials that early stopping ended.
///
/// An intermediate value differs from the final value that the job would have reached. The section
/// on early stopping in BENCHMARKING.md compares the variants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StoppedTrials {
    /// The last reported value counts as if it were the final value.
    #[default]
    LastValue,
    /// The projected final value counts: see
    /// [`LearningCurves::project_final_loss`](crate::stopping::LearningCurves::project_final_loss).
    Projected,
    /// The trial has no value for the model; its configuration only counts as visited.
    #[serde(rename = "place_only")]
    VisitedOnly,
}

/// What happens to an outcome that arrives after its trial has ended with a different outcome.
///
/// The events record both outcomes. [`Trial::late_outcomes`] has the one that does not count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LateOutcomes {
    /// The first outcome counts.
    #[default]
    #[serde(rename = "set_aside")]
    RecordOnly,
    /// A late final value replaces a failure or a stop, for instance if a job completes after it
    /// was given up. A trial that was [abandoned](crate::Study::abandon) stays abandoned.
    ///
    /// Under a fixed lag the proposals then depend on when the value arrives.
    #[serde(rename = "used")]
    UseValue,
}

/// The answer of [`Study::ask`](crate::study::Study::ask).
#[derive(Debug, Clone, PartialEq)]
pub enum AskOutcome {
    /// Trials to run: as many as were asked for, or fewer if the order or the space allows no more
    /// now.
    Trials(Vec<Trial>),
    /// No trial now: the order needs the outcome of a running trial first, or the remaining
    /// configurations belong to running trials and may be repeated once those have ended.
    Wait,
    /// No trial ever again: every configuration of the space (or of the grid) has been tried and
    /// must not be repeated.
    Exhausted,
}
