//! Numbers that a continuous range is restricted to: steps, or decimals of few digits.

use super::scaling::ScalingType;
use crate::cube::Levels;
use crate::significant;

/// Of a continuous range, the only numbers that it has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Lattice {
    /// first, first + step, …
    Steps { first: f64, step: f64, count: u64 },
    /// Decimals of so many significant digits, from the one of index `first` on.
    Significant { digits: u32, first: i64, count: u64 },
}

impl Lattice {
    /// The steps from `min` on that are at most `max`; a last one that is missed by rounding only counts.
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

    /// The decimals between `min`, which is above 0, and `max`; `None` if there are none.
    pub(super) fn significant(min: f64, max: f64, digits: u32) -> Option<Self> {
        let number = |index: i64| significant::number(digits, index);
        let (mut first, mut last) =
            (significant::nearest(digits, min), significant::nearest(digits, max));
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
            Self::Steps { count, .. } => Levels::even(count),
            Self::Significant { digits, first, count } => {
                Levels::significant(digits, first, count, is_logarithmic)
            }
        }
    }

    /// The number of this index.
    pub(super) fn number(self, index: u64) -> f64 {
        match self {
            Self::Significant { digits, first, .. } => {
                significant::number(digits, first.saturating_add_unsigned(index))
            }
            #[allow(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
            Self::Steps { first, step, .. } => {
                let number = first + index as f64 * step;
                // 0.1 + 2 · 0.1 is 0.3, and not 0.30000000000000004.
                let decimals = decimals(first).max(decimals(step));
                format!("{number:.decimals$}").parse().unwrap_or(number)
            }
        }
    }

    /// The index of the number that is nearest to a value.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    pub(super) fn nearest(self, value: f64) -> u64 {
        match self {
            Self::Steps { first, step, count } => {
                (((value - first) / step).round().max(0.0) as u64).min(count - 1)
            }
            Self::Significant { digits, first, count } => {
                let index = significant::nearest(digits, value.max(f64::MIN_POSITIVE));
                u64::try_from(index - first).unwrap_or(0).min(count - 1)
            }
        }
    }

    /// The numbers next to a value: at most it and, if there is one, above it.
    pub(super) fn around(self, value: f64) -> (f64, Option<f64>) {
        let near = self.nearest(value);
        let below = if self.number(near) > value { near.saturating_sub(1) } else { near };
        (self.number(below), (below + 1 < self.count()).then(|| self.number(below + 1)))
    }
}

/// Digits after the point of the shortest decimal that means a number.
fn decimals(number: f64) -> usize {
    let text = format!("{number}");
    text.split_once('.').map_or(0, |(_, digits)| digits.len())
}
