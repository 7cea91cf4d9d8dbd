//! Temporary folders, and tests that run in a separate process.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A temporary folder, which is removed when dropped.
pub(super) struct TempFolder(PathBuf);

impl TempFolder {
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

impl Drop for TempFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The environment variable that contains the folder of a test in a separate process.
const FOLDER_VARIABLE: &str = "SURMISE_TEST_FOLDER";

/// Returns a command that runs one test of this program in a separate process.
///
/// The test reads its folder with [`test_process_folder`].
pub(super) fn test_process(test: &str, folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(FOLDER_VARIABLE, folder);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// Returns the folder in a process of [`test_process`], and `None` in an ordinary run of the tests.
pub(super) fn test_process_folder() -> Option<PathBuf> {
    std::env::var_os(FOLDER_VARIABLE).map(PathBuf::from)
}
