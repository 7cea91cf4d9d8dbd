//! A journal that is there: locked, read, and with its torn tail cut off.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::clock::moment;
use super::medium::{Locked, Medium, beside, is_at, sync_folder_of};
use super::record::{Opened, Record};
use super::scan::{Scan, scan};
use super::sink::{Journal, Opening, written};
use crate::error::Error;
use crate::journal_error::{JournalError, JournalTrouble};
use crate::process_group::is_there;
use crate::study::{Event, Study};

/// How long a lock is waited for whose process has ended, and how often it is looked.
const INHERITED: Duration = Duration::from_secs(2);
/// The same for a lock that this process had: a second opening is an error soon.
const INHERITED_FROM_THIS: Duration = Duration::from_millis(300);
const LOOK: Duration = Duration::from_millis(5);

/// A journal that is there, and locked.
pub(super) struct Found {
    file: File,
    pub(super) scan: Scan,
    warnings: Vec<String>,
}

impl Found {
    pub(super) fn open(path: &Path) -> Result<Self, JournalError> {
        let (file, warnings) = open_locked(path)?;
        Self::read(path, file, warnings)
    }

    /// The journal in a file that is locked.
    pub(super) fn read(
        path: &Path,
        file: File,
        warnings: Vec<String>,
    ) -> Result<Self, JournalError> {
        let scan = scan(path, BufReader::new(&file))?;
        Ok(Self { file, scan, warnings })
    }

    /// Goes on, with a study of the same search.
    pub(super) fn go_on(
        self,
        path: &Path,
        study: &mut Study,
        opening: Opening,
    ) -> Result<Journal, Error> {
        let mut found = self;
        let events = std::mem::take(&mut found.scan.events);
        replay(path, study, events, &found.scan.numbers)?;
        let mut journal = found.journal(path, opening)?;
        journal.in_step_with(study);
        journal.append(&Record::Opened(Opened::now()))?;
        journal.flush()?;
        Ok(journal)
    }

    /// The journal, with a torn tail cut off, but nothing written yet.
    pub(super) fn journal(self, path: &Path, mut opening: Opening) -> Result<Journal, Error> {
        let Self { file, scan, warnings } = self;
        opening.was_there = true;
        opening.warnings = warnings;
        opening.warnings.extend(version_warning(&scan.versions));
        let mut end = scan.end;
        let mut medium = Locked::new(file, path);
        let refused = |error: io::Error| JournalError::refused(path, "mend its end", &error);
        if let Some(torn) = &scan.torn {
            let kept = keep_aside(path, &mut medium, end).map_err(refused)?;
            opening.warnings.push(format!(
                "the last {} bytes were cut off, as a process or machine leaves them that ends while it writes ({}); they are kept in {}",
                torn.bytes, torn.reason, kept.display()
            ));
            opening.torn = Some(kept);
        }
        if scan.is_open {
            medium.write_at(end, b"\n").and_then(|()| medium.sync()).map_err(refused)?;
            end += 1;
        }
        // What an earlier process has handed over is on disk before a label says so.
        medium.sync().map_err(refused)?;
        let synced = moment();
        Ok(Journal {
            path: path.to_owned(),
            medium: Box::new(medium),
            search: scan.search,
            next: scan.next,
            durable: scan.next.checked_sub(1),
            durable_end: end,
            lines: Vec::new(),
            handed_over: 0,
            is_urgent: true,
            synced,
            is_checked: false,
            events: 0,
            last: None,
            from_before: scan.begun.keys().copied().collect(),
            begun: scan.begun,
            notes: scan.notes,
            spent: Duration::try_from_secs_f64(scan.spent).unwrap_or_default(),
            opened: moment(),
            opening,
        })
    }
}

impl Journal {
    /// All events of the study are written.
    pub(super) fn in_step_with(&mut self, study: &Study) {
        self.events = study.events().len();
        self.last = study.events().last().map(written);
    }
}

