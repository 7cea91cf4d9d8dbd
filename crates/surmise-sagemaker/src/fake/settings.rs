//! The settings of the fake.

use std::time::Duration;

use super::faults::Faults;
use super::instances::InstanceQuotas;
use super::training::JobTimes;
use crate::clock::Clock;

/// The settings of a [`FakeSageMaker`](super::FakeSageMaker).
#[derive(Debug, Clone)]
pub struct FakeSettings {
    /// The seed of durations and faults; 0 by default.
    pub seed: u64,
    /// The clock of the service; simulated by default.
    ///
    /// Share a simulated clock with the evaluator, so that nothing waits. Use a real clock if
    /// another process talks to the fake.
    pub clock: Clock,
    /// The region in ARNs; `us-west-2` by default.
    pub region: String,
    /// The account in ARNs, twelve digits; `012345678912` by default.
    pub account: String,
    /// The durations of the stages of training jobs.
    pub times: JobTimes,
    /// The time that each request takes; 0 by default.
    pub latency: Duration,
    /// The faults of the service; none by default.
    pub faults: Faults,
    /// The quotas of instances; none by default.
    pub quotas: InstanceQuotas,
    /// The share of spot instances' time that is not billed, from 0 to 1; 0.7 by default.
    pub spot_discount: f64,
    /// The port to listen on; 0, the default, means any free port.
    pub port: u16,
}

impl Default for FakeSettings {
    /// Returns settings with seed 0, a simulated clock, and neither latency, faults nor quotas.
    fn default() -> Self {
        Self {
            seed: 0,
            clock: Clock::simulated(),
            region: "us-west-2".to_owned(),
            account: "012345678912".to_owned(),
            times: JobTimes::default(),
            latency: Duration::ZERO,
            faults: Faults::default(),
            quotas: InstanceQuotas::default(),
            spot_discount: 0.7,
            port: 0,
        }
    }
}
