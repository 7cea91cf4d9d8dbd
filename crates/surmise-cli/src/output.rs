//! Printing, errors of subcommands, and exit statuses.

use std::error::Error;
use std::fmt::{self, Display};
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

/// An error that ends a subcommand; its text is printed to standard error.
pub(crate) type CommandError = Box<dyn Error>;

/// The command line or a file cannot be read; the exit status is 2.
#[derive(Debug)]
pub(crate) struct InvalidInput(pub(crate) String);

impl Display for InvalidInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for InvalidInput {}

/// Adds the path of a file to an error.
pub(crate) fn in_file(path: &Path, error: impl Display) -> InvalidInput {
    InvalidInput(format!("{}: {error}", path.display()))
}

/// A journal cannot be used; the exit status is 3.
#[derive(Debug)]
pub(crate) struct UnusableJournal(pub(crate) String);

impl Display for UnusableJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for UnusableJournal {}

/// Prints a line to standard output; a closed pipe is not an error.
pub(crate) fn print_line(text: impl Display) -> io::Result<()> {
    match writeln!(io::stdout().lock(), "{text}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Prints a line to standard output and ignores all errors of writing.
#[cfg(feature = "sdk")]
pub(crate) fn print_if_possible(text: impl Display) {
    let _ = print_line(text);
}

/// Prints a line to standard error and ignores all errors of writing.
pub(crate) fn print_to_stderr(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Prints the error, if there is one, and returns the exit status.
///
/// An error gives status 3 if a journal cannot be used, 2 if the command line or a file cannot be
/// read, and 1 otherwise.
pub(crate) fn exit_code(result: Result<ExitCode, CommandError>) -> ExitCode {
    result.unwrap_or_else(|error| {
        print_to_stderr(&error);
        let is_journal = matches!(error.downcast_ref(), Some(surmise::Error::Journal(_)));
        if is_journal || error.is::<UnusableJournal>() {
            ExitCode::from(3)
        } else if error.is::<InvalidInput>() {
            ExitCode::from(2)
        } else {
            ExitCode::FAILURE
        }
    })
}
