//! Removes records that do not count any more.

use std::fs::File;
use std::io::BufReader;

use super::clock::{monotonic_now, unix_time};
use super::record::{Created, Opened, Record};
use super::rewrite::Rewrite;
use super::scan::scan;
use super::storage::LockedFile;
use super::writer::Journal;
use crate::error::Error;
use crate::journal_error::{JournalError, JournalErrorKind};
use crate::study::EventSink;

impl Journal {
    /// Rewrites the journal without records that do not count any more.
    ///
    /// These are the events before a study was [started again](Self::resume_changed), notes that
    /// later notes have replaced, and the records of processes that opened it. The study stays the
    /// same, to the last event. If the process ends meanwhile, the former file is intact.
    ///
    /// # Errors
    /// [`Error::Journal`] if the file cannot be read or written, or if another program has changed
    /// or replaced it.
    pub fn compact(&mut self) -> Result<(), Error> {
        self.flush()?;
        if !self.storage.is_path_current() {
            return Err(self.error(JournalErrorKind::Replaced).into());
        }
        let path = self.path.clone();
        let file = File::open(&path).map_err(|error| JournalError::io(&path, "open it", &error))?;
        let scan = scan(&path, BufReader::new(file))?;
        if scan.torn_tail.is_some()
            || scan.next_seq != self.next_seq
            || scan.end_offset != self.durable_end
        {
            let reason = "another program has changed the file".to_owned();
            let kind = JournalErrorKind::Damaged { offset: scan.end_offset, reason };
            return Err(self.error(kind).into());
        }
        let spent = self.time_spent();
        let created = Created { spent: spent.as_secs_f64(), ..Created::new(scan.search) };
        let mut rewrite = Rewrite::begin(&path, created)?;
        for (event, time) in scan.events.iter().zip(&scan.times) {
            rewrite.append(*time, event)?;
        }
        // This process may begin attempts after these events.
        rewrite.append(unix_time(), &Record::Opened(Opened::now()))?;
        for (name, note) in scan.notes {
            rewrite.append(unix_time(), &Record::Noted { name, note })?;
        }
        let rewritten = rewrite.finish()?;
        self.storage = Box::new(LockedFile::new(rewritten.file, &path));
        (self.next_seq, self.durable_seq) = (rewritten.next_seq, rewritten.next_seq.checked_sub(1));
        self.durable_end = rewritten.length;
        (self.earlier_time_spent, self.opened_at) = (spent, monotonic_now());
        Ok(())
    }
}
