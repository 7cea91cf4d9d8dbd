//! How many digits a value of a continuous range has: as many as its range resolves.
//!
//! 0.46347010869165484 from 0 to 1 says no more than 0.4635 does, and hides it. So a value is rounded to a decimal that lies next to it, by at
//! most a ten-thousandth of the axis; and to more digits, step by step, only where that has been tried ([`FINENESS`]):
//!
//! | scale | rounded to |
//! | --- | --- |
//! | linear | a fixed decimal place |
//! | logarithmic | a fixed number of significant digits |
//! | reverse logarithmic | a fixed number of significant digits of the distance to 1 |
//!
//! The decimals are fixed, so rounding twice is rounding once.

use super::scaling::{ScalingType, float_spacing, log_ratio, log_rest};

/// Rounding moves a value by at most this share of the axis: the first that gives something new.
pub(super) const FINENESS: [f64; 3] = [1e-4, 1e-5, 1e-6];

/// How the values of a range are rounded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Digits {
    /// Not at all: floats are hardly denser than what is resolved.
    All,
    /// To multiples of ten to this power.
    Place(i32),
    /// To so many significant digits.
    Significant(i32),
    /// To so many significant digits of 1 − x.
    OfDistanceToOne(i32),
}

impl Digits {
    /// The digits that move no value of a range from `min` to `max`, on a resolved scale, by more than this share of the axis; `min` is
    /// below `max`.
    pub(super) fn of(scaling: ScalingType, min: f64, max: f64, share: f64) -> Self {
        let digits = match scaling {
            ScalingType::Logarithmic => Self::Significant(significant(share * log_ratio(min, max))),
            ScalingType::ReverseLogarithmic => {
                Self::OfDistanceToOne(significant(share * -log_rest(min, max)))
            }
            ScalingType::Auto | ScalingType::Linear => {
                Self::Place(floor((2.0 * share * (max - min)).log10()))
            }
        };
        let is_coarser = digits.step(scaling, min, max) > 8.0 * float_spacing(scaling, min, max);
        if is_coarser { digits } else { Self::All }
    }

    /// How far apart two values can be at most on the axis that are next to each other.
    fn step(self, scaling: ScalingType, min: f64, max: f64) -> f64 {
        let relative = |digits: i32| 10.0_f64.powi(1 - digits).ln_1p();
        match self {
            Self::All => float_spacing(scaling, min, max),
            Self::Place(power) => 10.0_f64.powi(power) / (max - min),
            Self::Significant(digits) => relative(digits) / log_ratio(min, max),
            Self::OfDistanceToOne(digits) => relative(digits) / -log_rest(min, max),
        }
    }

    /// The decimal that stands for a value.
    pub(super) fn round(self, value: f64) -> f64 {
        match self {
            Self::All => value,
            Self::Place(power) => to_place(value, power),
            Self::Significant(digits) => to_place(value, exponent(value, digits) - (digits - 1)),
            Self::OfDistanceToOne(digits) => {
                to_place(value, exponent(1.0 - value, digits) - (digits - 1))
            }
        }
    }
}

/// The least number of digits of which half a unit of the last one is at most this, as a logarithm of a ratio.
fn significant(span: f64) -> i32 {
    1 - floor((2.0 * span).log10()).min(0)
}

#[allow(clippy::cast_possible_truncation, reason = "logarithms of floats are small")]
fn floor(logarithm: f64) -> i32 {
    logarithm.floor() as i32
}

/// The power of ten of the first of so many significant digits, once rounded to them.
fn exponent(value: f64, digits: i32) -> i32 {
    let decimals = usize::try_from(digits - 1).unwrap_or(0);
    let text = format!("{value:.decimals$e}");
    text.rsplit_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0)
}

/// The multiple of 10^power that is nearest to a value.
fn to_place(value: f64, power: i32) -> f64 {
    let text = if let Ok(decimals) = usize::try_from(-power) {
        format!("{value:.decimals$}")
    } else {
        let own = exponent(value, 17);
        match usize::try_from(own - power) {
            Ok(decimals) => format!("{value:.decimals$e}"),
            Err(_) => format!("{}e{power}", (value / 10.0_f64.powi(power)).round()),
        }
    };
    // Adding 0 makes one of the two zeros.
    text.parse::<f64>().unwrap_or(value) + 0.0
}

#[cfg(test)]
mod tests {
    use ScalingType::{Linear, Logarithmic, ReverseLogarithmic};

    use super::*;

    #[test]
    fn values_have_the_digits_that_their_range_resolves() {
        let round = |scaling, min: f64, max: f64, value: f64| {
            Digits::of(scaling, min, max, FINENESS[0]).round(value).to_string()
        };
        assert_eq!(round(Logarithmic, 1e-5, 1.0, 0.046_347_010_869_165_484), "0.04635");
        assert_eq!(
            round(Logarithmic, 1e-300, 1e300, 3.333_333e-120),
            "3.3e-120".parse::<f64>().unwrap().to_string()
        );
        assert_eq!(round(Linear, 0.0, 1.0, 0.463_470_108), "0.4635");
        assert_eq!(round(Linear, -5.0, 10.0, std::f64::consts::PI), "3.142");
        assert_eq!(round(Linear, -5.0, 10.0, -1e-9), "0");
        assert_eq!(round(Linear, 0.0, 1000.0, 229.383_123), "229.4");
        assert_eq!(round(Linear, 0.0, 1e6, 123_456.0), "123500");
        assert_eq!(round(Linear, 0.0, 1e6, 40.0), "0");
        assert_eq!(round(Linear, 1e9, 1e9 + 1.0, 1e9 + 0.123_456), "1000000000.1235");
        assert_eq!(round(ReverseLogarithmic, 0.9, 0.9999, 0.998_765_432_1), "0.998765");
        assert_eq!(round(ReverseLogarithmic, 0.0, 0.9999, 0.5), "0.5");
    }

    #[test]
    fn rounding_twice_is_rounding_once() {
        for (scaling, min, max) in [
            (ScalingType::Linear, -5.0, 10.0),
            (ScalingType::Linear, 1e9, 1e9 + 1.0),
            (ScalingType::Logarithmic, 1e-12, 1e3),
            (ScalingType::ReverseLogarithmic, 0.0, 0.9999),
        ] {
            let digits = Digits::of(scaling, min, max, FINENESS[0]);
            assert!(digits.step(scaling, min, max) <= 2.2 * FINENESS[0], "{digits:?}");
            for part in 1..1000 {
                let value =
                    super::super::scaling::from_unit(scaling, min, max, f64::from(part) / 1000.0);
                let rounded = digits.round(value);
                assert_eq!(digits.round(rounded).to_bits(), rounded.to_bits(), "{value}");
            }
        }
    }
}
