//! Linear algebra with LAPACK through the crate `ndarray-linalg`, and `lax` for its error type.
//!
//! No other file uses these crates. The program links LAPACK and BLAS, which may start threads.
//! This crate already uses all cores, so limit the libraries to one thread each
//! (`OPENBLAS_NUM_THREADS=1`, `MKL_NUM_THREADS=1`).

use lax::error::Error::LapackComputationalFailure;
use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, ArrayView2};
use ndarray_linalg::error::LinalgError;
use ndarray_linalg::{
    CholeskyFactorized, CholeskyInplace, Diag, InverseCInto, SolveC, SolveTriangularInplace, UPLO,
};

/// Factors a matrix in place (dpotrf).
///
/// The error is the index of the first pivot that is not positive.
pub(super) fn factor(lower: &mut Array2<f64>) -> Result<(), usize> {
    match lower.cholesky_inplace(UPLO::Lower) {
        Ok(_) => Ok(()),
        Err(LinalgError::Lapack(LapackComputationalFailure { return_code })) => {
            Err(usize::try_from(return_code - 1).expect("LAPACK counts pivots from 1"))
        }
        Err(other) => unreachable!("the matrix is square and contiguous: {other}"),
    }
}

/// Replaces `right` by L⁻¹ `right` (dtrtrs).
pub(super) fn solve_lower(lower: &Array2<f64>, right: &mut Array2<f64>) {
    lower
        .solve_triangular_inplace(UPLO::Lower, Diag::NonUnit, right)
        .expect("a factor is square and has no zero on its diagonal");
}

/// Replaces `right` by (L Lᵀ)⁻¹ `right` (dpotrs).
pub(super) fn solve(lower: &Array2<f64>, right: &mut Array1<f64>) {
    let factorized = CholeskyFactorized { factor: lower.view(), uplo: UPLO::Lower };
    factorized.solvec_inplace(right).expect("a factor is square and contiguous");
}

/// Returns (L Lᵀ)⁻¹ (dpotri).
pub(super) fn inverse(lower: &Array2<f64>) -> Array2<f64> {
    let factorized = CholeskyFactorized { factor: lower.clone(), uplo: UPLO::Lower };
    let inverse = factorized.invc_into().expect("a factor has no zero on its diagonal");
    // A symmetric matrix equals its transpose, which has ndarray's standard layout.
    inverse.reversed_axes()
}

/// Returns the product a b (dgemm, through ndarray).
pub(super) fn product(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> Array2<f64> {
    let mut product = Array2::zeros((a.nrows(), b.ncols()));
    general_mat_mul(1.0, &a, &b, 0.0, &mut product);
    product
}
