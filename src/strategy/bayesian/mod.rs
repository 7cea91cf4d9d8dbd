//! Bayesian optimization by a Gaussian process and an acquisition function.
//!
//! A proposal belongs to the initial design, or takes these steps: fit hyperparameters → condition
//! on the observations → impute pending trials → maximize the acquisition function.

mod feasibility;
mod ranking;
mod recipe;

mod checkpoints;
mod initial_design;
mod thompson_sampling;

mod surrogate;

mod optimization;

pub use self::optimization::BayesianOptimization;
pub(super) use self::optimization::{NAME, from_settings};
pub use self::recipe::{Exploration, LossTransform, PendingImputation, Recipe};
