//! Creates and opens journals.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

use super::changed_search;
use super::existing::{ExistingJournal, lock, open_locked};
use super::record::SearchDescription;
use super::scan::ScannedJournal;
use super::storage::{LockedFile, is_same_file, sync_parent_folder};
use super::writer::{Journal, OpenSummary};
use crate::error::Error;
use crate::journal_error::{JournalError, JournalErrorKind};
use crate::study::Study;

impl Journal {
    /// Creates a journal of a study, which may have trials already.
    ///
    /// # Errors
    /// [`Error::Journal`] of kind [`AlreadyExists`](JournalErrorKind::AlreadyExists) if a file with
    /// this name exists, or of kind [`Io`](JournalErrorKind::Io) if it cannot be written.
    pub fn create(path: impl AsRef<Path>, study: &Study) -> Result<Self, Error> {
        let path = path.as_ref();
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(path);
        let file = file.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => {
                JournalError::new(path, JournalErrorKind::AlreadyExists)
            }
            _ => JournalError::io(path, "create it", &error),
        })?;
        let warnings = lock(path, &file)?;
        // Another process may have written to the empty file before it was locked.
        let length =
            file.metadata().map_err(|error| JournalError::io(path, "read it", &error))?.len();
        if length > 0 || !is_same_file(path, &file) {
            return Err(JournalError::new(path, JournalErrorKind::AlreadyExists).into());
        }
        Self::initialize(path, file, study, warnings)
    }

    /// Opens a journal without the program that wrote it: space, objective, strategy and settings
    /// are in the file.
    ///
    /// # Errors
    /// [`Error::Journal`] with one of these kinds:
    ///
    /// - [`NotFound`](JournalErrorKind::NotFound): the file does not exist,
    /// - [`Locked`](JournalErrorKind::Locked): another process writes it,
    /// - [`Damaged`](JournalErrorKind::Damaged): see [`repair`](Self::repair),
    /// - [`CustomStrategy`](JournalErrorKind::CustomStrategy): its strategy is not one of this
    ///   crate's,
    /// - any other kind that says why the file cannot be read or written.
    pub fn open(path: impl AsRef<Path>) -> Result<(Study, Self), Error> {
        let path = path.as_ref();
        let existing = ExistingJournal::open(path)?;
        let mut study = rebuild_study(path, &existing.scan)?;
        let journal = existing.resume(path, &mut study, OpenSummary::default())?;
        Ok((study, journal))
    }

    /// Continues with the journal at this path, or creates it if the file does not exist.
    ///
    /// `study` is a new study without trials, such as the program starts with. Returns the study of
    /// the journal.
    ///
    /// ```
    /// use surmise::journal::Journal;
    /// use surmise::{
    ///     BayesianOptimization, Error, FunctionEvaluator, Objective, ParameterRange,
    ///     ResourceLimits, ScalingType, SearchSpace, Study, StudySettings, Tuner,
    /// };
    ///
    /// # let folder = std::env::temp_dir().join(format!("surmise-doc-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder).unwrap();
    /// # let path = folder.join("run.surmise");
    /// let range = ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear);
    /// let space = SearchSpace::new([range])?;
    /// let settings = StudySettings { limits: ResourceLimits::new(3, 1), ..Default::default() };
    /// let new_study = || {
    ///     let objective = Objective::minimize("loss");
    ///     let strategy = BayesianOptimization::default();
    ///     Study::new(space.clone(), objective, strategy, settings)
    /// };
    /// let mut evaluator =
    ///     FunctionEvaluator::new(|configuration| Ok::<_, String>(configuration.float("x")));
    /// let (mut study, mut journal) = Journal::resume(&path, new_study()?)?;
    /// Tuner::new().journal_to(&mut journal).run(&mut study, &mut evaluator)?;
    ///
    /// // Later, in another process:
    /// # drop(journal);
    /// let (again, _) = Journal::resume(&path, new_study()?)?;
    /// assert_eq!(again.trials(), study.trials());
    /// # std::fs::remove_dir_all(&folder).unwrap();
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Journal`] with one of these kinds:
    ///
    /// - [`DifferentStudy`](JournalErrorKind::DifferentStudy): its space, objective, strategy or
    ///   settings differ from those of `study`; the error names the differences,
    /// - [`OutOfSync`](JournalErrorKind::OutOfSync): `study` has events already,
    /// - [`Locked`](JournalErrorKind::Locked): another process writes the journal,
    /// - [`Damaged`](JournalErrorKind::Damaged): see [`repair`](Self::repair),
    /// - any other kind that says why the file cannot be read or written.
    pub fn resume(path: impl AsRef<Path>, study: Study) -> Result<(Study, Self), Error> {
        Self::resume_or_create(path.as_ref(), study, false)
    }

    /// Continues with a journal even if its search differs from that of `study`.
    ///
    /// If the trials fit the new space, objective and settings, the study continues with them.
    /// Otherwise it starts again, with the trials that fit as observations.
    /// [`OpenSummary::changes`] lists what happened to them; the file keeps the earlier events.
    ///
    /// # Errors
    /// Those of [`resume`](Self::resume), except for differences.
    pub fn resume_changed(path: impl AsRef<Path>, study: Study) -> Result<(Study, Self), Error> {
        Self::resume_or_create(path.as_ref(), study, true)
    }

    fn resume_or_create(
        path: &Path,
        study: Study,
        accept_changes: bool,
    ) -> Result<(Study, Self), Error> {
        if !study.events().is_empty() {
            let reason = "it has events already; resume with a new study".to_owned();
            return Err(JournalError::new(path, JournalErrorKind::OutOfSync { reason }).into());
        }
        let existing = match ExistingJournal::open(path) {
            Err(JournalError { kind: JournalErrorKind::NotFound, .. }) => {
                return match Self::create(path, &study) {
                    // Another process has created it meanwhile.
                    Err(Error::Journal(JournalError {
                        kind: JournalErrorKind::AlreadyExists,
                        ..
                    })) => Self::resume_or_create(path, study, accept_changes),
                    created => Ok((study, created?)),
                };
            }
            Err(JournalError { kind, .. })
                if is_first_line_invalid(&kind) && is_creation_unfinished(path) =>
            {
                return Self::restart_creation(path, study);
            }
            opened => opened?,
        };
        let search = SearchDescription::from_study(&study)
            .map_err(|error| JournalError::not_serializable(path, &error))?;
        let differences = existing.scan.search.differences(&search);
        let (mut study, mut open_summary) = (study, OpenSummary::default());
        if differences.is_empty() {
            let journal = existing.resume(path, &mut study, open_summary)?;
            return Ok((study, journal));
        }
        if !accept_changes {
            return Err(
                JournalError::new(path, JournalErrorKind::DifferentStudy { differences }).into()
            );
        }
        open_summary.changes = differences;
        changed_search::accept(path, existing, study, search, open_summary)
    }

    /// Creates a journal again whose creation was interrupted.
    fn restart_creation(path: &Path, study: Study) -> Result<(Study, Self), Error> {
        let (file, warnings) = open_locked(path)?;
        if !is_creation_unfinished(path) {
            // Another process has created it meanwhile, and has ended.
            drop(file);
            return Self::resume(path, study);
        }
        file.set_len(0).map_err(|error| JournalError::io(path, "write it", &error))?;
        let journal = Self::initialize(path, file, &study, warnings)?;
        Ok((study, journal))
    }

    fn initialize(
        path: &Path,
        file: File,
        study: &Study,
        warnings: Vec<String>,
    ) -> Result<Self, Error> {
        let search = SearchDescription::from_study(study)
            .map_err(|error| JournalError::not_serializable(path, &error))?;
        let open_summary = OpenSummary { warnings, ..OpenSummary::default() };
        let storage = Box::new(LockedFile::new(file, path));
        let mut journal = Self::new(path, storage, search, open_summary)?;
        sync_parent_folder(path).map_err(|error| JournalError::io(path, "create it", &error))?;
        journal.write(study)?;
        Ok(journal)
    }
}

/// Returns the study that a journal describes, without trials.
fn rebuild_study(path: &Path, scan: &ScannedJournal) -> Result<Study, Error> {
    scan.search.build_study().map_err(|error| match scan.search.strategy_description() {
        Ok(strategy) if matches!(error, Error::Strategy(_)) => {
            JournalError::new(path, JournalErrorKind::CustomStrategy { name: strategy.name }).into()
        }
        _ => error,
    })
}

fn is_first_line_invalid(kind: &JournalErrorKind) -> bool {
    matches!(
        kind,
        JournalErrorKind::NotAJournal { .. } | JournalErrorKind::Damaged { offset: 0, .. }
    )
}

/// Returns whether the creation of the journal was interrupted: its first line has no end, or is
/// not on disk.
fn is_creation_unfinished(path: &Path) -> bool {
    fs::read(path).is_ok_and(|bytes| {
        let prefix = b"{\"seq\":0,\"time\":";
        let common = bytes.len().min(prefix.len());
        let is_cut_off = !bytes.contains(&b'\n') && bytes[..common] == prefix[..common];
        is_cut_off || bytes.iter().all(|byte| *byte == 0)
    })
}
