//! Writing to the terminal, and ending with a status.

use std::error::Error;
use std::fmt::{self, Display};
use std::io::{self, Write};
use std::process::ExitCode;

/// Anything that ends a subcommand, for people.
pub(crate) type Failure = Box<dyn Error>;

/// The command line or a file cannot be read: the subcommand ends with 2.
#[derive(Debug)]
pub(crate) struct Unreadable(pub(crate) String);

impl Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Unreadable {}

/// A journal cannot be used: the subcommand ends with 3.
#[derive(Debug)]
pub(crate) struct Unusable(pub(crate) String);

impl Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Unusable {}

/// Writes a line to standard output; whoever closes that has heard enough.
pub(crate) fn say(text: impl Display) -> io::Result<()> {
    match writeln!(io::stdout().lock(), "{text}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes a line to standard output if that is possible: what goes on does not depend on it.
#[cfg(feature = "sdk")]
pub(crate) fn tell(text: impl Display) {
    let _ = say(text);
}

/// Writes a line to standard error, if that is possible.
pub(crate) fn say_aside(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// The status of what was done, or why it was not: 3 if a journal cannot be used, 2 if the command line or a file cannot be read, else 1.
pub(crate) fn ended(done: Result<ExitCode, Failure>) -> ExitCode {
    done.unwrap_or_else(|error| {
        say_aside(&error);
        let is_journal = matches!(error.downcast_ref(), Some(surmise::Error::Journal(_)));
        if is_journal || error.is::<Unusable>() {
            ExitCode::from(3)
        } else if error.is::<Unreadable>() {
            ExitCode::from(2)
        } else {
            ExitCode::FAILURE
        }
    })
}
