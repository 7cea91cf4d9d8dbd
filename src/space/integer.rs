//! Integer ranges, with or without a step.

use std::ops::RangeInclusive;

use super::configuration::ParameterValue;
use super::scaling::{ResolvedScaling, ScalingType};
use super::violations::{
    LOGARITHMIC_BOUNDS, MAX_INTEGER, MIN_EXCEEDS_MAX, check_name, not_a_valid_value, outside_range,
    resolve_with_large_step, step_too_large, wrong_type,
};
use crate::error::{Error, Violation};
use crate::unit_cube::{Axis, Levels};

/// Maximum number of values, so that coordinates can distinguish them.
const MAX_VALUES: i64 = 1 << 40;
/// Maximum value on a logarithmic scale, so that coordinates can distinguish adjacent values.
const MAX_LOGARITHMIC: i64 = 1 << 44;

/// A range of integers from a minimum to a maximum, both included.
#[derive(Debug, Clone, PartialEq)]
pub struct IntegerParameterRange {
    name: String,
    min: i64,
    max: i64,
    scaling: ScalingType,
    resolved_scaling: ResolvedScaling,
    step: i64,
}

impl IntegerParameterRange {
    /// Creates a range of all integers from the first to the last bound.
    ///
    /// # Errors
    /// [`Error::Invalid`] with one violation for each of these:
    ///
    /// - The name is empty or has a NUL character.
    /// - min > max, or the range has more than 2⁴⁰ values.
    /// - A bound is beyond ±2⁵³ (beyond 2⁴⁴ on a logarithmic scale).
    /// - The scaling is `Logarithmic` with min ≤ 0, or `ReverseLogarithmic`.
    pub fn new(
        name: impl Into<String>,
        bounds: RangeInclusive<i64>,
        scaling: ScalingType,
    ) -> Result<Self, Error> {
        let (name, min, max) = (name.into(), *bounds.start(), *bounds.end());
        let mut violations = check_name(&name);
        violations.extend(check_integer(&name, min, max, scaling));
        Error::from_violations(violations)?;
        let resolved_scaling = ResolvedScaling::for_integer(min, max, scaling);
        Ok(Self { name, min, max, scaling, resolved_scaling, step: 1 })
    }

    /// Restricts the range to min, min + step, …, up to max; by default the step is 1.
    ///
    /// ```
    /// use surmise::{ParameterRange, ScalingType};
    ///
    /// // 32, 64, 96, …, 512
    /// let units = ParameterRange::integer("units", 32..=512, ScalingType::Logarithmic)?;
    /// let units = units.with_step(32.0)?;
    /// # Ok::<(), surmise::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] if the step is below 1 or larger than max − min. For the scaling
    /// `Logarithmic`, also if min is below the step, because the first steps would then take most
    /// of the axis.
    pub fn with_step(self, step: i64) -> Result<Self, Error> {
        let mut violations = Vec::new();
        if step < 1 {
            let rule = "the step must be at least 1";
            violations.push(Violation::new(&self.name, format!("step {step}"), rule, "raise it"));
        } else if step > self.max - self.min {
            violations.push(step_too_large(&self.name, step, self.max - self.min));
        }
        Error::from_violations(violations)?;
        let is_logarithmic = self.resolved_scaling.scaling == ScalingType::Logarithmic;
        let resolved_scaling = if is_logarithmic && self.min < step {
            resolve_with_large_step(&self.name, self.scaling, &self.min, &step)?
        } else {
            self.resolved_scaling.clone()
        };
        Ok(Self { step, resolved_scaling, ..self })
    }

    /// Returns the name of the parameter.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the smallest value.
    pub fn min(&self) -> i64 {
        self.min
    }

    /// Returns the upper bound. With a step, the largest value may be below it.
    pub fn max(&self) -> i64 {
        self.max
    }

    /// Returns the difference between adjacent values; 1 by default.
    pub fn step(&self) -> i64 {
        self.step
    }

    /// Returns the number of values.
    pub fn count(&self) -> u64 {
        ((self.max - self.min) / self.step).unsigned_abs() + 1
    }

    /// Returns the scaling that was requested, which may be `Auto`.
    pub fn scaling(&self) -> ScalingType {
        self.scaling
    }

    /// Returns the scaling that the range uses, and the reason.
    pub fn resolved_scaling(&self) -> &ResolvedScaling {
        &self.resolved_scaling
    }

    pub(super) fn axis(&self) -> Axis {
        #[allow(clippy::cast_precision_loss, reason = "values are at most 2^53")]
        let first = self.min as f64 / self.step as f64;
        Axis::Levels(match self.resolved_scaling.scaling {
            ScalingType::Logarithmic => Levels::logarithmic_from(first, self.count()),
            _ => Levels::evenly_spaced(self.count()),
        })
    }

    pub(super) fn encode(&self, value: &ParameterValue) -> Result<f64, Violation> {
        let number = match *value {
            ParameterValue::Integer(number) => number,
            #[allow(clippy::cast_possible_truncation, reason = "a float beyond i64 saturates")]
            ParameterValue::Float(number) if number.fract() == 0.0 => number as i64,
            _ => return Err(wrong_type(&self.name, value, "an integer")),
        };
        if !(self.min..=self.max).contains(&number) {
            return Err(outside_range(&self.name, &value.to_string(), self.min, self.max));
        }
        let steps = (number - self.min) / self.step;
        let below = self.min + steps * self.step;
        let above = below + self.step;
        if below != number {
            let above = (above <= self.max).then_some(above);
            let values = format!("{} to {} in steps of {}", self.min, self.max, self.step);
            return Err(not_a_valid_value(&self.name, &value.to_string(), &values, below, above));
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
        violations.push(Violation::new(name, &bounds, MIN_EXCEEDS_MAX, "swap the bounds"));
    }
    if min < -MAX_INTEGER || max > MAX_INTEGER {
        violations.push(Violation::new(
            name,
            &bounds,
            "integers beyond 2^53 are not exact in JSON",
            "use a smaller range and multiply the value in the job",
        ));
    } else if max.saturating_sub(min) >= MAX_VALUES {
        violations.push(Violation::new(
            name,
            &bounds,
            "an integer range must not have more than 2^40 values",
            "use a continuous range and round the value in the job",
        ));
    }
    let resolved = ResolvedScaling::for_integer(min, max, scaling).scaling;
    if resolved == ScalingType::Logarithmic && max > MAX_LOGARITHMIC {
        violations.push(Violation::new(
            name,
            &bounds,
            "a logarithmic scale cannot distinguish integers beyond 2^44",
            "use Linear scaling, or use a smaller range and multiply the value in the job",
        ));
    }
    match scaling {
        ScalingType::Logarithmic if min <= 0 => violations.push(Violation::new(
            name,
            format!("min {min}"),
            LOGARITHMIC_BOUNDS,
            "raise min above 0, or use Linear scaling",
        )),
        ScalingType::ReverseLogarithmic => violations.push(Violation::new(
            name,
            &bounds,
            "reverse logarithmic scaling requires a continuous range",
            "use Linear or Logarithmic scaling",
        )),
        _ => {}
    }
    violations
}
