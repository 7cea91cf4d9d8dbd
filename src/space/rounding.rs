//! Rounds proposed values of a continuous range to few digits.
//!
//! In a range from 0 to 1, 0.4635 serves as well as 0.46347010869165484, and is easier to read. So
//! proposed values are rounded to decimals, by at most a ten-thousandth of the axis. They have more
//! digits only if the rounded value was already tried ([`ROUNDING_SHARES`]).
//!
//! | scale | rounded to |
//! | --- | --- |
//! | linear | a fixed decimal place |
//! | logarithmic | a fixed number of significant digits |
//! | reverse logarithmic | a fixed number of significant digits of the distance to 1 |
//!
//! The rounding is the same for the whole range, so it is idempotent.

use super::scaling::{ScalingType, float_spacing, log_complement_ratio, log_ratio};

/// Maximum changes of a value by rounding, as shares of the axis.
///
/// A proposal uses the first share for which the rounded configuration is new.
pub(super) const ROUNDING_SHARES: [f64; 3] = [1e-4, 1e-5, 1e-6];

/// The rounding of the values of a range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Rounding {
    /// No rounding, because the floats of the range are hardly denser than the rounded values.
    None,
    /// Rounds to multiples of ten to this power.
    DecimalPlace(i32),
    /// Rounds to this number of significant digits.
    SignificantDigits(i32),
    /// Rounds 1 − x to this number of significant digits.
    DistanceToOne(i32),
}

impl Rounding {
    /// Returns the coarsest rounding that changes values by at most this share of the axis.
    ///
    /// `scaling` is a resolved scaling, and `min` is below `max`.
    pub(super) fn coarsest(scaling: ScalingType, min: f64, max: f64, share: f64) -> Self {
        let rounding = match scaling {
            ScalingType::Logarithmic => {
                Self::SignificantDigits(significant_digits(share * log_ratio(min, max)))
            }
            ScalingType::ReverseLogarithmic => {
                Self::DistanceToOne(significant_digits(share * -log_complement_ratio(min, max)))
            }
            ScalingType::Auto | ScalingType::Linear => {
                Self::DecimalPlace(floor((2.0 * share * (max - min)).log10()))
            }
        };
        let is_coarser = rounding.step(scaling, min, max) > 8.0 * float_spacing(scaling, min, max);
        if is_coarser { rounding } else { Self::None }
    }

    /// Returns the maximum distance on the axis between adjacent rounded values.
    fn step(self, scaling: ScalingType, min: f64, max: f64) -> f64 {
        let log_step = |digits: i32| 10.0_f64.powi(1 - digits).ln_1p();
        match self {
            Self::None => float_spacing(scaling, min, max),
            Self::DecimalPlace(power) => 10.0_f64.powi(power) / (max - min),
            Self::SignificantDigits(digits) => log_step(digits) / log_ratio(min, max),
            Self::DistanceToOne(digits) => log_step(digits) / -log_complement_ratio(min, max),
        }
    }

    /// Returns the rounded value.
    pub(super) fn round(self, value: f64) -> f64 {
        match self {
            Self::None => value,
            Self::DecimalPlace(power) => round_to_place(value, power),
            Self::SignificantDigits(digits) => {
                round_to_place(value, exponent(value, digits) - (digits - 1))
            }
            Self::DistanceToOne(digits) => {
                round_to_place(value, exponent(1.0 - value, digits) - (digits - 1))
            }
        }
    }
}

/// Returns the smallest number of digits for which half a unit of the last digit is at most `span`.
///
/// `span` is the logarithm of a ratio.
fn significant_digits(span: f64) -> i32 {
    1 - floor((2.0 * span).log10()).min(0)
}

#[allow(clippy::cast_possible_truncation, reason = "logarithms of floats are small")]
fn floor(logarithm: f64) -> i32 {
    logarithm.floor() as i32
}

/// Returns the decimal exponent of a value after rounding to this number of significant digits.
fn exponent(value: f64, digits: i32) -> i32 {
    let decimals = usize::try_from(digits - 1).unwrap_or(0);
    let text = format!("{value:.decimals$e}");
    text.rsplit_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0)
}

/// Returns the multiple of 10^power that is nearest to a value.
fn round_to_place(value: f64, power: i32) -> f64 {
    let text = if let Ok(decimals) = usize::try_from(-power) {
        format!("{value:.decimals$}")
    } else {
        match usize::try_from(exponent(value, 17) - power) {
            Ok(decimals) => format!("{value:.decimals$e}"),
            Err(_) => format!("{}e{power}", (value / 10.0_f64.powi(power)).round()),
        }
    };
    // Adding 0 turns −0 into 0.
    text.parse::<f64>().unwrap_or(value) + 0.0
}

#[cfg(test)]
mod tests {
    use ScalingType::{Linear, Logarithmic, ReverseLogarithmic};

    use super::*;

    #[test]
    fn values_have_few_digits() {
        let round = |scaling, min: f64, max: f64, value: f64| {
            Rounding::coarsest(scaling, min, max, ROUNDING_SHARES[0]).round(value).to_string()
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
    fn rounding_is_idempotent() {
        for (scaling, min, max) in [
            (ScalingType::Linear, -5.0, 10.0),
            (ScalingType::Linear, 1e9, 1e9 + 1.0),
            (ScalingType::Logarithmic, 1e-12, 1e3),
            (ScalingType::ReverseLogarithmic, 0.0, 0.9999),
        ] {
            let rounding = Rounding::coarsest(scaling, min, max, ROUNDING_SHARES[0]);
            assert!(rounding.step(scaling, min, max) <= 2.2 * ROUNDING_SHARES[0], "{rounding:?}");
            for part in 1..1000 {
                let value =
                    super::super::scaling::from_unit(scaling, min, max, f64::from(part) / 1000.0);
                let rounded = rounding.round(value);
                assert_eq!(rounding.round(rounded).to_bits(), rounded.to_bits(), "{value}");
            }
        }
    }
}
