//! Scaling of numeric ranges: how values map to coordinates, and how `Auto` chooses a scaling.
//!
//! | scaling | u(x) for a range from a to b | requires |
//! | --- | --- | --- |
//! | linear | (x − a) ⁄ (b − a) | – |
//! | logarithmic | (ln x − ln a) ⁄ (ln b − ln a) | a > 0 |
//! | reverse logarithmic | (ln(1−a) − ln(1−x)) ⁄ (ln(1−a) − ln(1−b)) | 0 ≤ a, b < 1 |

use serde::{Deserialize, Serialize};

/// Sets how the values of a numeric range map to its axis of the unit cube.
///
/// The scaling decides which differences between values a strategy treats as equal:
///
/// - `Linear` for differences: dropout from 0 to 0.5, or the number of layers.
/// - `Logarithmic` for ratios: learning rates, regularization strengths, batch sizes. From 10⁻⁶ to
///   1, half of the axis is below 10⁻³. With `Linear`, that half would be a thousandth.
/// - `ReverseLogarithmic` for ratios of the distance to 1: momentum or discount factors such as
///   0.9, 0.99 and 0.999.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScalingType {
    /// Chooses one of the other scalings from the bounds of the range; the default.
    ///
    /// - Logarithmic if the minimum is above 0 and the maximum is at least 100 times the minimum
    ///   (64 times for integers).
    /// - Otherwise, reverse logarithmic if the range is continuous, is in [0, 1), and 1 − min is at
    ///   least 100 times 1 − max.
    /// - Otherwise linear.
    ///
    /// [`ContinuousParameterRange::resolved_scaling`] returns the choice and the reason.
    ///
    /// [`ContinuousParameterRange::resolved_scaling`]:
    ///     super::ContinuousParameterRange::resolved_scaling
    #[default]
    Auto,
    /// Equal differences have equal lengths on the axis.
    Linear,
    /// Equal ratios have equal lengths on the axis; requires a minimum above 0.
    Logarithmic,
    /// Equal ratios of the distance to 1 have equal lengths; requires 0 ≤ min and max < 1.
    ReverseLogarithmic,
}

/// The scaling that a range uses, and the reason.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolvedScaling {
    /// The scaling, which is never `Auto`.
    pub scaling: ScalingType,
    /// The reason for the scaling, as a sentence for the user.
    pub reason: String,
}

/// Ratio of the bounds from which `Auto` uses a logarithmic scale for a continuous range.
const CONTINUOUS_RATIO: f64 = 100.0;
/// Ratio of the bounds from which `Auto` uses a logarithmic scale for an integer range.
const INTEGER_RATIO: f64 = 64.0;
/// Tolerance for rounding, so that 1 − 0.99 counts as one hundredth.
const TOLERANCE: f64 = 1.0 - 1e-9;

impl ResolvedScaling {
    fn requested(scaling: ScalingType) -> Self {
        Self { scaling, reason: format!("{scaling:?} because the range specifies it.") }
    }

    pub(super) fn for_continuous(min: f64, max: f64, requested: ScalingType) -> Self {
        if requested != ScalingType::Auto {
            return Self::requested(requested);
        }
        if min > 0.0 && max / min >= CONTINUOUS_RATIO * TOLERANCE {
            return Self {
                scaling: ScalingType::Logarithmic,
                reason: format!(
                    "Logarithmic because the maximum, {max:?}, is at least {CONTINUOUS_RATIO} \
                     times the minimum, {min:?}."
                ),
            };
        }
        if min >= 0.0 && max < 1.0 && (1.0 - min) / (1.0 - max) >= CONTINUOUS_RATIO * TOLERANCE {
            return Self {
                scaling: ScalingType::ReverseLogarithmic,
                reason: format!(
                    "ReverseLogarithmic because the range is in [0, 1) and the minimum, {min:?}, \
                     is at least {CONTINUOUS_RATIO} times as far from 1 as the maximum, {max:?}."
                ),
            };
        }
        let reason = if min > 0.0 {
            format!(
                "Linear because the maximum, {max:?}, is less than {CONTINUOUS_RATIO} times the \
                 minimum, {min:?}."
            )
        } else {
            format!("Linear because the minimum, {min:?}, is not above 0.")
        };
        Self { scaling: ScalingType::Linear, reason }
    }

