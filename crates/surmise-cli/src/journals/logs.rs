//! `surmise logs`: what a job has printed.

use std::fs;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;

use super::file::{job_folder, journal_file, trial, view};
use crate::output::{Failure, ended};

#[derive(Debug, Args)]
pub(crate) struct LogsOptions {
    /// The study: its name, or its journal's file.
    name: String,
    /// The trial's number.
    trial: u64,
    /// An earlier attempt than the last one.
    #[arg(long, value_name = "N")]
    attempt: Option<u32>,
}

pub(crate) fn logs(options: &LogsOptions) -> ExitCode {
    ended(try_logs(options).map(|()| ExitCode::SUCCESS))
}

/// Prints standard output of the job to standard output, and its standard error to standard error.
fn try_logs(options: &LogsOptions) -> Result<(), Failure> {
    let view = view(&options.name)?;
    let trial = trial(&view.study, options.trial)?;
    let attempt = options.attempt.unwrap_or(trial.attempt());
    let folder = job_folder(&journal_file(&options.name), trial.id, attempt);
    let read = |name: &str| fs::read(folder.join(name));
    let output = read("stdout.log").map_err(|error| {
        let folder = folder.display();
        format!("trial {} has no logs of attempt {attempt} in {folder}: {error}", trial.id)
    })?;
    write(io::stdout().lock(), &output)?;
    write(io::stderr().lock(), &read("stderr.log").unwrap_or_default())?;
    Ok(())
}

/// Writes bytes; a reader that closes the pipe has read enough.
fn write(mut to: impl Write, bytes: &[u8]) -> io::Result<()> {
    match to.write_all(bytes).and_then(|()| to.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
