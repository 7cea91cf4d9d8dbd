//! Launching programs that outlive the tuner, finding them again, and watching over the others.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::evaluator::CommandEvaluator;
use super::job::RunningJob;
use super::lasting::{self, Address};
use super::pass::cannot;
use super::watcher::{MARK, Watcher};
use crate::error::EvaluatorError;
use crate::evaluator::contract::{Adoption, Evaluator, Job, JobEvent, JobId, Start};
use crate::trial::{Failure, FailureKind, Outcome};

/// Time that the watcher of a killed tuner needs beyond the grace of the jobs.
const WATCHER_DELAY: Duration = Duration::from_secs(2);
/// Interval of polling whether an earlier attempt has ended.
const LOOK: Duration = Duration::from_millis(100);
/// Delay before a job is tried again for which the disk had no room.
const NO_ROOM: Duration = Duration::from_secs(30);

impl CommandEvaluator {
    /// Launches a job that outlives the tuner.
    pub(super) fn launch(
        &mut self,
        job: &Job<'_>,
        command: &Command,
        folder: &Path,
    ) -> Result<Start, EvaluatorError> {
        self.check_nobody_works_in(folder)?;
        if !is_found(command) {
            return Err(self.cannot_run(&ErrorKind::NotFound.into()));
        }
        self.calls += 1;
        let launched = match lasting::launch(command, folder, self.calls, &self.sender) {
            Ok(launched) => launched,
            Err(error) => {
                return self.not_started(job.id(), &error, |jobs| jobs.cannot_run(&error));
            }
        };
        self.has_no_room = false;
        let end_by = self.max_runtime.map(|longest| self.elapsed().saturating_add(longest));
        let id = job.id();
        let place = launched.address.to_string();
        let running = RunningJob::new(id, launched.process, Some(folder.to_owned()), end_by);
        let running = running.behind(launched.gate).at(launched.address);
        self.running.insert(self.calls, running);
        self.located.push(JobEvent::Located { job: id, place });
        Ok(Start::Started)
    }

    /// Goes on with a job that an earlier tuner has launched.
    pub(super) fn find(
        &mut self,
        job: &Job<'_>,
        address: &Address,
    ) -> Result<Adoption, EvaluatorError> {
        self.calls += 1;
        let folder = address.folder.clone();
        let process = lasting::find(address, self.calls, &self.sender)
            .map_err(|error| cannot("follow a job in", &folder, &error))?;
        let ran = fs::metadata(folder.join("process")).and_then(|data| data.modified());
        let ran = ran.ok().and_then(|time| time.elapsed().ok()).unwrap_or_default();
        let rest = self.max_runtime.map(|longest| longest.saturating_sub(ran));
        let end_by = rest.map(|rest| self.elapsed().saturating_add(rest));
        let running = RunningJob::new(job.id(), process, Some(folder), end_by);
        let running = running.at(address.clone()).with_known_reports(job.trial.reports.len());
        self.running.insert(self.calls, running);
        Ok(Adoption::Running)
    }

    /// Has a job ended if this process is killed.
    pub(super) fn watch(&mut self, command: &mut Command) {
        if !cfg!(target_os = "linux") {
            return;
        }
        let started = match &mut self.watcher {
            Some(watcher) => watcher.ensure_running(),
            None => Watcher::start(self.grace).map(|watcher| self.watcher = Some(watcher)),
        };
        if let Err(error) = started {
            let text = format!(
                "no shell to watch over the jobs could be started ({error}): if this process is killed, they run on"
            );
            self.located.push(JobEvent::Warning { text });
        }
        if let Some(watcher) = &self.watcher {
            command.env(MARK, &watcher.mark);
        }
    }

    /// Handles an error at the start of a job. A lack of processes or of disk space makes the job wait; a command line that the system refuses fails this job
    /// only; any other error ends the tuning.
    pub(super) fn not_started(
        &mut self,
        job: JobId,
        error: &io::Error,
        end: impl Fn(&Self) -> EvaluatorError,
    ) -> Result<Start, EvaluatorError> {
        match error.kind() {
            // As many processes as there can be.
            ErrorKind::WouldBlock => Ok(Start::Busy { retry_after: Duration::from_secs(1) }),
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::ReadOnlyFilesystem => {
                if !std::mem::replace(&mut self.has_no_room, true) {
                    let place = self.folder.clone().unwrap_or_default();
                    let text = format!(
                        "{job} cannot have its folder in {} ({error}): make room there; it is tried every {NO_ROOM:?}",
                        place.display()
                    );
                    self.located.push(JobEvent::Warning { text });
                }
                Ok(Start::Busy { retry_after: NO_ROOM })
            }
            // What this configuration makes of the command cannot be run; another one's can.
            ErrorKind::InvalidInput | ErrorKind::ArgumentListTooLong => {
                let outcome = Outcome::Failed(Failure::new(FailureKind::Error, error.to_string()));
                self.never_started.push(JobEvent::Ended { job, outcome });
                Ok(Start::Started)
            }
            _ => Err(end(self)),
        }
    }

    /// How long to wait for an earlier attempt at the same trial that a killed tuner left and that has not ended yet. `None` if no such process runs, or if its
    /// grace is over.
    pub(super) fn wait_for_earlier_attempts(&self, job: JobId) -> Option<Duration> {
        let folder = self.folder.as_ref()?;
        if self.elapsed() > self.grace.saturating_add(WATCHER_DELAY) {
            return None;
        }
        let runs = |attempt: u32| {
            let folder = folder.join(format!("trial-{:05}-attempt-{attempt}", job.trial.0));
            Address::noted_in(&folder).is_some_and(|address| address.is_alive())
        };
        (1..job.attempt).any(runs).then_some(LOOK)
    }

    pub(super) fn cannot_run(&self, error: &io::Error) -> EvaluatorError {
        let program = self.program.display();
        EvaluatorError::new(format!(
            "cannot run {program}: {error}; give the path of a program that exists and may be run"
        ))
    }

    /// A job that runs in this folder though no journal knows of it must not be doubled.
    fn check_nobody_works_in(&self, folder: &Path) -> Result<(), EvaluatorError> {
        match Address::noted_in(folder) {
            Some(address) if address.has_begun() && address.is_alive() => {
                Err(EvaluatorError::new(format!(
                    "{address} is at work where this job would be, and this study does not know of it; end it (kill -s TERM -- -{}), or name another folder",
                    address.process
                )))
            }
            _ => Ok(()),
        }
    }
}

/// Whether a program is there, as far as that can be told before a shell looks for it.
fn is_found(command: &Command) -> bool {
    let program = Path::new(command.get_program());
    if program.components().count() > 1 || program.is_absolute() {
        let directory = command.get_current_dir().unwrap_or(Path::new(""));
        return directory.join(program).exists();
    }
    let given = command.get_envs().find(|(name, _)| *name == "PATH").map(|(_, value)| value);
    let paths = match given {
        Some(value) => value.map(ToOwned::to_owned),
        None => std::env::var_os("PATH"),
    };
    paths.is_none_or(|paths| {
        std::env::split_paths(&paths).any(|folder| folder.join(program).exists())
    })
}
