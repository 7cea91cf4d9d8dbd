//! How jobs come to run: what is asked for, what runs already, what is started.

use std::time::Duration;

use super::progress::Progress;
use super::proposing::Proposing;
use super::reason::StopReason;
use super::run::{LONGEST_WAIT, Level, Run, Running, SHORTEST_WAIT};
use crate::error::Error;
use crate::evaluator::{Adoption, Job, JobId, Start};
use crate::strategy::Proposal;
use crate::study::{Asked, Order, Step};
use crate::trial::StopCause;

/// How often it is looked whether a budget has been raised.
const BUDGET_WAIT: Duration = Duration::from_secs(60);

impl Run<'_, '_> {
    /// Asks for as many trials as there are free places.
    pub(super) fn fill(&mut self) -> Result<(), Error> {
        while self.level == Level::Open && self.is_kept() {
            let jobs = self.jobs();
            if self.limits.max_jobs.is_some_and(|most| jobs >= most) {
                self.escalate(Level::Filled, StopReason::JobLimit { jobs });
                break;
            }
            let taken = self.taken();
            let cannot_start = self.is_out_of_budget && !self.queue.is_empty();
            if taken >= self.places() || cannot_start {
                break;
            }
            let Some(answer) = self.next_trial()? else { break };
            self.show();
            match answer {
                Asked::Trials(trials) => {
                    self.asked += trials.len();
                    self.queue.extend(trials.iter().map(|trial| trial.id));
                }
                Asked::Wait => break,
                Asked::Exhausted if taken > 0 && self.may_be_freed() => break,
                Asked::Exhausted => {
                    self.escalate(Level::Filled, StopReason::SpaceExhausted { jobs });
                }
            }
        }
        Ok(())
    }

    /// The next trial of the study; `None` while its proposal is being computed.
    fn next_trial(&mut self) -> Result<Option<Asked>, Error> {
        loop {
            let Some(step) = self.proposed()? else { return Ok(None) };
            let proposed = match step {
                Ok(proposed) => proposed,
                Err(answer) => return Ok(Some(answer)),
            };
            if let Some(trial) = self.study.commit(proposed)? {
                return Ok(Some(Asked::Trials(vec![trial])));
            }
            if let Some(answer) = self.study.exhausted() {
                return Ok(Some(answer));
            }
        }
    }

    /// What the strategy proposes, or the study's answer without it; `None` while it is being computed.
    fn proposed(&mut self) -> Result<Option<Result<Option<Proposal>, Asked>>, Error> {
        if let Some(proposing) = self.proposing.take() {
            return match proposing.finish() {
                Ok(proposed) => Ok(Some(Ok(proposed?))),
                Err(unfinished) => {
                    self.proposing = Some(unfinished);
                    Ok(None)
                }
            };
        }
        let computation = match self.study.begin()? {
            Step::Wait => return Ok(Some(Err(Asked::Wait))),
            Step::Ready(trial) => return Ok(Some(Err(Asked::Trials(vec![trial])))),
            Step::Compute(computation) => computation,
        };
        let is_alone = self.queue.is_empty()
            && self.running.is_empty()
            && self.waiting.is_empty()
            && self.tuner.stop.is_none()
            && self.limits.max_runtime.is_none();
        // A worker of the compute pool that waits for a proposal computes nothing, and with all of them waiting, none would.
        let is_worker = rayon::current_thread_index().is_some();
        let is_quick = computation.is_quick() || self.evaluator.is_simulated();
        if is_alone || is_quick || is_worker {
            return Ok(Some(Ok(computation.run()?)));
        }
        self.proposing = Some(Proposing::of(computation)?);
        Ok(None)
    }

    /// Whether a place of the space may become free again: what runs may come to nothing by bad luck.
    fn may_be_freed(&self) -> bool {
        !matches!(self.study.settings().order, Order::FixedLag(_))
    }

