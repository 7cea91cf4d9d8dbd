//! `surmise completions` and `surmise man`: what shells and `man` know of the command.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Command};
use clap_complete::Shell;

use crate::output::{Failure, ended, say};

#[derive(Debug, Args)]
pub(crate) struct CompletionsOptions {
    /// The shell that is to complete subcommands and options.
    shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct ManOptions {
    /// The folder for the pages, one for each subcommand, such as /usr/local/share/man/man1. It is created if it is not there.
    folder: PathBuf,
}

/// Prints a script for a shell, such as `surmise completions bash > /etc/bash_completion.d/surmise`.
pub(crate) fn completions(options: &CompletionsOptions, mut command: Command) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut command, "surmise", &mut script);
    let written = io::stdout().lock().write_all(&script);
    ended(match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    })
}

pub(crate) fn man(options: &ManOptions, command: Command) -> ExitCode {
    ended(try_man(options, command).map(|()| ExitCode::SUCCESS))
}

fn try_man(options: &ManOptions, command: Command) -> Result<(), Failure> {
    let folder = options.folder.display();
    let cannot = |error: io::Error| format!("{folder}: {error}");
    fs::create_dir_all(&options.folder).map_err(cannot)?;
    clap_mangen::generate_to(command, &options.folder).map_err(cannot)?;
    Ok(say(format_args!("The pages are in {folder}."))?)
}
