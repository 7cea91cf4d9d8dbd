//! A fake SageMaker on this machine: training jobs that cost nothing, under faults that are hard to come by. Feature `sagemaker-fake`.
//!
//! It answers the operations that this crate uses, and a few more, as the service does (JSON 1.1 over HTTP, on loopback), with a state machine of
//! its own behind them. What a training job tells is a function of its hyperparameters. By a [simulated clock](Clock::simulated) that an evaluator shares,
//! a thousand jobs take seconds, and the same seed gives the same faults.
//!
//! ```
//! use std::collections::BTreeMap;
//! use std::time::Duration;
//! use surmise::fake_sagemaker::{FakeSageMaker, FakeSettings, FakeTraining};
//!
//! let training = |values: &BTreeMap<String, String>| {
//!     let rate: f64 = values["rate"].parse().unwrap();
//!     FakeTraining::new(Duration::from_secs(600)).metric("loss", [1.0, (rate - 0.3).powi(2)])
//! };
//! let fake = FakeSageMaker::start(FakeSettings::default(), training)?;
//! assert!(fake.url().starts_with("http://127.0.0.1:"));
//! # Ok::<(), std::io::Error>(())
//! ```

mod account;
mod faults;
mod filled_in;
mod http;
mod lists;
mod machines;
mod refusals;
mod resources;
mod search;
mod tagging;
mod telling;
mod timeline;
mod training_job;
mod tuner;
mod tuning_job;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use self::account::Account;
pub use self::account::{Entry, Fate};
pub use self::faults::Faults;
use self::http::Server;
pub use self::machines::InstanceQuotas;
pub use self::training_job::{FakeTraining, JobTimes};
use crate::evaluator::Clock;

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

/// A fake SageMaker. It listens until it is dropped.
#[derive(Debug)]
pub struct FakeSageMaker {
    account: Arc<Mutex<Account>>,
    server: Server,
}

impl FakeSageMaker {
    /// Begins to listen. `training` says what a training job with these hyperparameters does.
    ///
    /// # Errors
    /// If nobody can listen there.
    pub fn start(
        settings: FakeSettings,
        training: impl Fn(&BTreeMap<String, String>) -> FakeTraining + Send + 'static,
    ) -> io::Result<Self> {
        let port = settings.port;
        let account = Arc::new(Mutex::new(Account::new(settings, Box::new(training))));
        let server = Server::start(port, Arc::clone(&account))?;
        Ok(Self { account, server })
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        // Whoever panicked with it has told so.
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that it was asked, in order.
    pub fn log(&self) -> Vec<Entry> {
        self.account().log().to_vec()
    }

    /// The most training jobs that had not ended at any instant.
    pub fn most_at_once(&self) -> usize {
        self.account().most_at_once()
    }

    /// How often training jobs were created, by name: not how often that was asked.
    pub fn creations(&self) -> BTreeMap<String, usize> {
        self.account().creations()
    }

    /// The request that a training job was created by.
    pub fn request(&self, name: &str) -> Option<serde_json::Value> {
        self.account().request(name)
    }

    /// Other faults from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.account().set_faults(faults);
    }

    /// Other quotas from now on.
    pub fn set_quotas(&self, quotas: InstanceQuotas) {
        self.account().set_quotas(quotas);
    }

    /// What the training jobs that have ended are billed for, by name: `BillableTimeInSeconds` times the number of instances.
    pub fn bills(&self) -> BTreeMap<String, u64> {
        self.account().bills()
    }

    /// The same of all of them together: seconds of one instance.
    pub fn billed(&self) -> Duration {
        Duration::from_secs(self.bills().values().sum())
    }

    /// Stops a training job as somebody else might.
    pub fn stop_training_job(&self, name: &str) {
        self.account().stop_from_elsewhere(name);
    }

    /// Removes a training job as somebody else might.
    pub fn remove_training_job(&self, name: &str) {
        self.account().remove(name);
    }

    /// Its time.
    pub fn now(&self) -> Duration {
        self.account().now()
    }
}
