//! What is tried next. A strategy is a pure function of (history, generator).
//!
//! It may keep a private cache, but one that nobody can observe: with a cold cache it proposes the same, only later. It
//! never proposes a point that has been asked or told before, unless repetitions are asked for; where no other is left, the space
//! is exhausted.

mod places;

mod contract;

mod visited;

mod grid;
mod random;
mod sobol;

mod bayesian;

mod described;

pub use self::bayesian::{BayesianOptimization, OutputScale, PendingBelief, Recipe, WhenSettled};
pub(crate) use self::contract::Index;
pub use self::contract::{
    Ending, Expectation, FailedPoint, History, Infeasibility, ModelHealth, Observation, Origin,
    Outlook, Pending, Phase, Proposal, Repetitions, Strategy,
};
pub use self::described::of_description;
pub use self::grid::GridSearch;
pub(crate) use self::places::Places;
pub use self::random::RandomSearch;
pub use self::sobol::SobolSearch;
pub use self::visited::Visited;
pub use crate::description::Description;
pub use crate::gp::{Kernel, Noise, Uncertainty};
#[cfg(feature = "unstable")]
pub use crate::maximize::Moves;
