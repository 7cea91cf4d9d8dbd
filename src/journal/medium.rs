//! Where a journal is written: a file, or what a test puts in its place.

use std::fmt::Debug;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

/// What bytes are written to. All that is written is lost with the power until it is synchronized.
pub(super) trait Medium: Debug + Send {
    /// Writes these bytes at this place, over what is there.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Returns when all that was written is on disk.
    fn sync(&mut self) -> io::Result<()>;

    /// Cuts off what lies beyond.
    fn cut(&mut self, length: u64) -> io::Result<()>;

    /// Whether the path still leads here.
    fn is_in_place(&mut self) -> bool;
}

/// A file that is locked as long as this lives.
#[derive(Debug)]
pub(super) struct Locked {
    file: File,
    path: PathBuf,
}

impl Locked {
    pub(super) fn new(file: File, path: &Path) -> Self {
        Self { file, path: path.to_owned() }
    }
}

impl Medium for Locked {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, offset)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }

    fn is_in_place(&mut self) -> bool {
        is_at(&self.path, &self.file)
    }
}

/// Whether a path leads to this file.
pub(super) fn is_at(path: &Path, file: &File) -> bool {
    match (fs::metadata(path), file.metadata()) {
        (Ok(there), Ok(own)) => (there.dev(), there.ino()) == (own.dev(), own.ino()),
        _ => false,
    }
}

/// Makes a new name in a folder durable.
pub(super) fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// The path with something appended to the file's name.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}
