//! What jobs find where they run.

use std::fmt;
use std::path::Path;
use std::process::Command;

use crate::error::{EvaluatorError, Violation};
use crate::evaluator::contract::Job;

/// How the jobs of a [`CommandEvaluator`](super::CommandEvaluator) are set up, beyond what it can do itself: files in their folders, variables
/// and arguments of their commands. The training container of the package `surmise-sagemaker` is one.
pub trait JobSetup: fmt::Debug + Send {
    /// Everything that keeps jobs from being set up. It is asked before each start. By default nothing does.
    fn violations(&self) -> Vec<Violation> {
        Vec::new()
    }

    /// Fills a job's folder, which may hold what an earlier run of the same attempt has left, and completes its command: program, arguments
    /// and variables are there, its configuration is not.
    ///
    /// # Errors
    /// If no jobs can be set up at all.
    fn set_up(
        &self,
        job: &Job<'_>,
        folder: &Path,
        command: &mut Command,
    ) -> Result<(), EvaluatorError>;

    /// What a program that failed has left in its folder to say why. By default nothing; its standard error is told in any case.
    fn failure(&self, _folder: &Path) -> Option<String> {
        None
    }
}
