//! Writing: the events of a study, each durable when it is said to be.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Value;

use super::clock::{moment, now};
use super::line::{self, Label};
use super::medium::Medium;
use super::record::{Created, Record, Search, begins_attempt};
use crate::error::Error;
use crate::journal_error::{JournalError, JournalTrouble};
use crate::study::{Event, Sink, Study};
use crate::trial::TrialId;

/// A write that comes this long after the last sync makes reports durable, too.
pub(super) const GROUP: Duration = Duration::from_secs(1);

/// The events of a study in a file, which one process writes: see [the module](super).
#[derive(Debug)]
pub struct Journal {
    pub(super) path: PathBuf,
    pub(super) medium: Box<dyn Medium>,
    pub(super) search: Search,
    /// The number of the next record.
    pub(super) next: u64,
    /// The last record that is known to be on disk.
    pub(super) durable: Option<u64>,
    /// How far the file is known to be on disk.
    pub(super) durable_end: u64,
    /// What is to follow that. A failed write leaves it as it is, and is made again from there.
    pub(super) lines: Vec<u8>,
    /// How much of it the operating system has.
    pub(super) handed_over: usize,
    /// Whether there is anything in it that must be durable before it is acted on.
    pub(super) is_urgent: bool,
    pub(super) synced: Instant,
    /// Whether the study has been seen to be the journal's.
    pub(super) is_checked: bool,
    /// How many events of the study are in the file or in `lines`, and the last of them as it is written.
    pub(super) events: usize,
    pub(super) last: Option<String>,
    pub(super) begun: HashMap<TrialId, f64>,
    /// Trials whose last attempt an earlier process began.
    pub(super) from_before: HashSet<TrialId>,
    pub(super) notes: BTreeMap<String, Value>,
    /// For how long earlier processes have written it.
    pub(super) spent: Duration,
    pub(super) opened: Instant,
    pub(super) opening: Opening,
}

/// What was found when a journal was opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Opening {
    /// Whether it was there already.
    pub was_there: bool,
    /// What is not as it should be, one sentence each: a torn tail that was cut off and kept aside, a file system without locks, an earlier
    /// version of the crate whose proposals were others.
    pub warnings: Vec<String>,
    /// Where a torn tail is kept.
    pub torn: Option<PathBuf>,
    /// What was accepted as changed, one line each.
    pub changes: Vec<String>,
    /// Whether the study began anew by that: its trials have other numbers, and what fits of the earlier ones is among its observations.
    pub began_anew: bool,
}

/// An event as it is written: numbers that are not finite are not the same as themselves otherwise.
pub(super) fn written(event: &Event) -> String {
    serde_json::to_string(event).unwrap_or_default()
}

impl Journal {
    /// A journal on an empty medium.
    pub(super) fn new(
        path: &Path,
        medium: Box<dyn Medium>,
        search: Search,
        opening: Opening,
    ) -> Result<Self, Error> {
        let mut journal = Self {
            path: path.to_owned(),
            medium,
            search: search.clone(),
            next: 0,
            durable: None,
            durable_end: 0,
            lines: Vec::new(),
            handed_over: 0,
            is_urgent: true,
            synced: moment(),
            is_checked: false,
            events: 0,
            last: None,
            begun: HashMap::new(),
            from_before: HashSet::new(),
            notes: BTreeMap::new(),
            spent: Duration::ZERO,
            opened: moment(),
            opening,
        };
        journal.append(&Record::Created(Box::new(Created::of(search))))?;
        journal.flush()?;
        Ok(journal)
    }

    /// The journal's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What was found when it was opened.
    pub fn opening(&self) -> &Opening {
        &self.opening
    }

    /// The last note of this name.
    pub fn note(&self, name: &str) -> Option<&Value> {
        self.notes.get(name)
    }

    /// Writes a note that takes the place of any earlier one of its name: what an evaluator wants to find again, such as a bill. Returns when
    /// it is durable.
    ///
    /// # Errors
    /// [`Error::Journal`] if it is not; to write again tries again.
    pub fn write_note(&mut self, name: &str, note: impl Serialize) -> Result<(), Error> {
        let note = serde_json::to_value(note).map_err(|error| self.unwritable(&error))?;
        self.notes.insert(name.to_owned(), note.clone());
        self.is_urgent = true;
        self.append(&Record::Noted { name: name.to_owned(), note })?;
        Ok(self.flush()?)
    }

