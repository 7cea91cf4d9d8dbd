//! The command line of `surmise sagemaker`.

use std::fs;
use std::io::Read;
use std::num::NonZeroUsize;

use clap::{Args, Subcommand};
use serde_json::Value;
use surmise_sagemaker::Quotas;

#[cfg(feature = "sdk")]
use super::offline;
#[cfg(feature = "sdk")]
use super::tune;

/// The statuses of the first four.
const STATUS: &str = "Exit status: 0 the service would accept the request, 1 it would not, 2 it cannot be read, 3 it would, but what is to be \
                      written cannot be made of it.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Judge a tuning request: would the service take it, would a person regret it?
    #[command(after_help = STATUS)]
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

/// A request, and what is known of it.
#[derive(Debug, Args)]
pub(crate) struct Reading {
    /// A `HyperParameterTuningJobConfig`, the body of `CreateHyperParameterTuningJob`, or a Step Functions state machine; - is standard input.
    pub(crate) file: String,
    /// The input of the state that makes the tuning job, or a file that holds it.
    #[arg(long, value_parser = json, value_name = "JSON")]
    pub(crate) input: Option<Value>,
    /// Its context object, likewise.
    #[arg(long, value_parser = json, value_name = "JSON")]
    pub(crate) context: Option<Value>,
    /// The state, where several make tuning jobs.
    #[arg(long, value_name = "NAME")]
    pub(crate) state: Option<String>,
    /// What `aws sagemaker describe-algorithm` prints for the algorithm that the request names.
    #[arg(long, value_name = "FILE")]
    pub(crate) algorithm: Option<String>,
    /// Lines that a training job prints, on which expressions of metrics are tried.
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<String>,
    /// Quotas of the account: default, 2023 (500 jobs), or raised (100 at a time; 10,000 at random).
    #[arg(long, value_parser = quotas, default_value = "default", value_name = "NAME")]
    pub(crate) quotas: Quotas,
}

/// Limits in place of the request's.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct OtherLimits {
    /// Training jobs.
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// Training jobs at a time.
    #[arg(long, value_name = "N")]
    pub(crate) parallel: Option<NonZeroUsize>,
    /// The seed of the proposals.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
}

/// What a file holds, or standard input.
pub(crate) fn bytes(path: &str) -> Result<Vec<u8>, String> {
    if path == "-" {
        let mut bytes = Vec::new();
        let read = std::io::stdin().read_to_end(&mut bytes);
        return read.map(|_| bytes).map_err(|error| format!("standard input: {error}"));
    }
    fs::read(path).map_err(|error| format!("{path}: {error}"))
}

pub(super) fn json(text: &str) -> Result<Value, String> {
    let is_json = text.trim_start().starts_with(['{', '[', '"']);
    let bytes = if is_json { text.as_bytes().to_vec() } else { bytes(text)? };
    serde_json::from_slice(&bytes).map_err(|error| format!("{text:?} is no JSON: {error}"))
}

fn quotas(name: &str) -> Result<Quotas, String> {
    match name {
        "default" => Ok(Quotas::DEFAULT),
        "2023" => Ok(Quotas::DEFAULT_2023),
        "raised" => Ok(Quotas::RAISED),
        _ => Err(format!("{name:?} are no quotas; use default, 2023 or raised")),
    }
}
