//! Looking at a journal while another process may write it.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io::BufReader;
use std::path::Path;

use serde_json::Value;

use super::changes::Unknown;
use super::found::{missing_or, replay};
use super::scan::scan;
use super::sink::Journal;
use crate::error::Error;
use crate::study::Study;

/// What a journal says: see [`Journal::view`].
#[derive(Debug)]
#[non_exhaustive]
pub struct JournalView {
    /// The study. It cannot go on if its strategy is not one of this crate's.
    pub study: Study,
    /// When each of the study's events was written, in seconds since 1970 (UTC).
    pub times: Vec<f64>,
    /// The last note of each name.
    pub notes: BTreeMap<String, Value>,
    /// The versions of this crate that have written, in their order.
    pub versions: Vec<String>,
    /// The hashes of the search as it is now, by name: `space`, `objective`, `strategy`, `settings`. Two journals of the same hash have the same part.
    pub hashes: BTreeMap<&'static str, String>,
}

impl Journal {
    /// Reads a journal without locking it: study, times and notes. A record that another process is writing at this moment is left out.
    ///
    /// # Errors
    /// [`Error::Journal`]: there is none, or it is damaged.
    pub fn view(path: impl AsRef<Path>) -> Result<JournalView, Error> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|error| missing_or(path, &error))?;
        let scan = scan(path, BufReader::new(file))?;
        let mut study = match scan.search.study() {
            Ok(study) => study,
            Err(_) => scan.search.study_by(Unknown::of(&scan.search))?,
        };
        let hashes = scan.search.hashes().by_name();
        replay(path, &mut study, scan.events, &scan.numbers)?;
        let (times, notes, versions) = (scan.times, scan.notes, scan.versions);
        Ok(JournalView { study, times, notes, versions, hashes })
    }

    /// The study of [`view`](Self::view).
    ///
    /// # Errors
    /// Those of [`view`](Self::view).
    pub fn read(path: impl AsRef<Path>) -> Result<Study, Error> {
        Self::view(path).map(|view| view.study)
    }

    /// The number of the process that has the journal open for writing, or `None` if no process has.
    ///
    /// # Errors
    /// [`Error::Journal`]: there is none, or it is damaged.
    pub fn writer(path: impl AsRef<Path>) -> Result<Option<u32>, Error> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|error| missing_or(path, &error))?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => Ok(Some(scan(path, BufReader::new(&file))?.process)),
            // A file system without locks cannot tell.
            _ => Ok(None),
        }
    }
}
