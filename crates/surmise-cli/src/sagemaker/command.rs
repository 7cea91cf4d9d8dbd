//! The subcommands of `surmise sagemaker`.

use std::process::ExitCode;

use clap::Subcommand;
use surmise_sagemaker::service_model;

use super::arguments::{LimitOverrides, RequestOptions};
#[cfg(feature = "fake")]
use super::fake;
#[cfg(feature = "sdk")]
use super::offline;
use super::request::{Action, validate_and_run};
#[cfg(feature = "sdk")]
use super::tune;
use crate::output::{exit_code, print_line};

/// The exit statuses of `check`.
const CHECK_STATUS: &str = "\
Exit status: 0 the service would accept the request; 1 it would reject the request; 2 the request \
cannot be read.";
/// The exit statuses of `run`, `write` and `describe`.
const RUN_STATUS: &str = "\
Exit status: 0 done; 1 the service would reject the request; 2 the request cannot be read; 3 the \
service would accept the request, but this command cannot run or write it.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check a tuning request: whether the service would accept it, and what is probably a mistake.
    #[command(after_help = CHECK_STATUS)]
    Check {
        #[command(flatten)]
        options: RequestOptions,
    },
    /// Check a tuning request, show the study that it describes, and run it on this machine. The
    /// request must tune hyperparameters of boosted trees, which are trained on the diabetes data.
    #[command(after_help = RUN_STATUS)]
    Run {
        #[command(flatten)]
        options: RequestOptions,
        #[command(flatten)]
        limits: LimitOverrides,
    },
    /// Convert a tuning request to a study and print that study as a request for SageMaker's own
    /// tuner. Standard output is JSON only; messages go to standard error.
    #[command(after_help = RUN_STATUS)]
    Write {
        #[command(flatten)]
        options: RequestOptions,
        #[command(flatten)]
        limits: LimitOverrides,
    },
    /// Run a tuning request like `run`, and print the result as `DescribeHyperParameterTuningJob`
    /// would, without ARNs and times, but with the `ModelArtifacts` of each job. Standard output is
    /// JSON only; messages go to standard error.
    #[command(after_help = RUN_STATUS)]
    Describe {
        #[command(flatten)]
        options: RequestOptions,
        #[command(flatten)]
        limits: LimitOverrides,
    },
    /// Print the validation rules for the members of a request, as JSON.
    Model,
    /// Run a request on a real AWS account, which costs money: with training jobs that Surmise
    /// proposes, or with SageMaker's own tuner.
    #[cfg(feature = "sdk")]
    #[command(after_help = tune::HELP)]
    Tune(tune::Options),
    /// Run AWS's sample request with a fake SageMaker on this machine: with the real AWS SDK and
    /// injected faults, free of charge.
    #[cfg(feature = "sdk")]
    Offline(offline::Options),
    /// Start a fake SageMaker for any client: boto3, the AWS command line or another SDK.
    #[cfg(feature = "fake")]
    Fake {
        /// The port on which the server listens.
        #[arg(long, default_value_t = 5657)]
        port: u16,
    },
}

pub(crate) fn run(command: Command) -> ExitCode {
    match command {
        Command::Check { options } => validate_and_run(&options, Action::Check),
        Command::Run { options, limits } => validate_and_run(&options, Action::Run(&limits)),
        Command::Write { options, limits } => validate_and_run(&options, Action::Write(&limits)),
        Command::Describe { options, limits } => {
            validate_and_run(&options, Action::Describe(&limits))
        }
        Command::Model => {
            let printed = print_line(format!("{:#}", service_model()));
            exit_code(printed.map(|()| ExitCode::SUCCESS).map_err(Into::into))
        }
        #[cfg(feature = "sdk")]
        Command::Tune(options) => exit_code(tune::run(&options).map(|()| ExitCode::SUCCESS)),
        #[cfg(feature = "sdk")]
        Command::Offline(options) => exit_code(offline::run(&options).map(|()| ExitCode::SUCCESS)),
        #[cfg(feature = "fake")]
        Command::Fake { port } => exit_code(fake::run(port).map(|()| ExitCode::SUCCESS)),
    }
}
