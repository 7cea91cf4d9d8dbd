//! What is due by now, and when there is something to do next.

use super::reason::StopReason;
use super::run::{LONGEST_WAIT, Level, Run, SHORTEST_WAIT};
use std::time::Duration;

/// How long it may take until a stop handle is heard.
const HEARING: Duration = Duration::from_millis(100);

impl Run<'_, '_> {
    pub(super) fn heed_the_handle(&mut self) {
        let Some(handle) = &self.tuner.stop else { return };
        if handle.is_cancelled() {
            if self.level < Level::Leaving {
                self.stopping = None;
            }
            self.escalate(Level::Leaving, StopReason::Cancelled { left_running: 0 });
        } else if handle.is_requested() {
            let jobs = self.begun_jobs();
            self.escalate(Level::Draining, StopReason::Drained { jobs });
        }
    }

    /// What is due by now: further attempts, the end of the tuning's own time.
    pub(super) fn heed_the_time(&mut self) {
        let now = self.evaluator.elapsed();
        let due = self.waiting.extract_if(.., |_, until| *until <= now).map(|(trial, _)| trial);
        for trial in due.collect::<Vec<_>>().into_iter().rev() {
            self.queue.push_front(trial);
        }
        if let Some(limit) = self.limits.max_runtime
            && now.saturating_sub(self.begun).saturating_add(self.spent) >= limit
        {
            let jobs = self.begun_jobs();
            self.escalate(Level::Stopping, StopReason::MaxRuntime { limit, jobs });
        }
    }

    /// When there will be something to do, if nothing happens until then.
    pub(super) fn next_wake(&self, room_in: Duration) -> Duration {
        let now = self.evaluator.elapsed();
        let mut wake = room_in.min(LONGEST_WAIT);
        let mut at = |time: Duration| wake = wake.min(time.saturating_sub(now));
        if self.level <= Level::Filled {
            self.waiting.values().for_each(|until| at(*until));
        }
        if let Some(deadline) = self.tuner.rules.job_deadline {
            let runs = self.running.values().filter(|running| !running.stop_asked);
            runs.filter_map(|running| running.due).for_each(&mut at);
            let probe = self.probe.as_ref().and_then(|probe| probe.due(deadline));
            probe.into_iter().for_each(&mut at);
        }
        if let Some(limit) = self.limits.max_runtime.filter(|_| self.level < Level::Stopping) {
            at(self.begun.saturating_add(limit.saturating_sub(self.spent)));
        }
        if let Some(since) = self.stopping.filter(|_| !self.is_out_of_patience()) {
            at(since.saturating_add(self.patience()));
        }
        self.next_keeping().into_iter().for_each(&mut at);
        if self.tuner.stop.is_some() && self.level < Level::Leaving {
            wake = wake.min(HEARING);
        }
        wake.max(SHORTEST_WAIT)
    }
}
