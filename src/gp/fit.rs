//! Hyperparameters by maximum a posteriori: L-BFGS on the log marginal likelihood plus the log priors.
//!
//! | symbol | meaning | shape |
//! | --- | --- | --- |
//! | θ = (ln ℓ, ln s, ln σ²) | logarithms of the hyperparameters of the searched axes | p |
//! | y, c, α, K | as in [`gp`](super) | n, –, n, n × n |
//! | R | correlations: K = s R + σ² I | n × n |
//! | E | evidence: log marginal likelihood | – |
//! | M = α αᵀ − K⁻¹ | slope of the likelihood by K, twice | n × n |
//!
//! With the mean profiled out (its own slope is zero):
//!
//! `E = −½ (y − c 1)ᵀ α − ½ ln det K − n⁄2 ln 2π`  (Rasmussen & Williams 2006, eq. 2.30), and by eq. 5.9
//!
//! `∂E⁄∂ln s = ½ Σ M∘(sR)`,  `∂E⁄∂ln σ² = ½ σ² tr M`,  `∂E⁄∂ln ℓⱼ = ½ Σ_ab M_ab G_ab (x̃_aj − x̃_bj)²`,
//!
//! where x̃ is divided by ℓ and G is the slope of the covariance (see [`kernel`](super::kernel)). With W = M∘G and w = W 1, the last is
//! `Σ_a w_a x̃²_aj − Σ_a x̃_aj (W X̃)_aj`: one matrix product for all length scales.

use ndarray::{Array1, Array2, ArrayView1, Zip};
use rayon::prelude::*;

use super::features::Features;
use super::kernel;
use super::prior::Prior;
use super::{GaussianProcess, Hyperparameters};
use crate::lbfgs::{self, Lbfgs};
use crate::linalg::{self, Cholesky, vectorize};

/// ½ ln 2π.
const HALF_LN_2PI: f64 = 0.918_938_533_204_672_8;
/// From this many observations on, starts run on threads of their own.
const WORTH_A_THREAD: usize = 60;

/// The outcome of a fit.
#[derive(Debug, Clone)]
pub struct Fit {
    /// The process with the most probable hyperparameters found.
    pub process: GaussianProcess,
    /// Log marginal likelihood plus log priors there; `None` if no start gave a finite value.
    pub log_posterior: Option<f64>,
}

/// Fits hyperparameters to transformed losses (n) at `points` (n), starting from the priors' own start and from each of
/// `starts`; the best end wins, the earlier one on ties.
///
/// If no start gives a finite likelihood, the process has the priors' starting values and no `log_posterior`.
///
/// # Panics
/// If there are not as many losses as points.
pub fn fit<P: AsRef<[f64]>>(
    features: &Features,
    points: &[P],
    losses: &[f64],
    starts: &[Hyperparameters],
) -> Fit {
    assert_eq!(points.len(), losses.len(), "one loss per point");
    let target = Target::new(features, points, losses);
    let bounds: (Vec<f64>, Vec<f64>) = target.priors.iter().map(|prior| prior.bounds()).unzip();
    let default: Vec<f64> = target.priors.iter().map(|prior| prior.start()).collect();
    let mut runs = vec![(default.clone(), COLD)];
    runs.extend(starts.iter().map(|start| (target.logarithms(start), WARM)));
    let search = |(start, settings): &(Vec<f64>, lbfgs::Settings)| {
        let run = Lbfgs::new(*settings, start, bounds.0.clone(), bounds.1.clone());
        lbfgs::minimize(run, |theta| target.negative_log_posterior(theta))
    };
    let ends: Vec<_> = if losses.len() < WORTH_A_THREAD {
        runs.iter().map(search).collect()
    } else {
        runs.par_iter().map(search).collect()
    };
    let best = ends.into_iter().flatten().reduce(|a, b| if b.1 < a.1 { b } else { a });
    let (theta, log_posterior) = match best {
        Some((theta, value)) => (theta, Some(-value)),
        None => (default, None),
    };
    let process = GaussianProcess::new(features.clone(), target.hyperparameters(&theta));
    Fit { process, log_posterior }
}

/// A start of which nothing is known.
const COLD: lbfgs::Settings = lbfgs::Settings {
    gradient_tolerance: 1e-2,
    relative_gain: 1e-7,
    max_evaluations: 60,
    first_step: 1.0,
};
/// A start that was the optimum for fewer data.
const WARM: lbfgs::Settings = lbfgs::Settings { max_evaluations: 30, first_step: 0.3, ..COLD };

/// The function that a fit maximizes.
struct Target<'a> {
    features: &'a Features,
    rows: Array2<f64>,
    losses: Array1<f64>,
    /// In the order of θ: a length scale per searched axis, signal variance, noise variance.
    priors: Vec<Prior>,
}

impl<'a> Target<'a> {
    fn new<P: AsRef<[f64]>>(features: &'a Features, points: &[P], losses: &[f64]) -> Self {
        let searched = features.searched();
        let mut priors: Vec<Prior> = searched
            .iter()
            .map(|axis| Prior::length_scale(searched.len(), axis.is_category))
            .collect();
        priors.extend([Prior::SignalVariance, Prior::NoiseVariance]);
        let losses = Array1::from(losses.to_vec());
        Self { features, rows: features.rows(points), losses, priors }
    }

