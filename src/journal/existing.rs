//! An existing journal: locked, read, and with its torn last line cut off.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::clock::monotonic_now;
use super::record::{Opened, Record};
use super::scan::{ScannedJournal, scan};
use super::storage::{LockedFile, Storage, is_same_file, path_with_suffix, sync_parent_folder};
use super::writer::{Journal, OpenSummary, serialize_event};
use crate::error::Error;
use crate::journal_error::{JournalError, JournalErrorKind};
use crate::process_group::process_exists;
use crate::study::{Event, Study};

/// How long to wait for a lock if the process that held it has ended.
const LOCK_WAIT: Duration = Duration::from_secs(2);
/// How long to wait for a lock that this process holds, before the second opening is an error.
const SAME_PROCESS_LOCK_WAIT: Duration = Duration::from_millis(300);
/// How often to try a lock again.
const LOCK_POLL_INTERVAL: Duration = Duration::from_millis(5);

/// An existing journal, which this process has locked.
pub(super) struct ExistingJournal {
    file: File,
    pub(super) scan: ScannedJournal,
    warnings: Vec<String>,
}

impl ExistingJournal {
    pub(super) fn open(path: &Path) -> Result<Self, JournalError> {
        let (file, warnings) = open_locked(path)?;
        Self::read(path, file, warnings)
    }

    /// Reads the journal from a locked file.
    pub(super) fn read(
        path: &Path,
        file: File,
        warnings: Vec<String>,
    ) -> Result<Self, JournalError> {
        let scan = scan(path, BufReader::new(&file))?;
        Ok(Self { file, scan, warnings })
    }

    /// Continues the journal with a study of the same search.
    pub(super) fn resume(
        self,
        path: &Path,
        study: &mut Study,
        open_summary: OpenSummary,
    ) -> Result<Journal, Error> {
        let mut existing = self;
        let events = std::mem::take(&mut existing.scan.events);
        replay(path, study, events, &existing.scan.seqs)?;
        let mut journal = existing.into_journal(path, open_summary)?;
        journal.mark_written(study);
        journal.append(&Record::Opened(Opened::now()))?;
        journal.flush()?;
        Ok(journal)
    }

    /// Returns the journal for writing. A torn last line has been cut off, and no record is added.
    pub(super) fn into_journal(
        self,
        path: &Path,
        mut open_summary: OpenSummary,
    ) -> Result<Journal, Error> {
        let Self { file, scan, warnings } = self;
        open_summary.is_resumed = true;
        open_summary.warnings = warnings;
        open_summary.warnings.extend(version_warning(&scan.versions));
        let mut end = scan.end_offset;
        let mut storage = LockedFile::new(file, path);
        let io_error = |error: io::Error| JournalError::io(path, "repair its last line", &error);
        if let Some(torn) = &scan.torn_tail {
            let copy = cut_off_torn_line(path, &mut storage, end).map_err(io_error)?;
            open_summary.warnings.push(format!(
                "the last {} bytes were cut off, because a process or machine ended while writing \
                 them ({}); they are kept in {}",
                torn.length,
                torn.reason,
                copy.display()
            ));
            open_summary.torn_line_copy = Some(copy);
        }
        if scan.lacks_newline {
            storage.write_at(end, b"\n").and_then(|()| storage.sync()).map_err(io_error)?;
            end += 1;
        }
        // Later records say that the earlier ones are on disk, so make sure that they are.
        storage.sync().map_err(io_error)?;
        let synced_at = monotonic_now();
        Ok(Journal {
            path: path.to_owned(),
            storage: Box::new(storage),
            search: scan.search,
            next_seq: scan.next_seq,
            durable_seq: scan.next_seq.checked_sub(1),
            durable_end: end,
            unsynced: Vec::new(),
            written_len: 0,
            is_urgent: true,
            synced_at,
            is_checked: false,
            written_events: 0,
            last_event: None,
            earlier_attempts: scan.attempt_starts.keys().copied().collect(),
            attempt_starts: scan.attempt_starts,
            notes: scan.notes,
            earlier_time_spent: Duration::try_from_secs_f64(scan.spent).unwrap_or_default(),
            opened_at: monotonic_now(),
            open_summary,
        })
    }
}

impl Journal {
    /// Marks all events of the study as written.
    pub(super) fn mark_written(&mut self, study: &Study) {
        self.written_events = study.events().len();
        self.last_event = study.events().last().map(serialize_event);
    }
}

