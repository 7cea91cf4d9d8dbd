//! `surmise logs`: prints the output of a job.

use std::fs;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;

use super::file::{job_folder, journal_file, trial, view};
use crate::output::{CommandError, exit_code};

#[derive(Debug, Args)]
pub(crate) struct LogsOptions {
    /// The name of the study, or its journal file.
    name: String,
    /// The number of the trial.
    trial: u64,
    /// The number of the attempt [default: the last one].
    #[arg(long, value_name = "N")]
    attempt: Option<u32>,
}

pub(crate) fn logs(options: &LogsOptions) -> ExitCode {
    exit_code(try_logs(options).map(|()| ExitCode::SUCCESS))
}

/// Prints the job's standard output and standard error to those of this process.
fn try_logs(options: &LogsOptions) -> Result<(), CommandError> {
    let view = view(&options.name)?;
    let trial = trial(&view.study, options.trial)?;
    let attempt = options.attempt.unwrap_or(trial.attempt());
    let folder = job_folder(&journal_file(&options.name), trial.id, attempt);
    let read = |name: &str| fs::read(folder.join(name));
    let output = read("stdout.log").map_err(|error| {
        let folder = folder.display();
        format!("attempt {attempt} of trial {} has no logs in {folder}: {error}", trial.id)
    })?;
    write(io::stdout().lock(), &output)?;
    write(io::stderr().lock(), &read("stderr.log").unwrap_or_default())?;
    Ok(())
}

/// Writes bytes; a closed pipe is not an error.
fn write(mut to: impl Write, bytes: &[u8]) -> io::Result<()> {
    match to.write_all(bytes).and_then(|()| to.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
