//! The file of a journal: how it is named and opened.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use surmise::journal::{Journal, JournalError, JournalTrouble, JournalView};
use surmise::{Error, Study, Trial, TrialId};

use crate::layout::{TUNER_NOTE, jobs_folder};
use crate::output::{Failure, Unreadable, Unusable};
use crate::study::{
    FaultyText, NewStudy, StudyBase, StudyOptions, is_harmless, shown, with_option_names,
};

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
    Journal::view(journal_file(name)).map_err(|error| unusable(error.into()))
}

/// Opens a journal for writing, in this way. It waits while other commands write it, but not for a tuner.
///
/// # Errors
/// If the journal cannot be used.
pub(crate) fn open<T>(
    path: &Path,
    mut open: impl FnMut(&Path) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let begun = now();
    loop {
        match open(path) {
            Err(error) if is_locked(&error) && is_tuned(path) => {
                let name = path.with_extension("");
                let name = name.display();
                return Err(Unusable(format!(
                    "{error}. To end that tuner: `surmise stop {name}`; its line goes on afterwards."
                ))
                .into());
            }
            Err(error) if is_locked(&error) && begun.elapsed() < PATIENCE => {
                std::thread::sleep(LOOK);
            }
            opened => return opened.map_err(unusable),
        }
    }
}

/// Goes on with a journal, or creates it for the study of these options over a base. Limits may be others than before.
///
/// # Errors
/// If the options cannot be read, or the journal cannot be used.
pub(crate) fn open_study(
    path: &Path,
    options: &StudyOptions,
    base: impl Fn() -> Result<StudyBase, Vec<FaultyText>>,
) -> Result<(Study, Journal), Failure> {
    let new = || -> Result<NewStudy, Failure> {
        let study = base().and_then(|base| options.study(base));
        study.map_err(|faulty| Unreadable(shown(&faulty)).into())
    };
    let (mut study, mut journal) = open(path, |path| match Journal::resume(path, new()?.study) {
        Err(Error::Journal(JournalError {
            trouble: JournalTrouble::Different { differences },
            ..
        })) if differences.iter().all(|line| is_harmless(line)) => {
            Ok(Journal::resume_changed(path, new()?.study)?)
        }
        opened => Ok(opened?),
    })?;
    if study.events().is_empty() {
        new()?.start_from.iter().try_for_each(|start| study.enqueue(start))?;
        journal.write(&study)?;
    }
    Ok((study, journal))
}

fn is_locked(error: &Failure) -> bool {
    match error.downcast_ref() {
        Some(Error::Journal(error)) => matches!(error.trouble, JournalTrouble::Locked { .. }),
        _ => false,
    }
}

/// An error of a journal in the words of the command.
fn unusable(error: Failure) -> Failure {
    match error.downcast_ref() {
        Some(Error::Journal(error)) => Unusable(with_option_names(&error.to_string())).into(),
        _ => error,
    }
}

/// Whether a tuner has the journal, which keeps it for long.
fn is_tuned(path: &Path) -> bool {
    let tuner = Journal::view(path)
        .ok()
        .and_then(|view| view.notes.get(TUNER_NOTE).and_then(serde_json::Value::as_u64));
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
    let is_tuners = Journal::view(&path).is_ok_and(|view| view.notes.contains_key(TUNER_NOTE));
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
