//! The Gaussian-process prior over functions on the cube.

use super::features::Features;
use super::hyperparameters::Hyperparameters;

/// A Gaussian-process prior over functions on the cube.
///
/// [`condition`](Self::condition) turns it into a [`Posterior`](crate::gp::Posterior).
#[derive(Debug, Clone)]
pub struct GaussianProcess {
    pub(super) features: Features,
    pub(super) hyperparameters: Hyperparameters,
}

impl GaussianProcess {
    /// Creates a process on the cube of `features` with these hyperparameters.
    ///
    /// # Panics
    /// Panics unless there are one positive length scale and one warp per axis, and both variances
    /// are positive.
    pub fn new(features: Features, hyperparameters: Hyperparameters) -> Self {
        assert_eq!(hyperparameters.length_scales.len(), features.axis_count(), "one ℓ per axis");
        assert_eq!(hyperparameters.warps.len(), features.axis_count(), "one warp per axis");
        let Hyperparameters { length_scales, signal_variance, noise_variance, .. } =
            &hyperparameters;
        assert!(length_scales.iter().all(|l| *l > 0.0), "length scales are positive");
        assert!(*signal_variance > 0.0 && *noise_variance > 0.0, "variances are positive");
        Self { features, hyperparameters }
    }

    /// Returns the map from points to rows of features.
    pub fn features(&self) -> &Features {
        &self.features
    }

    /// Returns the hyperparameters of the process.
    pub fn hyperparameters(&self) -> &Hyperparameters {
        &self.hyperparameters
    }
}
