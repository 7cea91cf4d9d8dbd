//! The parameters of a search space, as requests write them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::Error;
use crate::space::{ParameterRange, ParameterValue, ScalingType, SearchSpace};

/// A parameter of a search space, as a request writes it.
///
/// Create one from a [`ParameterRange`] by `Parameter::from`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    name: String,
    #[serde(rename = "type")]
    kind: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    lo: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hi: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scale: Option<Scale>,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digits: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    choices: Option<Vec<ParameterValue>>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Float,
    Int,
    Cat,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Scale {
    Linear,
    Log,
    ReverseLog,
    Auto,
}

impl From<&ParameterRange> for Parameter {
    /// Converts a range. An automatic scale is resolved; steps and digits are left out.
    fn from(range: &ParameterRange) -> Self {
        let (kind, lo, hi, choices) = match range {
            ParameterRange::Continuous(range) => {
                (Kind::Float, Some(range.min().into()), Some(range.max().into()), None)
            }
            ParameterRange::Integer(range) => {
                (Kind::Int, Some(range.min().into()), Some(range.max().into()), None)
            }
            ParameterRange::Categorical(range) => {
                (Kind::Cat, None, None, Some(range.values().to_vec()))
            }
        };
        let scale = range.resolved_scaling().map(|scale| match scale.scaling {
            ScalingType::Logarithmic => Scale::Log,
            ScalingType::ReverseLogarithmic => Scale::ReverseLog,
            ScalingType::Auto | ScalingType::Linear => Scale::Linear,
        });
        let scale = scale.filter(|_| choices.is_none());
        let name = range.name().to_owned();
        Self { name, kind, lo, hi, scale, step: None, digits: None, choices }
    }
}

/// Returns the search space of these parameters.
///
/// # Errors
/// All errors of the parameters, each in one line that names the parameter and the member.
pub fn search_space(parameters: &[Parameter]) -> Result<SearchSpace, Vec<String>> {
    let mut errors = Vec::new();
    let mut ranges = Vec::new();
    for (index, parameter) in parameters.iter().enumerate() {
        match parameter.to_range(index) {
            Ok(range) => ranges.push(range),
            Err(malformed) => errors.push(malformed),
        }
    }
    let space = SearchSpace::new(ranges);
    // If no range is valid, the errors of the ranges say more than that the space is empty.
    if let Err(error) = &space
        && (errors.is_empty() || parameters.len() > errors.len())
    {
        errors.push(format!("space: {}", error.to_string().replace('\n', "; ")));
    }
    match space {
        Ok(space) if errors.is_empty() => Ok(space),
        _ => Err(errors),
    }
}

impl Parameter {
    /// Returns the range that this parameter describes. `index` is its index in the list `space`.
    ///
    /// # Errors
    /// The outer error names a member that is missing, superfluous or of a wrong type. The inner
    /// one is [`Error::Invalid`] for values that are no valid range.
    fn to_range(&self, index: usize) -> Result<Result<ParameterRange, Error>, String> {
        if self.name.is_empty() {
            return Err(format!("space[{index}].name: empty"));
        }
        let path_of = |field: &str| format!("space[{index}].{field} (of `{}`)", self.name);
        let reject_if_set = |field: &str, is_set: bool| match is_set {
            true => Err(format!(
                "{}: a parameter of this type has no such member; remove it",
                path_of(field)
            )),
            false => Ok(()),
        };
        let scaling = match self.scale.unwrap_or(Scale::Auto) {
            Scale::Linear => ScalingType::Linear,
            Scale::Log => ScalingType::Logarithmic,
            Scale::ReverseLog => ScalingType::ReverseLogarithmic,
            Scale::Auto => ScalingType::Auto,
        };
        let float = |field: &str, value: &Option<Value>| {
            let number = value.as_ref().and_then(Value::as_f64);
            number.ok_or_else(|| {
                format!("{}: {} is not a number", path_of(field), value_text(value.as_ref()))
            })
        };
        let integer = |field: &str, value: &Option<Value>| {
            value.as_ref().and_then(parse_whole).ok_or_else(|| {
                let value = value_text(value.as_ref());
                format!("{}: {value} is not a whole number within ±2^53", path_of(field))
            })
        };
        match self.kind {
            Kind::Float | Kind::Int => reject_if_set("choices", self.choices.is_some())?,
            Kind::Cat => {
                let members = [
                    ("lo", self.lo.is_some()),
                    ("hi", self.hi.is_some()),
                    ("scale", self.scale.is_some()),
                    ("step", self.step.is_some()),
                    ("digits", self.digits.is_some()),
                ];
                members.into_iter().try_for_each(|(field, is_set)| reject_if_set(field, is_set))?;
            }
        }
        let range = match self.kind {
            Kind::Float => {
                let (lo, hi) = (float("lo", &self.lo)?, float("hi", &self.hi)?);
                ParameterRange::continuous(&self.name, lo..=hi, scaling)
            }
            Kind::Int => {
                reject_if_set("digits", self.digits.is_some())?;
                let (lo, hi) = (integer("lo", &self.lo)?, integer("hi", &self.hi)?);
                ParameterRange::integer(&self.name, lo..=hi, scaling)
            }
            Kind::Cat => {
                let choices = self.choices.clone();
                let choices = choices.ok_or_else(|| format!("{}: missing", path_of("choices")))?;
                ParameterRange::categorical(&self.name, choices)
            }
        };
        let step = self.step.is_some().then(|| float("step", &self.step)).transpose()?;
        Ok(range.and_then(|range| restrict_to_grid(range, step, self.digits)))
    }
}

fn restrict_to_grid(
    range: ParameterRange,
    step: Option<f64>,
    digits: Option<u32>,
) -> Result<ParameterRange, Error> {
    let range = step.map_or(Ok(range.clone()), |step| range.with_step(step))?;
    match digits {
        Some(digits) => range.with_significant_digits(digits),
        None => Ok(range),
    }
}

/// Returns a whole number, which may be written as 3 or 3.0.
fn parse_whole(value: &Value) -> Option<i64> {
    const MAX_EXACT_INTEGER: f64 = 9_007_199_254_740_992.0;
    #[allow(clippy::cast_possible_truncation, reason = "up to 2^53 it is exact")]
    let from_float = |number: f64| {
        (number.fract() == 0.0 && number.abs() <= MAX_EXACT_INTEGER).then_some(number as i64)
    };
    value.as_i64().or_else(|| value.as_f64().and_then(from_float))
}

/// Returns a value as text for a message; "missing" if there is none.
pub(super) fn value_text(value: Option<&Value>) -> String {
    value.map_or_else(|| "missing".to_owned(), Value::to_string)
}
