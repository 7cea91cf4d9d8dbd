//! Compares search strategies on problems, with statistics.
//!
//! ```text
//! Problem ⟶ Case (instance, budget) ⟶ Suite ┐
//!                                            ├ Experiment ⟶ Run … ⟶ RunsFile ⟶ Comparison ⟶ page
//! Strategy, or a program  ⟶  Contender ──────┘
//! ```
//!
//! - A [`Problem`] is a function to minimize. [`problems`] has the built-in ones; [`decorators`]
//!   add noise, failures and durations, or move the optimum.
//! - A [`Case`] is a problem with a budget; a [`Suite`] is a list of cases.
//! - A [`Contender`] is a strategy, or an external program, under a name.
//! - An [`Experiment`] runs each contender on each case, with several seeds, on the virtual clock
//!   of a [`SimulatedEvaluator`](surmise::evaluator::SimulatedEvaluator). Each [`Run`] is recorded.
//! - A [`Comparison`] groups the runs by case and contender, and compares the contenders by
//!   [`statistics`].
//! - The module [`page`](mod@crate::page) writes the results as HTML, Markdown and CSV.
//! - [`BaselineScores`] tells whether a strategy has become worse than a stored baseline.
//!
//! Start with [`Experiment`]. The rest of this page is the chapter `BENCHMARKING.md`.
//!
#![doc = include_str!("../BENCHMARKING.md")]

/// The code blocks of the guide's chapter, as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/14-benchmarking.md")]
mod guide {}

mod center_first;
#[cfg(feature = "boosting")]
pub mod gradient_boosting;
mod problem;
pub mod statistics;

mod cluster;
pub mod decorators;
mod random_means;

#[cfg(feature = "real")]
pub mod learners;
pub mod problems;
mod run;

mod instance;
pub mod machine_time;
mod measures;
mod optimizer;
mod runs_file;

#[cfg(unix)]
mod program;

#[cfg(unix)]
mod external;
#[cfg(unix)]
mod external_problem;

mod contender;

mod case_results;
mod suite;

mod tables;

#[cfg(feature = "real")]
mod real;

#[cfg(feature = "boosting")]
pub mod boosting;
mod pairwise_comparison;
mod regression;
mod task;

mod comparison_options;

mod comparison;
mod runner;

mod experiment;
pub mod page;

pub use self::case_results::{CaseResults, StrategyResults};
pub use self::center_first::CenterFirst;
pub use self::cluster::{Cluster, ClusterRun};
pub use self::comparison::{Comparison, RunGroup};
pub use self::comparison_options::{ComparisonOptions, Pairs};
pub use self::contender::Contender;
pub use self::experiment::Experiment;
#[cfg(unix)]
pub use self::external_problem::ExternalProblem;
pub use self::measures::DEFAULT_FLOOR;
pub use self::pairwise_comparison::{DECISION_RULE, PairwiseComparison};
pub use self::problem::{Evaluation, FunctionProblem, Problem};
pub use self::random_means::{CHECKPOINTS, MAX_BUDGET_WITH_SCORES, RandomMeans};
#[cfg(feature = "real")]
pub use self::real::{checked_table_cases, learner_cases};
pub use self::regression::{BaselineScores, RegressionSummary};
pub use self::run::{BUDGET_DIVISORS, Parallelism, Provenance, Run, RunKey, RunTrial};
pub use self::runs_file::{Retry, RunsFile};
pub use self::statistics::wilcoxon_signed_rank;
pub use self::suite::{Case, SUITE_VERSION, SUITES, Suite};
pub use self::tables::{TableColumns, TableProblem};
#[cfg(feature = "real")]
pub use self::tables::{TrainingTables, default_tables_folder};
