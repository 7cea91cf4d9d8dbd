//! Hyperparameters are not known either: draws from what is believed of them, for a mixture of processes.
//!
//! | symbol | meaning | shape |
//! | --- | --- | --- |
//! | θ, θ̂ | logarithms of the hyperparameters; the most probable ones | p |
//! | H | second derivatives of the negative log posterior at θ̂ | p × p |
//! | Λ = H + τ I, C = Λ⁻¹ = R Rᵀ | precision and covariance of the normal approximation | p × p |
//! | z | standard normal numbers | p |
//!
//! **Laplace.** θ = θ̂ + R z for what is not fixed, drawn again if it lies outside of the box, weighted by p(θ) ⁄ q(θ) with the approximation's density q, no weight more
//! than 4 times the mean (Rue, Martino & Chopin 2009 integrate in this spirit). One Hessian from 2 p gradients.
//!
//! **Slice sampling** (Neal 2003), along random directions, of unit width, stepping out, from θ̂: 250 steps are forgotten, then
//! every fifth is kept. So does Amazon SageMaker (Perrone et al. 2021, "Amazon SageMaker automatic model tuning: scalable
//! gradient-free optimization").
//!
//! The random numbers are those of a stream of the number of losses that are fitted: the same data give the same draws.

use serde::{Deserialize, Serialize};

use ndarray::{Array1, Array2};

use super::features::Features;
use super::fit::Assumptions;
use super::fit::Target;
use super::hyperparameters::Hyperparameters;
use super::sample::Measured;
use crate::linalg::Cholesky;
use crate::rng::Rng;

/// How much of what is believed of the hyperparameters counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Uncertainty {
    /// The most probable ones alone.
    MostProbable,
    /// The most probable ones, and draws from a normal approximation around them.
    Laplace {
        /// How many.
        draws: usize,
    },
    /// Draws by a Markov chain, without any approximation; hundreds of likelihoods.
    SliceSampling {
        /// How many are kept; 10 at SageMaker.
        draws: usize,
    },
}

/// Hyperparameters, and how much they count.
#[derive(Debug, Clone, PartialEq)]
pub struct Draw {
    /// The weights of all draws add up to 1.
    pub weight: f64,
    /// The hyperparameters.
    pub hyperparameters: Hyperparameters,
}

/// Least precision of a logarithm: beyond a deviation of 2, the approximation is not believed.
const LEAST_PRECISION: f64 = 0.25;
/// Step of the differences that make the Hessian.
const STEP: f64 = 0.02;
/// No weight is more than so many times the mean one.
const CLIP: f64 = 4.0;
/// Draws that weigh less than this share of the mean weight are left out.
const NEGLIGIBLE: f64 = 1e-2;
/// Draws that lie outside of the box are drawn again, so many times each on average.
const ATTEMPTS: usize = 4;
/// Largest logarithm of a weight, so that none overflows.
const LARGEST: f64 = 50.0;
/// Steps of the chain that are forgotten, and steps per draw that is kept.
const BURN_IN: usize = 250;
const THINNING: usize = 5;
/// Stepping out stops after so many widths on either side.
const FARTHEST: usize = 200;

impl Uncertainty {
    /// Draws of the hyperparameters, given the most probable ones for the same data and assumptions. Where sampling fails, those
    /// alone. (Of slice sampling, they are not among the draws.)
    pub(crate) fn draws<'a, P: AsRef<[f64]>>(
        self,
        features: &Features,
        points: &[P],
        losses: impl Into<Measured<'a>>,
        assumptions: Assumptions,
        best: &Hyperparameters,
    ) -> Vec<Draw> {
        let alone = || vec![Draw { weight: 1.0, hyperparameters: best.clone() }];
        let losses = losses.into();
        let target = || Target::new(features, points, losses, assumptions);
        let mut rng = Rng::stream(0x5AB0_57A7, points.len() as u64);
        match self {
            Self::Laplace { draws } if draws > 0 => {
                let target = target();
                laplace(&target, &target.logarithms(best), draws, &mut rng).unwrap_or_else(alone)
            }
            Self::SliceSampling { draws } if draws > 0 => {
                let target = target();
                slice_sample(&target, target.logarithms(best), draws, &mut rng)
            }
            _ => alone(),
        }
    }
}

