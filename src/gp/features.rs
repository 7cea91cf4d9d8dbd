//! The map from points of the cube to rows of features, between which distances are measured.
//!
//! | symbol | meaning | shape |
//! | --- | --- | --- |
//! | x | points, with one coordinate per axis | n × d |
//! | rows | their features, with one column per coordinate or indicator | n × q |
//! | x̃ | rows, warped, and divided by the length scale of each column's axis | n × q |
//!
//! A continuous axis or an axis of levels has one column: its coordinate less ½. An axis of two
//! categories has one column of ±½. An axis of more categories has one column per category, which
//! contains 1⁄√2 or 0. Two different categories are therefore always at distance 1. Constant axes
//! have no column.

use ndarray::Array2;

use super::hyperparameters::Hyperparameters;
use super::prior::Prior;
use super::warp::Warp;
use crate::unit_cube::Axis;

/// Maps points of a cube to rows of features.
#[derive(Debug, Clone)]
pub struct Features {
    axis_count: usize,
    columns: Vec<Column>,
    varying_axes: Vec<VaryingAxis>,
}

#[derive(Debug, Clone, Copy)]
struct Column {
    axis: usize,
    kind: ColumnKind,
}

#[derive(Debug, Clone, Copy)]
enum ColumnKind {
    Coordinate,
    Indicator { axis: Axis, category: u64 },
}

/// An axis with more than one possible value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct VaryingAxis {
    pub(super) index: usize,
    /// Number of categories; `None` for other kinds of axes.
    pub(super) categories: Option<usize>,
    /// Number of possible values; `None` for a continuous axis.
    pub(super) cells: Option<u64>,
}

impl Features {
    /// Creates the feature map of a cube with these axes.
    pub fn new(axes: &[Axis]) -> Self {
        let mut columns = Vec::new();
        let mut varying_axes = Vec::new();
        for (index, &axis) in axes.iter().enumerate().filter(|(_, axis)| !axis.is_constant()) {
            let categories = match axis {
                Axis::Categories(count) => Some(count),
                _ => None,
            };
            varying_axes.push(VaryingAxis { index, categories, cells: axis.cell_count() });
            match axis {
                Axis::Categories(count) => {
                    // One column is enough to distinguish two categories.
                    let indicators = if count == 2 { 1 } else { count as u64 };
                    columns.extend((0..indicators).map(|category| Column {
                        axis: index,
                        kind: ColumnKind::Indicator { axis, category },
                    }));
                }
                _ => columns.push(Column { axis: index, kind: ColumnKind::Coordinate }),
            }
        }
        Self { axis_count: axes.len(), columns, varying_axes }
    }

    /// Returns the number d of axes of the cube, constant ones included.
    pub fn axis_count(&self) -> usize {
        self.axis_count
    }

    pub(super) fn varying_axes(&self) -> &[VaryingAxis] {
        &self.varying_axes
    }

