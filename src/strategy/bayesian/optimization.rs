//! The strategy `BayesianOptimization`: initial design, surrogate model and maximization.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::checkpoints::FitCache;
use super::initial_design;
use super::recipe::{Exploration, Recipe};
use super::surrogate::Surrogate;
use super::thompson_sampling::ThompsonSample;
use crate::acquisition::{self, Acquisition, LogExpectedImprovement};
use crate::description::Description;
use crate::error::Error;
use crate::gp::SamplePath;
use crate::maximize::{ScoredPoint, SearchDomain, maximize};
use crate::rng::Rng;
use crate::strategy::contract::{History, Phase, Proposal, Recommendation, Repetitions, Strategy};
use crate::strategy::visited::Visited;

/// Bayesian optimization: proposes points by a Gaussian-process model of the losses.
///
/// Use it if trials are expensive: it needs far fewer of them than random search. The median time
/// of a proposal is 2.5 ms in the benchmark suite `public` (see BENCHMARKING.md). In the suite
/// `hard`, with up to 100 parameters, the median is 7.6 ms, and 5 % of the proposals take more than
/// 83 ms. If a trial takes less time, [`SobolSearch`](crate::SobolSearch) or
/// [`RandomSearch`](crate::RandomSearch) try more configurations in the same time.
///
/// ```
/// use surmise::{
///     BayesianOptimization, Configuration, FunctionEvaluator, Objective, ParameterRange,
///     ResourceLimits, ScalingType, SearchSpace, Study, StudySettings, tune,
/// };
///
/// let space = SearchSpace::new([
///     ParameterRange::continuous("learning_rate", 1e-5..=1.0, ScalingType::Logarithmic),
///     ParameterRange::continuous("dropout", 0.0..=0.6, ScalingType::Linear),
/// ])?;
/// let settings = StudySettings { limits: ResourceLimits::new(15, 1), ..Default::default() };
/// let strategy = BayesianOptimization::default();
/// let mut study = Study::new(space, Objective::minimize("loss"), strategy, settings)?;
/// let mut evaluator = FunctionEvaluator::new(|c: &Configuration| {
///     let loss = (c.float("learning_rate").log10() + 2.0).powi(2) + c.float("dropout");
///     Ok::<f64, String>(loss)
/// });
/// tune(&mut study, &mut evaluator)?;
/// assert!(study.best().and_then(|best| best.value()).is_some_and(|loss| loss < 1.0));
/// # Ok::<(), surmise::Error>(())
/// ```
///
/// # How a proposal is made
///
/// 1. **Initial design.** The first trials are the center of the space and 8 points of a scrambled
///    Sobol sequence, which include both ends of every integer range. With fewer than four
///    parameters there are 4 such points. If the number of jobs is limited, the design is at most a
///    fifth of them, but at least 3 points. It continues until half of it has ended and two losses
///    differ.
/// 2. **Fit.** Losses are transformed and a Gaussian process is fitted by maximum a posteriori. The
///    marginal likelihood decides which transform to use, and whether losses are noisy.
/// 3. **Conditioning.** Pending trials count with their expected losses, or with sampled losses
///    under noise, so that parallel jobs try different points. If trials fail, a second model
///    predicts failures.
/// 4. **Maximization.** The unvisited point with the largest acquisition value is proposed; by
///    default that is [`LogExpectedImprovement`]. Once hardly any improvement is expected, every
///    second proposal searches for a large improvement.
///
/// [`Recipe`] changes these parts; [`new`](Self::new) takes another acquisition function. The guide
/// has chapters on [choosing a strategy](crate::guide::choosing_a_strategy) and on
/// [how it works](crate::guide::how_it_works).
///
/// # Common mistakes
///
/// - **Returning a huge loss for a configuration that crashes** distorts the model near it. Let the
///   trial fail: return an error from the function, or [`Outcome::Failed`](crate::Outcome::Failed).
/// - **A linear scale for a parameter that spans orders of magnitude** hides the small values in a
///   corner of the space. Use [`ScalingType::Logarithmic`](crate::ScalingType::Logarithmic).
/// - **Trusting the smallest loss of a noisy objective.** It is partly luck;
///   [`Study::recommended`](crate::Study::recommended) compares posterior means instead.
/// - **Declaring [`Noise::Absent`](crate::strategy::Noise::Absent) for a noisy objective** makes
///   the model follow the noise. The default infers the noise.
#[derive(Debug)]
pub struct BayesianOptimization {
    criterion: Criterion,
    recipe: Recipe,
    fits: FitCache,
}

