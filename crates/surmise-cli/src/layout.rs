//! Names that the command uses in and beside a journal: its notes, and the folders of the jobs.

use std::path::{Path, PathBuf};

/// The folder of the jobs' folders: `NAME.jobs` beside `NAME.surmise`; beside a journal of another name, its whole name with `.jobs`.
pub(crate) fn jobs_folder(journal: &Path) -> PathBuf {
    if journal.extension().is_some_and(|extension| extension == "surmise") {
        return journal.with_extension("jobs");
    }
    let mut name = journal.as_os_str().to_owned();
    name.push(".jobs");
    PathBuf::from(name)
}

/// What runs the study's jobs.
pub(crate) const COMMAND_NOTE: &str = "command";
/// The number of the process that tuned last.
pub(crate) const TUNER_NOTE: &str = "tuner";
