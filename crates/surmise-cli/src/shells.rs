//! `surmise completions` and `surmise man`: scripts for shells, and manual pages.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Command};
use clap_complete::Shell;

use crate::output::{CommandError, exit_code, print_line};

#[derive(Debug, Args)]
pub(crate) struct CompletionsOptions {
    /// The shell that the script is for.
    shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct ManOptions {
    /// The folder for the pages, one for each subcommand, such as /usr/local/share/man/man1. It is
    /// created if it does not exist.
    folder: PathBuf,
}

/// Prints the completion script, as in `surmise completions bash > /etc/bash_completion.d/surmise`.
pub(crate) fn completions(options: &CompletionsOptions, mut command: Command) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut command, "surmise", &mut script);
    let written = io::stdout().lock().write_all(&script);
    exit_code(match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    })
}

pub(crate) fn man(options: &ManOptions, command: Command) -> ExitCode {
    exit_code(try_man(options, command).map(|()| ExitCode::SUCCESS))
}

fn try_man(options: &ManOptions, command: Command) -> Result<(), CommandError> {
    let folder = options.folder.display();
    let in_folder = |error: io::Error| format!("the folder {folder} cannot be written: {error}");
    fs::create_dir_all(&options.folder).map_err(in_folder)?;
    clap_mangen::generate_to(command, &options.folder).map_err(in_folder)?;
    Ok(print_line(format_args!("The manual pages are in {folder}."))?)
}
