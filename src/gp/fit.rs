//! Hyperparameters by maximum a posteriori: L-BFGS on the log marginal likelihood plus the log priors.
//!
//! | symbol | meaning | shape |
//! | --- | --- | --- |
//! | θ = (ln ℓ, ln s, ln σ², ln a, ln b) | logarithms of the hyperparameters of the searched axes; warps if they are fitted | p |
//! | y, k, c, α, K | as in [`gp`](super) and `sample`: means of replicates, K = s R + diag(σ² ⁄ k + τ²) | n, n, –, n, n × n |
//! | R | correlations | n × n |
//! | E | evidence: log marginal likelihood | – |
//! | M = α αᵀ − K⁻¹ | slope of the likelihood by K, twice | n × n |
//!
//! With the mean profiled out (its own slope is zero):
//!
//! `E = −½ (y − c 1)ᵀ α − ½ ln det K − n⁄2 ln 2π`  (Rasmussen & Williams 2006, eq. 2.30), and by eq. 5.9
//!
//! `∂E⁄∂ln s = ½ Σ M∘(sR)`,  `∂E⁄∂ln σ² = ½ Σ_a M_aa σ² ⁄ k_a`,  `∂E⁄∂ln ℓⱼ = ½ Σ_ab M_ab G_ab (x̃_aj − x̃_bj)²`,
//!
//! where x̃ is divided by ℓ and G is the slope of the covariance (see [`kernel`](super::kernel)). With W = M∘G and w = W 1, the last is
//! `Σ_a w_a x̃²_aj − Σ_a x̃_aj (W X̃)_aj`: one matrix product for all length scales. The same product gives the slopes by the warped
//! coordinates, `∂E⁄∂x_aj = −(w_a x̃_aj − (W X̃)_aj) ⁄ ℓⱼ`, and with them those by the exponents of the warps. Replicates add what
//! `sample` says.

use ndarray::{Array1, Array2, ArrayView1, Axis, Zip};
use rayon::prelude::*;

use super::features::{Features, SearchedAxis};
use super::hyperparameters::Hyperparameters;
use super::kernel::Kernel;
use super::prior::{Noise, Prior};
use super::process::GaussianProcess;
use super::sample::{Measured, Sample};
use super::warp::Warp;
use crate::lbfgs::{self, Lbfgs};
use crate::linalg::{self, Cholesky, vectorize};

/// ½ ln 2π.
const HALF_LN_2PI: f64 = 0.918_938_533_204_672_8;
/// From this many observations on, starts run on threads of their own.
const WORTH_A_THREAD: usize = 24;

/// What is assumed of the losses before any data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assumptions {
    /// How covariance falls with distance.
    pub kernel: Kernel,
    /// What is known of the noise.
    pub noise: Noise,
    /// Whether the axes of numbers may be bent.
    pub warping: bool,
    /// Whether length scales, variances and noise have the priors of this crate, or none but the box around them.
    pub priors: bool,
}

impl Default for Assumptions {
    fn default() -> Self {
        Self { kernel: Kernel::Matern52, noise: Noise::Unknown, warping: false, priors: true }
    }
}

/// The outcome of a fit.
#[derive(Debug, Clone)]
pub struct Fit {
    /// The process with the most probable hyperparameters found.
    pub process: GaussianProcess,
    /// Log marginal likelihood plus log priors there; `None` if no start gave a finite value.
    pub log_posterior: Option<f64>,
    /// The same without the prior of the noise: what is compared where it is to be decided whether there is any, because a prior that
    /// expects little noise would speak against much of it whatever the data say.
    pub log_evidence: Option<f64>,
    /// How often the likelihood was evaluated.
    pub evaluations: usize,
    /// How many hyperparameters ended at the edge of what is considered, the noise not counted.
    pub at_bounds: usize,
}

