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
//! | noise variance σ² | Gamma(1.1, 30): 0.1 ln σ² − 30 σ² | [10⁻⁶, 1] | 10⁻³ |
//!
//! ℓ₀ = max(1, √(d ⁄ 12)), for d axes that are not constant, keeps the correlation of two random points the same in high dimensions; ℓ₀ = 1 for categories.
//! The shapes are those that Optuna's Gaussian process uses; losses are standardized.

/// A density of one hyperparameter, as a function of its logarithm, and where to search it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Prior {
    /// ℓ, with its typical value ℓ₀.
    LengthScale { typical: f64 },
    /// s.
    SignalVariance,
    /// σ².
    NoiseVariance,
}

/// Penalty of the walls around the length scales.
const WALL: f64 = 0.2;

impl Prior {
    /// The prior of a length scale when `searched` axes are not constant.
    pub(super) fn length_scale(searched: usize, is_category: bool) -> Self {
        #[allow(clippy::cast_precision_loss, reason = "a number of axes")]
        let typical = if is_category { 1.0 } else { (searched as f64 / 12.0).sqrt().max(1.0) };
        Self::LengthScale { typical }
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
            Self::NoiseVariance => (0.1 * logarithm - 30.0 * value, 0.1 - 30.0 * value),
        }
    }

    /// Logarithms of the least and the greatest value that are considered.
    pub(super) fn bounds(self) -> (f64, f64) {
        let (least, greatest): (f64, f64) = match self {
            Self::LengthScale { typical } => (0.02 * typical, 30.0 * typical),
            Self::SignalVariance => (1e-2, 1e2),
            Self::NoiseVariance => (1e-6, 1.0),
        };
        (least.ln(), greatest.ln())
    }

    /// Logarithm of the value from which a search starts.
    pub(super) fn start(self) -> f64 {
        match self {
            Self::LengthScale { typical } => typical.ln(),
            Self::SignalVariance => 0.0,
            Self::NoiseVariance => 1e-3_f64.ln(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_central_differences() {
        for prior in [
            Prior::length_scale(30, false),
            Prior::length_scale(30, true),
            Prior::SignalVariance,
            Prior::NoiseVariance,
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
    fn length_scales_grow_with_the_dimension_only_when_it_is_high() {
        assert_eq!(Prior::length_scale(5, false), Prior::LengthScale { typical: 1.0 });
        assert_eq!(Prior::length_scale(48, false), Prior::LengthScale { typical: 2.0 });
        assert_eq!(Prior::length_scale(48, true), Prior::LengthScale { typical: 1.0 });
    }
}
