//! `surmise bench`: compares strategies on benchmark problems, with statistics.

mod arguments;
mod variants;

mod subcommands;

mod command;

pub(crate) use self::arguments::Command;
pub(crate) use self::command::run;
