//! The unit cube `[0, 1]^d`: the internal representation of the search space.
//!
//! | symbol | meaning |
//! | --- | --- |
//! | u | coordinate, from 0 to 1 |
//! | m | number of cells of an axis |
//! | k | number of a cell, from 0 to m − 1 |
//! | f | the number in cell 0 of a logarithmic axis, in units of the step |
//!
//! A point has one coordinate per axis. An axis is continuous, or it is divided into cells: ordered
//! levels, or unordered categories. One coordinate inside each cell represents the cell. Snapping
//! moves a point to the coordinates that represent it.
//!
//! Of m evenly spaced cells, cell k is [k ⁄ m, (k + 1) ⁄ m), and its midpoint represents it.
//!
//! On a logarithmic axis, cell k covers the numbers from f + k − ½ to f + k + ½. The coordinate
//! that represents it is
//!
//! u = ln((f + k) ⁄ (f − ½)) ⁄ ln((f + m − ½) ⁄ (f − ½))
//!
//! Decimals with a fixed number of significant digits may be on a linear or a logarithmic axis. The
//! ends of such an axis are halfway between the first or last decimal and the next decimal outside.

use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::significant_digits;

/// A point of the unit cube, with one coordinate per axis. Clones share their memory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<f64>", into = "Vec<f64>")]
pub struct UnitPoint(Arc<[f64]>);

impl From<Vec<f64>> for UnitPoint {
    fn from(coordinates: Vec<f64>) -> Self {
        Self(coordinates.into())
    }
}

impl From<UnitPoint> for Vec<f64> {
    fn from(point: UnitPoint) -> Self {
        point.0.to_vec()
    }
}

impl AsRef<[f64]> for UnitPoint {
    fn as_ref(&self) -> &[f64] {
        &self.0
    }
}

impl Deref for UnitPoint {
    type Target = [f64];

    fn deref(&self) -> &[f64] {
        &self.0
    }
}

/// One axis of the unit cube: the coordinates that a point can have along it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Axis {
    /// Any coordinate of [0, 1].
    Continuous {
        /// Coordinates that differ by less than this value count as equal.
        resolution: f64,
    },
    /// Ordered cells, each with one number.
    Levels(Levels),
    /// Unordered cells of equal width; the field is their number.
    Categories(usize),
}

impl Axis {
    /// Returns the number of cells, or `None` if the axis is continuous.
    pub fn cell_count(self) -> Option<u64> {
        match self {
            Self::Continuous { .. } => None,
            Self::Levels(levels) => Some(levels.count),
            Self::Categories(count) => Some(count as u64),
        }
    }

    /// Returns `true` if the axis has exactly one cell.
    pub fn is_constant(self) -> bool {
        self.cell_count() == Some(1)
    }

    /// Returns the number of the cell that contains a coordinate, from 0; 0 on a continuous axis.
    pub fn cell(self, coordinate: f64) -> u64 {
        match self {
            Self::Continuous { .. } => 0,
            Self::Levels(levels) => levels.cell(coordinate),
            Self::Categories(count) => Levels::evenly_spaced(count as u64).cell(coordinate),
        }
    }

    /// Returns the coordinate that represents a cell; ½ on a continuous axis.
    pub fn coordinate(self, cell: u64) -> f64 {
        match self {
            Self::Continuous { .. } => 0.5,
            Self::Levels(levels) => levels.coordinate(cell),
            Self::Categories(count) => Levels::evenly_spaced(count as u64).coordinate(cell),
        }
    }

    /// Moves a coordinate to the one that represents its cell; idempotent.
    ///
    /// On a continuous axis, clamps the coordinate to [0, 1].
    pub fn snap(self, coordinate: f64) -> f64 {
        match self {
            Self::Continuous { .. } => coordinate.clamp(0.0, 1.0),
            _ => self.coordinate(self.cell(coordinate)),
        }
    }

    /// Returns `true` if two coordinates are in one cell, or differ by less than the resolution.
    pub fn is_same_coordinate(self, a: f64, b: f64) -> bool {
        match self {
            Self::Continuous { resolution } => (a - b).abs() < resolution,
            _ => self.cell(a) == self.cell(b),
        }
    }
}

