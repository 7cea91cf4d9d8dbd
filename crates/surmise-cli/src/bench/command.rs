//! What the command line of `surmise bench` begins.

use std::process::ExitCode;

use super::arguments::Command;
use super::work::{check, compare, random_means, run_all};
use crate::output::ended;

pub(crate) fn run(command: &Command) -> ExitCode {
    ended(match command {
        Command::Run(options) => run_all(options),
        Command::Compare { directories, out } => compare(directories, out.as_deref()),
        Command::Check { baseline, write, quiet } => check(baseline, *write, *quiet),
        Command::RandomMeans { problems } => random_means(problems),
    })
}