    pub(super) fn for_integer(min: i64, max: i64, requested: ScalingType) -> Self {
        if requested != ScalingType::Auto {
            return Self::requested(requested);
        }
        #[allow(clippy::cast_precision_loss, reason = "a ratio near 64 needs few digits")]
        let ratio = max as f64 / min as f64;
        if min >= 1 && ratio >= INTEGER_RATIO {
            return Self {
                scaling: ScalingType::Logarithmic,
                reason: format!(
                    "Logarithmic because the maximum, {max}, is at least {INTEGER_RATIO} times \
                     the minimum, {min}."
                ),
            };
        }
        let reason = if min >= 1 {
            format!(
                "Linear because the maximum, {max}, is less than {INTEGER_RATIO} times the \
                 minimum, {min}."
            )
        } else {
            format!("Linear because the minimum, {min}, is not above 0.")
        };
        Self { scaling: ScalingType::Linear, reason }
    }
}

/// Maps x to [0, 1]; the bounds map to exactly 0 and 1.
///
/// In all functions of this module, `scaling` is a resolved scaling.
pub(super) fn to_unit(scaling: ScalingType, min: f64, max: f64, x: f64) -> f64 {
    if x <= min {
        return 0.0;
    }
    if x >= max {
        return 1.0;
    }
    let u = match scaling {
        ScalingType::Logarithmic => log_ratio(min, x) / log_ratio(min, max),
        ScalingType::ReverseLogarithmic => {
            log_complement_ratio(min, x) / log_complement_ratio(min, max)
        }
        ScalingType::Auto | ScalingType::Linear => (x - min) / (max - min),
    };
    u.clamp(0.0, 1.0)
}

/// Maps u from [0, 1] to the range, and 0 and 1 to the exact bounds: the inverse of [`to_unit`].
pub(super) fn from_unit(scaling: ScalingType, min: f64, max: f64, u: f64) -> f64 {
    if u <= 0.0 {
        return min;
    }
    if u >= 1.0 {
        return max;
    }
    let x = match scaling {
        ScalingType::Logarithmic => match u * log_ratio(min, max) {
            small if small < SMALL => min + min * small.exp_m1(),
            large => {
                // Multiply by the square root twice, because the ratio may overflow.
                let root = (0.5 * large).exp();
                min * root * root
            }
        },
        ScalingType::ReverseLogarithmic => match u * log_complement_ratio(min, max) {
            small if small > -SMALL => min - (1.0 - min) * small.exp_m1(),
            large => 1.0 - (1.0 - min) * large.exp(),
        },
        ScalingType::Auto | ScalingType::Linear => min + u * (max - min),
    };
    x.clamp(min, max)
}

/// Size of logarithms, ln 2, below which `exp_m1` keeps digits that `exp` would lose.
const SMALL: f64 = std::f64::consts::LN_2;

/// Returns ln(b ⁄ a) for 0 < a ≤ b, with all digits even if the ratio is near 1 or overflows.
pub(super) fn log_ratio(a: f64, b: f64) -> f64 {
    if b < 2.0 * a {
        ((b - a) / a).ln_1p()
    } else if (b / a).is_finite() {
        (b / a).ln()
    } else {
        b.ln() - a.ln()
    }
}

/// Returns ln((1 − x) ⁄ (1 − a)) for a ≤ x < 1, with all digits even if the ratio is near 1.
pub(super) fn log_complement_ratio(a: f64, x: f64) -> f64 {
    let share = (x - a) / (1.0 - a);
    if share < 0.5 { (-share).ln_1p() } else { ((1.0 - x) / (1.0 - a)).ln() }
}

/// Returns the function of x that is linear on the axis: x, ln x or −ln(1 − x).
///
/// x may be outside the range.
fn linearize(scaling: ScalingType, x: f64) -> f64 {
    match scaling {
        ScalingType::Logarithmic => x.ln(),
        ScalingType::ReverseLogarithmic => -(1.0 - x).ln(),
        ScalingType::Auto | ScalingType::Linear => x,
    }
}

