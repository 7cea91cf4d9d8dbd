//! The main loop of a tuning.

use super::progress::{Progress, TuningResult};
use super::run_state::{MAX_WAIT, Stage, TuningRun};
use super::stop_reason::StopReason;
use crate::error::Error;
use crate::evaluator::{JobId, RunningJob};
use crate::limits::ResourceLimits;
use std::time::Duration;

impl TuningRun<'_, '_> {
    /// Runs the loop until the tuning is finished.
    pub(super) fn run_to_end(mut self) -> Result<TuningResult, Error> {
        self.restore_backoffs();
        self.warn_of_few_jobs();
        self.check_completion();
        loop {
            self.retry_persisting()?;
            self.check_stop_handle();
            self.check_timers();
            self.stop_overdue_jobs()?;
            if self.stage >= Stage::Stopping {
                self.stop_all_jobs()?;
            }
            let mut start_retry_in = MAX_WAIT;
            if !self.is_paused && self.is_persisted() {
                start_retry_in = self.adopt_jobs()?;
            }
            if self.stage == Stage::Asking && self.to_adopt.is_empty() {
                self.ask_for_trials()?;
            }
            let may_start = !self.is_paused && self.is_persisted() && self.to_adopt.is_empty();
            if self.stage <= Stage::Starting && may_start {
                start_retry_in = self.start_jobs()?;
            }
            // An observer may have ended the tuning meanwhile.
            if self.stage >= Stage::Stopping {
                self.stop_all_jobs()?;
                self.abandon_unresponsive_jobs()?;
            }
            if let Some(result) = self.finish_if_done() {
                return Ok(result);
            }
            // All events are handled, even if one of them causes an error.
            let mut last_error = None;
            let timeout = match &mut self.proposal {
                Some(proposal) => {
                    proposal.wait();
                    Duration::ZERO
                }
                None => self.next_wait(start_retry_in),
            };
            self.evaluator.pause_starts(!self.is_persisted());
            for event in self.evaluator.wait(timeout)? {
                last_error = self.handle_event(event).err().or(last_error);
            }
            if let Some(error) = last_error {
                return Err(error);
            }
        }
    }

    fn finish_if_done(&mut self) -> Option<TuningResult> {
        let is_idle =
            self.running.is_empty() && self.running_probes() == 0 && self.to_adopt.is_empty();
        let is_finished = match self.stage {
            Stage::Asking => false,
            Stage::Starting => {
                is_idle && self.queue.is_empty() && self.waiting_for_retry.is_empty()
            }
            Stage::Draining | Stage::Stopping => is_idle,
            Stage::Cancelling => is_idle || self.is_grace_period_over(),
        };
        let mut reason = self.reason.clone().filter(|_| is_finished && self.is_persisted())?;
        if let StopReason::Cancelled { left_running } = &mut reason {
            *left_running = self.running.len();
        }
        self.persist_final_note();
        self.notify(&Progress::Finished(&reason));
        Some(TuningResult {
            reason,
            ignored_events: std::mem::take(&mut self.ignored_events),
            ignored_event_count: self.ignored_event_count,
            warnings: std::mem::take(&mut self.warnings),
            possibly_running: self.possibly_running(),
        })
    }

    /// Returns the jobs that the evaluator lists as possibly running, and those with a location
    /// that were not adopted.
    fn possibly_running(&mut self) -> Vec<RunningJob> {
        let mut jobs = self.evaluator.possibly_running();
        let not_adopted = self.to_adopt.iter().filter_map(|id| self.study.trial(*id));
        jobs.extend(not_adopted.filter_map(|trial| {
            let job = JobId { trial: trial.id, attempt: trial.attempt() };
            Some(RunningJob { job, name: trial.job_location.clone()? })
        }));
        jobs
    }

    fn warn_of_few_jobs(&mut self) {
        let ResourceLimits { max_jobs, max_parallel_jobs, .. } = self.limits;
        if let Some(max_jobs) = max_jobs.filter(|jobs| *jobs < max_parallel_jobs) {
            self.warn(format!(
                "max_parallel_jobs is {max_parallel_jobs}, but max_jobs is only {max_jobs}: all \
                 jobs start at once, before any result is known; set max_parallel_jobs to about a \
                 tenth of max_jobs"
            ));
        }
    }
}
