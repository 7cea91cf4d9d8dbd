//! Draws hyperparameters from their posterior, for a mixture of Gaussian processes.
//!
//! | symbol | meaning | shape |
//! | --- | --- | --- |
//! | θ, θ̂ | logarithms of the hyperparameters; their posterior mode | p |
//! | H | second derivatives of the negative log posterior at θ̂ | p × p |
//! | Λ = H + τ I, C = Λ⁻¹ = R Rᵀ | precision and covariance of the normal approximation | p × p |
//! | z | standard normal numbers | p |
//!
//! **Laplace.** θ = θ̂ + R z for hyperparameters that are not fixed. Draws outside of the bounds
//! are repeated. Weights are p(θ) ⁄ q(θ), where q is the density of the approximation; they are
//! clipped at 4 times their mean (Rue, Martino & Chopin 2009 integrate in a similar way). The
//! Hessian takes 2 p gradients.
//!
//! **Slice sampling** (Neal 2003) starts at θ̂ and moves along random directions, with unit width
//! and stepping out. The first 250 steps are discarded, then every fifth is kept, as Amazon
//! SageMaker does (Perrone et al. 2021, "Amazon SageMaker automatic model tuning: scalable
//! gradient-free optimization").
//!
//! The number of fitted losses selects the random stream: the same data give the same draws.

use serde::{Deserialize, Serialize};

use ndarray::{Array1, Array2};

use super::features::Features;
use super::fit::Assumptions;
use super::fit::FitObjective;
use super::hyperparameters::Hyperparameters;
use super::measurements::Measurements;
use crate::linalg::Cholesky;
use crate::rng::Rng;

/// Selects how hyperparameters are inferred: by their posterior mode, or by posterior draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HyperparameterInference {
    /// Uses the posterior mode only; this is the fastest.
    #[serde(rename = "most_probable")]
    MaximumAPosteriori,
    /// Averages over the posterior mode and draws from a normal approximation around it.
    Laplace {
        /// Number of draws, besides the mode.
        draws: usize,
    },
    /// Averages over draws of a Markov chain. This needs hundreds of likelihood evaluations.
    SliceSampling {
        /// Number of draws that are kept; SageMaker keeps 10.
        draws: usize,
    },
}

/// Drawn hyperparameters with their weight in a mixture.
#[derive(Debug, Clone, PartialEq)]
pub struct Draw {
    /// Weight of the draw; the weights of all draws add up to 1.
    pub weight: f64,
    /// The drawn hyperparameters of the process.
    pub hyperparameters: Hyperparameters,
}

/// Minimum precision τ of a logarithm: the approximation's standard deviation is at most 2.
const MIN_PRECISION: f64 = 0.25;
/// Step of the central differences of gradients for the Hessian.
const DIFFERENCE_STEP: f64 = 0.02;
/// Maximum weight as a multiple of the mean weight; larger weights are clipped.
const MAX_RELATIVE_WEIGHT: f64 = 4.0;
/// Minimum weight as a share of the mean weight; draws with smaller weights are dropped.
const MIN_RELATIVE_WEIGHT: f64 = 1e-2;
/// Maximum number of attempts per draw, on average; draws outside of the bounds are repeated.
const ATTEMPTS_PER_DRAW: usize = 4;
/// Maximum logarithm of a weight, so that none overflows.
const MAX_LOG_WEIGHT: f64 = 50.0;
/// Number of steps at the start of the chain that are discarded.
const BURN_IN: usize = 250;
/// Number of steps of the chain from one kept draw to the next.
const THINNING: usize = 5;
/// Maximum number of steps out on either side, and of attempts to draw from a slice.
const MAX_STEPS: usize = 200;

impl HyperparameterInference {
    /// Draws hyperparameters; `best` is their posterior mode for the same data and assumptions.
    ///
    /// If sampling fails, the mode is the only draw. Slice sampling does not return the mode.
    pub(crate) fn draws<'a, P: AsRef<[f64]>>(
        self,
        features: &Features,
        points: &[P],
        losses: impl Into<Measurements<'a>>,
        assumptions: Assumptions,
        best: &Hyperparameters,
    ) -> Vec<Draw> {
        let mode_only = || vec![Draw { weight: 1.0, hyperparameters: best.clone() }];
        let losses = losses.into();
        let objective = || FitObjective::new(features, points, losses, assumptions);
        let mut rng = Rng::stream(0x5AB0_57A7, points.len() as u64);
        match self {
            Self::Laplace { draws } if draws > 0 => {
                let objective = objective();
                let mode = objective.to_theta(best);
                laplace(&objective, &mode, draws, &mut rng).unwrap_or_else(mode_only)
            }
            Self::SliceSampling { draws } if draws > 0 => {
                let objective = objective();
                slice_sample(&objective, objective.to_theta(best), draws, &mut rng)
            }
            _ => mode_only(),
        }
    }
}

