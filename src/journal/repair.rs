//! Repairs journals that are damaged.

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use super::changed_search::PlaceholderStrategy;
use super::clock::unix_time;
use super::existing::{open_locked, replay, write_copy};
use super::record::{Created, Opened, Record, SearchDescription};
use super::rewrite::Rewrite;
use super::salvage::{ReadableRecords, SalvagedStudy};
use super::scan::scan;
use super::writer::Journal;
use crate::error::Error;
use crate::journal_error::{JournalError, JournalErrorKind};
use crate::study::Study;
use crate::trial::TrialId;

/// The result of [`Journal::repair`]: the repaired events, and what is lost.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RepairSummary {
    /// The copy of the damaged file, to the last byte; `None` if there was nothing to repair.
    pub damaged_copy: Option<PathBuf>,
    /// The number of events in the journal after the repair.
    pub event_count: usize,
    /// What is lost, one sentence each.
    ///
    /// For instance unreadable lines, missing records, and trials that are forgotten although their
    /// jobs may still run.
    pub lost: Vec<String>,
    /// Trials that have become observations because an earlier trial is lost: the former number and
    /// the new one.
    pub renumbered: Vec<(TrialId, TrialId)>,
}

impl Journal {
    /// Repairs a damaged journal as far as possible.
    ///
    /// The damaged file is copied to `NAME.damaged` (or `NAME.damaged-2`, if that exists), and
    /// everything that can be read is written to a new file. If lines are in the wrong order or
    /// repeated, nothing is lost. If lines are lost:
    ///
    /// - a trial without its outcome is pending, and its job is run again or adopted,
    /// - ended trials after a lost trial become observations.
    ///
    /// A torn last line is no damage: opening the journal cuts it off.
    ///
    /// # Errors
    /// [`Error::Journal`] with one of these kinds:
    ///
    /// - [`UnreadableHeader`](JournalErrorKind::UnreadableHeader): the first record is damaged; see
    ///   [`repair_for`](Self::repair_for),
    /// - [`NotAJournal`](JournalErrorKind::NotAJournal): no line can be read,
    /// - [`NewerVersion`](JournalErrorKind::NewerVersion): a later version of this crate wrote it,
    /// - [`Locked`](JournalErrorKind::Locked): another process writes it,
    /// - [`NotFound`](JournalErrorKind::NotFound) or [`Io`](JournalErrorKind::Io): it does not
    ///   exist, or cannot be read or written.
    pub fn repair(path: impl AsRef<Path>) -> Result<RepairSummary, Error> {
        repair_file(path.as_ref(), None)
    }

    /// Repairs a damaged journal whose first record is lost. The search is taken from `study`, a
    /// new study of the program.
    ///
    /// # Errors
    /// Those of [`repair`](Self::repair).
    pub fn repair_for(path: impl AsRef<Path>, study: &Study) -> Result<RepairSummary, Error> {
        let path = path.as_ref();
        let search = SearchDescription::from_study(study)
            .map_err(|error| JournalError::not_serializable(path, &error))?;
        repair_file(path, Some(search))
    }
}

fn repair_file(path: &Path, search: Option<SearchDescription>) -> Result<RepairSummary, Error> {
    // The file stays locked until the end.
    let (file, _) = open_locked(path)?;
    if let Some(event_count) = intact_event_count(path, &file)? {
        return Ok(RepairSummary { event_count, ..RepairSummary::default() });
    }
    let bytes = fs::read(path).map_err(|error| repair_error(path, &error))?;
    let records = ReadableRecords::read(&bytes);
    if let Some((version, written_by)) = records.newer_version {
        return Err(JournalError::new(
            path,
            JournalErrorKind::NewerVersion { version, written_by },
        )
        .into());
    }
    if records.is_empty() {
        let reason = "no line can be read".to_owned();
        return Err(JournalError::new(path, JournalErrorKind::NotAJournal { reason }).into());
    }
    let spent = records.spent;
    let SalvagedStudy { search, events, notes, lost, renumbered } =
        records.salvage(path, search)?;
    let damaged_copy =
        write_copy(path, ".damaged", &bytes).map_err(|error| repair_error(path, &error))?;
    let mut rewrite = Rewrite::begin(path, Created { spent, ..Created::new(search) })?;
    for (time, event) in &events {
        rewrite.append(*time, event)?;
    }
    // The record of a process that continued after these events may be lost.
    rewrite.append(unix_time(), &Record::Opened(Opened::now()))?;
    for (name, note) in notes {
        rewrite.append(unix_time(), &Record::Noted { name, note })?;
    }
    rewrite.finish()?;
    Ok(RepairSummary {
        damaged_copy: Some(damaged_copy),
        event_count: events.len(),
        lost,
        renumbered,
    })
}

/// Returns the number of events of a journal that is not damaged.
fn intact_event_count(path: &Path, file: &File) -> Result<Option<usize>, Error> {
    let scan = match scan(path, BufReader::new(file)) {
        Ok(scan) => scan,
        Err(JournalError {
            kind: JournalErrorKind::Damaged { .. } | JournalErrorKind::NotAJournal { .. },
            ..
        }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut study = scan.search.build_study_with(PlaceholderStrategy::from_search(&scan.search))?;
    let count = scan.events.len();
    match replay(path, &mut study, scan.events, &scan.seqs) {
        Ok(()) => Ok(Some(count)),
        Err(Error::Journal(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn repair_error(path: &Path, error: &io::Error) -> Error {
    JournalError::io(path, "repair it", error).into()
}
