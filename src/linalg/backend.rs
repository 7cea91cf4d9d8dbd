//! The choice of the linear algebra library.

use ndarray::{Array1, Array2, ArrayView2};

use super::faer as by_faer;
#[cfg(feature = "lapack")]
use super::lapack as by_lapack;

/// The library that factors, inverts and multiplies matrices.
///
/// Matrices are column-major unless a function says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Backend {
    /// The crate `faer`: pure Rust and always available.
    Faer,
    /// The LAPACK and BLAS that the program links; needs one of the LAPACK features of this crate.
    #[cfg(feature = "lapack")]
    Lapack,
}

impl Default for Backend {
    /// Returns LAPACK if one of its features is on, and faer otherwise.
    fn default() -> Self {
        #[cfg(feature = "lapack")]
        return Self::Lapack;
        #[cfg(not(feature = "lapack"))]
        Self::Faer
    }
}

impl Backend {
    /// All backends of this build.
    pub const ALL: &[Self] = &[
        Self::Faer,
        #[cfg(feature = "lapack")]
        Self::Lapack,
    ];

    /// Factors a matrix in place; the error is the index of the first pivot that is not positive.
    pub(super) fn factor(self, lower: &mut Array2<f64>) -> Result<(), usize> {
        if lower.is_empty() {
            return Ok(());
        }
        match self {
            Self::Faer => by_faer::factor(lower),
            #[cfg(feature = "lapack")]
            Self::Lapack => by_lapack::factor(lower),
        }
    }

    /// Replaces B by L⁻¹ B.
    pub(super) fn solve_lower(self, lower: &Array2<f64>, right: &mut Array2<f64>) {
        if right.is_empty() {
            return;
        }
        match self {
            Self::Faer => by_faer::solve_lower(lower, right),
            #[cfg(feature = "lapack")]
            Self::Lapack => by_lapack::solve_lower(lower, right),
        }
    }

    /// Replaces b by (L Lᵀ)⁻¹ b.
    pub(super) fn solve(self, lower: &Array2<f64>, right: &mut Array1<f64>) {
        if right.is_empty() {
            return;
        }
        match self {
            Self::Faer => by_faer::solve(lower, right),
            #[cfg(feature = "lapack")]
            Self::Lapack => by_lapack::solve(lower, right),
        }
    }

    /// Returns (L Lᵀ)⁻¹ in ndarray's standard layout.
    pub(super) fn inverse(self, lower: &Array2<f64>) -> Array2<f64> {
        if lower.is_empty() {
            return lower.clone();
        }
        match self {
            Self::Faer => by_faer::inverse(lower),
            #[cfg(feature = "lapack")]
            Self::Lapack => by_lapack::inverse(lower),
        }
    }

    /// Returns the product a b (m × n) of an m × k and a k × n matrix.
    ///
    /// The factors may have any layout. The product has ndarray's standard layout.
    ///
    /// # Panics
    /// Panics if the number of columns of a is not the number of rows of b.
    pub fn product(self, a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> Array2<f64> {
        assert_eq!(a.ncols(), b.nrows(), "columns of a and rows of b differ");
        if a.is_empty() || b.is_empty() {
            return Array2::zeros((a.nrows(), b.ncols()));
        }
        match self {
            Self::Faer => by_faer::product(a, b),
            #[cfg(feature = "lapack")]
            Self::Lapack => by_lapack::product(a, b),
        }
    }
}