/// Takes the events of a journal in.
pub(super) fn replay(
    path: &Path,
    study: &mut Study,
    events: Vec<Event>,
    numbers: &[u64],
) -> Result<(), Error> {
    study.extend(events).map_err(|error| match error {
        Error::BadEvent { index, reason } => {
            let seq = numbers.get(index).copied().unwrap_or_default();
            JournalError::new(path, JournalTrouble::Impossible { seq, reason }).into()
        }
        other => other,
    })
}

/// Opens and locks the file that is at a path; what to be warned of.
pub(super) fn open_locked(path: &Path) -> Result<(File, Vec<String>), JournalError> {
    loop {
        let file = OpenOptions::new().read(true).write(true).open(path);
        let file = file.map_err(|error| missing_or(path, &error))?;
        let warnings = lock(path, &file)?;
        // Between the two, the process that had the lock may have put another file in the place of this one.
        if is_at(path, &file) {
            return Ok((file, warnings));
        }
    }
}

/// Locks the file as long as it is open; what to be warned of.
pub(super) fn lock(path: &Path, file: &File) -> Result<Vec<String>, JournalError> {
    let begun = moment();
    let locked = loop {
        let locked = file.try_lock();
        let Err(TryLockError::WouldBlock) = locked else { break locked };
        let reader = File::open(path).map(BufReader::new);
        let process =
            reader.ok().and_then(|reader| scan(path, reader).ok()).map(|scan| scan.process);
        // Of a process that was killed, or has closed the journal, while it started another one, that one has the lock until it has become itself.
        let patience = match process {
            Some(process) if process == std::process::id() => INHERITED_FROM_THIS,
            Some(process) if is_there(process) => Duration::ZERO,
            _ => INHERITED,
        };
        if begun.elapsed() >= patience {
            return Err(JournalError::new(path, JournalTrouble::Locked { process }));
        }
        thread::sleep(LOOK);
    };
    match locked.map_err(io::Error::from) {
        Ok(()) => Ok(Vec::new()),
        Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(vec![format!(
            "the file system of {} has no locks: nothing keeps another process from writing the same journal; run one at a time",
            path.display()
        )]),
        Err(error) => Err(JournalError::refused(path, "lock it", &error)),
    }
}

pub(super) fn missing_or(path: &Path, error: &io::Error) -> JournalError {
    match error.kind() {
        io::ErrorKind::NotFound => JournalError::new(path, JournalTrouble::Missing),
        _ => JournalError::refused(path, "open it", error),
    }
}

/// Copies what lies beyond the last sound record into a file of its own, and cuts it off.
fn keep_aside(path: &Path, medium: &mut Locked, end: u64) -> io::Result<PathBuf> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(end))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    let kept = put_beside(path, &format!(".torn-{end}"), &tail)?;
    medium.cut(end)?;
    medium.sync()?;
    Ok(kept)
}

/// Writes a file beside the journal, under a name that no file has, and makes it durable.
pub(super) fn put_beside(path: &Path, suffix: &str, bytes: &[u8]) -> io::Result<PathBuf> {
    let kept = free_name(path, suffix);
    fs::write(&kept, bytes)?;
    File::open(&kept)?.sync_all()?;
    sync_folder_of(&kept)?;
    Ok(kept)
}

/// A name beside the journal that no file has.
fn free_name(path: &Path, suffix: &str) -> PathBuf {
    let first = beside(path, suffix);
    let others = (2..).map(|n: u32| beside(path, &format!("{suffix}-{n}")));
    std::iter::once(first)
        .chain(others)
        .find(|name| !name.exists())
        .unwrap_or_else(|| beside(path, suffix))
}

/// What is to be said if another version of the crate has written the journal.
fn version_warning(versions: &[String]) -> Option<String> {
    let this = env!("CARGO_PKG_VERSION");
    let last = versions.last().filter(|last| *last != this)?;
    Some(format!(
        "the journal was written by surmise {last}, and this is {this}: whether the same seed still proposes the same, CHANGELOG.md says under \"Proposals change\""
    ))
}
