//! The error type of journals, with one kind for each cause.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// An error of a journal: the path of its file, and the kind of the error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalError {
    /// Path of the journal's file.
    pub path: PathBuf,
    /// The kind of error.
    pub kind: JournalErrorKind,
}

/// The kind of a [`JournalError`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum JournalErrorKind {
    /// A file with this name already exists.
    AlreadyExists,
    /// The file does not exist.
    NotFound,
    /// Another process, or another part of this process, has the journal open for writing.
    Locked {
        /// ID of the process that opened the journal last; `None` if it is unknown.
        process: Option<u32>,
    },
    /// The file does not start like a journal.
    NotAJournal {
        /// The difference from a journal, as text for the user.
        reason: String,
    },
    /// A later version of this crate wrote the journal, in a format that this version cannot read.
    NewerVersion {
        /// The version of the format.
        version: u32,
        /// The version of the crate that wrote the journal.
        written_by: String,
    },
    /// A record that was durable is damaged, missing or duplicated.
    Damaged {
        /// Offset of the record in bytes from the start of the file.
        offset: u64,
        /// The damage, as text for the user.
        reason: String,
    },
    /// The first record, which describes the study, cannot be read.
    UnreadableHeader {
        /// The cause, as text for the user.
        reason: String,
    },
    /// A valid record contradicts the records before it.
    InconsistentRecord {
        /// Sequence number of the record.
        seq: u64,
        /// The contradiction, as text for the user.
        reason: String,
    },
    /// The study differs from the study that the journal was written for.
    DifferentStudy {
        /// The differences, one text each: the setting, its value in the journal and its new value.
        differences: Vec<String>,
    },
    /// The journal was written with a custom strategy, which this crate cannot create.
    CustomStrategy {
        /// Name of the strategy.
        name: String,
    },
    /// The events of the study do not continue the events in the journal.
    OutOfSync {
        /// The difference, as text for the user.
        reason: String,
    },
    /// The file was deleted or replaced while the journal was open.
    Replaced,
    /// The operating system reported an error.
    Io {
        /// The action that failed, such as `read it`.
        action: &'static str,
        /// The kind of I/O error, such as [`StorageFull`](io::ErrorKind::StorageFull).
        kind: io::ErrorKind,
        /// The message of the operating system.
        reason: String,
    },
}

impl JournalError {
    /// Creates an error of this kind for the journal at this path.
    pub fn new(path: &Path, kind: JournalErrorKind) -> Self {
        Self { path: path.to_owned(), kind }
    }

    /// Creates the error for a study that cannot be written as JSON.
    #[cfg(unix)]
    pub(crate) fn not_serializable(path: &Path, error: &serde_json::Error) -> Self {
        Self::io(path, "write the study as JSON", &io::Error::other(error.to_string()))
    }

    /// Creates an [`Io`](JournalErrorKind::Io) error for an action that failed.
    pub fn io(path: &Path, action: &'static str, error: &io::Error) -> Self {
        let (kind, reason) = (error.kind(), error.to_string());
        Self::new(path, JournalErrorKind::Io { action, kind, reason })
    }
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "journal {}: {}", self.path.display(), self.kind)
    }
}

impl std::error::Error for JournalError {}

impl fmt::Display for JournalErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyExists => {
                f.write_str("the file already exists; resume the journal, or use another name")
            }
            Self::NotFound => {
                f.write_str("the file does not exist; check the name, or create the journal")
            }
            Self::Locked { process } => write!(
                f,
                "{} has it open for writing; wait until that process exits, or open the journal \
                 read-only",
                process.map_or("another process".to_owned(), |number| format!("process {number}"))
            ),
            Self::NotAJournal { reason } => {
                write!(f, "the file is not a journal: {reason}; use another name")
            }
            Self::NewerVersion { version, written_by } => write!(
                f,
                "it has format version {version}, written by surmise {written_by}; use that \
                 version of surmise or a later one"
            ),
            Self::Damaged { offset, reason } => write!(
                f,
                "it is damaged at byte {offset}: {reason}; repair it with Journal::repair, which \
                 keeps the damaged file and lists what is lost"
            ),
            Self::UnreadableHeader { reason } => write!(
                f,
                "{reason}; repair it with Journal::repair_for, which takes the description of the \
                 study from the program"
            ),
            Self::InconsistentRecord { seq, reason } => write!(
                f,
                "record {seq} contradicts the records before it: {reason}; repair the journal with \
                 Journal::repair, which keeps the damaged file and lists what is lost"
            ),
            Self::DifferentStudy { differences } => write!(
                f,
                "it was written for a different study: {}; restore the earlier settings, use \
                 another name, or accept the changes with Journal::resume_changed",
                differences.join("; ")
            ),
            Self::CustomStrategy { name } => write!(
                f,
                "it was written with the custom strategy `{name}`; resume it with the program that \
                 defines that strategy"
            ),
            Self::OutOfSync { reason } => write!(
                f,
                "the study is not the one in the journal: {reason}; use a separate journal for \
                 each study"
            ),
            Self::Replaced => {
                f.write_str("the file was deleted or replaced while it was open; restore it")
            }
            Self::Io { action, reason, kind } => {
                write!(f, "cannot {action}: {reason}{}", io_remedy(*kind))
            }
        }
    }
}

/// Returns the remedy for an error of the operating system; empty if none is known.
fn io_remedy(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "; free some disk space",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "; give the user write permission, or use another name"
        }
        _ => "",
    }
}
