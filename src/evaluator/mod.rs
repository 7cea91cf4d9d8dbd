//! Who runs the jobs. Time, I/O and threads live here, and nowhere below.

mod contract;

#[cfg(unix)]
mod command;
mod function;
mod simulated;

#[cfg(unix)]
pub use self::command::{
    CommandEvaluator, JobSetup, MetricSource, PassConfiguration, ReadingOfSeveral, ReportSource,
};
pub use self::contract::{Adoption, Evaluator, Job, JobEvent, JobId, RunningJob, Start};
pub use self::function::{FunctionEvaluator, Reporter, panic_message};
pub use self::simulated::{SimulatedEvaluator, SimulatedJob, SimulatedReport};
pub use crate::error::EvaluatorError;
