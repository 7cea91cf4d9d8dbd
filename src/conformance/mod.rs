//! What the contracts promise, as checks for a strategy, an acquisition or an evaluator of your own: one line in your tests.
//!
//! ```
//! use surmise::conformance::{check_acquisition, check_evaluator, check_strategy};
//! use surmise::{
//!     Configuration, FunctionEvaluator, LogExpectedImprovement, ParameterRange, RandomSearch,
//!     ScalingType, SearchSpace,
//! };
//!
//! check_strategy(RandomSearch::default)?;
//!
//! check_acquisition(&LogExpectedImprovement)?;
//!
//! let space = SearchSpace::new([ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear)]).unwrap();
//! check_evaluator(|| FunctionEvaluator::new(|c: &Configuration| Ok::<_, String>(c.float("x"))), &space)?;
//! # Ok::<(), surmise::conformance::Breaches>(())
//! ```
//!
//! A check runs what it is given through situations that a search can meet, and says in words what was promised and what was
//! found instead. It cannot prove that a promise is always kept.

mod findings;

mod acquisition;
mod evaluator;
mod strategy;

pub use self::acquisition::check_acquisition;
pub use self::evaluator::check_evaluator;
pub use self::findings::{Breach, Breaches};
pub use self::strategy::check_strategy;
