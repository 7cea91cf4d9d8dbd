//! Reading a journal: its records up to the first that is not sound, and what is to be thought of the rest.
//!
//! Damage is a torn tail, left by a process or a machine that ended while it wrote, if nothing after it shows that what is damaged had
//! been on disk. It is cut off: nothing was done about a record before it was on disk. Any other damage is an error.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, BufRead};
use std::path::Path;

use super::line::{self, Line};
use super::record::{Changed, Created, Opened, Record, Search, Versions, begins_attempt};
use crate::journal_error::{JournalError, JournalTrouble};
use crate::study::Event;
use crate::trial::{StopCause, TrialId};
use serde_json::Value;

/// What a journal says.
#[derive(Debug)]
pub(super) struct Scan {
    pub(super) created_at: f64,
    /// The search as it is now.
    pub(super) search: Search,
    /// The events since the study began, with the number of each one's record.
    pub(super) events: Vec<Event>,
    pub(super) numbers: Vec<u64>,
    /// When each was written.
    pub(super) times: Vec<f64>,
    /// When the last attempt at each trial began, at the earliest.
    pub(super) begun: HashMap<TrialId, f64>,
    /// Trials that were asked to stop because the tuning was cancelled.
    cancelled: HashSet<TrialId>,
    /// Trials of a cancelled tuning whose next attempt no process has begun yet.
    waiting: HashSet<TrialId>,
    /// The last note of each name.
    pub(super) notes: BTreeMap<String, Value>,
    /// The versions of the crate that have written, in their order.
    pub(super) versions: Vec<String>,
    /// The process that opened it last.
    pub(super) process: u32,
    /// For how many seconds it has been written, by all processes together.
    pub(super) spent: f64,
    /// The number of the next record.
    pub(super) next: u64,
    /// Where it stands, after the end of the last line.
    pub(super) end: u64,
    /// Whether the last line has no end yet.
    pub(super) is_open: bool,
    /// What is wrong with what follows, if that is a torn tail.
    pub(super) torn: Option<Torn>,
}

/// What a process left that ended while it wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Torn {
    /// How many bytes.
    pub(super) bytes: u64,
    pub(super) reason: String,
}

/// The first line that is not sound.
#[derive(Debug)]
struct Damage {
    offset: u64,
    reason: String,
    /// Whether more is known than that it cannot be read: then it cannot be torn.
    is_certain: bool,
}

/// Reads a journal.
///
/// # Errors
/// If it is none, is written in a later form, or is damaged otherwise than at its end.
pub(super) fn scan(path: &Path, reader: impl BufRead) -> Result<Scan, JournalError> {
    Lines { path, reader, offset: 0, line: Vec::new() }.scan()
}

struct Lines<'p, R> {
    path: &'p Path,
    reader: R,
    /// Where the current line begins.
    offset: u64,
    line: Vec<u8>,
}

