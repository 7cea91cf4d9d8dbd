//! One tunable quantity, of any of the three kinds. Each range is checked once, when it is made; afterwards nobody checks
//! again.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::categorical::CategoricalParameterRange;
use super::configuration::ParameterValue;
use super::continuous::ContinuousParameterRange;
use super::integer::IntegerParameterRange;
use super::record::RangeRecord;
use super::scaling::{Scale, ScalingType};
use crate::cube::Axis;
use crate::error::{Error, Violation};

/// One tunable quantity: its name and the values that it can take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "super::record::RangeRecord", into = "super::record::RangeRecord")]
pub enum ParameterRange {
    /// Real numbers.
    Continuous(ContinuousParameterRange),
    /// Whole numbers.
    Integer(IntegerParameterRange),
    /// Named values without order.
    Categorical(CategoricalParameterRange),
}

impl ParameterRange {
    /// A [`ContinuousParameterRange`].
    ///
    /// # Errors
    /// Those of [`ContinuousParameterRange::new`].
    pub fn continuous(
        name: impl Into<String>,
        bounds: RangeInclusive<f64>,
        scaling: ScalingType,
    ) -> Result<Self, Error> {
        ContinuousParameterRange::new(name, bounds, scaling).map(Self::Continuous)
    }

    /// An [`IntegerParameterRange`].
    ///
    /// # Errors
    /// Those of [`IntegerParameterRange::new`].
    pub fn integer(
        name: impl Into<String>,
        bounds: RangeInclusive<i64>,
        scaling: ScalingType,
    ) -> Result<Self, Error> {
        IntegerParameterRange::new(name, bounds, scaling).map(Self::Integer)
    }

    /// A [`CategoricalParameterRange`]: of text, numbers, booleans or null.
    ///
    /// # Errors
    /// Those of [`CategoricalParameterRange::new`].
    pub fn categorical<V: Into<ParameterValue>>(
        name: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Result<Self, Error> {
        CategoricalParameterRange::new(name, values).map(Self::Categorical)
    }

    /// The same numeric range in steps, in natural units: min, min + step, …, as far as they are at most max.
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
    /// Those of [`ContinuousParameterRange::with_step`] and [`IntegerParameterRange::with_step`], and [`Error::Invalid`] if an integer range
    /// is given a step with a fraction, or a categorical one any.
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
                "the step of an integer range is a whole number",
                "round it, or use a continuous range",
            )])),
            Self::Categorical(range) => Err(no_numbers(range.name(), "step")),
        }
    }

    /// The same continuous range with decimals of at most so many significant digits only.
    ///
    /// # Errors
    /// Those of [`ContinuousParameterRange::with_significant_digits`], and [`Error::Invalid`] if the range is not continuous.
    pub fn with_significant_digits(self, digits: u32) -> Result<Self, Error> {
        match self {
            Self::Continuous(range) => range.with_significant_digits(digits).map(Self::Continuous),
            Self::Integer(range) => Err(Error::Invalid(vec![Violation::new(
                range.name(),
                format!("{digits} significant digits"),
                "a number of digits is for continuous ranges",
                "give a step",
            )])),
            Self::Categorical(range) => Err(no_numbers(range.name(), "number of digits")),
        }
    }

    /// The parameter's name.
    pub fn name(&self) -> &str {
        match self {
            Self::Continuous(range) => range.name(),
            Self::Integer(range) => range.name(),
            Self::Categorical(range) => range.name(),
        }
    }

    /// The scaling in force and why; `None` for a categorical range.
    pub fn scale(&self) -> Option<&Scale> {
        match self {
            Self::Continuous(range) => Some(range.scale()),
            Self::Integer(range) => Some(range.scale()),
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

    /// A value that lies at this coordinate, in the range's own type. One of a continuous range without steps keeps its digits.
    pub(super) fn normal(&self, value: &ParameterValue, coordinate: f64) -> ParameterValue {
        match (self, value.number()) {
            (Self::Continuous(range), Some(number)) => range.normal(number, coordinate),
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

fn no_numbers(name: &str, what: &str) -> Error {
    let rule = format!("choices have no order, and so no {what}");
    Error::Invalid(vec![Violation::new(name, what, rule, "leave it out")])
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