/// Ordered cells along an axis, each with one of `count` numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Levels {
    count: u64,
    spacing: Spacing,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Spacing {
    Even,
    /// The numbers `first`, `first + 1`, … on a logarithmic axis from `first − ½` to
    /// `first + count − ½`.
    Logarithmic {
        first: f64,
    },
    /// Decimals with `digits` significant digits, starting at index `first`, on an axis from `low`
    /// to `high`.
    Significant {
        digits: u32,
        first: i64,
        low: f64,
        high: f64,
        is_logarithmic: bool,
    },
}

impl Levels {
    /// Creates `count` cells of equal width, each represented by its midpoint.
    pub const fn evenly_spaced(count: u64) -> Self {
        Self { count, spacing: Spacing::Even }
    }

    /// Creates cells for the integers `first`, …, `first + count − 1` on a logarithmic axis.
    ///
    /// `first` is at least 1. The axis extends half a step beyond either end, so that the end
    /// values get their share of it.
    pub fn logarithmic(first: u64, count: u64) -> Self {
        Self::logarithmic_from(as_float(first), count)
    }

    /// Creates cells for `first`, `first + 1`, … on a logarithmic axis; `first` is above ½.
    pub(crate) fn logarithmic_from(first: f64, count: u64) -> Self {
        Self { count, spacing: Spacing::Logarithmic { first } }
    }

    /// Creates cells for decimals with `digits` significant digits, starting at index `first`.
    pub(crate) fn significant(digits: u32, first: i64, count: u64, is_logarithmic: bool) -> Self {
        let number = |index: i64| significant_digits::nth(digits, index);
        let last = first.saturating_add_unsigned(count - 1);
        let low = 0.5 * (number(first - 1) + number(first));
        let high = 0.5 * (number(last) + number(last.saturating_add(1)));
        Self { count, spacing: Spacing::Significant { digits, first, low, high, is_logarithmic } }
    }

    fn cell(self, coordinate: f64) -> u64 {
        let last = as_float(self.count - 1);
        let position = match self.spacing {
            Spacing::Even => (coordinate * as_float(self.count)).floor(),
            Spacing::Logarithmic { first } => {
                ((first - 0.5) * (coordinate * self.log_width(first)).exp() - first).round()
            }
            Spacing::Significant { digits, first, low, high, is_logarithmic } => {
                let number = if is_logarithmic {
                    low * (coordinate * (high / low).ln()).exp()
                } else {
                    low + coordinate * (high - low)
                };
                #[allow(clippy::cast_precision_loss, reason = "counts of cells stay below 2^53")]
                let position = (significant_digits::nearest_index(digits, number) - first) as f64;
                position
            }
        };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        let cell = position.clamp(0.0, last) as u64;
        cell
    }

    fn coordinate(self, cell: u64) -> f64 {
        match self.spacing {
            Spacing::Even => (as_float(cell) + 0.5) / as_float(self.count),
            Spacing::Logarithmic { first } => {
                ((first + as_float(cell)) / (first - 0.5)).ln() / self.log_width(first)
            }
            Spacing::Significant { digits, first, low, high, is_logarithmic } => {
                let number = significant_digits::nth(digits, first.saturating_add_unsigned(cell));
                if is_logarithmic {
                    (number / low).ln() / (high / low).ln()
                } else {
                    (number - low) / (high - low)
                }
            }
        }
    }

    fn log_width(self, first: f64) -> f64 {
        ((first + as_float(self.count) - 0.5) / (first - 0.5)).ln()
    }
}

#[allow(clippy::cast_precision_loss, reason = "counts of cells stay below 2^53")]
fn as_float(number: u64) -> f64 {
    number as f64
}

/// Snaps a point: moves every coordinate to the one that represents its cell.
///
/// A coordinate outside [0, 1] moves to the end of its axis. On a continuous axis a NaN stays NaN.
pub fn snap(axes: &[Axis], point: &[f64]) -> UnitPoint {
    axes.iter().zip(point).map(|(axis, &u)| axis.snap(u)).collect::<Vec<_>>().into()
}

/// Returns `true` if two points represent the same values.
///
/// [`Axis::is_same_coordinate`] compares their coordinates on each axis.
pub fn is_same_point(axes: &[Axis], a: &[f64], b: &[f64]) -> bool {
    axes.iter().zip(a.iter().zip(b)).all(|(axis, (&a, &b))| axis.is_same_coordinate(a, b))
}

