//! `surmise stop`: stops a running `surmise tune` from another terminal.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use rustix::process::{Pid, Signal, kill_process};
use surmise::journal::Journal;

use super::file::journal_file;
use crate::output::{CommandError, exit_code, print_line};

/// Pause between two signals, so that the process receives both.
const SIGNAL_INTERVAL: Duration = Duration::from_millis(300);

#[derive(Debug, Args)]
pub(crate) struct StopOptions {
    /// The name of the study, or its journal file.
    name: String,
    /// Also stop the running jobs. By default, they are allowed to end.
    #[arg(long)]
    cancel: bool,
}

pub(crate) fn stop(options: &StopOptions) -> ExitCode {
    exit_code(try_stop(options).map(|()| ExitCode::SUCCESS))
}

fn try_stop(options: &StopOptions) -> Result<(), CommandError> {
    let path = journal_file(&options.name);
    let writer = Journal::writer_process(&path)?;
    let writer =
        writer.ok_or_else(|| format!("no `surmise tune` is running on {}", path.display()))?;
    let process = i32::try_from(writer).ok().and_then(Pid::from_raw);
    let process = process.ok_or("the journal's lock has no valid process identifier")?;
    let signals: &[Signal] =
        if options.cancel { &[Signal::INT, Signal::INT] } else { &[Signal::TERM] };
    for (number, signal) in signals.iter().enumerate() {
        if number > 0 {
            std::thread::sleep(SIGNAL_INTERVAL);
        }
        kill_process(process, *signal)?;
    }
    let effect =
        if options.cancel { "stops its jobs and ends" } else { "ends when its jobs have ended" };
    Ok(print_line(format_args!("Process {writer} {effect}. Run its command again to resume."))?)
}
