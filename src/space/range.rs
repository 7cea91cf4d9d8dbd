//! The range of a parameter: continuous, integer or categorical.
//!
//! The constructors check all arguments, so every range is valid.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::categorical::CategoricalParameterRange;
use super::configuration::ParameterValue;
use super::continuous::ContinuousParameterRange;
use super::integer::IntegerParameterRange;
use super::record::RangeRecord;
use super::scaling::{ResolvedScaling, ScalingType};
use crate::error::{Error, Violation};
use crate::unit_cube::Axis;

/// A parameter to tune: its name and the values that it can take.
///
/// A range is continuous, integer or categorical. The [`ScalingType`] of a numeric range sets which
/// differences between values matter. A step or a number of significant digits restricts the
/// values.
///
/// ```
/// use surmise::{ParameterRange, ScalingType, SearchSpace};
///
/// let space = SearchSpace::new([
///     ParameterRange::continuous("learning_rate", 1e-5..=1.0, ScalingType::Logarithmic),
///     ParameterRange::continuous("dropout", 0.0..=0.5, ScalingType::Linear)?.with_step(0.05),
///     ParameterRange::integer("layers", 1..=8, ScalingType::Linear),
///     ParameterRange::categorical("optimizer", ["adam", "sgd"]),
///     ParameterRange::categorical("nesterov", [true, false]),
/// ])?;
/// assert_eq!(space.ranges()[3].name(), "optimizer");
///
/// let error = ParameterRange::continuous("rate", 0.0..=1.0, ScalingType::Logarithmic);
/// assert_eq!(
///     error.unwrap_err().to_string(),
///     "`rate` is min 0.0: logarithmic scaling requires min > 0; \
///      raise min above 0, or use Linear scaling"
/// );
/// # Ok::<(), surmise::Error>(())
/// ```
///
/// # Common mistakes
///
/// - **Linear scaling for learning rates.** From 10⁻⁵ to 1, nine of ten random values are then
///   above 0.1. Use `Logarithmic`, or `Auto`, which chooses it for such a range.
/// - **Categories for ordered numbers.** A strategy cannot know that 64 is between 32 and 128. Use
///   an integer range, with a [step](Self::with_step) if needed.
/// - **A step above the minimum on a logarithmic scale.** The first few steps would take most of
///   the axis. `Auto` then uses a linear scale, and `Logarithmic` is an error.
///
/// Read on at [`SearchSpace`](crate::SearchSpace), and in the guide to
/// [ranges and scales](crate::guide::ranges_and_scales).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "super::record::RangeRecord", into = "super::record::RangeRecord")]
pub enum ParameterRange {
    /// A range of real numbers.
    Continuous(ContinuousParameterRange),
    /// A range of integers.
    Integer(IntegerParameterRange),
    /// A choice among values without order.
    Categorical(CategoricalParameterRange),
}

impl ParameterRange {
    /// Creates a range of real numbers.
    ///
    /// # Errors
    /// [`Error::Invalid`] for the causes listed at [`ContinuousParameterRange::new`].
    pub fn continuous(
        name: impl Into<String>,
        bounds: RangeInclusive<f64>,
        scaling: ScalingType,
    ) -> Result<Self, Error> {
        ContinuousParameterRange::new(name, bounds, scaling).map(Self::Continuous)
    }

    /// Creates a range of integers.
    ///
    /// # Errors
    /// [`Error::Invalid`] for the causes listed at [`IntegerParameterRange::new`].
    pub fn integer(
        name: impl Into<String>,
        bounds: RangeInclusive<i64>,
        scaling: ScalingType,
    ) -> Result<Self, Error> {
        IntegerParameterRange::new(name, bounds, scaling).map(Self::Integer)
    }