/// Returns the squared Euclidean distance of two points; different categories are at distance 1.
pub fn squared_distance(axes: &[Axis], a: &[f64], b: &[f64]) -> f64 {
    let squares = axes.iter().zip(a.iter().zip(b)).map(|(axis, (a, b))| match axis {
        Axis::Categories(_) => f64::from(u8::from(!axis.is_same_coordinate(*a, *b))),
        _ => (a - b).powi(2),
    });
    squares.sum()
}

/// Returns the number of distinct snapped points; `None` if it is infinite or at least 2¹²⁸.
pub fn cell_count(axes: &[Axis]) -> Option<u128> {
    axes.iter()
        .try_fold(1_u128, |product, axis| product.checked_mul(u128::from(axis.cell_count()?)))
}

/// Returns the center of the cube, snapped, with the first category on each axis of categories.
///
/// The first category is often the default value.
pub fn center(axes: &[Axis]) -> UnitPoint {
    let center: Vec<f64> = axes
        .iter()
        .map(|axis| match axis {
            Axis::Categories(_) => axis.coordinate(0),
            _ => 0.5,
        })
        .collect();
    snap(axes, &center)
}

/// A grid of points: all combinations of a list of coordinates per axis.
///
/// Points are numbered from 0, and the last axis changes fastest. The JSON form is
/// `{"coordinates":[[…],…],"numbers":[[…],…]}`, with one list per axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "GridRecord")]
pub struct Grid {
    coordinates: Vec<Vec<f64>>,
    /// For each axis, the exact numbers that its coordinates represent, or an empty list.
    numbers: Vec<Vec<f64>>,
    #[serde(skip)]
    count: u64,
}

/// The serialized form of a [`Grid`].
#[derive(Deserialize)]
struct GridRecord {
    coordinates: Vec<Vec<f64>>,
    numbers: Vec<Vec<f64>>,
}

impl TryFrom<GridRecord> for Grid {
    type Error = &'static str;

    fn try_from(record: GridRecord) -> Result<Self, Self::Error> {
        let GridRecord { coordinates, numbers } = record;
        let has_all_or_none = |(numbers, coordinates): (&Vec<f64>, &Vec<f64>)| {
            numbers.is_empty() || numbers.len() == coordinates.len()
        };
        let is_valid = numbers.len() == coordinates.len()
            && numbers.iter().zip(&coordinates).all(has_all_or_none)
            && coordinates.iter().flatten().all(|u| (0.0..=1.0).contains(u));
        match Self::new(coordinates) {
            Some(grid) if is_valid => Ok(Self { numbers, ..grid }),
            _ => Err("a grid must have at least one point and fewer than 2^63, each coordinate \
                 must be from 0 to 1, and `numbers` must have one entry for each coordinate of \
                 the axis, or none"),
        }
    }
}

impl Grid {
    /// Creates the grid of all combinations of these coordinates, with one list per axis.
    ///
    /// Returns `None` if there are no combinations, or at least 2⁶³.
    pub fn new(coordinates: Vec<Vec<f64>>) -> Option<Self> {
        let sizes = coordinates.iter().map(|axis| axis.len() as u64);
        let count = sizes.into_iter().try_fold(1_u64, u64::checked_mul)?;
        let numbers = vec![Vec::new(); coordinates.len()];
        (1..1 << 63).contains(&count).then_some(Self { coordinates, numbers, count })
    }

    /// Sets the exact numbers that the coordinates of one axis represent.
    ///
    /// By default, the search space computes the numbers from the coordinates.
    ///
    /// # Panics
    /// Panics if `numbers` is not as long as the list of coordinates of the axis.
    #[must_use]
    pub fn with_numbers(mut self, axis: usize, numbers: Vec<f64>) -> Self {
        assert_eq!(numbers.len(), self.coordinates[axis].len(), "one number per coordinate");
        self.numbers[axis] = numbers;
        self
    }

    /// Returns the exact numbers of the point with this index, as pairs of axis and number.
    ///
    /// An axis without [exact numbers](Self::with_numbers) is not included.
    pub fn numbers(&self, index: u64) -> Vec<(usize, f64)> {
        let levels = self.levels(index);
        let axes = self.numbers.iter().enumerate().zip(levels);
        axes.filter_map(|((axis, numbers), level)| Some((axis, *numbers.get(level)?))).collect()
    }

