//! What subcommands on requests are given.

use std::num::NonZeroUsize;

use clap::Args;
use serde_json::Value;
use surmise_sagemaker::Quotas;

use super::values::{json, quotas};

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
