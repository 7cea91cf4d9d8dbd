//! One integration binary: links once.

#![allow(clippy::unwrap_used, reason = "a test that fails says so by panicking")]

#[path = "../../examples/benchmark_strategies/boosting.rs"]
mod boosting;
#[path = "../../examples/tune_xgboost/learner.rs"]
mod learner;

mod architecture;
mod ask_tell;
mod benchmark;
mod command;
mod conformance;
mod container;
mod faults;
mod first_jobs;
mod found_by_use;
mod hard_places;
mod job;
mod laws;
mod promises;
mod sagemaker;
mod steps;
mod tuning;
