//! What a person looks at: a page of pictures, a summary, a table.
//!
//! | file | for |
//! | --- | --- |
//! | `report.html` | looking: pictures and tables, in one file that needs nothing from elsewhere |
//! | `summary.md` | reading in a terminal or a review |
//! | `scores.csv`, `verdicts.csv` | other programs: a row a run and checkpoint; a row a pair and problem |
//!
//! The pictures are drawn by [`surmise::drawing`].

mod csv;
mod diagram;
mod figures;
mod html;
mod summary;
mod tables;

use std::fs;
use std::io;
use std::path::Path;

pub use self::csv::{scores_csv, verdicts_csv};
pub use self::html::page;
pub use self::summary::summary;
use crate::Comparison;

/// Writes `report.html`, `summary.md`, `scores.csv` and `verdicts.csv` into a directory.
///
/// # Errors
/// If they cannot be written.
pub fn write(directory: &Path, title: &str, comparison: &Comparison) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    fs::write(directory.join("report.html"), page(title, comparison))?;
    fs::write(directory.join("summary.md"), summary(title, comparison))?;
    fs::write(directory.join("scores.csv"), scores_csv(comparison))?;
    fs::write(directory.join("verdicts.csv"), verdicts_csv(comparison))
}
