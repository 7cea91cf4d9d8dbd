//! Gaussian-process regression: the posterior of the loss function, given observed losses.
//!
//! | symbol | meaning | shape |
//! | --- | --- | --- |
//! | y | transformed losses at n observed points on d axes | n |
//! | ℓ | length scales, one per axis, shared by the columns of a category | d |
//! | s, σ² | signal variance, noise variance | – |
//! | R, K = s R + σ² I | correlations, covariance of the observations | n × n |
//! | c | constant mean, by generalized least squares | – |
//! | α = K⁻¹ (y − c 1) | weights | n |
//! | k, b = K⁻¹ k | covariances of a new point with observed ones, kriging weights | n, n |
//! | μ, v | mean and variance of the function, without noise, at a new point | – |
//!
//! Kernel (Matérn 5⁄2 by default; Rasmussen & Williams 2006, eq. 4.17), with t = √5 r:
//!
//! `k(x, x′) = s (1 + t + t²⁄3) e⁻ᵗ`,  `r² = Σⱼ (xⱼ − x′ⱼ)² ⁄ ℓⱼ²`,
//!
//! where a categorical axis contributes `[x ≠ x′] ⁄ ℓ²` to r².
//!
//! Measurements at the same point are merged (see `measurements`): the noise variance of the mean
//! of k measurements is σ² ⁄ k.
//!
//! Prediction (ordinary kriging; Rasmussen & Williams 2006, eq. 2.41 and 2.42 with a constant
//! basis):
//!
//! `μ = c + kᵀ α`,  `v = s − kᵀ b + (1 − 1ᵀ b)² ⁄ (1ᵀ K⁻¹ 1)`.
//!
//! The module works on points of the unit cube and on numbers. It does not depend on
//! configurations, goals or units of parameters.

mod kernel;
mod prior;
mod measurements;
mod output_transform;
mod warp;

mod hyperparameters;

mod features;

mod gaussian_process;

mod fit;

mod posterior;
mod inference;

mod sample_path;
mod scenarios;

pub use self::features::Features;
pub use self::fit::{Assumptions, Fit, Start, fit};
pub use self::gaussian_process::GaussianProcess;
pub use self::hyperparameters::Hyperparameters;
pub use self::inference::{Draw, HyperparameterInference};
pub use self::kernel::Kernel;
pub use self::measurements::Measurements;
pub use self::output_transform::OutputTransform;
pub use self::posterior::{Posterior, Prediction, PredictionGradients, PredictionTerms};
pub use self::prior::Noise;
pub use self::sample_path::SamplePath;
pub use self::scenarios::Scenarios;
pub use self::warp::Warp;

#[cfg(test)]
mod tests;
