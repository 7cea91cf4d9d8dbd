//! `surmise bench compare` and `merge`: what is done with existing runs.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use surmise_bench::{Comparison, Run, RunsFile, page};

use crate::output::{CommandError, InvalidInput, in_file, print_line};

/// Analyzes existing runs of one directory, or of several directories side by side.
pub(super) fn compare(
    directories: &[PathBuf],
    out: Option<&Path>,
) -> Result<ExitCode, CommandError> {
    let mut runs = Vec::new();
    for directory in directories {
        if directory.is_file() {
            return Err(in_file(
                directory,
                "this is a file: give the directory that contains the runs",
            )
            .into());
        }
        let directory_runs =
            RunsFile::read(directory).map_err(|error| in_file(directory, error))?;
        let has_several = directories.len() > 1;
        let name = directory.display();
        runs.extend(directory_runs.into_iter().map(|run| match has_several {
            true => Run { strategy: format!("{} of {name}", run.strategy), ..run },
            false => run,
        }));
    }
    let comparison = Comparison::new(runs);
    let title = "Strategies compared";
    print_line(page::summary(title, &comparison))?;
    if let Some(out) = out {
        page::write(out, title, &comparison)?;
        print_line(format!("The page with the pictures: {}", out.join("report.html").display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Joins the runs of several directories in a new one, and writes their page.
pub(super) fn merge(directories: &[PathBuf], out: &Path) -> Result<ExitCode, CommandError> {
    let mut parts = Vec::new();
    for directory in directories {
        let runs = RunsFile::read(directory).map_err(|error| in_file(directory, error))?;
        parts.push((directory.clone(), runs));
    }
    let runs = RunsFile::merge(parts).map_err(|error| InvalidInput(error.to_string()))?;
    RunsFile::create(out, runs.clone()).map_err(|error| in_file(out, error))?;
    let comparison = Comparison::new(runs);
    let title = "Strategies compared";
    page::write(out, title, &comparison)?;
    print_line(page::summary(title, &comparison))?;
    print_line(format!("The page with the pictures: {}", out.join("report.html").display()))?;
    Ok(ExitCode::SUCCESS)
}
