//! The trait `Strategy`, the history that it sees and the proposals that it returns.

use serde::{Deserialize, Serialize};

use super::point_index::PointIndex;
use crate::description::Description;
use crate::error::Error;
use crate::json_number::{number, optional_number};
use crate::rng::Rng;
use crate::trial_id::TrialId;
use crate::unit_cube::{Axis, UnitPoint};
use std::fmt::Debug;

/// Proposes the points that a study tries.
///
/// The crate has four strategies: [`BayesianOptimization`](crate::BayesianOptimization),
/// [`SobolSearch`](crate::SobolSearch), [`RandomSearch`](crate::RandomSearch) and
/// [`GridSearch`](crate::GridSearch). Write another one for a heuristic of your field, or to call
/// an optimizer of another library. If you only want to value points differently, implement
/// [`Acquisition`](crate::Acquisition) instead.
///
/// # How to write one
///
/// Only [`propose`](Self::propose) is required. It works on points of the unit cube and on losses;
/// the study translates from and to parameters, units and goals.
///
/// ```
/// use surmise::strategy::{History, Phase, Proposal, Visited};
/// use surmise::{Error, Strategy, rng::Rng, unit_cube};
///
/// /// Tries points near the best observed point.
/// #[derive(Debug)]
/// struct HillClimbing;
///
/// impl Strategy for HillClimbing {
///     fn propose(&self, history: &History<'_>, rng: &mut Rng) -> Result<Option<Proposal>, Error> {
///         let visited = Visited::new(history);
///         let best = history.observations.iter().min_by(|a, b| a.loss.total_cmp(&b.loss));
///         for _ in 0..100 {
///             let Some(best) = best else { break };
///             let nearby: Vec<f64> = best.point.iter().map(|u| u + 0.1 * rng.normal()).collect();
///             let point = unit_cube::snap(history.axes, &nearby);
///             if !visited.contains(&point) {
///                 return Ok(Some(Proposal::new(point, Phase::Heuristic)));
///             }
///         }
///         Ok(visited.sample_unvisited(rng).map(|point| Proposal::new(point, Phase::Random)))
///     }
/// }
///
/// // Put this check into a test of your crate.
/// surmise::conformance::check_strategy(|| HillClimbing).unwrap();
/// ```
///
/// # The contract
///
/// - **Pure.** The same history and the same random numbers give the same proposal, regardless of
///   earlier calls and the number of threads. A cache may make a strategy faster, but must not
///   change its proposals.
/// - **Snapped.** [`unit_cube::snap`](crate::unit_cube::snap) does not change a proposed point.
/// - **New.** The point is not [visited](crate::strategy::Visited::contains). Points with a loss
///   may be proposed again only under [`Repetitions::Allowed`].
/// - **Complete.** The strategy returns `None` only if the space is
///   [exhausted](crate::strategy::Visited::is_exhausted). A strategy for a part of the space, such
///   as a grid, may end earlier.
/// - **Robust.** It proposes for every history: without observations, with all trials pending or
///   failed, with equal or huge losses.
///
/// [`check_strategy`](crate::conformance::check_strategy) checks all of this, and reports each
/// requirement that is not met, with a remedy.
///
/// # Common mistakes
///
/// - **Keeping state between calls.** A resumed or replayed study starts with a new strategy, which
///   then proposes something else. Derive everything from the history.
/// - **Forgetting pending trials.** With parallel jobs, such a strategy proposes the same point
///   again, and the study returns [`Error::InvalidProposal`]. [`Visited`](crate::strategy::Visited)
///   includes pending points.
/// - **Returning `None` or an error if a method fails.** `None` ends the tuning as exhausted. Fall
///   back on [`sample_unvisited`](crate::strategy::Visited::sample_unvisited), and set
///   [`Proposal::fallback`].
///
/// `examples/custom_strategy.rs` runs a custom strategy, and the package `surmise-bench` compares
/// strategies. The guide has a chapter on [your own strategy](crate::guide::your_own_strategy).
pub trait Strategy: Debug + Send + Sync {
    /// Proposes one point for the next trial; `None` if the space is exhausted.
    ///
    /// [The contract](Strategy#the-contract) lists the requirements on the point. A batch of
    /// proposals consists of several calls, each with the earlier points pending. Every trial has a
    /// separate random stream, so that a call may draw any number of random numbers.
    ///
    /// # Errors
    /// Returns an error, such as [`Error::Strategy`], only if no proposal is possible at all. A
    /// strategy that can make a simpler proposal does so, and states why in [`Proposal::fallback`].
    fn propose(&self, history: &History<'_>, rng: &mut Rng) -> Result<Option<Proposal>, Error>;

    /// Recommends the trial that the strategy considers the best.
    ///
    /// `None`, the default, means the completed trial with the smallest loss. A strategy with a
    /// model can do better under noise. The contract is the same as that of
    /// [`propose`](Self::propose): the recommendation depends on the history only.
    ///
    /// # Errors
    /// Returns an error, such as [`Error::Strategy`], only if no recommendation is possible at all.
    fn recommend(&self, _history: &History<'_>) -> Result<Option<Recommendation>, Error> {
        Ok(None)
    }

    /// Returns `true` if a proposal takes negligible time for every history; by default `false`.
    ///
    /// [`tune`](crate::tune::tune) computes cheap proposals on the thread that calls it, without a
    /// background thread.
    fn is_cheap(&self) -> bool {
        false
    }

    /// Returns the name and settings of the strategy, which a journal records.
    ///
    /// By default, it is the name of the type without settings.
    ///
    /// Two strategies with equal descriptions must make equal proposals.
    /// [`from_description`](crate::strategy::from_description) recreates the strategies of this
    /// crate.
    fn description(&self) -> Description {
        Description::of_type::<Self>()
    }
}

// Checks at compile time that the trait is object-safe.
const _: Option<&dyn Strategy> = None;

impl<S: Strategy + ?Sized> Strategy for Box<S> {
    fn propose(&self, history: &History<'_>, rng: &mut Rng) -> Result<Option<Proposal>, Error> {
        (**self).propose(history, rng)
    }

