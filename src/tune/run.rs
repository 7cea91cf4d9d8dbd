//! One call of the loop: which jobs wait for a place, which run, and how far it is from its end.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::endings::{Endings, decided};
use super::probe::Probe;
use super::proposing::Proposing;
use super::{Progress, StopReason, Tuned, Tuner};
use crate::error::Error;
use crate::evaluator::{Evaluator, JobEvent, JobId, RunningJob};
use crate::limits::ResourceLimits;
use crate::stopping::Curves;
use crate::study::Study;
use crate::trial::{Failure, FailureKind, Outcome, Source, StopCause, Trial, TrialId};

/// How long to wait for a job before looking again, at the most, and for room at the least.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(3600);
pub(super) const SHORTEST_WAIT: Duration = Duration::from_millis(1);
/// How long it may take until a stop handle is heard.
const HEARING: Duration = Duration::from_millis(100);
/// How long cancelled jobs are waited for, unless another patience is given.
const CANCEL_PATIENCE: Duration = Duration::from_secs(30);
/// Events that changed nothing, of which so many are kept.
const KEPT_DISREGARDED: usize = 100;

/// How far it is from its end. Each level includes the ones before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// Trials are asked for.
    Open,
    /// No more are asked for; those that were are started.
    Filled,
    /// Nothing is started; what runs comes to its end.
    Draining,
    /// What runs has been asked to stop, and is waited for only for a while.
    Stopping,
    /// The same, but what has not ended by then goes on: another call adopts it.
    Leaving,
}

#[derive(Debug)]
pub(super) struct Running {
    pub(super) job: JobId,
    pub(super) since: Duration,
    pub(super) stop_asked: bool,
    /// Whether it was there already.
    pub(super) adopted: bool,
}

