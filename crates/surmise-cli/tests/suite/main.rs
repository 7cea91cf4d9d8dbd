//! Tests of the command, as one binary so that it is linked only once.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

mod temporary_folder;

mod ask_tell;
mod bench;
mod concurrent_processes;
mod documentation;
mod exit_statuses;
mod external_program;
mod fuzz;
mod interrupted;
mod report;
mod terminal;
mod tune;

mod recovery;
mod trials;

use std::time::Duration;

/// Waits until a condition is true, for at most 30 seconds.
fn wait_until(mut condition: impl FnMut() -> bool) {
    const POLL: Duration = Duration::from_millis(5);
    let mut waited = Duration::ZERO;
    while !condition() {
        assert!(waited < Duration::from_secs(30), "the condition is not true after 30 seconds");
        std::thread::sleep(POLL);
        waited += POLL;
    }
}