/// `None` if no normal approximation exists.
fn laplace(target: &Target<'_>, mode: &[f64], count: usize, rng: &mut Rng) -> Option<Vec<Draw>> {
    let bounds: Vec<(f64, f64)> = target.priors.iter().map(|prior| prior.bounds()).collect();
    // What is fixed is not drawn, and has no part in the density of what is.
    let free: Vec<usize> = (0..mode.len()).filter(|&i| bounds[i].0 < bounds[i].1).collect();
    let root = root_of_covariance(&hessian(target, mode, &free)?)?;
    let best = target.log_posterior(mode);
    let mut found = vec![(1.0, mode.to_vec())];
    for _ in 0..ATTEMPTS * count {
        if found.len() > count {
            break;
        }
        let z = Array1::from_shape_fn(free.len(), |_| rng.normal());
        let mut theta = mode.to_vec();
        for (&i, step) in free.iter().zip(&root.dot(&z)) {
            theta[i] += step;
        }
        let inside = free.iter().all(|&i| bounds[i].0 <= theta[i] && theta[i] <= bounds[i].1);
        let logarithm = target.log_posterior(&theta) - best + 0.5 * z.dot(&z);
        if inside && logarithm.is_finite() {
            found.push((logarithm.min(LARGEST).exp(), theta));
        }
    }
    #[allow(clippy::cast_precision_loss, reason = "a count of draws")]
    let mean = found.iter().map(|(weight, _)| weight).sum::<f64>() / found.len() as f64;
    found.iter_mut().for_each(|(weight, _)| *weight = weight.min(CLIP * mean));
    found.retain(|(weight, _)| *weight >= NEGLIGIBLE * mean);
    let total: f64 = found.iter().map(|(weight, _)| weight).sum();
    let draws = found.into_iter().map(|(weight, theta)| Draw {
        weight: weight / total,
        hyperparameters: target.hyperparameters(&theta),
    });
    Some(draws.collect())
}

/// H of the free hyperparameters by central differences of gradients.
fn hessian(target: &Target<'_>, mode: &[f64], free: &[usize]) -> Option<Array2<f64>> {
    let mut hessian = Array2::zeros((free.len(), free.len()));
    for (row, &i) in free.iter().enumerate() {
        let shifted = |step: f64| {
            let mut theta = mode.to_vec();
            theta[i] += step;
            target.negative_log_posterior(&theta)
        };
        let ((up, rise), (down, fall)) = (shifted(STEP), shifted(-STEP));
        if !(up.is_finite() && down.is_finite()) {
            return None;
        }
        for (column, &j) in free.iter().enumerate() {
            let second = (rise[j] - fall[j]) / (2.0 * STEP);
            hessian[[row, column]] += 0.5 * second;
            hessian[[column, row]] += 0.5 * second;
        }
    }
    Some(hessian)
}

/// R, with the least τ of a ladder for which Λ is positive definite.
fn root_of_covariance(hessian: &Array2<f64>) -> Option<Array2<f64>> {
    let ladder = std::iter::successors(Some(LEAST_PRECISION), |tau| Some(4.0 * tau));
    ladder.take(8).find_map(|tau| {
        let mut precision = hessian.clone();
        precision.diag_mut().map_inplace(|entry| *entry += tau);
        let covariance = Cholesky::factor(&precision).ok()?.inverse();
        Some(Cholesky::factor(&covariance).ok()?.lower().to_owned())
    })
}

fn slice_sample(target: &Target<'_>, start: Vec<f64>, count: usize, rng: &mut Rng) -> Vec<Draw> {
    let bounds: Vec<(f64, f64)> = target.priors.iter().map(|prior| prior.bounds()).collect();
    let density = |theta: &[f64]| {
        let inside = theta.iter().zip(&bounds).all(|(t, (low, high))| low <= t && t <= high);
        // What cannot be factored is not a number, and as impossible as what lies outside.
        if inside { target.log_posterior(theta) } else { f64::NEG_INFINITY }
    };
    // What is fixed does not move.
    let free: Vec<f64> = bounds.iter().map(|(low, high)| f64::from(u8::from(low < high))).collect();
    let mut theta = start;
    let mut kept = Vec::with_capacity(count);
    for step in 1..=BURN_IN + THINNING * count {
        let direction: Vec<f64> = free.iter().map(|free| free * rng.normal()).collect();
        theta = slice_step(&density, theta, &direction, rng);
        if step > BURN_IN && (step - BURN_IN).is_multiple_of(THINNING) {
            kept.push(target.hyperparameters(&theta));
        }
    }
    #[allow(clippy::cast_precision_loss, reason = "a count of draws")]
    let weight = 1.0 / kept.len() as f64;
    kept.into_iter().map(|hyperparameters| Draw { weight, hyperparameters }).collect()
}

/// One step along a direction: Neal 2003, figures 3 and 5.
fn slice_step(
    density: &dyn Fn(&[f64]) -> f64,
    theta: Vec<f64>,
    direction: &[f64],
    rng: &mut Rng,
) -> Vec<f64> {
    let length = direction.iter().map(|d| d * d).sum::<f64>().sqrt();
    if length == 0.0 {
        return theta;
    }
    let at = |step: f64| -> Vec<f64> {
        theta.iter().zip(direction).map(|(t, d)| t + step * d / length).collect()
    };
    let level = density(&theta) + (1.0 - rng.uniform()).ln();
    let above = |step: f64| density(&at(step)) > level;
    let mut low = -rng.uniform();
    let mut high = low + 1.0;
    for _ in 0..FARTHEST {
        if !above(low) {
            break;
        }
        low -= 1.0;
    }
    for _ in 0..FARTHEST {
        if !above(high) {
            break;
        }
        high += 1.0;
    }
    for _ in 0..FARTHEST {
        let step = low + (high - low) * rng.uniform();
        if above(step) {
            return at(step);
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
