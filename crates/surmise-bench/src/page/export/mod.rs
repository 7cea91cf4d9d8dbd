//! Exports for papers: figures as SVG and PDF, tables as LaTeX, data for IOHanalyzer.
//!
//! | file | what |
//! | --- | --- |
//! | `figures/*.svg`, `*.pdf` | each picture of the page |
//! | `tables/*.tex` | each table, in the style of the package `booktabs` |
//! | `trajectories.csv`, `verdicts.csv` | as [`write`](super::write) writes them |
//! | `ioh/STRATEGY/` | the runs in the form of IOHexperimenter 0.4, which IOHanalyzer reads |

mod ioh;
mod latex;
mod pdf;

use std::fs;
use std::io;
use std::path::Path;

use super::csv::{trajectories_csv, verdicts_csv};
use super::pictures::pictures;
use super::tables::tables;
use crate::comparison::Comparison;

/// Writes figures, tables and data to a directory, which is created if it does not exist.
///
/// # Errors
/// [`io::Error`] if a file cannot be written.
pub fn export(directory: &Path, comparison: &Comparison) -> io::Result<()> {
    let (figures, table_files) = (directory.join("figures"), directory.join("tables"));
    fs::create_dir_all(&figures)?;
    fs::create_dir_all(&table_files)?;
    for picture in pictures(comparison) {
        fs::write(figures.join(format!("{}.svg", picture.name)), &picture.svg)?;
        let pdf = pdf::from_svg(&picture.svg).map_err(io::Error::other)?;
        fs::write(figures.join(format!("{}.pdf", picture.name)), pdf)?;
    }
    for table in tables(comparison) {
        let name = format!("{}.tex", file_name(&table.title));
        fs::write(table_files.join(name), latex::table(&table))?;
    }
    fs::write(directory.join("trajectories.csv"), trajectories_csv(comparison))?;
    fs::write(directory.join("verdicts.csv"), verdicts_csv(comparison))?;
    ioh::write(&directory.join("ioh"), comparison)
}

/// Returns a text as a name of a file: letters, digits and hyphens.
fn file_name(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<String>>().join("-")
}

#[cfg(test)]
mod tests;
