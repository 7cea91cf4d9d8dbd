//! Custom setup of the jobs of a command evaluator.

use std::fmt;
use std::path::Path;
use std::process::Command;

use crate::error::{EvaluatorError, Violation};
use crate::evaluator::contract::Job;

/// Sets up the jobs of a [`CommandEvaluator`](super::CommandEvaluator): files in their folders,
/// arguments and environment variables of their commands.
///
/// Implement it where [`PassConfiguration`](super::PassConfiguration) is not enough. The training
/// container of the package `surmise-sagemaker` is an implementation.
pub trait JobSetup: fmt::Debug + Send {
    /// Returns a violation for each setting that prevents the setup of jobs; empty by default.
    ///
    /// The evaluator calls this before each start.
    fn violations(&self) -> Vec<Violation> {
        Vec::new()
    }

    /// Writes the files of a job into its folder, and adds the configuration to its command.
    ///
    /// The command has its program, arguments and environment variables already. The folder may
    /// hold files of an earlier run of the same attempt.
    ///
    /// # Errors
    /// [`EvaluatorError`] if no jobs can be set up at all.
    fn set_up(
        &self,
        job: &Job<'_>,
        folder: &Path,
        command: &mut Command,
    ) -> Result<(), EvaluatorError>;

    /// Returns the reason that a failed program has left in its folder; `None` by default.
    ///
    /// The message of the failure then has this reason in place of the end of standard error.
    fn failure_reason(&self, _folder: &Path) -> Option<String> {
        None
    }
}