/// Returns the position of x on the axis: 0 at min, 1 at max, and outside [0, 1] beyond them.
///
/// In narrow ranges it has fewer exact digits than [`to_unit`].
pub(super) fn position(scaling: ScalingType, min: f64, max: f64, x: f64) -> f64 {
    let [a, b, x] = [min, max, x].map(|x| linearize(scaling, x));
    (x - a) / (b - a)
}

/// Returns the value at a position: the inverse of [`position`].
pub(super) fn value_at(scaling: ScalingType, min: f64, max: f64, position: f64) -> f64 {
    let [a, b] = [min, max].map(|x| linearize(scaling, x));
    let x = a + position * (b - a);
    match scaling {
        ScalingType::Logarithmic => x.exp(),
        ScalingType::ReverseLogarithmic => 1.0 - (-x).exp(),
        ScalingType::Auto | ScalingType::Linear => x,
    }
}

/// Returns the distance on the axis below which two values may be the same float.
pub(super) fn float_spacing(scaling: ScalingType, min: f64, max: f64) -> f64 {
    let max_size = min.abs().max(max.abs());
    match scaling {
        ScalingType::Logarithmic => f64::EPSILON / log_ratio(min, max),
        ScalingType::ReverseLogarithmic => {
            f64::EPSILON * max_size / ((1.0 - max) * -log_complement_ratio(min, max))
        }
        ScalingType::Auto | ScalingType::Linear => f64::EPSILON * max_size / (max - min),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_chooses_the_documented_scaling() {
        let continuous =
            |min, max| ResolvedScaling::for_continuous(min, max, ScalingType::Auto).scaling;
        assert_eq!(continuous(1e-6, 1.0), ScalingType::Logarithmic);
        assert_eq!(continuous(0.01, 1.0), ScalingType::Logarithmic);
        assert_eq!(continuous(0.011, 1.0), ScalingType::Linear);
        assert_eq!(continuous(0.0, 1000.0), ScalingType::Linear);
        assert_eq!(continuous(0.5, 0.999), ScalingType::ReverseLogarithmic);
        assert_eq!(continuous(0.0, 0.99), ScalingType::ReverseLogarithmic);
        assert_eq!(continuous(0.0, 0.98), ScalingType::Linear);
        assert_eq!(continuous(-1.0, 0.999), ScalingType::Linear);
        let integer = |min, max| ResolvedScaling::for_integer(min, max, ScalingType::Auto).scaling;
        assert_eq!(integer(1, 64), ScalingType::Logarithmic);
        assert_eq!(integer(1, 63), ScalingType::Linear);
        assert_eq!(integer(0, 1000), ScalingType::Linear);
        let reason = ResolvedScaling::for_continuous(1e-6, 1.0, ScalingType::Auto).reason;
        assert!(reason.contains("1e-6") && reason.ends_with('.'), "{reason}");
    }

    #[test]
    fn from_unit_inverts_to_unit() {
        for (scaling, min, max) in [
            (ScalingType::Linear, -5.0, 10.0),
            (ScalingType::Linear, -1e308, 7e307),
            (ScalingType::Logarithmic, 1e-12, 1e3),
            (ScalingType::Logarithmic, 1e-300, 1e300),
            (ScalingType::ReverseLogarithmic, 0.0, 0.9999),
        ] {
            assert_eq!(from_unit(scaling, min, max, 0.0).to_bits(), min.to_bits());
            assert_eq!(from_unit(scaling, min, max, 1.0).to_bits(), max.to_bits());
            let mut last = f64::NEG_INFINITY;
            for step in 0..=100 {
                let u = f64::from(step) / 100.0;
                let x = from_unit(scaling, min, max, u);
                assert!(x > last, "monotone");
                last = x;
                let back = to_unit(scaling, min, max, x);
                assert!((back - u).abs() < 1e-12, "{scaling:?}: {u} came back as {back}");
                let position = position(scaling, min, max, x);
                assert!((position - u).abs() < 1e-11, "{scaling:?}: {u} is at {position}");
            }
            for u in [-0.05, 1.05] {
                let x = value_at(scaling, min, max, u);
                assert!((x < min) == (u < 0.0) && (x > max) == (u > 1.0), "{scaling:?}: {u}");
                let back = position(scaling, min, max, x);
                assert!((back - u).abs() < 1e-9 || !x.is_normal(), "{scaling:?}: {u} is at {back}");
            }
        }
    }
}
