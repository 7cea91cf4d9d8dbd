//! What a strategy promises, what it is told and what it answers.

use serde::{Deserialize, Serialize};

use super::places::Places;
use crate::cube::{Axis, UnitPoint};
use crate::description::Description;
use crate::error::Error;
use crate::json_number::{one, option};
use crate::rng::Rng;
use crate::trial_id::TrialId;
use std::fmt::Debug;

/// Decides what is tried next.
///
/// ```
/// use surmise::strategy::{History, Phase, Proposal, Visited};
/// use surmise::{Error, Strategy, cube, rng::Rng};
///
/// /// Tries places near the best one so far.
/// #[derive(Debug)]
/// struct HillClimbing;
///
/// impl Strategy for HillClimbing {
///     fn propose(&self, history: &History<'_>, rng: &mut Rng) -> Result<Option<Proposal>, Error> {
///         let visited = Visited::of(history);
///         let best = history.observations.iter().min_by(|a, b| a.loss.total_cmp(&b.loss));
///         for _ in 0..100 {
///             let Some(best) = best else { break };
///             let near: Vec<f64> = best.point.iter().map(|u| u + 0.1 * rng.normal()).collect();
///             let point = cube::snap(history.axes, &near);
///             if !visited.contains(&point) {
///                 return Ok(Some(Proposal::new(point, Phase::Heuristic)));
///             }
///         }
///         Ok(visited.unvisited(rng).map(|point| Proposal::new(point, Phase::Random)))
///     }
/// }
///
/// surmise::conformance::check_strategy(|| HillClimbing).unwrap();
/// ```
pub trait Strategy: Debug + Send + Sync {
    /// One point, or `None` when the space is exhausted.
    ///
    /// What an implementation promises, and [`check_strategy`](crate::conformance::check_strategy) checks:
    ///
    /// - The point is snapped, as [`cube::snap`](crate::cube::snap) does, and none that the history holds (unless
    ///   [`repetitions`](History::repetitions) are allowed, or its trial came to nothing by bad luck): see [`Visited::contains`](crate::strategy::Visited::contains).
    /// - There is one as long as a place is left: [`Visited::unvisited`](crate::strategy::Visited::unvisited) finds it, or says that there is none. (A strategy that is made for
    ///   a part of the space, such as a grid, may end before.)
    /// - The same history and the same random numbers give the same proposal, whatever was proposed before, on any number of
    ///   threads. How many random numbers are drawn is free: every trial has a stream of its own.
    /// - It comes to terms with any history: empty, all pending, all failed, losses that are all the same or of any size.
    ///
    /// A batch is this repeated, with the earlier points pending.
    ///
    /// # Errors
    /// Only what makes any proposal impossible; a strategy that can fall back on a simpler proposal does so and says so
    /// in [`Proposal::fallback`].
    fn propose(&self, history: &History<'_>, rng: &mut Rng) -> Result<Option<Proposal>, Error>;

    /// What is believed of the search as a whole; `None` from a strategy that believes nothing. Pure like
    /// [`propose`](Self::propose).
    ///
    /// # Errors
    /// Only what makes any statement impossible.
    fn outlook(&self, _history: &History<'_>) -> Result<Option<Outlook>, Error> {
        Ok(None)
    }

    /// Whether a proposal takes no time to speak of, however long the history is. [`tune`](crate::tune::tune) then does not hand it to
    /// a thread of its own.
    fn is_quick(&self) -> bool {
        false
    }

    /// What the strategy is called, and its settings, as a journal keeps them: two strategies of the same description propose the same.
    /// By default the name of the type alone. [`of_description`](crate::strategy::of_description) makes the strategies of this crate again.
    fn description(&self) -> Description {
        Description::of_type::<Self>()
    }
}

// A trait that users implement must stay usable behind a pointer.
const _: Option<&dyn Strategy> = None;

impl<S: Strategy + ?Sized> Strategy for Box<S> {
    fn propose(&self, history: &History<'_>, rng: &mut Rng) -> Result<Option<Proposal>, Error> {
        (**self).propose(history, rng)
    }

