//! The doors to AWS's SDK for Rust.

mod background;

#[cfg(feature = "logs")]
mod logs;
mod metrics;

mod client;

pub use self::client::{Connection, SageMakerService};
