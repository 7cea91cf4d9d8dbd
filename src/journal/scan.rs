//! Reads a journal up to its first invalid record, and judges the bytes after it.
//!
//! Damage is a torn tail if no later line shows that the damaged record had been on disk. A process
//! or machine that ends while it writes leaves a torn tail. It can be cut off, because the tuner
//! acts on a record only once it is on disk. Any other damage is an error.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, BufRead};
use std::path::Path;

use super::line::{self, Line};
use super::record::{
    Changed, Created, Opened, Record, SearchDescription, Versions, started_attempt,
};
use crate::journal_error::{JournalError, JournalErrorKind};
use crate::study::Event;
use crate::trial::{StopCause, TrialId};
use serde_json::Value;

/// The contents of a journal.
#[derive(Debug)]
pub(super) struct ScannedJournal {
    pub(super) created_at: f64,
    /// The search, after all changes.
    pub(super) search: SearchDescription,
    /// The events since the study began.
    pub(super) events: Vec<Event>,
    /// The number of each event's record.
    pub(super) seqs: Vec<u64>,
    /// The time of each event.
    pub(super) times: Vec<f64>,
    /// The earliest time at which the last attempt at each trial may have begun.
    pub(super) attempt_starts: HashMap<TrialId, f64>,
    /// Trials that got a stop request because the tuning was cancelled.
    cancelled: HashSet<TrialId>,
    /// Trials of a cancelled tuning whose next attempt no process has begun yet.
    waiting_for_retry: HashSet<TrialId>,
    /// The last note with each name.
    pub(super) notes: BTreeMap<String, Value>,
    /// The versions of this crate that have written, in their order.
    pub(super) versions: Vec<String>,
    /// The ID of the process that opened the journal last.
    pub(super) process: u32,
    /// The time in seconds that processes have tuned, from their first records to their last ones.
    pub(super) spent: f64,
    /// The number of the next record.
    pub(super) next_seq: u64,
    /// The offset of the end of the last valid line, in bytes.
    pub(super) end_offset: u64,
    /// True if the last valid line has no newline yet.
    pub(super) lacks_newline: bool,
    /// The torn tail after the last valid line, if there is one.
    pub(super) torn_tail: Option<TornTail>,
}

/// Incomplete bytes at the end of the file, from a process that ended while it wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TornTail {
    /// The number of torn bytes.
    pub(super) length: u64,
    pub(super) reason: String,
}

/// The first invalid line.
#[derive(Debug)]
struct Damage {
    offset: u64,
    reason: String,
    /// True if the line is intact but cannot follow the lines before it, so it is not torn.
    is_certain: bool,
}

/// Reads a journal.
///
/// # Errors
/// [`JournalError`] if it is no journal, has a later format, or is damaged elsewhere than at its
/// end.
pub(super) fn scan(path: &Path, reader: impl BufRead) -> Result<ScannedJournal, JournalError> {
    LineScanner { path, reader, offset: 0, line: Vec::new() }.scan()
}

struct LineScanner<'p, R> {
    path: &'p Path,
    reader: R,
    /// The offset of the current line, in bytes.
    offset: u64,
    line: Vec<u8>,
}

