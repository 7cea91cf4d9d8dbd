//! Whole numbers.

use std::ops::RangeInclusive;

use super::configuration::ParameterValue;
use super::scaling::{Scale, ScalingType};
use super::violations::{
    LARGEST_INTEGER, between, check_name, outside, scale_in_steps, step_too_large, wrong_type,
};
use crate::cube::{Axis, Levels};
use crate::error::{Error, Violation};

/// More values than this cannot be told apart on an axis.
const MOST_VALUES: i64 = 1 << 40;
/// Nor can larger neighbours on a logarithmic one.
const LARGEST_LOGARITHMIC: i64 = 1 << 44;

/// Whole numbers from a minimum to a maximum, both included, in natural units.
#[derive(Debug, Clone, PartialEq)]
pub struct IntegerParameterRange {
    name: String,
    min: i64,
    max: i64,
    scaling: ScalingType,
    scale: Scale,
    /// From one value to the next.
    step: i64,
}

impl IntegerParameterRange {
    /// A range of whole numbers.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every rule that the range breaks: the name is not empty; min ≤ max; at most 2⁴⁰ values,
    /// none beyond ±2⁵³ (2⁴⁴ on a logarithmic scale); logarithmic scaling needs min > 0; reverse logarithmic is for continuous ranges only.
    pub fn new(
        name: impl Into<String>,
        bounds: RangeInclusive<i64>,
        scaling: ScalingType,
    ) -> Result<Self, Error> {
        let (name, min, max) = (name.into(), *bounds.start(), *bounds.end());
        let mut violations = check_name(&name);
        violations.extend(check_integer(&name, min, max, scaling));
        Error::unless_empty(violations)?;
        let scale = Scale::of_integer(min, max, scaling);
        Ok(Self { name, min, max, scaling, scale, step: 1 })
    }

    /// The same range in steps: min, min + step, …, as far as they are at most max.
    ///
    /// ```
    /// use surmise::{ParameterRange, ScalingType};
    ///
    /// // 32, 64, 96, …, 512
    /// let units = ParameterRange::integer("units", 32..=512, ScalingType::Logarithmic)?.with_step(32.0)?;
    /// # Ok::<(), surmise::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] if the step is not above 0, or larger than the difference of the ends; on a logarithmic scale that was asked for,
    /// also if min is below the step: then the first steps would fill the axis.
    pub fn with_step(self, step: i64) -> Result<Self, Error> {
        let mut violations = Vec::new();
        if step < 1 {
            let rule = "a step is at least 1";
            violations.push(Violation::new(&self.name, format!("step {step}"), rule, "raise it"));
        } else if step > self.max - self.min {
            violations.push(step_too_large(&self.name, step, self.max - self.min));
        }
        Error::unless_empty(violations)?;
        let is_crowded = self.scale.scaling == ScalingType::Logarithmic && self.min < step;
        let scale = if is_crowded { self.scale_in_steps(step)? } else { self.scale.clone() };
        Ok(Self { step, scale, ..self })
    }

    fn scale_in_steps(&self, step: i64) -> Result<Scale, Error> {
        scale_in_steps(&self.name, self.scaling, &self.min, &step)
    }

    /// The parameter's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Smallest value.
    pub fn min(&self) -> i64 {
        self.min
    }

    /// Largest value; in steps, the largest one may be smaller.
    pub fn max(&self) -> i64 {
        self.max
    }

    /// From one value to the next; 1 if no step was given.
    pub fn step(&self) -> i64 {
        self.step
    }

    /// Number of values.
    pub fn count(&self) -> u64 {
        ((self.max - self.min) / self.step).unsigned_abs() + 1
    }

    /// The scaling that was asked for.
    pub fn scaling(&self) -> ScalingType {
        self.scaling
    }

    /// The scaling in force, and one sentence on why.
    pub fn scale(&self) -> &Scale {
        &self.scale
    }

    pub(super) fn axis(&self) -> Axis {
        #[allow(clippy::cast_precision_loss, reason = "whole numbers end at 2^53")]
        let first = self.min as f64 / self.step as f64;
        Axis::Levels(match self.scale.scaling {
            ScalingType::Logarithmic => Levels::logarithmic_from(first, self.count()),
            _ => Levels::even(self.count()),
        })
    }

    pub(super) fn encode(&self, value: &ParameterValue) -> Result<f64, Violation> {
        let number = match *value {
            ParameterValue::Integer(number) => number,
            #[allow(clippy::cast_possible_truncation, reason = "a float beyond i64 saturates")]
            ParameterValue::Float(number) if number.fract() == 0.0 => number as i64,
            _ => return Err(wrong_type(&self.name, value, "a whole number")),
        };
        if !(self.min..=self.max).contains(&number) {
            return Err(outside(&self.name, &value.to_string(), self.min, self.max));
        }
        let steps = (number - self.min) / self.step;
        let below = self.min + steps * self.step;
        let above = below + self.step;
        if below != number {
            let above = (above <= self.max).then_some(above);
            let values = format!("{} to {} in steps of {}", self.min, self.max, self.step);
            return Err(between(&self.name, &value.to_string(), &values, below, above));
        }
        Ok(self.axis().coordinate(steps.unsigned_abs()))
    }

    pub(super) fn decode(&self, coordinate: f64) -> ParameterValue {
        let steps = self.step.unsigned_abs() * self.axis().cell(coordinate);
        ParameterValue::Integer(self.min.saturating_add_unsigned(steps))
    }
}

fn check_integer(name: &str, min: i64, max: i64, scaling: ScalingType) -> Vec<Violation> {
    let mut violations = Vec::new();
    let bounds = format!("{min} to {max}");
    if min > max {
        violations.push(Violation::new(name, &bounds, "min is at most max", "swap the ends"));
    }
    if min < -LARGEST_INTEGER || max > LARGEST_INTEGER {
        violations.push(Violation::new(
            name,
            &bounds,
            "whole numbers beyond 2^53 in size are not exact in JSON",
            "use a smaller range and scale the value in the job",
        ));
    } else if max.saturating_sub(min) >= MOST_VALUES {
        violations.push(Violation::new(
            name,
            &bounds,
            "an integer range has at most 2^40 values",
            "use a continuous range and round in the job",
        ));
    }
    let logarithmic = Scale::of_integer(min, max, scaling).scaling == ScalingType::Logarithmic;
    if logarithmic && max > LARGEST_LOGARITHMIC {
        violations.push(Violation::new(
            name,
            &bounds,
            "whole numbers beyond 2^44 cannot be told apart on a logarithmic scale",
            "use Linear scaling, or a smaller range and scale the value in the job",
        ));
    }
    match scaling {
        ScalingType::Logarithmic if min <= 0 => violations.push(Violation::new(
            name,
            format!("min {min}"),
            "logarithmic scaling needs min > 0",
            "raise min above 0 or use Linear scaling",
        )),
        ScalingType::ReverseLogarithmic => violations.push(Violation::new(
            name,
            &bounds,
            "reverse logarithmic scaling is for continuous ranges only",
            "use Linear or Logarithmic scaling",
        )),
        _ => {}
    }
    violations
}
