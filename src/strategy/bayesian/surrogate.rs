//! The surrogate model of one proposal: posteriors, incumbents, feasibility and acquisition.
//!
//! | symbol | meaning |
//! | --- | --- |
//! | wᵢ | weight of component i: one draw of the hyperparameters in one scenario |
//! | μᵢ(x), vᵢ(x) | posterior mean and variance of component i (see [`gp`](crate::gp)) |
//! | aᵢ = a(μᵢ, √vᵢ) | acquisition value, with the incumbent of component i |
//! | p(x) | probability that a trial gives a loss (see `feasibility`) |
//!
//! The maximized function is ln Σ wᵢ exp aᵢ + ln p(x) for a logarithmic acquisition function. It
//! thus averages expected improvement, not its logarithm (Snoek et al. 2012, eq. 6 and §3.3). For
//! other acquisition functions it is Σ wᵢ aᵢ + ln p(x). By the chain rule, the gradient is
//!
//! `Σ qᵢ (∂a⁄∂μ ∇μᵢ + ∂a⁄∂σ ∇vᵢ ⁄ (2 √vᵢ)) + ∇ ln p`
//!
//! with qᵢ ∝ wᵢ exp aᵢ, or qᵢ = wᵢ.

use ndarray::{Array1, Array2};

use super::checkpoints::{FittedModel, known_noise};
use super::feasibility::{FeasibilityModel, infeasible};
use super::ranking::ranking;
use super::recipe::{PendingImputation, Recipe};
use crate::acquisition::{Acquisition, AcquisitionValue};
use crate::error::Error;
use crate::gp::{
    Features, GaussianProcess, Hyperparameters, Measurements, Noise, OutputTransform, Posterior,
    PredictionTerms, Scenarios,
};
use crate::maximize::BatchFunction;
use crate::rng::Rng;
use crate::strategy::contract::{Expectation, History, ModelDiagnostics};
use crate::trial_id::TrialId;
use crate::unit_cube::UnitPoint;

/// Maximum ratio of noise to signal variance at which a single loss can be the incumbent.
///
/// Less noise than this is often a misfit of the model to a rough but exact function.
const MAX_INCUMBENT_NOISE: f64 = 0.03;

/// Maximum ratio of noise to signal variance at which trials are recommended by their losses.
///
/// It is higher than for the incumbent, because no later measurement corrects a recommendation.
const MAX_RECOMMENDATION_NOISE: f64 = 0.2;

/// Expected improvement, in standard deviations of the transformed losses, below which the search
/// has converged.
const CONVERGED_IMPROVEMENT: f64 = 1e-4;

/// Minimum improvement that exploration proposals search for, in standard deviations of the
/// transformed losses.
const EXPLORATION_IMPROVEMENT: f64 = 0.3;

/// Maximum number of pending trials whose losses are imputed by their means if losses are exact.
const MAX_IMPUTED_BY_MEAN: usize = 16;

/// Maximum number of tenfold increases of the noise variance if a covariance cannot be factored.
const MAX_NOISE_INCREASES: i32 = 4;

/// The surrogate model of one proposal, with its acquisition function.
#[derive(Debug)]
pub(super) struct Surrogate<'a> {
    transform: OutputTransform,
    components: Vec<MixtureComponents>,
    feasibility: Option<FeasibilityModel>,
    acquisition: &'a dyn Acquisition,
    diagnostics: ModelDiagnostics,
    /// For each observation, whether its loss is too noisy to recommend the trial by it.
    is_too_noisy: Vec<bool>,
}

/// The components of the mixture for one draw of the hyperparameters, one per scenario.
#[derive(Debug)]
struct MixtureComponents {
    /// Weight of the draw; its scenarios have equal weights.
    weight: f64,
    scenarios: Scenarios,
    /// The incumbent in each scenario, M.
    incumbents: Array1<f64>,
}

