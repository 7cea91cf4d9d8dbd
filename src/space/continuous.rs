//! Continuous ranges, with or without a step or a number of significant digits.

use std::ops::RangeInclusive;

use super::configuration::ParameterValue;
use super::quantization::Quantization;
use super::rounding::{ROUNDING_SHARES, Rounding};
use super::scaling::{self, ResolvedScaling, ScalingType, float_spacing, from_unit, to_unit};
use super::violations::{
    LOGARITHMIC_BOUNDS, MIN_EXCEEDS_MAX, check_name, not_a_valid_value, outside_range,
    resolve_with_large_step, step_too_large, wrong_type,
};
use crate::error::{Error, Violation};
use crate::significant_digits::MAX_DIGITS;
use crate::unit_cube::{Axis, Levels};

/// Minimum resolution of the axis. Coordinates that are closer are the same for a strategy.
const MIN_RESOLUTION: f64 = 1e-7;
/// Minimum width of a range as a share of its largest bound; narrower ranges have too few floats.
const MIN_RELATIVE_WIDTH: f64 = 1e-12;
/// Maximum number of values, so that coordinates can distinguish them; 2⁴⁰.
const MAX_VALUES: f64 = 1_099_511_627_776.0;
/// Minimum width of a range, and minimum value on a logarithmic scale.
///
/// Floats that are much smaller have fewer digits.
const MIN_SIZE: f64 = 1e-290;

/// A range of real numbers from a minimum to a maximum, both included.
///
/// Proposed values are rounded to few digits, which changes them by at most a ten-thousandth of the
/// axis. If the rounded value was already tried, the proposal has more digits. Values that the user
/// enqueues or observes keep all digits.
#[derive(Debug, Clone, PartialEq)]
pub struct ContinuousParameterRange {
    name: String,
    min: f64,
    max: f64,
    scaling: ScalingType,
    resolved_scaling: ResolvedScaling,
    quantization: Option<Quantization>,
}

impl ContinuousParameterRange {
    /// Creates a range of all real numbers from the first to the last bound.
    ///
    /// # Errors
    /// [`Error::Invalid`] with one violation for each of these:
    ///
    /// - The name is empty or has a NUL character.
    /// - A bound or max − min is not finite, or min > max.
    /// - The scaling is `Logarithmic` with min ≤ 0.
    /// - The scaling is `ReverseLogarithmic` with min < 0 or max ≥ 1.
    /// - There are too few floats between the bounds.
    pub fn new(
        name: impl Into<String>,
        bounds: RangeInclusive<f64>,
        scaling: ScalingType,
    ) -> Result<Self, Error> {
        let (name, min, max) = (name.into(), *bounds.start(), *bounds.end());
        let mut violations = check_name(&name);
        violations.extend(check_continuous(&name, min, max, scaling));
        Error::from_violations(violations)?;
        let resolved_scaling = ResolvedScaling::for_continuous(min, max, scaling);
        Ok(Self { name, min, max, scaling, resolved_scaling, quantization: None })
    }

    /// Restricts the range to min, min + step, …, up to max; by default there is no step.
    ///
    /// # Errors
    /// [`Error::Invalid`] with one violation for each of these:
    ///
    /// - The step is not a finite number above 0, or is larger than max − min.
    /// - The range would have more than 2⁴⁰ values.
    /// - The requested scaling is `ReverseLogarithmic`.
    /// - The requested scaling is `Logarithmic` and min is below the step, because the first steps
    ///   would then take most of the axis.
    /// - The range already has a step or a number of significant digits.
    pub fn with_step(self, step: f64) -> Result<Self, Error> {
        let width = self.max - self.min;
        let violation = |rule: &str, remedy: &str| {
            Violation::new(&self.name, format!("step {step:?}"), rule, remedy)
        };
        let mut violations = Vec::new();
        if !(step.is_finite() && step > 0.0) {
            violations.push(violation("the step must be a finite number above 0", "change it"));
        } else if step > width {
            violations.push(step_too_large(&self.name, step, width));
        } else if width / step >= MAX_VALUES {
            let rule = "a range must not have more than 2^40 steps";
            violations.push(violation(rule, "raise the step, or remove it"));
        }
        violations.extend(self.check_quantization("step"));
        Error::from_violations(violations)?;
        let resolved_scaling = match self.resolved_scaling.scaling {
            ScalingType::Logarithmic if self.min < step => {
                resolve_with_large_step(&self.name, self.scaling, &self.min, &step)?
            }
            ScalingType::ReverseLogarithmic => ResolvedScaling {
                scaling: ScalingType::Linear,
                reason: format!("Linear because the range has a step, {step:?}."),
            },
            _ => self.resolved_scaling.clone(),
        };
        let quantization = Some(Quantization::steps(self.min, self.max, step));
        Ok(Self { quantization, resolved_scaling, ..self })
    }

