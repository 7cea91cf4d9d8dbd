//! The serialized form of a search space: the arguments of its ranges, which reading checks again.

use serde::{Deserialize, Serialize};

use super::configuration::ParameterValue;
use super::scaling::ScalingType;

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

/// A space whose ranges are not checked yet, so that one error can list all violations.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct SpaceRecord(pub(super) Vec<RangeRecord>);
