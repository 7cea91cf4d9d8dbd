//! A fake SageMaker on this machine: training jobs that cost nothing, under faults that are hard to come by. Feature `fake`.
//!
//! It answers the operations that this crate uses, and a few more, as the service does (JSON 1.1 over HTTP, on loopback), with a state machine of
//! its own behind them. What a training job tells is a function of its hyperparameters. By a [simulated clock](crate::Clock::simulated) that an evaluator shares,
//! a thousand jobs take seconds, and the same seed gives the same faults.
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
mod machines;
mod reply;
mod search;
mod training;

mod lists;
mod settings;
mod timeline;

mod training_job;

mod resources;

mod filled_in;

mod tuning_job;

mod account;

mod http;
mod refusals;
mod tagging;
mod telling;
mod tuner;

mod server;

pub use self::faults::Faults;
pub use self::machines::InstanceQuotas;
pub use self::reply::{Entry, Fate};
pub use self::server::FakeSageMaker;
pub use self::settings::FakeSettings;
pub use self::training::{FakeTraining, JobTimes};
