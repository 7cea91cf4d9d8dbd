//! A fake SageMaker on this machine, for tests without costs. It needs the feature `fake`.
//!
//! The fake has the operations that this crate uses, and a few more, in the service's protocol
//! (JSON 1.1 over HTTP, on the loopback interface). A function of the hyperparameters decides what
//! a training job reports. With a [simulated clock](crate::Clock::simulated) that the evaluator
//! shares, a thousand jobs take seconds. [`Faults`] such as throttling are reproducible by a seed.
//! `docs/fake.md` lists what the fake does, with sources.
//!
//! ```
//! use std::collections::BTreeMap;
//! use std::time::Duration;
//! use surmise_sagemaker::fake::{FakeSageMaker, FakeSettings, FakeTraining};
//!
//! let training = |values: &BTreeMap<String, String>| {
//!     let rate: f64 = values["rate"].parse().unwrap();
//!     FakeTraining::new(Duration::from_secs(600)).metric("loss", [1.0, (rate - 0.3).powi(2)])
//! };
//! let fake = FakeSageMaker::start(FakeSettings::default(), training)?;
//! assert!(fake.url().starts_with("http://127.0.0.1:"));
//! # Ok::<(), std::io::Error>(())
//! ```

mod faults;
mod instances;
mod reply;
mod search;
mod training;
mod tuning_request;

mod lists;
mod settings;
mod timeline;

mod training_job;

mod resources;

mod defaults;

mod tuning_job;

mod account;

mod http;
mod metrics;
mod refusals;
mod tags;
mod tuner;

mod server;

pub use self::faults::Faults;
pub use self::instances::InstanceQuotas;
pub use self::reply::{LogEntry, RequestOutcome};
pub use self::server::FakeSageMaker;
pub use self::settings::FakeSettings;
pub use self::training::{FakeTraining, JobTimes};
