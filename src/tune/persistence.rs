//! Persists events, so that the tuner starts no job that a crash would make it forget.
//!
//! While the sink fails, the tuner asks for no trial and starts no job. It handles the results of
//! running jobs and tries the sink again. If the sink still fails when no job has been running for
//! the journal retry time, the tuning ends with the sink's error.

use std::time::Duration;

use super::persistence_state::PersistState;
use super::progress::Progress;
use super::run_state::{Stage, TuningRun};
use crate::error::Error;
use crate::evaluator::JobId;
use crate::study::Event;
use crate::trial::{FailureKind, TrialId};

/// The first delay before a failed write is tried again; it doubles each time.
const INITIAL_RETRY_DELAY: Duration = Duration::from_secs(1);
/// The longest delay before a failed write is tried again.
const MAX_RETRY_DELAY: Duration = Duration::from_secs(30);
/// The name of the evaluator's note.
const EVALUATOR_NOTE: &str = "evaluator";
/// How long to keep trying without running jobs, by default.
const DEFAULT_RETRY_TIME: Duration = Duration::from_secs(60);

impl TuningRun<'_, '_> {
    pub(super) fn is_persisted(&self) -> bool {
        matches!(self.persistence, PersistState::Persisted)
    }

    /// Persists new events and passes them to the observers, before the tuner acts on them.
    pub(super) fn persist_and_notify(&mut self) {
        self.persist();
        self.notify_recorded();
    }

    /// Persists new events, unless a write has failed and its retry is not due.
    pub(super) fn persist(&mut self) {
        let is_due = match &self.persistence {
            PersistState::Persisted => true,
            PersistState::Failing { retry_at, .. } => *retry_at <= self.evaluator.elapsed(),
        };
        if is_due {
            self.persist_now();
        }
    }

    fn persist_now(&mut self) {
        let now = self.evaluator.elapsed();
        if self.tuner.sink.is_none() {
            return;
        }
        let note = if self.has_job_ended() { self.evaluator.journal_note() } else { None };
        let Some(sink) = self.tuner.sink.as_deref_mut() else { return };
        let result = sink.persist(self.study).and_then(|()| match &note {
            Some(note) => sink.persist_note(EVALUATOR_NOTE, note),
            None => Ok(()),
        });
        if result.is_ok() {
            self.events_at_last_note = self.study.events().len();
        }
        let before = std::mem::replace(&mut self.persistence, PersistState::Persisted);
        match (result, before) {
            (Ok(()), PersistState::Persisted) => {}
            (Ok(()), PersistState::Failing { .. }) => self.notify(&Progress::PersistRecovered),
            (Err(error), before) => {
                let (idle_since, delay) = match before {
                    PersistState::Persisted => {
                        self.notify(&Progress::PersistFailed { error: &error });
                        (None, INITIAL_RETRY_DELAY)
                    }
                    PersistState::Failing { idle_since, delay, .. } => {
                        (idle_since, (2 * delay).min(MAX_RETRY_DELAY))
                    }
                };
                let retry_at = now.saturating_add(delay);
                self.persistence = PersistState::Failing { idle_since, retry_at, delay, error };
            }
        }
    }

    /// Returns whether a job has ended since the evaluator's note was persisted.
    fn has_job_ended(&self) -> bool {
        let new_events = &self.study.events()[self.events_at_last_note..];
        new_events
            .iter()
            .any(|event| matches!(event, Event::Told { .. } | Event::AttemptFailed { .. }))
    }

    /// Persists the final note of the evaluator.
    pub(super) fn persist_final_note(&mut self) {
        let Some(sink) = self.tuner.sink.as_deref_mut() else { return };
        let result = match self.evaluator.journal_note() {
            Some(note) => sink.persist_note(EVALUATOR_NOTE, &note),
            None => Ok(()),
        };
        if let Err(error) = result {
            self.warn(format!("the evaluator's note could not be written: {error}"));
        }
    }

    /// Tries again to persist events, if it is time.
    ///
    /// # Errors
    /// The error of the sink, if no job runs and the sink has failed for too long.
    pub(super) fn retry_persisting(&mut self) -> Result<(), Error> {
        if self.is_persisted() {
            return Ok(());
        }
        self.persist();
        let has_no_jobs = self.running.is_empty() && self.running_probes() == 0;
        let is_idle = has_no_jobs || self.stage == Stage::Cancelling && self.is_grace_period_over();
        let now = self.evaluator.elapsed();
        let retry_time = self.journal_retry_time();
        let PersistState::Failing { idle_since, .. } = &mut self.persistence else { return Ok(()) };
        *idle_since = if is_idle { idle_since.or(Some(now)) } else { None };
        if idle_since.is_none_or(|since| now.saturating_sub(since) < retry_time) {
            return Ok(());
        }
        // Try once more: the cause, such as a full disk, may be gone by now.
        self.persist_now();
        match std::mem::replace(&mut self.persistence, PersistState::Persisted) {
            PersistState::Persisted => Ok(()),
            PersistState::Failing { error, .. } => Err(error),
        }
    }

    fn journal_retry_time(&self) -> Duration {
        self.tuner.journal_retry_time.unwrap_or(DEFAULT_RETRY_TIME)
    }

    /// Returns the time of the next retry, or of the end of the retries if that is earlier; `None`
    /// if all events are persisted.
    pub(super) fn next_persist_time(&self) -> Option<Duration> {
        match &self.persistence {
            PersistState::Persisted => None,
            PersistState::Failing { retry_at, idle_since, .. } => {
                let end = idle_since.map(|since| since.saturating_add(self.journal_retry_time()));
                Some(end.map_or(*retry_at, |end| end.min(*retry_at)))
            }
        }
    }

    /// Returns for how long an earlier process has run the last attempt at a trial, at most; zero
    /// if that is unknown.
    pub(super) fn attempt_age(&self, trial: TrialId) -> Duration {
        let sink = self.tuner.sink.as_deref();
        sink.and_then(|sink| sink.attempt_age(trial)).unwrap_or_default()
    }

    /// Makes trials whose last attempt failed in an earlier process wait for the rest of the
    /// backoff.
    pub(super) fn restore_backoffs(&mut self) {
        let queued: Vec<TrialId> = self.queue.iter().copied().collect();
        for id in queued {
            let Some(trial) = self.study.trial(id) else { continue };
            let Some(failure) = trial.failed_attempts.last() else { continue };
            let Some(sink) = self.tuner.sink.as_deref() else { continue };
            // After an attempt that ended with its process, there is no backoff.
            let kind = failure.kind;
            if kind == FailureKind::Cancelled {
                continue;
            }
            let retry = trial.failed_attempts.iter().filter(|failure| failure.kind == kind).count();
            let job = JobId { trial: id, attempt: trial.attempt().saturating_sub(1) };
            let wait = self.backoff_delay(job, retry).unwrap_or_default();
            let remaining = wait.saturating_sub(sink.attempt_age(id).unwrap_or(wait));
            if !remaining.is_zero() {
                self.queue.retain(|queued| *queued != id);
                let until = self.evaluator.elapsed().saturating_add(remaining);
                self.waiting_for_retry.insert(id, until);
            }
        }
    }
}
