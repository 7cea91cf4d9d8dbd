//! What the numbers of a report are, against what is known of functions.

#![allow(
    clippy::cast_precision_loss,
    clippy::unwrap_used,
    reason = "small numbers; a test that fails says so by panicking"
)]

mod example;

mod calibration;
mod comparison;
mod findings;
mod importance;
mod page;
mod slices;
mod surrogate;
