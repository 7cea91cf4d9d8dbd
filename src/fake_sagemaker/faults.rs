//! What goes wrong.

use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;

/// What goes wrong with requests and with training jobs. Shares are from 0 to 1.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Faults {
    /// The share of requests that are throttled.
    pub throttled: f64,
    /// The share of requests that are carried out, but whose reply is lost.
    pub lost_replies: f64,
    /// The share of requests that are lost before they are carried out.
    pub lost_requests: f64,
    /// The share of requests that come to nothing by an error of the service.
    pub internal_errors: f64,
    /// When nothing answers at all.
    pub outages: Vec<Range<Duration>>,
    /// When credentials are taken for expired; what refuses them quotes them.
    pub expired: Vec<Range<Duration>>,
    /// Operations that the caller may not use.
    pub denied: BTreeSet<String>,
    /// Operations that are never answered.
    pub silent: BTreeSet<String>,
    /// Whether a creation is refused for a quota before anyone looks whether the name is taken.
    pub quota_before_name: bool,
    /// For how long a new training job is not known to other operations.
    pub creation_lag: Duration,
    /// Until when a role is not known yet.
    pub role_unknown_until: Duration,
    /// Instance types of which there are none.
    pub no_capacity: BTreeSet<String>,
    /// The share of training jobs on spare machines that are interrupted once.
    pub interrupted: f64,
    /// The share of training jobs that fail by an error of the service.
    pub failed_by_service: f64,
    /// By how much searches are behind.
    pub search_lag: Duration,
    /// For how long after the end of a training job its metrics are missing.
    pub metrics_lag: Duration,
}
