//! `surmise stop`: asks a running tuner to end, from another terminal.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use rustix::process::{Pid, Signal, kill_process};
use surmise::journal::Journal;

use super::file::journal_file;
use crate::output::{Failure, ended, say};

/// Between two interrupts, so that they are heard as two.
const PAUSE: Duration = Duration::from_millis(300);

#[derive(Debug, Args)]
pub(crate) struct StopOptions {
    /// The study: its name, or its journal's file.
    name: String,
    /// Stop the jobs that run, too. By default they may end.
    #[arg(long)]
    cancel: bool,
}

pub(crate) fn stop(options: &StopOptions) -> ExitCode {
    ended(try_stop(options).map(|()| ExitCode::SUCCESS))
}

fn try_stop(options: &StopOptions) -> Result<(), Failure> {
    let path = journal_file(&options.name);
    let writer = Journal::writer(&path)?;
    let writer = writer.ok_or_else(|| format!("no tuner runs on {}", path.display()))?;
    let process = i32::try_from(writer).ok().and_then(Pid::from_raw);
    let process = process.ok_or("the journal names no process")?;
    let signals: &[Signal] =
        if options.cancel { &[Signal::INT, Signal::INT] } else { &[Signal::TERM] };
    for (number, signal) in signals.iter().enumerate() {
        if number > 0 {
            std::thread::sleep(PAUSE);
        }
        kill_process(process, *signal)?;
    }
    let what =
        if options.cancel { "stops its jobs and ends" } else { "ends when its jobs have ended" };
    Ok(say(format_args!("Process {writer} {what}; the same line goes on later."))?)
}
