//! Strategies: they propose the points that a study tries.
//!
//! A [`Strategy`] is a pure function of a [`History`] and a random stream. A private cache may make
//! it faster, but never changes a proposal.
//!
//! - [`BayesianOptimization`] for expensive trials: it needs the fewest trials.
//! - [`SobolSearch`] to explore a space evenly.
//! - [`RandomSearch`] as a baseline.
//! - [`GridSearch`] for all combinations of a few values.

mod point_index;

mod contract;

mod visited;

mod grid;
mod random;
mod sobol;

mod bayesian;

mod from_description;

pub use self::bayesian::{
    BayesianOptimization, Exploration, LossTransform, PendingImputation, Recipe,
};
pub(crate) use self::contract::VisitedIndex;
pub use self::contract::{
    Completion, Expectation, FailedPoint, History, Infeasibility, ModelDiagnostics, Observation,
    Origin, Pending, Phase, Proposal, Recommendation, Repetitions, Strategy,
};
pub use self::from_description::from_description;
pub use self::grid::GridSearch;
pub(crate) use self::point_index::PointIndex;
pub use self::random::RandomSearch;
pub use self::sobol::SobolSearch;
pub use self::visited::Visited;
pub use crate::description::Description;
pub use crate::gp::{HyperparameterInference, Kernel, Noise};
#[cfg(feature = "unstable")]
pub use crate::maximize::Moves;
