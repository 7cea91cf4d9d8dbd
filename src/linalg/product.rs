//! The matrix product, and layouts.

use super::backend::Backend;
use ndarray::{Array2, ArrayView2, ShapeBuilder};

/// The product a b of an m × k and a k × n matrix, by the default backend.
///
/// # Panics
/// If the shapes do not fit.
pub fn product(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> Array2<f64> {
    Backend::default().product(a, b)
}

pub(super) fn column_major(matrix: ArrayView2<'_, f64>) -> Array2<f64> {
    let mut copy = Array2::zeros(matrix.raw_dim().f());
    copy.assign(&matrix);
    copy
}
