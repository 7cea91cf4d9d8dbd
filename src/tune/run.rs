//! One call of the loop: which jobs wait for a place, which run, and how far it is from its end.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::endings::{Endings, Settled, settle};
use super::{PATIENCE, Progress, StopReason, Tuned, Tuner};
use crate::error::Error;
use crate::evaluator::{Evaluator, Job, JobEvent, JobId, Start};
use crate::limits::{EarlyStopping, ResourceLimits};
use crate::rng::Rng;
use crate::stopping::Curves;
use crate::study::{Asked, Order, Study};
use crate::trial::{Failure, Outcome, Report, Source, StopCause, Trial, TrialId};

/// How long to wait for a job before looking again, at the most, and for room at the least.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
const SHORTEST_WAIT: Duration = Duration::from_millis(1);
/// How long it may take until a stop handle is heard.
const HEARING: Duration = Duration::from_millis(100);
/// Sets the chance in backoffs apart from that of other streams.
const BACKOFF: u32 = 2;

/// How far it is from its end. Each level includes the ones before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    /// Trials are asked for.
    Open,
    /// No more are asked for; those that were are started.
    Filled,
    /// Nothing is started; what runs comes to its end.
    Draining,
    /// What runs has been asked to stop.
    Stopping,
    /// It is waited for only for a while.
    Leaving,
}

#[derive(Debug)]
struct Running {
    job: JobId,
    since: Duration,
    stop_asked: bool,
}

pub(super) struct Run<'r, 'a> {
    tuner: &'r mut Tuner<'a>,
    study: &'r mut Study,
    evaluator: &'r mut dyn Evaluator,
    limits: ResourceLimits,
    /// Jobs of the study's own that have been asked for.
    asked: usize,
    level: Level,
    reason: Option<StopReason>,
    queue: VecDeque<TrialId>,
    /// Trials that wait for their next attempt, and until when.
    waiting: BTreeMap<TrialId, Duration>,
    running: BTreeMap<TrialId, Running>,
    curves: Curves,
    endings: Endings,
    disregarded: Vec<JobEvent>,
    /// So many events have been shown.
    shown: usize,
    best: Option<TrialId>,
    begun: Duration,
    /// Since when it is being left.
    leaving: Option<Duration>,
    is_paused: bool,
}

fn is_own(trial: &&Trial) -> bool {
    trial.source == Source::Own
}

impl<'r, 'a> Run<'r, 'a> {
    pub(super) fn resume(
        tuner: &'r mut Tuner<'a>,
        study: &'r mut Study,
        evaluator: &'r mut dyn Evaluator,
    ) -> Self {
        let limits = study.settings().limits;
        let ended = study.trials().iter().filter(is_own).filter(|t| t.outcome.is_some()).count();
        let room = limits.max_jobs.map_or(usize::MAX, |most| most.saturating_sub(ended));
        Self {
            asked: study.trials().iter().filter(is_own).count(),
            level: Level::Open,
            reason: None,
            queue: study.pending().map(|trial| trial.id).take(room).collect(),
            waiting: BTreeMap::new(),
            running: BTreeMap::new(),
            curves: Curves::of(study.objective(), study.trials()),
            endings: Endings::of(study),
            disregarded: Vec::new(),
            shown: study.events().len(),
            best: study.best().map(|trial| trial.id),
            begun: evaluator.elapsed(),
            leaving: None,
            is_paused: false,
            tuner,
            study,
            evaluator,
            limits,
        }
    }

