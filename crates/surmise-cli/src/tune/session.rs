//! Opening the journal of a tuning, new or of before.

use std::ffi::OsString;
use std::path::Path;

use serde::{Deserialize, Serialize};
use surmise::journal::{Journal, JournalTrouble};
use surmise::{Error, Study};

use crate::journal_notes::{NOTE, TUNER};
use crate::output::{Failure, Unusable};
use crate::study::NewStudy;

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
}

impl CommandNote {
    /// A line for each difference.
    fn differences(&self, before: &Self) -> Vec<String> {
        let parts = |note: &Self| {
            [
                ("command", note.command.join(" ")),
                ("pass", note.pass.clone()),
                ("metric", note.metric.clone()),
                ("jobs' folder", note.jobs.clone()),
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

/// A study with its journal.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) study: Study,
    pub(crate) journal: Journal,
    /// What people should know of how it was opened, a sentence each.
    pub(crate) said: Vec<String>,
}

/// Whether a difference changes neither what is proposed nor what it means: limits may be raised at any time.
fn is_harmless(difference: &str) -> bool {
    difference.starts_with("settings.limits.")
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
        accepts_changes: bool,
    ) -> Result<Self, Failure> {
        let NewStudy { study, start_from } = new()?;
        let mut said = Vec::new();
        let commands = command_differences(path, note);
        let (mut study, mut journal) = match Journal::resume(path, study) {
            Ok(_) if !commands.is_empty() && !accepts_changes => {
                return Err(refusal(path, &commands));
            }
            Ok(opened) => opened,
            Err(error) => {
                let mut differences = differences(error)?;
                let is_harmless =
                    commands.is_empty() && differences.iter().all(|line| is_harmless(line));
                if !accepts_changes && !is_harmless {
                    differences.extend(commands);
                    return Err(refusal(path, &differences));
                }
                Journal::resume_changed(path, new()?.study)?
            }
        };
        said.extend(commands);
        journal.write_note(NOTE, note)?;
        journal.write_note(TUNER, std::process::id())?;
        if study.events().is_empty() {
            for configuration in &start_from {
                study.enqueue(configuration)?;
            }
            journal.write(&study)?;
        }
        said.extend(journal.opening().warnings.iter().map(|text| format!("warning: {text}")));
        said.extend(journal.opening().changes.iter().cloned());
        Ok(Self { study, journal, said })
    }
}

/// In what the command of a journal that is there differs.
fn command_differences(path: &Path, note: &CommandNote) -> Vec<String> {
    let view = Journal::view(path).ok();
    let before = view.and_then(|view| CommandNote::deserialize(view.notes.get(NOTE)?).ok());
    before.map(|before| note.differences(&before)).unwrap_or_default()
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
        "{path} is the journal of another study:{}\nGo on with the line of before, give another --name, or use --accept-changes, which keeps what fits.",
        differences.concat()
    ))
    .into()
}