impl<R: BufRead> LineScanner<'_, R> {
    fn error(&self, kind: JournalErrorKind) -> JournalError {
        JournalError::new(self.path, kind)
    }

    fn read_error(&self, error: &io::Error) -> JournalError {
        JournalError::io(self.path, "read it", error)
    }

    /// Reads the next line. Returns whether it has a newline; `None` at the end.
    fn advance(&mut self) -> Result<Option<bool>, JournalError> {
        self.offset += self.line.len() as u64;
        self.line.clear();
        let read = self.reader.read_until(b'\n', &mut self.line);
        match read.map_err(|error| self.read_error(&error))? {
            0 => Ok(None),
            _ => Ok(Some(self.line.ends_with(b"\n"))),
        }
    }

    fn parse_line(&self) -> Result<Line<'_>, String> {
        line::read(self.line.strip_suffix(b"\n").unwrap_or(&self.line))
    }

    fn scan(mut self) -> Result<ScannedJournal, JournalError> {
        let mut scan = self.read_header()?;
        let mut process_start = scan.created_at;
        let mut damage = None;
        let mut last = process_start;
        while let Some(has_newline) = self.advance()? {
            let added = match self.parse_line() {
                Ok(line) if line.label.seq == scan.next_seq => {
                    let time = line.label.time;
                    let is_opened = line.event == "opened";
                    if let Some((version, written_by)) = newer_version_of(&line) {
                        return Err(
                            self.error(JournalErrorKind::NewerVersion { version, written_by })
                        );
                    }
                    match scan.add_record(&line) {
                        Ok(()) => {
                            if is_opened {
                                scan.spent += (last - process_start).max(0.0);
                                process_start = time;
                            }
                            last = time;
                            Ok(())
                        }
                        Err(reason) => Err((reason, true)),
                    }
                }
                Ok(line) => Err(describe_misplaced(&line, scan.next_seq)),
                Err(reason) => Err((reason, false)),
            };
            match added {
                Ok(()) => {
                    scan.next_seq += 1;
                    scan.end_offset = self.offset + self.line.len() as u64;
                    scan.lacks_newline = !has_newline;
                }
                Err((reason, is_certain)) => {
                    damage = Some(Damage { offset: self.offset, reason, is_certain });
                    break;
                }
            }
        }
        scan.spent += (last - process_start).max(0.0);
        if let Some(damage) = damage {
            scan.torn_tail = Some(self.classify_damage(damage, scan.next_seq)?);
        }
        Ok(scan)
    }

    /// Reads the first record of the journal.
    fn read_header(&mut self) -> Result<ScannedJournal, JournalError> {
        let not_a_journal =
            |reason: &str| JournalErrorKind::NotAJournal { reason: reason.to_owned() };
        let Some(_) = self.advance()? else { return Err(self.error(not_a_journal("it is empty"))) };
        let (line, path) = (self.parse_line(), self.path);
        let line = line.map_err(|reason| match self.line.starts_with(b"{\"seq\":0,") {
            true => self.error(JournalErrorKind::Damaged { offset: 0, reason }),
            false => self.error(JournalErrorKind::NotAJournal { reason }),
        })?;
        if line.label.seq != 0 || line.event != "created" {
            let reason = "it does not begin with the record `created`";
            return Err(JournalError::new(
                path,
                JournalErrorKind::Damaged { offset: 0, reason: reason.to_owned() },
            ));
        }
        let unreadable = |error: serde_json::Error| {
            let reason = error.to_string();
            JournalError::new(path, JournalErrorKind::Damaged { offset: 0, reason })
        };
        let versions: Versions = serde_json::from_str(line.text).map_err(unreadable)?;
        if let Some((version, written_by)) = versions.newer_version() {
            return Err(self.error(JournalErrorKind::NewerVersion { version, written_by }));
        }
        let created: Created = serde_json::from_str(line.text).map_err(unreadable)?;
        if created.search.hashes() != created.hashes {
            return Err(self.error(JournalErrorKind::Damaged {
                offset: 0,
                reason: "the hash of the search does not match".to_owned(),
            }));
        }
        let time = line.label.time;
        Ok(ScannedJournal {
            search: created.search.clone(),
            events: Vec::new(),
            seqs: Vec::new(),
            times: Vec::new(),
            attempt_starts: HashMap::new(),
            cancelled: HashSet::new(),
            waiting_for_retry: HashSet::new(),
            created_at: time,
            notes: BTreeMap::new(),
            versions: vec![created.process.surmise.clone()],
            process: created.process.process,
            spent: created.spent,
            next_seq: 1,
            end_offset: self.line.len() as u64,
            lacks_newline: !self.line.ends_with(b"\n"),
            torn_tail: None,
        })
    }

    /// Returns the torn tail, or an error if the lines after the damage show that it is not torn.
    fn classify_damage(&mut self, damage: Damage, next_seq: u64) -> Result<TornTail, JournalError> {
        let Damage { offset, reason, is_certain } = damage;
        let mut is_proven = is_certain;
        while self.advance()?.is_some() {
            if let Ok(line) = self.parse_line() {
                // The damage begins with record `next_seq`. It is not torn if a later line shows
                // that this record was on disk, or if an intact copy of the record follows the
                // damage.
                is_proven |=
                    line.label.seq <= next_seq || line.label.last_durable() >= Some(next_seq);
            }
        }
        if is_proven {
            return Err(self.error(JournalErrorKind::Damaged { offset, reason }));
        }
        Ok(TornTail { length: self.offset - offset, reason })
    }
}