/// Where a fit starts.
#[derive(Debug, Clone, Copy)]
pub enum Start<'a> {
    /// From the priors' own start alone.
    Cold,
    /// From there and from these, which were the most probable ones of fewer data; the better end wins, the first on ties.
    Both(&'a Hyperparameters),
    /// From these alone.
    Warm(&'a Hyperparameters),
}

/// Fits hyperparameters to transformed losses (n) at `points` (n).
///
/// If no start gives a finite likelihood, the process has the priors' starting values and no `log_posterior`.
///
/// # Panics
/// If there are not as many losses as points.
pub fn fit<'a, P: AsRef<[f64]>>(
    features: &Features,
    points: &[P],
    losses: impl Into<Measured<'a>>,
    assumptions: Assumptions,
    start: Start<'_>,
) -> Fit {
    let target = Target::new(features, points, losses.into(), assumptions);
    let bounds: (Vec<f64>, Vec<f64>) = target.priors.iter().map(|prior| prior.bounds()).unzip();
    let default = target.default_start();
    let cold = (default.clone(), COLD);
    let runs = match start {
        Start::Cold => vec![cold],
        Start::Both(start) => vec![cold, (target.logarithms(start), WARM)],
        Start::Warm(start) => vec![(target.logarithms(start), WARM)],
    };
    let search = |(start, settings): &(Vec<f64>, lbfgs::Settings)| {
        let mut run = Lbfgs::new(*settings, start, bounds.0.clone(), bounds.1.clone());
        while let Some(theta) = run.ask() {
            let (value, gradient) = target.negative_log_posterior(theta);
            run.tell(value, &gradient);
        }
        run
    };
    let ends: Vec<Lbfgs> = if points.len() < WORTH_A_THREAD {
        runs.iter().map(search).collect()
    } else {
        runs.par_iter().map(search).collect()
    };
    let evaluations = ends.iter().map(Lbfgs::evaluations).sum();
    let best = ends.iter().filter_map(Lbfgs::best).reduce(|a, b| if b.1 < a.1 { b } else { a });
    let (theta, log_posterior) = match best {
        Some((theta, value)) => (theta.to_vec(), Some(-value)),
        None => (default, None),
    };
    let at_bounds = target.at_bounds(&theta);
    let log_evidence = log_posterior.map(|value| value - target.log_prior_of_noise(&theta));
    let process = GaussianProcess::new(features.clone(), target.hyperparameters(&theta));
    Fit { process, log_posterior, log_evidence, evaluations, at_bounds }
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

/// What a likelihood and its gradient have in common.
struct Factored {
    /// x̃, n × q.
    scaled: Array2<f64>,
    /// G on and above its diagonal, n × n.
    slopes: Array2<f64>,
    /// σ² ⁄ k + τ², n.
    noise: Array1<f64>,
    cholesky: Cholesky,
}

/// The function that a fit maximizes.
pub(super) struct Target<'a> {
    pub(super) features: &'a Features,
    rows: Array2<f64>,
    sample: Sample,
    kernel: Kernel,
    informed: bool,
    /// Axes whose warps are fitted, with their columns.
    warped: Vec<(usize, usize)>,
    /// In the order of θ: a length scale per searched axis, signal variance, noise variance, two exponents per warped axis.
    pub(super) priors: Vec<Prior>,
}

impl<'a> Target<'a> {
    pub(super) fn new<P: AsRef<[f64]>>(
        features: &'a Features,
        points: &[P],
        losses: Measured<'_>,
        assumptions: Assumptions,
    ) -> Self {
        let sample = Sample::new(points, losses);
        let mut priors = vec![features.length_scale_prior(); features.searched().len()];
        priors.extend([Prior::SignalVariance, Prior::NoiseVariance(assumptions.noise)]);
        let warped: Vec<(usize, usize)> =
            if assumptions.warping { features.bendable_columns().collect() } else { Vec::new() };
        priors.extend(warped.iter().flat_map(|_| [Prior::WarpExponent; 2]));
        Self {
            features,
            rows: features.rows(&sample.distinct(points)),
            sample,
            kernel: assumptions.kernel,
            informed: assumptions.priors,
            warped,
            priors,
        }
    }

    /// The priors' own start; where places were measured more than once, the noise starts at what they show.
    fn default_start(&self) -> Vec<f64> {
        let mut start: Vec<f64> = self.priors.iter().map(|prior| prior.start()).collect();
        let position = self.noise_position();
        if let Some(variance) = self.sample.pooled_variance().filter(|variance| *variance > 0.0) {
            let (least, greatest) = self.priors[position].bounds();
            start[position] = variance.ln().clamp(least, greatest);
        }
        start
    }

    fn noise_position(&self) -> usize {
        self.features.searched().len() + 1
    }

