//! What can be wrong with a range or a value, in words.

use super::configuration::ParameterValue;
use super::scaling::{Scale, ScalingType};
use crate::error::{Error, Violation};

/// Whole numbers up to here are exact in floating point, and so in JSON.
pub(super) const LARGEST_INTEGER: i64 = 1 << 53;

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

/// What is wrong with a value that lies between two of those that a range has; `above` is missing beyond the last one.
pub(super) fn between<T: std::fmt::Debug>(
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
    Violation::new(name, value, format!("its values are {values}"), remedy)
}

pub(super) fn step_too_large<T: std::fmt::Debug>(name: &str, step: T, width: T) -> Violation {
    Violation::new(
        name,
        format!("step {step:?}"),
        format!("a step is at most the difference of the ends, {width:?}"),
        "lower it",
    )
}

/// The scale of a range whose first value is smaller than its step: linear if that is left to us, because the first steps would fill a
/// logarithmic axis.
pub(super) fn scale_in_steps<T: std::fmt::Debug>(
    name: &str,
    asked: ScalingType,
    min: &T,
    step: &T,
) -> Result<Scale, Error> {
    if asked == ScalingType::Auto {
        return Ok(Scale {
            scaling: ScalingType::Linear,
            reason: format!("Linear because a step of {step:?} is larger than {min:?}."),
        });
    }
    Err(Error::Invalid(vec![Violation::new(
        name,
        format!("step {step:?}"),
        format!("on a logarithmic scale a step is at most min, {min:?}"),
        "lower the step, raise min, give a number of significant digits, or use Linear scaling",
    )]))
}

pub(super) fn outside<T: std::fmt::Debug>(name: &str, value: &str, min: T, max: T) -> Violation {
    Violation::new(
        name,
        value,
        format!("its range is {min:?} to {max:?}"),
        "use a value inside, or widen the range",
    )
}
