//! How an account is reached.

use std::time::Duration;

use clap::Args;
use surmise_sagemaker::evaluator::{Connection, Pace};

/// The account, and how often its jobs are looked at.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ConnectionOptions {
    /// How often training jobs are looked at: every 15 seconds by default (30 with --hand-over).
    #[arg(long, value_name = "SECONDS", value_parser = above_0)]
    pub(super) poll: Option<f64>,
    /// The region; else what the environment says.
    #[arg(long, value_name = "NAME")]
    region: Option<String>,
    /// The profile of ~/.aws; else what the environment says.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Another address than AWS's: a fake's.
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

    /// How fast the service is asked, if that is said.
    pub(crate) fn pace(&self) -> Option<Pace> {
        let mut pace = Pace::default();
        pace.poll = Duration::from_secs_f64(self.poll?);
        Some(pace)
    }
}

pub(super) fn above_0(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if number > 0.0 && f64::is_finite(number) => Ok(number),
        _ => Err("it is a number above 0".to_owned()),
    }
}
