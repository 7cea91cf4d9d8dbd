//! Names of the notes in a journal and of the job folders beside it.

use std::path::{Path, PathBuf};

/// Returns the folder that contains one folder for each job.
///
/// Beside `NAME.surmise` it is `NAME.jobs`. Beside a journal `FILE` with another extension it is
/// `FILE.jobs`.
pub(crate) fn jobs_folder(journal: &Path) -> PathBuf {
    if journal.extension().is_some_and(|extension| extension == "surmise") {
        return journal.with_extension("jobs");
    }
    let mut name = journal.as_os_str().to_owned();
    name.push(".jobs");
    PathBuf::from(name)
}

/// Key of the note with the command that runs the study's jobs.
pub(crate) const COMMAND_NOTE: &str = "command";
/// Key of the note with the identifier of the last tuning process.
pub(crate) const TUNER_NOTE: &str = "tuner";
