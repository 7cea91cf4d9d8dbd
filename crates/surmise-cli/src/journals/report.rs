//! `surmise report`: writes a report on one study, or a comparison of several, as HTML.

use std::collections::HashSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde::Deserialize;
use surmise::journal::JournalView;
use surmise_report::{Analysis, Comparison, Picture, Report};

use super::best::best_command;
use super::file::{journal_file, view};
use crate::layout::COMMAND_NOTE;
use crate::output::{CommandError, InvalidInput, exit_code, print_line};
use crate::tune::CommandNote;

#[derive(Debug, Args)]
pub(crate) struct ReportOptions {
    /// The names of the studies, or their journal files. Several studies are compared.
    #[arg(required = true)]
    names: Vec<String>,
    /// The HTML file to write, or `-` for standard output [default: NAME.html].
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// A folder for the pictures, which are also written as SVG files.
    #[arg(long, value_name = "FOLDER")]
    pictures: Option<PathBuf>,
}

pub(crate) fn report(options: &ReportOptions) -> ExitCode {
    exit_code(try_report(options).map(|()| ExitCode::SUCCESS))
}

fn try_report(options: &ReportOptions) -> Result<(), CommandError> {
    check_names(options)?;
    let views: Vec<JournalView> =
        options.names.iter().map(|name| view(name)).collect::<Result<_, _>>()?;
    let titles: Vec<String> = options.names.iter().map(|name| title(name)).collect();
    let (page, pictures) = match &views[..] {
        [view] => single_report(&options.names[0], &titles[0], view),
        views => comparison_report(&titles, views)?,
    };
    let output = options
        .output
        .clone()
        .unwrap_or_else(|| PathBuf::from(format!("{}.html", titles.join("-"))));
    if output.as_os_str() == "-" {
        return Ok(print_line(page)?);
    }
    check_is_no_journal(&output)?;
    if let Some(folder) = &options.pictures {
        fs::create_dir_all(folder).map_err(|error| write_error(folder, &error))?;
        for picture in pictures {
            write(&folder.join(format!("{}.svg", picture.name)), &picture.svg)?;
        }
    }
    if let Some(folder) = output.parent() {
        fs::create_dir_all(folder).map_err(|error| write_error(folder, &error))?;
    }
    write(&output, &page)?;
    Ok(print_line(format_args!("{}: open it in a browser.", output.display()))?)
}

/// Checks that no study is named twice.
fn check_names(options: &ReportOptions) -> Result<(), CommandError> {
    let mut seen = HashSet::new();
    for name in &options.names {
        let path = journal_file(name);
        if let Ok(path) = path.canonicalize()
            && !seen.insert(path)
        {
            return Err(InvalidInput(format!("{name} is named twice: name each study once")).into());
        }
    }
    Ok(())
}

/// Returns an error if the output file is a journal, which must not be overwritten.
fn check_is_no_journal(output: &Path) -> Result<(), CommandError> {
    const PREFIX: &[u8] = b"{\"seq\":";
    let mut prefix = Vec::new();
    if let Ok(file) = fs::File::open(output) {
        file.take(PREFIX.len() as u64).read_to_end(&mut prefix)?;
    }
    if prefix == PREFIX {
        let output = output.display();
        return Err(InvalidInput(format!(
            "{output} is a journal: choose another file for the report"
        ))
        .into());
    }
    Ok(())
}

/// Returns the title of a study: its name without folder and extension.
fn title(name: &str) -> String {
    let path = journal_file(name);
    path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn single_report(name: &str, title: &str, view: &JournalView) -> (String, Vec<Picture>) {
    let analysis = Analysis::new(&view.study);
    let mut report = Report::new(title, &analysis)
        .with_times(&view.times)
        .with_origin("journal", journal_file(name).display().to_string())
        .with_origin("written by", format!("surmise {}", view.versions.join(", ")));
    if let Some(note) =
        view.notes.get(COMMAND_NOTE).and_then(|note| CommandNote::deserialize(note).ok())
    {
        report = report.with_origin("command", note.command.join(" "));
    }
    for (part, hash) in &view.hashes {
        report = report.with_origin(format!("hash of the {part}"), hash.as_str());
    }
    // A study of a test function has no command.
    let line = view.study.best().and_then(|best| best_command(view, &best.configuration).ok());
    if let Some(line) = line {
        report = report.with_best_command(line);
    }
    (report.html(), report.pictures())
}

fn comparison_report(
    titles: &[String],
    views: &[JournalView],
) -> Result<(String, Vec<Picture>), CommandError> {
    let studies = titles.iter().cloned().zip(views.iter().map(|view| &view.study)).collect();
    let comparison = Comparison::new(studies).ok_or_else(|| {
        let describe = |(title, view): (&String, &JournalView)| {
            let objective = view.study.objective();
            format!("{title}: {} ({:?})", objective.metric_name, objective.goal)
        };
        let studies: Vec<String> = titles.iter().zip(views).map(describe).collect();
        format!("studies of different metrics or goals cannot be compared: {}", studies.join(", "))
    })?;
    Ok((comparison.html(&titles.join(", ")), comparison.pictures()))
}

fn write(path: &PathBuf, text: &str) -> Result<(), CommandError> {
    Ok(fs::write(path, text).map_err(|error| write_error(path, &error))?)
}

fn write_error(path: &std::path::Path, error: &std::io::Error) -> String {
    format!("{} cannot be written: {error}", path.display())
}
