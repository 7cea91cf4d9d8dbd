//! The numbers and the pages of reports, on studies of known functions.

#![allow(
    clippy::cast_precision_loss,
    clippy::unwrap_used,
    reason = "small numbers; a failing test panics"
)]

mod studies;

mod calibration;
mod comparison;
mod findings;
mod importance;
mod page;
mod slices;
mod surrogate;
