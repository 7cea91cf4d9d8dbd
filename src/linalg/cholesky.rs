//! The Cholesky factorization: factor, solve, invert, grow and truncate.

use super::backend::Backend;
use super::product::column_major;
use crate::error::Error;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut2, Axis, ShapeBuilder, Slice};
use std::ops::Range;

/// The lower triangular factor L of a positive definite matrix A = L Lᵀ.
#[derive(Debug, Clone)]
pub struct Cholesky {
    /// The factor, n × n and column-major; zero above the diagonal.
    pub(super) lower: Array2<f64>,
    backend: Backend,
}

impl Cholesky {
    /// Factors a symmetric positive definite matrix (n × n) with the default backend.
    ///
    /// It reads the diagonal and one triangle of the matrix.
    ///
    /// # Errors
    /// [`Error::NotPositiveDefinite`] with the index of the first pivot that is not positive.
    ///
    /// # Panics
    /// Panics if the matrix is not square.
    pub fn factor(matrix: &Array2<f64>) -> Result<Self, Error> {
        Self::factor_with(Backend::default(), matrix)
    }

    /// Factors a symmetric positive definite matrix with this backend.
    ///
    /// All methods of the result use the same backend.
    ///
    /// # Errors
    /// [`Error::NotPositiveDefinite`] with the index of the first pivot that is not positive.
    ///
    /// # Panics
    /// Panics if the matrix is not square.
    pub fn factor_with(backend: Backend, matrix: &Array2<f64>) -> Result<Self, Error> {
        assert!(matrix.is_square(), "only a square matrix can be factored");
        // A symmetric matrix equals its transpose, which is faster to copy.
        Self::factor_in_place(backend, column_major(matrix.t()))
    }

    /// Factors a matrix in place; reads only the diagonal and the entries above it.
    ///
    /// # Errors
    /// [`Error::NotPositiveDefinite`] with the index of the first pivot that is not positive.
    ///
    /// # Panics
    /// Panics if the matrix is not square, or not in ndarray's standard layout.
    pub(crate) fn factor_upper(matrix: Array2<f64>) -> Result<Self, Error> {
        assert!(matrix.is_square(), "only a square matrix can be factored");
        assert!(matrix.is_standard_layout(), "a matrix is factored in place row by row");
        // Reading rows as columns transposes the matrix: the upper triangle becomes the lower one.
        Self::factor_in_place(Backend::default(), matrix.reversed_axes())
    }

    /// Factors a column-major matrix in place; reads only the diagonal and the entries below it.
    fn factor_in_place(backend: Backend, mut lower: Array2<f64>) -> Result<Self, Error> {
        backend.factor(&mut lower).map_err(|pivot| Error::NotPositiveDefinite { pivot })?;
        let size = lower.nrows();
        let entries = lower.as_slice_memory_order_mut().expect("columns follow each other");
        // Above the diagonal are entries of the input, or scratch data of the backend.
        for (column, entries) in entries.chunks_exact_mut(size.max(1)).enumerate() {
            entries[..column].fill(0.0);
        }
        // Backends do not detect NaN pivots.
        match lower.diag().iter().position(|pivot| !(pivot.is_finite() && *pivot > 0.0)) {
            Some(pivot) => Err(Error::NotPositiveDefinite { pivot }),
            None => Ok(Self { lower, backend }),
        }
    }

    /// Returns the number of rows n.
    pub fn size(&self) -> usize {
        self.lower.nrows()
    }

