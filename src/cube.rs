//! The unit cube `[0, 1]^d`, in which all search happens.
//!
//! | symbol | meaning |
//! | --- | --- |
//! | u | coordinate, from 0 to 1 |
//! | k | number of a cell, from 0 to m − 1 |
//! | f | what cell 0 holds in units of the step, on a logarithmic axis: of whole numbers, the first |
//!
//! Cell k of m even ones holds [k ⁄ m, (k + 1) ⁄ m) and is represented by its middle. On a logarithmic axis the cell of
//! f + k holds what lies between f + k − ½ and f + k + ½, and is represented by
//! u = ln((f + k) ⁄ (f − ½)) ⁄ ln((f + m − ½) ⁄ (f − ½)). Decimals of so many significant digits are laid on a linear or a logarithmic axis
//! whose ends are half way from the first and the last of them to the next decimals outside.
//!
//! A point has one coordinate per axis. An axis is continuous, or it is divided into cells (levels in order, or
//! categories without order), each of which is represented by one coordinate inside of it. Snapping moves a point to the
//! coordinates that represent it.

use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::significant;

/// A point of the unit cube, one coordinate per axis. A clone shares the coordinates with the original.
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

/// What one coordinate of the cube can be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Axis {
    /// Any coordinate of [0, 1].
    Continuous {
        /// Coordinates that differ by less than this count as the same.
        resolution: f64,
    },
    /// Cells in order.
    Levels(Levels),
    /// This many cells of equal width, without order.
    Categories(usize),
}

impl Axis {
    /// Number of cells; `None` if the axis is continuous.
    pub fn cells(self) -> Option<u64> {
        match self {
            Self::Continuous { .. } => None,
            Self::Levels(levels) => Some(levels.count),
            Self::Categories(count) => Some(count as u64),
        }
    }

    /// Whether there is only one place on the axis.
    pub fn is_constant(self) -> bool {
        self.cells() == Some(1)
    }

    /// The cell in which a coordinate lies; 0 on a continuous axis.
    pub fn cell(self, coordinate: f64) -> u64 {
        match self {
            Self::Continuous { .. } => 0,
            Self::Levels(levels) => levels.cell(coordinate),
            Self::Categories(count) => Levels::even(count as u64).cell(coordinate),
        }
    }

    /// The coordinate that represents a cell; ½ on a continuous axis.
    pub fn coordinate(self, cell: u64) -> f64 {
        match self {
            Self::Continuous { .. } => 0.5,
            Self::Levels(levels) => levels.coordinate(cell),
            Self::Categories(count) => Levels::even(count as u64).coordinate(cell),
        }
    }

    /// The coordinate that represents the cell of this one: idempotent.
    pub fn snap(self, coordinate: f64) -> f64 {
        match self {
            Self::Continuous { .. } => coordinate.clamp(0.0, 1.0),
            _ => self.coordinate(self.cell(coordinate)),
        }
    }

    /// Whether two coordinates mean the same.
    pub fn same(self, a: f64, b: f64) -> bool {
        match self {
            Self::Continuous { resolution } => (a - b).abs() < resolution,
            _ => self.cell(a) == self.cell(b),
        }
    }
}

/// Cells in order along an axis, each holding one of `count` numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Levels {
    count: u64,
    spacing: Spacing,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Spacing {
    Even,
    /// `first`, `first + 1`, … on the logarithmic axis from `first` − ½ to `first` + `count` − ½.
    Logarithmic {
        first: f64,
    },
    /// Decimals of so many significant digits, from the one of index `first` on.
    Significant {
        digits: u32,
        first: i64,
        /// The ends of the axis.
        low: f64,
        high: f64,
        is_logarithmic: bool,
    },
}

impl Levels {
    /// `count` cells of equal width, each represented by its middle.
    pub const fn even(count: u64) -> Self {
        Self { count, spacing: Spacing::Even }
    }

    /// The whole numbers `first`, …, `first + count − 1` on a logarithmic axis; `first` is at least 1.
    ///
    /// Half a step of room on either side gives the end values their share of the axis.
    pub fn logarithmic(first: u64, count: u64) -> Self {
        Self::logarithmic_from(whole(first), count)
    }

    /// The same for `first`, `first + 1`, … that need not be whole; `first` is above ½.
    pub(crate) fn logarithmic_from(first: f64, count: u64) -> Self {
        Self { count, spacing: Spacing::Logarithmic { first } }
    }

