//! Fits hyperparameters by maximum a posteriori.
//!
//! L-BFGS maximizes the log marginal likelihood plus the log priors.
//!
//! | symbol | meaning | shape |
//! | --- | --- | --- |
//! | θ = (ln ℓ, ln s, ln σ², ln a, ln b) | logarithms of the fitted hyperparameters | p |
//! | y, c, α | means of replicates, mean and weights, as in [`gp`](super) | n, –, n |
//! | k, τ² | numbers of replicates, known noise variances, as in `measurements` | n, n |
//! | K = s R + diag(σ² ⁄ k + τ²) | covariance of the observations | n × n |
//! | R | correlations | n × n |
//! | E | evidence: log marginal likelihood | – |
//! | M = α αᵀ − K⁻¹ | twice the derivative of E with respect to K | n × n |
//!
//! θ has the length scales of varying axes only, and warps only if they are fitted. The mean c
//! maximizes E, so it does not contribute to the derivatives:
//!
//! `E = −½ (y − c 1)ᵀ α − ½ ln det K − n⁄2 ln 2π`  (Rasmussen & Williams 2006, eq. 2.30),
//!
//! and by eq. 5.9
//!
//! `∂E⁄∂ln s = ½ Σ M∘(sR)`,  `∂E⁄∂ln σ² = ½ Σ_a M_aa σ² ⁄ k_a`,
//! `∂E⁄∂ln ℓⱼ = ½ Σ_ab M_ab G_ab (x̃_aj − x̃_bj)²`,
//!
//! where x̃ is divided by ℓ and G is the slope of the covariance (see [`kernel`](super::kernel)).
//! With W = M∘G and w = W 1, the last derivative is `Σ_a w_a x̃²_aj − Σ_a x̃_aj (W X̃)_aj`: one
//! matrix product for all length scales. The same product gives the derivatives with respect to the
//! warped coordinates, `∂E⁄∂x_aj = −(w_a x̃_aj − (W X̃)_aj) ⁄ ℓⱼ`. The derivatives with respect to
//! the exponents of the warps follow by the chain rule. Replicates add the term that `measurements`
//! describes.

use ndarray::{Array1, Array2, ArrayView1, Axis, Zip};
use rayon::prelude::*;

use super::features::{Features, VaryingAxis};
use super::gaussian_process::GaussianProcess;
use super::hyperparameters::Hyperparameters;
use super::kernel::Kernel;
use super::measurements::{Measurements, MergedMeasurements};
use super::prior::{Noise, Prior};
use super::warp::Warp;
use crate::lbfgs::{self, Lbfgs};
use crate::linalg::{self, Cholesky, vectorize};

/// The constant ½ ln 2π.
const HALF_LN_2PI: f64 = 0.918_938_533_204_672_8;
/// From this number of observations on, the starts of a fit run in parallel.
const MIN_OBSERVATIONS_FOR_THREADS: usize = 24;

/// The assumptions of a fit about the losses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assumptions {
    /// The covariance function of the process.
    pub kernel: Kernel,
    /// Whether the losses are known to be noisy or noise-free.
    pub noise: Noise,
    /// Whether to fit warps of the numeric axes.
    pub warping: bool,
    /// Whether the hyperparameters have the priors of this crate; otherwise they have only bounds.
    pub priors: bool,
}

impl Default for Assumptions {
    /// Returns a Matérn 5⁄2 kernel and unknown noise, with priors and without warps.
    fn default() -> Self {
        Self { kernel: Kernel::Matern52, noise: Noise::Unknown, warping: false, priors: true }
    }
}

/// The result of a fit.
#[derive(Debug, Clone)]
pub struct Fit {
    /// The process with the fitted hyperparameters.
    pub process: GaussianProcess,
    /// Log marginal likelihood plus log priors of these hyperparameters; `None` if no start gave a
    /// finite value.
    pub log_posterior: Option<f64>,
    /// The log posterior without the log prior of the noise variance.
    ///
    /// Decisions between kinds of noise compare this value. A prior that expects little noise
    /// would otherwise penalize large noise regardless of the data.
    pub log_evidence: Option<f64>,
    /// Number of evaluations of the likelihood.
    pub evaluations: usize,
    /// Number of hyperparameters that ended at a bound, the noise variance not counted.
    pub at_bounds: usize,
}

