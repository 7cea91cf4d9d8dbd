//! Six small learners that are trained in this process, on data that crates contain.
//!
//! | problem | hyperparameters | data |
//! | --- | --- | --- |
//! | `svc-cancer` | kernel of four, C, γ, degree, offset | breast cancer, 285 of 569 rows |
//! | `forest-digits` | trees, depth, leaf size, features of a split, criterion | digits, 600 of 1,797 rows |
//! | `neighbors-digits` | neighbors, metric, weights, power and blur of the pixels | digits, 600 rows |
//! | `svr-diabetes` | kernel of three, C, ε, γ, degree | diabetes, 442 rows |
//! | `elastic-diabetes` | penalty, its mix, degree of the features, their scale, tolerance | diabetes |
//! | `trees-diabetes` | rounds, rate, depth, child weight, λ, γ, share of rows | diabetes |
//!
//! Each configuration is trained on four random divisions of the rows, 70 % for training. An
//! evaluation returns the error of one of them, drawn at random; the truth is their mean. Some
//! hyperparameters have no effect under some choices: γ with a linear kernel, the degree with all
//! kernels but one. The duration is a formula of the configuration, in the order of the work.
//!
//! The models are those of the crate `smartcore`, which also has the data but for the diabetes.

mod data;
mod learner;

mod classifiers;

mod regressors;

mod all;

pub use self::all::learners;
pub use self::learner::Learner;

#[cfg(test)]
mod tests;
