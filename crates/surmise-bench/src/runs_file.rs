//! The file `runs.ndjson` with the runs of an experiment, one line for each.
//!
//! Runs are appended when they end. If the process is killed, the last line may be torn; the next
//! process that opens the file drops it. When an experiment is complete, the lines are sorted, so
//! that the file does not depend on which run ended first.

use std::borrow::Borrow;
use std::collections::{HashMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

use crate::run::{Run, RunKey};

/// The file of an experiment's runs, from which an interrupted experiment resumes.
#[derive(Debug)]
pub struct RunsFile {
    path: PathBuf,
    file: File,
    runs: Vec<Run>,
}

const FILE_NAME: &str = "runs.ndjson";

/// The first bytes of a file in the format of RFC 1952.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Whether runs that ended with an error are made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// They are not; the strategy has the values that it had before the error.
    Never,
    /// They are. The runs with errors stay in the file, and reports show their number.
    RunsWithErrors,
}

/// Adds the path to the message of an error.
#[allow(clippy::needless_pass_by_value, reason = "it replaces the error")]
fn with_path(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn invalid_data(path: &Path, text: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{}: {text}", path.display()))
}

impl RunsFile {
    /// Reads the runs of a directory or of a file, which may be compressed by gzip, and changes
    /// nothing.
    ///
    /// A torn last line is ignored.
    ///
    /// # Errors
    /// [`io::Error`] if the file cannot be read, if a line is not a run, or if a run occurs
    /// twice.
    pub fn read(path: &Path) -> io::Result<Vec<Run>> {
        let path = if path.is_dir() { path.join(FILE_NAME) } else { path.to_owned() };
        let in_path = |error| with_path(&path, error);
        let mut file = BufReader::new(File::open(&path).map_err(in_path)?);
        let is_compressed = file.fill_buf().map_err(in_path)?.starts_with(&GZIP_MAGIC);
        if is_compressed {
            parse(&path, MultiGzDecoder::new(file)).map(|(runs, _)| runs)
        } else {
            parse(&path, file).map(|(runs, _)| runs)
        }
    }

    /// Writes runs in their [compact](Run::compact) form to a new file, compressed by gzip.
    ///
    /// # Errors
    /// [`io::Error`] if the file exists, or if it cannot be written.
    pub fn create_compact(path: &Path, runs: &[Run]) -> io::Result<()> {
        let file = File::create_new(path).map_err(|error| with_path(path, error))?;
        let mut encoder = GzEncoder::new(BufWriter::new(file), Compression::best());
        write_lines(&mut encoder, runs.iter().map(Run::compact))?;
        let file = encoder.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()
    }

    /// Opens the file in a directory; creates both if they do not exist.
    ///
    /// A torn last line is removed from the file.
    ///
    /// # Errors
    /// [`io::Error`] if the file cannot be opened, if a line is not a run, if a run occurs twice,
    /// or if another experiment writes to it.
    pub fn open(directory: &Path) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        let path = directory.join(FILE_NAME);
        let mut options = OpenOptions::new();
        let file = options.read(true).append(true).create(true).open(&path)?;
        // Two experiments that write to one file would both make the same runs.
        file.try_lock().map_err(|_| invalid_data(&path, "another experiment writes to it"))?;
        let (runs, complete_bytes) = parse(&path, file.try_clone()?)?;
        // Drops a torn last line.
        file.set_len(complete_bytes)?;
        Ok(Self { path, file, runs })
    }

    /// Returns the runs in the file.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// Returns the keys of the runs that need not be made.
    pub fn done(&self, retry: Retry) -> HashSet<RunKey> {
        let is_done = |run: &&Run| retry == Retry::Never || run.error.is_none();
        self.runs.iter().filter(is_done).map(Run::key).collect()
    }

    /// Appends a run to the file.
    ///
    /// If the file has runs with this key, which ended with an error, the new one gets the number
    /// of the next [attempt](Run::attempt).
    ///
    /// # Errors
    /// [`io::Error`] if the line cannot be written, or if the file has a run with this key that
    /// ended without an error.
    pub fn append(&mut self, mut run: Run) -> io::Result<()> {
        let key = run.key();
        let earlier = self.runs.iter().filter(|run| run.key() == key);
        if let Some(last) = earlier.max_by_key(|run| run.attempt) {
            if last.error.is_none() {
                let text = format!("it already has {}", run.describe());
                return Err(invalid_data(&self.path, text));
            }
            run.attempt = last.attempt + 1;
        }
        let mut line = serde_json::to_vec(&run)?;
        line.push(b'\n');
        self.file.write_all(&line)?;
        self.runs.push(run);
        Ok(())
    }

    /// Joins the runs of shards, or of several experiments.
    ///
    /// # Errors
    /// [`io::Error`] if two of them have the same key and the same attempt: one of them would count
    /// twice.
    pub fn merge(parts: Vec<(PathBuf, Vec<Run>)>) -> io::Result<Vec<Run>> {
        let mut from: HashMap<(RunKey, u32), PathBuf> = HashMap::new();
        let mut merged = Vec::new();
        for (path, runs) in parts {
            for run in runs {
                if let Some(other) = from.insert((run.key(), run.attempt), path.clone()) {
                    let text = format!("{} also has {}", other.display(), run.describe());
                    return Err(invalid_data(&path, text));
                }
                merged.push(run);
            }
        }
        merged.sort_by_key(|run| (run.key(), run.attempt));
        Ok(merged)
    }

    /// Writes runs as a new file in a directory, which is created if it does not exist.
    ///
    /// # Errors
    /// [`io::Error`] if the directory has runs, or if the file cannot be written.
    pub fn create(directory: &Path, runs: Vec<Run>) -> io::Result<()> {
        let mut file = Self::open(directory)?;
        if !file.runs.is_empty() {
            return Err(invalid_data(&file.path, "the file has runs; choose another directory"));
        }
        file.runs = runs;
        file.finish().map(|_| ())
    }

    /// Sorts the runs by key, in memory and on disk, and returns them.
    ///
    /// # Errors
    /// [`io::Error`] if the file cannot be replaced; the old file then stays.
    pub fn finish(mut self) -> io::Result<Vec<Run>> {
        self.runs.sort_by_key(|run| (run.key(), run.attempt));
        self.rewrite()?;
        Ok(self.runs)
    }

    /// Replaces the file with the runs in memory, atomically.
    fn rewrite(&self) -> io::Result<()> {
        let temporary = self.path.with_extension("ndjson.new");
        let mut file = BufWriter::new(File::create(&temporary)?);
        write_lines(&mut file, &self.runs)?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&temporary, &self.path)
    }
}

fn write_lines<R: Borrow<Run>>(
    file: &mut impl Write,
    runs: impl IntoIterator<Item = R>,
) -> io::Result<()> {
    for run in runs {
        serde_json::to_writer(&mut *file, run.borrow())?;
        file.write_all(b"\n")?;
    }
    Ok(())
}

/// Returns the runs of a file, and the number of bytes of its complete lines.
fn parse(path: &Path, file: impl Read) -> io::Result<(Vec<Run>, u64)> {
    let mut reader = BufReader::new(file);
    let (mut runs, mut complete_bytes, mut line) = (Vec::new(), 0, Vec::new());
    let mut seen = HashSet::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        if line.last() != Some(&b'\n') {
            break;
        }
        let number = runs.len() + 1;
        let run: Run = serde_json::from_slice(&line)
            .map_err(|error| invalid_data(path, format!("line {number} is not a run: {error}")))?;
        if !seen.insert((run.key(), run.attempt)) {
            let text = format!("line {number} is a second copy of {}; remove it", run.describe());
            return Err(invalid_data(path, text));
        }
        runs.push(run);
        complete_bytes += line.len() as u64;
        line.clear();
    }
    Ok((runs, complete_bytes))
}