pub(crate) const NAME: &str = "bayesian";

/// The settings in a description of the strategy.
#[derive(Debug, Serialize, Deserialize)]
struct Settings {
    /// The acquisition function; `None` for Thompson sampling.
    acquisition: Option<Description>,
    recipe: Recipe,
}

/// The function whose maximum is the next point.
#[derive(Debug)]
enum Criterion {
    Acquisition(Box<dyn Acquisition>),
    ThompsonSampling,
}

impl Default for BayesianOptimization {
    /// Returns the strategy with [`LogExpectedImprovement`] and the default [`Recipe`].
    fn default() -> Self {
        Self::new(LogExpectedImprovement)
    }
}

impl BayesianOptimization {
    /// Creates the strategy with this acquisition function and the default [`Recipe`].
    ///
    /// ```
    /// use surmise::BayesianOptimization;
    /// use surmise::acquisition::UpperConfidenceBound;
    ///
    /// let strategy = BayesianOptimization::new(UpperConfidenceBound::new(2.5)?);
    /// # Ok::<(), surmise::Error>(())
    /// ```
    pub fn new(acquisition: impl Acquisition + 'static) -> Self {
        Self::with_criterion(Criterion::Acquisition(Box::new(acquisition)))
    }

    /// Creates the strategy with Thompson sampling in place of an acquisition function.
    ///
    /// Each proposal is the best point of a function drawn from the posterior (Thompson 1933).
    /// Pending trials have no effect on the model, because every proposal draws another function.
    pub fn thompson_sampling() -> Self {
        Self::with_criterion(Criterion::ThompsonSampling)
    }

    fn with_criterion(criterion: Criterion) -> Self {
        Self { criterion, recipe: Recipe::default(), fits: FitCache::default() }
    }

    /// Sets the recipe; [`Recipe::default`] by default.
    ///
    /// Change it if you know more about the losses than the model can infer.
    ///
    /// ```
    /// use surmise::BayesianOptimization;
    /// use surmise::strategy::{Noise, Recipe};
    ///
    /// let recipe = Recipe::default().with_noise(Noise::Absent);
    /// let strategy = BayesianOptimization::default().with_recipe(recipe);
    /// ```
    pub fn with_recipe(self, recipe: Recipe) -> Self {
        Self { recipe, fits: FitCache::default(), ..self }
    }

    /// Builds the surrogate; also returns a warning if the fit failed.
    fn surrogate(
        &self,
        history: &History<'_>,
        rng: &mut Rng,
    ) -> Result<(Surrogate<'_>, Option<String>), Error> {
        let fitted = self.fits.fit(history, &self.recipe);
        let (acquisition, history): (&dyn Acquisition, _) = match &self.criterion {
            Criterion::Acquisition(acquisition) => (acquisition.as_ref(), *history),
            Criterion::ThompsonSampling => {
                (&LogExpectedImprovement, History { pending: &[], ..*history })
            }
        };
        let surrogate = Surrogate::new(&history, &fitted, acquisition, &self.recipe, rng)?;
        Ok((surrogate, fitted.warning()))
    }

    /// Returns `true` if the next trial explores when the search has converged: every second trial.
    fn is_exploration_due(&self, history: &History<'_>) -> bool {
        self.recipe.exploration == Exploration::WhenConverged
            && history.next_trial.0.is_multiple_of(2)
    }

