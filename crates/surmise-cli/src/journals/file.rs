//! The file of a journal: how it is named and opened.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use surmise::journal::{Journal, JournalTrouble, JournalView};
use surmise::{Error, Study, Trial, TrialId};

use crate::journal_notes::{TUNER, jobs_folder};
use crate::output::{Failure, Unreadable, Unusable};
use crate::study::in_words_of_options;

/// How long a command waits for other commands that write the same journal.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(20);

/// The journal that is meant by a name: a file of that name, else NAME.surmise.
pub(crate) fn journal_file(name: &str) -> PathBuf {
    let path = PathBuf::from(name);
    if path.is_file() { path } else { PathBuf::from(format!("{name}.surmise")) }
}

/// What the journal of this name says now.
pub(crate) fn view(name: &str) -> Result<JournalView, Failure> {
    Journal::view(journal_file(name)).map_err(unusable)
}

/// Opens a journal for writing. It waits while other commands write it, but not for a tuner.
///
/// # Errors
/// If the journal cannot be used.
pub(crate) fn open<T>(
    path: &Path,
    mut open: impl FnMut(&Path) -> Result<T, Error>,
) -> Result<T, Failure> {
    let begun = now();
    loop {
        match open(path) {
            Err(Error::Journal(error))
                if matches!(error.trouble, JournalTrouble::Locked { .. })
                    && begun.elapsed() < PATIENCE
                    && !is_tuned(path) =>
            {
                std::thread::sleep(LOOK);
            }
            Err(Error::Journal(error))
                if matches!(error.trouble, JournalTrouble::Locked { .. }) && is_tuned(path) =>
            {
                let name = path.with_extension("");
                let name = name.display();
                return Err(Unusable(format!(
                    "{error}. To end that tuner: `surmise stop {name}`; its line goes on afterwards."
                ))
                .into());
            }
            opened => return opened.map_err(unusable),
        }
    }
}

/// An error of a journal in the words of the command.
fn unusable(error: Error) -> Failure {
    match error {
        Error::Journal(error) => Unusable(in_words_of_options(&error.to_string())).into(),
        other => other.into(),
    }
}

/// Whether a tuner has the journal, which keeps it for long.
fn is_tuned(path: &Path) -> bool {
    let tuner = Journal::view(path)
        .ok()
        .and_then(|view| view.notes.get(TUNER).and_then(serde_json::Value::as_u64));
    let writer = Journal::writer(path).ok().flatten();
    tuner.is_some() && tuner == writer.map(u64::from)
}

#[allow(clippy::disallowed_methods, reason = "how long a lock is waited for")]
fn now() -> Instant {
    Instant::now()
}

/// What a trial is that has not ended: it runs, or it waits for a tuner that goes on with it.
pub(crate) fn pending_state(name: &str) -> &'static str {
    let path = journal_file(name);
    let is_tuners = Journal::view(&path).is_ok_and(|view| view.notes.contains_key(TUNER));
    if is_tuners && !is_tuned(&path) { "waiting" } else { "running" }
}

/// A trial of a study.
///
/// # Errors
/// If there is none of this number.
pub(crate) fn trial(study: &Study, number: u64) -> Result<&Trial, Failure> {
    let count = study.trials().len();
    let unknown =
        || Unreadable(format!("there is no trial {number}: they are numbered from 1 to {count}"));
    Ok(study.trial(TrialId(number)).ok_or_else(unknown)?)
}

/// The folder of an attempt at a trial, beside its journal.
pub(crate) fn job_folder(journal: &Path, trial: TrialId, attempt: u32) -> PathBuf {
    jobs_folder(journal).join(format!("trial-{:05}-attempt-{attempt}", trial.0))
}
