//! `surmise report`: what a study has learnt, as a page.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use surmise_report::{Analysis, Report};

use super::best::command;
use super::file::{journal_file, view};
use crate::output::{Failure, ended, say};

#[derive(Debug, Args)]
pub(crate) struct ReportOptions {
    /// The study: its name, or its journal's file.
    name: String,
    /// The HTML file to write; NAME.html if it is not given.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// A folder into which each picture is written as SVG, too.
    #[arg(long, value_name = "FOLDER")]
    pictures: Option<PathBuf>,
}

pub(crate) fn report(options: &ReportOptions) -> ExitCode {
    ended(try_report(options).map(|()| ExitCode::SUCCESS))
}

fn try_report(options: &ReportOptions) -> Result<(), Failure> {
    let view = view(&options.name)?;
    let path = journal_file(&options.name);
    let title = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let output = options.output.clone().unwrap_or_else(|| PathBuf::from(format!("{title}.html")));
    let analysis = Analysis::of(&view.study);
    let mut report = Report::of(&title, &analysis)
        .with_times(&view.times)
        .with_origin("journal", path.display().to_string());
    if let Some(best) = view.study.best() {
        // A function has none.
        if let Ok(line) = command(&view, &best.configuration) {
            report = report.with_best_command(line);
        }
    }
    write(&output, &report.html())?;
    if let Some(folder) = &options.pictures {
        fs::create_dir_all(folder).map_err(|error| cannot_write(folder, &error))?;
        for picture in report.pictures() {
            write(&folder.join(format!("{}.svg", picture.name)), &picture.svg)?;
        }
    }
    Ok(say(format_args!("{}: open it in a browser.", output.display()))?)
}

fn write(path: &PathBuf, text: &str) -> Result<(), Failure> {
    Ok(fs::write(path, text).map_err(|error| cannot_write(path, &error))?)
}

fn cannot_write(path: &std::path::Path, error: &std::io::Error) -> String {
    format!("{} cannot be written: {error}", path.display())
}
