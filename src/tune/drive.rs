//! The loop itself: one turn after another until it is over.

use super::progress::{Progress, Tuned};
use super::reason::StopReason;
use super::run::{LONGEST_WAIT, Level, Run};
use crate::error::Error;
use crate::evaluator::{JobId, RunningJob};
use crate::limits::ResourceLimits;
use std::time::Duration;

impl Run<'_, '_> {
    pub(super) fn drive(mut self) -> Result<Tuned, Error> {
        self.wait_on();
        self.warn_of_idle_places();
        self.look_whether_it_is_enough();
        loop {
            self.keep_again()?;
            self.heed_the_handle();
            self.heed_the_time();
            self.stop_what_is_overdue()?;
            if self.level >= Level::Stopping {
                self.stop_what_runs()?;
            }
            let mut room_in = LONGEST_WAIT;
            if !self.is_paused && self.is_kept() {
                room_in = self.adopt()?;
            }
            if self.level == Level::Open && self.to_adopt.is_empty() {
                self.fill()?;
            }
            let may_start = !self.is_paused && self.is_kept() && self.to_adopt.is_empty();
            if self.level <= Level::Filled && may_start {
                room_in = self.start()?;
            }
            // An observer may have had enough meanwhile.
            if self.level >= Level::Stopping {
                self.stop_what_runs()?;
                self.give_up()?;
            }
            if let Some(tuned) = self.end_if_over() {
                return Ok(tuned);
            }
            // What has been delivered is taken in, whatever goes wrong on the way.
            let mut trouble = None;
            let timeout = match &mut self.proposing {
                Some(proposing) => {
                    proposing.wait();
                    Duration::ZERO
                }
                None => self.next_wake(room_in),
            };
            self.evaluator.hold_back(!self.is_kept());
            for event in self.evaluator.wait(timeout)? {
                trouble = self.take(event).err().or(trouble);
            }
            if let Some(trouble) = trouble {
                return Err(trouble);
            }
        }
    }

    fn end_if_over(&mut self) -> Option<Tuned> {
        let none_runs =
            self.running.is_empty() && self.running_probes() == 0 && self.to_adopt.is_empty();
        let is_over = match self.level {
            Level::Open => false,
            Level::Filled => none_runs && self.queue.is_empty() && self.waiting.is_empty(),
            Level::Draining | Level::Stopping => none_runs,
            Level::Leaving => none_runs || self.is_out_of_patience(),
        };
        let mut reason = self.reason.clone().filter(|_| is_over && self.is_kept())?;
        if let StopReason::Cancelled { left_running } = &mut reason {
            *left_running = self.running.len();
        }
        self.keep_the_last_note();
        self.notify(&Progress::Over(&reason));
        Some(Tuned {
            reason,
            disregarded: std::mem::take(&mut self.disregarded),
            disregarded_count: self.disregarded_count,
            warnings: std::mem::take(&mut self.warnings),
            may_still_run: self.may_still_run(),
        })
    }

    /// What the evaluator knows to run, and what has an address and was not taken on.
    fn may_still_run(&mut self) -> Vec<RunningJob> {
        let mut jobs = self.evaluator.may_still_run();
        let left = self.to_adopt.iter().filter_map(|id| self.study.trial(*id));
        jobs.extend(left.filter_map(|trial| {
            let job = JobId { trial: trial.id, attempt: trial.attempt() };
            Some(RunningJob { job, name: trial.place.clone()? })
        }));
        jobs
    }

    fn warn_of_idle_places(&mut self) {
        let ResourceLimits { max_jobs, max_parallel_jobs, .. } = self.limits;
        if let Some(max_jobs) = max_jobs.filter(|jobs| *jobs < max_parallel_jobs) {
            self.warn(format!(
                "max_parallel_jobs is {max_parallel_jobs}, but max_jobs only {max_jobs}: all jobs are proposed at once, before anything is known; a tenth of max_jobs is a good number"
            ));
        }
    }
}
