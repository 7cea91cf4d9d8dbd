//! Where the events of a study are kept beyond its process.

use std::fmt::Debug;
use std::time::Duration;

use serde_json::Value;

use super::trials::Study;
use crate::error::Error;
use crate::trial::TrialId;

/// Keeps the events of a study, such as [`Journal`](crate::journal::Journal) does in a file.
///
/// [`Tuner`](crate::Tuner) has every event kept before it acts on it. While that fails, it starts nothing, goes on collecting what running
/// jobs tell, and tries again.
pub trait Sink: Debug {
    /// Keeps all events of the study that are not kept yet, and returns when they are durable. Reports of running trials may become durable
    /// a little later: what they lead to is an event of its own.
    ///
    /// # Errors
    /// If they are not durable. To call it once more tries again.
    fn keep(&mut self, study: &Study) -> Result<(), Error>;

    /// Keeps a note that takes the place of any earlier one of its name. By default notes are not kept.
    ///
    /// # Errors
    /// If it is not durable. To call it once more tries again.
    fn note(&mut self, _name: &str, _note: &Value) -> Result<(), Error> {
        Ok(())
    }

    /// How long earlier processes have tuned this study.
    fn spent(&self) -> Duration {
        Duration::ZERO
    }

    /// How long ago the last attempt at a trial began at the earliest, if that is known.
    fn age(&self, _trial: TrialId) -> Option<Duration> {
        None
    }

    /// Whether an earlier process began the last attempt at a trial, if it was begun.
    fn is_from_before(&self, _trial: TrialId) -> bool {
        false
    }
}

// A trait that users implement must stay usable behind a pointer.
const _: Option<&dyn Sink> = None;