    /// Restricts the range to decimals with at most this number of significant digits.
    ///
    /// With two digits, the values are 0.001, 0.0011, …, 0.0099, 0.01, 0.011, …. By default there
    /// is no limit.
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
    /// [`Error::Invalid`] with one violation for each of these:
    ///
    /// - The number of digits is not from 1 to 12.
    /// - min ≤ 0, because there is no smallest step near 0.
    /// - The range has no such decimal, or at least 2⁴⁰.
    /// - The requested scaling is `ReverseLogarithmic`.
    /// - The range already has a step or a number of significant digits.
    pub fn with_significant_digits(self, digits: u32) -> Result<Self, Error> {
        let restriction = format!("{digits} significant digits");
        let violation =
            |rule: &str, remedy: &str| Violation::new(&self.name, &restriction, rule, remedy);
        let mut violations = Vec::new();
        if !(1..=MAX_DIGITS).contains(&digits) {
            let rule = format!("the number of significant digits must be from 1 to {MAX_DIGITS}");
            violations.push(violation(&rule, "change it, or remove it"));
        }
        if self.min <= 0.0 {
            violations.push(violation(
                "significant digits require min > 0, because there is no smallest step near 0",
                "raise min above 0, or use a step",
            ));
        }
        violations.extend(self.check_quantization("number of significant digits"));
        Error::from_violations(violations)?;
        let quantization = Quantization::significant(self.min, self.max, digits);
        #[allow(clippy::cast_precision_loss, reason = "a comparison with a power of two")]
        let is_small = |quantization: &Quantization| (quantization.count() as f64) < MAX_VALUES;
        let (rule, remedy) = match quantization {
            None => ("the range has no such decimal", "raise the number, or widen the range"),
            Some(_) => ("a range must not have more than 2^40 such decimals", "lower the number"),
        };
        let Some(quantization) = quantization.filter(is_small) else {
            return Err(Error::Invalid(vec![violation(rule, remedy)]));
        };
        let resolved_scaling = match self.resolved_scaling.scaling {
            ScalingType::ReverseLogarithmic => ResolvedScaling {
                scaling: ScalingType::Linear,
                reason: format!("Linear because the range has {restriction}."),
            },
            _ => self.resolved_scaling.clone(),
        };
        Ok(Self { quantization: Some(quantization), resolved_scaling, ..self })
    }

    /// Returns the reasons why the range cannot have a step or a number of significant digits.
    fn check_quantization(&self, kind: &str) -> Vec<Violation> {
        let mut violations = Vec::new();
        if self.scaling == ScalingType::ReverseLogarithmic {
            violations.push(Violation::new(
                &self.name,
                format!("a {kind}"),
                format!("a {kind} requires linear or logarithmic scaling"),
                "use Linear scaling, or tune the distance from 1 with Logarithmic scaling",
            ));
        }
        if self.quantization.is_some() {
            violations.push(Violation::new(
                &self.name,
                format!("a second restriction, a {kind}"),
                "a range has either one step or one number of significant digits",
                "remove one of them",
            ));
        }
        violations
    }

    /// Returns the name of the parameter.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the lower bound. With significant digits, the smallest value may be above it.
    pub fn min(&self) -> f64 {
        self.min
    }

    /// Returns the upper bound. With a step or significant digits, the largest value may be below.
    pub fn max(&self) -> f64 {
        self.max
    }

    /// Returns the difference between adjacent values, or `None` if the range has no step.
    pub fn step(&self) -> Option<f64> {
        match self.quantization {
            Some(Quantization::Steps { step, .. }) => Some(step),
            _ => None,
        }
    }

    /// Returns the maximum number of significant digits, or `None` if there is no limit.
    pub fn significant_digits(&self) -> Option<u32> {
        match self.quantization {
            Some(Quantization::Significant { digits, .. }) => Some(digits),
            _ => None,
        }
    }