    fn outlook(&self, history: &History<'_>) -> Result<Option<Outlook>, Error> {
        (**self).outlook(history)
    }

    fn is_quick(&self) -> bool {
        (**self).is_quick()
    }

    fn description(&self) -> Description {
        (**self).description()
    }
}

/// All that a strategy may know. Every list is in the order of trial numbers, and every point is snapped (to the last digits
/// of what its configuration encodes to). Only configurations that were told from outside can be there more than once, unless
/// repetitions are allowed.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct History<'a> {
    /// The axes of the cube.
    pub axes: &'a [Axis],
    /// Points with their losses.
    pub observations: &'a [Observation],
    /// Points whose trials have not ended, or may not be known to have.
    pub pending: &'a [Pending],
    /// Points that gave no loss: trials that failed, or were stopped before they had a value.
    pub failures: &'a [FailedPoint],
    /// The number of the trial that is to be proposed, from 1.
    pub next_trial: TrialId,
    /// How many jobs there will be in all, if that is known; what was told from outside is not one of them.
    pub max_jobs: Option<usize>,
    /// How many jobs run at once; under a fixed lag, the lag.
    pub max_parallel_jobs: usize,
    /// Whether what has a loss may be proposed again.
    pub repetitions: Repetitions,
    /// The points that must not be proposed again, where the study keeps them by their places.
    pub(crate) index: Option<Index<'a>>,
}

/// The points of some lists that must not be proposed again, by their places: those that were proposed, and those that were tried instead,
/// because values have few digits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Index<'a> {
    /// If nothing may be repeated.
    pub(crate) never: &'a Places,
    /// If what has a loss may be.
    pub(crate) allowed: &'a Places,
    pub(crate) observations: &'a [Observation],
    pub(crate) pending: &'a [Pending],
    pub(crate) failures: &'a [FailedPoint],
}

impl<'a> Index<'a> {
    /// The places for a history, if it has the lists that this was made for.
    pub(super) fn of(&self, history: &History<'_>) -> Option<&'a Places> {
        let is_same = std::ptr::eq(self.observations, history.observations)
            && std::ptr::eq(self.pending, history.pending)
            && std::ptr::eq(self.failures, history.failures);
        is_same.then_some(match history.repetitions {
            Repetitions::Never => self.never,
            Repetitions::Allowed => self.allowed,
        })
    }
}

/// Whether a configuration may be tried more than once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repetitions {
    /// What has been asked or told is never proposed again.
    #[default]
    Never,
    /// What has a loss may be proposed again, because losses are noisy and another measurement is worth something. What runs or
    /// has failed is not.
    Allowed,
}

/// A point and its loss.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Observation {
    /// Number of the trial.
    pub trial: TrialId,
    /// Where.
    pub point: UnitPoint,
    /// Finite; smaller is better.
    pub loss: f64,
    /// The variance of the loss around what the place stands for, if it is known.
    pub noise_variance: Option<f64>,
    /// The furthest step that was reported, if any was.
    pub resource: Option<u64>,
    /// Whether the trial ran to its end.
    pub ending: Ending,
    /// Where it came from.
    pub origin: Origin,
}

impl Observation {
    /// A loss of the study's own, at the end of a trial.
    pub fn new(trial: TrialId, point: UnitPoint, loss: f64) -> Self {
        let (ending, origin) = (Ending::Full, Origin::Own);
        Self { trial, point, loss, noise_variance: None, resource: None, ending, origin }
    }
}

/// Whether a trial ran to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// It did.
    Full,
    /// It was stopped early; its loss is what that is taken for (see [`StoppedTrials`](crate::study::StoppedTrials)).
    StoppedEarly,
}

/// Where an observation came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// From a trial that was asked of the study.
    Own,
    /// From outside.
    Outside,
}

/// A point whose trial has not ended.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Pending {
    /// Number of the trial.
    pub trial: TrialId,
    /// Where.
    pub point: UnitPoint,
}

