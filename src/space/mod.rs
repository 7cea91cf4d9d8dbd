//! What is tuned: named ranges in natural units, and the gate between them and the unit cube.
//!
//! Outside are names, units and categories; inside are points of `[0, 1]^d`. [`SearchSpace::encode`] and
//! [`SearchSpace::decode`] are the only translators. Every point of the cube decodes to a configuration.

mod categorical;
mod configuration;
mod continuous;
mod grid;
mod integer;
mod range;
mod record;
mod scaling;

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

pub use self::categorical::CategoricalParameterRange;
pub use self::configuration::{Configuration, ParameterValue};
pub use self::continuous::ContinuousParameterRange;
pub use self::grid::GridLevels;
pub use self::integer::IntegerParameterRange;
pub use self::range::ParameterRange;
pub use self::scaling::{Scale, ScalingType};
use crate::cube::{self, Axis, UnitPoint};
use crate::error::{Error, Violation};

/// All tunable parameters together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "record::SpaceRecord", into = "Vec<ParameterRange>")]
pub struct SearchSpace {
    ranges: Vec<ParameterRange>,
    axes: Vec<Axis>,
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
        Ok(Self { ranges: sound, axes })
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
        let mut violations = Vec::new();
        let mut point = Vec::with_capacity(self.ranges.len());
        for range in &self.ranges {
            match configuration.value(range.name()) {
                Some(value) => match range.encode(value) {
                    Ok(coordinate) => point.push(coordinate),
                    Err(violation) => violations.push(violation),
                },
                None => violations.push(Violation::new(
                    range.name(),
                    "missing",
                    "a configuration has a value for every parameter",
                    "add it",
                )),
            }
        }
        let mut seen = HashSet::new();
        for (name, value) in configuration.iter() {
            if !self.ranges.iter().any(|range| range.name() == name) {
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
        Error::unless_empty(violations)?;
        Ok(point.into())
    }

    /// The configuration that a point represents. Every point of the cube represents one.
    ///
    /// # Panics
    /// If the point has another number of coordinates than the space has parameters.
    pub fn decode(&self, point: &UnitPoint) -> Configuration {
        assert_eq!(point.len(), self.ranges.len(), "one coordinate per parameter");
        self.ranges
            .iter()
            .zip(point.iter())
            .map(|(range, &coordinate)| (range.name(), range.decode(coordinate)))
            .collect()
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
        let canonical = self.decode(&self.encode(configuration)?);
        Ok(self
            .ranges
            .iter()
            .zip(canonical.iter())
            .map(|(range, (name, decoded))| match range {
                ParameterRange::Continuous(_) => {
                    (name, ParameterValue::Float(configuration.float(name)))
                }
                _ => (name, decoded.clone()),
            })
            .collect())
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

#[cfg(test)]
mod tests;
