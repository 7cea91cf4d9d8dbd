//! The evaluator that runs a program for every job, one process group per job.

mod pass;
mod setup;
mod sources;

#[cfg(feature = "regex")]
mod pattern_matches;
mod process;

mod surviving;

mod watcher;

mod output_reader;

mod job;

mod evaluator;

mod check;
mod launch;
mod outcome;
mod prepare;
mod run;

pub use self::evaluator::CommandEvaluator;
pub use self::pass::PassConfiguration;
pub use self::setup::JobSetup;
pub use self::sources::{MatchSelection, MetricSource, ReportSource};