    fn recommend(&self, history: &History<'_>) -> Result<Option<Recommendation>, Error> {
        (**self).recommend(history)
    }

    fn is_cheap(&self) -> bool {
        (**self).is_cheap()
    }

    fn description(&self) -> Description {
        (**self).description()
    }
}

/// The trials of a study, as points and losses: everything that a strategy may use.
///
/// Lists are in the order of trial numbers. Points are the encodings of their configurations, and
/// therefore snapped. A point occurs more than once only if repetitions are allowed, or if external
/// observations repeat it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct History<'a> {
    /// Axes of the unit cube, one per parameter (d).
    pub axes: &'a [Axis],
    /// Trials with a loss.
    pub observations: &'a [Observation],
    /// Trials without an outcome. Under a fixed lag, also trials whose outcome is not visible yet.
    pub pending: &'a [Pending],
    /// Trials that ended without a loss: failed and interrupted trials, and stopped trials without
    /// a value.
    pub failures: &'a [FailedPoint],
    /// Number of the trial to propose, counted from 1.
    pub next_trial: TrialId,
    /// Maximum number of jobs of the study, external observations not counted; `None` if unlimited.
    pub max_jobs: Option<usize>,
    /// Maximum number of jobs at the same time; under a fixed lag, the lag.
    pub max_parallel_jobs: usize,
    /// Whether points with a loss may be proposed again.
    pub repetitions: Repetitions,
    /// Index of the visited points, which the study keeps up to date; `None` outside of studies.
    pub(crate) index: Option<VisitedIndex<'a>>,
}

/// Indexes of the visited points of a history, and the lists that they belong to.
///
/// They contain the proposed points and the points that were tried. These differ if the study
/// rounded values to few digits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct VisitedIndex<'a> {
    /// The visited points under [`Repetitions::Never`].
    pub(crate) never: &'a PointIndex,
    /// The visited points under [`Repetitions::Allowed`].
    pub(crate) allowed: &'a PointIndex,
    pub(crate) observations: &'a [Observation],
    pub(crate) pending: &'a [Pending],
    pub(crate) failures: &'a [FailedPoint],
}

impl<'a> VisitedIndex<'a> {
    /// Returns the index of a history; `None` if its lists are not those of this index.
    pub(super) fn for_history(&self, history: &History<'_>) -> Option<&'a PointIndex> {
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
    /// No configuration is proposed again; the default.
    #[default]
    Never,
    /// Configurations with a loss may be proposed again, to average noisy losses.
    ///
    /// Pending and failed configurations are not proposed again.
    Allowed,
}

/// A trial with a loss.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Observation {
    /// Number of the trial.
    pub trial: TrialId,
    /// Point of the configuration that was tried.
    pub point: UnitPoint,
    /// Finite loss; smaller is better.
    pub loss: f64,
    /// Noise variance of the loss, in squared units of the loss; `None` if unknown.
    pub noise_variance: Option<f64>,
    /// Highest step that the trial reported; `None` without reports.
    pub resource: Option<u64>,
    /// Whether the trial ran to completion.
    pub completion: Completion,
    /// Whether the trial belongs to the study or is external.
    pub origin: Origin,
}

impl Observation {
    /// Creates the observation of a completed trial of the study, without known noise.
    pub fn new(trial: TrialId, point: UnitPoint, loss: f64) -> Self {
        let (completion, origin) = (Completion::Full, Origin::Study);
        Self { trial, point, loss, noise_variance: None, resource: None, completion, origin }
    }
}

/// Whether a trial ran to completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Completion {
    /// The trial ran to completion; its loss is final.
    Full,
    /// The trial was stopped early; [`StoppedTrials`](crate::study::StoppedTrials) sets its loss.
    StoppedEarly,
}

/// Whether an observation belongs to the study or is external.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// The study created the trial.
    Study,
    /// The trial ran elsewhere, and the user added its outcome.
    External,
}

