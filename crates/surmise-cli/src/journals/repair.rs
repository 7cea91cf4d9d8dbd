//! `surmise repair`: repairs a damaged journal as far as possible.

use std::process::ExitCode;

use clap::Args;
use surmise::journal::{Journal, RepairSummary};

use super::file::{journal_file, open_journal};
use crate::output::{CommandError, exit_code, print_line};

#[derive(Debug, Args)]
pub(crate) struct RepairOptions {
    /// The name of the study, or its journal file.
    name: String,
}

pub(crate) fn repair(options: &RepairOptions) -> ExitCode {
    exit_code(try_repair(options).map(|()| ExitCode::SUCCESS))
}

fn try_repair(options: &RepairOptions) -> Result<(), CommandError> {
    let path = journal_file(&options.name);
    let repair = open_journal(&path, |path| Ok(Journal::repair(path)?))?;
    let RepairSummary { damaged_copy, event_count, lost, renumbered, .. } = repair;
    let Some(damaged_copy) = damaged_copy else {
        return Ok(print_line(format_args!(
            "{} is not damaged: {event_count} events",
            path.display()
        ))?);
    };
    print_line(format_args!(
        "{} is repaired: {event_count} events; the damaged file is kept as {}",
        path.display(),
        damaged_copy.display()
    ))?;
    for line in lost {
        print_line(format_args!("lost: {line}"))?;
    }
    for (before, now) in renumbered {
        print_line(format_args!("trial {before} has the new number {now}"))?;
    }
    Ok(())
}
