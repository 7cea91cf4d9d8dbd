//! The names of what the command notes in a journal beside the study.

/// What runs the study's jobs.
pub(crate) const NOTE: &str = "command";
/// The number of the process that tuned last.
pub(crate) const TUNER: &str = "tuner";
