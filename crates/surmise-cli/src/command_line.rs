//! The command line, and what it begins.

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::{ask_tell, bench, demo, journals, sagemaker, shells, tune};

/// Tunes expensive black boxes, first of all the hyperparameters of machine learning.
#[derive(Debug, Parser)]
#[command(
    name = "surmise",
    version,
    after_help = "Exit status: 0 done; 1 it failed, or what was asked is answered by no; 2 the command line or a file cannot be read; 3 a journal \
                  cannot be used: it is not there, another process writes it, or it is damaged. What else a subcommand may end with, its own help says."
)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Tune a command: `surmise tune --set 'lr=1e-5..1 log' --minimize loss -- python train.py --lr {lr}`.
    #[command(after_help = tune::HELP)]
    Tune(Box<tune::TuneOptions>),
    /// Show the trials of a study as a table, as JSON or as CSV.
    Show(journals::ShowOptions),
    /// Write what a study has learnt as a page: an HTML file that needs nothing from elsewhere.
    Report(journals::ReportOptions),
    /// Print the best configuration of a study: as text, JSON, a command or variables.
    Best(journals::BestOptions),
    /// Say why a trial was proposed, and how it ended.
    Why(journals::WhyOptions),
    /// Print what a job has printed.
    Logs(journals::LogsOptions),
    /// Add a configuration to a study that is to be tried next.
    Enqueue(journals::EnqueueOptions),
    /// Ask a running tuner to end, from another terminal.
    Stop(journals::StopOptions),
    /// Mend a damaged journal as far as it can be mended, and say what is lost.
    Repair(journals::RepairOptions),
    /// Ask for the next trial of a study. For shell scripts and schedulers.
    #[command(after_help = journals::ASK_HELP)]
    Ask(Box<journals::AskOptions>),
    /// Tell the result of a trial that `ask` gave.
    Tell(journals::TellOptions),
    /// Write a study in the forms of other programs.
    Export(journals::ExportOptions),
    /// Take results from elsewhere into a study.
    Import(Box<journals::ImportOptions>),
    /// Tune gradient-boosted trees on real data, as a tuning job of AWS's Step Functions sample asks: a first look.
    Demo(demo::Options),
    /// Let a program in any language ask for configurations and tell their values, over JSON lines.
    #[command(after_help = ask_tell::HELP)]
    AskTell(ask_tell::Options),
    /// Print a script by which a shell completes subcommands and options.
    Completions(shells::CompletionsOptions),
    /// Write manual pages.
    Man(shells::ManOptions),
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
        Command::Tune(options) => tune::run(*options),
        Command::Show(options) => journals::show(&options),
        Command::Report(options) => journals::report(&options),
        Command::Best(options) => journals::best(&options),
        Command::Why(options) => journals::why(&options),
        Command::Logs(options) => journals::logs(&options),
        Command::Enqueue(options) => journals::enqueue(&options),
        Command::Stop(options) => journals::stop(&options),
        Command::Repair(options) => journals::repair(&options),
        Command::Ask(options) => journals::ask(&options),
        Command::Tell(options) => journals::tell(&options),
        Command::Export(options) => journals::export(&options),
        Command::Import(options) => journals::import(&options),
        Command::Demo(options) => demo::run(&options),
        Command::AskTell(options) => ask_tell::run(&options),
        Command::Completions(options) => shells::completions(&options, CommandLine::command()),
        Command::Man(options) => shells::man(&options, CommandLine::command()),
        Command::Bench(command) => bench::run(&command),
        Command::Sagemaker(command) => sagemaker::run(command),
    }
}
