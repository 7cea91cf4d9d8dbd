//! A study that outlives its process: its events in a file, from which it goes on exactly as if nothing had happened.
//!
//! A [`Journal`] is a file of lines, one JSON object each: what is searched, and then every event of the [`Study`](crate::Study). A line is only ever
//! appended; each has a number and a checksum. Its form is told in `docs/journal.md`, and `examples/read_journal.py` reads it in
//! another language.
//!
//! - [`Journal::resume`] creates it or goes on with it, [`Journal::open`] goes on without the program that wrote it, [`Journal::read`] looks at it while
//!   another process writes.
//! - [`Tuner::keep_in`](crate::Tuner::keep_in) has each event durable before anything is done about it. Who asks and tells by hand calls [`Journal::write`]
//!   after each.
//! - [`Journal::repair`] mends a damaged one as far as it can be, and says what is lost; [`Journal::compact`] leaves out what does not count any more.
//! - The file is locked as long as the journal is open, by the operating system: the lock ends with the process.
//!
//! There are journals on Unix only.

mod clock;
mod differences;
mod line;
mod medium;
mod record;

mod scan;
mod sink;

mod found;

mod changes;

mod opening;
mod view;

mod rewriting;

mod compaction;
mod salvage;

mod repair;

#[cfg(test)]
mod tests;

pub use self::record::JOURNAL_VERSION;
pub use self::repair::Repair;
pub use self::sink::{Journal, Opening};
pub use self::view::JournalView;
pub use crate::journal_error::{JournalError, JournalTrouble};
