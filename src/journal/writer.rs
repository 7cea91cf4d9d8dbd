//! Writes the events of a study to the journal's file.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Value;

use super::clock::{monotonic_now, unix_time};
use super::line::{self, Label};
use super::record::{Created, Record, SearchDescription, started_attempt};
use super::storage::Storage;
use crate::error::Error;
use crate::journal_error::{JournalError, JournalErrorKind};
use crate::study::{Event, EventSink, Study};
use crate::trial::TrialId;

/// Interval since the last sync after which a write also makes reports durable.
pub(super) const SYNC_INTERVAL: Duration = Duration::from_secs(1);

/// A file with the events of a study, which one process writes.
///
/// Keep a journal if a tuning may be interrupted: by Ctrl-C, a kill, or a power failure. The
/// program opens the journal at its start, and continues with the study in it. It then proposes
/// what an uninterrupted run would have proposed.
///
/// ```
/// use surmise::journal::Journal;
/// use surmise::{
///     AskOutcome, Error, Objective, Outcome, ParameterRange, RandomSearch, ScalingType,
///     SearchSpace, Study, StudySettings,
/// };
///
/// # let folder = std::env::temp_dir().join(format!("surmise-journal-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).unwrap();
/// # let path = folder.join("run.surmise");
/// let new_study = || {
///     let range = ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear);
///     let space = SearchSpace::new([range])?;
///     Study::new(space, Objective::minimize("loss"), RandomSearch, StudySettings::default())
/// };
/// // Creates the file if it does not exist, and continues with its study if it does.
/// let (mut study, mut journal) = Journal::resume(&path, new_study()?)?;
/// let AskOutcome::Trials(trials) = study.ask(1)? else { unreachable!("x is continuous") };
/// journal.write(&study)?; // durable before the job starts
/// study.tell(trials[0].id, Outcome::from(trials[0].configuration.float("x")))?;
/// journal.write(&study)?;
/// drop(journal);
///
/// // Any process may read it, even while a process writes.
/// assert_eq!(Journal::read(&path)?.trials(), study.trials());
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok::<(), Error>(())
/// ```
///
/// With a [`Tuner`](crate::Tuner), pass the journal by [`journal_to`](crate::Tuner::journal_to);
/// the tuner then calls [`write`](Self::write) itself.
///
/// # Which function opens a journal?
///
/// - [`create`](Self::create) makes a new file, and returns an error if it exists.
/// - [`resume`](Self::resume) creates it or continues it, and returns an error if the study differs
///   from the journal's.
/// - [`resume_changed`](Self::resume_changed) continues it with another search, and keeps the
///   trials that fit.
/// - [`open`](Self::open) continues it without the program that wrote it, if its strategy is one of
///   this crate's.
/// - [`view`](Self::view) and [`read`](Self::read) only read it.
///
/// # Common mistakes
///
/// - *`write` is not called after `ask`.* After a crash, the trial of a running job is unknown, and
///   its result is lost.
/// - *`resume` gets a study with trials.* It needs a new study, and returns an error of kind
///   [`OutOfSync`](JournalErrorKind::OutOfSync) otherwise.
/// - *Two processes write the same journal.* The second one gets an error of kind
///   [`Locked`](JournalErrorKind::Locked).
/// - *The range of a parameter is changed.* `resume` returns an error of kind
///   [`DifferentStudy`](JournalErrorKind::DifferentStudy) with each difference; `resume_changed`
///   accepts it.
///
/// If the file is damaged, [`repair`](Self::repair) it. The guide has a chapter on [saving and
/// resuming](crate::guide::save_and_resume).
#[derive(Debug)]
pub struct Journal {
    pub(super) path: PathBuf,
    pub(super) storage: Box<dyn Storage>,
    pub(super) search: SearchDescription,
    /// The number of the next record.
    pub(super) next_seq: u64,
    /// The number of the last record that is known to be on disk.
    pub(super) durable_seq: Option<u64>,
    /// The length of the file that is known to be on disk, in bytes.
    pub(super) durable_end: u64,
    /// The bytes that follow `durable_end`. After a failed write, they are written again from their
    /// start.
    pub(super) unsynced: Vec<u8>,
    /// The number of unsynced bytes that the operating system has received.
    pub(super) written_len: usize,
    /// True if the unsynced bytes must be durable before the tuner acts on them.
    pub(super) is_urgent: bool,
    pub(super) synced_at: Instant,
    /// True once the search of the study was found to match that of the journal.
    pub(super) is_checked: bool,
    /// The number of events that are in the file or in `unsynced`.
    pub(super) written_events: usize,
    /// The last of those events, as it was written.
    pub(super) last_event: Option<String>,
    pub(super) attempt_starts: HashMap<TrialId, f64>,
    /// Trials whose last attempt an earlier process began.
    pub(super) earlier_attempts: HashSet<TrialId>,
    pub(super) notes: BTreeMap<String, Value>,
    /// The time that processes tuned before this one opened the journal.
    pub(super) earlier_time_spent: Duration,
    pub(super) opened_at: Instant,
    pub(super) open_summary: OpenSummary,
}