    pub(super) fn drive(mut self) -> Result<Tuned, Error> {
        self.look_whether_it_is_enough();
        loop {
            self.heed_the_handle();
            self.heed_the_time();
            self.stop_what_is_overdue()?;
            if self.level >= Level::Stopping {
                self.stop_what_runs()?;
            }
            if self.level == Level::Open {
                self.fill()?;
            }
            let room_in = if self.level <= Level::Filled && !self.is_paused {
                self.start()?
            } else {
                LONGEST_WAIT
            };
            // An observer may have had enough meanwhile.
            if self.level >= Level::Stopping {
                self.stop_what_runs()?;
            }
            if let Some(tuned) = self.end_if_over() {
                return Ok(tuned);
            }
            // What has been delivered is taken in, whatever goes wrong on the way.
            let mut trouble = None;
            for event in self.evaluator.wait(self.next_wake(room_in))? {
                trouble = self.take(event).err().or(trouble);
            }
            if let Some(trouble) = trouble {
                return Err(trouble);
            }
        }
    }

    /// Jobs of the study's own that have been asked for and may run.
    fn jobs(&self) -> usize {
        self.limits.max_jobs.map_or(self.asked, |most| self.asked.min(most))
    }

    /// Those of them that have begun.
    fn begun_jobs(&self) -> usize {
        self.jobs().saturating_sub(self.queue.len())
    }

    /// How long cancelled jobs are waited for.
    fn patience(&self) -> Duration {
        self.tuner.patience.unwrap_or(PATIENCE)
    }

    fn end_if_over(&mut self) -> Option<Tuned> {
        let none_runs = self.running.is_empty();
        let is_over = match self.level {
            Level::Open => false,
            Level::Filled => none_runs && self.queue.is_empty() && self.waiting.is_empty(),
            Level::Draining | Level::Stopping => none_runs,
            Level::Leaving => {
                let since = self.leaving.unwrap_or_default();
                none_runs || self.evaluator.elapsed().saturating_sub(since) >= self.patience()
            }
        };
        let mut reason = self.reason.clone().filter(|_| is_over)?;
        if let StopReason::Cancelled { left_running } = &mut reason {
            *left_running = self.running.len();
        }
        self.notify(&Progress::Over(&reason));
        Some(Tuned { reason, disregarded: std::mem::take(&mut self.disregarded) })
    }

    /// Goes on to a level, unless it has been reached.
    fn escalate(&mut self, level: Level, reason: StopReason) {
        if level > self.level {
            self.level = level;
            self.reason = Some(reason);
        }
    }

    fn notify(&mut self, progress: &Progress<'_>) {
        let mut is_enough = false;
        for observer in &mut self.tuner.observers {
            is_enough |= observer(self.study, progress).is_break();
        }
        if is_enough {
            self.escalate(Level::Stopping, StopReason::Observer);
        }
    }

    /// Shows what has been recorded since, before anything is done about it.
    fn show(&mut self) {
        let mut is_enough = false;
        let events = &self.study.events()[self.shown..];
        for event in events {
            for observer in &mut self.tuner.observers {
                is_enough |= observer(self.study, &Progress::Recorded(event)).is_break();
            }
        }
        self.shown = self.study.events().len();
        if is_enough {
            self.escalate(Level::Stopping, StopReason::Observer);
        }
    }

    fn heed_the_handle(&mut self) {
        let Some(handle) = &self.tuner.stop else { return };
        if handle.is_cancelled() {
            self.escalate(Level::Leaving, StopReason::Cancelled { left_running: 0 });
            self.leaving.get_or_insert(self.evaluator.elapsed());
        } else if handle.is_requested() {
            let jobs = self.begun_jobs();
            self.escalate(Level::Draining, StopReason::Drained { jobs });
        }
    }

    /// What is due by now: further attempts, deadlines, the end of the tuning's own time.
    fn heed_the_time(&mut self) {
        let now = self.evaluator.elapsed();
        let due = self.waiting.extract_if(.., |_, until| *until <= now).map(|(trial, _)| trial);
        for trial in due.collect::<Vec<_>>().into_iter().rev() {
            self.queue.push_front(trial);
        }
        if let Some(limit) = self.limits.max_runtime
            && now.saturating_sub(self.begun) >= limit
        {
            let jobs = self.begun_jobs();
            self.escalate(Level::Stopping, StopReason::MaxRuntime { limit, jobs });
        }
    }

