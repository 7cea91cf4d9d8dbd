//! Mending a journal that is damaged.

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use super::changes::Unknown;
use super::clock::now;
use super::found::{open_locked, put_beside, replay};
use super::record::{Created, Opened, Record, Search};
use super::rewriting::Rewriting;
use super::salvage::{Salvage, Sound};
use super::scan::scan;
use super::sink::Journal;
use crate::error::Error;
use crate::journal_error::{JournalError, JournalTrouble};
use crate::study::Study;
use crate::trial::TrialId;

/// What was mended, and what is lost.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Repair {
    /// Where the damaged file is kept, to the last byte; `None` if there was nothing to mend.
    pub kept_aside: Option<PathBuf>,
    /// How many events the journal has now.
    pub events: usize,
    /// What is lost, a sentence each: lines that cannot be read, records that are missing, trials that are forgotten though their jobs may
    /// still run.
    pub lost: Vec<String>,
    /// Trials that are kept as observations because a trial before them is lost: the number of before, and the one of now.
    pub renumbered: Vec<(TrialId, TrialId)>,
}

impl Journal {
    /// Mends a damaged journal: keeps the damaged file aside as `NAME.damaged`, and writes anew what can be read. Lines that stand in another
    /// order or more than once are all there again. Where lines are lost, the study has what the rest tells: a trial whose end is lost is pending
    /// and will be run, or found, again; ended trials after one that is lost become observations.
    ///
    /// What is only a torn tail is left to the next opening.
    ///
    /// # Errors
    /// [`Error::Journal`]: there is none, another process writes it, it cannot be read or written, a later version has written it; or the record is
    /// damaged that says what is searched ([`JournalTrouble::NoSearch`]: see [`repair_for`](Self::repair_for)).
    pub fn repair(path: impl AsRef<Path>) -> Result<Repair, Error> {
        mend(path.as_ref(), None)
    }

    /// The same where the first record is damaged: what is searched is taken from this study, the one that the program would begin with.
    ///
    /// # Errors
    /// As [`repair`](Self::repair).
    pub fn repair_for(path: impl AsRef<Path>, study: &Study) -> Result<Repair, Error> {
        let path = path.as_ref();
        let search = Search::of(study).map_err(|error| JournalError::unwritable(path, &error))?;
        mend(path, Some(search))
    }
}

fn mend(path: &Path, search: Option<Search>) -> Result<Repair, Error> {
    // Locked until the end.
    let (file, _) = open_locked(path)?;
    if let Some(events) = sound_events(path, &file)? {
        return Ok(Repair { events, ..Repair::default() });
    }
    let bytes = fs::read(path).map_err(|error| refused(path, &error))?;
    let sound = Sound::of(&bytes);
    if let Some((version, written_by)) = sound.later {
        return Err(JournalError::new(path, JournalTrouble::Newer { version, written_by }).into());
    }
    if sound.is_empty() {
        let reason = "no line of it can be read".to_owned();
        return Err(JournalError::new(path, JournalTrouble::NoJournal { reason }).into());
    }
    let spent = sound.spent;
    let Salvage { search, events, notes, lost, renumbered } = sound.salvage(path, search)?;
    let kept_aside = put_beside(path, ".damaged", &bytes).map_err(|error| refused(path, &error))?;
    let mut rewriting = Rewriting::begin(path, Created { spent, ..Created::of(search) })?;
    for (time, event) in &events {
        rewriting.record(*time, event)?;
    }
    // The record of a process that went on after these events may be lost.
    rewriting.record(now(), &Record::Opened(Opened::now()))?;
    for (name, note) in notes {
        rewriting.record(now(), &Record::Noted { name, note })?;
    }
    rewriting.finish()?;
    Ok(Repair { kept_aside: Some(kept_aside), events: events.len(), lost, renumbered })
}

/// The number of events of a journal that is not damaged.
fn sound_events(path: &Path, file: &File) -> Result<Option<usize>, Error> {
    let scan = match scan(path, BufReader::new(file)) {
        Ok(scan) => scan,
        Err(JournalError {
            trouble: JournalTrouble::Damaged { .. } | JournalTrouble::NoJournal { .. },
            ..
        }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut study = scan.search.study_by(Unknown::of(&scan.search))?;
    let count = scan.events.len();
    match replay(path, &mut study, scan.events, &scan.numbers) {
        Ok(()) => Ok(Some(count)),
        Err(Error::Journal(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn refused(path: &Path, error: &io::Error) -> Error {
    JournalError::refused(path, "repair it", error).into()
}
