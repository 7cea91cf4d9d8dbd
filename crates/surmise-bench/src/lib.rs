//! Does it work? Strategies compared on problems.
//!
//! ```text
//! Problem ⟶ Case (instance, budget) ⟶ Suite ┐
//!                                            ├ Experiment ⟶ Run … ⟶ RunsFile ⟶ Comparison ⟶ report
//! Strategy, or a program  ⟶  Contender ──────┘
//! ```
//!
//! A [`Problem`] is a black box; [`decorators`] make it noisy, failing, slow, or move it. A [`Suite`] holds those of [`problems`], and
//! yours. An [`Experiment`] makes a [`Run`] of each [`Contender`] on each [`Case`] and repetition, on the virtual clock of a
//! [`SimulatedEvaluator`](surmise::evaluator::SimulatedEvaluator); a [`Comparison`] sorts runs and judges them by [`statistics`];
//! [`report`](mod@crate::page) makes them readable. [`Regression`] tells whether a strategy has become worse.
//!
//! The rest of this page is the chapter `BENCHMARKING.md`.
//!
#![doc = include_str!("../BENCHMARKING.md")]

#[cfg(feature = "boosting")]
pub mod boosting;
mod cluster;
mod comparison;
mod contender;
pub mod decorators;
mod duel;
mod experiment;
#[cfg(unix)]
mod external;
mod instance;
#[cfg(feature = "boosting")]
pub mod learner;
pub mod machine_time;
mod measures;
pub mod page;
mod problem;
pub mod problems;
mod random_means;
mod regression;
mod run;
mod runs_file;
mod searching;
pub mod statistics;
mod suite;

pub use self::cluster::{Cluster, ClusterRun};
pub use self::comparison::{CaseResults, Cell, Comparison, SCORE_FLOOR};
pub use self::contender::Contender;
pub use self::duel::{Duel, JUDGEMENT};
pub use self::experiment::Experiment;
pub use self::measures::PROGRESS_FLOOR;
pub use self::problem::{Evaluation, FunctionProblem, Problem};
pub use self::random_means::{CHECKPOINTS, RandomMeans};
pub use self::regression::{Findings, Regression};
pub use self::run::{Parallelism, Run, RunKey, RunTrial};
pub use self::runs_file::RunsFile;
pub use self::statistics::wilcoxon_signed_rank;
pub use self::suite::{Case, SUITE_VERSION, SUITES, Suite};
