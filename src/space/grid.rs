//! Grids over a search space: which values of each parameter are to be combined.

use std::collections::HashSet;

use super::configuration::ParameterValue;
use super::range::ParameterRange;
use super::search_space::SearchSpace;
use crate::cube::{Axis, Grid};
use crate::error::{Error, Violation};

/// Levels of a parameter that are still tried one by one.
const MOST_LEVELS: u64 = 1 << 20;

/// Which values of a parameter a grid takes in.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum GridLevels {
    /// All of them; of an integer range, or of choices.
    Every,
    /// So many, evenly spaced on the range's scale, both ends among them. Of an integer range they are rounded, and each counts once.
    Even(usize),
    /// These.
    Values(Vec<ParameterValue>),
}

impl GridLevels {
    /// These values.
    pub fn values<V: Into<ParameterValue>>(values: impl IntoIterator<Item = V>) -> Self {
        Self::Values(values.into_iter().map(Into::into).collect())
    }
}

impl SearchSpace {
    /// The combinations of all choices with the levels that are given for numeric ranges; the last parameter changes fastest.
    ///
    /// Without levels every parameter must be one of choices: this is SageMaker's grid.
    ///
    /// ```
    /// use surmise::space::GridLevels;
    /// use surmise::{Error, GridSearch, ParameterRange, ScalingType, SearchSpace};
    ///
    /// let space = SearchSpace::new([
    ///     ParameterRange::categorical("booster", ["gbtree", "dart"]),
    ///     ParameterRange::continuous("eta", 1e-3..=1.0, ScalingType::Logarithmic),
    /// ])?;
    /// let grid = space.grid([("eta", GridLevels::Even(4))])?; // 0.001, 0.01, 0.1, 1
    /// assert_eq!(grid.count(), 8);
    /// let strategy = GridSearch::new(grid);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] with everything that is wrong: numeric ranges without levels, levels of unknown parameters, values that are
    /// outside of their range or given twice, no levels, more than 2⁶³ combinations.
    pub fn grid<N: AsRef<str>>(
        &self,
        levels: impl IntoIterator<Item = (N, GridLevels)>,
    ) -> Result<Grid, Error> {
        let given: Vec<(N, GridLevels)> = levels.into_iter().collect();
        let mut violations = Vec::new();
        let mut seen = HashSet::new();
        for (name, _) in &given {
            let name = name.as_ref();
            if !self.ranges.iter().any(|range| range.name() == name) {
                let rule = "the search space has no such parameter";
                violations.push(Violation::new(name, "unknown", rule, "correct the name"));
            } else if !seen.insert(name) {
                let rule = "a parameter has its levels once";
                violations.push(Violation::new(name, "there twice", rule, "remove one"));
            }
        }
        let mut coordinates = Vec::with_capacity(self.ranges.len());
        for range in &self.ranges {
            let own = given.iter().find(|(name, _)| name.as_ref() == range.name());
            match range.grid_coordinates(own.map(|(_, levels)| levels)) {
                Ok(levels) => coordinates.push(levels),
                Err(broken) => violations.extend(broken),
            }
        }
        Error::unless_empty(violations)?;
        let even = coordinates.clone();
        let mut grid = Grid::new(coordinates).ok_or_else(|| {
            Error::Invalid(vec![Violation::new(
                "grid",
                "more than 2⁶³ combinations",
                "a grid is tried out one by one",
                "give fewer levels, or search by another strategy",
            )])
        })?;
        for (axis, range) in self.ranges.iter().enumerate() {
            let ParameterRange::Continuous(range) = range else { continue };
            let own = given.iter().find(|(name, _)| name.as_ref() == range.name());
            let numbers: Vec<f64> = match own {
                Some((_, GridLevels::Values(values))) => {
                    values.iter().filter_map(ParameterValue::number).collect()
                }
                Some((_, GridLevels::Even(_))) => {
                    even[axis].iter().map(|level| range.nearest_decimal(*level)).collect()
                }
                _ => continue,
            };
            grid = grid.with_numbers(axis, numbers);
        }
        Ok(grid)
    }
}

impl ParameterRange {
    fn grid_coordinates(&self, levels: Option<&GridLevels>) -> Result<Vec<f64>, Vec<Violation>> {
        let axis = self.axis();
        let refused = |value: String, rule: &str, remedy: &str| {
            Err(vec![Violation::new(self.name(), value, rule, remedy)])
        };
        let count = match levels {
            None | Some(GridLevels::Every) => axis.cells().unwrap_or(1),
            Some(GridLevels::Even(count)) => *count as u64,
            Some(GridLevels::Values(values)) => values.len() as u64,
        };
        if count > MOST_LEVELS {
            let rule = format!("a parameter has at most {MOST_LEVELS} levels in a grid");
            return refused(format!("{count} levels"), &rule, "give fewer levels");
        }
        match (levels, axis) {
            (None, Axis::Categories(_)) | (Some(GridLevels::Every), _)
                if axis.cells().is_some() =>
            {
                Ok((0..axis.cells().unwrap_or(1)).map(|cell| axis.coordinate(cell)).collect())
            }
            (None, _) if axis.is_constant() => Ok(vec![axis.coordinate(0)]),
            (None, _) => refused(
                "numeric".to_owned(),
                "a grid over a numeric range needs levels (and SageMaker's takes choices only)",
                "give it levels, or make it a categorical range",
            ),
            (Some(GridLevels::Every), _) => refused(
                "continuous".to_owned(),
                "a continuous range has no end of values",
                "give a number of levels, or the values",
            ),
            (Some(GridLevels::Even(0)), _) => {
                refused("0 levels".to_owned(), "there is at least one", "raise the number")
            }
            (Some(GridLevels::Even(_)), Axis::Categories(_)) => refused(
                "one of choices".to_owned(),
                "choices have no order, and so no even spacing",
                "leave the levels out, or give the values",
            ),
            (Some(GridLevels::Even(1)), _) => Ok(vec![axis.snap(0.5)]),
            (Some(GridLevels::Even(count)), _) => {
                #[allow(clippy::cast_precision_loss, reason = "a number of levels")]
                let even = (0..*count).map(|i| axis.snap(i as f64 / (*count - 1) as f64));
                let mut coordinates: Vec<f64> = even.collect();
                coordinates.dedup();
                Ok(coordinates)
            }
            (Some(GridLevels::Values(values)), _) if values.is_empty() => {
                refused("no values".to_owned(), "there is at least one", "give one")
            }
            (Some(GridLevels::Values(values)), _) => self.coordinates_of(values),
        }
    }

    fn coordinates_of(&self, values: &[ParameterValue]) -> Result<Vec<f64>, Vec<Violation>> {
        let axis = self.axis();
        let (mut coordinates, mut violations) = (Vec::<f64>::new(), Vec::new());
        for value in values {
            match self.encode(value) {
                Err(violation) => violations.push(violation),
                Ok(coordinate) if coordinates.iter().any(|known| axis.same(*known, coordinate)) => {
                    let rule = "the levels of a grid are distinct";
                    violations.push(Violation::new(self.name(), value, rule, "remove one"));
                }
                Ok(coordinate) => coordinates.push(coordinate),
            }
        }
        if violations.is_empty() { Ok(coordinates) } else { Err(violations) }
    }
}
