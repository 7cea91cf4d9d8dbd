//! Writing a journal anew, so that at every moment either the old one or the new one is there, whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::clock::now;
use super::found::lock;
use super::line::{self, Label};
use super::medium::{beside, sync_folder_of};
use super::record::{Created, Record};
use crate::error::Error;
use crate::journal_error::JournalError;

/// A journal that is being written beside the one whose place it is to take.
pub(super) struct Rewriting {
    /// Where the file is, and not a link to it.
    path: PathBuf,
    beside: PathBuf,
    writer: BufWriter<File>,
    line: Vec<u8>,
    next: u64,
    length: u64,
}

/// A journal that has taken the place of another one.
pub(super) struct Rewritten {
    /// It is locked.
    pub(super) file: File,
    /// The number of the next record.
    pub(super) next: u64,
    /// Where that begins.
    pub(super) length: u64,
}

impl Rewriting {
    /// What a process that ended meanwhile has left is written over.
    pub(super) fn begin(path: &Path, created: Created) -> Result<Self, Error> {
        let path = fs::canonicalize(path).map_err(|error| refused(path, &error))?;
        let beside = beside(&path, ".rewritten");
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&beside);
        let file = file.map_err(|error| refused(&path, &error))?;
        let permissions = fs::metadata(&path).map(|data| data.permissions());
        permissions
            .and_then(|permissions| file.set_permissions(permissions))
            .map_err(|error| refused(&path, &error))?;
        lock(&beside, &file)?;
        let writer = BufWriter::new(file);
        let mut rewriting = Self { path, beside, writer, line: Vec::new(), next: 0, length: 0 };
        rewriting.record(now(), &Record::Created(Box::new(created)))?;
        Ok(rewriting)
    }

    pub(super) fn record(&mut self, time: f64, record: &impl Serialize) -> Result<(), Error> {
        self.line.clear();
        let label = Label { seq: self.next, time, durable: None };
        line::write(&mut self.line, label, record)
            .map_err(io::Error::other)
            .and_then(|()| self.writer.write_all(&self.line))
            .map_err(|error| refused(&self.path, &error))?;
        self.next += 1;
        self.length += self.line.len() as u64;
        Ok(())
    }

    /// Puts it, durable, in the place of the other one.
    pub(super) fn finish(self) -> Result<Rewritten, Error> {
        let Self { path, beside, writer, next, length, .. } = self;
        let take_its_place = || {
            let file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.sync_all()?;
            fs::rename(&beside, &path)?;
            sync_folder_of(&path)?;
            Ok(file)
        };
        let file = take_its_place().map_err(|error| refused(&path, &error))?;
        Ok(Rewritten { file, next, length })
    }
}

fn refused(path: &Path, error: &io::Error) -> Error {
    JournalError::refused(path, "write it anew", error).into()
}