/// A trial without an outcome.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Pending {
    /// Number of the trial.
    pub trial: TrialId,
    /// Point of the configuration that is being tried.
    pub point: UnitPoint,
}

/// A trial that ended without a loss.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FailedPoint {
    /// Number of the trial.
    pub trial: TrialId,
    /// Point of the configuration that was tried.
    pub point: UnitPoint,
    /// Whether the configuration may have caused the failure.
    pub kind: Infeasibility,
}

impl FailedPoint {
    /// Creates the record of a trial that ended without a loss.
    pub fn new(trial: TrialId, point: UnitPoint, kind: Infeasibility) -> Self {
        Self { trial, point, kind }
    }
}

/// Whether a configuration may have caused the failure of its trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Infeasibility {
    /// The configuration may be the cause. It is not proposed again.
    Infeasible,
    /// The configuration is not the cause, as after an interruption. It may be proposed again.
    Transient,
    /// The cause is unknown, as for a stopped or abandoned trial. It is not proposed again.
    Unknown,
}

/// A point that a strategy proposes, and how it was chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Proposal {
    /// Point to try; it is snapped.
    pub point: UnitPoint,
    /// Method that chose the point.
    pub phase: Phase,
    /// Prediction of the model for the point; `None` without a model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expectation: Option<Expectation>,
    /// Reason for which the strategy fell back on a simpler method; `None` if it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
    /// Diagnostics of the model that chose the point; `None` without a model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelDiagnostics>,
    /// Exact values of numeric parameters, with the indices of their axes.
    ///
    /// They take precedence over the values that the coordinates of `point` decode to, which may
    /// differ by rounding. A grid sets them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub numbers: Vec<(usize, f64)>,
}

impl Proposal {
    /// Creates a proposal without a prediction of a model; the other fields can be set afterwards.
    pub fn new(point: UnitPoint, phase: Phase) -> Self {
        Self { point, phase, expectation: None, fallback: None, model: None, numbers: Vec::new() }
    }
}

/// Diagnostics of the fit of a Gaussian process, to investigate unexpected proposals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModelDiagnostics {
    /// Number of losses that the model is conditioned on.
    pub observations: usize,
    /// Log marginal likelihood plus log priors of the hyperparameters; `None` if the fit failed.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "optional_number")]
    pub log_posterior: Option<f64>,
    /// Number of evaluations of the likelihood during the fit.
    pub evaluations: usize,
    /// Number of hyperparameters that ended at a bound, the noise variance not counted.
    pub at_bounds: usize,
    /// Ratio of the noise variance to the signal variance.
    #[serde(rename = "noise_share", with = "number")]
    pub noise_ratio: f64,
    /// Standard deviation of the noise at the median loss, in the unit of the losses.
    #[serde(rename = "noise_deviation", with = "number")]
    pub noise_std_dev: f64,
    /// Factor by which the noise was increased to make the covariance positive definite; usually 1.
    #[serde(rename = "noise_widened", with = "number")]
    pub noise_inflation: f64,
    /// Number of draws of the hyperparameters that the model averages over.
    pub draws: usize,
}

/// The trial that a strategy considers the best.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Recommendation {
    /// Number of the recommended trial, which has a loss.
    ///
    /// Under noise, it may be another trial than the one with the smallest loss.
    #[serde(rename = "recommended")]
    pub trial: TrialId,
}

impl Recommendation {
    /// Creates a recommendation of this trial.
    pub fn new(trial: TrialId) -> Self {
        Self { trial }
    }
}

/// The method that chose a proposed point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Phase {
    /// The point is random.
    Random,
    /// The point belongs to an initial design, which fills the space evenly.
    Design,
    /// A heuristic chose the point by losses, without a model.
    Heuristic,
    /// The point is the next one of a grid.
    Grid,
    /// The user enqueued the configuration.
    Enqueued,
    /// A model of the losses chose the point.
    Model,
    /// The model chose the point to search for a large improvement.
    ///
    /// The search has converged: everywhere, the expected improvement is very small. The field
    /// [`acquisition`](Expectation::acquisition) of such a proposal refers to the large
    /// improvement. Do not compare it with that of other proposals.
    Exploration,
    /// The point is that of a trial that the end of the tuning stopped; it is tried again.
    #[serde(rename = "cut_off")]
    Rerun,
}

/// The prediction of a model for a trial, in losses.
///
/// Predictions are infinite outside of the range of the model's loss transform.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Expectation {
    /// Median of the predicted loss.
    #[serde(with = "number")]
    pub median: f64,
    /// Lower quantile of the predicted loss: it is below this value with a probability of 16 %.
    #[serde(with = "number")]
    pub low: f64,
    /// Upper quantile of the predicted loss: it is below this value with a probability of 84 %.
    #[serde(with = "number")]
    pub high: f64,
    /// Value of the acquisition function at the point.
    #[serde(with = "number")]
    pub acquisition: f64,
}
