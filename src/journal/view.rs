//! Reads a journal while another process may write it.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io::BufReader;
use std::path::Path;

use serde_json::Value;

use super::changed_search::PlaceholderStrategy;
use super::existing::{open_error, replay};
use super::scan::scan;
use super::writer::Journal;
use crate::error::Error;
use crate::study::Study;

/// The contents of a journal: see [`Journal::view`].
#[derive(Debug)]
#[non_exhaustive]
pub struct JournalView {
    /// The study. It can propose trials only if its strategy is one of this crate's.
    pub study: Study,
    /// The time of each event of the study, in seconds since 1970 (UTC).
    pub times: Vec<f64>,
    /// The last note with each name.
    pub notes: BTreeMap<String, Value>,
    /// The versions of this crate that have written the journal, in their order.
    pub versions: Vec<String>,
    /// The hash of each part of the search: `space`, `objective`, `strategy`, `settings`.
    ///
    /// Two journals with the same hash have the same part.
    pub hashes: BTreeMap<&'static str, String>,
}

impl Journal {
    /// Reads a journal without locking it: study, times and notes.
    ///
    /// A record that another process is writing at this moment is left out.
    ///
    /// # Errors
    /// [`Error::Journal`] if the file does not exist, is not a journal, is damaged, or was written
    /// by a later version of this crate.
    pub fn view(path: impl AsRef<Path>) -> Result<JournalView, Error> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|error| open_error(path, &error))?;
        let scan = scan(path, BufReader::new(file))?;
        let mut study = match scan.search.build_study() {
            Ok(study) => study,
            Err(_) => {
                scan.search.build_study_with(PlaceholderStrategy::from_search(&scan.search))?
            }
        };
        let hashes = scan.search.hashes().by_name();
        replay(path, &mut study, scan.events, &scan.seqs)?;
        let (times, notes, versions) = (scan.times, scan.notes, scan.versions);
        Ok(JournalView { study, times, notes, versions, hashes })
    }

    /// Reads the study of a journal without locking it, as [`view`](Self::view) does.
    ///
    /// # Errors
    /// Those of [`view`](Self::view).
    pub fn read(path: impl AsRef<Path>) -> Result<Study, Error> {
        Self::view(path).map(|view| view.study)
    }

    /// Returns the ID of the process that has the journal open for writing; `None` if there is
    /// none, or if the file system has no locks.
    ///
    /// # Errors
    /// [`Error::Journal`] if the file does not exist, or if it is locked but cannot be read.
    pub fn writer_process(path: impl AsRef<Path>) -> Result<Option<u32>, Error> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|error| open_error(path, &error))?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => Ok(Some(scan(path, BufReader::new(&file))?.process)),
            // A file system without locks does not show whether a process writes.
            _ => Ok(None),
        }
    }
}