    /// Returns all values, in increasing order, of a range with a step or with significant digits.
    ///
    /// Returns `None` if the range has neither.
    pub fn values(&self) -> Option<impl ExactSizeIterator<Item = f64>> {
        let quantization = self.quantization?;
        let count = usize::try_from(quantization.count()).ok()?;
        Some((0..count).map(move |index| quantization.value(index as u64)))
    }

    /// Returns the scaling that was requested, which may be `Auto`.
    pub fn scaling(&self) -> ScalingType {
        self.scaling
    }

    /// Returns the scaling that the range uses, and the reason.
    pub fn resolved_scaling(&self) -> &ResolvedScaling {
        &self.resolved_scaling
    }

    /// Returns the position of a value on the scale of the range: 0 at min and 1 at max.
    ///
    /// Values outside the range have positions outside [0, 1], as far as the scale is defined. The
    /// position is not finite if min = max. On a logarithmic scale, a narrow range loses digits
    /// compared to [`SearchSpace::encode`](super::SearchSpace::encode).
    pub fn position(&self, value: f64) -> f64 {
        scaling::position(self.resolved_scaling.scaling, self.min, self.max, value)
    }

    /// Returns the value at a position, with all digits; the inverse of
    /// [`position`](Self::position).
    ///
    /// The position may be outside [0, 1].
    pub fn value_at(&self, position: f64) -> f64 {
        scaling::value_at(self.resolved_scaling.scaling, self.min, self.max, position)
    }

    #[allow(clippy::float_cmp, reason = "a range of one value has equal ends")]
    fn is_constant(&self) -> bool {
        self.min == self.max
    }

    pub(super) fn axis(&self) -> Axis {
        if self.is_constant() {
            return Axis::Levels(Levels::evenly_spaced(1));
        }
        if let Some(quantization) = self.quantization {
            return Axis::Levels(quantization.levels(self.resolved_scaling.scaling));
        }
        let spacing = float_spacing(self.resolved_scaling.scaling, self.min, self.max);
        Axis::Continuous { resolution: MIN_RESOLUTION.max(4.0 * spacing) }
    }

    pub(super) fn encode(&self, value: &ParameterValue) -> Result<f64, Violation> {
        let Some(number) = value.number() else {
            return Err(wrong_type(&self.name, value, "a number"));
        };
        if !self.contains(number) {
            return Err(outside_range(&self.name, &format!("{number:?}"), self.min, self.max));
        }
        if self.is_constant() {
            return Ok(0.5);
        }
        let Some(quantization) = self.quantization else {
            return Ok(to_unit(self.resolved_scaling.scaling, self.min, self.max, number));
        };
        let index = quantization.nearest_index(number);
        if is_almost_equal(number, quantization.value(index)) {
            return Ok(self.axis().coordinate(index));
        }
        let (below, above) = quantization.neighbors(number);
        let values = match quantization {
            Quantization::Steps { step, .. } => {
                format!("{:?} to {:?} in steps of {step:?}", self.min, self.max)
            }
            Quantization::Significant { digits, .. } => {
                format!("decimals of {digits} significant digits")
            }
        };
        Err(not_a_valid_value(&self.name, &format!("{number:?}"), &values, below, above))
    }

    /// Returns `true` for numbers in the range, and for bounds rounded to single precision.
    fn contains(&self, number: f64) -> bool {
        (self.min..=self.max).contains(&number)
            || is_rounded_to_single_precision(number, self.min)
            || is_rounded_to_single_precision(number, self.max)
    }

    /// Converts a valid number to a value of this range.
    ///
    /// It replaces a rounded number by the allowed value or the bound that it stands for.
    pub(super) fn normalize(&self, number: f64, coordinate: f64) -> ParameterValue {
        match self.quantization {
            Some(_) => self.decode(coordinate),
            None => ParameterValue::Float(number.clamp(self.min, self.max)),
        }
    }

    pub(super) fn decode(&self, coordinate: f64) -> ParameterValue {
        ParameterValue::Float(match self.quantization {
            _ if self.is_constant() => self.min,
            Some(quantization) => quantization.value(self.axis().cell(coordinate)),
            None => from_unit(self.resolved_scaling.scaling, self.min, self.max, coordinate),
        })
    }

