//! The storage of a journal: a file, or a simulated disk in tests.

use std::fmt::Debug;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

/// A storage of bytes. Written bytes may be lost in a power failure until they are synchronized.
pub(super) trait Storage: Debug + Send {
    /// Writes bytes at an offset, and replaces the bytes that are there already.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Synchronizes the storage: returns when all written bytes are on disk.
    fn sync(&mut self) -> io::Result<()>;

    /// Shortens the storage to a length in bytes.
    fn truncate(&mut self, length: u64) -> io::Result<()>;

    /// Returns whether the path still leads to this storage.
    fn is_path_current(&mut self) -> bool;
}

/// A file that stays locked while this value lives.
#[derive(Debug)]
pub(super) struct LockedFile {
    file: File,
    path: PathBuf,
}

impl LockedFile {
    pub(super) fn new(file: File, path: &Path) -> Self {
        Self { file, path: path.to_owned() }
    }
}

impl Storage for LockedFile {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, offset)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }

    fn is_path_current(&mut self) -> bool {
        is_same_file(&self.path, &self.file)
    }
}

/// Returns whether a path leads to this file.
pub(super) fn is_same_file(path: &Path, file: &File) -> bool {
    match (fs::metadata(path), file.metadata()) {
        (Ok(at_path), Ok(opened)) => (at_path.dev(), at_path.ino()) == (opened.dev(), opened.ino()),
        _ => false,
    }
}

/// Makes the name of a new file durable: synchronizes its folder.
pub(super) fn sync_parent_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Returns the path with a suffix appended to its file name.
pub(super) fn path_with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}
