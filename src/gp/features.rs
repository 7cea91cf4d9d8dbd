//! Points as rows of numbers between which distances are measured.
//!
//! | symbol | meaning | shape |
//! | --- | --- | --- |
//! | x | points, a coordinate per axis | n × d |
//! | rows | their features, a column per coordinate or indicator | n × q |
//! | x̃ | rows, warped, and divided by the length scale of each column's axis | n × q |
//!
//! A continuous axis or one of levels gives one column, its coordinate less ½. A category of two gives one column of ±½, a
//! larger one a column per category holding 1⁄√2 or 0, so that two different categories are always at distance 1. Constant
//! axes give no column.

use ndarray::Array2;

use super::hyperparameters::Hyperparameters;
use super::prior::Prior;
use super::warp::Warp;
use crate::cube::Axis;

/// The map from points of a cube to rows of features.
#[derive(Debug, Clone)]
pub struct Features {
    axis_count: usize,
    columns: Vec<Column>,
    searched: Vec<SearchedAxis>,
}

#[derive(Debug, Clone, Copy)]
struct Column {
    axis: usize,
    meaning: Meaning,
}

#[derive(Debug, Clone, Copy)]
enum Meaning {
    Coordinate,
    Indicator { axis: Axis, category: u64 },
}

/// An axis that is not constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SearchedAxis {
    pub(super) index: usize,
    /// Number of categories, if it is an axis of those.
    pub(super) categories: Option<usize>,
    /// Number of places, unless it is continuous.
    pub(super) cells: Option<u64>,
}

impl Features {
    /// The features of a cube with these axes.
    pub fn new(axes: &[Axis]) -> Self {
        let mut columns = Vec::new();
        let mut searched = Vec::new();
        for (index, &axis) in axes.iter().enumerate().filter(|(_, axis)| !axis.is_constant()) {
            let categories = match axis {
                Axis::Categories(count) => Some(count),
                _ => None,
            };
            searched.push(SearchedAxis { index, categories, cells: axis.cells() });
            match axis {
                Axis::Categories(count) => {
                    // One column tells two categories apart.
                    let indicators = if count == 2 { 1 } else { count as u64 };
                    columns.extend((0..indicators).map(|category| Column {
                        axis: index,
                        meaning: Meaning::Indicator { axis, category },
                    }));
                }
                _ => columns.push(Column { axis: index, meaning: Meaning::Coordinate }),
            }
        }
        Self { axis_count: axes.len(), columns, searched }
    }

    /// Number of axes of the cube.
    pub fn axis_count(&self) -> usize {
        self.axis_count
    }

    pub(super) fn searched(&self) -> &[SearchedAxis] {
        &self.searched
    }

    /// The axis of each column.
    pub(super) fn axis_of_columns(&self) -> impl Iterator<Item = usize> + '_ {
        self.columns.iter().map(|column| column.axis)
    }

    /// Columns that vary smoothly with a coordinate, as (column, axis).
    pub(super) fn smooth_columns(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.columns
            .iter()
            .enumerate()
            .filter(|(_, column)| matches!(column.meaning, Meaning::Coordinate))
            .map(|(position, column)| (position, column.axis))
    }

    /// Smooth columns of enough places for a warp to show, as (column, axis).
    pub(super) fn bendable_columns(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        const FEW: u64 = 8;
        let few = |axis: usize| {
            self.searched
                .iter()
                .any(|known| known.index == axis && known.cells.is_some_and(|c| c <= FEW))
        };
        self.smooth_columns().filter(move |(_, axis)| !few(*axis))
    }

    /// The prior of every length scale.
    pub(super) fn length_scale_prior(&self) -> Prior {
        Prior::length_scale(self.mean_square())
    }

    /// One row of features per point.
    pub(super) fn rows<P: AsRef<[f64]>>(&self, points: &[P]) -> Array2<f64> {
        let mut rows = Array2::zeros((points.len(), self.columns.len()));
        for (mut row, point) in rows.rows_mut().into_iter().zip(points) {
            for (value, column) in row.iter_mut().zip(&self.columns) {
                let coordinate = point.as_ref()[column.axis];
                *value = match column.meaning {
                    Meaning::Coordinate => coordinate - 0.5,
                    Meaning::Indicator { axis, category } => indicator(axis, category, coordinate),
                };
            }
        }
        rows
    }

    /// Rows that are warped, then divided by the length scale of each column's axis.
    pub(super) fn scaled(
        &self,
        mut rows: Array2<f64>,
        hyperparameters: &Hyperparameters,
    ) -> Array2<f64> {
        for (column, axis) in self.smooth_columns() {
            let warp = hyperparameters.warps[axis];
            if warp != Warp::NONE {
                rows.column_mut(column).mapv_inplace(|row| warp.apply(row + 0.5) - 0.5);
            }
        }
        let lengths: Vec<f64> =
            self.axis_of_columns().map(|axis| hyperparameters.length_scales[axis]).collect();
        for mut row in rows.rows_mut() {
            row.iter_mut().zip(&lengths).for_each(|(value, length)| *value /= length);
        }
        rows
    }

    /// Slopes of the warps at m points, m × d; `None` if nothing is warped.
    pub(super) fn warp_slopes<P: AsRef<[f64]>>(
        &self,
        points: &[P],
        warps: &[Warp],
    ) -> Option<Array2<f64>> {
        if warps.iter().all(|warp| *warp == Warp::NONE) {
            return None;
        }
        let mut slopes = Array2::ones((points.len(), self.axis_count));
        for (mut row, point) in slopes.rows_mut().into_iter().zip(points) {
            for (_, axis) in self.smooth_columns() {
                row[axis] = warps[axis].slope(point.as_ref()[axis]);
            }
        }
        Some(slopes)
    }

    /// The mean squared distance of two random points where all length scales are 1.
    fn mean_square(&self) -> f64 {
        let of_axis = |axis: &SearchedAxis| match axis.categories {
            #[allow(clippy::cast_precision_loss, reason = "a number of categories")]
            Some(count) => 1.0 - 1.0 / count as f64,
            None => 1.0 / 6.0,
        };
        self.searched.iter().map(of_axis).sum()
    }
}

fn indicator(axis: Axis, category: u64, coordinate: f64) -> f64 {
    let hit = axis.cell(coordinate) == category;
    match axis.cells() {
        Some(2) => {
            if hit {
                0.5
            } else {
                -0.5
            }
        }
        _ => f64::from(u8::from(hit)) * std::f64::consts::FRAC_1_SQRT_2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cube::Levels;

    #[test]
    fn different_categories_are_at_distance_one() {
        for count in [2, 3, 7] {
            let axis = Axis::Categories(count);
            let points: Vec<Vec<f64>> =
                (0..count as u64).map(|cell| vec![axis.coordinate(cell)]).collect();
            let rows = Features::new(&[axis]).rows(&points);
            for a in 0..count {
                for b in 0..count {
                    let gap = (&rows.row(a) - &rows.row(b)).mapv(|x| x * x).sum();
                    let want = if a == b { 0.0 } else { 1.0 };
                    assert!((gap - want).abs() < 1e-15, "{a} {b}: {gap}");
                }
            }
        }
    }

    #[test]
    fn constant_axes_give_no_columns() {
        let axes = [
            Axis::Categories(1),
            Axis::Continuous { resolution: 1e-7 },
            Axis::Levels(Levels::even(1)),
            Axis::Categories(4),
        ];
        let features = Features::new(&axes);
        assert_eq!(features.columns.len(), 5);
        assert_eq!(features.searched().len(), 2);
    }
}
