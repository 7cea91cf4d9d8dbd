//! Factorizations of positive definite matrices, and the matrix product.
//!
//! | symbol | meaning | shape |
//! | --- | --- | --- |
//! | A | symmetric positive definite matrix | n × n |
//! | L | its lower triangular factor, A = L Lᵀ | n × n |
//! | B, C | what A grows by: cross block and corner | n × p, p × p |
//! | S = C − Bᵀ A⁻¹ B | Schur complement: what is left of C when the old variables are known | p × p |
//!
//! [`Cholesky`] grows and shrinks at its lower right end, so that a posterior can take on pending points and drop them
//! again without a new factorization. All work is sequential: threads are used above this floor, never inside small
//! matrices.
//!
//! Growing (Golub & Van Loan 2013, §4.2, by blocks): the factor of [[A, B], [Bᵀ, C]] is [[L, 0], [Wᵀ, M]], where L W = B and
//! M Mᵀ = S = C − Wᵀ W. Hence the lower right block of a factor is the factor of the Schur complement.
//!
//! faer does the work or, with a feature of the crate, LAPACK: see [`Backend`].

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
pub(crate) use self::symmetric::mirror;
pub(crate) use self::vector::{exp_of_negative, vectorize};

#[cfg(test)]
mod tests;
