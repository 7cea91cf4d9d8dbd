//! A program as the evaluator: every job is a process.

mod pass;
mod setup;
mod sources;

#[cfg(feature = "regex")]
mod found;
mod process;

mod lasting;

mod watcher;

mod heard;

mod job;

mod evaluator;

mod begin;
mod check;
mod ending;
mod prepare;
mod run;

pub use self::evaluator::CommandEvaluator;
pub use self::pass::PassConfiguration;
pub use self::setup::JobSetup;
pub use self::sources::{MetricSource, ReadingOfSeveral, ReportSource};