/// The starting values of a fit.
#[derive(Debug, Clone, Copy)]
pub enum Start<'a> {
    /// Starts from the typical values of the priors.
    Cold,
    /// Starts from the typical values and from these hyperparameters, and takes the better result.
    ///
    /// The hyperparameters were the optimum for fewer data. On ties, the result of the typical
    /// values wins.
    Both(&'a Hyperparameters),
    /// Starts from these hyperparameters only.
    Warm(&'a Hyperparameters),
}

/// Fits hyperparameters to transformed losses (n) at `points` (n).
///
/// If no start gives a finite likelihood, the process has the typical values of the priors and
/// `log_posterior` is `None`.
///
/// # Panics
/// Panics unless there are as many losses as points.
pub fn fit<'a, P: AsRef<[f64]>>(
    features: &Features,
    points: &[P],
    losses: impl Into<Measurements<'a>>,
    assumptions: Assumptions,
    start: Start<'_>,
) -> Fit {
    let objective = FitObjective::new(features, points, losses.into(), assumptions);
    let bounds: (Vec<f64>, Vec<f64>) = objective.priors.iter().map(|prior| prior.bounds()).unzip();
    let default = objective.initial_theta();
    let cold = (default.clone(), COLD_SETTINGS);
    let runs = match start {
        Start::Cold => vec![cold],
        Start::Both(start) => vec![cold, (objective.to_theta(start), WARM_SETTINGS)],
        Start::Warm(start) => vec![(objective.to_theta(start), WARM_SETTINGS)],
    };
    let search = |(start, settings): &(Vec<f64>, lbfgs::Settings)| {
        let mut run = Lbfgs::new(*settings, start, bounds.0.clone(), bounds.1.clone());
        while let Some(theta) = run.ask() {
            let (value, gradient) = objective.negative_log_posterior(theta);
            run.tell(value, &gradient);
        }
        run
    };
    let finished_runs: Vec<Lbfgs> = if points.len() < MIN_OBSERVATIONS_FOR_THREADS {
        runs.iter().map(search).collect()
    } else {
        runs.par_iter().map(search).collect()
    };
    let evaluations = finished_runs.iter().map(Lbfgs::evaluations).sum();
    let results = finished_runs.iter().filter_map(Lbfgs::best);
    let best = results.reduce(|a, b| if b.1 < a.1 { b } else { a });
    let (theta, log_posterior) = match best {
        Some((theta, value)) => (theta.to_vec(), Some(-value)),
        None => (default, None),
    };
    let at_bounds = objective.at_bounds(&theta);
    let log_evidence = log_posterior.map(|value| value - objective.log_prior_of_noise(&theta));
    let process = GaussianProcess::new(features.clone(), objective.hyperparameters(&theta));
    Fit { process, log_posterior, log_evidence, evaluations, at_bounds }
}

/// Settings of L-BFGS for a start from the typical values of the priors.
const COLD_SETTINGS: lbfgs::Settings = lbfgs::Settings {
    gradient_tolerance: 1e-2,
    relative_tolerance: 1e-7,
    max_evaluations: 60,
    max_first_step: 1.0,
};
/// Settings of L-BFGS for a start from the optimum for fewer data.
const WARM_SETTINGS: lbfgs::Settings =
    lbfgs::Settings { max_evaluations: 30, max_first_step: 0.3, ..COLD_SETTINGS };

/// The factored covariance, which the likelihood and its gradient share.
struct FactoredCovariance {
    /// Scaled features x̃, n × q.
    scaled: Array2<f64>,
    /// Slopes G, n × n; entries below the diagonal are unspecified.
    slopes: Array2<f64>,
    /// Noise variances σ² ⁄ k + τ², n.
    noise: Array1<f64>,
    cholesky: Cholesky,
}

/// The function that a fit maximizes.
pub(super) struct FitObjective<'a> {
    pub(super) features: &'a Features,
    rows: Array2<f64>,
    sample: MergedMeasurements,
    kernel: Kernel,
    uses_priors: bool,
    /// Axes whose warps are fitted, with their columns.
    warped: Vec<(usize, usize)>,
    /// Priors in the order of θ: a length scale per varying axis, the signal variance, the noise
    /// variance, and two exponents per warped axis.
    pub(super) priors: Vec<Prior>,
}

