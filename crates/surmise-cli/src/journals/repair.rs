//! `surmise repair`: a damaged journal mended as far as it can be.

use std::process::ExitCode;

use clap::Args;
use surmise::journal::{Journal, Repair};

use super::file::{journal_file, open};
use crate::output::{Failure, ended, say};

#[derive(Debug, Args)]
pub(crate) struct RepairOptions {
    /// The study: its name, or its journal's file.
    name: String,
}

pub(crate) fn repair(options: &RepairOptions) -> ExitCode {
    ended(try_repair(options).map(|()| ExitCode::SUCCESS))
}

fn try_repair(options: &RepairOptions) -> Result<(), Failure> {
    let path = journal_file(&options.name);
    let repair = open(&path, |path| Ok(Journal::repair(path)?))?;
    let Repair { kept_aside, events, lost, renumbered, .. } = repair;
    let Some(kept_aside) = kept_aside else {
        return Ok(say(format_args!("{} is sound: {events} events", path.display()))?);
    };
    say(format_args!(
        "{} is mended: {events} events; the damaged file is {}",
        path.display(),
        kept_aside.display()
    ))?;
    for line in lost {
        say(format_args!("lost: {line}"))?;
    }
    for (before, now) in renumbered {
        say(format_args!("trial {before} is trial {now} now"))?;
    }
    Ok(())
}
