//! One integration binary: links once.

#![allow(clippy::unwrap_used, reason = "a test that fails says so by panicking")]

mod command;
mod conformance;
mod faults;
mod first_jobs;
mod found_by_use;
mod job;
mod kept;
mod laws;
mod promises;
mod steps;
mod tuning;
mod words;
mod written;
