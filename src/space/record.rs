//! The search space as data: what is written is what the user gave, and reading checks it again.

use serde::{Deserialize, Serialize};

use super::configuration::ParameterValue;
use super::integer::IntegerParameterRange;
use super::range::ParameterRange;
use super::scaling::ScalingType;
use crate::error::Error;

#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum RangeRecord {
    Continuous {
        name: String,
        min: f64,
        max: f64,
        #[serde(default)]
        scaling: ScalingType,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<f64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        significant_digits: Option<u32>,
    },
    Integer {
        name: String,
        min: i64,
        max: i64,
        #[serde(default)]
        scaling: ScalingType,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<i64>,
    },
    Categorical {
        name: String,
        values: Vec<ParameterValue>,
    },
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

/// A space as read: its ranges are not yet checked, so that all that is wrong with them is said at once.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct SpaceRecord(pub(super) Vec<RangeRecord>);