/// The result of opening a journal: see [`Journal::open_summary`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenSummary {
    /// True if the journal existed already.
    pub is_resumed: bool,
    /// Warnings, one sentence each.
    ///
    /// For instance a torn line that was cut off, a file system without locks, or an earlier
    /// version of this crate with other proposals.
    pub warnings: Vec<String>,
    /// The file with the torn last line, if one was cut off.
    pub torn_line_copy: Option<PathBuf>,
    /// The accepted changes of the search, one line each.
    pub changes: Vec<String>,
    /// True if the changes made the study start again. Its trials then have new numbers, and
    /// earlier trials that fit are observations.
    pub is_restarted: bool,
}

/// Returns an event as JSON. Events are compared in this form, because NaN differs from itself.
pub(super) fn serialize_event(event: &Event) -> String {
    serde_json::to_string(event).unwrap_or_default()
}

impl Journal {
    /// Creates a journal on an empty storage.
    pub(super) fn new(
        path: &Path,
        storage: Box<dyn Storage>,
        search: SearchDescription,
        open_summary: OpenSummary,
    ) -> Result<Self, Error> {
        let mut journal = Self {
            path: path.to_owned(),
            storage,
            search: search.clone(),
            next_seq: 0,
            durable_seq: None,
            durable_end: 0,
            unsynced: Vec::new(),
            written_len: 0,
            is_urgent: true,
            synced_at: monotonic_now(),
            is_checked: false,
            written_events: 0,
            last_event: None,
            attempt_starts: HashMap::new(),
            earlier_attempts: HashSet::new(),
            notes: BTreeMap::new(),
            earlier_time_spent: Duration::ZERO,
            opened_at: monotonic_now(),
            open_summary,
        };
        journal.append(&Record::Created(Box::new(Created::new(search))))?;
        journal.flush()?;
        Ok(journal)
    }

    /// Returns the path of the journal's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the result of opening the journal: warnings, accepted changes, a torn line.
    pub fn open_summary(&self) -> &OpenSummary {
        &self.open_summary
    }

    /// Returns the last note with this name.
    pub fn note(&self, name: &str) -> Option<&Value> {
        self.notes.get(name)
    }

    /// Writes a note, which replaces an earlier note of the same name, and returns when it is
    /// durable.
    ///
    /// Use notes for state of an evaluator that a later process needs, such as the job time that it
    /// has spent.
    ///
    /// # Errors
    /// [`Error::Journal`] if the note is not durable. A further write tries again.
    pub fn write_note(&mut self, name: &str, note: impl Serialize) -> Result<(), Error> {
        let note = serde_json::to_value(note).map_err(|error| self.not_serializable(&error))?;
        self.notes.insert(name.to_owned(), note.clone());
        self.is_urgent = true;
        self.append(&Record::Noted { name: name.to_owned(), note })?;
        Ok(self.flush()?)
    }

    /// Writes all events of the study that are not written yet, and returns when they are durable.
    ///
    /// Reports of running trials become durable with the next event of another kind, with a write
    /// at least one second later, or by [`sync`](Self::sync).
    ///
    /// # Errors
    /// [`Error::Journal`] if the events are not durable; a further write tries again. Its kind is
    /// [`OutOfSync`](JournalErrorKind::OutOfSync) if the study is not the one of this journal.
    pub fn write(&mut self, study: &Study) -> Result<(), Error> {
        let events = study.events();
        self.check_study(study)?;
        let now = unix_time();
        for event in &events[self.written_events..] {
            if let Some(trial) = started_attempt(event) {
                self.attempt_starts.insert(trial, now);
                self.earlier_attempts.remove(&trial);
            }
            self.is_urgent |= !matches!(event, Event::Reported { .. });
            self.append(event)?;
            self.written_events += 1;
        }
        if let Some(last) = events.last() {
            self.last_event = Some(serialize_event(last));
        }
        if self.is_urgent || self.synced_at.elapsed() >= SYNC_INTERVAL {
            return Ok(self.flush()?);
        }
        Ok(self.write_pending()?)
    }

