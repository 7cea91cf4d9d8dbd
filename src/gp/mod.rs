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

mod kernel;
mod prior;
mod sample;
mod transform;
mod warp;

mod hyperparameters;

mod features;

mod process;

mod fit;

mod posterior;
mod uncertainty;

mod path;
mod scenarios;

pub use self::features::Features;
pub use self::fit::{Assumptions, Fit, Start, fit};
pub use self::hyperparameters::Hyperparameters;
pub use self::kernel::Kernel;
pub use self::path::SamplePath;
pub use self::posterior::{Local, Posterior, Prediction, PredictionGradients};
pub use self::prior::Noise;
pub use self::process::GaussianProcess;
pub use self::sample::Measured;
pub use self::scenarios::Scenarios;
pub use self::transform::OutputTransform;
pub use self::uncertainty::{Draw, Uncertainty};
pub use self::warp::Warp;

#[cfg(test)]
mod tests;