impl<'a> FitObjective<'a> {
    pub(super) fn new<P: AsRef<[f64]>>(
        features: &'a Features,
        points: &[P],
        losses: Measurements<'_>,
        assumptions: Assumptions,
    ) -> Self {
        let sample = MergedMeasurements::new(points, losses);
        let mut priors = vec![features.length_scale_prior(); features.varying_axes().len()];
        priors.extend([Prior::SignalVariance, Prior::NoiseVariance(assumptions.noise)]);
        let warped: Vec<(usize, usize)> =
            if assumptions.warping { features.warpable_columns().collect() } else { Vec::new() };
        priors.extend(warped.iter().flat_map(|_| [Prior::WarpExponent; 2]));
        Self {
            features,
            rows: features.rows(&sample.distinct(points)),
            sample,
            kernel: assumptions.kernel,
            uses_priors: assumptions.priors,
            warped,
            priors,
        }
    }

    /// Returns the typical values of the priors, as a starting value of θ.
    ///
    /// If points were measured repeatedly, the noise variance starts at the pooled variance of
    /// these measurements.
    fn initial_theta(&self) -> Vec<f64> {
        let mut start: Vec<f64> = self.priors.iter().map(|prior| prior.start()).collect();
        let position = self.noise_index();
        if let Some(variance) = self.sample.pooled_variance().filter(|variance| *variance > 0.0) {
            let (low, high) = self.priors[position].bounds();
            start[position] = variance.ln().clamp(low, high);
        }
        start
    }

    fn noise_index(&self) -> usize {
        self.features.varying_axes().len() + 1
    }

    fn log_prior_of_noise(&self, theta: &[f64]) -> f64 {
        let position = self.noise_index();
        if self.uses_priors { self.priors[position].log_density(theta[position]).0 } else { 0.0 }
    }

    /// Returns how many components of θ lie at a bound, the noise variance not counted.
    fn at_bounds(&self, theta: &[f64]) -> usize {
        let noise = self.noise_index();
        let components = self.priors.iter().zip(theta).enumerate().filter(|(i, _)| *i != noise);
        components
            .filter(|(_, (prior, logarithm))| {
                let (low, high) = prior.bounds();
                **logarithm <= low || **logarithm >= high
            })
            .count()
    }

    pub(super) fn hyperparameters(&self, theta: &[f64]) -> Hyperparameters {
        let varying_axes = self.features.varying_axes();
        let mut length_scales = vec![1.0; self.features.axis_count()];
        for (axis, logarithm) in varying_axes.iter().zip(theta) {
            length_scales[axis.index] = logarithm.exp();
        }
        let position = self.noise_index();
        let mut warps = vec![Warp::IDENTITY; self.features.axis_count()];
        for ((_, axis), exponents) in self.warped.iter().zip(theta[position + 1..].chunks(2)) {
            warps[*axis] = Warp { a: exponents[0].exp(), b: exponents[1].exp() };
        }
        Hyperparameters {
            kernel: self.kernel,
            length_scales,
            signal_variance: theta[position - 1].exp(),
            noise_variance: theta[position].exp(),
            warps,
        }
    }

    pub(super) fn to_theta(&self, hyperparameters: &Hyperparameters) -> Vec<f64> {
        let length = |axis: &VaryingAxis| hyperparameters.length_scales[axis.index].ln();
        let mut theta: Vec<f64> = self.features.varying_axes().iter().map(length).collect();
        theta.push(hyperparameters.signal_variance.ln());
        theta.push(hyperparameters.noise_variance.ln());
        for &(_, axis) in &self.warped {
            let Warp { a, b } = hyperparameters.warps[axis];
            theta.extend([a.ln(), b.ln()]);
        }
        theta
    }

