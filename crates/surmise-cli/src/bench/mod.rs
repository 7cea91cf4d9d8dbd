//! `surmise bench`: strategies compared on problems, with statistics, and a page about it.

mod arguments;
mod variants;

mod work;

mod command;

pub(crate) use self::arguments::Command;
pub(crate) use self::command::run;