impl<'a> Surrogate<'a> {
    /// Conditions on all observations, and then on imputed losses of the pending trials.
    ///
    /// The incumbent is the smallest transformed loss; for noisy losses it is the smallest
    /// posterior mean at an observed point. Imputed losses count, so that a proposal does not
    /// search where a pending trial already does.
    pub(super) fn new(
        history: &History<'_>,
        fitted: &FittedModel,
        acquisition: &'a dyn Acquisition,
        recipe: &Recipe,
        rng: &mut Rng,
    ) -> Result<Self, Error> {
        let losses: Vec<f64> = history.observations.iter().map(|o| o.loss).collect();
        let transform = fitted.loss_transform.fit(&losses);
        let transformed: Vec<f64> = losses.iter().map(|&loss| transform.apply(loss)).collect();
        let points: Vec<&UnitPoint> = history.observations.iter().map(|o| &o.point).collect();
        let known_variances: Vec<f64> =
            history.observations.iter().map(|o| known_noise(o, &transform)).collect();
        let features = Features::new(history.axes);
        let best = &fitted.draws[0].hyperparameters;
        let known_noise_ratio = median(&known_variances) / best.signal_variance;
        let learned_noise_ratio = noise_ratio(fitted);
        let feasibility = (infeasible(history).count() >= recipe.min_failures_to_model.max(1))
            .then(|| FeasibilityModel::new(history, &features, best))
            .transpose()?
            .flatten();

        let pending: Vec<&UnitPoint> = match recipe.pending_imputation {
            #[cfg(feature = "unstable")]
            PendingImputation::Ignored => Vec::new(),
            _ => history.pending.iter().map(|p| &p.point).collect(),
        };
        let is_noisy = fitted.noise == Noise::Present
            || learned_noise_ratio > MAX_INCUMBENT_NOISE
            || known_noise_ratio > MAX_INCUMBENT_NOISE;
        let measurements = Measurements::with_noise(&transformed, &known_variances);
        let normals = scenario_normals(recipe, is_noisy, pending.len(), rng);
        let (mut components, mut inflation) = (Vec::with_capacity(fitted.draws.len()), 1.0_f64);
        for draw in &fitted.draws {
            let (posterior, factor) =
                condition(&features, &draw.hyperparameters, &points, measurements)?;
            inflation = inflation.max(factor);
            let incumbent =
                incumbent(history, &posterior, &transformed, &known_variances, is_noisy);
            let scenarios = match &normals {
                Some(normals) => Scenarios::sampled(posterior, &pending, normals.view())?,
                None => Scenarios::kriging_believer(posterior, &pending)?,
            };
            let incumbents = scenarios.min_pending_losses().mapv(|pending| incumbent.min(pending));
            components.push(MixtureComponents { weight: draw.weight, scenarios, incumbents });
        }
        let diagnostics = ModelDiagnostics {
            observations: losses.len(),
            log_posterior: fitted.log_posterior,
            evaluations: fitted.evaluations,
            at_bounds: fitted.at_bounds,
            noise_ratio: learned_noise_ratio,
            noise_std_dev: noise_std_dev(fitted, &transform, &losses),
            noise_inflation: inflation,
            draws: components.len(),
        };
        let is_noise_large = recipe.noise == Noise::Present
            || known_noise_ratio > MAX_RECOMMENDATION_NOISE
            || learned_noise_ratio > MAX_RECOMMENDATION_NOISE;
        let observations = history.observations.iter().zip(&known_variances);
        let is_too_noisy =
            observations.map(|(observation, known_variance)| match observation.noise_variance {
                Some(_) => known_variance / best.signal_variance > MAX_RECOMMENDATION_NOISE,
                None => is_noise_large,
            });
        let is_too_noisy = is_too_noisy.collect();
        Ok(Self { transform, components, feasibility, acquisition, diagnostics, is_too_noisy })
    }

    pub(super) fn diagnostics(&self) -> ModelDiagnostics {
        self.diagnostics.clone()
    }

    pub(super) fn length_scales(&self) -> &[f64] {
        let process = self.components[0].scenarios.posterior().process();
        &process.hyperparameters().length_scales
    }

    /// Returns `true` if the maximum acquisition value is a negligible expected improvement.
    pub(super) fn has_converged(&self, max_acquisition: f64) -> bool {
        self.acquisition.is_logarithmic() && max_acquisition < CONVERGED_IMPROVEMENT.ln()
    }