    /// Returns −ln p(θ | y), up to a constant, and its gradient with respect to θ (p).
    ///
    /// The value is NaN if the covariance cannot be factored: a line search then backtracks.
    pub(super) fn negative_log_posterior(&self, theta: &[f64]) -> (f64, Vec<f64>) {
        let (mut value, mut gradient) = self.log_likelihood(&self.hyperparameters(theta));
        for ((prior, logarithm), derivative) in self.priors.iter().zip(theta).zip(&mut gradient) {
            if self.uses_priors {
                let (density, prior_derivative) = prior.log_density(*logarithm);
                value += density;
                *derivative += prior_derivative;
            }
            *derivative = -*derivative;
        }
        (-value, gradient)
    }

    /// Returns ln p(θ | y) up to a constant, without its gradient, at a third of the cost.
    ///
    /// The value is NaN if the covariance cannot be factored.
    pub(super) fn log_posterior(&self, theta: &[f64]) -> f64 {
        let hyperparameters = self.hyperparameters(theta);
        let noise_variance = hyperparameters.noise_variance;
        let Some(FactoredCovariance { cholesky, .. }) = self.factor(&hyperparameters) else {
            return f64::NAN;
        };
        let losses = self.sample.losses.view();
        let unit_weights = cholesky.solve(Array1::ones(losses.len()).view());
        let residual = &losses - generalized_mean(losses, unit_weights.view());
        let misfit = residual.dot(&cholesky.solve(residual.view()));
        let likelihood =
            log_density(misfit, &cholesky) + self.sample.replicate_log_density(noise_variance).0;
        if !self.uses_priors {
            return likelihood;
        }
        let densities = self.priors.iter().zip(theta).map(|(prior, t)| prior.log_density(*t).0);
        likelihood + densities.sum::<f64>()
    }

    /// Builds K and factors it; `None` if it cannot be factored.
    fn factor(&self, hyperparameters: &Hyperparameters) -> Option<FactoredCovariance> {
        let Hyperparameters { kernel, signal_variance, noise_variance, .. } = hyperparameters;
        let scaled = self.features.scale(self.rows.clone(), hyperparameters);
        let (mut covariance, slopes) =
            kernel.upper_self_covariances(scaled.view(), *signal_variance);
        let noise = self.sample.noise(*noise_variance);
        covariance.diag_mut().zip_mut_with(&noise, |entry, noise| *entry += noise);
        let cholesky = Cholesky::factor_upper(covariance).ok()?;
        Some(FactoredCovariance { scaled, slopes, noise, cholesky })
    }

    /// Returns the evidence E and its gradient with respect to θ (p).
    fn log_likelihood(&self, hyperparameters: &Hyperparameters) -> (f64, Vec<f64>) {
        let noise_variance = hyperparameters.noise_variance;
        let Some(FactoredCovariance { scaled, slopes, noise, cholesky }) =
            self.factor(hyperparameters)
        else {
            return (f64::NAN, vec![0.0; self.priors.len()]);
        };
        let inverse = cholesky.inverse();
        let losses = self.sample.losses.view();
        let unit_weights = inverse.sum_axis(Axis(1));
        let residual = &losses - generalized_mean(losses, unit_weights.view());
        let alpha = cholesky.solve(residual.view());
        #[allow(clippy::cast_precision_loss, reason = "a count of observations")]
        let count = losses.len() as f64;
        let misfit = residual.dot(&alpha);
        let (replicates, replicate_derivative) = self.sample.replicate_log_density(noise_variance);
        let value = log_density(misfit, &cholesky) + replicates;

        // Σ_a M_aa times the noise of observation a.
        let noise_derivative = |noise: &Array1<f64>| {
            Zip::from(&alpha)
                .and(inverse.diag())
                .and(noise)
                .fold(0.0, |sum, alpha, inverse, noise| sum + (alpha * alpha - inverse) * noise)
        };
        let all_noise_derivative = noise_derivative(&noise);
        let shared_noise_derivative = noise_derivative(&self.sample.shared_noise(noise_variance));
        let weighted = weight_slopes(slopes, &alpha, &inverse);
        let row_terms = row_terms(&scaled, &weighted);
        let mut gradient = self.length_scale_gradient(&scaled, &row_terms);
        // Σ M∘K = αᵀ K α − tr K⁻¹ K, where K α is the residual. Only the noise is not part of sR.
        gradient.push(0.5 * (misfit - count - all_noise_derivative));
        gradient.push(0.5 * shared_noise_derivative + replicate_derivative);
        self.add_warp_gradient(&mut gradient, &row_terms, hyperparameters);
        (value, gradient)
    }

