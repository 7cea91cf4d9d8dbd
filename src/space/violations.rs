//! Constructors of the violations that several kinds of ranges report.

use super::configuration::ParameterValue;
use super::scaling::{ResolvedScaling, ScalingType};
use crate::error::{Error, Violation};

/// Largest integer up to which all integers are exact as floats, and so in JSON.
pub(super) const MAX_INTEGER: i64 = 1 << 53;

pub(super) const MIN_EXCEEDS_MAX: &str = "min must not exceed max";
pub(super) const LOGARITHMIC_BOUNDS: &str = "logarithmic scaling requires min > 0";

pub(super) fn check_name(name: &str) -> Vec<Violation> {
    if name.is_empty() {
        vec![Violation::new(name, "an empty name", "a parameter needs a name", "add a name")]
    } else if name.contains('\0') {
        let name = name.escape_debug().to_string();
        let rule = "programs cannot receive a NUL character";
        vec![Violation::new(name, "a name with a NUL character", rule, "remove the character")]
    } else {
        Vec::new()
    }
}

pub(super) fn wrong_type(name: &str, value: &ParameterValue, expected: &str) -> Violation {
    Violation::new(name, value, format!("the value must be {expected}"), format!("use {expected}"))
}

/// Returns the violation for a value between two valid values, `below` and `above`.
///
/// `above` is `None` if the value is above the last valid value.
pub(super) fn not_a_valid_value<T: std::fmt::Debug>(
    name: &str,
    value: &str,
    values: &str,
    below: T,
    above: Option<T>,
) -> Violation {
    let remedy = match above {
        Some(above) => format!("use {below:?} or {above:?}"),
        None => format!("use {below:?}"),
    };
    Violation::new(name, value, format!("the valid values are {values}"), remedy)
}

pub(super) fn step_too_large<T: std::fmt::Debug>(name: &str, step: T, width: T) -> Violation {
    Violation::new(
        name,
        format!("step {step:?}"),
        format!("the step must not exceed the width of the range, {width:?}"),
        "lower it",
    )
}

/// Resolves the scaling of a range whose minimum is smaller than its step.
///
/// On a logarithmic axis, the first few steps would take most of the axis. So `Auto` becomes
/// linear, and `Logarithmic` is an error.
pub(super) fn resolve_with_large_step<T: std::fmt::Debug>(
    name: &str,
    requested: ScalingType,
    min: &T,
    step: &T,
) -> Result<ResolvedScaling, Error> {
    if requested == ScalingType::Auto {
        return Ok(ResolvedScaling {
            scaling: ScalingType::Linear,
            reason: format!(
                "Linear because the step, {step:?}, is larger than the minimum, {min:?}."
            ),
        });
    }
    Err(Error::Invalid(vec![Violation::new(
        name,
        format!("step {step:?}"),
        format!("on a logarithmic scale the step must not exceed min, {min:?}"),
        "lower the step, raise min, use significant digits instead, or use Linear scaling",
    )]))
}

pub(super) fn outside_range<T: std::fmt::Debug>(
    name: &str,
    value: &str,
    min: T,
    max: T,
) -> Violation {
    Violation::new(
        name,
        value,
        format!("the range is {min:?} to {max:?}"),
        "use a value in the range, or widen the range",
    )
}