    /// Returns the axis of each column.
    pub(super) fn column_axes(&self) -> impl Iterator<Item = usize> + '_ {
        self.columns.iter().map(|column| column.axis)
    }

    /// Returns the columns of numeric coordinates, as pairs (column, axis).
    pub(super) fn numeric_columns(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.columns
            .iter()
            .enumerate()
            .filter(|(_, column)| matches!(column.kind, ColumnKind::Coordinate))
            .map(|(position, column)| (position, column.axis))
    }

    /// Returns the numeric columns with enough values to fit a warp, as pairs (column, axis).
    pub(super) fn warpable_columns(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        const MAX_UNWARPED_CELLS: u64 = 8;
        let has_few_cells = |axis: usize| {
            self.varying_axes.iter().any(|varying| {
                varying.index == axis && varying.cells.is_some_and(|c| c <= MAX_UNWARPED_CELLS)
            })
        };
        self.numeric_columns().filter(move |(_, axis)| !has_few_cells(*axis))
    }

    /// Returns the prior that all length scales share.
    pub(super) fn length_scale_prior(&self) -> Prior {
        Prior::length_scale(self.mean_squared_distance())
    }

    /// Returns the features of n points (n × q).
    pub(super) fn rows<P: AsRef<[f64]>>(&self, points: &[P]) -> Array2<f64> {
        let mut rows = Array2::zeros((points.len(), self.columns.len()));
        for (mut row, point) in rows.rows_mut().into_iter().zip(points) {
            for (value, column) in row.iter_mut().zip(&self.columns) {
                let coordinate = point.as_ref()[column.axis];
                *value = match column.kind {
                    ColumnKind::Coordinate => coordinate - 0.5,
                    ColumnKind::Indicator { axis, category } => {
                        indicator(axis, category, coordinate)
                    }
                };
            }
        }
        rows
    }

    /// Warps rows, and then divides each column by the length scale of its axis (n × q).
    pub(super) fn scale(
        &self,
        mut rows: Array2<f64>,
        hyperparameters: &Hyperparameters,
    ) -> Array2<f64> {
        for (column, axis) in self.numeric_columns() {
            let warp = hyperparameters.warps[axis];
            if warp != Warp::IDENTITY {
                rows.column_mut(column).mapv_inplace(|value| warp.apply(value + 0.5) - 0.5);
            }
        }
        let lengths: Vec<f64> =
            self.column_axes().map(|axis| hyperparameters.length_scales[axis]).collect();
        for mut row in rows.rows_mut() {
            row.iter_mut().zip(&lengths).for_each(|(value, length)| *value /= length);
        }
        rows
    }

    /// Returns the derivatives of the warps at m points, m × d; `None` if no axis is warped.
    pub(super) fn warp_derivatives<P: AsRef<[f64]>>(
        &self,
        points: &[P],
        warps: &[Warp],
    ) -> Option<Array2<f64>> {
        if warps.iter().all(|warp| *warp == Warp::IDENTITY) {
            return None;
        }
        let mut derivatives = Array2::ones((points.len(), self.axis_count));
        for (mut row, point) in derivatives.rows_mut().into_iter().zip(points) {
            for (_, axis) in self.numeric_columns() {
                row[axis] = warps[axis].derivative(point.as_ref()[axis]);
            }
        }
        Some(derivatives)
    }

    /// Returns the mean squared distance of two random points if all length scales are 1.
    fn mean_squared_distance(&self) -> f64 {
        let squared_distance = |axis: &VaryingAxis| match axis.categories {
            #[allow(clippy::cast_precision_loss, reason = "a number of categories")]
            Some(count) => 1.0 - 1.0 / count as f64,
            None => 1.0 / 6.0,
        };
        self.varying_axes.iter().map(squared_distance).sum()
    }
}

fn indicator(axis: Axis, category: u64, coordinate: f64) -> f64 {
    let is_in_category = axis.cell(coordinate) == category;
    match axis.cell_count() {
        Some(2) => {
            if is_in_category {
                0.5
            } else {
                -0.5
            }
        }
        _ => f64::from(u8::from(is_in_category)) * std::f64::consts::FRAC_1_SQRT_2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit_cube::Levels;

    #[test]
    fn different_categories_are_at_distance_one() {
        for count in [2, 3, 7] {
            let axis = Axis::Categories(count);
            let points: Vec<Vec<f64>> =
                (0..count as u64).map(|cell| vec![axis.coordinate(cell)]).collect();
            let rows = Features::new(&[axis]).rows(&points);
            for a in 0..count {
                for b in 0..count {
                    let distance = (&rows.row(a) - &rows.row(b)).mapv(|x| x * x).sum();
                    let expected = if a == b { 0.0 } else { 1.0 };
                    assert!((distance - expected).abs() < 1e-15, "{a} {b}: {distance}");
                }
            }
        }
    }

    #[test]
    fn constant_axes_have_no_columns() {
        let axes = [
            Axis::Categories(1),
            Axis::Continuous { resolution: 1e-7 },
            Axis::Levels(Levels::evenly_spaced(1)),
            Axis::Categories(4),
        ];
        let features = Features::new(&axes);
        assert_eq!(features.columns.len(), 5);
        assert_eq!(features.varying_axes().len(), 2);
    }
}
