//! All integration tests in one binary, so that it is linked once.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

mod common;

mod benchmark;
mod hard_problems;
mod planted;
mod programs;
mod report;
