//! `runs.ndjson`: a line a run, safe to interrupt at any time.
//!
//! Runs are appended as they end; a line that was cut off by an interruption is dropped when the file is opened again. When an
//! experiment is complete, the file is put in order, so that its content does not depend on which run ended first.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use crate::run::Run;

/// The runs of a directory.
#[derive(Debug)]
pub struct RunsFile {
    path: PathBuf,
    file: File,
    runs: Vec<Run>,
}

const NAME: &str = "runs.ndjson";

fn bad(path: &Path, text: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{}: {text}", path.display()))
}

impl RunsFile {
    /// Reads the runs of a directory, or of a file, without changing anything.
    ///
    /// # Errors
    /// If there is no such file, or a line is not a run. Only the last line may be cut off.
    pub fn read(path: &Path) -> io::Result<Vec<Run>> {
        let path = if path.is_dir() { path.join(NAME) } else { path.to_owned() };
        let file = File::open(&path).map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", path.display()))
        })?;
        parse(&path, file).map(|(runs, _)| runs)
    }

    /// Opens the file of a directory, which is made if it is not there.
    ///
    /// # Errors
    /// If the directory cannot be written, what is there is no such file, or somebody else has it open.
    pub fn open(directory: &Path) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        let path = directory.join(NAME);
        let mut options = OpenOptions::new();
        let file = options.read(true).append(true).create(true).open(&path)?;
        // Two experiments that write to one file would both make the same runs.
        file.try_lock().map_err(|_| bad(&path, "another experiment writes to it"))?;
        let (runs, sound) = parse(&path, file.try_clone()?)?;
        // What follows the last whole line was cut off.
        file.set_len(sound)?;
        Ok(Self { path, file, runs })
    }

    /// The runs so far.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// Adds a run.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn append(&mut self, run: Run) -> io::Result<()> {
        let mut line = serde_json::to_vec(&run)?;
        line.push(b'\n');
        self.file.write_all(&line)?;
        self.runs.push(run);
        Ok(())
    }

    /// Forgets the runs that broke off, so that they are made again: what was missing may be there by now.
    ///
    /// # Errors
    /// If the file cannot be replaced; then it is as it was.
    pub fn forget_broken(mut self) -> io::Result<Self> {
        if self.runs.iter().all(|run| run.error.is_none()) {
            return Ok(self);
        }
        self.runs.retain(|run| run.error.is_none());
        self.rewrite()?;
        let directory = self.path.parent().unwrap_or(Path::new(".")).to_owned();
        drop(self);
        Self::open(&directory)
    }

    /// Puts the runs in order, in memory and on disk, and gives them.
    ///
    /// # Errors
    /// If the file cannot be replaced; then it is as it was.
    pub fn finish(mut self) -> io::Result<Vec<Run>> {
        self.runs.sort_by_key(Run::key);
        self.rewrite()?;
        Ok(self.runs)
    }

    /// Replaces the file by what is in memory, in one step.
    fn rewrite(&self) -> io::Result<()> {
        let beside = self.path.with_extension("ndjson.new");
        let mut file = io::BufWriter::new(File::create(&beside)?);
        for run in &self.runs {
            serde_json::to_writer(&mut file, run)?;
            file.write_all(b"\n")?;
        }
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&beside, &self.path)
    }
}

/// The runs of a file, and how long its whole lines are.
fn parse(path: &Path, file: File) -> io::Result<(Vec<Run>, u64)> {
    let mut reader = BufReader::new(file);
    let (mut runs, mut sound, mut line) = (Vec::new(), 0, Vec::new());
    while reader.read_until(b'\n', &mut line)? > 0 {
        if line.last() != Some(&b'\n') {
            break;
        }
        let run = serde_json::from_slice(&line)
            .map_err(|error| bad(path, format!("line {} is no run: {error}", runs.len() + 1)))?;
        runs.push(run);
        sound += line.len() as u64;
        line.clear();
    }
    Ok((runs, sound))
}