    /// Lowers the incumbents, so that the acquisition function values large improvements only.
    pub(super) fn require_larger_improvement(&mut self) {
        for components in &mut self.components {
            components.incumbents -= EXPLORATION_IMPROVEMENT;
        }
    }

    pub(super) fn feasibility(&self) -> Option<&FeasibilityModel> {
        self.feasibility.as_ref()
    }

    /// Returns the posterior of a random draw of the hyperparameters, chosen by weight.
    pub(super) fn sample_posterior(&self, rng: &mut Rng) -> &Posterior {
        let mut remaining = rng.uniform();
        let drawn = self.components.iter().find(|components| {
            remaining -= components.weight;
            remaining < 0.0
        });
        drawn.unwrap_or(&self.components[0]).scenarios.posterior()
    }

    /// Returns points near which small losses are likely.
    ///
    /// These are the best twentieth of the observed points by posterior mean, at least 2 of them,
    /// and the pending points.
    pub(super) fn anchors(&self, history: &History<'_>) -> Vec<UnitPoint> {
        let points: Vec<&UnitPoint> = history.observations.iter().map(|o| &o.point).collect();
        let means = self.predict(&points).0;
        let count = (points.len() / 20).max(2);
        let best = ranking(&means).into_iter().take(count);
        best.map(|i| history.observations[i].point.clone())
            .chain(history.pending.iter().map(|pending| pending.point.clone()))
            .collect()
    }

    /// Returns the observed trial with the smallest loss.
    ///
    /// If a loss is too noisy, its posterior mean counts instead.
    pub(super) fn recommended_trial(&self, history: &History<'_>) -> TrialId {
        let points: Vec<&UnitPoint> = history.observations.iter().map(|o| &o.point).collect();
        let losses = history.observations.iter().map(|o| o.loss);
        let compared: Vec<f64> = if self.is_too_noisy.contains(&true) {
            let means = self.predict(&points).0;
            let candidates = losses.zip(means).zip(&self.is_too_noisy);
            candidates
                .map(
                    |((loss, mean), is_too_noisy)| {
                        if *is_too_noisy { mean } else { self.transform.apply(loss) }
                    },
                )
                .collect()
        } else {
            losses.collect()
        };
        history.observations[ranking(&compared)[0]].trial
    }

    /// Predicts the loss of a trial at `point`.
    pub(super) fn expectation(&self, point: &UnitPoint) -> Expectation {
        let (means, variances) = self.predict(std::slice::from_ref(point));
        let (mean, std_dev) = (means[0], variances[0].sqrt());
        Expectation {
            median: self.transform.invert(mean),
            low: self.transform.invert(mean - std_dev),
            high: self.transform.invert(mean + std_dev),
            acquisition: self.values(std::slice::from_ref(point))[0],
        }
    }

    /// Predicts means and variances of the mixture, in transformed losses.
    fn predict<P: AsRef<[f64]>>(&self, points: &[P]) -> (Vec<f64>, Vec<f64>) {
        let (mut mean, mut square) = (Array1::zeros(points.len()), Array1::zeros(points.len()));
        for MixtureComponents { weight, scenarios, .. } in &self.components {
            let (means, variance) = scenarios.predict(points);
            let share = weight / to_float(means.ncols());
            mean.scaled_add(share, &means.sum_axis(ndarray::Axis(1)));
            square.scaled_add(share, &means.mapv(|mean| mean * mean).sum_axis(ndarray::Axis(1)));
            square.scaled_add(*weight, &variance);
        }
        let variance = square.iter().zip(&mean).map(|(square, mean)| {
            let variance: f64 = square - mean * mean;
            variance.max(f64::MIN_POSITIVE)
        });
        let variance = variance.collect();
        (mean.to_vec(), variance)
    }

