//! Options for the connection to an account.

use std::time::Duration;

use clap::Args;
use surmise_sagemaker::evaluator::{Connection, RateLimits};

/// Message for a request without a limit on its training jobs.
pub(crate) const UNLIMITED_COST: &str =
    "the number of training jobs is not limited, and neither is their cost";
/// Message of a command without `--spend`.
pub(crate) const NOTHING_SENT: &str = "Nothing was sent. Add --spend to start the training jobs.";

/// The account, and the interval at which its jobs are polled.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ConnectionOptions {
    /// The interval at which training jobs are polled [default: 15; with --hand-over 30].
    #[arg(long, value_name = "SECONDS", value_parser = parse_positive)]
    pub(super) poll: Option<f64>,
    /// The AWS region [default: that of the environment or of ~/.aws].
    #[arg(long, value_name = "NAME")]
    region: Option<String>,
    /// The profile in ~/.aws [default: that of the environment].
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// The URL of the service, if it is not AWS's: that of a fake SageMaker.
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
}

impl ConnectionOptions {
    pub(crate) fn connection(&self) -> Connection {
        let mut connection = Connection::new();
        if let Some(region) = &self.region {
            connection = connection.region(region);
        }
        if let Some(profile) = &self.profile {
            connection = connection.profile(profile);
        }
        if let Some(endpoint) = &self.endpoint {
            connection = connection.endpoint(endpoint);
        }
        connection
    }

    /// Returns the rate limits with the interval of `--poll`, if it is given.
    pub(crate) fn rate_limits(&self) -> Option<RateLimits> {
        let mut rate_limits = RateLimits::default();
        rate_limits.poll_interval = Duration::from_secs_f64(self.poll?);
        Some(rate_limits)
    }
}

pub(super) fn parse_positive(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if number > 0.0 && f64::is_finite(number) => Ok(number),
        _ => Err("write a number above 0".to_owned()),
    }
}