    /// When there will be something to do, if nothing happens until then.
    fn next_wake(&self, room_in: Duration) -> Duration {
        let now = self.evaluator.elapsed();
        let mut wake = room_in.min(LONGEST_WAIT);
        let mut at = |time: Duration| wake = wake.min(time.saturating_sub(now));
        if self.level <= Level::Filled {
            self.waiting.values().for_each(|until| at(*until));
        }
        if let Some(deadline) = self.tuner.rules.job_deadline {
            let runs = self.running.values().filter(|running| !running.stop_asked);
            runs.for_each(|running| at(running.since.saturating_add(deadline)));
        }
        if let Some(limit) = self.limits.max_runtime.filter(|_| self.level < Level::Stopping) {
            at(self.begun.saturating_add(limit));
        }
        if let Some(since) = self.leaving {
            at(since.saturating_add(self.patience()));
        }
        if self.tuner.stop.is_some() && self.level < Level::Leaving {
            wake = wake.min(HEARING);
        }
        wake.max(SHORTEST_WAIT)
    }

    /// Asks for as many trials as there are free places.
    fn fill(&mut self) -> Result<(), Error> {
        while self.level == Level::Open {
            let jobs = self.jobs();
            if self.limits.max_jobs.is_some_and(|most| jobs >= most) {
                self.escalate(Level::Filled, StopReason::JobLimit { jobs });
                break;
            }
            let taken = self.queue.len() + self.waiting.len() + self.running.len();
            if taken >= self.limits.max_parallel_jobs {
                break;
            }
            let answer = self.study.ask(1)?;
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

    /// Whether a place of the space may become free again: what runs may come to nothing by bad luck.
    fn may_be_freed(&self) -> bool {
        !matches!(self.study.settings().order, Order::FixedLag(_))
    }

    /// Starts what is queued while there is room; how long to wait before trying again.
    fn start(&mut self) -> Result<Duration, Error> {
        while self.running.len() + self.waiting.len() < self.limits.max_parallel_jobs {
            let Some(trial) = self.queue.front().and_then(|id| self.study.trial(*id)) else {
                break;
            };
            let deadline = self.tuner.rules.job_deadline;
            let job = Job { deadline, ..Job::new(trial, trial.attempt()) };
            let (id, stop_asked) = (job.id(), trial.stop_asked);
            let adopted = match self.evaluator.start(&job)? {
                Start::Started => false,
                Start::Adopted => true,
                Start::Busy { retry_after } => {
                    self.notify(&Progress::Busy { retry_after });
                    return Ok(retry_after.clamp(SHORTEST_WAIT, LONGEST_WAIT));
                }
                Start::OutOfBudget { spent, budget } => {
                    let jobs = self.begun_jobs();
                    self.escalate(Level::Draining, StopReason::OutOfBudget { spent, budget, jobs });
                    return Ok(LONGEST_WAIT);
                }
            };
            let since = self.evaluator.elapsed();
            self.running.insert(id.trial, Running { job: id, since, stop_asked: false });
            self.queue.pop_front();
            self.notify(&Progress::Started { job: id, adopted });
            // What had been decided before a restart still holds; that a tuning was over then does not.
            let holds = |cause: &StopCause| {
                cause.decided_on().is_some() || matches!(cause, StopCause::Deadline { .. })
            };
            if stop_asked.as_ref().is_some_and(holds) {
                self.stop(id.trial)?;
            }
            if self.level > Level::Filled {
                break;
            }
        }
        Ok(LONGEST_WAIT)
    }

    /// Asks a job that runs to stop, once.
    fn stop(&mut self, trial: TrialId) -> Result<(), Error> {
        if let Some(running) = self.running.get_mut(&trial) {
            running.stop_asked = true;
            self.evaluator.stop(running.job)?;
        }
        Ok(())
    }

    /// The same, with the cause in the ledger first.
    fn stop_because(&mut self, trial: TrialId, cause: StopCause) -> Result<(), Error> {
        self.study.ask_to_stop(trial, cause)?;
        self.show();
        self.stop(trial)
    }

    fn stop_what_runs(&mut self) -> Result<(), Error> {
        let cause =
            if self.level == Level::Leaving { StopCause::Cancelled } else { StopCause::TuningOver };
        self.stop_those(cause, |_| true)
    }

    fn stop_those(
        &mut self,
        cause: StopCause,
        which: impl Fn(&Running) -> bool,
    ) -> Result<(), Error> {
        let asked = self.running.values().filter(|running| !running.stop_asked && which(running));
        for trial in asked.map(|running| running.job.trial).collect::<Vec<_>>() {
            self.stop_because(trial, cause)?;
        }
        Ok(())
    }

    fn stop_what_is_overdue(&mut self) -> Result<(), Error> {
        let Some(after) = self.tuner.rules.job_deadline else { return Ok(()) };
        let now = self.evaluator.elapsed();
        self.stop_those(StopCause::Deadline { after }, |running| {
            now.saturating_sub(running.since) >= after
        })
    }

    fn disregard(&mut self, event: JobEvent) {
        self.notify(&Progress::Disregarded(&event));
        self.disregarded.push(event);
    }

    fn take(&mut self, event: JobEvent) -> Result<(), Error> {
        let is_running =
            |job: &JobId| self.running.get(&job.trial).is_some_and(|running| running.job == *job);
        match event {
            JobEvent::Report { job, step, value } if is_running(&job) => {
                self.take_report(job, Report { step, value })
            }
            JobEvent::Ended { job, outcome } if is_running(&job) => self.take_end(job, outcome),
            JobEvent::Paused { why } => {
                self.is_paused = true;
                self.notify(&Progress::Paused { why: &why });
                Ok(())
            }
            JobEvent::Resumed => {
                self.is_paused = false;
                self.notify(&Progress::Resumed);
                Ok(())
            }
            JobEvent::Ended { job, ref outcome } | JobEvent::Late { job, ref outcome } => {
                let outcome = outcome.clone();
                self.take_late(event, job, outcome)
            }
            JobEvent::Report { .. } => {
                self.disregard(event);
                Ok(())
            }
        }
    }

    /// The end of a job that does not run any more, or never did.
    fn take_late(&mut self, event: JobEvent, job: JobId, outcome: Outcome) -> Result<(), Error> {
        let Some(trial) = self.study.trial(job.trial) else {
            self.disregard(event);
            return Ok(());
        };
        let before = trial.outcome.clone();
        let was_given_up = job.attempt < trial.attempt();
        let told = match before {
            Some(_) => self.study.tell(job.trial, outcome),
            // Another attempt is under way.
            None if was_given_up => self.study.set_aside(job.trial, outcome),
            None => Ok(()),
        };
        self.show();
        let after = self.study.trial(job.trial).and_then(|trial| trial.outcome.clone());
        if before.is_some() && after != before {
            // It is used after all.
            if let Some(outcome) = &after {
                self.curves.end(job.trial, outcome);
            }
            self.endings.look_again(self.study);
            self.look_at_the_best();
            self.look_whether_it_is_enough();
            return Ok(());
        }
        match told {
            // Whatever differs from the first end has its place in the ledger now.
            Ok(()) | Err(Error::Conflict { .. }) => {
                self.disregard(event);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Whether decisions must not depend on what happens to be known.
    fn lag(&self) -> Option<u64> {
        match self.study.settings().order {
            Order::Arrival => None,
            Order::FixedLag(lag) => Some(lag as u64),
        }
    }

    fn take_report(&mut self, job: JobId, report: Report) -> Result<(), Error> {
        let trial = job.trial;
        let stopping = self.running.get(&trial).is_some_and(|running| running.stop_asked);
        if stopping && self.lag().is_some() {
            // Whether it came before the stop took effect is a matter of pace.
            self.disregard(JobEvent::Report { job, step: report.step, value: report.value });
            return Ok(());
        }
        self.study.report(trial, report.step, report.value)?;
        self.curves.add(trial, report);
        self.show();
        let rule = self.tuner.rules.early_stopping;
        if stopping || rule == EarlyStopping::Off {
            return Ok(());
        }
        let horizon = self.lag().map(|lag| TrialId(trial.0.saturating_sub(lag)));
        match self.curves.verdict(&rule, trial, report, horizon) {
            None => Ok(()),
            Some(cause) => self.stop_because(trial, cause),
        }
    }

    fn take_end(&mut self, job: JobId, outcome: Outcome) -> Result<(), Error> {
        let id = job.trial;
        let Some(running) = self.running.remove(&id) else { return Ok(()) };
        let Some(trial) = self.study.trial(id) else { return Ok(()) };
        let cause = trial.stop_asked.filter(|_| running.stop_asked);
        let is_lagged = self.lag().is_some();
        let Settled { outcome, replaced } = settle(trial, outcome, cause, is_lagged);
        if let Some(outcome) = replaced {
            self.disregard(JobEvent::Ended { job, outcome });
        }
        // Whoever was asked to stop for what it reported, or because the tuning is over, has nothing to try again.
        let may_retry = matches!(cause, None | Some(StopCause::Deadline { .. }));
        if let (Outcome::Failed(failure), true) = (&outcome, may_retry)
            && self.level < Level::Stopping
            && let Some(after) = self.backoff(job, failure)
        {
            return self.try_again(job, failure.clone(), after);
        }
        self.curves.end(id, &outcome);
        self.study.tell(id, outcome)?;
        self.show();
        self.endings.add(self.study, id);
        self.look_at_the_best();
        self.look_whether_it_is_enough();
        Ok(())
    }

    /// How long to wait before another attempt, if there is to be one.
    fn backoff(&self, job: JobId, failure: &Failure) -> Option<Duration> {
        let policy = &self.tuner.rules.retries;
        let earlier = &self.study.trial(job.trial)?.failed_attempts;
        let retry = 1 + earlier.iter().filter(|earlier| earlier.kind == failure.kind).count();
        let retry = u32::try_from(retry).ok().filter(|n| *n <= policy.retries(failure.kind))?;
        let mut rng = Rng::stream(self.study.settings().seed, job.trial.0).shared(BACKOFF);
        // A draw for each attempt, so that each has its own.
        let chance = (0..job.attempt).map(|_| rng.uniform()).last().unwrap_or(0.0);
        Some(policy.backoff.wait(retry, chance))
    }

    fn try_again(&mut self, job: JobId, failure: Failure, after: Duration) -> Result<(), Error> {
        self.study.attempt_failed(job.trial, failure)?;
        self.curves.forget(job.trial);
        self.show();
        let until = self.evaluator.elapsed().saturating_add(after);
        self.waiting.insert(job.trial, until);
        let job = JobId { attempt: job.attempt.saturating_add(1), ..job };
        self.notify(&Progress::Retrying { job, after });
        Ok(())
    }

    fn look_at_the_best(&mut self) {
        let best = self.study.best().map(|trial| trial.id);
        if best == self.best {
            return;
        }
        self.best = best;
        let found = best.and_then(|id| self.study.trial(id)).cloned();
        if let Some((trial, value)) = found.as_ref().and_then(|trial| Some((trial, trial.value()?)))
        {
            self.notify(&Progress::NewBest { trial, value });
        }
    }

    fn look_whether_it_is_enough(&mut self) {
        let rules = &self.tuner.rules;
        let mut reason = self.endings.enough(self.study, rules);
        if reason.is_none() {
            let study = &*self.study;
            let met = self
                .tuner
                .criteria
                .iter_mut()
                .find_map(|(name, is_met)| is_met(study).then(|| name.clone()));
            reason = met.map(|name| StopReason::OwnCriterion { name });
        }
        if let Some(reason) = reason {
            self.escalate(Level::Stopping, reason);
        }
    }
}
