//! Arguments of the subcommands that read a request.

use std::num::NonZeroUsize;

use clap::Args;
use serde_json::Value;
use surmise_sagemaker::Quotas;

use super::value_parsers::{parse_json, parse_quotas};

/// The options that name a request, and those for reading and validating it.
#[derive(Debug, Args)]
pub(crate) struct RequestOptions {
    /// A file with a `HyperParameterTuningJobConfig`, the body of `CreateHyperParameterTuningJob`
    /// or a Step Functions state machine; `-` is standard input.
    pub(crate) file: String,
    /// The input of the state that creates the tuning job: JSON, or the name of a file with it.
    #[arg(long, value_parser = parse_json, value_name = "JSON")]
    pub(crate) input: Option<Value>,
    /// The context object of that state: JSON, or the name of a file with it.
    #[arg(long, value_parser = parse_json, value_name = "JSON")]
    pub(crate) context: Option<Value>,
    /// The name of the state, if several states create tuning jobs.
    #[arg(long, value_name = "NAME")]
    pub(crate) state: Option<String>,
    /// A file with the output of `aws sagemaker describe-algorithm` for the algorithm of the
    /// request.
    #[arg(long, value_name = "FILE")]
    pub(crate) algorithm: Option<String>,
    /// A file with the output of a training job, to test the regular expressions of the metrics.
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<String>,
    /// The quotas of the account: default, 2023 (500 jobs), or raised (100 jobs at a time, 10,000
    /// jobs with random search).
    #[arg(long, value_parser = parse_quotas, default_value = "default", value_name = "NAME")]
    pub(crate) quotas: Quotas,
}

/// Limits that override those in the request.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct LimitOverrides {
    /// The number of training jobs, instead of the number in the request.
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// The number of training jobs at a time, instead of the number in the request.
    #[arg(long, value_name = "N")]
    pub(crate) parallel: Option<NonZeroUsize>,
    /// The seed of the proposals.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
}
