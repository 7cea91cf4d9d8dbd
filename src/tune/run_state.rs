//! The state of one call of [`Tuner::run`]: its queue, its running jobs, and its stage.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::background_proposal::BackgroundProposal;
use super::completion::CompletionTracker;
use super::persistence_state::PersistState;
use super::probe::Probe;
use super::progress::Progress;
use super::stop_reason::StopReason;
use super::tuner::Tuner;
use crate::evaluator::{Evaluator, JobEvent, JobId};
use crate::limits::ResourceLimits;
use crate::stopping::LearningCurves;
use crate::study::{EventSink, Study};
use crate::trial::{Source, Trial, TrialId};

/// The longest time to wait for a job event, or before a start is tried again.
pub(super) const MAX_WAIT: Duration = Duration::from_secs(3600);
/// The shortest time to wait for a job event, or before a start is tried again.
pub(super) const MIN_WAIT: Duration = Duration::from_millis(1);
/// Maximum number of ignored events that the result lists.
const MAX_IGNORED_EVENTS: usize = 100;

/// The stages of a tuning, in their order. Each one adds to the restrictions of the earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// The study is asked for trials.
    Asking,
    /// No more trials are asked for, but pending ones start.
    Starting,
    /// No jobs start; running ones finish.
    Draining,
    /// Running jobs have been asked to stop, and have a grace period for it.
    Stopping,
    /// As `Stopping`, but jobs that have not ended after the grace period continue, and a later
    /// call adopts them.
    Cancelling,
}

/// A trial whose job runs.
#[derive(Debug)]
pub(super) struct RunningTrial {
    pub(super) job: JobId,
    /// The time at which the job exceeds its timeout; `None` without a timeout.
    pub(super) deadline: Option<Duration>,
    pub(super) is_stop_requested: bool,
    /// True if an earlier process started the job.
    pub(super) adopted: bool,
}

/// One call of [`Tuner::run`].
pub(super) struct TuningRun<'r, 'a> {
    pub(super) tuner: &'r mut Tuner<'a>,
    pub(super) study: &'r mut Study,
    pub(super) evaluator: &'r mut dyn Evaluator,
    pub(super) limits: ResourceLimits,
    /// Number of the study's trials that count as jobs; interrupted ones do not.
    pub(super) asked_count: usize,
    pub(super) stage: Stage,
    pub(super) reason: Option<StopReason>,
    pub(super) queue: VecDeque<TrialId>,
    /// Trials of earlier calls whose jobs may still run: those with a location, or all pending ones
    /// if they exceed the slots.
    pub(super) to_adopt: VecDeque<TrialId>,
    /// Trials that wait for their next attempt, and the time at which it may start.
    pub(super) waiting_for_retry: BTreeMap<TrialId, Duration>,
    pub(super) running: BTreeMap<TrialId, RunningTrial>,
    pub(super) proposal: Option<Box<BackgroundProposal>>,
    pub(super) probe: Option<Probe>,
    pub(super) curves: LearningCurves,
    pub(super) completion: CompletionTracker,
    pub(super) ignored_events: Vec<JobEvent>,
    pub(super) ignored_event_count: usize,
    pub(super) warnings: Vec<String>,
    /// Number of events that observers have received.
    notified_event_count: usize,
    pub(super) best: Option<TrialId>,
    pub(super) started_at: Duration,
    /// How long earlier processes have tuned this study.
    pub(super) earlier_time_spent: Duration,
    pub(super) persistence: PersistState,
    /// Number of recorded events when the evaluator's note was last persisted.
    pub(super) events_at_last_note: usize,
    /// The time at which running jobs were first asked to stop.
    pub(super) stopping_since: Option<Duration>,
    pub(super) is_paused: bool,
    /// True if the evaluator's budget was spent at the last start.
    pub(super) is_out_of_budget: bool,
}

fn is_from_study(trial: &&Trial) -> bool {
    trial.source == Source::Study
}

