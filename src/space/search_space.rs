//! All tunable parameters together: encoding, decoding, snapping.

use super::configuration::{Configuration, ParameterValue};
use super::digits;
use super::range::ParameterRange;
use super::record;
use crate::cube::{self, Axis, UnitPoint};
use crate::error::{Error, Violation};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// All tunable parameters together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "record::SpaceRecord", into = "Vec<ParameterRange>")]
pub struct SearchSpace {
    pub(super) ranges: Vec<ParameterRange>,
    axes: Vec<Axis>,
    /// Shared by all configurations of the space.
    names: Arc<[String]>,
}

impl SearchSpace {
    /// Puts ranges together. It takes the results of making them, so that everything that is wrong is said at once.
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
    /// [`Error::Invalid`] with everything that is wrong: the violations of each range that could not be made, names that
    /// occur twice, no range at all.
    pub fn new(
        ranges: impl IntoIterator<Item = Result<ParameterRange, Error>>,
    ) -> Result<Self, Error> {
        let mut violations = Vec::new();
        let mut sound: Vec<ParameterRange> = Vec::new();
        let mut names = HashSet::new();
        for range in ranges {
            let mut known = HashSet::new();
            match range {
                Ok(range) => {
                    known.insert(range.name().to_owned());
                    sound.push(range);
                }
                // A range that could not be made has left its name in what it broke.
                Err(Error::Invalid(broken)) => {
                    known.extend(broken.iter().map(|violation| violation.subject.clone()));
                    violations.extend(broken);
                }
                Err(other) => return Err(other),
            }
            for name in known {
                if !name.is_empty() && !names.insert(name.clone()) {
                    violations.push(Violation::new(
                        name,
                        "there twice",
                        "the names of a search space are distinct",
                        "rename one of them",
                    ));
                }
            }
        }
        if sound.is_empty() && violations.is_empty() {
            violations.push(Violation::new(
                "search space",
                "empty",
                "there is at least one parameter to tune",
                "add a range",
            ));
        }
        Error::unless_empty(violations)?;
        let axes = sound.iter().map(ParameterRange::axis).collect();
        let names = sound.iter().map(|range| range.name().to_owned()).collect();
        Ok(Self { ranges: sound, axes, names })
    }

    /// The ranges, in order.
    pub fn ranges(&self) -> &[ParameterRange] {
        &self.ranges
    }

    /// The axes of the cube, one per range.
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// Number of distinct configurations, if it is finite and below 2¹²⁸.
    pub fn cardinality(&self) -> Option<u128> {
        cube::cell_count(&self.axes)
    }

    /// The point that represents a configuration; the order of its values does not matter.
    ///
    /// Numbers may be given as integers for a continuous range, and as floats without a fraction for an integer range.
    ///
    /// # Errors
    /// [`Error::Invalid`] with everything that is wrong: parameters that are missing or unknown, values of the wrong
    /// type or outside of their range.
    pub fn encode(&self, configuration: &Configuration) -> Result<UnitPoint, Error> {
        self.check(configuration).map(|(point, _)| point)
    }

