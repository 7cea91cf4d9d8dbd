//! The implementation of the services by AWS's SDK for Rust.

mod runtime;

#[cfg(feature = "logs")]
mod logs;
mod metrics;

mod client;

pub use self::client::{Connection, SageMakerService};
