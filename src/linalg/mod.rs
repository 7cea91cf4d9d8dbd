//! Factorizations of positive definite matrices, and the matrix product.
//!
//! [`Cholesky`] grows and shrinks at its lower right end, so that a posterior can take on pending points and drop them
//! again without a new factorization. All work is sequential: threads are used above this floor, never inside small
//! matrices.
//!
//! Growing: with A = [[A₁, B], [Bᵀ, C]] and A₁ = L₁ L₁ᵀ, the factor of A is [[L₁, 0], [Wᵀ, L₂]], where L₁ W = B and
//! L₂ L₂ᵀ = C − Wᵀ W.

mod faer;
mod vector;

use std::ops::Range;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut2, Axis, ShapeBuilder, Slice};

use self::faer as backend;
pub(crate) use self::vector::{exp_of_negative, vectorize};
use crate::error::Error;

/// The product a b of an m × k and a k × n matrix.
///
/// # Panics
/// If the shapes do not fit.
pub fn product(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> Array2<f64> {
    assert_eq!(a.ncols(), b.nrows(), "a product needs as many rows on the right as columns left");
    backend::product(a, b)
}

/// The lower triangular factor L of a positive definite matrix A = L Lᵀ.
#[derive(Debug, Clone)]
pub struct Cholesky {
    /// n × n, column by column; zero above the diagonal.
    lower: Array2<f64>,
}

impl Cholesky {
    /// Factors a symmetric positive definite matrix (n × n); only one of its triangles is read.
    ///
    /// # Errors
    /// [`Error::NotPositiveDefinite`] with the index of the first pivot that was not positive.
    ///
    /// # Panics
    /// If the matrix is not square.
    pub fn factor(matrix: &Array2<f64>) -> Result<Self, Error> {
        assert!(matrix.is_square(), "only a square matrix can be factored");
        // Symmetric: its rows read as columns are the same matrix.
        let mut lower = matrix.as_standard_layout().into_owned().reversed_axes();
        backend::factor(&mut lower).map_err(|pivot| Error::NotPositiveDefinite { pivot })?;
        // A backend may use the other triangle as scratch space.
        for (column, mut entries) in lower.columns_mut().into_iter().enumerate() {
            entries.iter_mut().take(column).for_each(|entry| *entry = 0.0);
        }
        // A NaN passes every comparison that a backend makes with a pivot.
        match lower.diag().iter().position(|pivot| !(pivot.is_finite() && *pivot > 0.0)) {
            Some(pivot) => Err(Error::NotPositiveDefinite { pivot }),
            None => Ok(Self { lower }),
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
        let mut solution = column_major(right);
        backend::solve_lower(&self.lower, &mut solution);
        solution
    }

    /// A⁻¹ b for a vector of n.
    ///
    /// # Panics
    /// If the length differs.
    pub fn solve(&self, right: ArrayView1<'_, f64>) -> Array1<f64> {
        let mut solution = column_major(right.insert_axis(Axis(1)));
        backend::solve_lower(&self.lower, &mut solution);
        backend::solve_lower_transposed(&self.lower, &mut solution);
        solution.remove_axis(Axis(1))
    }

    /// A⁻¹, n × n, both triangles filled.
    pub fn inverse(&self) -> Array2<f64> {
        backend::inverse(&self.lower)
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
        let half = self.half_solve(cross.view());
        let schur = corner - &product(half.t(), half.view());
        let last = Self::factor(&schur).map_err(|error| match error {
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
        Self { lower: column_major(block(self.lower.view(), size..end, size..end)) }
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

fn block(
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

fn column_major(matrix: ArrayView2<'_, f64>) -> Array2<f64> {
    let mut copy = Array2::zeros(matrix.raw_dim().f());
    copy.assign(&matrix);
    copy
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    fn positive_definite(size: usize, seed: u64) -> Array2<f64> {
        let mut rng = Rng::stream(seed, 0);
        let root = Array2::from_shape_fn((size, size + 2), |_| rng.normal());
        product(root.view(), root.t()) + Array2::<f64>::eye(size) * 0.1
    }

    fn assert_close(a: &Array2<f64>, b: &Array2<f64>, tolerance: f64) {
        assert_eq!(a.dim(), b.dim());
        let worst = (a - b).iter().fold(0.0_f64, |worst, x| worst.max(x.abs()));
        assert!(worst <= tolerance, "largest difference {worst}");
    }

    #[test]
    fn the_factor_reproduces_the_matrix() {
        for size in [0, 1, 2, 7, 65] {
            let matrix = positive_definite(size, 1);
            let cholesky = Cholesky::factor(&matrix).unwrap();
            let lower = cholesky.lower();
            assert_close(&product(lower, lower.t()), &matrix, 1e-11);
            let identity = product(matrix.view(), cholesky.inverse().view());
            assert_close(&identity, &Array2::eye(size), 1e-9);
        }
    }

    #[test]
    fn solving_inverts() {
        let matrix = positive_definite(9, 2);
        let cholesky = Cholesky::factor(&matrix).unwrap();
        let right = Array1::from_iter((0..9).map(f64::from));
        let back = matrix.dot(&cholesky.solve(right.view()));
        assert!((back - &right).iter().all(|x| x.abs() < 1e-10));
        let logarithm: f64 = cholesky.lower().diag().iter().map(|x| x.ln()).sum();
        assert!((cholesky.log_determinant() - 2.0 * logarithm).abs() < 1e-12);
    }

    #[test]
    fn growing_equals_refactoring_and_truncating_undoes_it() {
        let matrix = positive_definite(12, 3);
        let whole = Cholesky::factor(&matrix).unwrap();
        for old in [0, 1, 8, 11] {
            let part = |rows, columns| block(matrix.view(), rows, columns).to_owned();
            let first = Cholesky::factor(&part(0..old, 0..old)).unwrap();
            let mut grown = first.clone();
            grown.grow(&part(0..old, old..12), &part(old..12, old..12)).unwrap();
            assert_close(&grown.lower, &whole.lower, 1e-11);
            let schur = part(old..12, old..12)
                - product(part(old..12, 0..old).view(), first.inverse().view())
                    .dot(&part(0..old, old..12));
            let complement = whole.complement(old);
            assert_close(&product(complement.lower(), complement.lower().t()), &schur, 1e-8);
            grown.truncate(old);
            assert_close(&grown.lower, &first.lower, 0.0);
        }
    }

    #[test]
    fn a_bad_matrix_names_its_pivot() {
        let mut matrix = Array2::<f64>::eye(3);
        matrix[[2, 2]] = -1.0;
        let error = Cholesky::factor(&matrix).unwrap_err();
        assert!(matches!(error, Error::NotPositiveDefinite { pivot: 2 }), "{error}");
        matrix[[2, 2]] = f64::NAN;
        assert!(Cholesky::factor(&matrix).is_err());
    }

    #[test]
    fn the_product_takes_any_layout() {
        let a = Array2::from_shape_fn((3, 4), |(i, j)| (i * 4 + j) as f64);
        let b = Array2::from_shape_fn((4, 2), |(i, j)| (i + 3 * j) as f64);
        let want = a.dot(&b);
        assert_close(&product(a.view(), b.view()), &want, 0.0);
        let transposed = b.t().to_owned();
        assert_close(&product(a.view(), transposed.t()), &want, 0.0);
        let wide = Array2::from_shape_fn((3, 8), |(i, j)| a[[i, j / 2]]);
        let strided = wide.slice_axis(Axis(1), Slice::from(..).step_by(2));
        assert_close(&product(strided, b.view()), &want, 0.0);
    }
}
