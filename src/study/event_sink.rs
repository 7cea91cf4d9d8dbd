//! The interface to a store that persists the events of a study.

use std::fmt::Debug;
use std::time::Duration;

use serde_json::Value;

use super::definition::Study;
use crate::error::Error;
use crate::trial::TrialId;

/// Persists the events of a study. [`Journal`](crate::journal::Journal) does so in a file.
///
/// [`Tuner::journal_to`](crate::Tuner::journal_to) persists every event before the tuner acts on
/// it. While that fails, the tuner starts no job, collects the results of running jobs, and tries
/// again.
pub trait EventSink: Debug {
    /// Persists all events of the study that are not persisted yet, and returns when they are
    /// durable.
    ///
    /// Reports of running trials may become durable later: a decision that follows from a report is
    /// an event of its own.
    ///
    /// # Errors
    /// Any error that prevents the events from becoming durable. A further call tries again.
    fn persist(&mut self, study: &Study) -> Result<(), Error>;

    /// Persists a note, which replaces an earlier note of the same name; does nothing by default.
    ///
    /// The tuner records the [note of the evaluator](crate::Evaluator::journal_note) here, such as
    /// the job time that has been spent.
    ///
    /// # Errors
    /// Any error that prevents the note from becoming durable. A further call tries again.
    fn persist_note(&mut self, _name: &str, _note: &Value) -> Result<(), Error> {
        Ok(())
    }

    /// Returns for how long this study has been tuned, by this process and earlier ones; zero by
    /// default.
    ///
    /// The tuner asks at the start of a run, and counts the time against
    /// [`max_runtime`](crate::ResourceLimits::max_runtime).
    fn time_spent(&self) -> Duration {
        Duration::ZERO
    }

    /// Returns how long ago the last attempt at a trial began, at most; `None` (the default) if
    /// that is unknown.
    fn attempt_age(&self, _trial: TrialId) -> Option<Duration> {
        None
    }

    /// Returns whether an earlier process began the last attempt at a trial; `false` by default.
    fn is_from_earlier_process(&self, _trial: TrialId) -> bool {
        false
    }
}

// Users implement this trait, so it must stay object-safe.
const _: Option<&dyn EventSink> = None;
