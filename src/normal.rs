//! The standard normal distribution and the logarithm of expected improvement, exact in the tails.
//!
//! | symbol | meaning |
//! | --- | --- |
//! | φ(u), Φ(u) | density (PDF) and cumulative distribution function (CDF) |
//! | h(u) = φ(u) + u Φ(u) | E\[max(u − Z, 0)\] for a standard normal Z |
//! | K(t) = 1⁄(t + 2⁄(t + 3⁄(t + …))) | tail of a continued fraction |
//!
//! K is the tail of Laplace's continued fraction for Mills' ratio (Abramowitz & Stegun 1964,
//! eq. 26.2.14). For a loss with mean μ and standard deviation σ, the expected improvement over f*
//! is σ h((f* − μ) ⁄ σ).
//!
//! For t = −u > 0: Φ(−t) ⁄ φ(t) = 1 ⁄ (t + K) and h(−t) ⁄ φ(t) = K ⁄ (t + K), both without
//! cancellation. Further, d ln h ⁄ du = 1 ⁄ K exactly. Ament et al. 2023 use the scaled
//! complementary error function instead.

const SQRT_2PI: f64 = 2.506_628_274_631_000_5;
const LN_SQRT_2PI: f64 = 0.918_938_533_204_672_8;

/// Upper end of the lower tail, in which the continued fraction is used.
///
/// In the tail, the continued fraction is exact to the last digit. Above it, the direct formula
/// loses at most two and a half digits.
const TAIL: f64 = -4.0;

/// The root u₀ of ln h, where h(u₀) = 1, as the sum of two floats.
///
/// Near the root, h − 1 suffers from cancellation.
const ROOT: (f64, f64) = (0.899_471_561_253_743_5, 4.840_342_327_429_368_4e-17);
/// Maximum distance from u₀ at which the Taylor series is exact to the last digit.
const TAYLOR_RADIUS: f64 = 1.0 / 64.0;
/// Taylor coefficients of h(u₀ + x) − 1 from x to x⁷: Φ(u₀), φ(u₀) ⁄ 2, −u₀ φ(u₀) ⁄ 6, …
const TAYLOR: [f64; 7] = [
    0.815_799_231_461_992_4,
    0.133_105_895_803_638_8,
    -0.039_908_322_636_859_034,
    -0.002_118_057_666_338_138_8,
    0.004_371_858_790_879_229,
    -0.000_443_588_008_735_026_7,
    -0.000_359_368_246_926_069_4,
];

/// Returns the density φ(u).
pub fn pdf(u: f64) -> f64 {
    (-0.5 * u * u).exp() / SQRT_2PI
}

/// Returns the cumulative distribution function Φ(u).
///
/// It uses `libm`, because the complementary error function of `statrs` 0.19 has a relative error
/// of up to 10⁻¹⁰.
pub fn cdf(u: f64) -> f64 {
    0.5 * libm::erfc(-u * std::f64::consts::FRAC_1_SQRT_2)
}

/// Returns ln Φ(u) and its derivative φ(u) ⁄ Φ(u).
pub fn log_cdf(u: f64) -> (f64, f64) {
    if u > TAIL {
        let p = cdf(u);
        // For p near 1, compute with 1 − p, which keeps its digits.
        let logarithm = if u > 0.0 { (-cdf(-u)).ln_1p() } else { p.ln() };
        (logarithm, pdf(u) / p)
    } else {
        let t = -u;
        let reciprocal_mills = t + continued_fraction(t);
        (-0.5 * t * t - LN_SQRT_2PI - reciprocal_mills.ln(), reciprocal_mills)
    }
}

/// Returns ln h(u) and its derivative Φ(u) ⁄ h(u), where h(u) = φ(u) + u Φ(u).
///
/// The relative errors are below 10⁻¹³ for u ≥ −10¹⁰. Both numbers are finite for u ≥ −10¹⁵⁰.
pub fn log_improvement(u: f64) -> (f64, f64) {
    if u > TAIL {
        let p = cdf(u);
        let h = pdf(u) + u * p;
        let x = (u - ROOT.0) - ROOT.1;
        if x.abs() < TAYLOR_RADIUS {
            let h_minus_1 = TAYLOR.iter().rev().fold(0.0, |sum, term| (sum + term) * x);
            (h_minus_1.ln_1p(), p / h)
        } else {
            (h.ln(), p / h)
        }
    } else {
        let t = -u;
        let k = continued_fraction(t);
        (-0.5 * t * t - LN_SQRT_2PI + k.ln() - (t + k).ln(), 1.0 / k)
    }
}

/// Computes K(t) for t ≥ 4 by backward recurrence.
///
/// The number of terms that full precision needs decreases with t.
fn continued_fraction(t: f64) -> f64 {
    let terms = if t >= 8.0 {
        16
    } else if t >= 6.0 {
        20
    } else {
        40
    };
    let mut x = t;
    for k in (2..=terms).rev() {
        x = t + f64::from(k) / x;
    }
    1.0 / x
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relative_error(actual: f64, expected: f64) -> f64 {
        ((actual - expected) / expected).abs()
    }

    /// `tests/golden/log_improvement.py` computes the expected values with mpmath, to 60 digits.
    ///
    /// The arguments u are from −10¹⁰ to 40.
    #[test]
    fn log_improvement_agrees_with_mpmath() {
        let golden = include_str!("../tests/golden/log_improvement.json");
        let rows: Vec<(f64, f64, f64)> = serde_json::from_str(golden).unwrap();
        assert!(rows.len() > 400 && rows.iter().any(|row| row.0 < -9e9));
        for (u, value, derivative) in rows {
            let (actual, actual_derivative) = log_improvement(u);
            assert!(relative_error(actual, value) < 1e-13, "value at {u}: {actual}, not {value}");
            assert!(
                relative_error(actual_derivative, derivative) < 1e-13,
                "derivative at {u}: {actual_derivative}, not {derivative}"
            );
        }
    }

    #[test]
    fn branches_are_continuous_at_the_tail() {
        for function in [log_improvement, log_cdf] {
            let (left, right) = (function(TAIL), function(TAIL + 1e-14));
            assert!(relative_error(left.0, right.0) < 1e-12);
            assert!(relative_error(left.1, right.1) < 1e-11);
        }
    }

    #[test]
    fn derivatives_match_central_differences() {
        for function in [log_improvement, log_cdf] {
            for u in [-50.0_f64, -7.0, -4.5, -3.0, -0.3, 0.0, 1.5, 4.0] {
                let step = 1e-5 * f64::max(1.0, u.abs());
                let difference = (function(u + step).0 - function(u - step).0) / (2.0 * step);
                assert!(relative_error(function(u).1, difference) < 1e-6, "at {u}");
            }
        }
    }

    #[test]
    fn values_are_finite_in_the_far_tails() {
        for u in [-1e150, -1e10, -1e5, -40.0, 40.0, 1e10] {
            let (value, derivative) = log_improvement(u);
            assert!(value.is_finite() && derivative.is_finite(), "at {u}");
        }
    }
}