    /// Returns the factor L (n × n).
    pub fn lower(&self) -> ArrayView2<'_, f64> {
        self.lower.view()
    }

    /// Returns ln det A = 2 Σ ln Lᵢᵢ.
    pub fn log_determinant(&self) -> f64 {
        2.0 * self.lower.diag().iter().map(|pivot| pivot.ln()).sum::<f64>()
    }

    /// Returns L⁻¹ B for an n × m matrix B.
    ///
    /// # Panics
    /// Panics if the number of rows of B is not n.
    pub fn solve_lower(&self, right: ArrayView2<'_, f64>) -> Array2<f64> {
        assert_eq!(right.nrows(), self.size(), "as many rows as the matrix has");
        let mut solution = column_major(right);
        self.backend.solve_lower(&self.lower, &mut solution);
        solution
    }

    /// Returns A⁻¹ b for a vector b of length n.
    ///
    /// # Panics
    /// Panics if the length of b is not n.
    pub fn solve(&self, right: ArrayView1<'_, f64>) -> Array1<f64> {
        assert_eq!(right.len(), self.size(), "as many numbers as the matrix has rows");
        let mut solution: Array1<f64> = right.iter().copied().collect();
        self.backend.solve(&self.lower, &mut solution);
        solution
    }

    /// Returns A⁻¹ (n × n) with both triangles.
    pub fn inverse(&self) -> Array2<f64> {
        self.backend.inverse(&self.lower)
    }

    /// Extends A by p rows and columns: `cross` is n × p and `corner` is p × p.
    ///
    /// # Errors
    /// [`Error::NotPositiveDefinite`] if the extended matrix is not positive definite. The factor
    /// is then unchanged.
    ///
    /// # Panics
    /// Panics if the shapes do not match.
    pub fn grow(&mut self, cross: &Array2<f64>, corner: &Array2<f64>) -> Result<(), Error> {
        let (old, added) = (self.size(), corner.nrows());
        assert_eq!(cross.dim(), (old, added), "the cross block must be n × p");
        assert_eq!(corner.dim(), (added, added), "the corner must be p × p");
        let solved = self.solve_lower(cross.view());
        let schur = corner - &self.backend.product(solved.t(), solved.view());
        let last = Self::factor_with(self.backend, &schur).map_err(|error| match error {
            Error::NotPositiveDefinite { pivot } => {
                Error::NotPositiveDefinite { pivot: old + pivot }
            }
            other => other,
        })?;
        let mut lower = Array2::zeros((old + added, old + added).f());
        let size = old + added;
        block_mut(lower.view_mut(), 0..old, 0..old).assign(&self.lower);
        block_mut(lower.view_mut(), old..size, 0..old).assign(&solved.t());
        block_mut(lower.view_mut(), old..size, old..size).assign(&last.lower);
        self.lower = lower;
        Ok(())
    }

    /// Returns the factor of the Schur complement of the first `size` variables.
    ///
    /// It is the lower right block of L. For a Gaussian process, it is the factor of the covariance
    /// of the remaining variables, given the first `size` variables.
    ///
    /// # Panics
    /// Panics if `size` is larger than n.
    pub fn schur_complement(&self, size: usize) -> Self {
        let end = self.size();
        let lower = column_major(block(self.lower.view(), size..end, size..end));
        Self { lower, backend: self.backend }
    }

    /// Removes all rows and columns of A after the first `size`.
    ///
    /// # Panics
    /// Panics if `size` is larger than n.
    pub fn truncate(&mut self, size: usize) {
        self.lower = column_major(block(self.lower.view(), 0..size, 0..size));
    }
}

// `block` and `block_mut` replace ndarray's macro `s!`, because this crate forbids the unsafe code
// of that macro.

pub(super) fn block(
    mut matrix: ArrayView2<'_, f64>,
    rows: Range<usize>,
    columns: Range<usize>,
) -> ArrayView2<'_, f64> {
    matrix.slice_axis_inplace(Axis(0), Slice::from(rows));
    matrix.slice_axis_inplace(Axis(1), Slice::from(columns));
    matrix
}

fn block_mut(
    mut matrix: ArrayViewMut2<'_, f64>,
    rows: Range<usize>,
    columns: Range<usize>,
) -> ArrayViewMut2<'_, f64> {
    matrix.slice_axis_inplace(Axis(0), Slice::from(rows));
    matrix.slice_axis_inplace(Axis(1), Slice::from(columns));
    matrix
}
