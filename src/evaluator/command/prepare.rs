//! Prepares jobs: their folders, their commands and their log files.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::evaluator::CommandEvaluator;
use super::process::Logs;
use crate::error::EvaluatorError;
use crate::evaluator::contract::{Job, JobId};

/// Bytes that must be free on the disk before a job is set up; more than its configuration takes.
const PROBE_BYTES: usize = 1 << 16;

impl CommandEvaluator {
    /// Creates the folder of a job, and removes the files with metric and reports of an earlier
    /// run.
    ///
    /// Returns `None` if jobs have no folders.
    pub(super) fn prepare_folder(&self, job: JobId) -> io::Result<Option<PathBuf>> {
        let Some(folder) = &self.folder else { return Ok(None) };
        let name = format!("trial-{:05}-attempt-{}", job.trial.0, job.attempt);
        fs::create_dir_all(folder.join(&name))?;
        let folder = fs::canonicalize(folder.join(name))?;
        // Find a full disk here, where the job can wait, and not while its files are written.
        let probe = folder.join("room");
        let written = fs::write(&probe, [0; PROBE_BYTES]);
        fs::remove_file(&probe).and(written)?;
        for (_, file) in self.files() {
            match fs::remove_file(folder.join(file)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(Some(folder))
    }

    /// Returns the command of a job, with its arguments and environment variables.
    ///
    /// # Errors
    /// [`EvaluatorError`] if the configuration cannot be passed, or the custom setup fails.
    pub(super) fn build_command(
        &self,
        job: &Job<'_>,
        folder: Option<&Path>,
    ) -> Result<Command, EvaluatorError> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).envs(self.environment.iter().cloned());
        command.env("SURMISE_TRIAL", job.trial.id.to_string());
        command.env("SURMISE_ATTEMPT", job.attempt.to_string());
        if let Some(timeout) = job.timeout {
            command.env("SURMISE_DEADLINE", timeout.as_secs_f64().to_string());
        }
        if let Some(folder) = folder {
            command.env("SURMISE_FOLDER", folder);
        }
        if let Some(directory) = &self.working_directory {
            command.current_dir(directory);
        }
        match (&self.setup, folder) {
            (Some(setup), Some(folder)) => setup.set_up(job, folder, &mut command)?,
            _ => self.pass.apply(&job.trial.configuration, folder, &mut command)?,
        }
        Ok(command)
    }

    pub(super) fn create_logs(folder: &Path) -> io::Result<Logs> {
        let output = File::create(folder.join("stdout.log"))?;
        Ok(Logs { output, error: File::create(folder.join("stderr.log"))? })
    }
}