    /// The decimals of so many significant digits from the one of index `first` on.
    pub(crate) fn significant(digits: u32, first: i64, count: u64, is_logarithmic: bool) -> Self {
        let number = |index: i64| significant::number(digits, index);
        let last = first.saturating_add_unsigned(count - 1);
        let low = 0.5 * (number(first - 1) + number(first));
        let high = 0.5 * (number(last) + number(last.saturating_add(1)));
        Self { count, spacing: Spacing::Significant { digits, first, low, high, is_logarithmic } }
    }

    fn cell(self, coordinate: f64) -> u64 {
        let last = whole(self.count - 1);
        let position = match self.spacing {
            Spacing::Even => (coordinate * whole(self.count)).floor(),
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
                let position = (significant::nearest(digits, number) - first) as f64;
                position
            }
        };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        let cell = position.clamp(0.0, last) as u64;
        cell
    }

    fn coordinate(self, cell: u64) -> f64 {
        match self.spacing {
            Spacing::Even => (whole(cell) + 0.5) / whole(self.count),
            Spacing::Logarithmic { first } => {
                ((first + whole(cell)) / (first - 0.5)).ln() / self.log_width(first)
            }
            Spacing::Significant { digits, first, low, high, is_logarithmic } => {
                let number = significant::number(digits, first.saturating_add_unsigned(cell));
                if is_logarithmic {
                    (number / low).ln() / (high / low).ln()
                } else {
                    (number - low) / (high - low)
                }
            }
        }
    }

    fn log_width(self, first: f64) -> f64 {
        ((first + whole(self.count) - 0.5) / (first - 0.5)).ln()
    }
}

/// Whole numbers here stay far below 2⁵³.
#[allow(clippy::cast_precision_loss, reason = "counts of cells stay below 2^53")]
fn whole(number: u64) -> f64 {
    number as f64
}

/// Moves every coordinate to the one that represents it; beyond 0 and 1, to the end of the axis. A NaN stays one on a
/// continuous axis.
pub fn snap(axes: &[Axis], point: &[f64]) -> UnitPoint {
    axes.iter().zip(point).map(|(axis, &u)| axis.snap(u)).collect::<Vec<_>>().into()
}

/// Whether two points mean the same on every axis.
pub fn same(axes: &[Axis], a: &[f64], b: &[f64]) -> bool {
    axes.iter().zip(a.iter().zip(b)).all(|(axis, (&a, &b))| axis.same(a, b))
}

/// The square of the distance of two points; different categories are 1 apart.
pub fn square_distance(axes: &[Axis], a: &[f64], b: &[f64]) -> f64 {
    let squares = axes.iter().zip(a.iter().zip(b)).map(|(axis, (a, b))| match axis {
        Axis::Categories(_) => f64::from(u8::from(!axis.same(*a, *b))),
        _ => (a - b).powi(2),
    });
    squares.sum()
}

/// Number of distinct points, if it is finite and below 2¹²⁸.
pub fn cell_count(axes: &[Axis]) -> Option<u128> {
    axes.iter().try_fold(1_u128, |product, axis| product.checked_mul(u128::from(axis.cells()?)))
}

/// The centre of the cube; on an axis of categories, the first of them, which often is the default.
pub fn centre(axes: &[Axis]) -> UnitPoint {
    let middle: Vec<f64> = axes
        .iter()
        .map(|axis| match axis {
            Axis::Categories(_) => axis.coordinate(0),
            _ => 0.5,
        })
        .collect();
    snap(axes, &middle)
}

/// Points at all combinations of some coordinates of each axis, the last axis changing fastest.
///
/// As JSON `{"coordinates":[[…],…],"numbers":[[…],…]}`, a list for each axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "GridLists")]
pub struct Grid {
    coordinates: Vec<Vec<f64>>,
    /// Of each axis, the numbers that its coordinates stand for, where they were given; otherwise empty.
    numbers: Vec<Vec<f64>>,
    #[serde(skip)]
    count: u64,
}

/// A grid as it is written.
#[derive(Deserialize)]
struct GridLists {
    coordinates: Vec<Vec<f64>>,
    numbers: Vec<Vec<f64>>,
}

impl TryFrom<GridLists> for Grid {
    type Error = &'static str;

    fn try_from(lists: GridLists) -> Result<Self, Self::Error> {
        let GridLists { coordinates, numbers } = lists;
        let is_one_each =
            |(of, axis): (&Vec<f64>, &Vec<f64>)| of.is_empty() || of.len() == axis.len();
        let fits = numbers.len() == coordinates.len()
            && numbers.iter().zip(&coordinates).all(is_one_each)
            && coordinates.iter().flatten().all(|u| (0.0..=1.0).contains(u));
        match Self::new(coordinates) {
            Some(grid) if fits => Ok(Self { numbers, ..grid }),
            _ => Err(
                "a grid has coordinates from 0 to 1 on each axis, and a number for each of them or none",
            ),
        }
    }
}

