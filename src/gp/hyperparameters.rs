//! The hyperparameters of a Gaussian process.

use super::kernel::Kernel;
use super::warp::Warp;

/// The hyperparameters of a Gaussian process on a cube of d axes.
#[derive(Debug, Clone, PartialEq)]
pub struct Hyperparameters {
    /// Sets how the covariance falls with distance.
    pub kernel: Kernel,
    /// Length scales ℓ, one per axis (d), in units of the axis; those of constant axes are unused.
    pub length_scales: Vec<f64>,
    /// Signal variance s, in squared units of the transformed losses.
    pub signal_variance: f64,
    /// Noise variance σ², in squared units of the transformed losses.
    pub noise_variance: f64,
    /// Input warps, one per axis (d); those of categorical axes are unused.
    pub warps: Vec<Warp>,
}

impl Hyperparameters {
    /// Creates the hyperparameters of a Matérn-5⁄2 process without input warping.
    pub fn new(length_scales: Vec<f64>, signal_variance: f64, noise_variance: f64) -> Self {
        let warps = vec![Warp::IDENTITY; length_scales.len()];
        Self { kernel: Kernel::Matern52, length_scales, signal_variance, noise_variance, warps }
    }

    /// Returns the ratio of noise variance to signal variance, σ² ⁄ s.
    pub fn noise_ratio(&self) -> f64 {
        self.noise_variance / self.signal_variance
    }
}
