//! Loops with the widest vector instructions of the machine. No other file uses the crate `pulp`.

use std::f64::consts::LOG2_E;

/// Runs `work` in a version compiled for the vector instructions of this machine.
///
/// This affects only code that is inlined into `work`. Mark the closure and the functions that it
/// calls as `#[inline(always)]`.
#[inline]
pub(crate) fn vectorize<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}

/// Minimum argument; its exponential, about 2 · 10⁻³⁰⁰, is returned for smaller arguments.
const MIN_ARGUMENT: f64 = -690.0;
/// The number 1.5 · 2⁵². Adding it to a small number leaves the nearest integer in the last bits.
const ROUND: f64 = 6_755_399_441_055_744.0;
/// High part of ln 2, with so few bits that its multiples k ln 2 are exact.
const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
/// Low part of ln 2, which is the sum of both parts.
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// Returns eˣ for x ≤ 0, with an error of at most two units in the last place.
///
/// The compiler can vectorize this function. It splits x = k ln 2 + r with |r| ≤ ½ ln 2 (Cody &
/// Waite 1980). It computes eʳ by its Taylor series to r¹³, and 2ᵏ from its bits.
#[inline(always)]
pub(crate) fn exp_nonpositive(x: f64) -> f64 {
    let x = if x > MIN_ARGUMENT { x } else { MIN_ARGUMENT };
    let shifted = x * LOG2_E + ROUND;
    let k = shifted - ROUND;
    let r = (x - k * LN_2_HIGH) - k * LN_2_LOW;
    let power = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1.0_f64.to_bits()));
    TAYLOR.iter().fold(0.0, |sum, coefficient| sum * r + coefficient) * power
}

/// The Taylor coefficients 1 ⁄ k! from k = 13 down to 0.
const TAYLOR: [f64; 14] = [
    1.0 / 6_227_020_800.0,
    1.0 / 479_001_600.0,
    1.0 / 39_916_800.0,
    1.0 / 3_628_800.0,
    1.0 / 362_880.0,
    1.0 / 40_320.0,
    1.0 / 5_040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    1.0 / 2.0,
    1.0,
    1.0,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_has_an_error_of_two_units_in_the_last_place() {
        for step in 0..200_000 {
            let x = -f64::from(step) * 0.00345;
            let (actual, expected) = (exp_nonpositive(x), x.exp());
            assert!((actual / expected - 1.0).abs() <= 2.0 * f64::EPSILON, "{x}: {actual}");
        }
        assert!((exp_nonpositive(0.0) - 1.0).abs() < f64::EPSILON);
        assert!(exp_nonpositive(-1e9) < 1e-299 && exp_nonpositive(f64::NEG_INFINITY) < 1e-299);
    }

    #[test]
    fn vectorized_loops_equal_plain_loops() {
        let run = |values: &mut [f64]| values.iter_mut().for_each(|x| *x = exp_nonpositive(*x));
        let mut plain: Vec<f64> = (0..37).map(|i| -f64::from(i) / 7.0).collect();
        let mut vectorized = plain.clone();
        run(&mut plain);
        vectorize(
            #[inline(always)]
            || run(&mut vectorized),
        );
        let errors = plain.iter().zip(&vectorized).map(|(a, b)| (a / b - 1.0).abs());
        assert!(errors.fold(0.0, f64::max) <= 2.0 * f64::EPSILON);
    }
}
