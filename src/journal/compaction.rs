//! Leaving out what does not count any more.

use std::fs::File;
use std::io::BufReader;

use super::clock::{moment, now};
use super::medium::Locked;
use super::record::{Created, Opened, Record};
use super::rewriting::Rewriting;
use super::scan::scan;
use super::sink::Journal;
use crate::error::Error;
use crate::journal_error::{JournalError, JournalTrouble};
use crate::study::Sink;

impl Journal {
    /// Writes the journal anew without what does not count any more: the events of a study that was [begun anew](Self::resume_changed), notes
    /// that others of their name have followed, who opened it when. The study is the same to the last event. If the
    /// process ends meanwhile, the journal is there as it was.
    ///
    /// # Errors
    /// [`Error::Journal`] if it cannot be read or written.
    pub fn compact(&mut self) -> Result<(), Error> {
        self.flush()?;
        if !self.medium.is_in_place() {
            return Err(self.error(JournalTrouble::Replaced).into());
        }
        let path = self.path.clone();
        let file =
            File::open(&path).map_err(|error| JournalError::refused(&path, "open it", &error))?;
        let scan = scan(&path, BufReader::new(file))?;
        if scan.torn.is_some() || scan.next != self.next || scan.end != self.durable_end {
            let reason = "it is not as it was written: something else has changed it".to_owned();
            let trouble = JournalTrouble::Damaged { offset: scan.end, reason };
            return Err(self.error(trouble).into());
        }
        let spent = self.spent();
        let created = Created { spent: spent.as_secs_f64(), ..Created::of(scan.search) };
        let mut rewriting = Rewriting::begin(&path, created)?;
        for (event, time) in scan.events.iter().zip(&scan.times) {
            rewriting.record(*time, event)?;
        }
        // This process may begin attempts after these events.
        rewriting.record(now(), &Record::Opened(Opened::now()))?;
        for (name, note) in scan.notes {
            rewriting.record(now(), &Record::Noted { name, note })?;
        }
        let rewritten = rewriting.finish()?;
        self.medium = Box::new(Locked::new(rewritten.file, &path));
        (self.next, self.durable) = (rewritten.next, rewritten.next.checked_sub(1));
        self.durable_end = rewritten.length;
        (self.spent, self.opened) = (spent, moment());
        Ok(())
    }
}
