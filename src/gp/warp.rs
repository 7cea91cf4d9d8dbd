//! Input warping: a coordinate is bent before distances are measured, so that a function that changes faster at one end
//! of a range is believed as well as one that does not.
//!
//! | symbol | meaning |
//! | --- | --- |
//! | u | coordinate, from 0 to 1 |
//! | a, b | exponents; 1 and 1 leave the coordinate alone |
//! | w(u) = 1 − (1 − uᵃ)ᵇ | the warped coordinate (Kumaraswamy 1980; Snoek et al. 2014 have Beta's distribution in its place) |
//!
//! `∂w⁄∂u = a b uᵃ⁻¹ (1 − uᵃ)ᵇ⁻¹`,  `∂w⁄∂ln a = a b (1 − uᵃ)ᵇ⁻¹ uᵃ ln u`,  `∂w⁄∂ln b = −b (1 − uᵃ)ᵇ ln(1 − uᵃ)`.

/// Coordinates are kept this far from the ends, where slopes may be infinite.
const MARGIN: f64 = 1e-9;

/// How one axis is bent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Warp {
    /// Above 1, the low end is compressed; below 1, it is stretched.
    pub a: f64,
    /// Above 1, the high end is compressed; below 1, it is stretched.
    pub b: f64,
}

impl Warp {
    /// Leaves coordinates as they are.
    pub const NONE: Self = Self { a: 1.0, b: 1.0 };

    /// w(u).
    pub fn apply(self, u: f64) -> f64 {
        if self == Self::NONE {
            return u;
        }
        let (_, rest) = self.parts(u);
        // (1 − uᵃ)ᵇ
        -(self.b * rest).exp_m1()
    }

    /// ∂w⁄∂u.
    pub(super) fn slope(self, u: f64) -> f64 {
        if self == Self::NONE {
            return 1.0;
        }
        let (low, rest) = self.parts(u);
        let logarithm = u.clamp(MARGIN, 1.0 - MARGIN).ln();
        self.a * self.b * (low - logarithm + (self.b - 1.0) * rest).exp()
    }

    /// ∂w⁄∂ln a and ∂w⁄∂ln b.
    pub(super) fn slopes_by_exponents(self, u: f64) -> (f64, f64) {
        let (low, rest) = self.parts(u);
        let logarithm = u.clamp(MARGIN, 1.0 - MARGIN).ln();
        let by_a = self.a * self.b * (low + (self.b - 1.0) * rest).exp() * logarithm;
        (by_a, -self.b * rest * (self.b * rest).exp())
    }

    /// ln uᵃ and ln(1 − uᵃ).
    fn parts(self, u: f64) -> (f64, f64) {
        let low = self.a * u.clamp(MARGIN, 1.0 - MARGIN).ln();
        (low, (-low.exp_m1()).ln())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WARPS: [Warp; 4] =
        [Warp { a: 0.4, b: 2.0 }, Warp { a: 3.0, b: 0.5 }, Warp { a: 1.0, b: 2.5 }, Warp::NONE];

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
    fn slopes_are_central_differences() {
        let step = 1e-6;
        let difference = |up: f64, down: f64| (up - down) / (2.0 * step);
        for warp in WARPS {
            for u in [0.01, 0.2, 0.5, 0.97] {
                let by_u = difference(warp.apply(u + step), warp.apply(u - step));
                assert!((warp.slope(u) - by_u).abs() < 1e-6 * by_u.max(1.0), "{warp:?} at {u}");
                let moved =
                    |a: f64, b: f64| Warp { a: warp.a * a.exp(), b: warp.b * b.exp() }.apply(u);
                let (by_a, by_b) = warp.slopes_by_exponents(u);
                assert!((by_a - difference(moved(step, 0.0), moved(-step, 0.0))).abs() < 1e-7);
                assert!((by_b - difference(moved(0.0, step), moved(0.0, -step))).abs() < 1e-7);
            }
        }
    }
}
