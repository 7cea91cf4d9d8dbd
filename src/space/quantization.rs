//! The allowed values of a quantized continuous range: steps, or decimals with few digits.

use super::scaling::ScalingType;
use crate::significant_digits;
use crate::unit_cube::Levels;

/// The allowed values of a continuous range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Quantization {
    /// The values first, first + step, and so on.
    Steps { first: f64, step: f64, count: u64 },
    /// Decimals with `digits` significant digits, starting at index `first`.
    Significant { digits: u32, first: i64, count: u64 },
}

impl Quantization {
    /// Returns the values `min`, `min + step`, … up to `max`.
    ///
    /// The tolerance includes a last value that exceeds `max` only by rounding.
    pub(super) fn steps(min: f64, max: f64, step: f64) -> Self {
        let steps = (max - min) / step;
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked before"
        )]
        let count = (steps + 1e-9 * steps.max(1.0)).floor() as u64 + 1;
        Self::Steps { first: min, step, count }
    }

    /// Returns the decimals between `min`, which is above 0, and `max`; `None` if there are none.
    pub(super) fn significant(min: f64, max: f64, digits: u32) -> Option<Self> {
        let number = |index: i64| significant_digits::nth(digits, index);
        let (mut first, mut last) = (
            significant_digits::nearest_index(digits, min),
            significant_digits::nearest_index(digits, max),
        );
        first += i64::from(number(first) < min);
        last -= i64::from(number(last) > max);
        let count = u64::try_from(last - first + 1).ok().filter(|count| *count > 0)?;
        Some(Self::Significant { digits, first, count })
    }

    pub(super) fn count(self) -> u64 {
        match self {
            Self::Steps { count, .. } | Self::Significant { count, .. } => count,
        }
    }

    pub(super) fn levels(self, scaling: ScalingType) -> Levels {
        let is_logarithmic = scaling == ScalingType::Logarithmic;
        match self {
            Self::Steps { first, step, count } if is_logarithmic => {
                Levels::logarithmic_from(first / step, count)
            }
            Self::Steps { count, .. } => Levels::evenly_spaced(count),
            Self::Significant { digits, first, count } => {
                Levels::significant(digits, first, count, is_logarithmic)
            }
        }
    }

    /// Returns the value with this index, counted from 0.
    pub(super) fn value(self, index: u64) -> f64 {
        match self {
            Self::Significant { digits, first, .. } => {
                significant_digits::nth(digits, first.saturating_add_unsigned(index))
            }
            #[allow(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
            Self::Steps { first, step, .. } => {
                let number = first + index as f64 * step;
                // Round, so that 0.1 + 2 · 0.1 is 0.3 and not 0.30000000000000004.
                let decimals = decimals(first).max(decimals(step));
                format!("{number:.decimals$}").parse().unwrap_or(number)
            }
        }
    }

    /// Returns the index of the allowed value that is nearest to a value.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    pub(super) fn nearest_index(self, value: f64) -> u64 {
        match self {
            Self::Steps { first, step, count } => {
                (((value - first) / step).round().max(0.0) as u64).min(count - 1)
            }
            Self::Significant { digits, first, count } => {
                let index = significant_digits::nearest_index(digits, value.max(f64::MIN_POSITIVE));
                u64::try_from(index - first).unwrap_or(0).min(count - 1)
            }
        }
    }

    /// Returns the allowed values next to a value: one at or below it, and one above it.
    ///
    /// The second is `None` beyond the last allowed value.
    pub(super) fn neighbors(self, value: f64) -> (f64, Option<f64>) {
        let nearest = self.nearest_index(value);
        let below = if self.value(nearest) > value { nearest.saturating_sub(1) } else { nearest };
        (self.value(below), (below + 1 < self.count()).then(|| self.value(below + 1)))
    }
}

/// Returns the number of digits after the decimal point in the shortest form of a number.
fn decimals(number: f64) -> usize {
    let text = format!("{number}");
    text.split_once('.').map_or(0, |(_, digits)| digits.len())
}
