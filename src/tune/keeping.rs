//! Writing events to the sink: the tuner starts no job that a crash would make it forget.
//!
//! While the sink fails, the tuner asks for no trial and starts no job. It takes in the results of running jobs and tries the sink again.
//! Once no job has run for the keep patience, the tuning ends with the sink's error.

use std::time::Duration;

use super::kept::Keeping;
use super::progress::Progress;
use super::run::{Level, Run};
use crate::error::Error;
use crate::evaluator::JobId;
use crate::study::Event;
use crate::trial::{FailureKind, TrialId};

/// How long to wait before keeping is tried again, at first and at the most.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// The name of the evaluator's note.
const EVALUATOR: &str = "evaluator";
/// How long it is tried where nothing runs, unless another patience is given.
const PATIENCE: Duration = Duration::from_secs(60);

impl Run<'_, '_> {
    pub(super) fn is_kept(&self) -> bool {
        matches!(self.keeping, Keeping::Kept)
    }

    /// Keeps what has been recorded since, and shows it, before anything is done about it.
    pub(super) fn show(&mut self) {
        self.keep();
        self.show_recorded();
    }

    /// Keeps what has been recorded, unless that has just failed.
    pub(super) fn keep(&mut self) {
        let is_due = match &self.keeping {
            Keeping::Kept => true,
            Keeping::Failing { next, .. } => *next <= self.evaluator.elapsed(),
        };
        if is_due {
            self.keep_now();
        }
    }

    fn keep_now(&mut self) {
        let now = self.evaluator.elapsed();
        if self.tuner.sink.is_none() {
            return;
        }
        let note = if self.has_job_ended() { self.evaluator.note() } else { None };
        let Some(sink) = self.tuner.sink.as_deref_mut() else { return };
        let kept = sink.keep(self.study).and_then(|()| match &note {
            Some(note) => sink.note(EVALUATOR, note),
            None => Ok(()),
        });
        if kept.is_ok() {
            self.noted = self.study.events().len();
        }
        let before = std::mem::replace(&mut self.keeping, Keeping::Kept);
        match (kept, before) {
            (Ok(()), Keeping::Kept) => {}
            (Ok(()), Keeping::Failing { .. }) => self.notify(&Progress::KeptAgain),
            (Err(error), before) => {
                let (idle, wait) = match before {
                    Keeping::Kept => {
                        self.notify(&Progress::NotKept { error: &error });
                        (None, FIRST_WAIT)
                    }
                    Keeping::Failing { idle, wait, .. } => (idle, (2 * wait).min(LONGEST_WAIT)),
                };
                let next = now.saturating_add(wait);
                self.keeping = Keeping::Failing { idle, next, wait, error };
            }
        }
    }

    /// Whether a job has ended since the evaluator's note was kept.
    fn has_job_ended(&self) -> bool {
        let since = &self.study.events()[self.noted..];
        since.iter().any(|event| matches!(event, Event::Told { .. } | Event::AttemptFailed { .. }))
    }

    /// Has the evaluator's note kept as it is at the end.
    pub(super) fn keep_the_last_note(&mut self) {
        let Some(sink) = self.tuner.sink.as_deref_mut() else { return };
        let kept = match self.evaluator.note() {
            Some(note) => sink.note(EVALUATOR, &note),
            None => Ok(()),
        };
        if let Err(error) = kept {
            self.warn(format!("what the evaluator has noted is not kept: {error}"));
        }
    }

    /// Tries again what could not be kept, if it is time.
    ///
    /// # Errors
    /// That of keeping, if nothing runs and it has failed for too long.
    pub(super) fn keep_again(&mut self) -> Result<(), Error> {
        if self.is_kept() {
            return Ok(());
        }
        self.keep();
        let nothing_runs = self.running.is_empty() && self.running_probes() == 0;
        let is_idle = nothing_runs || self.level == Level::Leaving && self.is_out_of_patience();
        let now = self.evaluator.elapsed();
        let patience = self.keep_patience();
        let Keeping::Failing { idle, .. } = &mut self.keeping else { return Ok(()) };
        *idle = if is_idle { idle.or(Some(now)) } else { None };
        if idle.is_none_or(|since| now.saturating_sub(since) < patience) {
            return Ok(());
        }
        // Once more, because there may be room since a moment ago.
        self.keep_now();
        match std::mem::replace(&mut self.keeping, Keeping::Kept) {
            Keeping::Kept => Ok(()),
            Keeping::Failing { error, .. } => Err(error),
        }
    }

    fn keep_patience(&self) -> Duration {
        self.tuner.keep_patience.unwrap_or(PATIENCE)
    }

    /// When keeping is tried again.
    pub(super) fn next_keeping(&self) -> Option<Duration> {
        match &self.keeping {
            Keeping::Kept => None,
            Keeping::Failing { next, idle, .. } => {
                let end = idle.map(|since| since.saturating_add(self.keep_patience()));
                Some(end.map_or(*next, |end| end.min(*next)))
            }
        }
    }

    /// How long the last attempt at a trial of an earlier process has been under way, at the most; nothing if that is not known.
    pub(super) fn age(&self, trial: TrialId) -> Duration {
        let sink = self.tuner.sink.as_deref();
        sink.and_then(|sink| sink.age(trial)).unwrap_or_default()
    }

    /// Trials of an earlier process that failed go on to wait for their next attempt.
    pub(super) fn wait_on(&mut self) {
        let queued: Vec<TrialId> = self.queue.iter().copied().collect();
        for id in queued {
            let Some(trial) = self.study.trial(id) else { continue };
            let Some(failure) = trial.failed_attempts.last() else { continue };
            let Some(sink) = self.tuner.sink.as_deref() else { continue };
            // What ended with its process has been begun anew already.
            let kind = failure.kind;
            if kind == FailureKind::Cancelled {
                continue;
            }
            let retry = trial.failed_attempts.iter().filter(|failure| failure.kind == kind).count();
            let job = JobId { trial: id, attempt: trial.attempt().saturating_sub(1) };
            let wait = self.wait_before(job, retry).unwrap_or_default();
            let rest = wait.saturating_sub(sink.age(id).unwrap_or(wait));
            if !rest.is_zero() {
                self.queue.retain(|queued| *queued != id);
                let until = self.evaluator.elapsed().saturating_add(rest);
                self.waiting.insert(id, until);
            }
        }
    }
}