    /// Makes everything durable that was written.
    ///
    /// # Errors
    /// [`Error::Journal`] if it is not durable.
    pub fn sync(&mut self) -> Result<(), Error> {
        Ok(self.flush()?)
    }

    /// Checks that this is the study of the journal, by its search and the last written event.
    fn check_study(&mut self, study: &Study) -> Result<(), Error> {
        // Before the first event, only the search distinguishes one study from another.
        if !self.is_checked || self.written_events == 0 {
            let search = SearchDescription::from_study(study);
            let search =
                search.map_err(|error| JournalError::not_serializable(&self.path, &error))?;
            let differences = self.search.differences(&search);
            if !differences.is_empty() {
                let reason = format!("it has another search: {}", differences.join("; "));
                return Err(self.error(JournalErrorKind::OutOfSync { reason }).into());
            }
            self.is_checked = true;
        }
        let events = study.events();
        let found = self.written_events.checked_sub(1).map(|last| events.get(last));
        let reason = match found {
            None => return Ok(()),
            Some(None) => {
                format!("it has {} events, and the journal {}", events.len(), self.written_events)
            }
            Some(found) if found.map(serialize_event) == self.last_event => return Ok(()),
            Some(_) => {
                format!("its event {} differs from the one in the journal", self.written_events)
            }
        };
        Err(self.error(JournalErrorKind::OutOfSync { reason }).into())
    }

    pub(super) fn error(&self, kind: JournalErrorKind) -> JournalError {
        JournalError::new(&self.path, kind)
    }

    fn not_serializable(&self, error: &serde_json::Error) -> JournalError {
        JournalError::io(
            &self.path,
            "write a record as JSON",
            &std::io::Error::other(error.to_string()),
        )
    }

    /// Adds a record to the unsynced bytes.
    pub(super) fn append(&mut self, record: &impl Serialize) -> Result<(), JournalError> {
        let is_next = self.next_seq.checked_sub(1) == self.durable_seq;
        let durable = if is_next { None } else { self.durable_seq };
        let label = Label { seq: self.next_seq, time: unix_time(), durable };
        line::write(&mut self.unsynced, label, record)
            .map_err(|error| self.not_serializable(&error))?;
        self.next_seq += 1;
        Ok(())
    }

    /// Passes the unsynced bytes to the operating system.
    fn write_pending(&mut self) -> Result<(), JournalError> {
        let from = self.written_len;
        let pending = &self.unsynced[from..];
        if pending.is_empty() {
            return Ok(());
        }
        let written = self.storage.write_at(self.durable_end + from as u64, pending);
        // After a failed write, it is unknown which bytes were written.
        self.written_len = if written.is_ok() { self.unsynced.len() } else { 0 };
        written.map_err(|error| JournalError::io(&self.path, "write", &error))
    }

    /// Makes the unsynced bytes durable.
    pub(super) fn flush(&mut self) -> Result<(), JournalError> {
        if self.unsynced.is_empty() {
            return Ok(());
        }
        if !self.storage.is_path_current() {
            return Err(self.error(JournalErrorKind::Replaced));
        }
        self.write_pending()?;
        if let Err(error) = self.storage.sync() {
            // After a failed sync, it is unknown which bytes are on disk: they are written again.
            self.written_len = 0;
            return Err(JournalError::io(&self.path, "write to the disk", &error));
        }
        self.durable_end += self.unsynced.len() as u64;
        self.durable_seq = self.next_seq.checked_sub(1);
        self.unsynced.clear();
        self.written_len = 0;
        self.is_urgent = false;
        self.synced_at = monotonic_now();
        Ok(())
    }
}

impl EventSink for Journal {
    fn persist(&mut self, study: &Study) -> Result<(), Error> {
        self.write(study)
    }

    fn persist_note(&mut self, name: &str, note: &Value) -> Result<(), Error> {
        if self.notes.get(name) == Some(note) {
            return self.sync();
        }
        self.write_note(name, note)
    }

    fn time_spent(&self) -> Duration {
        self.earlier_time_spent.saturating_add(self.opened_at.elapsed())
    }

    fn attempt_age(&self, trial: TrialId) -> Option<Duration> {
        let start = self.attempt_starts.get(&trial)?;
        Duration::try_from_secs_f64((unix_time() - start).max(0.0)).ok()
    }

    fn is_from_earlier_process(&self, trial: TrialId) -> bool {
        self.earlier_attempts.contains(&trial)
    }
}

impl Drop for Journal {
    /// Makes reports durable. An error here matters only if the machine crashes.
    fn drop(&mut self) {
        let _ = self.flush();
    }
}