    /// Returns `Σ_a x̃_aj (w_a x̃_aj − (W X̃)_aj)`, summed over the columns of each axis.
    fn length_scale_gradient(&self, scaled: &Array2<f64>, row_terms: &Array2<f64>) -> Vec<f64> {
        let mut by_column = vec![0.0; scaled.ncols()];
        for (scaled, row_terms) in scaled.rows().into_iter().zip(row_terms.rows()) {
            for ((sum, scaled), term) in by_column.iter_mut().zip(scaled).zip(row_terms) {
                *sum += scaled * term;
            }
        }
        let mut by_axis = vec![0.0; self.features.axis_count()];
        for (axis, sum) in self.features.column_axes().zip(by_column) {
            by_axis[axis] += sum;
        }
        self.features.varying_axes().iter().map(|axis| by_axis[axis.index]).collect()
    }

    /// Appends the derivatives of E with respect to the logarithms of the exponents of the warps.
    fn add_warp_gradient(
        &self,
        gradient: &mut Vec<f64>,
        row_terms: &Array2<f64>,
        hyperparameters: &Hyperparameters,
    ) {
        for &(column, axis) in &self.warped {
            let warp = hyperparameters.warps[axis];
            let (mut sum_a, mut sum_b) = (0.0, 0.0);
            for (value, term) in self.rows.column(column).iter().zip(row_terms.column(column)) {
                let (derivative_a, derivative_b) = warp.exponent_derivatives(value + 0.5);
                sum_a -= term * derivative_a;
                sum_b -= term * derivative_b;
            }
            let length = hyperparameters.length_scales[axis];
            gradient.extend([sum_a / length, sum_b / length]);
        }
    }
}

/// Returns `w_a x̃_aj − (W X̃)_aj`, n × q.
fn row_terms(scaled: &Array2<f64>, weighted: &Array2<f64>) -> Array2<f64> {
    let mut row_terms = linalg::product(weighted.view(), scaled.view());
    let rows = row_terms.rows_mut().into_iter().zip(scaled.rows()).zip(weighted.rows());
    for ((mut row_terms, scaled), weighted) in rows {
        let sum = weighted.sum();
        row_terms.zip_mut_with(&scaled, |term, x| *term = x * sum - *term);
    }
    row_terms
}

/// Returns the evidence E by eq. 2.30, where `misfit` = (y − c 1)ᵀ α.
pub(super) fn log_density(misfit: f64, cholesky: &Cholesky) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "a count of observations")]
    let count = cholesky.size() as f64;
    -0.5 * misfit - 0.5 * cholesky.log_determinant() - count * HALF_LN_2PI
}

/// Replaces the slopes G by W = M∘G with M = α αᵀ − K⁻¹.
///
/// It reads only the entries of G on and above the diagonal.
fn weight_slopes(
    mut slopes: Array2<f64>,
    alpha: &Array1<f64>,
    inverse: &Array2<f64>,
) -> Array2<f64> {
    let alpha = alpha.as_slice().expect("a vector is contiguous");
    let rows = slopes.rows_mut().into_iter().zip(inverse.rows());
    for (a, (slopes, inverse)) in rows.enumerate() {
        let slopes = &mut slopes.into_slice().expect("rows are contiguous")[a..];
        let inverse = &inverse.to_slice().expect("rows are contiguous")[a..];
        let (alpha_a, alpha) = (alpha[a], &alpha[a..]);
        vectorize(
            #[inline(always)]
            || {
                for ((slope, inverse), alpha_b) in slopes.iter_mut().zip(inverse).zip(alpha) {
                    *slope *= alpha_a * alpha_b - inverse;
                }
            },
        );
    }
    linalg::symmetrize(&mut slopes);
    slopes
}

/// Returns the mean c = (1ᵀ K⁻¹ y) ⁄ (1ᵀ K⁻¹ 1), where `weights` = K⁻¹ 1.
pub(super) fn generalized_mean(losses: ArrayView1<'_, f64>, weights: ArrayView1<'_, f64>) -> f64 {
    weights.dot(&losses) / weights.sum()
}

#[cfg(test)]
mod tests;