    /// Takes on what runs already, if more may run than there are places: until that is known, nothing is started. How long to wait before
    /// going on with it.
    pub(super) fn adopt(&mut self) -> Result<Duration, Error> {
        while let Some(id) = self.to_adopt.front().copied() {
            let Some(trial) = self.study.trial(id) else { break };
            let deadline = self.tuner.rules.job_deadline;
            let job = Job { deadline, ..Job::new(trial, trial.attempt()) };
            let job_id = job.id();
            match self.evaluator.adopt(&job)? {
                Adoption::Busy { retry_after } => {
                    return Ok(retry_after.clamp(SHORTEST_WAIT, LONGEST_WAIT));
                }
                Adoption::NotRunning => {}
                Adoption::Running => {
                    self.queue.retain(|queued| *queued != id);
                    self.has_started(job_id, true)?;
                }
            }
            self.to_adopt.pop_front();
        }
        Ok(LONGEST_WAIT)
    }

    /// Starts what is queued while there is room; how long to wait before trying again.
    pub(super) fn start(&mut self) -> Result<Duration, Error> {
        let places = self.places();
        while self.running.len() + self.waiting.len() + self.running_probes() < places {
            if self.probe.as_ref().is_some_and(|probe| !probe.is_running()) {
                match self.start_probe()? {
                    None => continue,
                    Some(retry_after) => return Ok(retry_after.clamp(SHORTEST_WAIT, LONGEST_WAIT)),
                }
            }
            let Some(trial) = self.queue.front().and_then(|id| self.study.trial(*id)) else {
                break;
            };
            let deadline = self.tuner.rules.job_deadline;
            let job = Job { deadline, ..Job::new(trial, trial.attempt()) };
            let id = job.id();
            let adopted = match self.evaluator.start(&job)? {
                Start::Started => false,
                Start::Adopted => true,
                Start::Busy { retry_after } => {
                    self.notify(&Progress::Busy { retry_after });
                    return Ok(retry_after.clamp(SHORTEST_WAIT, LONGEST_WAIT));
                }
                Start::OutOfBudget { spent, budget } => {
                    return Ok(self.drain_unless_raised(spent, budget));
                }
            };
            self.is_out_of_budget = false;
            self.queue.pop_front();
            self.has_started(id, adopted)?;
            if self.level > Level::Filled {
                break;
            }
        }
        Ok(LONGEST_WAIT)
    }

    /// So many jobs may run at once.
    fn places(&self) -> usize {
        let one_at_a_time = self.tuner.rules.canary.is_some_and(|canary| canary.one_at_a_time);
        if one_at_a_time && !self.endings.has_value() { 1 } else { self.limits.max_parallel_jobs }
    }

    /// Nothing is left to spend: the tuning ends when nothing runs any more, unless there is more to spend by then. How long to wait
    /// before asking again.
    fn drain_unless_raised(&mut self, spent: Duration, budget: Duration) -> Duration {
        if self.running.is_empty() && self.running_probes() == 0 {
            let jobs = self.begun_jobs();
            self.escalate(Level::Draining, StopReason::OutOfBudget { spent, budget, jobs });
            return LONGEST_WAIT;
        }
        if !self.is_out_of_budget {
            self.is_out_of_budget = true;
            self.notify(&Progress::OutOfBudget { spent, budget });
        }
        BUDGET_WAIT
    }

    fn has_started(&mut self, job: JobId, adopted: bool) -> Result<(), Error> {
        let ran = if adopted { self.age(job.trial) } else { Duration::ZERO };
        let rest = self.tuner.rules.job_deadline.map(|deadline| deadline.saturating_sub(ran));
        let due = rest.map(|rest| self.evaluator.elapsed().saturating_add(rest));
        self.running.insert(job.trial, Running { job, due, stop_asked: false, adopted });
        self.notify(&Progress::Started { job, adopted });
        // What had been decided before a restart still holds; that a tuning was over then does not.
        let holds = |cause: StopCause| {
            cause.decided_on().is_some() || matches!(cause, StopCause::Deadline { .. })
        };
        match self.study.trial(job.trial).and_then(|trial| trial.stop_asked) {
            Some(cause) if holds(cause) => self.stop(job.trial)?,
            Some(_) if !adopted => {
                self.study.withdraw_stop(job.trial)?;
                self.show();
            }
            _ => {}
        }
        Ok(())
    }
}
