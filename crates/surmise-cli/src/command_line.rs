//! The command line, and what it begins.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::{ask_tell, bench, demo, sagemaker};

/// Tunes expensive black boxes, first of all the hyperparameters of machine learning.
#[derive(Debug, Parser)]
#[command(
    name = "surmise",
    version,
    after_help = "Exit status: 0 done; 1 it failed, or what was asked is answered by no; 2 the command line or a file cannot be read. \
                  What else a subcommand may end with, its own help says."
)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Tune gradient-boosted trees on real data, as a tuning job of AWS's Step Functions sample asks: a first look.
    Demo(demo::Options),
    /// Let a program in any language ask for configurations and tell their values, over JSON lines.
    #[command(after_help = ask_tell::HELP)]
    AskTell(ask_tell::Options),
    /// Compare strategies on problems, with statistics.
    #[command(subcommand)]
    Bench(bench::Command),
    /// Judge, run and write tuning requests of Amazon SageMaker.
    #[command(subcommand)]
    Sagemaker(sagemaker::Command),
}

/// Does what the command line says.
pub(crate) fn run() -> ExitCode {
    match CommandLine::parse().command {
        Command::Demo(options) => demo::run(&options),
        Command::AskTell(options) => ask_tell::run(&options),
        Command::Bench(command) => bench::run(&command),
        Command::Sagemaker(command) => sagemaker::run(command),
    }
}