impl Grid {
    /// The combinations of these coordinates, a list for each axis; `None` if there are more than 2⁶³ or none.
    pub fn new(coordinates: Vec<Vec<f64>>) -> Option<Self> {
        let sizes = coordinates.iter().map(|axis| axis.len() as u64);
        let count = sizes.into_iter().try_fold(1_u64, u64::checked_mul)?;
        let numbers = vec![Vec::new(); coordinates.len()];
        (1..1 << 63).contains(&count).then_some(Self { coordinates, numbers, count })
    }

    /// The same grid, whose coordinates on one axis stand for these numbers, to the digit: as many as there are coordinates on it.
    ///
    /// # Panics
    /// If there are more or fewer.
    #[must_use]
    pub fn with_numbers(mut self, axis: usize, numbers: Vec<f64>) -> Self {
        assert_eq!(numbers.len(), self.coordinates[axis].len(), "one number per coordinate");
        self.numbers[axis] = numbers;
        self
    }

    /// The numbers that the point of this index stands for, with their axes, where they were given.
    pub fn numbers(&self, index: u64) -> Vec<(usize, f64)> {
        let places = self.places(index);
        let given = self.numbers.iter().enumerate().zip(places);
        given.filter_map(|((axis, numbers), place)| Some((axis, *numbers.get(place)?))).collect()
    }

    /// Which coordinate of each axis the point of this index has.
    #[allow(clippy::cast_possible_truncation, reason = "below the length of a list in memory")]
    fn places(&self, mut index: u64) -> Vec<usize> {
        let mut places = vec![0; self.axes()];
        for (place, axis) in places.iter_mut().zip(&self.coordinates).rev() {
            let size = axis.len() as u64;
            *place = (index % size) as usize;
            index /= size;
        }
        places
    }

    /// Number of axes.
    pub fn axes(&self) -> usize {
        self.coordinates.len()
    }

    /// Number of points.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The point of this index.
    ///
    /// # Panics
    /// If there is none.
    pub fn point(&self, index: u64) -> UnitPoint {
        assert!(index < self.count, "point {index} of {}", self.count);
        let places = self.places(index).into_iter().zip(&self.coordinates);
        places.map(|(place, axis)| axis[place]).collect::<Vec<_>>().into()
    }

    /// The index of a point; `None` if it is not one of the grid.
    pub fn index_of(&self, axes: &[Axis], point: &[f64]) -> Option<u64> {
        let mut index = 0;
        for ((levels, axis), coordinate) in self.coordinates.iter().zip(axes).zip(point) {
            let place = levels.iter().position(|level| axis.same(*level, *coordinate))?;
            index = index * levels.len() as u64 + place as u64;
        }
        Some(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_is_represented_by_a_coordinate_of_its_own() {
        for axis in [
            Axis::Levels(Levels::even(1)),
            Axis::Levels(Levels::even(7)),
            Axis::Levels(Levels::logarithmic(1, 64)),
            Axis::Levels(Levels::logarithmic(1000, 5)),
            Axis::Levels(Levels::logarithmic_from(1.7, 30)),
            Axis::Levels(Levels::significant(1, -40, 41, true)),
            Axis::Levels(Levels::significant(2, 85, 200, true)),
            Axis::Levels(Levels::significant(3, 1000, 2500, false)),
            Axis::Categories(3),
        ] {
            let cells = axis.cells().unwrap();
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
    fn huge_axes_keep_their_ends_apart() {
        let count = 1 << 40;
        for levels in [Levels::even(count), Levels::logarithmic(1, count)] {
            for cell in [0, 1, count / 2, count - 2, count - 1] {
                assert_eq!(levels.cell(levels.coordinate(cell)), cell, "{levels:?}");
            }
        }
    }

    #[test]
    fn even_levels_have_equal_shares() {
        let axis = Axis::Levels(Levels::even(4));
        let mut shares = [0; 4];
        for i in 0..400 {
            shares[usize::try_from(axis.cell((f64::from(i) + 0.5) / 400.0)).unwrap()] += 1;
        }
        assert_eq!(shares, [100; 4]);
    }

    #[test]
    fn a_cube_counts_its_cells() {
        let levels = Axis::Levels(Levels::even(10));
        assert_eq!(cell_count(&[levels, Axis::Categories(3)]), Some(30));
        assert_eq!(cell_count(&[levels, Axis::Continuous { resolution: 1e-7 }]), None);
        assert_eq!(cell_count(&[Axis::Levels(Levels::even(1 << 40)); 4]), None);
        assert_eq!(cell_count(&[]), Some(1));
    }
}
