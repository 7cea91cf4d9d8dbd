//! Priors of the hyperparameters: log densities, derivatives, bounds and starting values.
//!
//! The functions take the logarithm of a hyperparameter, and return log densities up to a constant.
//! The densities are over the hyperparameter itself, not over its logarithm: the maximum is that of
//! Gamma(2, 1) over s.
//!
//! No other numbers of the model are as debatable; therefore they are in a separate file.
//!
//! | hyperparameter | log prior | bounds | start |
//! | --- | --- | --- | --- |
//! | length scale ℓ | −0.2 cosh(2 ln(ℓ ⁄ ℓ₀)): flat near ℓ₀, steep far off | [0.02, 30] ℓ₀ | ℓ₀ |
//! | signal variance s | Gamma(2, 1): ln s − s | [0.01, 100] | 1 |
//! | noise σ² for [`Noise::Unknown`] | Gamma(1.1, 30): 0.1 ln σ² − 30 σ² | [10⁻⁶, 1] | 10⁻³ |
//! | σ² for [`Noise::Present`] | −(ln σ² − ln 10⁻²)² ⁄ 8 | [10⁻⁵, 2] | 10⁻² |
//! | σ² for [`Noise::Absent`] | – | 10⁻⁶ | 10⁻⁶ |
//! | exponents of a warp a, b | −(ln a)² ⁄ (2 · 0.3²) | [⅓, 3] | 1 |
//!
//! ℓ₀ = max(1, √(D ⁄ 2)), where D is the mean squared distance of two random points if all length
//! scales are 1. D is the sum of ⅙ for each numeric axis and 1 − 1⁄m for each axis of m categories.
//! With d numeric axes, ℓ₀ = max(1, √(d ⁄ 12)). The scaling keeps the correlation of two random
//! points from vanishing in spaces of many parameters. The shapes of the first three priors are
//! those of Optuna's Gaussian process. Losses are standardized.

use serde::{Deserialize, Serialize};

/// The noise of losses: whether repeated trials of one configuration give different losses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Noise {
    /// It is unknown; the model infers the noise from the losses. This is the default.
    #[default]
    Unknown,
    /// There is no noise: repeated trials of a configuration give the same loss.
    Absent,
    /// There is noise; the model estimates its variance.
    Present,
}

/// The prior of one hyperparameter, as a function of its logarithm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Prior {
    /// The prior of a length scale ℓ, with its typical value ℓ₀.
    LengthScale { typical: f64 },
    /// The prior of the signal variance s.
    SignalVariance,
    /// The prior of the noise variance σ².
    NoiseVariance(Noise),
    /// The prior of an exponent a or b of a warp.
    WarpExponent,
}

/// Factor of the cosh penalty on length scales.
const LENGTH_SCALE_PENALTY: f64 = 0.2;
/// Noise variance of exact losses: it absorbs rounding and the misfit of the model.
const MIN_NOISE_VARIANCE: f64 = 1e-6;
/// Prior standard deviation of ln a and ln b.
const LOG_EXPONENT_STD_DEV: f64 = 0.3;

impl Prior {
    /// Creates the prior of length scales from the mean squared distance D of two random points.
    pub(super) fn length_scale(mean_squared_distance: f64) -> Self {
        Self::LengthScale { typical: (0.5 * mean_squared_distance).sqrt().max(1.0) }
    }

    /// Returns the log density, and its derivative with respect to the logarithm.
    pub(super) fn log_density(self, logarithm: f64) -> (f64, f64) {
        let value = logarithm.exp();
        match self {
            Self::LengthScale { typical } => {
                let u = 2.0 * (logarithm - typical.ln());
                (-LENGTH_SCALE_PENALTY * u.cosh(), -2.0 * LENGTH_SCALE_PENALTY * u.sinh())
            }
            Self::SignalVariance => (logarithm - value, 1.0 - value),
            Self::NoiseVariance(Noise::Unknown) => {
                (0.1 * logarithm - 30.0 * value, 0.1 - 30.0 * value)
            }
            Self::NoiseVariance(Noise::Present) => {
                let difference = logarithm - 1e-2_f64.ln();
                (-0.125 * difference * difference, -0.25 * difference)
            }
            Self::NoiseVariance(Noise::Absent) => (0.0, 0.0),
            Self::WarpExponent => (
                -0.5 * (logarithm / LOG_EXPONENT_STD_DEV).powi(2),
                -logarithm / (LOG_EXPONENT_STD_DEV * LOG_EXPONENT_STD_DEV),
            ),
        }
    }

    /// Returns the logarithms of the lower and the upper bound.
    pub(super) fn bounds(self) -> (f64, f64) {
        let (low, high): (f64, f64) = match self {
            Self::LengthScale { typical } => (0.02 * typical, 30.0 * typical),
            Self::SignalVariance => (1e-2, 1e2),
            Self::NoiseVariance(Noise::Unknown) => (MIN_NOISE_VARIANCE, 1.0),
            Self::NoiseVariance(Noise::Present) => (1e-5, 2.0),
            Self::NoiseVariance(Noise::Absent) => (MIN_NOISE_VARIANCE, MIN_NOISE_VARIANCE),
            Self::WarpExponent => (1.0 / 3.0, 3.0),
        };
        (low.ln(), high.ln())
    }

    /// Returns the logarithm of the starting value.
    pub(super) fn start(self) -> f64 {
        match self {
            Self::LengthScale { typical } => typical.ln(),
            Self::SignalVariance | Self::WarpExponent => 0.0,
            Self::NoiseVariance(Noise::Unknown) => 1e-3_f64.ln(),
            Self::NoiseVariance(Noise::Present) => 1e-2_f64.ln(),
            Self::NoiseVariance(Noise::Absent) => MIN_NOISE_VARIANCE.ln(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_match_central_differences() {
        for prior in [
            Prior::length_scale(5.0),
            Prior::length_scale(0.3),
            Prior::SignalVariance,
            Prior::NoiseVariance(Noise::Unknown),
            Prior::NoiseVariance(Noise::Present),
            Prior::NoiseVariance(Noise::Absent),
            Prior::WarpExponent,
        ] {
            let (low, high) = prior.bounds();
            for part in 0..=10 {
                let x = low + (high - low) * f64::from(part) / 10.0;
                let (up, down) = (prior.log_density(x + 1e-6).0, prior.log_density(x - 1e-6).0);
                let (_, derivative) = prior.log_density(x);
                let error = ((up - down) / 2e-6 - derivative).abs();
                assert!(error < 1e-5 * derivative.abs().max(1.0), "{prior:?} at {x}");
            }
            assert!((low..=high).contains(&prior.start()));
        }
    }

    #[test]
    fn typical_length_scales_grow_with_the_distance_of_random_points() {
        assert_eq!(Prior::length_scale(5.0 / 6.0), Prior::LengthScale { typical: 1.0 });
        assert_eq!(Prior::length_scale(48.0 / 6.0), Prior::LengthScale { typical: 2.0 });
        assert_eq!(
            Prior::length_scale(40.0 / 2.0),
            Prior::LengthScale { typical: 10.0_f64.sqrt() }
        );
    }
}
