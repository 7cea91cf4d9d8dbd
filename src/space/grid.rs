//! Creates grids over a search space from the levels of each parameter.

use std::collections::HashSet;

use super::configuration::ParameterValue;
use super::range::ParameterRange;
use super::search_space::SearchSpace;
use crate::error::{Error, Violation};
use crate::unit_cube::{Axis, Grid};

/// Maximum number of levels of one parameter.
const MAX_LEVELS: u64 = 1 << 20;

/// The levels of a parameter: the values that a grid combines with those of other parameters.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum GridLevels {
    /// All values of a range; a continuous range needs a step or significant digits.
    All,
    /// This number of values, evenly spaced on the scale of the range, including both bounds.
    ///
    /// A single value is the middle of the scale. In integer ranges and ranges with a step, values
    /// are rounded to allowed values, and duplicates are removed.
    EvenlySpaced(usize),
    /// Exactly the listed values.
    Values(Vec<ParameterValue>),
}

impl GridLevels {
    /// Creates levels with exactly these values.
    pub fn values<V: Into<ParameterValue>>(values: impl IntoIterator<Item = V>) -> Self {
        Self::Values(values.into_iter().map(Into::into).collect())
    }
}

impl SearchSpace {
    /// Creates the grid of all combinations of the levels of each parameter.
    ///
    /// Each numeric parameter needs levels. A categorical parameter without levels has all its
    /// values, as in SageMaker's grid search. The last parameter changes fastest.
    ///
    /// ```
    /// use surmise::space::GridLevels;
    /// use surmise::{Error, GridSearch, ParameterRange, ScalingType, SearchSpace};
    ///
    /// let space = SearchSpace::new([
    ///     ParameterRange::categorical("booster", ["gbtree", "dart"]),
    ///     ParameterRange::continuous("eta", 1e-3..=1.0, ScalingType::Logarithmic),
    /// ])?;
    /// let grid = space.grid([("eta", GridLevels::EvenlySpaced(4))])?; // 0.001, 0.01, 0.1, 1
    /// assert_eq!(grid.count(), 8);
    /// let strategy = GridSearch::new(grid);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] with one violation for each of these:
    ///
    /// - A numeric parameter has no levels, or levels are for an unknown parameter.
    /// - A parameter has two lists of levels, an empty list, or more than 2²⁰ levels.
    /// - A value is not a value of its range, or occurs twice.
    /// - [`GridLevels::All`] is for a continuous range without a step or significant digits.
    /// - [`GridLevels::EvenlySpaced`] is for a categorical range.
    /// - There are at least 2⁶³ combinations.
    pub fn grid<N: AsRef<str>>(
        &self,
        levels: impl IntoIterator<Item = (N, GridLevels)>,
    ) -> Result<Grid, Error> {
        let requested: Vec<(N, GridLevels)> = levels.into_iter().collect();
        let mut violations = Vec::new();
        let mut names = HashSet::new();
        for (name, _) in &requested {
            let name = name.as_ref();
            if !self.ranges.iter().any(|range| range.name() == name) {
                let rule = "the search space has no such parameter";
                violations.push(Violation::new(name, "unknown", rule, "correct the name"));
            } else if !names.insert(name) {
                let rule = "a parameter must not have two lists of levels";
                violations.push(Violation::new(name, "given twice", rule, "remove one"));
            }
        }
        let mut coordinates = Vec::with_capacity(self.ranges.len());
        for range in &self.ranges {
            let levels = requested.iter().find(|(name, _)| name.as_ref() == range.name());
            match range.grid_coordinates(levels.map(|(_, levels)| levels)) {
                Ok(levels) => coordinates.push(levels),
                Err(found) => violations.extend(found),
            }
        }
        Error::from_violations(violations)?;
        let mut grid = Grid::new(coordinates.clone()).ok_or_else(|| {
            Error::Invalid(vec![Violation::new(
                "grid",
                "more than 2⁶³ combinations",
                "a grid search runs all combinations",
                "use fewer levels, or another strategy",
            )])
        })?;
        for (axis, range) in self.ranges.iter().enumerate() {
            let ParameterRange::Continuous(range) = range else { continue };
            let levels = requested.iter().find(|(name, _)| name.as_ref() == range.name());
            let numbers: Vec<f64> = match levels {
                Some((_, GridLevels::Values(values))) => {
                    values.iter().filter_map(ParameterValue::number).collect()
                }
                Some((_, GridLevels::EvenlySpaced(_))) => {
                    coordinates[axis].iter().map(|level| range.nearest_decimal(*level)).collect()
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
        let error = |value: String, rule: &str, remedy: &str| {
            Err(vec![Violation::new(self.name(), value, rule, remedy)])
        };
        let count = match levels {
            None | Some(GridLevels::All) => axis.cell_count().unwrap_or(1),
            Some(GridLevels::EvenlySpaced(count)) => *count as u64,
            Some(GridLevels::Values(values)) => values.len() as u64,
        };
        if count > MAX_LEVELS {
            let rule = format!("a parameter must not have more than {MAX_LEVELS} levels");
            return error(format!("{count} levels"), &rule, "use fewer levels");
        }
        match (levels, axis) {
            (None, Axis::Categories(_)) | (Some(GridLevels::All), _)
                if axis.cell_count().is_some() =>
            {
                Ok((0..axis.cell_count().unwrap_or(1)).map(|cell| axis.coordinate(cell)).collect())
            }
            (None, _) if axis.is_constant() => Ok(vec![axis.coordinate(0)]),
            (None, _) => error(
                "numeric".to_owned(),
                "a numeric range in a grid needs levels (SageMaker's grid has only choices)",
                "set its levels, or use a categorical range",
            ),
            (Some(GridLevels::All), _) => error(
                "continuous".to_owned(),
                "a continuous range has infinitely many values",
                "set the number of levels, or list the values",
            ),
            (Some(GridLevels::EvenlySpaced(0)), _) => {
                error("0 levels".to_owned(), "a grid needs at least one level", "raise the number")
            }
            (Some(GridLevels::EvenlySpaced(_)), Axis::Categories(_)) => error(
                "one of choices".to_owned(),
                "choices have no order, so they cannot be evenly spaced",
                "remove the levels, or list the values",
            ),
            (Some(GridLevels::EvenlySpaced(1)), _) => Ok(vec![axis.snap(0.5)]),
            (Some(GridLevels::EvenlySpaced(count)), _) => {
                #[allow(clippy::cast_precision_loss, reason = "a number of levels")]
                let spaced = (0..*count).map(|i| axis.snap(i as f64 / (*count - 1) as f64));
                let mut coordinates: Vec<f64> = spaced.collect();
                coordinates.dedup();
                Ok(coordinates)
            }
            (Some(GridLevels::Values(values)), _) if values.is_empty() => {
                error("no values".to_owned(), "a grid needs at least one level", "add a value")
            }
            (Some(GridLevels::Values(values)), _) => self.coordinates_of(values),
        }
    }

    fn coordinates_of(&self, values: &[ParameterValue]) -> Result<Vec<f64>, Vec<Violation>> {
        let axis = self.axis();
        let is_duplicate = |coordinates: &[f64], coordinate: f64| {
            coordinates.iter().any(|other| axis.is_same_coordinate(*other, coordinate))
        };
        let (mut coordinates, mut violations) = (Vec::<f64>::new(), Vec::new());
        for value in values {
            match self.encode(value) {
                Err(violation) => violations.push(violation),
                Ok(coordinate) if is_duplicate(&coordinates, coordinate) => {
                    let rule = "the levels of a grid must be distinct";
                    violations.push(Violation::new(self.name(), value, rule, "remove one"));
                }
                Ok(coordinate) => coordinates.push(coordinate),
            }
        }
        if violations.is_empty() { Ok(coordinates) } else { Err(violations) }
    }
}