impl<R: BufRead> Lines<'_, R> {
    fn error(&self, trouble: JournalTrouble) -> JournalError {
        JournalError::new(self.path, trouble)
    }

    fn io(&self, error: &io::Error) -> JournalError {
        JournalError::refused(self.path, "read it", error)
    }

    /// Goes on to the next line; whether there is one, and whether it has an end.
    fn advance(&mut self) -> Result<Option<bool>, JournalError> {
        self.offset += self.line.len() as u64;
        self.line.clear();
        let read = self.reader.read_until(b'\n', &mut self.line);
        match read.map_err(|error| self.io(&error))? {
            0 => Ok(None),
            _ => Ok(Some(self.line.ends_with(b"\n"))),
        }
    }

    fn current(&self) -> Result<Line<'_>, String> {
        line::read(self.line.strip_suffix(b"\n").unwrap_or(&self.line))
    }

    fn scan(mut self) -> Result<Scan, JournalError> {
        let mut scan = self.first()?;
        let mut begun = scan.created_at;
        let mut damage = None;
        let mut last = begun;
        while let Some(has_end) = self.advance()? {
            let taken = match self.current() {
                Ok(line) if line.label.seq == scan.next => {
                    let time = line.label.time;
                    let is_opened = line.event == "opened";
                    if let Some((version, written_by)) = written_later(&line) {
                        return Err(self.error(JournalTrouble::Newer { version, written_by }));
                    }
                    match scan.take(&line) {
                        Ok(()) => {
                            if is_opened {
                                scan.spent += (last - begun).max(0.0);
                                begun = time;
                            }
                            last = time;
                            Ok(())
                        }
                        Err(reason) => Err((reason, true)),
                    }
                }
                Ok(line) => Err(misplaced(&line, scan.next)),
                Err(reason) => Err((reason, false)),
            };
            match taken {
                Ok(()) => {
                    scan.next += 1;
                    scan.end = self.offset + self.line.len() as u64;
                    scan.is_open = !has_end;
                }
                Err((reason, is_certain)) => {
                    damage = Some(Damage { offset: self.offset, reason, is_certain });
                    break;
                }
            }
        }
        scan.spent += (last - begun).max(0.0);
        if let Some(damage) = damage {
            scan.torn = Some(self.judge(damage, scan.next)?);
        }
        Ok(scan)
    }

    /// The record that a journal begins with.
    fn first(&mut self) -> Result<Scan, JournalError> {
        let none = |reason: &str| JournalTrouble::NoJournal { reason: reason.to_owned() };
        let Some(_) = self.advance()? else { return Err(self.error(none("it is empty"))) };
        let (line, path) = (self.current(), self.path);
        let line = line.map_err(|reason| match self.line.starts_with(b"{\"seq\":0,") {
            true => self.error(JournalTrouble::Damaged { offset: 0, reason }),
            false => self.error(JournalTrouble::NoJournal { reason }),
        })?;
        if line.label.seq != 0 || line.event != "created" {
            let reason = "it does not begin with the record `created`";
            return Err(JournalError::new(
                path,
                JournalTrouble::Damaged { offset: 0, reason: reason.to_owned() },
            ));
        }
        let unreadable = |error: serde_json::Error| {
            let reason = error.to_string();
            JournalError::new(path, JournalTrouble::Damaged { offset: 0, reason })
        };
        let versions: Versions = serde_json::from_str(line.text).map_err(unreadable)?;
        if let Some((version, written_by)) = versions.later() {
            return Err(self.error(JournalTrouble::Newer { version, written_by }));
        }
        let created: Created = serde_json::from_str(line.text).map_err(unreadable)?;
        if created.search.hashes() != created.hashes {
            return Err(self.error(JournalTrouble::Damaged {
                offset: 0,
                reason: "a part of the search has another hash than is written".to_owned(),
            }));
        }
        let time = line.label.time;
        Ok(Scan {
            search: created.search.clone(),
            events: Vec::new(),
            numbers: Vec::new(),
            times: Vec::new(),
            begun: HashMap::new(),
            cancelled: HashSet::new(),
            waiting: HashSet::new(),
            created_at: time,
            notes: BTreeMap::new(),
            versions: vec![created.process.surmise.clone()],
            process: created.process.process,
            spent: created.spent,
            next: 1,
            end: self.line.len() as u64,
            is_open: !self.line.ends_with(b"\n"),
            torn: None,
        })
    }

    /// What damage is, by what follows it.
    fn judge(&mut self, damage: Damage, next: u64) -> Result<Torn, JournalError> {
        let Damage { offset, reason, is_certain } = damage;
        let mut is_proven = is_certain;
        while self.advance()?.is_some() {
            if let Ok(line) = self.current() {
                // What is damaged is at least the next record. It cannot be torn if it was on disk before another one was written,
                // nor if it stands, whole, after what is damaged.
                is_proven |= line.label.seq <= next || line.label.last_durable() >= Some(next);
            }
        }
        if is_proven {
            return Err(self.error(JournalTrouble::Damaged { offset, reason }));
        }
        Ok(Torn { bytes: self.offset - offset, reason })
    }
}

/// What is wrong with a sound line that is out of turn; whether a record that was on disk is missing or there twice.
fn misplaced(line: &Line<'_>, next: u64) -> (String, bool) {
    let seq = line.label.seq;
    if seq < next {
        return (format!("record {seq} is there once more, in the place of record {next}"), true);
    }
    let was_durable = line.label.last_durable() >= Some(next);
    (format!("record {next} is missing: {seq} follows {}", next - 1), was_durable)
}

/// The version of the form, if a process of a later one goes on from this line.
pub(super) fn written_later(line: &Line<'_>) -> Option<(u32, String)> {
    let opened = Some(line).filter(|line| line.event == "opened")?;
    serde_json::from_str::<Versions>(opened.text).ok()?.later()
}

impl Scan {
    fn take(&mut self, line: &Line<'_>) -> Result<(), String> {
        let unreadable = |error: serde_json::Error| error.to_string();
        if !Record::is_named(line.event) {
            let event: Event = serde_json::from_str(line.text).map_err(unreadable)?;
            self.track_attempts(&event, line.label.time);
            self.events.push(event);
            self.numbers.push(line.label.seq);
            self.times.push(line.label.time);
            return Ok(());
        }
        match serde_json::from_str(line.text).map_err(unreadable)? {
            Record::Created(_) => return Err("a journal is created once".to_owned()),
            Record::Opened(Opened { process, .. }) => {
                self.begun.extend(self.waiting.drain().map(|trial| (trial, line.label.time)));
                self.process = process.process;
                self.versions.push(process.surmise);
            }
            Record::Changed(changed) => self.change(*changed)?,
            Record::Noted { name, note } => {
                self.notes.insert(name, note);
            }
        }
        Ok(())
    }

    /// Takes note of attempts that begin with an event, and of those that do not.
    fn track_attempts(&mut self, event: &Event, time: f64) {
        if let Event::StopAsked { trial, cause: StopCause::Cancelled } = event {
            self.cancelled.insert(*trial);
        }
        let Some(trial) = begins_attempt(event) else { return };
        if self.cancelled.remove(&trial) && matches!(event, Event::AttemptFailed { .. }) {
            self.begun.remove(&trial);
            self.waiting.insert(trial);
        } else {
            self.waiting.remove(&trial);
            self.begun.insert(trial, time);
        }
    }

    fn change(&mut self, changed: Changed) -> Result<(), String> {
        if changed.search.hashes() != changed.hashes {
            return Err("a part of the search has another hash than is written".to_owned());
        }
        if changed.anew {
            self.events.clear();
            self.numbers.clear();
            self.times.clear();
            self.begun.clear();
            self.cancelled.clear();
            self.waiting.clear();
        }
        self.search = changed.search;
        Ok(())
    }
}