    /// Evaluates the acquisition function at one point in all components of the mixture.
    ///
    /// Returns the values with their shares q in the gradient, and the value of the mixture.
    fn evaluate_components(
        &self,
        predicted: &[(Array2<f64>, Array1<f64>)],
        point: usize,
    ) -> (Vec<(f64, AcquisitionValue)>, f64) {
        let draws = self.components.iter().zip(predicted);
        let evaluated = draws.flat_map(|(components, (means, variance))| {
            let std_dev = variance[point].sqrt();
            let weight = components.weight / to_float(means.ncols());
            let means = means.row(point).into_iter();
            means.zip(&components.incumbents).map(move |(mean, incumbent)| {
                (weight, self.acquisition.evaluate(*mean, std_dev, *incumbent))
            })
        });
        let mut values: Vec<(f64, AcquisitionValue)> = evaluated.collect();
        if let [(_, only)] = values[..] {
            return (vec![(1.0, only)], only.value);
        }
        if !self.acquisition.is_logarithmic() {
            let total = values.iter().map(|(weight, value)| weight * value.value).sum();
            return (values, total);
        }
        let max = values.iter().fold(f64::NEG_INFINITY, |max, (_, value)| max.max(value.value));
        if max == f64::NEG_INFINITY {
            return (values, max);
        }
        values.iter_mut().for_each(|(weight, value)| *weight *= (value.value - max).exp());
        let total: f64 = values.iter().map(|(share, _)| share).sum();
        values.iter_mut().for_each(|(share, _)| *share /= total);
        (values, max + total.ln())
    }
}

/// Returns the smallest transformed loss.
///
/// If a loss is too noisy, its posterior mean counts instead.
fn incumbent(
    history: &History<'_>,
    posterior: &Posterior,
    transformed: &[f64],
    known_variances: &[f64],
    is_noisy: bool,
) -> f64 {
    let signal = posterior.process().hyperparameters().signal_variance;
    let is_reliable = |i: &usize| match history.observations[*i].noise_variance {
        Some(_) => known_variances[*i] / signal <= MAX_INCUMBENT_NOISE,
        None => !is_noisy,
    };
    let mut indices = 0..transformed.len();
    if indices.clone().all(|i| is_reliable(&i)) {
        return minimum(transformed);
    }
    let points: Vec<&UnitPoint> = history.observations.iter().map(|o| &o.point).collect();
    let means = posterior.predict(&points).mean;
    minimum(indices.by_ref().map(|i| if is_reliable(&i) { &transformed[i] } else { &means[i] }))
}

/// Returns the ratio of noise to signal variance, σ² ⁄ s, averaged over the draws.
fn noise_ratio(fitted: &FittedModel) -> f64 {
    fitted.draws.iter().map(|draw| draw.weight * draw.hyperparameters.noise_ratio()).sum()
}

/// Returns the upper median. Unlike the mean, it does not depend on a single large value.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn minimum<'a>(values: impl IntoIterator<Item = &'a f64>) -> f64 {
    values.into_iter().copied().fold(f64::INFINITY, f64::min)
}

/// Returns the standard deviation of the noise at the median loss, in the unit of the losses.
fn noise_std_dev(fitted: &FittedModel, transform: &OutputTransform, losses: &[f64]) -> f64 {
    let noise = fitted.draws[0].hyperparameters.noise_variance.sqrt();
    noise / transform.derivative(median(losses)).max(f64::MIN_POSITIVE)
}

#[allow(clippy::cast_precision_loss, reason = "a count of scenarios")]
fn to_float(count: usize) -> f64 {
    count as f64
}

/// Conditions a process on losses, with more noise if the covariance cannot be factored.
///
/// Returns the posterior and the factor by which the noise was increased.
fn condition(
    features: &Features,
    hyperparameters: &Hyperparameters,
    points: &[&UnitPoint],
    losses: Measurements<'_>,
) -> Result<(Posterior, f64), Error> {
    let attempt = |factor: f64| {
        let noise_variance = factor * hyperparameters.noise_variance;
        let hyperparameters = Hyperparameters { noise_variance, ..hyperparameters.clone() };
        GaussianProcess::new(features.clone(), hyperparameters).condition(points, losses)
    };
    let mut conditioned = attempt(1.0);
    let mut factor = 1.0;
    for exponent in 1..=MAX_NOISE_INCREASES {
        if conditioned.is_ok() {
            break;
        }
        factor = 10.0_f64.powi(exponent);
        conditioned = attempt(factor);
    }
    Ok((conditioned?, factor))
}

