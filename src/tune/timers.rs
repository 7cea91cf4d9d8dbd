//! Checks the stop handle, retries and time limits, and computes how long to wait for job events.

use super::run_state::{MAX_WAIT, MIN_WAIT, Stage, TuningRun};
use super::stop_reason::StopReason;
use std::time::Duration;

/// How often to check the stop handle.
const STOP_POLL_INTERVAL: Duration = Duration::from_millis(100);

impl TuningRun<'_, '_> {
    pub(super) fn check_stop_handle(&mut self) {
        let Some(handle) = &self.tuner.stop_handle else { return };
        if handle.is_cancelled() {
            if self.stage < Stage::Cancelling {
                self.stopping_since = None;
            }
            self.escalate(Stage::Cancelling, StopReason::Cancelled { left_running: 0 });
        } else if handle.is_requested() {
            let jobs = self.started_job_count();
            self.escalate(Stage::Draining, StopReason::Drained { jobs });
        }
    }

    /// Queues retries that are due, and ends the tuning after its maximum runtime.
    pub(super) fn check_timers(&mut self) {
        let now = self.evaluator.elapsed();
        let due =
            self.waiting_for_retry.extract_if(.., |_, until| *until <= now).map(|(trial, _)| trial);
        for trial in due.collect::<Vec<_>>().into_iter().rev() {
            self.queue.push_front(trial);
        }
        if let Some(limit) = self.limits.max_runtime
            && now.saturating_sub(self.started_at).saturating_add(self.earlier_time_spent) >= limit
        {
            let jobs = self.started_job_count();
            self.escalate(Stage::Stopping, StopReason::MaxRuntime { limit, jobs });
        }
    }

    /// Returns how long to wait for job events before something else must be done.
    pub(super) fn next_wait(&self, start_retry_in: Duration) -> Duration {
        let now = self.evaluator.elapsed();
        let mut wait = start_retry_in.min(MAX_WAIT);
        let mut wake_at = |time: Duration| wait = wait.min(time.saturating_sub(now));
        if self.stage <= Stage::Starting {
            self.waiting_for_retry.values().for_each(|until| wake_at(*until));
        }
        if let Some(timeout) = self.tuner.rules.job_timeout {
            let unstopped = self.running.values().filter(|running| !running.is_stop_requested);
            unstopped.filter_map(|running| running.deadline).for_each(&mut wake_at);
            let probe_deadline = self.probe.as_ref().and_then(|probe| probe.deadline(timeout));
            probe_deadline.into_iter().for_each(&mut wake_at);
        }
        if let Some(limit) = self.limits.max_runtime.filter(|_| self.stage < Stage::Stopping) {
            wake_at(self.started_at.saturating_add(limit.saturating_sub(self.earlier_time_spent)));
        }
        if let Some(since) = self.stopping_since.filter(|_| !self.is_grace_period_over()) {
            wake_at(since.saturating_add(self.grace_period()));
        }
        self.next_persist_time().into_iter().for_each(&mut wake_at);
        if self.tuner.stop_handle.is_some() && self.stage < Stage::Cancelling {
            wait = wait.min(STOP_POLL_INTERVAL);
        }
        wait.max(MIN_WAIT)
    }
}
