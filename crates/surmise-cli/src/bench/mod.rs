//! `surmise bench`: strategies compared on problems, with statistics, and a page about it.

mod arguments;
mod variants;

mod work;

use std::process::ExitCode;

pub(crate) use self::arguments::Command;
use self::work::{check, compare, random_means, run_all};
use crate::output::ended;

pub(crate) fn run(command: &Command) -> ExitCode {
    ended(match command {
        Command::Run(options) => run_all(options),
        Command::Compare { directories, out } => compare(directories, out.as_deref()),
        Command::Check { baseline, write, quiet } => check(baseline, *write, *quiet),
        Command::RandomMeans { problems } => random_means(problems),
    })
}
