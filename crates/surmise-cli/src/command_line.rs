//! The subcommands of `surmise`.

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::{ask_tell, bench, demo, journals, sagemaker, shells, tune};

/// The exit statuses that all subcommands share.
const EXIT_STATUSES: &str = "\
Exit status: 0 done; 1 the command failed, or the answer is no; 2 the command line or a file \
cannot be read; 3 a journal cannot be used: it does not exist, another process writes it, or it is \
damaged. The help of a subcommand lists the other statuses that it may have.";

/// Finds good values for the parameters of a program that is expensive to run, such as the
/// hyperparameters of a training script.
#[derive(Debug, Parser)]
#[command(
    name = "surmise",
    version,
    after_help = EXIT_STATUSES
)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Tune a program: `surmise tune --set 'lr=1e-5..1 log' --minimize loss -- python train.py
    /// --lr {lr}`.
    #[command(after_help = tune::HELP)]
    Tune(Box<tune::TuneOptions>),
    /// Show the trials of a study as a table, as JSON or as CSV.
    Show(journals::ShowOptions),
    /// Write a report on a study: best trials, importance of parameters, pictures, as one HTML
    /// file.
    Report(journals::ReportOptions),
    /// Print the best configuration of a study: as text, JSON, a command or environment variables.
    Best(journals::BestOptions),
    /// Explain why a trial was proposed and how it ended.
    Why(journals::WhyOptions),
    /// Print the output of a job.
    Logs(journals::LogsOptions),
    /// Add a configuration to a study, to be tried next.
    Enqueue(journals::EnqueueOptions),
    /// Stop a running `surmise tune`, from another terminal.
    Stop(journals::StopOptions),
    /// Repair a damaged journal as far as possible, and list what is lost.
    Repair(journals::RepairOptions),
    /// Print the next trial of a study, for shell scripts and schedulers.
    #[command(after_help = journals::ASK_HELP)]
    Ask(Box<journals::AskOptions>),
    /// Record the result of a trial that `ask` has printed.
    Tell(journals::TellOptions),
    /// Write a study as CSV, as JSON, for Optuna or for SageMaker's tools.
    Export(journals::ExportOptions),
    /// Add results from a CSV file or from Optuna to a study.
    Import(Box<journals::ImportOptions>),
    /// Tune gradient-boosted trees on real data with 50 jobs: a first demonstration, in seconds.
    Demo(demo::Options),
    /// Serve a program in any language that asks for configurations and tells their values, in
    /// JSON lines.
    #[command(after_help = ask_tell::HELP)]
    AskTell(ask_tell::Options),
    /// Print the script with which a shell completes subcommands and options.
    Completions(shells::CompletionsOptions),
    /// Write manual pages for all subcommands.
    Man(shells::ManOptions),
    /// Compare strategies on benchmark problems, with statistics.
    #[command(subcommand)]
    Bench(bench::Command),
    /// Check, run and write tuning requests of Amazon SageMaker.
    #[command(subcommand)]
    Sagemaker(Box<sagemaker::Command>),
}

/// Runs the subcommand that the command line names.
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
        Command::Sagemaker(command) => sagemaker::run(*command),
    }
}