    fn log_prior_of_noise(&self, theta: &[f64]) -> f64 {
        let position = self.noise_position();
        if self.informed { self.priors[position].log_density(theta[position]).0 } else { 0.0 }
    }

    /// How many of θ lie at their bounds, besides the noise.
    fn at_bounds(&self, theta: &[f64]) -> usize {
        let noise = self.noise_position();
        let all = self.priors.iter().zip(theta).enumerate().filter(|(i, _)| *i != noise);
        all.filter(|(_, (prior, logarithm))| {
            let (least, greatest) = prior.bounds();
            **logarithm <= least || **logarithm >= greatest
        })
        .count()
    }

    pub(super) fn hyperparameters(&self, theta: &[f64]) -> Hyperparameters {
        let searched = self.features.searched();
        let mut length_scales = vec![1.0; self.features.axis_count()];
        for (axis, logarithm) in searched.iter().zip(theta) {
            length_scales[axis.index] = logarithm.exp();
        }
        let position = self.noise_position();
        let mut warps = vec![Warp::NONE; self.features.axis_count()];
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

    pub(super) fn logarithms(&self, hyperparameters: &Hyperparameters) -> Vec<f64> {
        let length = |axis: &SearchedAxis| hyperparameters.length_scales[axis.index].ln();
        let mut theta: Vec<f64> = self.features.searched().iter().map(length).collect();
        theta.push(hyperparameters.signal_variance.ln());
        theta.push(hyperparameters.noise_variance.ln());
        for &(_, axis) in &self.warped {
            let Warp { a, b } = hyperparameters.warps[axis];
            theta.extend([a.ln(), b.ln()]);
        }
        theta
    }

    /// Value and gradient; not a number where the covariance cannot be factored, which makes a line search step back.
    pub(super) fn negative_log_posterior(&self, theta: &[f64]) -> (f64, Vec<f64>) {
        let (mut value, mut gradient) = self.log_likelihood(&self.hyperparameters(theta));
        for ((prior, logarithm), slope) in self.priors.iter().zip(theta).zip(&mut gradient) {
            if self.informed {
                let (density, prior_slope) = prior.log_density(*logarithm);
                value += density;
                *slope += prior_slope;
            }
            *slope = -*slope;
        }
        (-value, gradient)
    }

    /// ln p(θ | y) up to a constant, at a third of the cost; not a number where the covariance cannot be factored.
    pub(super) fn log_posterior(&self, theta: &[f64]) -> f64 {
        let hyperparameters = self.hyperparameters(theta);
        let noise_variance = hyperparameters.noise_variance;
        let Some(Factored { cholesky, .. }) = self.factor(&hyperparameters) else {
            return f64::NAN;
        };
        let losses = self.sample.losses.view();
        let unit_weights = cholesky.solve(Array1::ones(losses.len()).view());
        let residual = &losses - generalized_mean(losses, unit_weights.view());
        let misfit = residual.dot(&cholesky.solve(residual.view()));
        let likelihood =
            log_density(misfit, &cholesky) + self.sample.log_density_within(noise_variance).0;
        if !self.informed {
            return likelihood;
        }
        let densities = self.priors.iter().zip(theta).map(|(prior, t)| prior.log_density(*t).0);
        likelihood + densities.sum::<f64>()
    }

    /// K and its factor; `None` where it cannot be factored.
    fn factor(&self, hyperparameters: &Hyperparameters) -> Option<Factored> {
        let Hyperparameters { kernel, signal_variance, noise_variance, .. } = hyperparameters;
        let scaled = self.features.scaled(self.rows.clone(), hyperparameters);
        let (mut covariance, slopes) =
            kernel.upper_self_covariances(scaled.view(), *signal_variance);
        let noise = self.sample.noise(*noise_variance);
        covariance.diag_mut().zip_mut_with(&noise, |entry, noise| *entry += noise);
        let cholesky = Cholesky::factor_upper(covariance).ok()?;
        Some(Factored { scaled, slopes, noise, cholesky })
    }

    /// E and its gradient by θ.
    fn log_likelihood(&self, hyperparameters: &Hyperparameters) -> (f64, Vec<f64>) {
        let noise_variance = hyperparameters.noise_variance;
        let Some(Factored { scaled, slopes, noise, cholesky }) = self.factor(hyperparameters)
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
        let (within, slope_within) = self.sample.log_density_within(noise_variance);
        let value = log_density(misfit, &cholesky) + within;

        // Σ_a M_aa of the noise of a.
        let by_variances = |noise: &Array1<f64>| {
            Zip::from(&alpha)
                .and(inverse.diag())
                .and(noise)
                .fold(0.0, |sum, alpha, inverse, noise| sum + (alpha * alpha - inverse) * noise)
        };
        let by_all_noise = by_variances(&noise);
        let by_noise = by_variances(&self.sample.shared_noise(noise_variance));
        let weighted = weigh(slopes, &alpha, &inverse);
        let pulls = pulls(&scaled, &weighted);
        let mut gradient = self.length_scale_gradient(&scaled, &pulls);
        // Σ M∘K = αᵀ K α − tr K⁻¹ K, and K α is the residual; the noise is not part of sR.
        gradient.push(0.5 * (misfit - count - by_all_noise));
        gradient.push(0.5 * by_noise + slope_within);
        self.add_warp_gradient(&mut gradient, &pulls, hyperparameters);
        (value, gradient)
    }

    /// `Σ_a x̃_aj (w_a x̃_aj − (W X̃)_aj)`, summed over the columns of an axis.
    fn length_scale_gradient(&self, scaled: &Array2<f64>, pulls: &Array2<f64>) -> Vec<f64> {
        let mut by_column = vec![0.0; scaled.ncols()];
        for (scaled, pulls) in scaled.rows().into_iter().zip(pulls.rows()) {
            for ((sum, scaled), pull) in by_column.iter_mut().zip(scaled).zip(pulls) {
                *sum += scaled * pull;
            }
        }
        let mut by_axis = vec![0.0; self.features.axis_count()];
        for (axis, sum) in self.features.axis_of_columns().zip(by_column) {
            by_axis[axis] += sum;
        }
        self.features.searched().iter().map(|axis| by_axis[axis.index]).collect()
    }

    fn add_warp_gradient(
        &self,
        gradient: &mut Vec<f64>,
        pulls: &Array2<f64>,
        hyperparameters: &Hyperparameters,
    ) {
        for &(column, axis) in &self.warped {
            let warp = hyperparameters.warps[axis];
            let (mut by_a, mut by_b) = (0.0, 0.0);
            for (row, pull) in self.rows.column(column).iter().zip(pulls.column(column)) {
                let (slope_a, slope_b) = warp.slopes_by_exponents(row + 0.5);
                by_a -= pull * slope_a;
                by_b -= pull * slope_b;
            }
            let length = hyperparameters.length_scales[axis];
            gradient.extend([by_a / length, by_b / length]);
        }
    }
}

/// `w_a x̃_aj − (W X̃)_aj`: n × q.
fn pulls(scaled: &Array2<f64>, weighted: &Array2<f64>) -> Array2<f64> {
    let mut pulls = linalg::product(weighted.view(), scaled.view());
    let rows = pulls.rows_mut().into_iter().zip(scaled.rows()).zip(weighted.rows());
    for ((mut pulls, scaled), weighted) in rows {
        let sum = weighted.sum();
        pulls.zip_mut_with(&scaled, |pull, x| *pull = x * sum - *pull);
    }
    pulls
}

/// E by eq. 2.30, where `misfit` = (y − c 1)ᵀ α.
pub(super) fn log_density(misfit: f64, cholesky: &Cholesky) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "a count of observations")]
    let count = cholesky.size() as f64;
    -0.5 * misfit - 0.5 * cholesky.log_determinant() - count * HALF_LN_2PI
}

/// W = M∘G with M = α αᵀ − K⁻¹, in the place of the slopes G, of which only what is on and above the diagonal is read.
fn weigh(mut slopes: Array2<f64>, alpha: &Array1<f64>, inverse: &Array2<f64>) -> Array2<f64> {
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
    linalg::mirror(&mut slopes);
    slopes
}

/// c = (1ᵀ K⁻¹ y) ⁄ (1ᵀ K⁻¹ 1), where `weights` = K⁻¹ 1.
pub(super) fn generalized_mean(losses: ArrayView1<'_, f64>, weights: ArrayView1<'_, f64>) -> f64 {
    weights.dot(&losses) / weights.sum()
}

#[cfg(test)]
mod tests;
