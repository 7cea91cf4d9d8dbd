//! Writing to the terminal, and ending with a status.

#![allow(clippy::print_stderr, reason = "a command talks")]

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

/// Anything that ends a subcommand, for people.
pub(crate) type Failure = Box<dyn std::error::Error>;

/// Writes a line to standard output; whoever closes that has heard enough.
pub(crate) fn say(text: impl Display) -> io::Result<()> {
    match writeln!(io::stdout().lock(), "{text}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// The status of what was done, or 1 after saying why it was not.
pub(crate) fn ended(done: Result<ExitCode, Failure>) -> ExitCode {
    done.unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::FAILURE
    })
}
