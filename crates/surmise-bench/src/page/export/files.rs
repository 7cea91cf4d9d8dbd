//! Writes all files of an export.

use std::fs;
use std::io;
use std::path::Path;

use super::name::file_name;
use super::{ioh, latex, pdf};
use crate::comparison::Comparison;
use crate::page::csv::{trajectories_csv, verdicts_csv};
use crate::page::pictures::pictures;
use crate::page::tables::tables;

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
