//! The search space: all parameters, with encoding, decoding and validation of configurations.

use super::configuration::{Configuration, ParameterValue};
use super::range::ParameterRange;
use super::record;
use super::rounding;
use crate::error::{Error, Violation};
use crate::unit_cube::{self, Axis, UnitPoint};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The parameters to tune, each with its range.
///
/// A study proposes configurations from its search space. A space also validates configurations,
/// and maps them to points of the unit cube, which strategies use.
///
/// ```
/// use surmise::{Configuration, ParameterRange, ScalingType, SearchSpace};
///
/// let space = SearchSpace::new([
///     ParameterRange::continuous("learning_rate", 1e-5..=1.0, ScalingType::Logarithmic),
///     ParameterRange::continuous("momentum", 0.9..=0.999, ScalingType::ReverseLogarithmic),
///     ParameterRange::integer("units", 32..=512, ScalingType::Logarithmic)?.with_step(32.0),
///     ParameterRange::categorical("optimizer", ["adam", "sgd"]),
///     ParameterRange::categorical("batch_size", [32, 64, 128]),
/// ])?;
///
/// // From a configuration to a point of the unit cube, and back.
/// let defaults = space.fill_in(&Configuration::from([("learning_rate", 0.01.into())]))?;
/// let point = space.encode(&defaults)?;
/// assert!(point.iter().all(|coordinate| (0.0..=1.0).contains(coordinate)));
/// assert_eq!(space.decode(&point).category("optimizer"), "adam");
///
/// // One error lists all violations, each with parameter, value, rule and remedy.
/// let error = SearchSpace::new([
///     ParameterRange::continuous("rate", 0.0..=1.0, ScalingType::Logarithmic),
///     ParameterRange::integer("layers", 8..=1, ScalingType::Linear),
/// ])
/// .unwrap_err();
/// assert_eq!(error.violations().len(), 2);
/// assert_eq!(
///     error.to_string().lines().last(),
///     Some("`layers` is 8 to 1: min must not exceed max; swap the bounds")
/// );
/// # Ok::<(), surmise::Error>(())
/// ```
///
/// # Common mistakes
///
/// - **The operator `?` after each range.** [`new`](Self::new) takes the results of the
///   constructors, so that it can report the violations of all ranges together.
/// - **Names that differ from those in the program.** Configurations use the names of the space.
///   [`Configuration::float`] and similar methods panic for an unknown name.
/// - **Conditional parameters.** A space has none: every configuration has a value for every
///   parameter. The program must ignore values that do not apply.
/// - **More parameters than the budget allows.** Each further parameter needs more trials. Start
///   with the few parameters that matter most.
///
/// Read on at [`ParameterRange`] and [`ScalingType`](crate::ScalingType), and in the guide to
/// [ranges and scales](crate::guide::ranges_and_scales).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "record::SpaceRecord", into = "Vec<ParameterRange>")]
pub struct SearchSpace {
    pub(super) ranges: Vec<ParameterRange>,
    axes: Vec<Axis>,
    /// The names of the parameters, which all configurations of the space share.
    names: Arc<[String]>,
}

impl SearchSpace {
    /// Creates a space from the results of [`ParameterRange`] constructors.
    ///
    /// It takes results instead of ranges, so that one error lists the violations of all ranges.
    ///
    /// ```
    /// use surmise::{ParameterRange, ScalingType, SearchSpace};
    ///
    /// let space = SearchSpace::new([
    ///     ParameterRange::continuous("learning_rate", 1e-6..=1.0, ScalingType::Auto),
    ///     ParameterRange::integer("layers", 1..=8, ScalingType::Linear),
    ///     ParameterRange::categorical("optimizer", ["adam", "sgd"]),
    /// ])?;
    /// assert_eq!(space.ranges().len(), 3);
    ///
    /// let error = SearchSpace::new([
    ///     ParameterRange::continuous("rate", 0.0..=1.0, ScalingType::Logarithmic),
    ///     ParameterRange::integer("layers", 8..=1, ScalingType::Linear),
    /// ]);
    /// assert_eq!(error.unwrap_err().violations().len(), 2);
    /// # Ok::<(), surmise::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] with the violations of all ranges, and one violation for each name that
    /// occurs twice. Also if there are no ranges.
    pub fn new(
        ranges: impl IntoIterator<Item = Result<ParameterRange, Error>>,
    ) -> Result<Self, Error> {
        let mut violations = Vec::new();
        let mut valid: Vec<ParameterRange> = Vec::new();
        let mut names = HashSet::new();
        for range in ranges {
            let mut range_names = HashSet::new();
            match range {
                Ok(range) => {
                    range_names.insert(range.name().to_owned());
                    valid.push(range);
                }
                // The violations of an invalid range have its name.
                Err(Error::Invalid(found)) => {
                    range_names.extend(found.iter().map(|violation| violation.subject.clone()));
                    violations.extend(found);
                }
                Err(other) => return Err(other),
            }
            for name in range_names {
                if !name.is_empty() && !names.insert(name.clone()) {
                    violations.push(Violation::new(
                        name,
                        "used twice",
                        "the names in a search space must be distinct",
                        "rename one of them",
                    ));
                }
            }
        }
        if valid.is_empty() && violations.is_empty() {
            violations.push(Violation::new(
                "search space",
                "empty",
                "a search space needs at least one parameter",
                "add a range",
            ));
        }
        Error::from_violations(violations)?;
        let axes = valid.iter().map(ParameterRange::axis).collect();
        let names = valid.iter().map(|range| range.name().to_owned()).collect();
        Ok(Self { ranges: valid, axes, names })
    }

