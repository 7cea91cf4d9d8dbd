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
pub mod learner;
mod problem;
mod search;
pub mod statistics;

mod cluster;
pub mod decorators;
#[cfg(unix)]
mod external;
mod random_means;

mod contender;
pub mod problems;
mod run;

mod instance;
pub mod machine_time;
mod measures;
mod runs_file;

mod case_results;
mod suite;

#[cfg(feature = "boosting")]
pub mod boosting;
mod duel;
mod regression;
mod task;

mod comparison;
mod searching;

mod experiment;
pub mod page;

pub use self::case_results::{CaseResults, Cell, SCORE_FLOOR};
pub use self::cluster::{Cluster, ClusterRun};
pub use self::comparison::Comparison;
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
