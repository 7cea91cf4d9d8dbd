//! Launches and adopts surviving programs, and sets up the watcher of all other ones.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::evaluator::CommandEvaluator;
use super::job::RunningJob;
use super::pass::io_error;
use super::surviving::{self, ProcessLocation};
use super::watcher::{MARK, Watcher};
use crate::error::EvaluatorError;
use crate::evaluator::contract::{Adoption, Evaluator, Job, JobEvent, JobId, StartOutcome};
use crate::trial::{Failure, FailureKind, Outcome};

/// Time that the watcher of a killed tuner needs beyond the grace period of the jobs.
const WATCHER_DELAY: Duration = Duration::from_secs(2);
/// Interval at which earlier attempts are polled for their end.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// Delay before a start is retried that failed because the disk is full.
const DISK_FULL_RETRY_DELAY: Duration = Duration::from_secs(30);

impl CommandEvaluator {
    /// Launches a job that survives the tuner.
    pub(super) fn launch(
        &mut self,
        job: &Job<'_>,
        command: &Command,
        folder: &Path,
    ) -> Result<StartOutcome, EvaluatorError> {
        self.check_folder_is_unused(folder)?;
        if !program_exists(command) {
            return Err(self.cannot_run(&ErrorKind::NotFound.into()));
        }
        self.call_count += 1;
        let launched = match surviving::launch(command, folder, self.call_count, &self.sender) {
            Ok(launched) => launched,
            Err(error) => {
                return self.handle_start_error(job.id(), &error, |jobs| jobs.cannot_run(&error));
            }
        };
        self.has_warned_of_full_disk = false;
        let end_by = self.max_runtime.map(|limit| self.elapsed().saturating_add(limit));
        let id = job.id();
        let location = launched.location.to_string();
        let running = RunningJob::new(id, launched.process, Some(folder.to_owned()), end_by);
        let running = running.with_start_pipe(launched.start_pipe).with_location(launched.location);
        self.running.insert(self.call_count, running);
        self.pending_events.push(JobEvent::Located { job: id, location });
        Ok(StartOutcome::Started)
    }

    /// Adopts a job that an earlier tuner has launched.
    pub(super) fn adopt_at(
        &mut self,
        job: &Job<'_>,
        location: &ProcessLocation,
    ) -> Result<Adoption, EvaluatorError> {
        self.call_count += 1;
        let folder = location.folder.clone();
        let process = surviving::adopt(location, self.call_count, &self.sender)
            .map_err(|error| io_error("follow a job in", &folder, &error))?;
        let started = fs::metadata(folder.join("process")).and_then(|data| data.modified());
        let runtime = started.ok().and_then(|time| time.elapsed().ok()).unwrap_or_default();
        let remaining = self.max_runtime.map(|limit| limit.saturating_sub(runtime));
        let end_by = remaining.map(|remaining| self.elapsed().saturating_add(remaining));
        let running = RunningJob::new(job.id(), process, Some(folder), end_by);
        let known_reports = job.trial.reports.len();
        let running = running.with_location(location.clone()).with_known_reports(known_reports);
        self.running.insert(self.call_count, running);
        Ok(Adoption::Running)
    }

    /// Marks a command, so that the watcher stops its job if this process is killed.
    pub(super) fn watch(&mut self, command: &mut Command) {
        if !cfg!(target_os = "linux") {
            return;
        }
        let started = match &mut self.watcher {
            Some(watcher) => watcher.ensure_running(),
            None => Watcher::start(self.grace_period).map(|watcher| self.watcher = Some(watcher)),
        };
        if let Err(error) = started {
            let text = format!(
                "the process that stops jobs if this process is killed could not be started \
                 ({error}): such jobs would continue to run"
            );
            self.pending_events.push(JobEvent::Warning { text });
        }
        if let Some(watcher) = &self.watcher {
            command.env(MARK, &watcher.mark);
        }
    }

