//! Starts jobs: asks for trials, adopts running jobs, starts queued ones.

use std::time::Duration;

use super::background_proposal::BackgroundProposal;
use super::progress::Progress;
use super::run_state::{MAX_WAIT, MIN_WAIT, RunningTrial, Stage, TuningRun};
use super::stop_reason::StopReason;
use crate::error::Error;
use crate::evaluator::{Adoption, Job, JobId, StartOutcome};
use crate::strategy::Proposal;
use crate::study::{AskOutcome, Order, Step};
use crate::trial::StopCause;

/// How often to check whether the evaluator's budget has been raised.
const BUDGET_POLL_INTERVAL: Duration = Duration::from_secs(60);

impl TuningRun<'_, '_> {
    /// Asks for as many trials as there are free slots.
    pub(super) fn ask_for_trials(&mut self) -> Result<(), Error> {
        while self.stage == Stage::Asking && self.is_persisted() {
            let jobs = self.job_count();
            if self.limits.max_jobs.is_some_and(|limit| jobs >= limit) {
                self.escalate(Stage::Starting, StopReason::JobLimit { jobs });
                break;
            }
            let occupied = self.occupied_slots();
            let is_blocked = self.is_out_of_budget && !self.queue.is_empty();
            if occupied >= self.slots() || is_blocked {
                break;
            }
            let Some(answer) = self.next_trial()? else { break };
            self.persist_and_notify();
            match answer {
                AskOutcome::Trials(trials) => {
                    self.asked_count += trials.len();
                    self.queue.extend(trials.iter().map(|trial| trial.id));
                }
                AskOutcome::Wait => break,
                AskOutcome::Exhausted if occupied > 0 && self.may_free_configurations() => break,
                AskOutcome::Exhausted => {
                    self.escalate(Stage::Starting, StopReason::SpaceExhausted { jobs });
                }
            }
        }
        Ok(())
    }

    /// Returns the next answer of the study; `None` while a proposal is being computed.
    fn next_trial(&mut self) -> Result<Option<AskOutcome>, Error> {
        loop {
            let Some(step) = self.poll_proposal()? else { return Ok(None) };
            let proposed = match step {
                Ok(proposed) => proposed,
                Err(answer) => return Ok(Some(answer)),
            };
            if let Some(trial) = self.study.commit_proposal(proposed)? {
                return Ok(Some(AskOutcome::Trials(vec![trial])));
            }
            if let Some(answer) = self.study.outcome_without_proposal() {
                return Ok(Some(answer));
            }
        }
    }

    /// Returns the strategy's proposal, or the study's answer without one.
    ///
    /// `None` means that the proposal is still being computed.
    fn poll_proposal(&mut self) -> Result<Option<Result<Option<Proposal>, AskOutcome>>, Error> {
        if let Some(proposal) = self.proposal.take() {
            return match proposal.finish() {
                Ok(proposed) => Ok(Some(Ok(proposed?))),
                Err(unfinished) => {
                    self.proposal = Some(unfinished);
                    Ok(None)
                }
            };
        }
        let task = match self.study.next_step()? {
            Step::Wait => return Ok(Some(Err(AskOutcome::Wait))),
            Step::Ready(trial) => return Ok(Some(Err(AskOutcome::Trials(vec![trial])))),
            Step::Compute(task) => task,
        };
        let has_no_other_work = self.queue.is_empty()
            && self.running.is_empty()
            && self.waiting_for_retry.is_empty()
            && self.tuner.stop_handle.is_none()
            && self.limits.max_runtime.is_none();
        // A worker of the compute pool must not wait for a proposal: if all workers waited, none
        // would compute it.
        let is_worker = rayon::current_thread_index().is_some();
        let is_cheap = task.is_cheap() || self.evaluator.is_simulated();
        if has_no_other_work || is_cheap || is_worker {
            return Ok(Some(Ok(task.run()?)));
        }
        self.proposal = Some(BackgroundProposal::start(task)?);
        Ok(None)
    }

    /// Returns whether a running job may make its configuration available again, by a transient
    /// failure.
    fn may_free_configurations(&self) -> bool {
        !matches!(self.study.settings().order, Order::FixedLag(_))
    }

