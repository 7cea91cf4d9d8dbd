//! Checks whether a custom strategy, acquisition function or evaluator meets its contract.
//!
//! Each of the traits [`Strategy`](crate::Strategy), [`Acquisition`](crate::Acquisition) and
//! [`Evaluator`](crate::Evaluator) has a contract that the compiler cannot check. Put one line into
//! a test of your crate, for example `check_strategy(|| MyStrategy::new()).unwrap();`. Run it on
//! every change: it takes seconds, plus the runtime of the jobs of an evaluator.
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
//! let x = ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear);
//! let space = SearchSpace::new([x]).unwrap();
//! let create = || FunctionEvaluator::new(|c: &Configuration| Ok::<_, String>(c.float("x")));
//! check_evaluator(create, &space)?;
//! # Ok::<(), surmise::conformance::ContractViolations>(())
//! ```
//!
//! # What a check reports
//!
//! A check runs the implementation through situations that occur in practice: empty histories,
//! exhausted spaces, failing trials, extreme numbers, busy evaluators. The error lists every
//! requirement that was not met, the first case in which it was not met, and a remedy:
//!
//! ```
//! use surmise::strategy::{History, Phase, Proposal};
//! use surmise::{Error, Strategy, rng::Rng, unit_cube};
//!
//! /// Proposes the center of the space every time.
//! #[derive(Debug)]
//! struct AlwaysTheCenter;
//!
//! impl Strategy for AlwaysTheCenter {
//!     fn propose(&self, history: &History<'_>, _: &mut Rng) -> Result<Option<Proposal>, Error> {
//!         let center = unit_cube::center(history.axes);
//!         Ok(Some(Proposal::new(center, Phase::Heuristic)))
//!     }
//! }
//!
//! let violations = surmise::conformance::check_strategy(|| AlwaysTheCenter).unwrap_err();
//! assert!(violations.0[0].requirement.contains("never proposed again"));
//! assert!(violations.0[0].remedy.contains("Visited::new(history)"));
//! ```
//!
//! # Common mistakes
//!
//! - **Sharing state between the values that `create` returns.** A check creates several values
//!   and expects that a new one behaves like a used one. Return an independent value each time.
//! - **Passing real jobs that run for minutes to `check_evaluator`.** It runs about twenty jobs,
//!   and each must end within a minute. Let a small job stand for the real one.
//! - **Taking a passed check for a proof.** A check finds common violations; it cannot prove that
//!   an implementation always meets its contract.
//!
//! The examples `custom_strategy`, `custom_acquisition` and `custom_evaluator` end with such a
//! check.

mod violations;

mod tuning;

mod acquisition;
mod evaluator;
mod strategy;

pub use self::acquisition::check_acquisition;
pub use self::evaluator::check_evaluator;
pub use self::strategy::check_strategy;
pub use self::violations::{ContractViolation, ContractViolations};