    /// Handles an error at the start of a job.
    ///
    /// If the system has too many processes or a full disk, the job waits. If the system refuses
    /// the command line, this job fails.
    ///
    /// # Errors
    /// The error of `fatal_error`, for any other cause: it ends the tuning.
    pub(super) fn handle_start_error(
        &mut self,
        job: JobId,
        error: &io::Error,
        fatal_error: impl Fn(&Self) -> EvaluatorError,
    ) -> Result<StartOutcome, EvaluatorError> {
        match error.kind() {
            // The limit on the number of processes is reached.
            ErrorKind::WouldBlock => Ok(StartOutcome::Busy { retry_after: Duration::from_secs(1) }),
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::ReadOnlyFilesystem => {
                if !std::mem::replace(&mut self.has_warned_of_full_disk, true) {
                    let folder = self.folder.clone().unwrap_or_default();
                    let text = format!(
                        "cannot write the folder of {job} in {} ({error}): free disk space there; \
                         the start is retried every {DISK_FULL_RETRY_DELAY:?}",
                        folder.display()
                    );
                    self.pending_events.push(JobEvent::Warning { text });
                }
                Ok(StartOutcome::Busy { retry_after: DISK_FULL_RETRY_DELAY })
            }
            // Only the command line of this configuration is invalid.
            ErrorKind::InvalidInput | ErrorKind::ArgumentListTooLong => {
                let outcome = Outcome::Failed(Failure::new(FailureKind::Error, error.to_string()));
                self.failed_to_start.push(JobEvent::Ended { job, outcome });
                Ok(StartOutcome::Started)
            }
            _ => Err(fatal_error(self)),
        }
    }

    /// Returns how long to wait before the next check for earlier attempts at the same trial.
    ///
    /// The watcher of a killed tuner may still be stopping one. `None` if no such process is
    /// running, or if its grace period is over.
    pub(super) fn delay_for_earlier_attempts(&self, job: JobId) -> Option<Duration> {
        let folder = self.folder.as_ref()?;
        if self.elapsed() > self.grace_period.saturating_add(WATCHER_DELAY) {
            return None;
        }
        let is_running = |attempt: u32| {
            let folder = folder.join(format!("trial-{:05}-attempt-{attempt}", job.trial.0));
            ProcessLocation::recorded_in(&folder).is_some_and(|location| location.is_alive())
        };
        (1..job.attempt).any(is_running).then_some(POLL_INTERVAL)
    }

    pub(super) fn cannot_run(&self, error: &io::Error) -> EvaluatorError {
        let program = self.program.display();
        EvaluatorError::new(format!(
            "cannot run {program}: {error}; \
             give the path of a program that exists and is executable"
        ))
    }

    /// Checks that no job is running in a folder. The journal may not know of such a job, and a
    /// second one must not write to the same files.
    ///
    /// # Errors
    /// [`EvaluatorError`] if a process is running there.
    fn check_folder_is_unused(&self, folder: &Path) -> Result<(), EvaluatorError> {
        match ProcessLocation::recorded_in(folder) {
            Some(location) if location.has_begun() && location.is_alive() => {
                Err(EvaluatorError::new(format!(
                    "{location} is running in the folder of this job, and this study does not know \
                     it; end it (kill -s TERM -- -{}), or choose another folder",
                    location.process
                )))
            }
            _ => Ok(()),
        }
    }
}

/// Returns whether the program of a command exists: at its path, or in `PATH`.
fn program_exists(command: &Command) -> bool {
    let program = Path::new(command.get_program());
    if program.components().count() > 1 || program.is_absolute() {
        let directory = command.get_current_dir().unwrap_or(Path::new(""));
        return directory.join(program).exists();
    }
    let own_path = command.get_envs().find(|(name, _)| *name == "PATH").map(|(_, value)| value);
    let paths = match own_path {
        Some(value) => value.map(ToOwned::to_owned),
        None => std::env::var_os("PATH"),
    };
    paths.is_none_or(|paths| {
        std::env::split_paths(&paths).any(|folder| folder.join(program).exists())
    })
}
