//! Journals: files that record a study, so that a later process can resume it.
//!
//! A [`Journal`] is a file of lines, one JSON object each. The first line describes the search, and
//! each further line is an event of the [`Study`](crate::Study). Lines are only appended; each has
//! a number and a checksum. `docs/journal.md` describes the format, and `examples/read_journal.py`
//! reads it in Python.
//!
//! - [`Journal::resume`] creates a journal or continues it; [`Journal::open`] continues it without
//!   the program that wrote it.
//! - [`Journal::view`] and [`Journal::read`] read it while another process writes.
//! - [`Tuner::journal_to`](crate::Tuner::journal_to) makes each event durable before the tuner acts
//!   on it. If you ask and tell by hand, call [`Journal::write`] after each call.
//! - [`Journal::repair`] repairs a damaged journal as far as possible, and lists what is lost.
//!   [`Journal::compact`] drops records that do not count any more.
//! - The operating system locks the file while the journal is open; the lock ends with the process.
//!
//! Journals exist on Unix only.

mod clock;
mod differences;
mod line;
mod storage;
mod record;

mod scan;
mod writer;

mod existing;

mod changed_search;

mod open;
mod view;

mod rewrite;

mod compaction;
mod salvage;

mod repair;

#[cfg(test)]
mod tests;

pub use self::record::JOURNAL_VERSION;
pub use self::repair::RepairSummary;
pub use self::view::JournalView;
pub use self::writer::{Journal, OpenSummary};
pub use crate::journal_error::{JournalError, JournalErrorKind};
