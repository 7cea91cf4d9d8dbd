//! The fake service, which listens on a local port.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::account::Account;
use super::faults::Faults;
use super::http::Server;
use super::instances::InstanceQuotas;
use super::reply::LogEntry;
use super::settings::FakeSettings;
use super::training::FakeTraining;

/// A fake SageMaker service on this machine, for tests without an AWS account.
///
/// It listens on a port of the loopback interface until it is dropped. Training jobs and tuning
/// jobs exist only in its memory and cost nothing.
///
/// ```
/// use std::collections::BTreeMap;
/// use std::time::Duration;
/// use surmise_sagemaker::Clock;
/// use surmise_sagemaker::fake::{
///     FakeSageMaker, FakeSettings, FakeTraining, Faults, InstanceQuotas,
/// };
///
/// // The loss of a training job is a function of its hyperparameters, which are texts.
/// let training = |values: &BTreeMap<String, String>| {
///     let rate: f64 = values["rate"].parse().unwrap();
///     FakeTraining::new(Duration::from_secs(600)).metric("loss", [1.0, (rate - 0.3).powi(2)])
/// };
/// let clock = Clock::simulated();
/// let settings = FakeSettings {
///     clock: clock.clone(),
///     faults: Faults { throttled: 0.1, lost_replies: 0.05, ..Faults::default() },
///     quotas: InstanceQuotas::for_type("ml.m5.xlarge", 4),
///     ..FakeSettings::default()
/// };
/// let fake = FakeSageMaker::start(settings, training)?;
/// assert!(fake.url().starts_with("http://127.0.0.1:"));
/// assert!(fake.log().is_empty());
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// With the feature `sdk`, open a connection with `Connection::new().endpoint(fake.url())`, any
/// region and any access key, and give the evaluator the same clock. After the test, check
/// [`log`](Self::log), [`creation_counts`](Self::creation_counts) and
/// [`total_billed_time`](Self::total_billed_time).
///
/// # Common mistakes
///
/// - A simulated clock advances only by [`Clock::sleep`](crate::Clock::sleep). Another process
///   cannot share it; use [`Clock::real`](crate::Clock::real) or
///   [`Clock::accelerated`](crate::Clock::accelerated) then.
/// - Hyperparameters are texts, and those of a tuning request include static ones and
///   `_tuning_objective_metric`.
/// - The fake stops when the value is dropped. Keep it until the end of the test.
///
/// `docs/fake.md` lists all operations, with sources for how the service behaves.
#[derive(Debug)]
pub struct FakeSageMaker {
    account: Arc<Mutex<Account>>,
    server: Server,
}

impl FakeSageMaker {
    /// Starts the service on its own thread.
    ///
    /// `training` returns the behavior of a training job for its hyperparameters.
    ///
    /// # Errors
    /// [`io::Error`] if the port of the settings is not free, or no thread can be started.
    pub fn start(
        settings: FakeSettings,
        training: impl Fn(&BTreeMap<String, String>) -> FakeTraining + Send + 'static,
    ) -> io::Result<Self> {
        let port = settings.port;
        let account = Arc::new(Mutex::new(Account::new(settings, Box::new(training))));
        let server = Server::start(port, Arc::clone(&account))?;
        Ok(Self { account, server })
    }

    /// Returns the URL of the service, such as `http://127.0.0.1:49152`.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        // A panic that poisoned the lock is reported by its own thread.
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns all requests so far, in order.
    pub fn log(&self) -> Vec<LogEntry> {
        self.account().log().to_vec()
    }

    /// Returns the maximum number of training jobs that ran at the same time.
    pub fn max_concurrent_jobs(&self) -> usize {
        self.account().max_concurrent_jobs()
    }

    /// Returns how often each training job was created, by name.
    ///
    /// Requests that were refused or lost do not count.
    pub fn creation_counts(&self) -> BTreeMap<String, usize> {
        self.account().creation_counts()
    }

    /// Returns the request that created a training job, as JSON.
    pub fn request(&self, name: &str) -> Option<serde_json::Value> {
        self.account().request(name)
    }

    /// Replaces the faults for all later requests and jobs.
    pub fn set_faults(&self, faults: Faults) {
        self.account().set_faults(faults);
    }

    /// Replaces the quotas for all later requests.
    pub fn set_quotas(&self, quotas: InstanceQuotas) {
        self.account().set_quotas(quotas);
    }

    /// Returns the billed seconds of each ended training job, by name.
    ///
    /// They are `BillableTimeInSeconds` times the number of instances.
    pub fn billed_seconds(&self) -> BTreeMap<String, u64> {
        self.account().billed_seconds()
    }

    /// Returns the billed time of all ended training jobs together, in time of one instance.
    pub fn total_billed_time(&self) -> Duration {
        Duration::from_secs(self.billed_seconds().values().sum())
    }

    /// Stops a training job without a request, as another user of the account could.
    pub fn stop_training_job(&self, name: &str) {
        self.account().stop_externally(name);
    }

    /// Removes a training job without a request, so that the service no longer knows it.
    pub fn remove_training_job(&self, name: &str) {
        self.account().remove(name);
    }

    /// Returns the time by the fake's clock.
    pub fn now(&self) -> Duration {
        self.account().now()
    }
}
