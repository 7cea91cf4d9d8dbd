//! Bayesian optimization: a Gaussian process of the losses, and the point where a trial is worth most.
//!
//! One proposal: initial design, or fit → condition on the observations → believe the pending → maximize the acquisition.

mod feasibility;
mod order;
mod recipe;

mod checkpoints;
mod design;
mod thompson;

mod belief;

mod optimization;

pub use self::optimization::BayesianOptimization;
pub(super) use self::optimization::{NAME, of_settings};
pub use self::recipe::{OutputScale, PendingBelief, Recipe, WhenSettled};
