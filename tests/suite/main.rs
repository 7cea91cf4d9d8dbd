//! The integration tests of the engine, in one binary so that they link once.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

mod canary_and_budget;
mod command;
mod conformance;
mod event_format;
mod faults;
mod laws;
mod persistence;
mod regressions;
mod steps_and_choices;
mod strategies;
mod tune_loop;
mod tuner;
mod vocabulary;
