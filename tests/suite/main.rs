//! One integration binary: links once.

#![allow(clippy::unwrap_used, reason = "a test that fails says so by panicking")]

mod architecture;
mod ask_tell;
mod benchmark;
mod conformance;
mod laws;
mod promises;
mod tuning;
