//! The fake on its address.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::account::Account;
use super::faults::Faults;
use super::http::Server;
use super::machines::InstanceQuotas;
use super::reply::Entry;
use super::settings::FakeSettings;
use super::training::FakeTraining;

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
