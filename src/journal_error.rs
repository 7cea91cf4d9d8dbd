//! What can be wrong with a journal.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What is wrong with the journal at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalError {
    /// The journal's file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub trouble: JournalTrouble,
}

/// What can be wrong with a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum JournalTrouble {
    /// There is a file of this name already.
    Exists,
    /// There is none.
    Missing,
    /// Another process, or another part of this one, writes it.
    Locked {
        /// The process that opened it last, by its number; `None` if the journal does not tell.
        process: Option<u32>,
    },
    /// The file does not begin as a journal does.
    NoJournal {
        /// What was found instead.
        reason: String,
    },
    /// A later version of this crate wrote it, in a form that this one does not know.
    Newer {
        /// The version of the form.
        version: u32,
        /// The version of the crate.
        written_by: String,
    },
    /// A record that had been on disk is damaged, missing, or there twice.
    Damaged {
        /// Where it begins, in bytes from the start of the file.
        offset: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// Nothing tells what is searched.
    NoSearch {
        /// Why.
        reason: String,
    },
    /// A sound record cannot follow the records before it.
    Impossible {
        /// Its number.
        seq: u64,
        /// Why.
        reason: String,
    },
    /// The search is not the one that the journal was written for.
    Different {
        /// One line for each difference: where, what the journal has, what is given now.
        differences: Vec<String>,
    },
    /// The journal was written with a strategy that is not one of this crate's.
    OwnStrategy {
        /// Its name.
        name: String,
    },
    /// The events of a study do not continue those of the journal.
    OutOfStep {
        /// In what they differ.
        reason: String,
    },
    /// The file was deleted, or another one has taken its place.
    Replaced,
    /// The operating system refused to read or write.
    Refused {
        /// What was being done.
        doing: &'static str,
        /// The kind of error: [`StorageFull`](io::ErrorKind::StorageFull), for instance.
        kind: io::ErrorKind,
        /// The error in the system's words.
        reason: String,
    },
}

impl JournalError {
    /// This trouble with the journal at this path.
    pub fn new(path: &Path, trouble: JournalTrouble) -> Self {
        Self { path: path.to_owned(), trouble }
    }

    /// A search that cannot be written as JSON.
    #[cfg(unix)]
    pub(crate) fn unwritable(path: &Path, error: &serde_json::Error) -> Self {
        Self::refused(path, "write the search as JSON", &io::Error::other(error.to_string()))
    }

    /// An error of the operating system.
    pub fn refused(path: &Path, doing: &'static str, error: &io::Error) -> Self {
        let (kind, reason) = (error.kind(), error.to_string());
        Self::new(path, JournalTrouble::Refused { doing, kind, reason })
    }
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "journal {}: {}", self.path.display(), self.trouble)
    }
}

impl std::error::Error for JournalError {}

impl fmt::Display for JournalTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exists => f.write_str(
                "there is a file of this name already; resume it, or give another name",
            ),
            Self::Missing => f.write_str("there is no such file; create it, or check the name"),
            Self::Locked { process: Some(process) } => write!(
                f,
                "process {process} writes it; wait until that ends, or only read the journal"
            ),
            Self::Locked { process: None } => {
                f.write_str("another process writes it; wait until that ends, or only read the journal")
            }
            Self::NoJournal { reason } => {
                write!(f, "the file is no journal of this crate: {reason}; give another name")
            }
            Self::Newer { version, written_by } => write!(
                f,
                "it is written in form {version}, by surmise {written_by}; use that version of surmise or a later one"
            ),
            Self::Damaged { offset, reason } => write!(
                f,
                "damaged at byte {offset}: {reason}; Journal::repair keeps the damaged file aside and says what is lost"
            ),
            Self::NoSearch { reason } => write!(
                f,
                "{reason}; Journal::repair_for takes what is searched from the study that the program would begin with"
            ),
            Self::Impossible { seq, reason } => write!(
                f,
                "record {seq} cannot follow the records before it: {reason}; Journal::repair keeps the file aside and says what is lost"
            ),
            Self::Different { differences } => write!(
                f,
                "it was written for another search: {}; go on as before, give another name, or accept the changes (Journal::resume_changed)",
                differences.join("; ")
            ),
            Self::OwnStrategy { name } => write!(
                f,
                "it was written with the strategy `{name}`, which is not one of this crate; resume it in the program that has it"
            ),
            Self::OutOfStep { reason } => write!(
                f,
                "the study is not the one that it records: {reason}; write each study into its own journal"
            ),
            Self::Replaced => f.write_str(
                "the file was deleted, or another one has taken its place, while it was written; put it back",
            ),
            Self::Refused { doing, reason, kind } => {
                write!(f, "cannot {doing}: {reason}")?;
                match kind {
                    io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                        f.write_str("; make room on the disk")
                    }
                    io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                        f.write_str("; allow this user to write there, or give another name")
                    }
                    _ => Ok(()),
                }
            }
        }
    }
}
