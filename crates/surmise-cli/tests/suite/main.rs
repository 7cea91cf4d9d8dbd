//! One integration binary: links once.

#![allow(clippy::unwrap_used, reason = "a test that fails says so by panicking")]

mod folder;

mod ask_tell;
mod fuzz;
mod interrupted;
mod outside;
mod pages;
mod report;
mod statuses;
mod terminal;
mod together;
mod tune;

mod recovery;
mod trials;

use std::time::Duration;

/// Waits until something is so.
fn soon(mut is_so: impl FnMut() -> bool) {
    const LOOK: Duration = Duration::from_millis(5);
    let mut waited = Duration::ZERO;
    while !is_so() {
        assert!(waited < Duration::from_secs(30), "it never came to be");
        std::thread::sleep(LOOK);
        waited += LOOK;
    }
}
