//! A folder of its own, and this test program as another process.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A folder that goes with it.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("surmise-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The variable that tells a test that it is the other process, and where.
const HERE: &str = "SURMISE_TEST_FOLDER";

/// This program again, with one test, which finds its folder by [`here`].
pub(super) fn another_process(test: &str, folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(HERE, folder);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// The folder of the other process, in that.
pub(super) fn here() -> Option<PathBuf> {
    std::env::var_os(HERE).map(PathBuf::from)
}
