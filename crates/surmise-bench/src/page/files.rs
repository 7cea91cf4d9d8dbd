//! Writes all files of a comparison.

use super::csv::{trajectories_csv, verdicts_csv};
use super::html::page;
use super::summary::summary;
use crate::comparison::Comparison;
use std::fs;
use std::io;
use std::path::Path;

/// Writes `report.html`, `summary.md`, `trajectories.csv` and `verdicts.csv` to a directory.
///
/// The directory is created if it does not exist.
///
/// # Errors
/// [`io::Error`] if a file cannot be written.
pub fn write(directory: &Path, title: &str, comparison: &Comparison) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    fs::write(directory.join("report.html"), page(title, comparison))?;
    fs::write(directory.join("summary.md"), summary(title, comparison))?;
    fs::write(directory.join("trajectories.csv"), trajectories_csv(comparison))?;
    fs::write(directory.join("verdicts.csv"), verdicts_csv(comparison))
}
