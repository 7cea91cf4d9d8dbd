//! The three ranges. Each is checked once, when it is made; afterwards nobody checks again.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::configuration::ParameterValue;
use super::scaling::{Scale, ScalingType, float_spacing, from_unit, to_unit};
use crate::cube::{Axis, Levels};
use crate::error::{Error, Violation};

/// Coordinates nearer than this are one configuration for the search, even where floats could tell them apart.
const FINEST: f64 = 1e-7;
/// A range must be wider than this share of its largest end, or too few floats lie in it.
const NARROWEST: f64 = 1e-12;
/// Below this floating-point numbers lose digits.
const SMALLEST: f64 = 1e-290;
/// Whole numbers up to here are exact in floating point, and so in JSON.
const LARGEST_INTEGER: i64 = 1 << 53;
/// More values than this cannot be told apart on an axis.
const MOST_VALUES: i64 = 1 << 40;
/// Nor can larger neighbours on a logarithmic one.
const LARGEST_LOGARITHMIC: i64 = 1 << 44;

/// Real numbers from a minimum to a maximum, both included, in natural units.
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

    fn axis(&self) -> Axis {
        if self.is_constant() {
            return Axis::Levels(Levels::even(1));
        }
        let spacing = float_spacing(self.scale.scaling, self.min, self.max);
        Axis::Continuous { resolution: FINEST.max(4.0 * spacing) }
    }

    fn encode(&self, value: &ParameterValue) -> Result<f64, Violation> {
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

    fn decode(&self, coordinate: f64) -> ParameterValue {
        ParameterValue::Float(from_unit(self.scale.scaling, self.min, self.max, coordinate))
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
            "lower max to 1 - 1e-12, or tune the distance from 1 with Logarithmic scaling",
        ))
    } else {
        None
    }
}

/// Whole numbers from a minimum to a maximum, both included, in natural units.
#[derive(Debug, Clone, PartialEq)]
pub struct IntegerParameterRange {
    name: String,
    min: i64,
    max: i64,
    scaling: ScalingType,
    scale: Scale,
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
        Ok(Self { name, min, max, scaling, scale })
    }

    /// The parameter's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Smallest value.
    pub fn min(&self) -> i64 {
        self.min
    }

    /// Largest value.
    pub fn max(&self) -> i64 {
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

    fn axis(&self) -> Axis {
        let count = (self.max - self.min).unsigned_abs() + 1;
        Axis::Levels(match self.scale.scaling {
            ScalingType::Logarithmic => Levels::logarithmic(self.min.unsigned_abs(), count),
            _ => Levels::even(count),
        })
    }

    fn encode(&self, value: &ParameterValue) -> Result<f64, Violation> {
        let number = match *value {
            ParameterValue::Integer(number) => number,
            #[allow(clippy::cast_possible_truncation, reason = "a float beyond i64 saturates")]
            ParameterValue::Float(number) if number.fract() == 0.0 => number as i64,
            _ => return Err(wrong_type(&self.name, value, "a whole number")),
        };
        if !(self.min..=self.max).contains(&number) {
            return Err(outside(&self.name, &value.to_string(), self.min, self.max));
        }
        Ok(self.axis().coordinate((number - self.min).unsigned_abs()))
    }

    fn decode(&self, coordinate: f64) -> ParameterValue {
        ParameterValue::Integer(self.min.saturating_add_unsigned(self.axis().cell(coordinate)))
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

/// A choice among named values without order.
#[derive(Debug, Clone, PartialEq)]
pub struct CategoricalParameterRange {
    name: String,
    values: Vec<String>,
}

impl CategoricalParameterRange {
    /// A choice among `values`.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every rule that the range breaks: the name is not empty; there is at least one value; no
    /// value occurs twice.
    pub fn new<V: Into<String>>(
        name: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Result<Self, Error> {
        let (name, values) = (name.into(), values.into_iter().map(V::into).collect::<Vec<_>>());
        let mut violations = check_name(&name);
        if values.is_empty() {
            violations.push(Violation::new(
                &name,
                "empty",
                "a categorical range has at least one value",
                "list its values",
            ));
        }
        let mut seen = HashSet::new();
        for value in &values {
            if !seen.insert(value) {
                violations.push(Violation::new(
                    &name,
                    format!("{value:?}, twice"),
                    "the values of a categorical range are distinct",
                    "list each value once",
                ));
            }
        }
        Error::unless_empty(violations)?;
        Ok(Self { name, values })
    }

    /// The parameter's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What can be chosen.
    pub fn values(&self) -> &[String] {
        &self.values
    }

    fn axis(&self) -> Axis {
        Axis::Categories(self.values.len())
    }

    fn encode(&self, value: &ParameterValue) -> Result<f64, Violation> {
        let ParameterValue::Category(name) = value else {
            return Err(wrong_type(&self.name, value, "one of its values, as text"));
        };
        match self.values.iter().position(|known| known == name) {
            Some(index) => Ok(self.axis().coordinate(index as u64)),
            None => Err(Violation::new(
                &self.name,
                format!("{name:?}"),
                format!("its values are {:?}", self.values),
                "use one of these",
            )),
        }
    }

    fn decode(&self, coordinate: f64) -> ParameterValue {
        let index = usize::try_from(self.axis().cell(coordinate)).expect("indexes a list");
        ParameterValue::Category(self.values[index].clone())
    }
}

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

    pub(super) fn decode(&self, coordinate: f64) -> ParameterValue {
        match self {
            Self::Continuous(range) => range.decode(coordinate),
            Self::Integer(range) => range.decode(coordinate),
            Self::Categorical(range) => range.decode(coordinate),
        }
    }
}

fn check_name(name: &str) -> Vec<Violation> {
    if name.is_empty() {
        vec![Violation::new(name, "without a name", "a parameter has a name", "name it")]
    } else {
        Vec::new()
    }
}

fn wrong_type(name: &str, value: &ParameterValue, wanted: &str) -> Violation {
    Violation::new(name, value, format!("this parameter takes {wanted}"), format!("give {wanted}"))
}

fn outside<T: std::fmt::Debug>(name: &str, value: &str, min: T, max: T) -> Violation {
    Violation::new(
        name,
        value,
        format!("its range is {min:?} to {max:?}"),
        "use a value inside, or widen the range",
    )
}
