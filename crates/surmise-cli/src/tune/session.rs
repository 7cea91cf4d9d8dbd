//! Opening the journal of a tuning, new or of before.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use surmise::journal::{Journal, JournalTrouble};
use surmise::{Error, Study};

use crate::layout::{COMMAND_NOTE, TUNER_NOTE, jobs_folder};
use crate::output::{Failure, Unusable};
use crate::study::{NewStudy, as_option, is_harmless};

/// What runs the jobs of a study, as its journal keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CommandNote {
    /// The command's words, with placeholders.
    pub(crate) command: Vec<String>,
    /// How parameters without a placeholder are passed.
    pub(crate) pass: String,
    /// Where the metric is found.
    pub(crate) metric: String,
    /// The folder of the jobs' folders.
    pub(crate) jobs: String,
    /// When jobs and the tuning end, in words. They may differ at any time.
    #[serde(default)]
    pub(crate) rules: String,
}

impl CommandNote {
    /// A line for each difference.
    fn differences(&self, before: &Self) -> Vec<String> {
        let parts = |note: &Self| {
            [
                ("command", note.command.join(" ")),
                ("pass", note.pass.clone()),
                ("the place of the metric", note.metric.clone()),
            ]
        };
        let pairs = parts(before).into_iter().zip(parts(self));
        let different = pairs.filter(|((_, before), (_, now))| before != now);
        different
            .map(|((name, before), (_, now))| format!("{name} was `{before}`, and is `{now}`"))
            .collect()
    }
}

/// Words as text; what is no UTF-8 is replaced.
pub(crate) fn as_text(words: &[OsString]) -> Vec<String> {
    words.iter().map(|word| word.to_string_lossy().into_owned()).collect()
}

/// What becomes of a journal that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExistingJournal {
    /// The study goes on if it is the same.
    GoOn,
    /// The study goes on with what fits of it.
    AcceptChanges,
    /// It is put aside.
    SetAside,
}

/// A study with its journal.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) study: Study,
    pub(crate) journal: Journal,
    /// What people should know of how it was opened, a sentence each.
    pub(crate) said: Vec<String>,
}

impl Session {
    /// Creates the journal, or goes on with it.
    ///
    /// # Errors
    /// If the journal cannot be used, or is of another study or command and changes are not accepted.
    pub(crate) fn open(
        path: &Path,
        new: impl Fn() -> Result<NewStudy, Failure>,
        note: &CommandNote,
        existing_journal: ExistingJournal,
    ) -> Result<Self, Failure> {
        let NewStudy { study, start_from } = new()?;
        let mut said = Vec::new();
        if existing_journal == ExistingJournal::SetAside {
            said.extend(set_aside(path)?);
        }
        let accepts_changes = existing_journal == ExistingJournal::AcceptChanges;
        let commands = command_differences(path, note);
        let (mut study, mut journal) = match Journal::resume(path, study) {
            Ok(opened) if commands.is_empty() || accepts_changes => opened,
            Ok(opened) => {
                drop(opened);
                said.extend(set_aside_if_nothing_completed(path, &commands)?);
                Journal::resume(path, new()?.study)?
            }
            Err(error) => {
                let found = differences(error)?;
                let is_harmless = commands.is_empty() && found.iter().all(|line| is_harmless(line));
                if !accepts_changes && !is_harmless {
                    let mut found: Vec<String> =
                        found.iter().filter_map(|line| as_option(line)).collect();
                    found.extend(commands.iter().cloned());
                    said.extend(set_aside_if_nothing_completed(path, &found)?);
                }
                resume_changed(path, new()?.study, &mut said)?
            }
        };
        said.extend(commands.into_iter().filter(|_| journal.opening().was_there));
        let before =
            journal.note(COMMAND_NOTE).and_then(|note| CommandNote::deserialize(note).ok());
        if let Some(before) = before.filter(|before| before.rules != note.rules) {
            said.push(format!("the stopping rules were {}, and are {}", before.rules, note.rules));
        }
        journal.write_note(COMMAND_NOTE, note)?;
        journal.write_note(TUNER_NOTE, std::process::id())?;
        for configuration in &start_from {
            // One that was enqueued or tried by an earlier call is known.
            let _ = study.enqueue(configuration);
        }
        journal.write(&study)?;
        said.extend(journal.opening().warnings.iter().map(|text| format!("warning: {text}")));
        said.extend(journal.opening().changes.iter().filter_map(|line| as_option(line)));
        Ok(Self { study, journal, said })
    }
}

