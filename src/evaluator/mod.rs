//! Evaluators run jobs: as calls of a closure, as programs, or on a virtual clock.
//!
//! The modules below this one (study, strategies, models) use no clock, no threads and no I/O.

mod contract;

#[cfg(unix)]
mod command;
mod function;
mod simulated;

#[cfg(unix)]
pub use self::command::{
    CommandEvaluator, JobSetup, MatchSelection, MetricSource, PassConfiguration, ReportSource,
};
pub use self::contract::{Adoption, Evaluator, Job, JobEvent, JobId, RunningJob, StartOutcome};
pub use self::function::{FunctionEvaluator, Reporter, panic_message};
pub use self::simulated::{SimulatedEvaluator, SimulatedJob, SimulatedReport};
pub use crate::error::EvaluatorError;
