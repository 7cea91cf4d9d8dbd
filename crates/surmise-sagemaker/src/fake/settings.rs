//! How the fake behaves.

use std::time::Duration;

use super::faults::Faults;
use super::machines::InstanceQuotas;
use super::training::JobTimes;
use crate::clock::Clock;

/// How a fake SageMaker is set up.
#[derive(Debug, Clone)]
pub struct FakeSettings {
    /// Of chance: of how long resources take, and of faults.
    pub seed: u64,
    /// Its time. An evaluator that shares a simulated one waits for nothing.
    pub clock: Clock,
    /// In its ARNs.
    pub region: String,
    /// In its ARNs: twelve digits.
    pub account: String,
    /// How long the stages of a training job take.
    pub times: JobTimes,
    /// How long each request takes.
    pub latency: Duration,
    /// What goes wrong.
    pub faults: Faults,
    /// How many instances the training jobs that have not ended may have.
    pub quotas: InstanceQuotas,
    /// What is off the price of spot instances, from 0 to 1: of so much of their time nothing is billed.
    pub spot_discount: f64,
    /// The port to listen at; 0 is any that is free.
    pub port: u16,
}

impl Default for FakeSettings {
    /// Seed 0, a simulated clock, requests that take no time, no faults, no quotas, seven tenths off for spot instances.
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
