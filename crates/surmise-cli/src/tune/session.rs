//! Opens the journal of a tuning: creates it, resumes it or renames the earlier one.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use surmise::journal::{Journal, JournalErrorKind};
use surmise::{Error, Study};

use crate::layout::{COMMAND_NOTE, TUNER_NOTE, jobs_folder};
use crate::output::{CommandError, UnusableJournal};
use crate::study::{NewStudy, describe_option_change, is_limit_change};

/// The command that runs the jobs of a study, as stored in the journal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CommandNote {
    /// The words of the command, with placeholders.
    pub(crate) command: Vec<String>,
    /// How parameters without a placeholder are passed.
    pub(crate) pass: String,
    /// The option that sets the source of the metric; empty by default.
    pub(crate) metric: String,
    /// The folder that contains the job folders.
    pub(crate) jobs: String,
    /// The options that end jobs and the tuning; they may change when the study is resumed.
    #[serde(default)]
    pub(crate) rules: String,
}

impl CommandNote {
    /// Returns one line for each difference from an earlier command.
    fn differences(&self, before: &Self) -> Vec<String> {
        let parts = |note: &Self| {
            [
                ("command", note.command.join(" ")),
                ("pass", note.pass.clone()),
                ("the source of the metric", note.metric.clone()),
            ]
        };
        let pairs = parts(before).into_iter().zip(parts(self));
        let different = pairs.filter(|((_, before), (_, now))| before != now);
        different
            .map(|((name, before), (_, now))| format!("{name} was `{before}`, and is `{now}`"))
            .collect()
    }
}

/// Converts words to text; bytes that are not UTF-8 are replaced.
pub(crate) fn to_strings(words: &[OsString]) -> Vec<String> {
    words.iter().map(|word| word.to_string_lossy().into_owned()).collect()
}

/// The treatment of a journal that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExistingJournal {
    /// Resumes it if it belongs to the same study.
    Resume,
    /// Resumes it, and keeps the trials that fit the changed study.
    AcceptChanges,
    /// Renames it and starts a new study.
    Rename,
}

/// A study with its journal.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) study: Study,
    pub(crate) journal: Journal,
    /// Notices about the opening of the journal, for the user.
    pub(crate) notices: Vec<String>,
}

impl Session {
    /// Creates the journal, or resumes it.
    ///
    /// # Errors
    /// Returns `UnusableJournal` or a journal error if the journal cannot be used. Without
    /// `AcceptChanges`, a journal of another study or command is such an error.
    pub(crate) fn open(
        path: &Path,
        new_study: impl Fn() -> Result<NewStudy, CommandError>,
        note: &CommandNote,
        existing_journal: ExistingJournal,
    ) -> Result<Self, CommandError> {
        let NewStudy { study, start_from } = new_study()?;
        let mut notices = Vec::new();
        if existing_journal == ExistingJournal::Rename {
            notices.extend(rename_existing(path)?);
        }
        let accepts_changes = existing_journal == ExistingJournal::AcceptChanges;
        let command_changes = command_differences(path, note);
        let (mut study, mut journal) = match Journal::resume(path, study) {
            Ok(opened) if command_changes.is_empty() || accepts_changes => opened,
            Ok(opened) => {
                drop(opened);
                notices.extend(rename_if_nothing_completed(path, &command_changes)?);
                Journal::resume(path, new_study()?.study)?
            }
            Err(error) => {
                let differences = differences_of(error)?;
                let are_limit_changes = command_changes.is_empty()
                    && differences.iter().all(|line| is_limit_change(line));
                if !accepts_changes && !are_limit_changes {
                    let mut changes: Vec<String> = differences
                        .iter()
                        .filter_map(|line| describe_option_change(line))
                        .collect();
                    changes.extend(command_changes.iter().cloned());
                    notices.extend(rename_if_nothing_completed(path, &changes)?);
                }
                resume_changed(path, new_study()?.study, &mut notices)?
            }
        };
        notices.extend(command_changes.into_iter().filter(|_| journal.open_summary().is_resumed));
        let before =
            journal.note(COMMAND_NOTE).and_then(|note| CommandNote::deserialize(note).ok());
        if let Some(before) = before.filter(|before| before.rules != note.rules) {
            notices
                .push(format!("the stopping rules were {}, and are {}", before.rules, note.rules));
        }
        journal.write_note(COMMAND_NOTE, note)?;
        journal.write_note(TUNER_NOTE, std::process::id())?;
        for configuration in &start_from {
            // An error means that an earlier call has enqueued or tried the configuration.
            let _ = study.enqueue(configuration);
        }
        journal.write(&study)?;
        notices
            .extend(journal.open_summary().warnings.iter().map(|text| format!("warning: {text}")));
        notices.extend(
            journal.open_summary().changes.iter().filter_map(|line| describe_option_change(line)),
        );
        Ok(Self { study, journal, notices })
    }
}

