//! The standard normal distribution, and the logarithm of expected improvement, safe in the tails.
//!
//! | symbol | meaning |
//! | --- | --- |
//! | φ(u), Φ(u) | density and distribution function |
//! | h(u) = φ(u) + u Φ(u) | expected improvement of a standard normal over u; EI = σ h((f* − μ) ⁄ σ) |
//! | K(t) = 1⁄(t + 2⁄(t + 3⁄(t + …))) | tail of Laplace's continued fraction for Mills' ratio (Abramowitz & Stegun 1964, eq. 26.2.14) |
//!
//! For t = −u > 0: Φ(−t) ⁄ φ(t) = 1 ⁄ (t + K) and h(−t) ⁄ φ(t) = K ⁄ (t + K), both without cancellation, and
//! d ln h ⁄ du = 1 ⁄ K exactly. (Ament et al. 2023 need the scaled complementary error function for the same purpose.)

/// √(2π), and its logarithm.
const SQRT_2PI: f64 = 2.506_628_274_631_000_5;
const LN_SQRT_2PI: f64 = 0.918_938_533_204_672_8;

/// Below this the continued fraction is exact to the last digit; above it the direct formula loses two digits and a half at most.
const TAIL: f64 = -4.0;

/// u₀ with h(u₀) = 1, and what is left of it beyond a float: there ln h is 0, and h − 1 would cancel.
const CROSSING: (f64, f64) = (0.899_471_561_253_743_5, 4.840_342_327_429_368_4e-17);
/// How far from u₀ the Taylor series below is exact to the last digit.
const NEAR_CROSSING: f64 = 1.0 / 64.0;
/// Taylor coefficients of h(u₀ + x) − 1 from x to x⁷: Φ(u₀), φ(u₀) ⁄ 2, −u₀ φ(u₀) ⁄ 6, …
const EXCESS: [f64; 7] = [
    0.815_799_231_461_992_4,
    0.133_105_895_803_638_8,
    -0.039_908_322_636_859_034,
    -0.002_118_057_666_338_138_8,
    0.004_371_858_790_879_229,
    -0.000_443_588_008_735_026_7,
    -0.000_359_368_246_926_069_4,
];

/// Density φ(u).
pub fn density(u: f64) -> f64 {
    (-0.5 * u * u).exp() / SQRT_2PI
}

/// Distribution function Φ(u).
///
/// By `libm`, because the complementary error function of `statrs` 0.19 is off by up to 10⁻¹⁰, relatively: too much for what is made of it here.
pub fn distribution(u: f64) -> f64 {
    0.5 * libm::erfc(-u * std::f64::consts::FRAC_1_SQRT_2)
}

/// ln Φ(u) and its slope φ(u) ⁄ Φ(u).
pub fn log_distribution(u: f64) -> (f64, f64) {
    if u > TAIL {
        let p = distribution(u);
        // Near 1 the distance to it has the digits.
        let logarithm = if u > 0.0 { (-distribution(-u)).ln_1p() } else { p.ln() };
        (logarithm, density(u) / p)
    } else {
        let t = -u;
        let reciprocal_mills = t + continued_fraction(t);
        (-0.5 * t * t - LN_SQRT_2PI - reciprocal_mills.ln(), reciprocal_mills)
    }
}

/// ln h(u) and its slope Φ(u) ⁄ h(u), where h(u) = φ(u) + u Φ(u).
///
/// The relative error is below 10⁻¹³ for u from −10¹⁰ up; both are finite down to −10¹⁵⁰.
pub fn log_improvement(u: f64) -> (f64, f64) {
    if u > TAIL {
        let p = distribution(u);
        let h = density(u) + u * p;
        let beyond = (u - CROSSING.0) - CROSSING.1;
        if beyond.abs() < NEAR_CROSSING {
            let excess = EXCESS.iter().rev().fold(0.0, |sum, term| (sum + term) * beyond);
            (excess.ln_1p(), p / h)
        } else {
            (h.ln(), p / h)
        }
    } else {
        let t = -u;
        let k = continued_fraction(t);
        (-0.5 * t * t - LN_SQRT_2PI + k.ln() - (t + k).ln(), 1.0 / k)
    }
}

/// K(t) for t ≥ 4 by backward recurrence; the terms needed for full precision fall as t grows.
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

    fn relative(got: f64, want: f64) -> f64 {
        ((got - want) / want).abs()
    }

    /// `tests/golden/log_improvement.py`: mpmath, 60 digits, u from −10¹⁰ to 40.
    #[test]
    fn log_improvement_agrees_with_mpmath() {
        let golden = include_str!("../tests/golden/log_improvement.json");
        let rows: Vec<(f64, f64, f64)> = serde_json::from_str(golden).unwrap();
        assert!(rows.len() > 400 && rows.iter().any(|row| row.0 < -9e9));
        for (u, value, slope) in rows {
            let (got, got_slope) = log_improvement(u);
            assert!(relative(got, value) < 1e-13, "value at {u}: {got} for {value}");
            assert!(relative(got_slope, slope) < 1e-13, "slope at {u}: {got_slope} for {slope}");
        }
    }

    #[test]
    fn the_branches_meet() {
        for function in [log_improvement, log_distribution] {
            let (left, right) = (function(TAIL), function(TAIL + 1e-14));
            assert!(relative(left.0, right.0) < 1e-12 && relative(left.1, right.1) < 1e-11);
        }
    }

    #[test]
    fn slopes_are_central_differences() {
        for function in [log_improvement, log_distribution] {
            for u in [-50.0_f64, -7.0, -4.5, -3.0, -0.3, 0.0, 1.5, 4.0] {
                let step = 1e-5 * f64::max(1.0, u.abs());
                let difference = (function(u + step).0 - function(u - step).0) / (2.0 * step);
                assert!(relative(function(u).1, difference) < 1e-6, "at {u}");
            }
        }
    }

    #[test]
    fn far_tails_stay_finite() {
        for u in [-1e150, -1e10, -1e5, -40.0, 40.0, 1e10] {
            let (value, slope) = log_improvement(u);
            assert!(value.is_finite() && slope.is_finite(), "at {u}");
        }
    }
}
