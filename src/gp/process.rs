//! The Gaussian process.

use super::features::Features;
use super::hyperparameters::Hyperparameters;

/// A prior over functions on the cube; it becomes a [`Posterior`](crate::gp::Posterior) by conditioning on data.
#[derive(Debug, Clone)]
pub struct GaussianProcess {
    pub(super) features: Features,
    pub(super) hyperparameters: Hyperparameters,
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
