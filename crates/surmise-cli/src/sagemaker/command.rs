//! The command line of `surmise sagemaker`, and what it begins.

use std::process::ExitCode;

use clap::Subcommand;
use surmise_sagemaker::service_model;

use super::arguments::{OtherLimits, Reading};
#[cfg(feature = "fake")]
use super::fake;
#[cfg(feature = "sdk")]
use super::offline;
use super::request::{Way, judged};
#[cfg(feature = "sdk")]
use super::tune;
use crate::output::{ended, say};

/// What `check` may end with.
const JUDGED: &str =
    "Exit status: 0 the service would accept the request, 1 it would not, 2 it cannot be read.";
/// What the three may end with that do more.
const STATUS: &str = "Exit status: 0 done, 1 the service would not accept the request, 2 it cannot be read, 3 it would be accepted, but it cannot \
                      be run or written here.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Judge a tuning request: would the service take it, would a person regret it?
    #[command(after_help = JUDGED)]
    Check {
        #[command(flatten)]
        reading: Reading,
    },
    /// Judge a tuning request, show the study that it would make, and run it here, if boosted trees on the diabetes data have its hyperparameters.
    #[command(after_help = STATUS)]
    Run {
        #[command(flatten)]
        reading: Reading,
        #[command(flatten)]
        limits: OtherLimits,
    },
    /// Print the request for SageMaker's own tuner that the study would be. JSON alone goes to standard output, the rest to standard error.
    #[command(after_help = STATUS)]
    Write {
        #[command(flatten)]
        reading: Reading,
        #[command(flatten)]
        limits: OtherLimits,
    },
    /// As `run`, and print how the tuning job stands, as `DescribeHyperParameterTuningJob` does: without ARNs and times, which only the service
    /// knows, and with the `ModelArtifacts` of each job. JSON alone goes to standard output, the rest to standard error.
    #[command(after_help = STATUS)]
    Describe {
        #[command(flatten)]
        reading: Reading,
        #[command(flatten)]
        limits: OtherLimits,
    },
    /// Print the rules of single members of a request, as JSON.
    Model,
    /// Run a request on a real account, which costs money: training jobs by Surmise's proposals, or SageMaker's own tuner.
    #[cfg(feature = "sdk")]
    #[command(after_help = tune::HELP)]
    Tune(tune::Options),
    /// Run AWS's sample by training jobs on a fake SageMaker on this machine: through the real SDK, under faults, for nothing.
    #[cfg(feature = "sdk")]
    Offline(offline::Options),
    /// Be a fake SageMaker, for any client: boto3, the AWS command line, another SDK.
    #[cfg(feature = "fake")]
    Fake {
        /// Where it listens.
        #[arg(long, default_value_t = 5657)]
        port: u16,
    },
}

pub(crate) fn run(command: Command) -> ExitCode {
    match command {
        Command::Check { reading } => judged(&reading, Way::Check),
        Command::Run { reading, limits } => judged(&reading, Way::Run(&limits)),
        Command::Write { reading, limits } => judged(&reading, Way::Write(&limits)),
        Command::Describe { reading, limits } => judged(&reading, Way::Describe(&limits)),
        Command::Model => {
            let said = say(format!("{:#}", service_model()));
            ended(said.map(|()| ExitCode::SUCCESS).map_err(Into::into))
        }
        #[cfg(feature = "sdk")]
        Command::Tune(options) => ended(tune::run(&options).map(|()| ExitCode::SUCCESS)),
        #[cfg(feature = "sdk")]
        Command::Offline(options) => ended(offline::run(&options).map(|()| ExitCode::SUCCESS)),
        #[cfg(feature = "fake")]
        Command::Fake { port } => ended(fake::run(port).map(|()| ExitCode::SUCCESS)),
    }
}
