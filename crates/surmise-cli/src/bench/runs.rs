//! `surmise bench compare` and `merge`: what is done with existing runs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use surmise_bench::{Comparison, ComparisonOptions, Pairs, Run, RunGroup, RunsFile, page};

use super::arguments::{CompareOptions, MergeOptions, Only};
use super::provenance::BUILD_FILE;
use crate::output::{CommandError, InvalidInput, in_file, print_line};

/// Analyzes existing runs of one directory, or of several directories side by side.
pub(super) fn compare(options: &CompareOptions) -> Result<ExitCode, CommandError> {
    let comparison = Comparison::of_groups(groups(options)?, comparison_options(options))
        .map_err(|error| InvalidInput(error.to_string()))?;
    let title = "Strategies compared";
    print_line(page::summary(title, &comparison))?;
    if let Some(out) = &options.out {
        page::write(out, title, &comparison)?;
        print_line(format!("The page with the pictures: {}", out.join("report.html").display()))?;
    }
    if let Some(directory) = &options.export {
        page::export(directory, &comparison)?;
        print_line(format!("Figures, tables and data: {}", directory.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn comparison_options(options: &CompareOptions) -> ComparisonOptions {
    let pairs = match &options.control {
        Some(name) => Pairs::Control(name.clone()),
        None if options.paired_by_name => Pairs::SameName,
        None => Pairs::All,
    };
    ComparisonOptions { floor: options.floor, best_values: options.best_values, pairs }
}

/// Reads the selected runs; those of each directory are a group, unless they are joined.
fn groups(options: &CompareOptions) -> Result<Vec<RunGroup>, CommandError> {
    let mut parts = Vec::new();
    for directory in &options.directories {
        let mut runs = RunsFile::read(directory).map_err(|error| in_file(directory, error))?;
        runs.retain(|run| is_selected(run, options));
        parts.push((directory.clone(), runs));
    }
    if parts.iter().all(|(_, runs)| runs.is_empty()) {
        return Err(InvalidInput("no run has such a strategy and problem".to_owned()).into());
    }
    if options.join {
        let runs = RunsFile::merge(parts).map_err(|error| InvalidInput(error.to_string()))?;
        return Ok(vec![RunGroup { name: None, runs }]);
    }
    let has_several = parts.len() > 1;
    let group = |(path, runs): (PathBuf, Vec<Run>)| {
        let name = has_several.then(|| path.display().to_string());
        RunGroup { name, runs }
    };
    Ok(parts.into_iter().map(group).collect())
}

fn is_selected(run: &Run, options: &CompareOptions) -> bool {
    let has_strategy = options.strategies.is_empty() || options.strategies.contains(&run.strategy);
    let case = run.case_name();
    let has_problem =
        options.problems.is_empty() || options.problems.iter().any(|text| case.contains(text));
    let is_held_out = run.held_out_since.is_some();
    let has_role = options.only.is_none_or(|only| is_held_out == (only == Only::HeldOut));
    has_strategy && has_problem && has_role
}

/// Keeps the hash of the program that made the runs, so that it can add runs to the joined ones.
///
/// Parts of different builds get none: to add runs then takes `--mix-builds`.
fn keep_build(parts: &[PathBuf], out: &Path) -> Result<(), CommandError> {
    let builds: BTreeSet<Option<String>> =
        parts.iter().map(|part| fs::read_to_string(part.join(BUILD_FILE)).ok()).collect();
    match builds.first() {
        Some(Some(build)) if builds.len() == 1 => Ok(fs::write(out.join(BUILD_FILE), build)?),
        _ => {
            let text = "The builds that made the parts differ or are unknown: to add runs takes \
                        --mix-builds.";
            Ok(print_line(text)?)
        }
    }
}

/// Joins the runs of several directories in a new one with their page, in a compact file, or both.
pub(super) fn merge(options: &MergeOptions) -> Result<ExitCode, CommandError> {
    let mut parts = Vec::new();
    for directory in &options.directories {
        let runs = RunsFile::read(directory).map_err(|error| in_file(directory, error))?;
        parts.push((directory.clone(), runs));
    }
    let runs = RunsFile::merge(parts).map_err(|error| InvalidInput(error.to_string()))?;
    if let Some(file) = &options.compact {
        RunsFile::create_compact(file, &runs).map_err(|error| in_file(file, error))?;
        print_line(format!("{} runs in {}", runs.len(), file.display()))?;
    }
    let Some(out) = &options.out else { return Ok(ExitCode::SUCCESS) };
    RunsFile::create(out, runs.clone()).map_err(|error| in_file(out, error))?;
    keep_build(&options.directories, out)?;
    let comparison = Comparison::new(runs);
    let title = "Strategies compared";
    page::write(out, title, &comparison)?;
    print_line(page::summary(title, &comparison))?;
    print_line(format!("The page with the pictures: {}", out.join("report.html").display()))?;
    Ok(ExitCode::SUCCESS)
}
