//! `surmise tune`: tunes a program from one command, with a journal.

mod session;

mod arguments;

mod file;

mod jobs;
#[cfg(feature = "sdk")]
mod training_jobs;

mod request;

mod plan;

mod messages;

mod command;

pub(crate) use self::arguments::{HELP, TuneOptions};
pub(crate) use self::command::run;
pub(crate) use self::jobs::command_line;
pub(crate) use self::session::CommandNote;
