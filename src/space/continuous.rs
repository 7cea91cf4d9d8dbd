//! Real numbers.

use std::ops::RangeInclusive;

use super::configuration::ParameterValue;
use super::digits::{Digits, FINENESS};
use super::lattice::Lattice;
use super::scaling::{self, Scale, ScalingType, float_spacing, from_unit, to_unit};
use super::violations::{between, check_name, outside, scale_in_steps, step_too_large, wrong_type};
use crate::cube::{Axis, Levels};
use crate::error::{Error, Violation};
use crate::significant::MOST_DIGITS;

/// Coordinates nearer than this are one configuration for the search, even where floats could tell them apart.
const FINEST: f64 = 1e-7;
/// A range must be wider than this share of its largest end, or too few floats lie in it.
const NARROWEST: f64 = 1e-12;
/// More steps than this cannot be told apart on an axis.
const MOST_VALUES: f64 = 1_099_511_627_776.0;
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
    lattice: Option<Lattice>,
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
        Ok(Self { name, min, max, scaling, scale, lattice: None })
    }

    /// The same range in steps, in natural units: min, min + step, …, as far as they are at most max.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the step is not a finite number above 0, larger than the difference of the ends, or makes more than 2⁴⁰ values;
    /// if the scale that was asked for is reverse logarithmic, or logarithmic with min below the step: then the first steps would fill the
    /// axis; if the range has a number of digits.
    pub fn with_step(self, step: f64) -> Result<Self, Error> {
        let width = self.max - self.min;
        let is_sound = step.is_finite() && step > 0.0;
        let broken = |rule: &str, remedy: &str| {
            Violation::new(&self.name, format!("step {step:?}"), rule, remedy)
        };
        let mut violations = Vec::new();
        if !is_sound {
            violations.push(broken("a step is a finite number above 0", "give one"));
        } else if step > width {
            violations.push(step_too_large(&self.name, step, width));
        } else if width / step >= MOST_VALUES {
            violations.push(broken("a range has at most 2^40 steps", "raise it, or leave it out"));
        }
        violations.extend(self.check_lattice("step"));
        Error::unless_empty(violations)?;
        let scale = match self.scale.scaling {
            ScalingType::Logarithmic if self.min < step => {
                scale_in_steps(&self.name, self.scaling, &self.min, &step)?
            }
            ScalingType::ReverseLogarithmic => Scale {
                scaling: ScalingType::Linear,
                reason: format!("Linear because of the step of {step:?}."),
            },
            _ => self.scale.clone(),
        };
        Ok(Self { lattice: Some(Lattice::steps(self.min, self.max, step)), scale, ..self })
    }

    /// The same range with decimals of at most so many significant digits only: with two, 0.001, 0.0011, …, 0.0099, 0.01, 0.011, ….
    ///
    /// ```
    /// use surmise::{ParameterRange, ScalingType, SearchSpace};
    ///
    /// let rate = ParameterRange::continuous("rate", 1e-3..=1.0, ScalingType::Logarithmic)?;
    /// let space = SearchSpace::new([rate.with_significant_digits(1)])?; // 0.001, 0.002, …, 0.9, 1
    /// assert_eq!(space.cardinality(), Some(28));
    /// # Ok::<(), surmise::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] if there are no digits or more than 12, no such decimal or more than 2⁴⁰ between the ends; if min is not above 0; if
    /// the scale that was asked for is reverse logarithmic; if the range has a step.
    pub fn with_significant_digits(self, digits: u32) -> Result<Self, Error> {
        let shown = format!("{digits} significant digits");
        let broken = |rule: &str, remedy: &str| Violation::new(&self.name, &shown, rule, remedy);
        let mut violations = Vec::new();
        if !(1..=MOST_DIGITS).contains(&digits) {
            let rule = format!("a number of significant digits is 1 to {MOST_DIGITS}");
            violations.push(broken(&rule, "change it, or leave it out"));
        }
        if self.min <= 0.0 {
            violations.push(broken(
                "a number of significant digits needs min > 0, because there is no end of them towards 0",
                "raise min above 0, or give a step",
            ));
        }
        violations.extend(self.check_lattice("number of significant digits"));
        Error::unless_empty(violations)?;
        let lattice = Lattice::significant(self.min, self.max, digits);
        #[allow(clippy::cast_precision_loss, reason = "a comparison with a power of two")]
        let is_fine = |lattice: &Lattice| (lattice.count() as f64) < MOST_VALUES;
        let (rule, remedy) = match lattice {
            None => ("no such decimal lies between the ends", "raise it, or widen the range"),
            Some(_) => ("there are at most 2^40 such decimals between the ends", "lower it"),
        };
        let Some(lattice) = lattice.filter(is_fine) else {
            return Err(Error::Invalid(vec![broken(rule, remedy)]));
        };
        let scale = match self.scale.scaling {
            ScalingType::ReverseLogarithmic => Scale {
                scaling: ScalingType::Linear,
                reason: format!("Linear because of the {shown}."),
            },
            _ => self.scale.clone(),
        };
        Ok(Self { lattice: Some(lattice), scale, ..self })
    }

    /// What keeps a range from having a step or a number of digits.
    fn check_lattice(&self, what: &str) -> Vec<Violation> {
        let mut violations = Vec::new();
        if self.scaling == ScalingType::ReverseLogarithmic {
            violations.push(Violation::new(
                &self.name,
                format!("a {what}"),
                format!("a {what} goes with linear and logarithmic scaling"),
                "tune the distance from 1 with Logarithmic scaling, or use Linear scaling",
            ));
        }
        if self.lattice.is_some() {
            violations.push(Violation::new(
                &self.name,
                format!("a {what}, too"),
                "a range has a step or a number of significant digits, once",
                "remove one of them",
            ));
        }
        violations
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

    /// From one value to the next, if the range has steps.
    pub fn step(&self) -> Option<f64> {
        match self.lattice {
            Some(Lattice::Steps { step, .. }) => Some(step),
            _ => None,
        }
    }

    /// The number of significant digits of its values, if they are limited.
    pub fn significant_digits(&self) -> Option<u32> {
        match self.lattice {
            Some(Lattice::Significant { digits, .. }) => Some(digits),
            _ => None,
        }
    }

    /// The values of a range with steps or a number of digits, in order; `None` if it is free.
    pub fn values(&self) -> Option<impl ExactSizeIterator<Item = f64>> {
        let lattice = self.lattice?;
        let count = usize::try_from(lattice.count()).ok()?;
        Some((0..count).map(move |index| lattice.number(index as u64)))
    }

    /// The scaling that was asked for.
    pub fn scaling(&self) -> ScalingType {
        self.scaling
    }

    /// The scaling in force, and one sentence on why.
    pub fn scale(&self) -> &Scale {
        &self.scale
    }

    /// Where a value stands on the range's scale: 0 at its minimum, 1 at its maximum; outside of [0, 1] beyond them, as far as the scale
    /// goes. Not finite if the range has one value only. In narrow ranges on a logarithmic scale it has fewer digits than
    /// [`SearchSpace::encode`](super::SearchSpace::encode).
    pub fn position(&self, value: f64) -> f64 {
        scaling::position(self.scale.scaling, self.min, self.max, value)
    }

    /// The value at a position, with all digits, also beyond the range's ends: the inverse of [`position`](Self::position).
    pub fn value_at(&self, position: f64) -> f64 {
        scaling::value_at(self.scale.scaling, self.min, self.max, position)
    }

    #[allow(clippy::float_cmp, reason = "a range of one value has equal ends")]
    fn is_constant(&self) -> bool {
        self.min == self.max
    }

    pub(super) fn axis(&self) -> Axis {
        if self.is_constant() {
            return Axis::Levels(Levels::even(1));
        }
        if let Some(lattice) = self.lattice {
            return Axis::Levels(lattice.levels(self.scale.scaling));
        }
        let spacing = float_spacing(self.scale.scaling, self.min, self.max);
        Axis::Continuous { resolution: FINEST.max(4.0 * spacing) }
    }

    pub(super) fn encode(&self, value: &ParameterValue) -> Result<f64, Violation> {
        let Some(number) = value.number() else {
            return Err(wrong_type(&self.name, value, "a number"));
        };
        if !self.contains(number) {
            return Err(outside(&self.name, &format!("{number:?}"), self.min, self.max));
        }
        if self.is_constant() {
            return Ok(0.5);
        }
        let Some(lattice) = self.lattice else {
            return Ok(to_unit(self.scale.scaling, self.min, self.max, number));
        };
        let index = lattice.nearest(number);
        if is_rounded(number, lattice.number(index)) {
            return Ok(self.axis().coordinate(index));
        }
        let (below, above) = lattice.around(number);
        let values = match lattice {
            Lattice::Steps { step, .. } => {
                format!("{:?} to {:?} in steps of {step:?}", self.min, self.max)
            }
            Lattice::Significant { digits, .. } => {
                format!("decimals of {digits} significant digits")
            }
        };
        Err(between(&self.name, &format!("{number:?}"), &values, below, above))
    }

    /// Whether a number lies between the ends, or is one of them in single precision.
    fn contains(&self, number: f64) -> bool {
        (self.min..=self.max).contains(&number)
            || is_single(number, self.min)
            || is_single(number, self.max)
    }

    /// A number of this range: one of its steps, or the number itself, which is moved to an end if it is that in single precision.
    pub(super) fn normal(&self, number: f64, coordinate: f64) -> ParameterValue {
        match self.lattice {
            Some(_) => self.decode(coordinate),
            None => ParameterValue::Float(number.clamp(self.min, self.max)),
        }
    }

    pub(super) fn decode(&self, coordinate: f64) -> ParameterValue {
        ParameterValue::Float(match self.lattice {
            _ if self.is_constant() => self.min,
            Some(lattice) => lattice.number(self.axis().cell(coordinate)),
            None => from_unit(self.scale.scaling, self.min, self.max, coordinate),
        })
    }

    /// The number at a coordinate, as a decimal of few digits if there is one that differs by rounding only.
    pub(super) fn nearest_decimal(&self, coordinate: f64) -> f64 {
        let own = self.decode(coordinate).number().unwrap_or(self.min);
        let short = self.decode_rounded(coordinate, FINENESS[0]).number().unwrap_or(own);
        if (short - own).abs() <= 1e-12 * own.abs().max(self.max - self.min) { short } else { own }
    }

    /// The value at a coordinate, moved by at most this share of the axis to a decimal of few digits. The ends are what they are, and so are
    /// steps.
    pub(super) fn decode_rounded(&self, coordinate: f64, share: f64) -> ParameterValue {
        if self.lattice.is_some() {
            return self.decode(coordinate);
        }
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

/// Whether one number is the other in single precision, as programs that compute in it give it back.
#[allow(clippy::cast_possible_truncation, clippy::float_cmp, reason = "single precision is meant")]
fn is_single(number: f64, other: f64) -> bool {
    f64::from(other as f32) == number
}

/// Whether one number is the other but for rounding.
fn is_rounded(number: f64, other: f64) -> bool {
    (number - other).abs() <= 1e-12 * other.abs().max(number.abs()) || is_single(number, other)
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