    /// Returns the index of the point's coordinate on each axis, for the point with this index.
    #[allow(clippy::cast_possible_truncation, reason = "below the length of a list in memory")]
    fn levels(&self, mut index: u64) -> Vec<usize> {
        let mut levels = vec![0; self.axis_count()];
        for (level, axis) in levels.iter_mut().zip(&self.coordinates).rev() {
            let size = axis.len() as u64;
            *level = (index % size) as usize;
            index /= size;
        }
        levels
    }

    /// Returns the number of axes.
    pub fn axis_count(&self) -> usize {
        self.coordinates.len()
    }

    /// Returns the number of points.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Returns the point with this index, counted from 0.
    ///
    /// # Panics
    /// Panics if `index` is not below [`count`](Self::count).
    pub fn point(&self, index: u64) -> UnitPoint {
        assert!(index < self.count, "point {index} of {}", self.count);
        let levels = self.levels(index).into_iter().zip(&self.coordinates);
        levels.map(|(level, axis)| axis[level]).collect::<Vec<_>>().into()
    }

    /// Returns the index of a point, or `None` if the point is not on the grid.
    ///
    /// `axes` are the axes of the search space, which decide which coordinates are equal.
    pub fn index_of(&self, axes: &[Axis], point: &[f64]) -> Option<u64> {
        let mut index = 0;
        for ((levels, axis), coordinate) in self.coordinates.iter().zip(axes).zip(point) {
            let is_level = |level: &f64| axis.is_same_coordinate(*level, *coordinate);
            let level = levels.iter().position(is_level)?;
            index = index * levels.len() as u64 + level as u64;
        }
        Some(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_contains_the_coordinate_that_represents_it() {
        for axis in [
            Axis::Levels(Levels::evenly_spaced(1)),
            Axis::Levels(Levels::evenly_spaced(7)),
            Axis::Levels(Levels::logarithmic(1, 64)),
            Axis::Levels(Levels::logarithmic(1000, 5)),
            Axis::Levels(Levels::logarithmic_from(1.7, 30)),
            Axis::Levels(Levels::significant(1, -40, 41, true)),
            Axis::Levels(Levels::significant(2, 85, 200, true)),
            Axis::Levels(Levels::significant(3, 1000, 2500, false)),
            Axis::Categories(3),
        ] {
            let cells = axis.cell_count().unwrap();
            for cell in 0..cells {
                let coordinate = axis.coordinate(cell);
                assert!((0.0..=1.0).contains(&coordinate));
                assert_eq!(axis.cell(coordinate), cell, "{axis:?}");
                assert_eq!(axis.snap(coordinate).to_bits(), coordinate.to_bits());
            }
            assert_eq!(axis.cell(0.0), 0);
            assert_eq!(axis.cell(1.0), cells - 1);
        }
    }

    #[test]
    fn cells_of_huge_axes_are_distinguished() {
        let count = 1 << 40;
        for levels in [Levels::evenly_spaced(count), Levels::logarithmic(1, count)] {
            for cell in [0, 1, count / 2, count - 2, count - 1] {
                assert_eq!(levels.cell(levels.coordinate(cell)), cell, "{levels:?}");
            }
        }
    }

    #[test]
    fn evenly_spaced_levels_have_equal_widths() {
        let axis = Axis::Levels(Levels::evenly_spaced(4));
        let mut shares = [0; 4];
        for i in 0..400 {
            shares[usize::try_from(axis.cell((f64::from(i) + 0.5) / 400.0)).unwrap()] += 1;
        }
        assert_eq!(shares, [100; 4]);
    }

    #[test]
    fn cell_count_is_the_product_of_the_axes() {
        let levels = Axis::Levels(Levels::evenly_spaced(10));
        assert_eq!(cell_count(&[levels, Axis::Categories(3)]), Some(30));
        assert_eq!(cell_count(&[levels, Axis::Continuous { resolution: 1e-7 }]), None);
        assert_eq!(cell_count(&[Axis::Levels(Levels::evenly_spaced(1 << 40)); 4]), None);
        assert_eq!(cell_count(&[]), Some(1));
    }
}
