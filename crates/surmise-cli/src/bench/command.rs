//! Runs the subcommands of `surmise bench`.

use std::process::ExitCode;

use super::arguments::Command;
use super::check::check;
use super::random_means::random_means;
use super::run::run_all;
use super::runs::{compare, merge};
use crate::output::exit_code;

pub(crate) fn run(command: &Command) -> ExitCode {
    exit_code(match command {
        Command::Run(options) => run_all(options),
        Command::Compare(options) => compare(options),
        Command::Merge(options) => merge(options),
        Command::Check(options) => check(options),
        Command::RandomMeans { problems } => random_means(problems),
    })
}
