//! Input warping: transforms a coordinate before distances are measured.
//!
//! A stationary kernel then also fits functions that change faster at one end of a range.
//!
//! | symbol | meaning |
//! | --- | --- |
//! | u | coordinate, from 0 to 1 |
//! | a, b | exponents; 1 and 1 are the identity |
//! | w(u) = 1 − (1 − uᵃ)ᵇ | the warped coordinate |
//!
//! w is the distribution function of Kumaraswamy (1980). Snoek et al. (2014) use the distribution
//! function of the beta distribution.
//!
//! `∂w⁄∂u = a b uᵃ⁻¹ (1 − uᵃ)ᵇ⁻¹`,  `∂w⁄∂ln a = a b (1 − uᵃ)ᵇ⁻¹ uᵃ ln u`,
//! `∂w⁄∂ln b = −b (1 − uᵃ)ᵇ ln(1 − uᵃ)`.

/// Minimum distance of coordinates from 0 and 1, where derivatives may be infinite.
const MARGIN: f64 = 1e-9;

/// The warp of one axis: the distribution function of Kumaraswamy's distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Warp {
    /// Exponent a: above 1 it compresses the low end of the axis, below 1 it stretches it.
    pub a: f64,
    /// Exponent b: above 1 it compresses the high end of the axis, below 1 it stretches it.
    pub b: f64,
}

impl Warp {
    /// The warp that leaves coordinates unchanged.
    pub const IDENTITY: Self = Self { a: 1.0, b: 1.0 };

    /// Returns the warped coordinate w(u).
    pub fn apply(self, u: f64) -> f64 {
        if self == Self::IDENTITY {
            return u;
        }
        let (_, log_complement) = self.log_terms(u);
        -(self.b * log_complement).exp_m1()
    }

    /// Returns the derivative ∂w⁄∂u.
    pub(super) fn derivative(self, u: f64) -> f64 {
        if self == Self::IDENTITY {
            return 1.0;
        }
        let (log_power, log_complement) = self.log_terms(u);
        let logarithm = u.clamp(MARGIN, 1.0 - MARGIN).ln();
        self.a * self.b * (log_power - logarithm + (self.b - 1.0) * log_complement).exp()
    }

    /// Returns the derivatives ∂w⁄∂ln a and ∂w⁄∂ln b.
    pub(super) fn exponent_derivatives(self, u: f64) -> (f64, f64) {
        let (log_power, log_complement) = self.log_terms(u);
        let logarithm = u.clamp(MARGIN, 1.0 - MARGIN).ln();
        let derivative_a =
            self.a * self.b * (log_power + (self.b - 1.0) * log_complement).exp() * logarithm;
        (derivative_a, -self.b * log_complement * (self.b * log_complement).exp())
    }

    /// Returns ln uᵃ and ln(1 − uᵃ).
    fn log_terms(self, u: f64) -> (f64, f64) {
        let log_power = self.a * u.clamp(MARGIN, 1.0 - MARGIN).ln();
        (log_power, (-log_power.exp_m1()).ln())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WARPS: [Warp; 4] =
        [Warp { a: 0.4, b: 2.0 }, Warp { a: 3.0, b: 0.5 }, Warp { a: 1.0, b: 2.5 }, Warp::IDENTITY];

    #[test]
    fn warps_are_increasing_from_0_to_1() {
        for warp in WARPS {
            let values: Vec<f64> = (0..=50).map(|i| warp.apply(f64::from(i) / 50.0)).collect();
            assert!(values.windows(2).all(|pair| pair[0] < pair[1]), "{warp:?}");
            assert!(values[0] < 1e-3 && values[50] > 1.0 - 1e-3);
            let u: f64 = 0.3;
            let direct = 1.0 - (1.0 - u.powf(warp.a)).powf(warp.b);
            assert!((warp.apply(u) - direct).abs() < 1e-14);
        }
    }

    #[test]
    fn derivatives_match_central_differences() {
        let step = 1e-6;
        let difference = |up: f64, down: f64| (up - down) / (2.0 * step);
        for warp in WARPS {
            for u in [0.01, 0.2, 0.5, 0.97] {
                let expected = difference(warp.apply(u + step), warp.apply(u - step));
                assert!(
                    (warp.derivative(u) - expected).abs() < 1e-6 * expected.max(1.0),
                    "{warp:?} at {u}"
                );
                let moved =
                    |a: f64, b: f64| Warp { a: warp.a * a.exp(), b: warp.b * b.exp() }.apply(u);
                let (derivative_a, derivative_b) = warp.exponent_derivatives(u);
                let difference_a = difference(moved(step, 0.0), moved(-step, 0.0));
                let difference_b = difference(moved(0.0, step), moved(0.0, -step));
                assert!((derivative_a - difference_a).abs() < 1e-7);
                assert!((derivative_b - difference_b).abs() < 1e-7);
            }
        }
    }
}
