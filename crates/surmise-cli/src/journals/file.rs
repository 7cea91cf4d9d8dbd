//! Finds and opens the journal file of a study.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use surmise::journal::{Journal, JournalError, JournalErrorKind, JournalView};
use surmise::{Error, Study, Trial, TrialId};

use crate::layout::{TUNER_NOTE, jobs_folder};
use crate::output::{CommandError, InvalidInput, UnusableJournal};
use crate::study::{
    NewStudy, StudyBase, StudyOptions, TextDiagnostics, is_limit_change, render, with_option_names,
};

/// Maximum time to wait for other commands that write the same journal.
const LOCK_TIMEOUT: Duration = Duration::from_secs(60);
const LOCK_POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Returns the journal file of a study: a file with that name, otherwise `NAME.surmise`.
pub(crate) fn journal_file(name: &str) -> PathBuf {
    let path = PathBuf::from(name);
    if path.is_file() { path } else { PathBuf::from(format!("{name}.surmise")) }
}

/// Reads the current content of a journal.
pub(crate) fn view(name: &str) -> Result<JournalView, CommandError> {
    Journal::view(journal_file(name)).map_err(|error| with_command_names(error.into()))
}

/// Opens a journal for writing, with the function `open`.
///
/// The call waits while other short commands write the journal, but not for a running
/// `surmise tune`.
///
/// # Errors
/// Returns `UnusableJournal` if the journal cannot be used.
pub(crate) fn open_journal<T>(
    path: &Path,
    mut open: impl FnMut(&Path) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    let start = current_time();
    loop {
        match open(path) {
            Err(error) if is_locked(&error) && is_tuner_running(path) => {
                let name = path.with_extension("");
                let name = name.display();
                return Err(UnusableJournal(format!(
                    "{error}. That process is `surmise tune`: stop it with `surmise stop {name}`, \
                     and run its command again later to resume it."
                ))
                .into());
            }
            Err(error) if is_locked(&error) && start.elapsed() < LOCK_TIMEOUT => {
                std::thread::sleep(LOCK_POLL_INTERVAL);
            }
            opened => return opened.map_err(with_command_names),
        }
    }
}

/// Resumes the journal of the study that the options describe, or creates it.
///
/// The limits may differ from those in the journal.
///
/// # Errors
/// Returns `InvalidInput` if the options are invalid, and `UnusableJournal` if the journal cannot
/// be used.
pub(crate) fn open_study(
    path: &Path,
    options: &StudyOptions,
    base: impl Fn() -> Result<StudyBase, Vec<TextDiagnostics>>,
) -> Result<(Study, Journal), CommandError> {
    let new_study = || -> Result<NewStudy, CommandError> {
        let study = base().and_then(|base| options.study(base));
        study.map_err(|errors| InvalidInput(render(&errors)).into())
    };
    let (mut study, mut journal) =
        open_journal(path, |path| match Journal::resume(path, new_study()?.study) {
            Err(Error::Journal(JournalError {
                kind: JournalErrorKind::DifferentStudy { differences },
                ..
            })) if differences.iter().all(|line| is_limit_change(line)) => {
                Ok(Journal::resume_changed(path, new_study()?.study)?)
            }
            opened => Ok(opened?),
        })?;
    if study.events().is_empty() {
        let start_from = new_study()?.start_from;
        start_from.iter().try_for_each(|configuration| study.enqueue(configuration))?;
        journal.write(&study)?;
    }
    Ok((study, journal))
}

fn is_locked(error: &CommandError) -> bool {
    match error.downcast_ref() {
        Some(Error::Journal(error)) => matches!(error.kind, JournalErrorKind::Locked { .. }),
        _ => false,
    }
}

/// Replaces names of the library in the message of a journal error.
fn with_command_names(error: CommandError) -> CommandError {
    match error.downcast_ref() {
        Some(Error::Journal(error)) => {
            UnusableJournal(with_option_names(&error.to_string())).into()
        }
        _ => error,
    }
}

/// Returns whether a running `surmise tune` has locked the journal.
fn is_tuner_running(path: &Path) -> bool {
    let tuner = Journal::view(path)
        .ok()
        .and_then(|view| view.notes.get(TUNER_NOTE).and_then(serde_json::Value::as_u64));
    let writer = Journal::writer_process(path).ok().flatten();
    tuner.is_some() && tuner == writer.map(u64::from)
}

#[allow(clippy::disallowed_methods, reason = "measures the time of waiting for a lock")]
fn current_time() -> Instant {
    Instant::now()
}

/// Returns the state of pending trials: `running`, or `waiting` until `surmise tune` is resumed.
pub(crate) fn pending_state(name: &str) -> &'static str {
    let path = journal_file(name);
    let has_tuner = Journal::view(&path).is_ok_and(|view| view.notes.contains_key(TUNER_NOTE));
    if has_tuner && !is_tuner_running(&path) { "waiting" } else { "running" }
}

/// Returns the trial with this number.
///
/// # Errors
/// Returns `InvalidInput` if no trial has this number.
pub(crate) fn trial(study: &Study, number: u64) -> Result<&Trial, CommandError> {
    let count = study.trials().len();
    let unknown = || {
        InvalidInput(format!("there is no trial {number}: trials have the numbers 1 to {count}"))
    };
    Ok(study.trial(TrialId(number)).ok_or_else(unknown)?)
}

/// Returns the folder of an attempt at a trial, in the jobs folder beside the journal.
pub(crate) fn job_folder(journal: &Path, trial: TrialId, attempt: u32) -> PathBuf {
    jobs_folder(journal).join(format!("trial-{:05}-attempt-{attempt}", trial.0))
}
