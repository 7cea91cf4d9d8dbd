//! Cholesky factorizations of positive definite matrices, and the matrix product.
//!
//! | symbol | meaning | shape |
//! | --- | --- | --- |
//! | A | symmetric positive definite matrix | n × n |
//! | L | its lower triangular factor, A = L Lᵀ | n × n |
//! | B, C | cross block and corner that extend A | n × p, p × p |
//! | S = C − Bᵀ A⁻¹ B | Schur complement of A | p × p |
//!
//! [`Cholesky`] grows and shrinks at its lower right end. So a posterior can add pending points and
//! remove them again without a new factorization. All functions are sequential: other modules use
//! threads, but never within one small matrix.
//!
//! To grow (Golub & Van Loan 2013, §4.2, by blocks): the factor of [[A, B], [Bᵀ, C]] is
//! [[L, 0], [Wᵀ, M]], where L W = B and M Mᵀ = S = C − Wᵀ W. Hence the lower right block of a
//! factor is the factor of the Schur complement.
//!
//! [`Backend`] selects the library: faer or, with a feature of the crate, LAPACK.

mod symmetric;

#[cfg(feature = "lapack")]
mod lapack;
mod vector;

mod faer;

mod backend;

mod product;

mod cholesky;

pub use self::backend::Backend;
pub use self::cholesky::Cholesky;
pub use self::product::product;
pub(crate) use self::symmetric::symmetrize;
pub(crate) use self::vector::{exp_nonpositive, vectorize};

#[cfg(test)]
mod tests;