/// Returns the differences between this command and the one in an existing journal.
fn command_differences(path: &Path, note: &CommandNote) -> Vec<String> {
    let view = Journal::view(path).ok();
    let before = view.and_then(|view| CommandNote::deserialize(view.notes.get(COMMAND_NOTE)?).ok());
    before.map(|before| note.differences(&before)).unwrap_or_default()
}

/// Returns an unused file name for the earlier journal, such as `NAME.before-1.surmise`.
fn unused_name(path: &Path) -> Result<PathBuf, CommandError> {
    let name = path.to_string_lossy();
    let name = name.strip_suffix(".surmise").unwrap_or(&name);
    let numbered = |number: usize| PathBuf::from(format!("{name}.before-{number}.surmise"));
    let unused = (1..1000).map(numbered).find(|backup| !backup.exists());
    unused.ok_or_else(|| {
        let last = numbered(999);
        let (first, last) = (numbered(1), last.display());
        format!("{} to {last} exist: remove one of them, or choose another --name", first.display())
            .into()
    })
}

/// Resumes a journal with changed ranges or settings.
///
/// If the trials get new numbers, a copy of the earlier journal is kept with its job folders.
fn resume_changed(
    path: &Path,
    study: Study,
    notices: &mut Vec<String>,
) -> Result<(Study, Journal), CommandError> {
    if !path.exists() {
        return Ok(Journal::resume(path, study)?);
    }
    let backup = unused_name(path)?;
    std::fs::copy(path, &backup)?;
    let (study, journal) = match Journal::resume_changed(path, study) {
        Ok(opened) => opened,
        Err(error) => {
            let _ = std::fs::remove_file(&backup);
            return Err(error.into());
        }
    };
    if journal.open_summary().is_restarted {
        let folder = jobs_folder(path);
        if folder.exists() {
            std::fs::rename(folder, jobs_folder(&backup))?;
        }
        notices.push(format!("the earlier study is kept in {}", backup.display()));
    } else {
        std::fs::remove_file(&backup)?;
    }
    Ok((study, journal))
}

/// Renames an existing journal and its job folders, and returns a notice with the new name.
fn rename_existing(path: &Path) -> Result<Option<String>, CommandError> {
    if !path.exists() {
        return Ok(None);
    }
    if let Some(process) = Journal::writer_process(path).ok().flatten() {
        let path = path.display();
        let message = format!("{path}: process {process} writes it; end that process first");
        return Err(UnusableJournal(message).into());
    }
    let backup = unused_name(path)?;
    std::fs::rename(path, &backup)?;
    let folder = jobs_folder(path);
    if folder.exists() {
        std::fs::rename(folder, jobs_folder(&backup))?;
    }
    Ok(Some(format!("the earlier study is kept in {}", backup.display())))
}

/// Renames a journal in which no job completed, because its command was probably wrong.
///
/// # Errors
/// Returns `UnusableJournal` with the differences if a trial has a value or is pending.
fn rename_if_nothing_completed(
    path: &Path,
    differences: &[String],
) -> Result<Vec<String>, CommandError> {
    let study = Journal::read(path)?;
    let nothing_completed = study.trials().iter().all(|trial| trial.value().is_none());
    if !nothing_completed || study.pending().next().is_some() {
        return Err(different_study_error(path, differences));
    }
    Ok(rename_existing(path)?
        .into_iter()
        .map(|text| format!("{text}: no job of it completed"))
        .collect())
}

fn differences_of(error: Error) -> Result<Vec<String>, Error> {
    match error {
        Error::Journal(error) => match error.kind {
            JournalErrorKind::DifferentStudy { differences } => Ok(differences),
            _ => Err(Error::Journal(error)),
        },
        other => Err(other),
    }
}

fn different_study_error(path: &Path, differences: &[String]) -> CommandError {
    let differences: Vec<String> = differences.iter().map(|line| format!("\n  {line}")).collect();
    let path = path.display();
    UnusableJournal(format!(
        "{path} belongs to another study:{}\nRun the earlier command again, choose another --name, \
         add --accept-changes to keep the trials that fit, or add --fresh to start a new study.",
        differences.concat()
    ))
    .into()
}
