//! One tunable quantity, of any of the three kinds. Each range is checked once, when it is made; afterwards nobody checks
//! again.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::categorical::CategoricalParameterRange;
use super::configuration::ParameterValue;
use super::continuous::ContinuousParameterRange;
use super::integer::IntegerParameterRange;
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

    /// A [`CategoricalParameterRange`].
    ///
    /// # Errors
    /// Those of [`CategoricalParameterRange::new`].
    pub fn categorical<V: Into<String>>(
        name: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Result<Self, Error> {
        CategoricalParameterRange::new(name, values).map(Self::Categorical)
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

    /// A value that lies at this coordinate, in the range's own type. One of a continuous range keeps its digits.
    pub(super) fn normal(&self, value: &ParameterValue, coordinate: f64) -> ParameterValue {
        match (self, value) {
            (Self::Continuous(_), ParameterValue::Float(_)) => value.clone(),
            #[allow(clippy::cast_precision_loss, reason = "nearest float is meant")]
            (Self::Continuous(_), ParameterValue::Integer(number)) => {
                ParameterValue::Float(*number as f64)
            }
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

pub(super) fn check_name(name: &str) -> Vec<Violation> {
    if name.is_empty() {
        vec![Violation::new(name, "without a name", "a parameter has a name", "name it")]
    } else if name.contains('\0') {
        let rule = "names are passed to programs, which cannot be given the character NUL";
        vec![Violation::new(name.escape_debug().to_string(), "NUL", rule, "leave it out")]
    } else {
        Vec::new()
    }
}

pub(super) fn wrong_type(name: &str, value: &ParameterValue, wanted: &str) -> Violation {
    Violation::new(name, value, format!("this parameter takes {wanted}"), format!("give {wanted}"))
}

pub(super) fn outside<T: std::fmt::Debug>(name: &str, value: &str, min: T, max: T) -> Violation {
    Violation::new(
        name,
        value,
        format!("its range is {min:?} to {max:?}"),
        "use a value inside, or widen the range",
    )
}
