//! `surmise report`: what a study has learnt, as a page.

use std::collections::HashSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde::Deserialize;
use surmise::journal::JournalView;
use surmise_report::{Analysis, Comparison, Picture, Report};

use super::best::command;
use super::file::{journal_file, view};
use crate::layout::COMMAND_NOTE;
use crate::output::{Failure, Unreadable, ended, say};
use crate::tune::CommandNote;

#[derive(Debug, Args)]
pub(crate) struct ReportOptions {
    /// The study: its name, or its journal's file. Several are compared.
    #[arg(required = true)]
    names: Vec<String>,
    /// The HTML file to write, or `-` for standard output; NAME.html if it is not given.
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
    check(options)?;
    let views: Vec<JournalView> =
        options.names.iter().map(|name| view(name)).collect::<Result<_, _>>()?;
    let titles: Vec<String> = options.names.iter().map(|name| title(name)).collect();
    let (page, pictures) = match &views[..] {
        [one] => page_of(&options.names[0], &titles[0], one),
        several => comparison(&titles, several)?,
    };
    let output = options
        .output
        .clone()
        .unwrap_or_else(|| PathBuf::from(format!("{}.html", titles.join("-"))));
    if output.as_os_str() == "-" {
        return Ok(say(page)?);
    }
    refuse_journal(&output)?;
    if let Some(folder) = &options.pictures {
        fs::create_dir_all(folder).map_err(|error| cannot_write(folder, &error))?;
        for picture in pictures {
            write(&folder.join(format!("{}.svg", picture.name)), &picture.svg)?;
        }
    }
    if let Some(folder) = output.parent() {
        fs::create_dir_all(folder).map_err(|error| cannot_write(folder, &error))?;
    }
    write(&output, &page)?;
    Ok(say(format_args!("{}: open it in a browser.", output.display()))?)
}

/// No study may be named twice.
fn check(options: &ReportOptions) -> Result<(), Failure> {
    let mut seen = HashSet::new();
    for name in &options.names {
        let path = journal_file(name);
        if let Ok(path) = path.canonicalize()
            && !seen.insert(path)
        {
            return Err(Unreadable(format!("{name} is named twice: name each study once")).into());
        }
    }
    Ok(())
}

/// A journal is never overwritten by a page.
fn refuse_journal(output: &Path) -> Result<(), Failure> {
    const BEGINNING: &[u8] = b"{\"seq\":";
    let mut beginning = Vec::new();
    if let Ok(file) = fs::File::open(output) {
        file.take(BEGINNING.len() as u64).read_to_end(&mut beginning)?;
    }
    if beginning == BEGINNING {
        let output = output.display();
        return Err(Unreadable(format!("{output} is a journal: give the page another name")).into());
    }
    Ok(())
}

/// A study's name, from what was typed.
fn title(name: &str) -> String {
    let path = journal_file(name);
    path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn page_of(name: &str, title: &str, view: &JournalView) -> (String, Vec<Picture>) {
    let analysis = Analysis::of(&view.study);
    let mut report = Report::of(title, &analysis)
        .with_times(&view.times)
        .with_origin("journal", journal_file(name).display().to_string())
        .with_origin("written by", format!("surmise {}", view.versions.join(", ")));
    if let Some(note) =
        view.notes.get(COMMAND_NOTE).and_then(|note| CommandNote::deserialize(note).ok())
    {
        report = report.with_origin("what runs the jobs", note.command.join(" "));
    }
    for (part, hash) in &view.hashes {
        report = report.with_origin(format!("hash of the {part}"), hash.as_str());
    }
    // A function has no command.
    let line = view.study.best().and_then(|best| command(view, &best.configuration).ok());
    if let Some(line) = line {
        report = report.with_best_command(line);
    }
    (report.html(), report.pictures())
}

fn comparison(titles: &[String], views: &[JournalView]) -> Result<(String, Vec<Picture>), Failure> {
    let studies = titles.iter().cloned().zip(views.iter().map(|view| &view.study)).collect();
    let comparison = Comparison::of(studies).ok_or_else(|| {
        let each = |(title, view): (&String, &JournalView)| {
            let objective = view.study.objective();
            format!("{title}: {} ({:?})", objective.metric_name, objective.goal)
        };
        let each: Vec<String> = titles.iter().zip(views).map(each).collect();
        format!("studies of different metrics or goals cannot be compared: {}", each.join(", "))
    })?;
    Ok((comparison.html(&titles.join(", ")), comparison.pictures()))
}

fn write(path: &PathBuf, text: &str) -> Result<(), Failure> {
    Ok(fs::write(path, text).map_err(|error| cannot_write(path, &error))?)
}

fn cannot_write(path: &std::path::Path, error: &std::io::Error) -> String {
    format!("{} cannot be written: {error}", path.display())
}