/// Describes a valid line with a wrong number.
///
/// Returns the description, and whether a record that was on disk is missing or repeated.
fn describe_misplaced(line: &Line<'_>, next_seq: u64) -> (String, bool) {
    let seq = line.label.seq;
    if seq < next_seq {
        return (format!("record {seq} is repeated in the place of record {next_seq}"), true);
    }
    let was_durable = line.label.last_durable() >= Some(next_seq);
    (format!("record {next_seq} is missing: {seq} follows {}", next_seq - 1), was_durable)
}

/// Returns the versions of format and crate, if a later version continues the journal from this
/// line.
pub(super) fn newer_version_of(line: &Line<'_>) -> Option<(u32, String)> {
    let opened = Some(line).filter(|line| line.event == "opened")?;
    serde_json::from_str::<Versions>(opened.text).ok()?.newer_version()
}

impl ScannedJournal {
    fn add_record(&mut self, line: &Line<'_>) -> Result<(), String> {
        let unreadable = |error: serde_json::Error| error.to_string();
        if !Record::is_named(line.event) {
            let event: Event = serde_json::from_str(line.text).map_err(unreadable)?;
            self.track_attempts(&event, line.label.time);
            self.events.push(event);
            self.seqs.push(line.label.seq);
            self.times.push(line.label.time);
            return Ok(());
        }
        match serde_json::from_str(line.text).map_err(unreadable)? {
            Record::Created(_) => return Err("the record `created` is repeated".to_owned()),
            Record::Opened(Opened { process, .. }) => {
                self.attempt_starts
                    .extend(self.waiting_for_retry.drain().map(|trial| (trial, line.label.time)));
                self.process = process.process;
                self.versions.push(process.surmise);
            }
            Record::Changed(changed) => self.apply_change(*changed)?,
            Record::Noted { name, note } => {
                self.notes.insert(name, note);
            }
        }
        Ok(())
    }

    /// Updates which attempts have begun, after an event.
    fn track_attempts(&mut self, event: &Event, time: f64) {
        if let Event::StopRequested { trial, cause: StopCause::Cancelled } = event {
            self.cancelled.insert(*trial);
        }
        let Some(trial) = started_attempt(event) else { return };
        if self.cancelled.remove(&trial) && matches!(event, Event::AttemptFailed { .. }) {
            self.attempt_starts.remove(&trial);
            self.waiting_for_retry.insert(trial);
        } else {
            self.waiting_for_retry.remove(&trial);
            self.attempt_starts.insert(trial, time);
        }
    }

    fn apply_change(&mut self, changed: Changed) -> Result<(), String> {
        if changed.search.hashes() != changed.hashes {
            return Err("the hash of the search does not match".to_owned());
        }
        if changed.is_restarted {
            self.events.clear();
            self.seqs.clear();
            self.times.clear();
            self.attempt_starts.clear();
            self.cancelled.clear();
            self.waiting_for_retry.clear();
        }
        self.search = changed.search;
        Ok(())
    }
}