    /// Proposes the maximum of the criterion; `None` if the space is exhausted.
    fn propose_by_model(
        &self,
        history: &History<'_>,
        visited: &Visited<'_>,
        rng: &mut Rng,
    ) -> Result<Option<Proposal>, Error> {
        let (mut surrogate, warning) = self.surrogate(history, rng)?;
        let anchors = surrogate.anchors(history);
        let scales = surrogate.length_scales().to_vec();
        let forbidden = |point: &[f64]| visited.contains(point);
        let domain = SearchDomain {
            axes: history.axes,
            scales: &scales,
            anchors: &anchors,
            forbidden: &forbidden,
            moves: self.recipe.moves,
        };
        let mut phase = Phase::Model;
        let best = match self.criterion {
            Criterion::Acquisition(_) => {
                let best = maximize(&surrogate, &domain, rng);
                let has_converged = |best: &ScoredPoint| surrogate.has_converged(best.value);
                if best.as_ref().is_some_and(has_converged) && self.is_exploration_due(history) {
                    phase = Phase::Exploration;
                    surrogate.require_larger_improvement();
                    maximize(&surrogate, &domain, rng)
                } else {
                    best
                }
            }
            Criterion::ThompsonSampling => {
                let path = SamplePath::draw(surrogate.sample_posterior(rng), rng);
                let sample = ThompsonSample { path, feasibility: surrogate.feasibility() };
                maximize(&sample, &domain, rng)
            }
        };
        let (point, fallback) = match best {
            Some(best) => (best.point, warning),
            None => match visited.sample_unvisited(rng) {
                Some(point) => {
                    let reason = "all points that the maximization found are visited already; \
                                  a random point was drawn";
                    (point, Some(reason.to_owned()))
                }
                None => return Ok(None),
            },
        };
        let expectation = Some(surrogate.expectation(&point));
        let model = Some(surrogate.diagnostics());
        Ok(Some(Proposal { expectation, fallback, model, ..Proposal::new(point, phase) }))
    }
}

/// Recreates the strategy from the settings of its description.
///
/// # Errors
/// - [`Error::Strategy`] if the settings cannot be read, or if this crate has no such acquisition
///   function.
/// - [`Error::Invalid`] if the κ of an upper confidence bound is negative.
pub(crate) fn from_settings(settings: &Value) -> Result<BayesianOptimization, Error> {
    let settings = Settings::deserialize(settings).map_err(|error| {
        Error::Strategy(format!("the settings of the strategy `{NAME}` cannot be read: {error}"))
    })?;
    let criterion = match settings.acquisition {
        Some(description) => Criterion::Acquisition(acquisition::from_description(&description)?),
        None => Criterion::ThompsonSampling,
    };
    Ok(BayesianOptimization::with_criterion(criterion).with_recipe(settings.recipe))
}

impl Strategy for BayesianOptimization {
    fn propose(&self, history: &History<'_>, rng: &mut Rng) -> Result<Option<Proposal>, Error> {
        let visited = Visited::new(history);
        if visited.is_exhausted() {
            return Ok(None);
        }
        if let Some(index) = initial_design::index(history) {
            // The design has no repetitions while there are untried points, even if the study
            // allows repetitions.
            let tried = Visited::new(&History { repetitions: Repetitions::Never, ..*history });
            if !tried.is_exhausted() {
                let point =
                    initial_design::point(history, &tried, index, self.recipe.center_first, rng);
                return Ok(point.map(|point| Proposal::new(point, Phase::Design)));
            }
        }
        match self.propose_by_model(history, &visited, rng) {
            Err(error) => {
                let point = visited.sample_unvisited(rng);
                let fallback = Some(error.to_string());
                Ok(point.map(|point| Proposal { fallback, ..Proposal::new(point, Phase::Random) }))
            }
            proposed => proposed,
        }
    }

    /// Recommends the trial with the smallest loss; under noise, with the smallest posterior mean.
    ///
    /// Posterior means are compared if noise is declared, or if its variance is more than a fifth
    /// of the signal variance.
    fn recommend(&self, history: &History<'_>) -> Result<Option<Recommendation>, Error> {
        let best = history.observations.iter().min_by(|a, b| a.loss.total_cmp(&b.loss));
        let Some(best) = best else { return Ok(None) };
        let history = History { pending: &[], failures: &[], ..*history };
        // Without pending trials, the surrogate draws no random numbers.
        let surrogate = self.surrogate(&history, &mut Rng::stream(0, 0));
        // Without a model, the smallest loss decides.
        let trial =
            surrogate.map_or(best.trial, |(surrogate, _)| surrogate.recommended_trial(&history));
        Ok(Some(Recommendation::new(trial)))
    }

    fn description(&self) -> Description {
        let acquisition = match &self.criterion {
            Criterion::Acquisition(acquisition) => Some(acquisition.description()),
            Criterion::ThompsonSampling => None,
        };
        Description::named(NAME).with_settings(Settings { acquisition, recipe: self.recipe })
    }
}
