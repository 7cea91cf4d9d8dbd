//! Runs the subcommands of `surmise bench`.

use std::process::ExitCode;

use super::arguments::Command;
use super::subcommands::{check, compare, random_means, run_all};
use crate::output::exit_code;

pub(crate) fn run(command: &Command) -> ExitCode {
    exit_code(match command {
        Command::Run(options) => run_all(options),
        Command::Compare { directories, out } => compare(directories, out.as_deref()),
        Command::Check { baseline, write, quiet } => check(baseline, *write, *quiet),
        Command::RandomMeans { problems } => random_means(problems),
    })
}