    /// The point that represents a configuration, and its values in the space's own order.
    fn check<'c>(
        &self,
        configuration: &'c Configuration,
    ) -> Result<(UnitPoint, Vec<&'c ParameterValue>), Error> {
        let is_ordered =
            Arc::ptr_eq(configuration.names(), &self.names) || *configuration.names() == self.names;
        let given: HashMap<&str, &ParameterValue> =
            if is_ordered { HashMap::new() } else { configuration.iter().rev().collect() };
        let mut violations = Vec::new();
        let mut point = Vec::with_capacity(self.ranges.len());
        let mut values = Vec::with_capacity(self.ranges.len());
        for (position, range) in self.ranges.iter().enumerate() {
            let value = if is_ordered {
                configuration.values().get(position)
            } else {
                given.get(range.name()).copied()
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
                    "a configuration has a value for every parameter",
                    "add it",
                )),
            }
        }
        if !is_ordered {
            violations.extend(self.strangers(configuration));
        }
        Error::unless_empty(violations)?;
        Ok((point.into(), values))
    }

    /// What is wrong with the names of a configuration: those that the space does not have, and those that are there twice.
    fn strangers(&self, configuration: &Configuration) -> Vec<Violation> {
        let known: HashSet<&str> = self.names.iter().map(String::as_str).collect();
        let mut violations = Vec::new();
        let mut seen = HashSet::new();
        for (name, value) in configuration.iter() {
            if !known.contains(name) {
                violations.push(Violation::new(
                    name,
                    value,
                    "the search space has no such parameter",
                    "remove it or add a range",
                ));
            } else if !seen.insert(name) {
                violations.push(Violation::new(
                    name,
                    "there twice",
                    "a configuration has one value for every parameter",
                    "remove one",
                ));
            }
        }
        violations
    }

    /// The configuration that a point represents. Every point of the cube represents one.
    ///
    /// # Panics
    /// If the point has another number of coordinates than the space has parameters.
    pub fn decode(&self, point: &UnitPoint) -> Configuration {
        assert_eq!(point.len(), self.ranges.len(), "one coordinate per parameter");
        let values = self.ranges.iter().zip(point.iter());
        let values = values.map(|(range, &coordinate)| range.decode(coordinate)).collect();
        Configuration::of(Arc::clone(&self.names), values)
    }

    /// Configurations at a point or next to it, the ones with the fewest digits first, the one that the point represents last. They have
    /// these numbers in the place of some of their values, to the digit (the number of the axis comes first).
    ///
    /// # Errors
    /// [`Error::BadProposal`] if a number is not the one that its coordinate represents, within the axis' resolution.
    pub(crate) fn near(
        &self,
        point: &UnitPoint,
        numbers: &[(usize, f64)],
    ) -> Result<impl Iterator<Item = Configuration>, Error> {
        for &(axis, number) in numbers {
            let bad = |text: String| Err(Error::BadProposal(text));
            let Some(range @ ParameterRange::Continuous(_)) = self.ranges.get(axis) else {
                return bad(format!("axis {axis} has no numbers, such as {number}"));
            };
            match range.encode(&ParameterValue::Float(number)) {
                Ok(coordinate) if self.axes[axis].same(coordinate, point[axis]) => {}
                Ok(coordinate) => {
                    let name = range.name();
                    let text = format!("{number} of `{name}` lies at {coordinate}");
                    return bad(format!("{text}, not at {}", point[axis]));
                }
                Err(violation) => return bad(violation.to_string()),
            }
        }
        let shares = digits::FINENESS.into_iter().map(Some).chain([None]);
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
                values[axis] = range.normal(&ParameterValue::Float(number), point[axis]);
            }
            Configuration::of(Arc::clone(&self.names), values)
        }))
    }

    /// Moves a point to the one that represents the same configuration.
    pub fn snap(&self, point: &UnitPoint) -> UnitPoint {
        cube::snap(&self.axes, point)
    }

    /// The same configuration in the space's own order and types: floats for continuous ranges, integers for integer
    /// ranges. Values of continuous ranges stay as they were given, to the last digit.
    ///
    /// # Errors
    /// Those of [`encode`](Self::encode).
    pub fn normalize(&self, configuration: &Configuration) -> Result<Configuration, Error> {
        self.normalize_and_encode(configuration).map(|(normal, _)| normal)
    }

    /// [`normalize`](Self::normalize) and [`encode`](Self::encode) at once.
    pub(crate) fn normalize_and_encode(
        &self,
        configuration: &Configuration,
    ) -> Result<(Configuration, UnitPoint), Error> {
        let (point, given) = self.check(configuration)?;
        let values = self.ranges.iter().zip(given).zip(point.iter());
        let values = values.map(|((range, value), &coordinate)| range.normal(value, coordinate));
        Ok((Configuration::of(Arc::clone(&self.names), values.collect()), point))
    }

    /// A part of a configuration in the space's own order and types; a whole one is [normalized](Self::normalize).
    ///
    /// # Errors
    /// [`Error::Invalid`] with everything that is wrong: parameters that are unknown or there twice, values of the wrong type or outside of
    /// their range, no value at all.
    pub(crate) fn normalize_part(&self, part: &Configuration) -> Result<Configuration, Error> {
        let given: HashMap<&str, &ParameterValue> = part.iter().rev().collect();
        let mut violations = self.strangers(part);
        if given.is_empty() {
            let rule = "at least one parameter has a value";
            violations.push(Violation::new("configuration", "empty", rule, "name one"));
        }
        let mut entries = Vec::with_capacity(given.len());
        for range in &self.ranges {
            let Some(value) = given.get(range.name()) else { continue };
            match range.encode(value) {
                Ok(coordinate) => {
                    let value = range.normal(value, coordinate);
                    entries.push((range.name().to_owned(), value));
                }
                Err(violation) => violations.push(violation),
            }
        }
        Error::unless_empty(violations)?;
        if entries.len() < self.ranges.len() {
            return Ok(entries.into_iter().collect());
        }
        let values = entries.into_iter().map(|(_, value)| value).collect();
        Ok(Configuration::of(Arc::clone(&self.names), values))
    }

    /// A configuration with the values that are given, and the middle of the range (of choices, the first) for all others.
    ///
    /// # Errors
    /// Those of [`encode`](Self::encode), but for parameters that are missing.
    pub fn completed(&self, given: &Configuration) -> Result<Configuration, Error> {
        let centre = self.decode(&cube::centre(&self.axes));
        let others = centre.iter().filter(|(name, _)| given.value(name).is_none());
        let whole = given.iter().chain(others).map(|(name, value)| (name, value.clone()));
        self.normalize(&whole.collect())
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
