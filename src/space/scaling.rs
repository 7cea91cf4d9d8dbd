//! How a range is laid on its axis: the four scalings, and the rule behind `Auto`.
//!
//! | scaling | u(x) for a range from a to b | needs |
//! | --- | --- | --- |
//! | linear | (x − a) ⁄ (b − a) | – |
//! | logarithmic | (ln x − ln a) ⁄ (ln b − ln a) | a > 0 |
//! | reverse logarithmic | (ln(1−a) − ln(1−x)) ⁄ (ln(1−a) − ln(1−b)) | 0 ≤ a, b < 1 |

use serde::{Deserialize, Serialize};

/// How a numeric range is laid on its axis of the cube.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScalingType {
    /// Chosen from the bounds alone; see [`ContinuousParameterRange::scale`] for what was chosen and why.
    ///
    /// Logarithmic if the minimum is above 0 and the maximum at least 100 times as large (integers: 64 times); else
    /// reverse logarithmic if the range is continuous, lies in [0, 1), and 1 − min is at least 100 times 1 − max;
    /// else linear.
    ///
    /// [`ContinuousParameterRange::scale`]: super::ContinuousParameterRange::scale
    #[default]
    Auto,
    /// Equal steps count equally.
    Linear,
    /// Equal ratios count equally; needs a minimum above 0.
    Logarithmic,
    /// Equal ratios of the distance to 1 count equally; needs 0 ≤ min and max < 1.
    ReverseLogarithmic,
}

/// The scaling that a range really has, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Scale {
    /// Never `Auto`.
    pub scaling: ScalingType,
    /// One sentence for people.
    pub reason: String,
}

/// From this ratio of its ends on, a continuous range is searched on a logarithmic scale.
const CONTINUOUS_RATIO: f64 = 100.0;
/// The same for integers.
const INTEGER_RATIO: f64 = 64.0;
/// So that 1 − 0.99 counts as a hundredth in spite of rounding.
const ROUNDING: f64 = 1.0 - 1e-9;

impl Scale {
    fn asked_for(scaling: ScalingType) -> Self {
        Self { scaling, reason: format!("{scaling:?} because the range says so.") }
    }

    /// The scale of a continuous range.
    pub(super) fn of_continuous(min: f64, max: f64, asked: ScalingType) -> Self {
        if asked != ScalingType::Auto {
            return Self::asked_for(asked);
        }
        if min > 0.0 && max / min >= CONTINUOUS_RATIO * ROUNDING {
            return Self {
                scaling: ScalingType::Logarithmic,
                reason: format!(
                    "Logarithmic because {max:?} is at least {CONTINUOUS_RATIO} times {min:?}, \
                     which is above 0."
                ),
            };
        }
        if min >= 0.0 && max < 1.0 && (1.0 - min) / (1.0 - max) >= CONTINUOUS_RATIO * ROUNDING {
            return Self {
                scaling: ScalingType::ReverseLogarithmic,
                reason: format!(
                    "ReverseLogarithmic because the range lies in [0, 1) and {min:?} is at least \
                     {CONTINUOUS_RATIO} times as far from 1 as {max:?}."
                ),
            };
        }
        Self {
            scaling: ScalingType::Linear,
            reason: format!(
                "Linear because {min:?} to {max:?} spans no ratio of {CONTINUOUS_RATIO}, neither \
                 above 0 nor in distance from 1."
            ),
        }
    }

    /// The scale of an integer range.
    pub(super) fn of_integer(min: i64, max: i64, asked: ScalingType) -> Self {
        if asked != ScalingType::Auto {
            return Self::asked_for(asked);
        }
        #[allow(clippy::cast_precision_loss, reason = "a ratio near 64 needs few digits")]
        let ratio = max as f64 / min as f64;
        if min >= 1 && ratio >= INTEGER_RATIO {
            Self {
                scaling: ScalingType::Logarithmic,
                reason: format!(
                    "Logarithmic because {max} is at least {INTEGER_RATIO} times {min}, which is \
                     at least 1."
                ),
            }
        } else {
            Self {
                scaling: ScalingType::Linear,
                reason: format!(
                    "Linear because {min} to {max} spans no ratio of {INTEGER_RATIO} above 0."
                ),
            }
        }
    }
}

/// Maps x to [0, 1] under a resolved scaling; the ends map to 0 and 1 exactly.
pub(super) fn to_unit(scaling: ScalingType, min: f64, max: f64, x: f64) -> f64 {
    if x <= min {
        return 0.0;
    }
    if x >= max {
        return 1.0;
    }
    let u = match scaling {
        ScalingType::Logarithmic => log_ratio(min, x) / log_ratio(min, max),
        ScalingType::ReverseLogarithmic => log_rest(min, x) / log_rest(min, max),
        ScalingType::Auto | ScalingType::Linear => (x - min) / (max - min),
    };
    u.clamp(0.0, 1.0)
}

