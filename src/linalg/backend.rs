//! Which library factors, solves and multiplies.

use ndarray::{Array1, Array2, ArrayView2};

use super::faer as by_faer;
#[cfg(feature = "lapack")]
use super::lapack as by_lapack;

/// The library that factors, solves and multiplies. Matrices are column by column unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Backend {
    /// faer: pure Rust, always there.
    Faer,
    /// The LAPACK and BLAS that the program links; only with one of the crate's LAPACK features.
    #[cfg(feature = "lapack")]
    Lapack,
}

impl Default for Backend {
    /// LAPACK, if it was asked for by a feature.
    fn default() -> Self {
        #[cfg(feature = "lapack")]
        return Self::Lapack;
        #[cfg(not(feature = "lapack"))]
        Self::Faer
    }
}

impl Backend {
    /// All that this build has.
    pub const ALL: &[Self] = &[
        Self::Faer,
        #[cfg(feature = "lapack")]
        Self::Lapack,
    ];

    /// Factors in place; the error is the index of the bad pivot.
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

    /// L⁻¹ B in the place of B.
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

    /// (L Lᵀ)⁻¹ b in the place of b.
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

    /// (L Lᵀ)⁻¹ in ndarray's standard layout.
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

    /// The product a b of an m × k and a k × n matrix of any layout, in ndarray's standard layout.
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn product(self, a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> Array2<f64> {
        assert_eq!(
            a.ncols(),
            b.nrows(),
            "a product needs as many rows on the right as columns left"
        );
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