impl<'r, 'a> TuningRun<'r, 'a> {
    pub(super) fn new(
        tuner: &'r mut Tuner<'a>,
        study: &'r mut Study,
        evaluator: &'r mut dyn Evaluator,
    ) -> Self {
        let limits = study.settings().limits;
        let jobs =
            || study.trials().iter().filter(is_from_study).filter(|trial| !trial.needs_rerun());
        let ended = jobs().filter(|trial| trial.outcome.is_some()).count();
        let remaining = limits.max_jobs.map_or(usize::MAX, |limit| limit.saturating_sub(ended));
        let pending: VecDeque<TrialId> = study.pending().map(|trial| trial.id).collect();
        let exceeds_slots = pending.len() > limits.max_parallel_jobs.min(remaining);
        // A job with a location may run, even if this call does not need it.
        let located =
            |id: &TrialId| study.trial(*id).is_some_and(|trial| trial.job_location.is_some());
        let to_adopt = pending.iter().copied().filter(|id| exceeds_slots || located(id)).collect();
        Self {
            asked_count: jobs().count(),
            stage: Stage::Asking,
            reason: None,
            queue: pending.iter().take(remaining).copied().collect(),
            to_adopt,
            waiting_for_retry: BTreeMap::new(),
            running: BTreeMap::new(),
            proposal: None,
            probe: None,
            curves: LearningCurves::from_trials(study.objective(), study.trials()),
            completion: CompletionTracker::from_study(study),
            ignored_events: Vec::new(),
            ignored_event_count: 0,
            warnings: Vec::new(),
            notified_event_count: study.events().len(),
            best: study.best().map(|trial| trial.id),
            started_at: evaluator.elapsed(),
            earlier_time_spent: tuner
                .sink
                .as_deref()
                .map(EventSink::time_spent)
                .unwrap_or_default(),
            persistence: PersistState::Persisted,
            events_at_last_note: study.events().len(),
            stopping_since: None,
            is_paused: false,
            is_out_of_budget: false,
            tuner,
            study,
            evaluator,
            limits,
        }
    }

    /// Returns the number of the study's trials that count as jobs and may run.
    pub(super) fn job_count(&self) -> usize {
        self.limits.max_jobs.map_or(self.asked_count, |limit| self.asked_count.min(limit))
    }

    /// Returns the number of jobs that have started.
    pub(super) fn started_job_count(&self) -> usize {
        self.job_count().saturating_sub(self.queue.len())
    }

    /// Returns the number of slots that jobs occupy or are about to occupy.
    pub(super) fn occupied_slots(&self) -> usize {
        self.queue.len() + self.waiting_for_retry.len() + self.running.len() + self.running_probes()
    }

    pub(super) fn running_probes(&self) -> usize {
        usize::from(self.probe.as_ref().is_some_and(Probe::is_running))
    }

    /// Excludes an interrupted trial from the count of jobs.
    ///
    /// If the limit of jobs had been reached, the study is asked for another trial.
    pub(super) fn uncount_interrupted_job(&mut self) {
        self.asked_count = self.asked_count.saturating_sub(1);
        if self.stage == Stage::Starting && matches!(self.reason, Some(StopReason::JobLimit { .. }))
        {
            (self.stage, self.reason) = (Stage::Asking, None);
        }
    }

    /// Advances to a stage for this reason. Does nothing if that stage has been reached already.
    pub(super) fn escalate(&mut self, stage: Stage, reason: StopReason) {
        if stage > self.stage {
            self.stage = stage;
            self.reason = Some(reason);
        }
        if self.stage >= Stage::Stopping {
            self.stopping_since.get_or_insert(self.evaluator.elapsed());
        }
    }

    pub(super) fn notify(&mut self, progress: &Progress<'_>) {
        let mut has_ended = false;
        for observer in &mut self.tuner.observers {
            has_ended |= observer(self.study, progress).is_break();
        }
        if has_ended {
            self.escalate(Stage::Stopping, StopReason::Observer);
        }
    }

    pub(super) fn warn(&mut self, warning: String) {
        if !self.warnings.contains(&warning) {
            self.notify(&Progress::Warning(&warning));
            self.warnings.push(warning);
        }
    }

    /// Passes new events to the observers, before the tuner acts on them.
    pub(super) fn notify_recorded(&mut self) {
        let mut has_ended = false;
        let events = &self.study.events()[self.notified_event_count..];
        for event in events {
            for observer in &mut self.tuner.observers {
                has_ended |= observer(self.study, &Progress::Recorded(event)).is_break();
            }
        }
        self.notified_event_count = self.study.events().len();
        if has_ended {
            self.escalate(Stage::Stopping, StopReason::Observer);
        }
    }

    pub(super) fn ignore_event(&mut self, event: JobEvent) {
        self.notify(&Progress::IgnoredEvent(&event));
        self.ignored_event_count += 1;
        if self.ignored_events.len() < MAX_IGNORED_EVENTS {
            self.ignored_events.push(event);
        }
    }
}