pub(super) struct Run<'r, 'a> {
    pub(super) tuner: &'r mut Tuner<'a>,
    pub(super) study: &'r mut Study,
    pub(super) evaluator: &'r mut dyn Evaluator,
    pub(super) limits: ResourceLimits,
    /// Jobs of the study's own that have been asked for; what was cut off has not been one.
    pub(super) asked: usize,
    pub(super) level: Level,
    reason: Option<StopReason>,
    pub(super) queue: VecDeque<TrialId>,
    /// Trials of earlier calls that may run already: those that have an address, and all where there are more than there are places.
    pub(super) to_adopt: VecDeque<TrialId>,
    /// Trials that wait for their next attempt, and until when.
    pub(super) waiting: BTreeMap<TrialId, Duration>,
    pub(super) running: BTreeMap<TrialId, Running>,
    pub(super) proposing: Option<Box<Proposing>>,
    pub(super) probe: Option<Probe>,
    pub(super) curves: Curves,
    pub(super) endings: Endings,
    pub(super) disregarded: Vec<JobEvent>,
    pub(super) disregarded_count: usize,
    warnings: Vec<String>,
    /// So many events have been shown.
    shown: usize,
    pub(super) best: Option<TrialId>,
    begun: Duration,
    /// Since when what runs is asked to stop.
    stopping: Option<Duration>,
    pub(super) is_paused: bool,
    /// Whether the evaluator has nothing left to spend, so far.
    pub(super) is_out_of_budget: bool,
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
        let own = || study.trials().iter().filter(is_own).filter(|trial| !trial.was_cut_off());
        let ended = own().filter(|trial| trial.outcome.is_some()).count();
        let room = limits.max_jobs.map_or(usize::MAX, |most| most.saturating_sub(ended));
        let pending: VecDeque<TrialId> = study.pending().map(|trial| trial.id).collect();
        let is_too_many = pending.len() > limits.max_parallel_jobs.min(room);
        // What is known to have been started elsewhere runs, whatever comes of this call.
        let located = |id: &TrialId| study.trial(*id).is_some_and(|trial| trial.place.is_some());
        let to_adopt = pending.iter().copied().filter(|id| is_too_many || located(id)).collect();
        Self {
            asked: own().count(),
            level: Level::Open,
            reason: None,
            queue: pending.iter().take(room).copied().collect(),
            to_adopt,
            waiting: BTreeMap::new(),
            running: BTreeMap::new(),
            proposing: None,
            probe: None,
            curves: Curves::of(study.objective(), study.trials()),
            endings: Endings::of(study),
            disregarded: Vec::new(),
            disregarded_count: 0,
            warnings: Vec::new(),
            shown: study.events().len(),
            best: study.best().map(|trial| trial.id),
            begun: evaluator.elapsed(),
            stopping: None,
            is_paused: false,
            is_out_of_budget: false,
            tuner,
            study,
            evaluator,
            limits,
        }
    }

    pub(super) fn drive(mut self) -> Result<Tuned, Error> {
        self.warn_of_idle_places();
        self.look_whether_it_is_enough();
        loop {
            self.heed_the_handle();
            self.heed_the_time();
            self.stop_what_is_overdue()?;
            if self.level >= Level::Stopping {
                self.stop_what_runs()?;
            }
            let mut room_in = LONGEST_WAIT;
            if !self.is_paused {
                room_in = self.adopt()?;
            }
            if self.level == Level::Open && self.to_adopt.is_empty() {
                self.fill()?;
            }
            if self.level <= Level::Filled && !self.is_paused && self.to_adopt.is_empty() {
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
            for event in self.evaluator.wait(timeout)? {
                trouble = self.take(event).err().or(trouble);
            }
            if let Some(trouble) = trouble {
                return Err(trouble);
            }
        }
    }

    /// Jobs of the study's own that have been asked for and may run.
    pub(super) fn jobs(&self) -> usize {
        self.limits.max_jobs.map_or(self.asked, |most| self.asked.min(most))
    }

    /// Those of them that have begun.
    pub(super) fn begun_jobs(&self) -> usize {
        self.jobs().saturating_sub(self.queue.len())
    }

    /// Jobs that have a place, or will have one.
    pub(super) fn taken(&self) -> usize {
        self.queue.len() + self.waiting.len() + self.running.len() + self.running_probes()
    }

    pub(super) fn running_probes(&self) -> usize {
        usize::from(self.probe.as_ref().is_some_and(Probe::is_running))
    }

    /// How long jobs are waited for that have been asked to stop.
    fn patience(&self) -> Duration {
        let usual =
            if self.level == Level::Leaving { CANCEL_PATIENCE } else { self.evaluator.patience() };
        self.tuner.patience.unwrap_or(usual)
    }

    /// Whether that long has passed.
    fn is_out_of_patience(&self) -> bool {
        let since = self.stopping.unwrap_or_default();
        self.evaluator.elapsed().saturating_sub(since) >= self.patience()
    }

    /// The trials that do not end though the tuning is over have timed out, and are left behind.
    fn give_up(&mut self) -> Result<(), Error> {
        if self.level != Level::Stopping || !self.is_out_of_patience() {
            return Ok(());
        }
        let after = self.patience();
        self.probe = None;
        for (id, running) in std::mem::take(&mut self.running) {
            let cause = self.study.trial(id).and_then(|trial| trial.stop_asked);
            // What had been decided on its value counts, whether or not the job heard of it.
            let decided = cause.filter(|_| running.stop_asked).and_then(decided);
            let outcome = decided.unwrap_or_else(|| {
                let text = format!(
                    "it had not ended {after:?} after it was asked to stop, because the tuning was over; it is left behind"
                );
                Outcome::Failed(Failure::new(FailureKind::Timeout, text))
            });
            self.curves.end(id, &outcome);
            self.study.tell(id, outcome)?;
            self.show();
        }
        Ok(())
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
        let mut reason = self.reason.clone().filter(|_| is_over)?;
        if let StopReason::Cancelled { left_running } = &mut reason {
            *left_running = self.running.len();
        }
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

    /// A trial that was cut off is no job: there is room for another one.
    pub(super) fn give_back_a_job(&mut self) {
        self.asked = self.asked.saturating_sub(1);
        if self.level == Level::Filled && matches!(self.reason, Some(StopReason::JobLimit { .. })) {
            (self.level, self.reason) = (Level::Open, None);
        }
    }

    /// Goes on to a level, unless it has been reached.
    pub(super) fn escalate(&mut self, level: Level, reason: StopReason) {
        if level > self.level {
            self.level = level;
            self.reason = Some(reason);
        }
        if self.level >= Level::Stopping {
            self.stopping.get_or_insert(self.evaluator.elapsed());
        }
    }

    pub(super) fn notify(&mut self, progress: &Progress<'_>) {
        let mut is_enough = false;
        for observer in &mut self.tuner.observers {
            is_enough |= observer(self.study, progress).is_break();
        }
        if is_enough {
            self.escalate(Level::Stopping, StopReason::Observer);
        }
    }

    pub(super) fn warn(&mut self, warning: String) {
        if !self.warnings.contains(&warning) {
            self.notify(&Progress::Warning(&warning));
            self.warnings.push(warning);
        }
    }

    fn warn_of_idle_places(&mut self) {
        let ResourceLimits { max_jobs, max_parallel_jobs, .. } = self.limits;
        if let Some(max_jobs) = max_jobs.filter(|jobs| *jobs < max_parallel_jobs) {
            self.warn(format!(
                "max_parallel_jobs is {max_parallel_jobs}, but max_jobs only {max_jobs}: all jobs are proposed at once, before anything is known; a tenth of max_jobs is a good number"
            ));
        }
    }

    /// Shows what has been recorded since, before anything is done about it.
    pub(super) fn show(&mut self) {
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
            let probe = self.probe.as_ref().and_then(|probe| probe.due(deadline));
            probe.into_iter().for_each(&mut at);
        }
        if let Some(limit) = self.limits.max_runtime.filter(|_| self.level < Level::Stopping) {
            at(self.begun.saturating_add(limit));
        }
        if let Some(since) = self.stopping {
            at(since.saturating_add(self.patience()));
        }
        if self.tuner.stop.is_some() && self.level < Level::Leaving {
            wake = wake.min(HEARING);
        }
        wake.max(SHORTEST_WAIT)
    }

    /// Asks a job that runs to stop, once.
    pub(super) fn stop(&mut self, trial: TrialId) -> Result<(), Error> {
        if let Some(running) = self.running.get_mut(&trial) {
            running.stop_asked = true;
            self.evaluator.stop(running.job)?;
        }
        Ok(())
    }

    /// The same, with the cause in the ledger first.
    pub(super) fn stop_because(&mut self, trial: TrialId, cause: StopCause) -> Result<(), Error> {
        self.study.ask_to_stop(trial, cause)?;
        self.show();
        self.stop(trial)
    }

    fn stop_what_runs(&mut self) -> Result<(), Error> {
        self.stop_probe()?;
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
        let due = self.probe.as_ref().and_then(|probe| probe.due(after));
        if due.is_some_and(|due| due <= now) {
            self.stop_probe()?;
        }
        self.stop_those(StopCause::Deadline { after }, |running| {
            now.saturating_sub(running.since) >= after
        })
    }

    pub(super) fn disregard(&mut self, event: JobEvent) {
        self.notify(&Progress::Disregarded(&event));
        self.disregarded_count += 1;
        if self.disregarded.len() < KEPT_DISREGARDED {
            self.disregarded.push(event);
        }
    }
}
