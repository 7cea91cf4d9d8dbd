//! One integration binary: links once.

#![allow(clippy::unwrap_used, reason = "a test that fails says so by panicking")]

mod ask_tell;
mod fuzz;
mod outside;
mod statuses;
