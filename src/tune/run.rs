//! One call of the loop: which jobs wait for a place, which run, and how far it is from its end.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::endings::Endings;
use super::kept::Keeping;
use super::probe::Probe;
use super::progress::Progress;
use super::proposing::Proposing;
use super::reason::StopReason;
use super::tuner::Tuner;
use crate::evaluator::{Evaluator, JobEvent, JobId};
use crate::limits::ResourceLimits;
use crate::stopping::Curves;
use crate::study::{Sink, Study};
use crate::trial::{Source, Trial, TrialId};

/// How long to wait for a job before looking again, at the most, and for room at the least.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(3600);
pub(super) const SHORTEST_WAIT: Duration = Duration::from_millis(1);
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
    /// When it is overdue, if it has a deadline.
    pub(super) due: Option<Duration>,
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
    pub(super) reason: Option<StopReason>,
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
    pub(super) warnings: Vec<String>,
    /// So many events have been shown.
    shown: usize,
    pub(super) best: Option<TrialId>,
    pub(super) begun: Duration,
    /// How long earlier processes have tuned.
    pub(super) spent: Duration,
    pub(super) keeping: Keeping,
    /// So many events had been recorded when the evaluator's note was kept.
    pub(super) noted: usize,
    /// Since when what runs is asked to stop.
    pub(super) stopping: Option<Duration>,
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
            spent: tuner.sink.as_deref().map(Sink::spent).unwrap_or_default(),
            keeping: Keeping::Kept,
            noted: study.events().len(),
            stopping: None,
            is_paused: false,
            is_out_of_budget: false,
            tuner,
            study,
            evaluator,
            limits,
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

    /// Shows what has been recorded since, before anything is done about it.
    pub(super) fn show_recorded(&mut self) {
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

    pub(super) fn disregard(&mut self, event: JobEvent) {
        self.notify(&Progress::Disregarded(&event));
        self.disregarded_count += 1;
        if self.disregarded.len() < KEPT_DISREGARDED {
            self.disregarded.push(event);
        }
    }
}