/// The inverse of [`to_unit`]; 0 and 1 map to the ends exactly.
pub(super) fn from_unit(scaling: ScalingType, min: f64, max: f64, u: f64) -> f64 {
    if u <= 0.0 {
        return min;
    }
    if u >= 1.0 {
        return max;
    }
    let x = match scaling {
        ScalingType::Logarithmic => match u * log_ratio(min, max) {
            near if near < NEAR => min + min * near.exp_m1(),
            far => {
                // In two steps, because the ratio may overflow.
                let half = (0.5 * far).exp();
                min * half * half
            }
        },
        ScalingType::ReverseLogarithmic => match u * log_rest(min, max) {
            near if near > -NEAR => min - (1.0 - min) * near.exp_m1(),
            far => 1.0 - (1.0 - min) * far.exp(),
        },
        ScalingType::Auto | ScalingType::Linear => min + u * (max - min),
    };
    x.clamp(min, max)
}

/// Below this, in size, a logarithm of a ratio is taken by the difference from 1, which keeps its digits; it is ln 2.
const NEAR: f64 = std::f64::consts::LN_2;

/// ln(b ⁄ a) for 0 < a ≤ b, also where the ratio is near 1 or overflows.
pub(super) fn log_ratio(a: f64, b: f64) -> f64 {
    if b < 2.0 * a {
        ((b - a) / a).ln_1p()
    } else if (b / a).is_finite() {
        (b / a).ln()
    } else {
        b.ln() - a.ln()
    }
}

/// ln((1 − x) ⁄ (1 − a)) for a ≤ x < 1, also where that is near 1.
pub(super) fn log_rest(a: f64, x: f64) -> f64 {
    let gone = (x - a) / (1.0 - a);
    if gone < 0.5 { (-gone).ln_1p() } else { ((1.0 - x) / (1.0 - a)).ln() }
}

/// A number where its scale is linear: x, ln x or −ln(1 − x). Beyond a range's ends, too.
fn straightened(scaling: ScalingType, x: f64) -> f64 {
    match scaling {
        ScalingType::Logarithmic => x.ln(),
        ScalingType::ReverseLogarithmic => -(1.0 - x).ln(),
        ScalingType::Auto | ScalingType::Linear => x,
    }
}

/// Where x stands: 0 at min, 1 at max, outside of [0, 1] beyond them. In narrow ranges it has fewer digits than [`to_unit`].
pub(super) fn position(scaling: ScalingType, min: f64, max: f64, x: f64) -> f64 {
    let [a, b, x] = [min, max, x].map(|x| straightened(scaling, x));
    (x - a) / (b - a)
}

/// The inverse of [`position`].
pub(super) fn value_at(scaling: ScalingType, min: f64, max: f64, position: f64) -> f64 {
    let [a, b] = [min, max].map(|x| straightened(scaling, x));
    let x = a + position * (b - a);
    match scaling {
        ScalingType::Logarithmic => x.exp(),
        ScalingType::ReverseLogarithmic => 1.0 - (-x).exp(),
        ScalingType::Auto | ScalingType::Linear => x,
    }
}

/// The distance on the axis below which two numbers may be the same floating-point value.
pub(super) fn float_spacing(scaling: ScalingType, min: f64, max: f64) -> f64 {
    let largest = min.abs().max(max.abs());
    match scaling {
        ScalingType::Logarithmic => f64::EPSILON / log_ratio(min, max),
        ScalingType::ReverseLogarithmic => {
            f64::EPSILON * largest / ((1.0 - max) * -log_rest(min, max))
        }
        ScalingType::Auto | ScalingType::Linear => f64::EPSILON * largest / (max - min),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_follows_its_rule() {
        let chosen = |min, max| Scale::of_continuous(min, max, ScalingType::Auto).scaling;
        assert_eq!(chosen(1e-6, 1.0), ScalingType::Logarithmic);
        assert_eq!(chosen(0.01, 1.0), ScalingType::Logarithmic);
        assert_eq!(chosen(0.011, 1.0), ScalingType::Linear);
        assert_eq!(chosen(0.0, 1000.0), ScalingType::Linear);
        assert_eq!(chosen(0.5, 0.999), ScalingType::ReverseLogarithmic);
        assert_eq!(chosen(0.0, 0.99), ScalingType::ReverseLogarithmic);
        assert_eq!(chosen(0.0, 0.98), ScalingType::Linear);
        assert_eq!(chosen(-1.0, 0.999), ScalingType::Linear);
        let integer = |min, max| Scale::of_integer(min, max, ScalingType::Auto).scaling;
        assert_eq!(integer(1, 64), ScalingType::Logarithmic);
        assert_eq!(integer(1, 63), ScalingType::Linear);
        assert_eq!(integer(0, 1000), ScalingType::Linear);
        let scale = Scale::of_continuous(1e-6, 1.0, ScalingType::Auto);
        assert!(scale.reason.contains("1e-6") && scale.reason.ends_with('.'), "{}", scale.reason);
    }

    #[test]
    fn there_and_back() {
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
                // The two ways agree.
                let other = position(scaling, min, max, x);
                assert!((other - u).abs() < 1e-11, "{scaling:?}: {u} is at {other}");
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