/// A point whose trial gave no loss.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FailedPoint {
    /// Number of the trial.
    pub trial: TrialId,
    /// Where.
    pub point: UnitPoint,
    /// What that says of the place.
    pub kind: Infeasibility,
}

impl FailedPoint {
    /// A point whose trial gave no loss, which says this of the place.
    pub fn new(trial: TrialId, point: UnitPoint, kind: Infeasibility) -> Self {
        Self { trial, point, kind }
    }
}

/// What it says of a place that a trial there gave no loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Infeasibility {
    /// It may lie at the place. It is not proposed again.
    Infeasible,
    /// Nothing: something else came between. The place may be proposed again.
    Transient,
    /// Nothing; but it is not to be proposed again.
    Unknown,
}

/// A point to be tried, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Proposal {
    /// What to try; snapped.
    pub point: UnitPoint,
    /// What made it.
    pub phase: Phase,
    /// What a model expects of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expectation: Option<Expectation>,
    /// Why a simpler way than the strategy's own was taken, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
    /// How well the model behind it was fitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelHealth>,
    /// Numbers that coordinates stand for, to the digit, with their axes: where they were given, as in a grid, and not only computed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub numbers: Vec<(usize, f64)>,
}

impl Proposal {
    /// A proposal without a model behind it; its other fields can be set afterwards.
    pub fn new(point: UnitPoint, phase: Phase) -> Self {
        Self { point, phase, expectation: None, fallback: None, model: None, numbers: Vec::new() }
    }
}

/// How well a Gaussian process was fitted: what to look at when proposals look odd.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModelHealth {
    /// Losses that the belief is conditioned on.
    pub observations: usize,
    /// Log evidence plus log priors of the most probable hyperparameters; `None` if no fit came off.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "option")]
    pub log_posterior: Option<f64>,
    /// Likelihoods that the fit took.
    pub evaluations: usize,
    /// Hyperparameters that ended at the edge of what is considered, the noise not counted.
    pub at_bounds: usize,
    /// Variance of the noise by that of the signal.
    #[serde(with = "one")]
    pub noise_share: f64,
    /// The standard deviation of the noise, in the unit of the losses, where they have their median.
    #[serde(with = "one")]
    pub noise_deviation: f64,
    /// By what factor the noise had to be raised for the covariance to be factored; 1 if not.
    #[serde(with = "one")]
    pub noise_widened: f64,
    /// Draws of the hyperparameters that count.
    pub draws: usize,
}

/// What is believed of a search as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Outlook {
    /// The number of the observed trial that is believed to be the best. Where losses are noisy, it need not be the one of the
    /// least loss.
    pub recommended: TrialId,
}

impl Outlook {
    /// The outlook of a search whose trial of this number is believed to be the best.
    pub fn new(recommended: TrialId) -> Self {
        Self { recommended }
    }
}

/// What made a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Phase {
    /// Chance.
    Random,
    /// A design that fills the space.
    Design,
    /// A rule of thumb that looks at the losses, without a model of them.
    Heuristic,
    /// The next of a grid.
    Grid,
    /// Somebody wanted it.
    Enqueued,
    /// A model of the losses.
    Model,
    /// The same model, looking for an improvement that would matter where it knows least, because hardly any is left where it knows
    /// most. The [`acquisition`](Expectation::acquisition) of such a proposal is that of the greater improvement, and not to be compared
    /// with others.
    Exploration,
    /// The configuration of a trial that was cut off because the tuning was over, once more.
    CutOff,
}

/// What a model expects of a trial; losses may be infinite where the model knows no bound.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Expectation {
    /// The loss that is as likely exceeded as not.
    #[serde(with = "one")]
    pub median: f64,
    /// The loss below which one in six (16 %) is expected.
    #[serde(with = "one")]
    pub low: f64,
    /// The loss above which one in six (16 %) is expected.
    #[serde(with = "one")]
    pub high: f64,
    /// The acquisition's value.
    #[serde(with = "one")]
    pub acquisition: f64,
}