    /// Writes all events of the study that are not written yet, and returns when they are durable. Reports of running trials are handed to the
    /// operating system at once; they become durable with the next event of another kind, with a write a second or more later, or by [`sync`](Self::sync).
    ///
    /// # Errors
    /// [`Error::Journal`] if they are not durable, with [`JournalTrouble::OutOfStep`] if the study is not the one that is recorded here. To write again
    /// tries again.
    pub fn write(&mut self, study: &Study) -> Result<(), Error> {
        let events = study.events();
        self.check_step(study)?;
        let now = now();
        for event in &events[self.events..] {
            if let Some(trial) = begins_attempt(event) {
                self.begun.insert(trial, now);
                self.from_before.remove(&trial);
            }
            self.is_urgent |= !matches!(event, Event::Reported { .. });
            self.append(event)?;
            self.events += 1;
        }
        if let Some(last) = events.last() {
            self.last = Some(written(last));
        }
        if self.is_urgent || self.synced.elapsed() >= GROUP {
            return Ok(self.flush()?);
        }
        Ok(self.hand_over()?)
    }

    /// Returns when all that was written is durable.
    ///
    /// # Errors
    /// [`Error::Journal`] if it is not.
    pub fn sync(&mut self) -> Result<(), Error> {
        Ok(self.flush()?)
    }

    /// Whether this is the study of the journal, as far as its search and the last written event tell.
    fn check_step(&mut self, study: &Study) -> Result<(), Error> {
        // Where nothing is written yet, no event tells one study from another.
        if !self.is_checked || self.events == 0 {
            let search = Search::of(study);
            let search = search.map_err(|error| JournalError::unwritable(&self.path, &error))?;
            let differences = self.search.differences(&search);
            if !differences.is_empty() {
                let reason = format!("it searches something else: {}", differences.join("; "));
                return Err(self.error(JournalTrouble::OutOfStep { reason }).into());
            }
            self.is_checked = true;
        }
        let events = study.events();
        let found = self.events.checked_sub(1).map(|last| events.get(last));
        let reason = match found {
            None => return Ok(()),
            Some(None) => {
                format!("it has {} events, and {} are written", events.len(), self.events)
            }
            Some(found) if found.map(written) == self.last => return Ok(()),
            Some(_) => format!("its event {} is another one than is written", self.events),
        };
        Err(self.error(JournalTrouble::OutOfStep { reason }).into())
    }

    pub(super) fn error(&self, trouble: JournalTrouble) -> JournalError {
        JournalError::new(&self.path, trouble)
    }

    fn unwritable(&self, error: &serde_json::Error) -> JournalError {
        JournalError::refused(
            &self.path,
            "write a record as JSON",
            &std::io::Error::other(error.to_string()),
        )
    }

    /// Adds a record to what is to be written.
    pub(super) fn append(&mut self, record: &impl Serialize) -> Result<(), JournalError> {
        let is_next = self.next.checked_sub(1) == self.durable;
        let durable = if is_next { None } else { self.durable };
        let label = Label { seq: self.next, time: now(), durable };
        line::write(&mut self.lines, label, record).map_err(|error| self.unwritable(&error))?;
        self.next += 1;
        Ok(())
    }

    /// Gives what is to be written to the operating system.
    fn hand_over(&mut self) -> Result<(), JournalError> {
        let from = self.handed_over;
        let rest = &self.lines[from..];
        if rest.is_empty() {
            return Ok(());
        }
        let written = self.medium.write_at(self.durable_end + from as u64, rest);
        // Of a failed write, nothing is known.
        self.handed_over = if written.is_ok() { self.lines.len() } else { 0 };
        written.map_err(|error| JournalError::refused(&self.path, "write", &error))
    }

    /// Makes what is to be written durable.
    pub(super) fn flush(&mut self) -> Result<(), JournalError> {
        if self.lines.is_empty() {
            return Ok(());
        }
        if !self.medium.is_in_place() {
            return Err(self.error(JournalTrouble::Replaced));
        }
        self.hand_over()?;
        if let Err(error) = self.medium.sync() {
            // Of what was handed over, nothing is known: it is written once more.
            self.handed_over = 0;
            return Err(JournalError::refused(&self.path, "write to the disk", &error));
        }
        self.durable_end += self.lines.len() as u64;
        self.durable = self.next.checked_sub(1);
        self.lines.clear();
        self.handed_over = 0;
        self.is_urgent = false;
        self.synced = moment();
        Ok(())
    }
}

impl Sink for Journal {
    fn keep(&mut self, study: &Study) -> Result<(), Error> {
        self.write(study)
    }

    fn note(&mut self, name: &str, note: &Value) -> Result<(), Error> {
        if self.notes.get(name) == Some(note) {
            return self.sync();
        }
        self.write_note(name, note)
    }

    fn spent(&self) -> Duration {
        self.spent.saturating_add(self.opened.elapsed())
    }

    fn age(&self, trial: TrialId) -> Option<Duration> {
        let begun = self.begun.get(&trial)?;
        Duration::try_from_secs_f64((now() - begun).max(0.0)).ok()
    }

    fn is_from_before(&self, trial: TrialId) -> bool {
        self.from_before.contains(&trial)
    }
}

impl Drop for Journal {
    /// Reports that are not durable yet shall be; what fails now is lost to a crash only.
    fn drop(&mut self) {
        let _ = self.flush();
    }
}
