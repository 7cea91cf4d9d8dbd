//! The Cholesky factorization: factor, solve, inverse, grow, truncate.

use super::backend::Backend;
use super::product::column_major;
use crate::error::Error;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut2, Axis, ShapeBuilder, Slice};
use std::ops::Range;

/// The lower triangular factor L of a positive definite matrix A = L Lᵀ.
#[derive(Debug, Clone)]
pub struct Cholesky {
    /// n × n, column by column; zero above the diagonal.
    pub(super) lower: Array2<f64>,
    backend: Backend,
}

impl Cholesky {
    /// Factors a symmetric positive definite matrix (n × n) by the default backend; only one of its triangles is read.
    ///
    /// # Errors
    /// [`Error::NotPositiveDefinite`] with the index of the first pivot that was not positive.
    ///
    /// # Panics
    /// If the matrix is not square.
    pub fn factor(matrix: &Array2<f64>) -> Result<Self, Error> {
        Self::factor_by(Backend::default(), matrix)
    }

    /// The same by a backend of choice, which also does everything else with this factor.
    ///
    /// # Errors
    /// Those of [`factor`](Self::factor).
    ///
    /// # Panics
    /// If the matrix is not square.
    pub fn factor_by(backend: Backend, matrix: &Array2<f64>) -> Result<Self, Error> {
        assert!(matrix.is_square(), "only a square matrix can be factored");
        // Symmetric: its transpose, which is copied faster, is the same matrix.
        Self::factor_in_place(backend, column_major(matrix.t()))
    }

    /// Factors a matrix in its own memory. Only what is on and above its diagonal is read.
    ///
    /// # Errors
    /// Those of [`factor`](Self::factor).
    ///
    /// # Panics
    /// If the matrix is not square, or not in ndarray's standard layout.
    pub(crate) fn factor_upper(matrix: Array2<f64>) -> Result<Self, Error> {
        assert!(matrix.is_square(), "only a square matrix can be factored");
        assert!(matrix.is_standard_layout(), "a matrix is factored in place row by row");
        // Its rows read as columns: what was above the diagonal is below it.
        Self::factor_in_place(Backend::default(), matrix.reversed_axes())
    }

    /// From a matrix that is stored column by column, of which only what is on and below the diagonal is read.
    fn factor_in_place(backend: Backend, mut lower: Array2<f64>) -> Result<Self, Error> {
        backend.factor(&mut lower).map_err(|pivot| Error::NotPositiveDefinite { pivot })?;
        let size = lower.nrows();
        let entries = lower.as_slice_memory_order_mut().expect("columns follow each other");
        // What was given there, or what a backend has used as scratch space.
        for (column, entries) in entries.chunks_exact_mut(size.max(1)).enumerate() {
            entries[..column].fill(0.0);
        }
        // A NaN passes every comparison that a backend makes with a pivot.
        match lower.diag().iter().position(|pivot| !(pivot.is_finite() && *pivot > 0.0)) {
            Some(pivot) => Err(Error::NotPositiveDefinite { pivot }),
            None => Ok(Self { lower, backend }),
        }
    }

    /// Number of rows n.
    pub fn size(&self) -> usize {
        self.lower.nrows()
    }

    /// The factor L, n × n.
    pub fn lower(&self) -> ArrayView2<'_, f64> {
        self.lower.view()
    }

    /// ln det A = 2 Σ ln Lᵢᵢ.
    pub fn log_determinant(&self) -> f64 {
        2.0 * self.lower.diag().iter().map(|pivot| pivot.ln()).sum::<f64>()
    }

    /// L⁻¹ B for an n × m matrix B.
    ///
    /// # Panics
    /// If the number of rows differs.
    pub fn half_solve(&self, right: ArrayView2<'_, f64>) -> Array2<f64> {
        assert_eq!(right.nrows(), self.size(), "as many rows as the matrix has");
        let mut solution = column_major(right);
        self.backend.solve_lower(&self.lower, &mut solution);
        solution
    }

    /// A⁻¹ b for a vector of n.
    ///
    /// # Panics
    /// If the length differs.
    pub fn solve(&self, right: ArrayView1<'_, f64>) -> Array1<f64> {
        assert_eq!(right.len(), self.size(), "as many numbers as the matrix has rows");
        let mut solution: Array1<f64> = right.iter().copied().collect();
        self.backend.solve(&self.lower, &mut solution);
        solution
    }

    /// A⁻¹, n × n, both triangles filled.
    pub fn inverse(&self) -> Array2<f64> {
        self.backend.inverse(&self.lower)
    }

    /// Extends A by p rows and columns: `cross` is n × p, `corner` p × p.
    ///
    /// # Errors
    /// [`Error::NotPositiveDefinite`] if the larger matrix is not; the factor is then unchanged.
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn grow(&mut self, cross: &Array2<f64>, corner: &Array2<f64>) -> Result<(), Error> {
        let (old, added) = (self.size(), corner.nrows());
        assert_eq!(cross.dim(), (old, added), "the cross block must be n × p");
        assert_eq!(corner.dim(), (added, added), "the corner must be p × p");
        let half = self.half_solve(cross.view());
        let schur = corner - &self.backend.product(half.t(), half.view());
        let last = Self::factor_by(self.backend, &schur).map_err(|error| match error {
            Error::NotPositiveDefinite { pivot } => {
                Error::NotPositiveDefinite { pivot: old + pivot }
            }
            other => other,
        })?;
        let mut lower = Array2::zeros((old + added, old + added).f());
        let size = old + added;
        block_mut(lower.view_mut(), 0..old, 0..old).assign(&self.lower);
        block_mut(lower.view_mut(), old..size, 0..old).assign(&half.t());
        block_mut(lower.view_mut(), old..size, old..size).assign(&last.lower);
        self.lower = lower;
        Ok(())
    }

    /// The factor of what is left of A when its first `size` variables are known (the Schur complement): the lower right
    /// block of L.
    ///
    /// # Panics
    /// If `size` is larger than the matrix.
    pub fn complement(&self, size: usize) -> Self {
        let end = self.size();
        let lower = column_major(block(self.lower.view(), size..end, size..end));
        Self { lower, backend: self.backend }
    }

    /// Keeps the first `size` rows and columns of A.
    ///
    /// # Panics
    /// If `size` is larger than the matrix.
    pub fn truncate(&mut self, size: usize) {
        self.lower = column_major(block(self.lower.view(), 0..size, 0..size));
    }
}

// ndarray's `s!` cannot stand in a crate that forbids unsafe code, hence these two.

pub(super) fn block(
    mut of: ArrayView2<'_, f64>,
    rows: Range<usize>,
    columns: Range<usize>,
) -> ArrayView2<'_, f64> {
    of.slice_axis_inplace(Axis(0), Slice::from(rows));
    of.slice_axis_inplace(Axis(1), Slice::from(columns));
    of
}

fn block_mut(
    mut of: ArrayViewMut2<'_, f64>,
    rows: Range<usize>,
    columns: Range<usize>,
) -> ArrayViewMut2<'_, f64> {
    of.slice_axis_inplace(Axis(0), Slice::from(rows));
    of.slice_axis_inplace(Axis(1), Slice::from(columns));
    of
}
