//! The hyperparameters of a Gaussian process.

use super::kernel::Kernel;
use super::warp::Warp;

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
