//! What is believed of the hyperparameters before any data: log densities (up to a constant) of the hyperparameters, as
//! functions of their logarithms, with their slopes there, and the box within which they are searched. (Densities over the
//! hyperparameters, not over their logarithms: the maximum is that of Gamma(2, 1) over s.)
//!
//! Alone in a file because these are the most contestable numbers of the engine.
//!
//! | hyperparameter | log prior | box | start |
//! | --- | --- | --- | --- |
//! | length scale ℓ | −0.2 cosh(2 ln(ℓ ⁄ ℓ₀)): flat, with walls | [0.02, 30] ℓ₀ | ℓ₀ |
//! | signal variance s | Gamma(2, 1): ln s − s | [0.01, 100] | 1 |
//! | noise variance σ², if nothing is known of it | Gamma(1.1, 30): 0.1 ln σ² − 30 σ² | [10⁻⁶, 1] | 10⁻³ |
//! | σ², if there is noise | −(ln σ² − ln 10⁻²)² ⁄ 8 | [10⁻⁵, 2] | 10⁻² |
//! | σ², if there is none | – | 10⁻⁶ | 10⁻⁶ |
//! | exponents of a warp a, b | −(ln a)² ⁄ (2 · 0.3²) | [⅓, 3] | 1 |
//!
//! ℓ₀ = max(1, √(D ⁄ 2)), where D is the mean squared distance of two random points when all length scales are 1: ⅙ for each number
//! and 1 − 1⁄m for each choice among m. It keeps the correlation of two random points from vanishing where there are many
//! parameters. (For d numbers it is max(1, √(d ⁄ 12)).) The shapes of the first three are those that Optuna's Gaussian process
//! uses; losses are standardized.

use serde::{Deserialize, Serialize};

/// What is known of the noise of the losses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Noise {
    /// Nothing: it is learnt. Where measurements of the same place agree, there is none.
    #[default]
    Unknown,
    /// There is none: the same configuration gives the same loss.
    Absent,
    /// There is some.
    Present,
}

/// A density of one hyperparameter, as a function of its logarithm, and where to search it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Prior {
    /// ℓ, with its typical value ℓ₀.
    LengthScale { typical: f64 },
    /// s.
    SignalVariance,
    /// σ².
    NoiseVariance(Noise),
    /// a or b.
    WarpExponent,
}

/// Penalty of the walls around the length scales.
const WALL: f64 = 0.2;
/// Variance of a loss that is measured without noise: what rounding, and the model's own misfit, leave.
const EXACT: f64 = 1e-6;
/// Deviation of ln a and ln b.
const BENT: f64 = 0.3;

impl Prior {
    /// The prior of length scales where two random points have this mean squared distance.
    pub(super) fn length_scale(mean_square: f64) -> Self {
        Self::LengthScale { typical: (0.5 * mean_square).sqrt().max(1.0) }
    }

    /// Log density and its slope, at the logarithm of the hyperparameter.
    pub(super) fn log_density(self, logarithm: f64) -> (f64, f64) {
        let value = logarithm.exp();
        match self {
            Self::LengthScale { typical } => {
                let u = 2.0 * (logarithm - typical.ln());
                (-WALL * u.cosh(), -2.0 * WALL * u.sinh())
            }
            Self::SignalVariance => (logarithm - value, 1.0 - value),
            Self::NoiseVariance(Noise::Unknown) => {
                (0.1 * logarithm - 30.0 * value, 0.1 - 30.0 * value)
            }
            Self::NoiseVariance(Noise::Present) => {
                let gap = logarithm - 1e-2_f64.ln();
                (-0.125 * gap * gap, -0.25 * gap)
            }
            Self::NoiseVariance(Noise::Absent) => (0.0, 0.0),
            Self::WarpExponent => (-0.5 * (logarithm / BENT).powi(2), -logarithm / (BENT * BENT)),
        }
    }

    /// Logarithms of the least and the greatest value that are considered.
    pub(super) fn bounds(self) -> (f64, f64) {
        let (least, greatest): (f64, f64) = match self {
            Self::LengthScale { typical } => (0.02 * typical, 30.0 * typical),
            Self::SignalVariance => (1e-2, 1e2),
            Self::NoiseVariance(Noise::Unknown) => (EXACT, 1.0),
            Self::NoiseVariance(Noise::Present) => (1e-5, 2.0),
            Self::NoiseVariance(Noise::Absent) => (EXACT, EXACT),
            Self::WarpExponent => (1.0 / 3.0, 3.0),
        };
        (least.ln(), greatest.ln())
    }

    /// Logarithm of the value from which a search starts.
    pub(super) fn start(self) -> f64 {
        match self {
            Self::LengthScale { typical } => typical.ln(),
            Self::SignalVariance | Self::WarpExponent => 0.0,
            Self::NoiseVariance(Noise::Unknown) => 1e-3_f64.ln(),
            Self::NoiseVariance(Noise::Present) => 1e-2_f64.ln(),
            Self::NoiseVariance(Noise::Absent) => EXACT.ln(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_central_differences() {
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
                let (_, slope) = prior.log_density(x);
                let error = ((up - down) / 2e-6 - slope).abs();
                assert!(error < 1e-5 * slope.abs().max(1.0), "{prior:?} at {x}");
            }
            assert!((low..=high).contains(&prior.start()));
        }
    }

    #[test]
    fn length_scales_grow_only_where_random_points_are_far_apart() {
        assert_eq!(Prior::length_scale(5.0 / 6.0), Prior::LengthScale { typical: 1.0 });
        assert_eq!(Prior::length_scale(48.0 / 6.0), Prior::LengthScale { typical: 2.0 });
        assert_eq!(
            Prior::length_scale(40.0 / 2.0),
            Prior::LengthScale { typical: 10.0_f64.sqrt() }
        );
    }
}