/// Appends the events of a journal to a study. `seqs` are the numbers of their records.
pub(super) fn replay(
    path: &Path,
    study: &mut Study,
    events: Vec<Event>,
    seqs: &[u64],
) -> Result<(), Error> {
    study.extend(events).map_err(|error| match error {
        Error::InvalidEvent { index, reason } => {
            let seq = seqs.get(index).copied().unwrap_or_default();
            JournalError::new(path, JournalErrorKind::InconsistentRecord { seq, reason }).into()
        }
        other => other,
    })
}

/// Opens and locks the file at a path. Returns the file and warnings.
pub(super) fn open_locked(path: &Path) -> Result<(File, Vec<String>), JournalError> {
    loop {
        let file = OpenOptions::new().read(true).write(true).open(path);
        let file = file.map_err(|error| open_error(path, &error))?;
        let warnings = lock(path, &file)?;
        // The process that held the lock may have replaced the file before it released the lock.
        if is_same_file(path, &file) {
            return Ok((file, warnings));
        }
    }
}

/// Locks a file for as long as it is open. Returns warnings.
pub(super) fn lock(path: &Path, file: &File) -> Result<Vec<String>, JournalError> {
    let start = monotonic_now();
    let locked = loop {
        let locked = file.try_lock();
        let Err(TryLockError::WouldBlock) = locked else { break locked };
        let reader = File::open(path).map(BufReader::new);
        let process =
            reader.ok().and_then(|reader| scan(path, reader).ok()).map(|scan| scan.process);
        // A child process inherits the lock, and holds it until it executes its program, even if
        // its parent is killed or closes the journal meanwhile.
        let max_wait = match process {
            Some(process) if process == std::process::id() => SAME_PROCESS_LOCK_WAIT,
            Some(process) if process_exists(process) => Duration::ZERO,
            _ => LOCK_WAIT,
        };
        if start.elapsed() >= max_wait {
            return Err(JournalError::new(path, JournalErrorKind::Locked { process }));
        }
        thread::sleep(LOCK_POLL_INTERVAL);
    };
    match locked.map_err(io::Error::from) {
        Ok(()) => Ok(Vec::new()),
        Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(vec![format!(
            "the file system of {} has no locks, so another process could write the same journal; \
             run only one process at a time",
            path.display()
        )]),
        Err(error) => Err(JournalError::io(path, "lock it", &error)),
    }
}

pub(super) fn open_error(path: &Path, error: &io::Error) -> JournalError {
    match error.kind() {
        io::ErrorKind::NotFound => JournalError::new(path, JournalErrorKind::NotFound),
        _ => JournalError::io(path, "open it", error),
    }
}

/// Copies the bytes beyond the last valid record into a file, and cuts them off.
fn cut_off_torn_line(path: &Path, storage: &mut LockedFile, end: u64) -> io::Result<PathBuf> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(end))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    let copy = write_copy(path, &format!(".torn-{end}"), &tail)?;
    storage.truncate(end)?;
    storage.sync()?;
    Ok(copy)
}

/// Writes bytes durably to a file next to the journal, under an unused name.
pub(super) fn write_copy(path: &Path, suffix: &str, bytes: &[u8]) -> io::Result<PathBuf> {
    let new_path = unused_path(path, suffix);
    fs::write(&new_path, bytes)?;
    File::open(&new_path)?.sync_all()?;
    sync_parent_folder(&new_path)?;
    Ok(new_path)
}

/// Returns an unused path next to the journal.
fn unused_path(path: &Path, suffix: &str) -> PathBuf {
    let first = path_with_suffix(path, suffix);
    let numbered = (2..).map(|n: u32| path_with_suffix(path, &format!("{suffix}-{n}")));
    std::iter::once(first)
        .chain(numbered)
        .find(|candidate| !candidate.exists())
        .unwrap_or_else(|| path_with_suffix(path, suffix))
}

/// Returns a warning if another version of this crate has written the journal.
fn version_warning(versions: &[String]) -> Option<String> {
    let this = env!("CARGO_PKG_VERSION");
    let last = versions.last().filter(|last| *last != this)?;
    Some(format!(
        "the journal was written by surmise {last}, and this is {this}; \"Proposals change\" in \
         CHANGELOG.md says whether the same seed still gives the same proposals"
    ))
}