/// In what the command of a journal that is there differs.
fn command_differences(path: &Path, note: &CommandNote) -> Vec<String> {
    let view = Journal::view(path).ok();
    let before = view.and_then(|view| CommandNote::deserialize(view.notes.get(COMMAND_NOTE)?).ok());
    before.map(|before| note.differences(&before)).unwrap_or_default()
}

/// A name for the study of before that no file has: `NAME.before-1.surmise`.
fn free_name(path: &Path) -> Result<PathBuf, Failure> {
    let name = path.to_string_lossy();
    let name = name.strip_suffix(".surmise").unwrap_or(&name);
    let numbered = |number: usize| PathBuf::from(format!("{name}.before-{number}.surmise"));
    let free = (1..1000).map(numbered).find(|aside| !aside.exists());
    free.ok_or_else(|| "there is no free name for the study of before".into())
}

/// Goes on with other ranges or settings. If trials get other numbers by that, the study of before is kept with its jobs' folders.
fn resume_changed(
    path: &Path,
    study: Study,
    said: &mut Vec<String>,
) -> Result<(Study, Journal), Failure> {
    if !path.exists() {
        return Ok(Journal::resume(path, study)?);
    }
    let aside = free_name(path)?;
    std::fs::copy(path, &aside)?;
    let (study, journal) = match Journal::resume_changed(path, study) {
        Ok(opened) => opened,
        Err(error) => {
            let _ = std::fs::remove_file(&aside);
            return Err(error.into());
        }
    };
    if journal.opening().began_anew {
        let folder = jobs_folder(path);
        if folder.exists() {
            std::fs::rename(folder, jobs_folder(&aside))?;
        }
        said.push(format!("the earlier study is kept in {}", aside.display()));
    } else {
        std::fs::remove_file(&aside)?;
    }
    Ok((study, journal))
}

/// Puts a journal and its jobs' folders aside, if they are there; where they are.
fn set_aside(path: &Path) -> Result<Option<String>, Failure> {
    if !path.exists() {
        return Ok(None);
    }
    if let Some(process) = Journal::writer(path).ok().flatten() {
        return Err(Unusable(format!("{}: process {process} writes it", path.display())).into());
    }
    let aside = free_name(path)?;
    std::fs::rename(path, &aside)?;
    let folder = jobs_folder(path);
    if folder.exists() {
        std::fs::rename(folder, jobs_folder(&aside))?;
    }
    Ok(Some(format!("the earlier study is kept in {}", aside.display())))
}

/// Puts a journal aside in which no trial has a value, because another line than the one that came to nothing is meant.
///
/// # Errors
/// The refusal of what differs, if a trial has a value.
fn set_aside_if_nothing_completed(
    path: &Path,
    differences: &[String],
) -> Result<Vec<String>, Failure> {
    let study = Journal::read(path)?;
    let nothing_completed = study.trials().iter().all(|trial| trial.value().is_none());
    if !nothing_completed || study.pending().next().is_some() {
        return Err(refusal(path, differences));
    }
    Ok(set_aside(path)?.into_iter().map(|text| format!("{text}: no job of it completed")).collect())
}

fn differences(error: Error) -> Result<Vec<String>, Error> {
    match error {
        Error::Journal(error) => match error.trouble {
            JournalTrouble::Different { differences } => Ok(differences),
            _ => Err(Error::Journal(error)),
        },
        other => Err(other),
    }
}

fn refusal(path: &Path, differences: &[String]) -> Failure {
    let differences: Vec<String> = differences.iter().map(|line| format!("\n  {line}")).collect();
    let path = path.display();
    Unusable(format!(
        "{path} is the journal of another study:{}\nGo on with the line of before, give another --name, use --accept-changes, which keeps what fits, or --fresh, which begins anew.",
        differences.concat()
    ))
    .into()
}
