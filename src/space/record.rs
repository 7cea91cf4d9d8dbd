//! The search space as data: what is written is what the user gave, and reading checks it again.

use serde::{Deserialize, Serialize};

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
    },
    Integer {
        name: String,
        min: i64,
        max: i64,
        #[serde(default)]
        scaling: ScalingType,
    },
    Categorical {
        name: String,
        values: Vec<String>,
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
            },
            ParameterRange::Integer(range) => Self::Integer {
                name: range.name().to_owned(),
                min: range.min(),
                max: range.max(),
                scaling: range.scaling(),
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
            RangeRecord::Continuous { name, min, max, scaling } => {
                Self::continuous(name, min..=max, scaling)
            }
            RangeRecord::Integer { name, min, max, scaling } => {
                Self::integer(name, min..=max, scaling)
            }
            RangeRecord::Categorical { name, values } => Self::categorical(name, values),
        }
    }
}

/// A space as read: its ranges are not yet checked, so that all that is wrong with them is said at once.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct SpaceRecord(pub(super) Vec<RangeRecord>);