    /// Creates a choice among texts, numbers, booleans or null.
    ///
    /// # Errors
    /// [`Error::Invalid`] for the causes listed at [`CategoricalParameterRange::new`].
    pub fn categorical<V: Into<ParameterValue>>(
        name: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Result<Self, Error> {
        CategoricalParameterRange::new(name, values).map(Self::Categorical)
    }

    /// Restricts a numeric range to min, min + step, …, up to max.
    ///
    /// By default, a continuous range has no step, and the step of an integer range is 1.
    ///
    /// ```
    /// use surmise::{ParameterRange, ScalingType, SearchSpace};
    ///
    /// let space = SearchSpace::new([
    ///     ParameterRange::continuous("dropout", 0.0..=0.5, ScalingType::Linear)?.with_step(0.05),
    ///     ParameterRange::integer("units", 32..=512, ScalingType::Logarithmic)?.with_step(32.0),
    /// ])?;
    /// assert_eq!(space.cardinality(), Some(11 * 16));
    /// # Ok::<(), surmise::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] for the causes listed at [`ContinuousParameterRange::with_step`] and
    /// [`IntegerParameterRange::with_step`]. Also if the range is categorical, or if it is an
    /// integer range and the step is not an integer.
    pub fn with_step(self, step: f64) -> Result<Self, Error> {
        match self {
            Self::Continuous(range) => range.with_step(step).map(Self::Continuous),
            #[allow(clippy::cast_possible_truncation, reason = "a float beyond i64 saturates")]
            Self::Integer(range) if step.fract() == 0.0 => {
                range.with_step(step as i64).map(Self::Integer)
            }
            Self::Integer(range) => Err(Error::Invalid(vec![Violation::new(
                range.name(),
                format!("step {step:?}"),
                "the step of an integer range must be an integer",
                "round the step, or use a continuous range",
            )])),
            Self::Categorical(range) => Err(not_numeric(range.name(), "step")),
        }
    }

    /// Restricts a continuous range to decimals with at most this number of significant digits.
    ///
    /// By default there is no limit.
    ///
    /// # Errors
    /// [`Error::Invalid`] for the causes listed at
    /// [`ContinuousParameterRange::with_significant_digits`], or if the range is not continuous.
    pub fn with_significant_digits(self, digits: u32) -> Result<Self, Error> {
        match self {
            Self::Continuous(range) => range.with_significant_digits(digits).map(Self::Continuous),
            Self::Integer(range) => Err(Error::Invalid(vec![Violation::new(
                range.name(),
                format!("{digits} significant digits"),
                "significant digits require a continuous range",
                "use a step instead",
            )])),
            Self::Categorical(range) => {
                Err(not_numeric(range.name(), "number of significant digits"))
            }
        }
    }

    /// Returns the name of the parameter.
    pub fn name(&self) -> &str {
        match self {
            Self::Continuous(range) => range.name(),
            Self::Integer(range) => range.name(),
            Self::Categorical(range) => range.name(),
        }
    }

    /// Returns the scaling that the range uses and the reason, or `None` for a categorical range.
    pub fn resolved_scaling(&self) -> Option<&ResolvedScaling> {
        match self {
            Self::Continuous(range) => Some(range.resolved_scaling()),
            Self::Integer(range) => Some(range.resolved_scaling()),
            Self::Categorical(_) => None,
        }
    }

    pub(super) fn axis(&self) -> Axis {
        match self {
            Self::Continuous(range) => range.axis(),
            Self::Integer(range) => range.axis(),
            Self::Categorical(range) => range.axis(),
        }
    }

    pub(super) fn encode(&self, value: &ParameterValue) -> Result<f64, Violation> {
        match self {
            Self::Continuous(range) => range.encode(value),
            Self::Integer(range) => range.encode(value),
            Self::Categorical(range) => range.encode(value),
        }
    }

    /// Converts a value, which has this coordinate, to the type of the range.
    ///
    /// Values of continuous ranges without a step keep all digits.
    pub(super) fn normalize(&self, value: &ParameterValue, coordinate: f64) -> ParameterValue {
        match (self, value.number()) {
            (Self::Continuous(range), Some(number)) => range.normalize(number, coordinate),
            _ => self.decode(coordinate),
        }
    }

    pub(super) fn decode(&self, coordinate: f64) -> ParameterValue {
        match self {
            Self::Continuous(range) => range.decode(coordinate),
            Self::Integer(range) => range.decode(coordinate),
            Self::Categorical(range) => range.decode(coordinate),
        }
    }
}

fn not_numeric(name: &str, restriction: &str) -> Error {
    let rule = format!("choices have no order, so they cannot have a {restriction}");
    let value = format!("a choice with a {restriction}");
    Error::Invalid(vec![Violation::new(name, value, rule, "remove it")])
}

impl From<ParameterRange> for RangeRecord {
    fn from(range: ParameterRange) -> Self {
        match range {
            ParameterRange::Continuous(range) => Self::Continuous {
                name: range.name().to_owned(),
                min: range.min(),
                max: range.max(),
                scaling: range.scaling(),
                step: range.step(),
                significant_digits: range.significant_digits(),
            },
            ParameterRange::Integer(range) => Self::Integer {
                name: range.name().to_owned(),
                min: range.min(),
                max: range.max(),
                scaling: range.scaling(),
                step: (range.step() != 1).then_some(range.step()),
            },
            ParameterRange::Categorical(range) => {
                Self::Categorical { name: range.name().to_owned(), values: range.values().to_vec() }
            }
        }
    }
}

impl TryFrom<RangeRecord> for ParameterRange {
    type Error = Error;

    fn try_from(record: RangeRecord) -> Result<Self, Error> {
        match record {
            RangeRecord::Continuous { name, min, max, scaling, step, significant_digits } => {
                let mut range = Self::continuous(name, min..=max, scaling)?;
                if let Some(step) = step {
                    range = range.with_step(step)?;
                }
                match significant_digits {
                    Some(digits) => range.with_significant_digits(digits),
                    None => Ok(range),
                }
            }
            RangeRecord::Integer { name, min, max, scaling, step } => {
                let range = IntegerParameterRange::new(name, min..=max, scaling)?;
                match step {
                    Some(step) => range.with_step(step).map(Self::Integer),
                    None => Ok(Self::Integer(range)),
                }
            }
            RangeRecord::Categorical { name, values } => Self::categorical(name, values),
        }
    }
}