/// Draws the standard normal numbers of the scenarios (M × p); `None` for the kriging believer.
///
/// The draws are antithetic: each comes with its negative, so that their mean is exactly 0.
fn scenario_normals(
    recipe: &Recipe,
    is_noisy: bool,
    pending_count: usize,
    rng: &mut Rng,
) -> Option<Array2<f64>> {
    let scenario_count = match pending_count {
        0 => return None,
        1..=2 => 16,
        3..=8 => 32,
        _ => 64,
    };
    let has_scenarios = match recipe.pending_imputation {
        PendingImputation::Automatic => is_noisy || pending_count > MAX_IMPUTED_BY_MEAN,
        PendingImputation::Fantasies => true,
        PendingImputation::KrigingBeliever => false,
        #[cfg(feature = "unstable")]
        PendingImputation::Ignored => false,
    };
    if !has_scenarios {
        return None;
    }
    let mut normals = Array2::zeros((scenario_count, pending_count));
    for row in 0..scenario_count / 2 {
        for column in 0..pending_count {
            let z = rng.normal();
            normals[[2 * row, column]] = z;
            normals[[2 * row + 1, column]] = -z;
        }
    }
    Some(normals)
}

impl BatchFunction for Surrogate<'_> {
    fn values(&self, points: &[UnitPoint]) -> Vec<f64> {
        let draws = self.components.iter();
        let predicted: Vec<_> =
            draws.map(|components| components.scenarios.predict(points)).collect();
        let mut values: Vec<f64> =
            (0..points.len()).map(|point| self.evaluate_components(&predicted, point).1).collect();
        if let Some(feasibility) = &self.feasibility {
            for (value, log) in values.iter_mut().zip(feasibility.log_probabilities(points)) {
                *value += log;
            }
        }
        values
    }

    fn values_and_gradients(&self, points: &[UnitPoint]) -> (Vec<f64>, Vec<Vec<f64>>) {
        let (predicted, terms): (Vec<_>, Vec<PredictionTerms>) = self
            .components
            .iter()
            .map(|components| components.scenarios.predict_with_terms(points))
            .map(|(means, variance, terms)| ((means, variance), terms))
            .unzip();
        let (mut values, evaluated): (Vec<f64>, Vec<Vec<(f64, AcquisitionValue)>>) = (0..points
            .len())
            .map(|point| self.evaluate_components(&predicted, point))
            .map(|(evaluated, value)| (value, evaluated))
            .unzip();
        let mut gradient = Array2::zeros((points.len(), 0));
        let mut first = 0;
        let draws = self.components.iter().zip(&predicted).zip(&terms);
        for ((components, (means, variance)), terms) in draws {
            let mut mean_rates = Array2::zeros(means.raw_dim());
            let mut variance_rates = Array1::zeros(points.len());
            for (point, evaluated) in evaluated.iter().enumerate() {
                let of_draw = &evaluated[first..first + means.ncols()];
                let std_dev = variance[point].sqrt();
                // Components without a share may have derivatives that are NaN.
                let contributing =
                    of_draw.iter().enumerate().filter(|(_, (share, _))| *share > 0.0);
                for (scenario, (share, value)) in contributing {
                    mean_rates[[point, scenario]] = share * value.mean_derivative;
                    variance_rates[point] += share * value.std_dev_derivative / (2.0 * std_dev);
                }
            }
            first += means.ncols();
            let draw_gradient =
                components.scenarios.gradient(terms, mean_rates.view(), variance_rates.view());
            gradient = if gradient.ncols() == 0 { draw_gradient } else { gradient + draw_gradient };
        }
        let mut gradients: Vec<Vec<f64>> =
            gradient.rows().into_iter().map(|row| row.to_vec()).collect();
        if let Some(feasibility) = &self.feasibility {
            feasibility.add_log_probabilities(points, &mut values, &mut gradients);
        }
        (values, gradients)
    }
}

#[cfg(test)]
mod tests;
