//! Gaussian-process regression: what is believed of the loss everywhere, given what was observed somewhere.
//!
//! | symbol | meaning | shape |
//! | --- | --- | --- |
//! | y | transformed losses at n observed points of d axes | n |
//! | ℓ | length scales, one per axis, shared by the columns of a category | d |
//! | s, σ² | signal variance, noise variance | – |
//! | K = s R + σ² I | covariance of the observations | n × n |
//! | c | constant mean, by generalized least squares | – |
//! | α = K⁻¹ (y − c 1) | weights | n |
//! | k, b = K⁻¹ k | covariances of a new point with the observed ones, and what it takes from each | n, n |
//! | μ, v | mean and variance of the function, without noise, at a new point | – |
//!
//! Kernel (Matérn 5⁄2 unless another is chosen; Rasmussen & Williams 2006, eq. 4.17), with t = √5 r:
//!
//! `k(x, x′) = s (1 + t + t²⁄3) e⁻ᵗ`,  `r² = Σⱼ (xⱼ − x′ⱼ)² ⁄ ℓⱼ²` where a category contributes `[x ≠ x′] ⁄ ℓ²`.
//!
//! Measurements of the same place are merged (see `sample`): their mean has the noise σ² ⁄ k.
//!
//! Prediction (ordinary kriging; Rasmussen & Williams 2006, eq. 2.41 and 2.42 with a constant basis):
//!
//! `μ = c + kᵀ α`,  `v = s − kᵀ b + (1 − 1ᵀ b)² ⁄ (1ᵀ K⁻¹ 1)`.
//!
//! The module knows the cube and numbers; it has never heard of configurations, goals or units.

mod features;
mod fit;
mod kernel;
mod path;
mod posterior;
mod prior;
mod sample;
mod scenarios;
mod transform;
mod uncertainty;
mod warp;

pub use self::features::Features;
pub use self::fit::{Assumptions, Fit, Start, fit};
pub use self::kernel::Kernel;
pub use self::path::SamplePath;
pub use self::posterior::{Local, Posterior, Prediction, PredictionGradients};
pub use self::prior::Noise;
pub use self::sample::Measured;
pub use self::scenarios::Scenarios;
pub use self::transform::OutputTransform;
pub use self::uncertainty::{Draw, Uncertainty};
pub use self::warp::Warp;

/// What a Gaussian process needs to know besides data.
#[derive(Debug, Clone, PartialEq)]
pub struct Hyperparameters {
    /// How covariance falls with distance.
    pub kernel: Kernel,
    /// ℓ, one per axis, in units of the axis; those of constant axes mean nothing.
    pub length_scales: Vec<f64>,
    /// s, in squared units of the transformed losses.
    pub signal_variance: f64,
    /// σ², in squared units of the transformed losses.
    pub noise_variance: f64,
    /// How axes of numbers are bent, one per axis; those of categories mean nothing.
    pub warps: Vec<Warp>,
}

impl Hyperparameters {
    /// Those of a Matérn-5⁄2 process on axes as they are.
    pub fn new(length_scales: Vec<f64>, signal_variance: f64, noise_variance: f64) -> Self {
        let warps = vec![Warp::NONE; length_scales.len()];
        Self { kernel: Kernel::Matern52, length_scales, signal_variance, noise_variance, warps }
    }

    /// σ² ⁄ s: how much noise there is by how much signal.
    pub fn noise_share(&self) -> f64 {
        self.noise_variance / self.signal_variance
    }
}

/// A prior over functions on the cube; it becomes a [`Posterior`] by conditioning on data.
#[derive(Debug, Clone)]
pub struct GaussianProcess {
    features: Features,
    hyperparameters: Hyperparameters,
}

impl GaussianProcess {
    /// A process on the cube of `features` with these hyperparameters.
    ///
    /// # Panics
    /// If there is not one positive length scale per axis, or a variance is not positive.
    pub fn new(features: Features, hyperparameters: Hyperparameters) -> Self {
        assert_eq!(hyperparameters.length_scales.len(), features.axis_count(), "one ℓ per axis");
        assert_eq!(hyperparameters.warps.len(), features.axis_count(), "one warp per axis");
        let Hyperparameters { length_scales, signal_variance, noise_variance, .. } =
            &hyperparameters;
        assert!(length_scales.iter().all(|l| *l > 0.0), "length scales are positive");
        assert!(*signal_variance > 0.0 && *noise_variance > 0.0, "variances are positive");
        Self { features, hyperparameters }
    }

    /// The map from points to rows of features.
    pub fn features(&self) -> &Features {
        &self.features
    }

    /// The hyperparameters.
    pub fn hyperparameters(&self) -> &Hyperparameters {
        &self.hyperparameters
    }
}

#[cfg(test)]
mod tests;
