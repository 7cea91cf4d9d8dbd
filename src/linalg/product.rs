//! The matrix product, and copies in column-major layout.

use super::backend::Backend;
use ndarray::{Array2, ArrayView2, ShapeBuilder};

/// Returns the product a b (m × n) of an m × k and a k × n matrix, with the default backend.
///
/// # Panics
/// Panics if the number of columns of a is not the number of rows of b.
pub fn product(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> Array2<f64> {
    Backend::default().product(a, b)
}

pub(super) fn column_major(matrix: ArrayView2<'_, f64>) -> Array2<f64> {
    let mut copy = Array2::zeros(matrix.raw_dim().f());
    copy.assign(&matrix);
    copy
}