    /// Returns the ranges, in the order of the arguments of [`new`](Self::new).
    pub fn ranges(&self) -> &[ParameterRange] {
        &self.ranges
    }

    /// Returns the axes of the unit cube, one for each range.
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// Returns the number of distinct configurations, or `None` if it is infinite or at least 2¹²⁸.
    pub fn cardinality(&self) -> Option<u128> {
        unit_cube::cell_count(&self.axes)
    }

    /// Returns the point that represents a configuration.
    ///
    /// The order of the values does not matter. A continuous parameter accepts integers. An integer
    /// parameter accepts floats without a fraction.
    ///
    /// # Errors
    /// [`Error::Invalid`] with one violation for each of these:
    ///
    /// - A parameter is missing, is unknown or has two values.
    /// - A value has the wrong type or is not a value of its range.
    pub fn encode(&self, configuration: &Configuration) -> Result<UnitPoint, Error> {
        self.validate(configuration).map(|(point, _)| point)
    }

    /// Returns the point that represents a configuration, and its values in the order of the space.
    fn validate<'c>(
        &self,
        configuration: &'c Configuration,
    ) -> Result<(UnitPoint, Vec<&'c ParameterValue>), Error> {
        let is_ordered =
            Arc::ptr_eq(configuration.names(), &self.names) || *configuration.names() == self.names;
        let values_by_name: HashMap<&str, &ParameterValue> =
            if is_ordered { HashMap::new() } else { configuration.iter().rev().collect() };
        let mut violations = Vec::new();
        let mut point = Vec::with_capacity(self.ranges.len());
        let mut values = Vec::with_capacity(self.ranges.len());
        for (position, range) in self.ranges.iter().enumerate() {
            let value = if is_ordered {
                configuration.values().get(position)
            } else {
                values_by_name.get(range.name()).copied()
            };
            match value.map(|value| (value, range.encode(value))) {
                Some((value, Ok(coordinate))) => {
                    point.push(coordinate);
                    values.push(value);
                }
                Some((_, Err(violation))) => violations.push(violation),
                None => violations.push(Violation::new(
                    range.name(),
                    "missing",
                    "a configuration needs a value for every parameter",
                    "add a value",
                )),
            }
        }
        if !is_ordered {
            violations.extend(self.check_names(configuration));
        }
        Error::from_violations(violations)?;
        Ok((point.into(), values))
    }

    /// Returns a violation for each parameter that is unknown or has two values.
    fn check_names(&self, configuration: &Configuration) -> Vec<Violation> {
        let valid_names: HashSet<&str> = self.names.iter().map(String::as_str).collect();
        let mut violations = Vec::new();
        let mut names = HashSet::new();
        for (name, value) in configuration.iter() {
            if !valid_names.contains(name) {
                violations.push(Violation::new(
                    name,
                    value,
                    "the search space has no such parameter",
                    "remove it, or add a range",
                ));
            } else if !names.insert(name) {
                violations.push(Violation::new(
                    name,
                    "given twice",
                    "a configuration must not have two values for a parameter",
                    "remove one of them",
                ));
            }
        }
        violations
    }

    /// Returns the configuration that a point represents; every point of the cube represents one.
    ///
    /// # Panics
    /// Panics if the number of coordinates is not the number of parameters.
    pub fn decode(&self, point: &UnitPoint) -> Configuration {
        assert_eq!(point.len(), self.ranges.len(), "one coordinate per parameter");
        let values = self.ranges.iter().zip(point.iter());
        let values = values.map(|(range, &coordinate)| range.decode(coordinate)).collect();
        Configuration::new(Arc::clone(&self.names), values)
    }

    /// Returns configurations at a point or next to it, in the order of their numbers of digits.
    ///
    /// The values of the first one have the fewest digits. The values of the last one are not
    /// rounded. `numbers` are pairs of axis and number: exact values that replace the value on that
    /// axis.
    ///
    /// # Errors
    /// [`Error::InvalidProposal`] if the coordinate of a number is not that of the point, within
    /// the resolution of the axis.
    pub(crate) fn configurations_near(
        &self,
        point: &UnitPoint,
        numbers: &[(usize, f64)],
    ) -> Result<impl Iterator<Item = Configuration>, Error> {
        for &(axis, number) in numbers {
            let invalid = |text: String| Err(Error::InvalidProposal(text));
            let Some(range @ ParameterRange::Continuous(_)) = self.ranges.get(axis) else {
                return invalid(format!(
                    "axis {axis} is not continuous, but has the value {number}"
                ));
            };
            match range.encode(&ParameterValue::Float(number)) {
                Ok(coordinate) if self.axes[axis].is_same_coordinate(coordinate, point[axis]) => {}
                Ok(coordinate) => {
                    let (name, expected) = (range.name(), point[axis]);
                    return invalid(format!(
                        "the value {number} of `{name}` has the coordinate {coordinate}, \
                         not {expected}"
                    ));
                }
                Err(violation) => return invalid(violation.to_string()),
            }
        }
        let shares = rounding::ROUNDING_SHARES.into_iter().map(Some).chain([None]);
        Ok(shares.map(move |share| {
            let ranges = self.ranges.iter().zip(point.iter());
            let mut values: Vec<ParameterValue> = ranges
                .map(|(range, &coordinate)| match (range, share) {
                    (ParameterRange::Continuous(range), Some(share)) => {
                        range.decode_rounded(coordinate, share)
                    }
                    _ => range.decode(coordinate),
                })
                .collect();
            for &(axis, number) in numbers {
                let range = &self.ranges[axis];
                values[axis] = range.normalize(&ParameterValue::Float(number), point[axis]);
            }
            Configuration::new(Arc::clone(&self.names), values)
        }))
    }

    /// Returns the point that represents the same configuration as `point`.
    pub fn snap(&self, point: &UnitPoint) -> UnitPoint {
        unit_cube::snap(&self.axes, point)
    }

    /// Converts a configuration to the order and the types of the space.
    ///
    /// Continuous parameters become floats and keep all digits, unless they have a step or
    /// significant digits. Integer parameters become integers.
    ///
    /// # Errors
    /// [`Error::Invalid`] as for [`encode`](Self::encode).
    pub fn normalize(&self, configuration: &Configuration) -> Result<Configuration, Error> {
        self.normalize_and_encode(configuration).map(|(normalized, _)| normalized)
    }

    /// Normalizes and encodes a configuration with one validation.
    ///
    /// # Errors
    /// [`Error::Invalid`] as for [`encode`](Self::encode).
    pub(crate) fn normalize_and_encode(
        &self,
        configuration: &Configuration,
    ) -> Result<(Configuration, UnitPoint), Error> {
        let (point, values) = self.validate(configuration)?;
        let values = self.ranges.iter().zip(values).zip(point.iter());
        let values = values.map(|((range, value), &coordinate)| range.normalize(value, coordinate));
        Ok((Configuration::new(Arc::clone(&self.names), values.collect()), point))
    }

    /// Converts a partial configuration to the order and the types of the space.
    ///
    /// # Errors
    /// [`Error::Invalid`] as for [`encode`](Self::encode), but missing parameters are allowed. Also
    /// if there is no value at all.
    pub(crate) fn normalize_part(&self, part: &Configuration) -> Result<Configuration, Error> {
        let values_by_name: HashMap<&str, &ParameterValue> = part.iter().rev().collect();
        let mut violations = self.check_names(part);
        if values_by_name.is_empty() {
            let rule = "a partial configuration needs at least one value";
            violations.push(Violation::new("configuration", "empty", rule, "add a value"));
        }
        let mut entries = Vec::with_capacity(values_by_name.len());
        for range in &self.ranges {
            let Some(value) = values_by_name.get(range.name()) else { continue };
            match range.encode(value) {
                Ok(coordinate) => {
                    let value = range.normalize(value, coordinate);
                    entries.push((range.name().to_owned(), value));
                }
                Err(violation) => violations.push(violation),
            }
        }
        Error::from_violations(violations)?;
        if entries.len() < self.ranges.len() {
            return Ok(entries.into_iter().collect());
        }
        let values = entries.into_iter().map(|(_, value)| value).collect();
        Ok(Configuration::new(Arc::clone(&self.names), values))
    }

    /// Completes a partial configuration with default values, and normalizes it.
    ///
    /// The default value of a numeric range is the middle of its scale. The default value of a
    /// categorical range is its first value.
    ///
    /// # Errors
    /// [`Error::Invalid`] as for [`encode`](Self::encode), but missing parameters are allowed.
    pub fn fill_in(&self, partial: &Configuration) -> Result<Configuration, Error> {
        let center = self.decode(&unit_cube::center(&self.axes));
        let missing = center.iter().filter(|(name, _)| partial.value(name).is_none());
        let all = partial.iter().chain(missing).map(|(name, value)| (name, value.clone()));
        self.normalize(&all.collect())
    }
}

impl TryFrom<record::SpaceRecord> for SearchSpace {
    type Error = Error;

    fn try_from(record: record::SpaceRecord) -> Result<Self, Error> {
        Self::new(record.0.into_iter().map(ParameterRange::try_from))
    }
}

impl From<SearchSpace> for Vec<ParameterRange> {
    fn from(space: SearchSpace) -> Self {
        space.ranges
    }
}