    /// Returns the number at a coordinate, or a short decimal that differs only by rounding errors.
    pub(super) fn nearest_decimal(&self, coordinate: f64) -> f64 {
        let exact = self.decode(coordinate).number().unwrap_or(self.min);
        let short = self.decode_rounded(coordinate, ROUNDING_SHARES[0]).number().unwrap_or(exact);
        let tolerance = 1e-12 * exact.abs().max(self.max - self.min);
        if (short - exact).abs() <= tolerance { short } else { exact }
    }

    /// Returns the value at a coordinate, rounded by at most this share of the axis.
    ///
    /// Bounds and steps are not rounded.
    pub(super) fn decode_rounded(&self, coordinate: f64, share: f64) -> ParameterValue {
        if self.quantization.is_some() {
            return self.decode(coordinate);
        }
        let value = from_unit(self.resolved_scaling.scaling, self.min, self.max, coordinate);
        let is_inside = self.min < value && value < self.max;
        ParameterValue::Float(if is_inside {
            let rounding =
                Rounding::coarsest(self.resolved_scaling.scaling, self.min, self.max, share);
            rounding.round(value).clamp(self.min, self.max)
        } else {
            value
        })
    }
}

/// Returns `true` if `number` is `other` rounded to single precision, which some programs use.
#[allow(
    clippy::cast_possible_truncation,
    clippy::float_cmp,
    reason = "single precision is intended"
)]
fn is_rounded_to_single_precision(number: f64, other: f64) -> bool {
    f64::from(other as f32) == number
}

/// Returns `true` if two numbers differ only by rounding.
fn is_almost_equal(number: f64, other: f64) -> bool {
    let tolerance = 1e-12 * other.abs().max(number.abs());
    (number - other).abs() <= tolerance || is_rounded_to_single_precision(number, other)
}

fn check_continuous(name: &str, min: f64, max: f64, scaling: ScalingType) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (bound, value) in [("min", min), ("max", max)] {
        if !value.is_finite() {
            violations.push(Violation::new(
                name,
                format!("{bound} {value}"),
                "the bounds of a range must be finite",
                format!("use a finite {bound}"),
            ));
        }
    }
    if !violations.is_empty() {
        return violations;
    }
    let bounds = format!("{min:?} to {max:?}");
    if min > max {
        violations.push(Violation::new(name, &bounds, MIN_EXCEEDS_MAX, "swap the bounds"));
    }
    match scaling {
        ScalingType::Logarithmic if min <= 0.0 => violations.push(Violation::new(
            name,
            format!("min {min:?}"),
            LOGARITHMIC_BOUNDS,
            "raise min above 0, or use Linear scaling",
        )),
        ScalingType::ReverseLogarithmic if min < 0.0 || max >= 1.0 => {
            violations.push(Violation::new(
                name,
                &bounds,
                "reverse logarithmic scaling requires 0 <= min and max < 1",
                "move the bounds into [0, 1), or use Linear scaling",
            ));
        }
        _ => {}
    }
    if min < max && violations.is_empty() {
        violations.extend(check_density(name, min, max, scaling));
    }
    violations
}

/// Checks that a range with valid bounds has enough floats on its scale.
fn check_density(name: &str, min: f64, max: f64, scaling: ScalingType) -> Option<Violation> {
    let bounds = format!("{min:?} to {max:?}");
    let width = max - min;
    let scaling = ResolvedScaling::for_continuous(min, max, scaling).scaling;
    let is_logarithmic = scaling == ScalingType::Logarithmic;
    let is_near_zero = width < MIN_SIZE || (is_logarithmic && min < MIN_SIZE);
    let is_near_one = scaling == ScalingType::ReverseLogarithmic && 1.0 - max < MIN_RELATIVE_WIDTH;
    if !width.is_finite() {
        Some(Violation::new(
            name,
            bounds,
            "the difference of the bounds must be finite",
            "move the bounds closer together",
        ))
    } else if is_near_zero || width < MIN_RELATIVE_WIDTH * min.abs().max(max.abs()) {
        Some(Violation::new(
            name,
            bounds,
            "there are too few floating-point numbers between the bounds",
            "tune the offset from min, or a multiple of the value, and convert it in the job",
        ))
    } else if is_near_one {
        Some(Violation::new(
            name,
            format!("max {max:?}"),
            "there are too few floating-point numbers this close to 1",
            "lower max to 1 - 2e-12, or tune the distance from 1 with Logarithmic scaling",
        ))
    } else {
        None
    }
}
