//! Real numbers.

use std::ops::RangeInclusive;

use super::configuration::ParameterValue;
use super::digits::Digits;
use super::range::{check_name, outside, wrong_type};
use super::scaling::{Scale, ScalingType, float_spacing, from_unit, to_unit};
use crate::cube::{Axis, Levels};
use crate::error::{Error, Violation};

/// Coordinates nearer than this are one configuration for the search, even where floats could tell them apart.
const FINEST: f64 = 1e-7;
/// A range must be wider than this share of its largest end, or too few floats lie in it.
const NARROWEST: f64 = 1e-12;
/// Below this floating-point numbers lose digits.
const SMALLEST: f64 = 1e-290;

/// Real numbers from a minimum to a maximum, both included, in natural units.
///
/// Values that are proposed have few digits: they are decimals at a distance of at most a ten-thousandth of the range, on its scale, from what was
/// computed; nearer ones only where such a decimal has been tried. Values that are given, to be tried or as known, keep all of theirs.
#[derive(Debug, Clone, PartialEq)]
pub struct ContinuousParameterRange {
    name: String,
    min: f64,
    max: f64,
    scaling: ScalingType,
    scale: Scale,
}

impl ContinuousParameterRange {
    /// A range of real numbers.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every rule that the range breaks: the name is not empty; both ends are finite, and so is
    /// their difference; min ≤ max; logarithmic scaling needs min > 0, reverse logarithmic 0 ≤ min and max < 1; floats
    /// must not be too sparse between the ends.
    pub fn new(
        name: impl Into<String>,
        bounds: RangeInclusive<f64>,
        scaling: ScalingType,
    ) -> Result<Self, Error> {
        let (name, min, max) = (name.into(), *bounds.start(), *bounds.end());
        let mut violations = check_name(&name);
        violations.extend(check_continuous(&name, min, max, scaling));
        Error::unless_empty(violations)?;
        let scale = Scale::of_continuous(min, max, scaling);
        Ok(Self { name, min, max, scaling, scale })
    }

    /// The parameter's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Smallest value.
    pub fn min(&self) -> f64 {
        self.min
    }

    /// Largest value.
    pub fn max(&self) -> f64 {
        self.max
    }

    /// The scaling that was asked for.
    pub fn scaling(&self) -> ScalingType {
        self.scaling
    }

    /// The scaling in force, and one sentence on why.
    pub fn scale(&self) -> &Scale {
        &self.scale
    }

    #[allow(clippy::float_cmp, reason = "a range of one value has equal ends")]
    fn is_constant(&self) -> bool {
        self.min == self.max
    }

    pub(super) fn axis(&self) -> Axis {
        if self.is_constant() {
            return Axis::Levels(Levels::even(1));
        }
        let spacing = float_spacing(self.scale.scaling, self.min, self.max);
        Axis::Continuous { resolution: FINEST.max(4.0 * spacing) }
    }

    pub(super) fn encode(&self, value: &ParameterValue) -> Result<f64, Violation> {
        let number = match *value {
            ParameterValue::Float(number) => number,
            #[allow(clippy::cast_precision_loss, reason = "nearest float is meant")]
            ParameterValue::Integer(number) => number as f64,
            ParameterValue::Category(_) => {
                return Err(wrong_type(&self.name, value, "a number"));
            }
        };
        if !(self.min..=self.max).contains(&number) {
            return Err(outside(&self.name, &format!("{number:?}"), self.min, self.max));
        }
        if self.is_constant() {
            return Ok(0.5);
        }
        Ok(to_unit(self.scale.scaling, self.min, self.max, number))
    }

    pub(super) fn decode(&self, coordinate: f64) -> ParameterValue {
        ParameterValue::Float(from_unit(self.scale.scaling, self.min, self.max, coordinate))
    }

    /// The value at a coordinate, moved by at most this share of the axis to a decimal of few digits. The ends are what they are.
    pub(super) fn decode_rounded(&self, coordinate: f64, share: f64) -> ParameterValue {
        let value = from_unit(self.scale.scaling, self.min, self.max, coordinate);
        let is_inside = self.min < value && value < self.max;
        ParameterValue::Float(if is_inside {
            let digits = Digits::of(self.scale.scaling, self.min, self.max, share);
            digits.round(value).clamp(self.min, self.max)
        } else {
            value
        })
    }
}

fn check_continuous(name: &str, min: f64, max: f64, scaling: ScalingType) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (end, value) in [("min", min), ("max", max)] {
        if !value.is_finite() {
            violations.push(Violation::new(
                name,
                format!("{end} {value}"),
                "the ends of a range are finite numbers",
                format!("give a finite {end}"),
            ));
        }
    }
    if !violations.is_empty() {
        return violations;
    }
    let bounds = format!("{min:?} to {max:?}");
    if min > max {
        violations.push(Violation::new(name, &bounds, "min is at most max", "swap the ends"));
    }
    match scaling {
        ScalingType::Logarithmic if min <= 0.0 => violations.push(Violation::new(
            name,
            format!("min {min:?}"),
            "logarithmic scaling needs min > 0",
            "raise min above 0 or use Linear scaling",
        )),
        ScalingType::ReverseLogarithmic if min < 0.0 || max >= 1.0 => {
            violations.push(Violation::new(
                name,
                &bounds,
                "reverse logarithmic scaling needs 0 <= min and max < 1",
                "move the ends into [0, 1) or use Linear scaling",
            ));
        }
        _ => {}
    }
    if min < max && violations.is_empty() {
        violations.extend(check_density(name, min, max, scaling));
    }
    violations
}

/// Whether floating-point numbers can tell enough places of an otherwise sound range apart.
fn check_density(name: &str, min: f64, max: f64, scaling: ScalingType) -> Option<Violation> {
    let bounds = format!("{min:?} to {max:?}");
    let width = max - min;
    let logarithmic = Scale::of_continuous(min, max, scaling).scaling == ScalingType::Logarithmic;
    let near_zero = width < SMALLEST || (logarithmic && min < SMALLEST);
    let near_one = Scale::of_continuous(min, max, scaling).scaling
        == ScalingType::ReverseLogarithmic
        && 1.0 - max < NARROWEST;
    if !width.is_finite() {
        Some(Violation::new(
            name,
            bounds,
            "the difference of the ends is a finite number",
            "move the ends closer together",
        ))
    } else if near_zero || width < NARROWEST * min.abs().max(max.abs()) {
        Some(Violation::new(
            name,
            bounds,
            "floating-point numbers are too sparse between the ends",
            "tune the offset from min, or a multiple of the value, and convert it in the job",
        ))
    } else if near_one {
        Some(Violation::new(
            name,
            format!("max {max:?}"),
            "floating-point numbers are too sparse this near to 1",
            "lower max to 1 - 2e-12, or tune the distance from 1 with Logarithmic scaling",
        ))
    } else {
        None
    }
}
