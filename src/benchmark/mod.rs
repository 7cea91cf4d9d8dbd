//! Does it work? Strategies compared on problems.

mod comparison;
mod contender;
pub mod decorators;
mod experiment;
mod external;
mod instance;
mod measures;
mod problem;
pub mod problems;
mod random_means;
mod regression;
mod run;
mod runs_file;
mod searching;
pub mod statistics;
mod suite;

pub use self::comparison::{CaseResults, Cell, Comparison, Duel, JUDGEMENT, SCORE_FLOOR};
pub use self::contender::Contender;
pub use self::experiment::Experiment;
pub use self::measures::PROGRESS_FLOOR;
pub use self::problem::{Evaluation, FunctionProblem, Problem};
pub use self::random_means::{CHECKPOINTS, RandomMeans};
pub use self::regression::{Findings, Regression};
pub use self::run::{Parallelism, Run, RunKey, RunTrial};
pub use self::runs_file::RunsFile;
pub use self::statistics::wilcoxon_signed_rank;
pub use self::suite::{Case, SUITE_VERSION, SUITES, Suite};