/// Draws from the Laplace approximation; `None` if it does not exist.
fn laplace(
    objective: &FitObjective<'_>,
    mode: &[f64],
    count: usize,
    rng: &mut Rng,
) -> Option<Vec<Draw>> {
    let bounds: Vec<(f64, f64)> = objective.priors.iter().map(|prior| prior.bounds()).collect();
    // Fixed hyperparameters are not drawn and do not enter the density.
    let free: Vec<usize> = (0..mode.len()).filter(|&i| bounds[i].0 < bounds[i].1).collect();
    let root = root_of_covariance(&hessian(objective, mode, &free)?)?;
    let best = objective.log_posterior(mode);
    let mut weighted = vec![(1.0, mode.to_vec())];
    for _ in 0..ATTEMPTS_PER_DRAW * count {
        if weighted.len() > count {
            break;
        }
        let z = Array1::from_shape_fn(free.len(), |_| rng.normal());
        let mut theta = mode.to_vec();
        for (&i, step) in free.iter().zip(&root.dot(&z)) {
            theta[i] += step;
        }
        let is_inside = free.iter().all(|&i| bounds[i].0 <= theta[i] && theta[i] <= bounds[i].1);
        let log_weight = objective.log_posterior(&theta) - best + 0.5 * z.dot(&z);
        if is_inside && log_weight.is_finite() {
            weighted.push((log_weight.min(MAX_LOG_WEIGHT).exp(), theta));
        }
    }
    #[allow(clippy::cast_precision_loss, reason = "a count of draws")]
    let mean = weighted.iter().map(|(weight, _)| weight).sum::<f64>() / weighted.len() as f64;
    weighted.iter_mut().for_each(|(weight, _)| *weight = weight.min(MAX_RELATIVE_WEIGHT * mean));
    weighted.retain(|(weight, _)| *weight >= MIN_RELATIVE_WEIGHT * mean);
    let total: f64 = weighted.iter().map(|(weight, _)| weight).sum();
    let draws = weighted.into_iter().map(|(weight, theta)| Draw {
        weight: weight / total,
        hyperparameters: objective.hyperparameters(&theta),
    });
    Some(draws.collect())
}

/// Computes H of the free hyperparameters by central differences of gradients.
fn hessian(objective: &FitObjective<'_>, mode: &[f64], free: &[usize]) -> Option<Array2<f64>> {
    let mut hessian = Array2::zeros((free.len(), free.len()));
    for (row, &i) in free.iter().enumerate() {
        let shifted = |step: f64| {
            let mut theta = mode.to_vec();
            theta[i] += step;
            objective.negative_log_posterior(&theta)
        };
        let ((value_above, gradient_above), (value_below, gradient_below)) =
            (shifted(DIFFERENCE_STEP), shifted(-DIFFERENCE_STEP));
        if !(value_above.is_finite() && value_below.is_finite()) {
            return None;
        }
        for (column, &j) in free.iter().enumerate() {
            let second_derivative =
                (gradient_above[j] - gradient_below[j]) / (2.0 * DIFFERENCE_STEP);
            hessian[[row, column]] += 0.5 * second_derivative;
            hessian[[column, row]] += 0.5 * second_derivative;
        }
    }
    Some(hessian)
}

/// Computes R with the smallest of eight values of τ for which Λ is positive definite.
///
/// Returns `None` if there is no such value.
fn root_of_covariance(hessian: &Array2<f64>) -> Option<Array2<f64>> {
    let precisions = std::iter::successors(Some(MIN_PRECISION), |tau| Some(4.0 * tau));
    precisions.take(8).find_map(|tau| {
        let mut precision = hessian.clone();
        precision.diag_mut().map_inplace(|entry| *entry += tau);
        let covariance = Cholesky::factor(&precision).ok()?.inverse();
        Some(Cholesky::factor(&covariance).ok()?.lower().to_owned())
    })
}

fn slice_sample(
    objective: &FitObjective<'_>,
    start: Vec<f64>,
    count: usize,
    rng: &mut Rng,
) -> Vec<Draw> {
    let bounds: Vec<(f64, f64)> = objective.priors.iter().map(|prior| prior.bounds()).collect();
    let log_density = |theta: &[f64]| {
        let is_inside = theta.iter().zip(&bounds).all(|(t, (low, high))| low <= t && t <= high);
        // A covariance that cannot be factored gives NaN, which is rejected like −∞.
        if is_inside { objective.log_posterior(theta) } else { f64::NEG_INFINITY }
    };
    // Directions are zero along fixed hyperparameters.
    let free: Vec<f64> = bounds.iter().map(|(low, high)| f64::from(u8::from(low < high))).collect();
    let mut theta = start;
    let mut kept = Vec::with_capacity(count);
    for step in 1..=BURN_IN + THINNING * count {
        let direction: Vec<f64> = free.iter().map(|free| free * rng.normal()).collect();
        theta = slice_step(&log_density, theta, &direction, rng);
        if step > BURN_IN && (step - BURN_IN).is_multiple_of(THINNING) {
            kept.push(objective.hyperparameters(&theta));
        }
    }
    #[allow(clippy::cast_precision_loss, reason = "a count of draws")]
    let weight = 1.0 / kept.len() as f64;
    kept.into_iter().map(|hyperparameters| Draw { weight, hyperparameters }).collect()
}

/// Makes one step along a direction (Neal 2003, figures 3 and 5).
fn slice_step(
    log_density: &dyn Fn(&[f64]) -> f64,
    theta: Vec<f64>,
    direction: &[f64],
    rng: &mut Rng,
) -> Vec<f64> {
    let length = direction.iter().map(|d| d * d).sum::<f64>().sqrt();
    if length == 0.0 {
        return theta;
    }
    let point_at = |step: f64| -> Vec<f64> {
        theta.iter().zip(direction).map(|(t, d)| t + step * d / length).collect()
    };
    let level = log_density(&theta) + (1.0 - rng.uniform()).ln();
    let is_in_slice = |step: f64| log_density(&point_at(step)) > level;
    let mut low = -rng.uniform();
    let mut high = low + 1.0;
    for _ in 0..MAX_STEPS {
        if !is_in_slice(low) {
            break;
        }
        low -= 1.0;
    }
    for _ in 0..MAX_STEPS {
        if !is_in_slice(high) {
            break;
        }
        high += 1.0;
    }
    for _ in 0..MAX_STEPS {
        let step = low + (high - low) * rng.uniform();
        if is_in_slice(step) {
            return point_at(step);
        }
        if step < 0.0 {
            low = step;
        } else {
            high = step;
        }
    }
    theta
}

#[cfg(test)]
mod tests;