    /// Adopts the jobs of earlier calls that still run. No other job starts before all are checked.
    ///
    /// Returns how long to wait before continuing.
    pub(super) fn adopt_jobs(&mut self) -> Result<Duration, Error> {
        while let Some(id) = self.to_adopt.front().copied() {
            let Some(trial) = self.study.trial(id) else { break };
            let timeout = self.tuner.rules.job_timeout;
            let job = Job { timeout, ..Job::new(trial, trial.attempt()) };
            let job_id = job.id();
            match self.evaluator.adopt(&job)? {
                Adoption::Busy { retry_after } => {
                    return Ok(retry_after.clamp(MIN_WAIT, MAX_WAIT));
                }
                Adoption::NotRunning => {}
                Adoption::Running => {
                    self.queue.retain(|queued| *queued != id);
                    self.record_start(job_id, true)?;
                }
            }
            self.to_adopt.pop_front();
        }
        Ok(MAX_WAIT)
    }

    /// Starts queued trials while the evaluator accepts jobs. Returns how long to wait before
    /// trying again.
    pub(super) fn start_jobs(&mut self) -> Result<Duration, Error> {
        let slots = self.slots();
        while self.running.len() + self.waiting_for_retry.len() + self.running_probes() < slots {
            if self.probe.as_ref().is_some_and(|probe| !probe.is_running()) {
                match self.start_probe()? {
                    None => continue,
                    Some(retry_after) => return Ok(retry_after.clamp(MIN_WAIT, MAX_WAIT)),
                }
            }
            let Some(trial) = self.queue.front().and_then(|id| self.study.trial(*id)) else {
                break;
            };
            let timeout = self.tuner.rules.job_timeout;
            let job = Job { timeout, ..Job::new(trial, trial.attempt()) };
            let id = job.id();
            let adopted = match self.evaluator.start(&job)? {
                StartOutcome::Started => false,
                StartOutcome::Adopted => true,
                StartOutcome::Busy { retry_after } => {
                    self.notify(&Progress::Busy { retry_after });
                    return Ok(retry_after.clamp(MIN_WAIT, MAX_WAIT));
                }
                StartOutcome::OutOfBudget { spent, budget } => {
                    return Ok(self.handle_spent_budget(spent, budget));
                }
            };
            self.is_out_of_budget = false;
            self.queue.pop_front();
            self.record_start(id, adopted)?;
            if self.stage > Stage::Starting {
                break;
            }
        }
        Ok(MAX_WAIT)
    }

    /// Returns how many jobs may run at once.
    fn slots(&self) -> usize {
        let one_at_a_time = self.tuner.rules.canary.is_some_and(|canary| canary.one_at_a_time);
        if one_at_a_time && !self.completion.has_value() {
            1
        } else {
            self.limits.max_parallel_jobs
        }
    }

    /// Lets running jobs finish after the budget is spent, and resumes if it is raised before.
    ///
    /// Returns how long to wait before trying again.
    fn handle_spent_budget(&mut self, spent: Duration, budget: Duration) -> Duration {
        if self.running.is_empty() && self.running_probes() == 0 {
            let jobs = self.started_job_count();
            self.escalate(Stage::Draining, StopReason::OutOfBudget { spent, budget, jobs });
            return MAX_WAIT;
        }
        if !self.is_out_of_budget {
            self.is_out_of_budget = true;
            self.notify(&Progress::OutOfBudget { spent, budget });
        }
        BUDGET_POLL_INTERVAL
    }

    fn record_start(&mut self, job: JobId, adopted: bool) -> Result<(), Error> {
        let elapsed = if adopted { self.attempt_age(job.trial) } else { Duration::ZERO };
        let remaining = self.tuner.rules.job_timeout.map(|timeout| timeout.saturating_sub(elapsed));
        let deadline = remaining.map(|time| self.evaluator.elapsed().saturating_add(time));
        self.running
            .insert(job.trial, RunningTrial { job, deadline, is_stop_requested: false, adopted });
        self.notify(&Progress::Started { job, adopted });
        // A stop decision from before a restart still holds, unless its cause was the end of the
        // tuning.
        let still_holds = |cause: StopCause| {
            cause.deciding_value().is_some() || matches!(cause, StopCause::Timeout { .. })
        };
        match self.study.trial(job.trial).and_then(|trial| trial.stop_cause) {
            Some(cause) if still_holds(cause) => self.stop(job.trial)?,
            Some(_) if !adopted => {
                self.study.withdraw_stop(job.trial)?;
                self.persist_and_notify();
            }
            _ => {}
        }
        Ok(())
    }
}