    fn hyperparameters(&self, theta: &[f64]) -> Hyperparameters {
        let searched = self.features.searched();
        let mut length_scales = vec![1.0; self.features.axis_count()];
        for (axis, logarithm) in searched.iter().zip(theta) {
            length_scales[axis.index] = logarithm.exp();
        }
        Hyperparameters {
            length_scales,
            signal_variance: theta[searched.len()].exp(),
            noise_variance: theta[searched.len() + 1].exp(),
        }
    }

    fn logarithms(&self, hyperparameters: &Hyperparameters) -> Vec<f64> {
        let searched = self.features.searched().iter();
        let mut theta: Vec<f64> =
            searched.map(|axis| hyperparameters.length_scales[axis.index].ln()).collect();
        theta.push(hyperparameters.signal_variance.ln());
        theta.push(hyperparameters.noise_variance.ln());
        theta
    }

    /// Value and gradient; not a number where the covariance cannot be factored, which makes a line search step back.
    fn negative_log_posterior(&self, theta: &[f64]) -> (f64, Vec<f64>) {
        let (mut value, mut gradient) = self.log_likelihood(&self.hyperparameters(theta));
        for ((prior, logarithm), slope) in self.priors.iter().zip(theta).zip(&mut gradient) {
            let (density, prior_slope) = prior.log_density(*logarithm);
            value += density;
            *slope = -(*slope + prior_slope);
        }
        (-value, gradient)
    }

    /// E and its gradient by θ.
    fn log_likelihood(&self, hyperparameters: &Hyperparameters) -> (f64, Vec<f64>) {
        let Hyperparameters { length_scales, signal_variance, noise_variance } = hyperparameters;
        let scaled = self.features.scaled(self.rows.clone(), length_scales);
        let (mut covariance, slopes) = kernel::self_covariances(scaled.view(), *signal_variance);
        covariance.diag_mut().map_inplace(|entry| *entry += noise_variance);
        let Ok(cholesky) = Cholesky::factor(&covariance) else {
            return (f64::NAN, vec![0.0; self.priors.len()]);
        };
        let inverse = cholesky.inverse();
        let unit_weights = inverse.sum_axis(ndarray::Axis(1));
        let residual = &self.losses - generalized_mean(self.losses.view(), unit_weights.view());
        let alpha = cholesky.solve(residual.view());
        #[allow(clippy::cast_precision_loss, reason = "a count of observations")]
        let count = self.losses.len() as f64;
        let misfit = residual.dot(&alpha);
        let value = log_density(misfit, &cholesky);

        let trace = alpha.dot(&alpha) - inverse.diag().sum();
        let mut gradient = self.length_scale_gradient(&scaled, &weigh(slopes, &alpha, &inverse));
        // Σ M∘K = αᵀ K α − tr K⁻¹ K, and K α is the residual; the noise is not part of sR.
        gradient.push(0.5 * (misfit - count - noise_variance * trace));
        gradient.push(0.5 * noise_variance * trace);
        (value, gradient)
    }

    fn length_scale_gradient(&self, scaled: &Array2<f64>, weighted: &Array2<f64>) -> Vec<f64> {
        let sums = weighted.sum_axis(ndarray::Axis(1));
        let products = linalg::product(weighted.view(), scaled.view());
        let mut by_axis = vec![0.0; self.features.axis_count()];
        for (column, axis) in self.features.axis_of_columns().enumerate() {
            by_axis[axis] += Zip::from(scaled.column(column))
                .and(products.column(column))
                .and(&sums)
                .fold(0.0, |total, x, product, sum| total + x * (sum * x - product));
        }
        self.features.searched().iter().map(|axis| by_axis[axis.index]).collect()
    }
}

/// E by eq. 2.30, where `misfit` = (y − c 1)ᵀ α.
pub(super) fn log_density(misfit: f64, cholesky: &Cholesky) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "a count of observations")]
    let count = cholesky.size() as f64;
    -0.5 * misfit - 0.5 * cholesky.log_determinant() - count * HALF_LN_2PI
}

/// W = M∘G with M = α αᵀ − K⁻¹, in the place of the slopes G.
fn weigh(mut slopes: Array2<f64>, alpha: &Array1<f64>, inverse: &Array2<f64>) -> Array2<f64> {
    let alpha = alpha.as_slice().expect("a vector is contiguous");
    let rows = slopes.rows_mut().into_iter().zip(inverse.rows());
    for ((slopes, inverse), alpha_a) in rows.zip(alpha) {
        let slopes = slopes.into_slice().expect("rows are contiguous");
        let inverse = inverse.to_slice().expect("rows are contiguous");
        vectorize(
            #[inline(always)]
            || {
                for ((slope, inverse), alpha_b) in slopes.iter_mut().zip(inverse).zip(alpha) {
                    *slope *= alpha_a * alpha_b - inverse;
                }
            },
        );
    }
    slopes
}

/// c = (1ᵀ K⁻¹ y) ⁄ (1ᵀ K⁻¹ 1), where `weights` = K⁻¹ 1.
pub(super) fn generalized_mean(losses: ArrayView1<'_, f64>, weights: ArrayView1<'_, f64>) -> f64 {
    weights.dot(&losses) / weights.sum()
}

#[cfg(test)]
mod tests;
