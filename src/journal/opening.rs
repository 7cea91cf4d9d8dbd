//! Making a journal, and going on with one.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

use super::changes;
use super::found::{Found, lock, open_locked};
use super::medium::{Locked, is_at, sync_folder_of};
use super::record::Search;
use super::scan::Scan;
use super::sink::{Journal, Opening};
use crate::error::Error;
use crate::journal_error::{JournalError, JournalTrouble};
use crate::study::Study;

impl Journal {
    /// A new journal of a study, which may have begun already.
    ///
    /// # Errors
    /// [`Error::Journal`] if there is a file of this name, or it cannot be written.
    pub fn create(path: impl AsRef<Path>, study: &Study) -> Result<Self, Error> {
        let path = path.as_ref();
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(path);
        let file = file.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => JournalError::new(path, JournalTrouble::Exists),
            _ => JournalError::refused(path, "create it", &error),
        })?;
        let warnings = lock(path, &file)?;
        // Between the two, another process may have found the empty file, and begun it.
        let length =
            file.metadata().map_err(|error| JournalError::refused(path, "read it", &error))?.len();
        if length > 0 || !is_at(path, &file) {
            return Err(JournalError::new(path, JournalTrouble::Exists).into());
        }
        Self::begin(path, file, study, warnings)
    }

    /// Goes on with a journal, without the program that wrote it: space, objective, strategy and settings are in it.
    ///
    /// # Errors
    /// [`Error::Journal`]: there is none, another process writes it, it is damaged, or its strategy is not one of this crate's.
    pub fn open(path: impl AsRef<Path>) -> Result<(Study, Self), Error> {
        let path = path.as_ref();
        let found = Found::open(path)?;
        let mut study = own_study(path, &found.scan)?;
        let journal = found.go_on(path, &mut study, Opening::default())?;
        Ok((study, journal))
    }

    /// Goes on with the journal at this path or, if there is none, creates it. The study is one that has seen nothing: the one that the program
    /// would begin with.
    ///
    /// ```
    /// use surmise::journal::Journal;
    /// # use surmise::{BayesianOptimization, Error, FunctionEvaluator, Objective, ParameterRange, ResourceLimits, ScalingType, SearchSpace, Study, StudySettings, Tuner};
    /// # let folder = std::env::temp_dir().join(format!("surmise-doc-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder).unwrap();
    /// # let path = folder.join("run.surmise");
    /// # let space = SearchSpace::new([ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear)])?;
    /// # let settings = StudySettings { limits: ResourceLimits::new(3, 1), ..Default::default() };
    /// # let new = || Study::new(space.clone(), Objective::minimize("loss"), BayesianOptimization::default(), settings);
    /// # let mut evaluator = FunctionEvaluator::new(|configuration| Ok::<_, String>(configuration.float("x")));
    /// let study = new()?;
    /// let (mut study, mut journal) = Journal::resume(&path, study)?;
    /// Tuner::new().keep_in(&mut journal).run(&mut study, &mut evaluator)?;
    ///
    /// // Another process, later:
    /// # drop(journal);
    /// let (again, _) = Journal::resume(&path, new()?)?;
    /// assert_eq!(again.trials(), study.trials());
    /// # std::fs::remove_dir_all(&folder).unwrap();
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Journal`]: another process writes it, it is damaged, or it was written for another search
    /// ([`JournalTrouble::Different`], which names the differences).
    pub fn resume(path: impl AsRef<Path>, study: Study) -> Result<(Study, Self), Error> {
        Self::resume_or_create(path.as_ref(), study, false)
    }

    /// The same with a search that may be another one than the journal was written for. If the trials of before fit into the new space, objective
    /// and settings, the study goes on with them; else it begins anew, with what fits as observations. What became of them
    /// is in [`Opening::changes`]; the journal keeps what was.
    ///
    /// # Errors
    /// As [`resume`](Self::resume), but for differences.
    pub fn resume_changed(path: impl AsRef<Path>, study: Study) -> Result<(Study, Self), Error> {
        Self::resume_or_create(path.as_ref(), study, true)
    }

    fn resume_or_create(path: &Path, study: Study, is_any: bool) -> Result<(Study, Self), Error> {
        if !study.events().is_empty() {
            let reason =
                "it has events already; resume with a study that has seen nothing".to_owned();
            return Err(JournalError::new(path, JournalTrouble::OutOfStep { reason }).into());
        }
        let found = match Found::open(path) {
            Err(JournalError { trouble: JournalTrouble::Missing, .. }) => {
                return match Self::create(path, &study) {
                    // Another process was faster.
                    Err(Error::Journal(JournalError {
                        trouble: JournalTrouble::Exists, ..
                    })) => Self::resume_or_create(path, study, is_any),
                    created => Ok((study, created?)),
                };
            }
            Err(JournalError {
                trouble:
                    JournalTrouble::NoJournal { .. } | JournalTrouble::Damaged { offset: 0, .. },
                ..
            }) if is_unfinished(path) => return Self::begin_again(path, study),
            found => found?,
        };
        let now = Search::of(&study).map_err(|error| JournalError::unwritable(path, &error))?;
        let differences = found.scan.search.differences(&now);
        let (mut study, mut opening) = (study, Opening::default());
        if differences.is_empty() {
            let journal = found.go_on(path, &mut study, opening)?;
            return Ok((study, journal));
        }
        if !is_any {
            return Err(JournalError::new(path, JournalTrouble::Different { differences }).into());
        }
        opening.changes = differences;
        changes::accept(path, found, study, now, opening)
    }

    /// Goes on where a process ended while it created the journal.
    fn begin_again(path: &Path, study: Study) -> Result<(Study, Self), Error> {
        let (file, warnings) = open_locked(path)?;
        if !is_unfinished(path) {
            // Another process was faster, and has left again.
            drop(file);
            return Self::resume(path, study);
        }
        file.set_len(0).map_err(|error| JournalError::refused(path, "write it", &error))?;
        let journal = Self::begin(path, file, &study, warnings)?;
        Ok((study, journal))
    }

    fn begin(path: &Path, file: File, study: &Study, warnings: Vec<String>) -> Result<Self, Error> {
        let search = Search::of(study).map_err(|error| JournalError::unwritable(path, &error))?;
        let opening = Opening { warnings, ..Opening::default() };
        let medium = Box::new(Locked::new(file, path));
        let mut journal = Self::new(path, medium, search, opening)?;
        sync_folder_of(path).map_err(|error| JournalError::refused(path, "create it", &error))?;
        journal.write(study)?;
        Ok(journal)
    }
}

/// The study of a journal, without its program.
fn own_study(path: &Path, scan: &Scan) -> Result<Study, Error> {
    scan.search.study().map_err(|error| match scan.search.strategy() {
        Ok(strategy) if matches!(error, Error::Strategy(_)) => {
            JournalError::new(path, JournalTrouble::OwnStrategy { name: strategy.name }).into()
        }
        _ => error,
    })
}

/// Whether a process or a machine ended while it created the journal: then the first line has no end, or the disk has not got it.
fn is_unfinished(path: &Path) -> bool {
    fs::read(path).is_ok_and(|bytes| {
        let beginning = b"{\"seq\":0,\"time\":";
        let common = bytes.len().min(beginning.len());
        let is_begun = !bytes.contains(&b'\n') && bytes[..common] == beginning[..common];
        is_begun || bytes.iter().all(|byte| *byte == 0)
    })
}
