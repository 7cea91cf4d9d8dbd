//! Rewrites a journal atomically: at every moment, its path leads to the complete former file or to
//! the complete new one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::clock::unix_time;
use super::existing::lock;
use super::line::{self, Label};
use super::record::{Created, Record};
use super::storage::{path_with_suffix, sync_parent_folder};
use crate::error::Error;
use crate::journal_error::JournalError;

/// A journal that is being written next to the one that it will replace.
pub(super) struct Rewrite {
    /// The path of the file, with links resolved.
    path: PathBuf,
    new_path: PathBuf,
    writer: BufWriter<File>,
    line: Vec<u8>,
    next_seq: u64,
    length: u64,
}

/// A journal that has replaced another one.
pub(super) struct RewrittenFile {
    /// The new file, which is locked.
    pub(super) file: File,
    /// The number of the next record.
    pub(super) next_seq: u64,
    /// The length of the file in bytes.
    pub(super) length: u64,
}

impl Rewrite {
    /// Begins a new file, which replaces one that an interrupted rewrite has left.
    pub(super) fn begin(path: &Path, created: Created) -> Result<Self, Error> {
        let path = fs::canonicalize(path).map_err(|error| rewrite_error(path, &error))?;
        let new_path = path_with_suffix(&path, ".rewritten");
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&new_path);
        let file = file.map_err(|error| rewrite_error(&path, &error))?;
        let permissions = fs::metadata(&path).map(|data| data.permissions());
        permissions
            .and_then(|permissions| file.set_permissions(permissions))
            .map_err(|error| rewrite_error(&path, &error))?;
        lock(&new_path, &file)?;
        let writer = BufWriter::new(file);
        let mut rewrite = Self { path, new_path, writer, line: Vec::new(), next_seq: 0, length: 0 };
        rewrite.append(unix_time(), &Record::Created(Box::new(created)))?;
        Ok(rewrite)
    }

    pub(super) fn append(&mut self, time: f64, record: &impl Serialize) -> Result<(), Error> {
        self.line.clear();
        let label = Label { seq: self.next_seq, time, durable: None };
        line::write(&mut self.line, label, record)
            .map_err(io::Error::other)
            .and_then(|()| self.writer.write_all(&self.line))
            .map_err(|error| rewrite_error(&self.path, &error))?;
        self.next_seq += 1;
        self.length += self.line.len() as u64;
        Ok(())
    }

    /// Makes the new file durable, and replaces the former file by it.
    pub(super) fn finish(self) -> Result<RewrittenFile, Error> {
        let Self { path, new_path, writer, next_seq, length, .. } = self;
        let replace = || {
            let file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.sync_all()?;
            fs::rename(&new_path, &path)?;
            sync_parent_folder(&path)?;
            Ok(file)
        };
        let file = replace().map_err(|error| rewrite_error(&path, &error))?;
        Ok(RewrittenFile { file, next_seq, length })
    }
}

fn rewrite_error(path: &Path, error: &io::Error) -> Error {
    JournalError::io(path, "rewrite it", error).into()
}
