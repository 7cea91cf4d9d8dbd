//! `surmise bench`: compares strategies on benchmark problems, with statistics.

mod arguments;
mod provenance;
mod variants;

mod random_means;
mod run;
mod runs;

mod check;

mod command;

pub(crate) use self::arguments::Command;
pub(crate) use self::command::run;
