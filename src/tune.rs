//! The only loop: asks the study, starts jobs under the limits, tells what came of them.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use crate::error::Error;
use crate::evaluator::{Evaluator, Job, JobEvent, JobId, Start};
use crate::limits::ResourceLimits;
use crate::study::{Asked, Event, Study};
use crate::trial::{Source, Trial, TrialId};

/// Why the tuning ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopReason {
    /// As many jobs have run as the limits allow.
    JobLimit {
        /// That many.
        jobs: usize,
    },
    /// Every configuration of the space has been asked or told.
    SpaceExhausted {
        /// Jobs that have run.
        jobs: usize,
    },
}

/// How the tuning went.
#[derive(Debug, Clone, PartialEq)]
pub struct Tuned {
    /// Why it ended.
    pub reason: StopReason,
    /// Events of jobs that were not running: of unknown ones, or of ones that had ended. They changed nothing.
    pub disregarded: Vec<JobEvent>,
}

/// How long to wait for a job before looking again, at the most, and for room at the least.
const PATIENCE: Duration = Duration::from_secs(3600);
const IMPATIENCE: Duration = Duration::from_millis(1);

/// Runs a study to its end: never more than `max_parallel_jobs` at once, nor `max_jobs` in all.
///
/// Trials that were asked before, but have not ended, run first, as far as `max_jobs` allows; every trial of the strategy
/// that has ended counts as a job. Without `max_jobs` only the exhaustion of a finite space ends it.
///
/// # Errors
/// [`Error::Evaluator`] if no jobs can be run, or an error of the strategy. The ledger is then intact: the trials that were
/// running are pending, and another call goes on with them.
pub fn tune(study: &mut Study, evaluator: &mut dyn Evaluator) -> Result<Tuned, Error> {
    tune_watched(study, evaluator, |_, _| {})
}

/// The same, showing every event to `watch` right after it was recorded.
///
/// # Errors
/// Those of [`tune`].
pub fn tune_watched(
    study: &mut Study,
    evaluator: &mut dyn Evaluator,
    mut watch: impl FnMut(&Study, &Event),
) -> Result<Tuned, Error> {
    let mut run = Run::resume(study);
    let mut shown = study.events().len();
    let mut show = |study: &Study| {
        for event in &study.events()[shown..] {
            watch(study, event);
        }
        shown = study.events().len();
    };
    loop {
        let full = run.fill(study, &mut show)?;
        let timeout = run.start(study, evaluator)?;
        if let Some(reason) = full
            && run.is_idle()
        {
            return Ok(Tuned { reason, disregarded: run.disregarded });
        }
        for event in evaluator.wait(timeout)? {
            run.take(study, event)?;
            show(study);
        }
    }
}

/// The state of one call: which jobs wait for a place, and which run.
struct Run {
    limits: ResourceLimits,
    queue: VecDeque<TrialId>,
    running: HashMap<TrialId, JobId>,
    disregarded: Vec<JobEvent>,
}

impl Run {
    fn resume(study: &Study) -> Self {
        let limits = study.settings().limits;
        let own = |trial: &&Trial| trial.source == Source::Own;
        let ended = study.trials().iter().filter(own).filter(|t| t.outcome.is_some()).count();
        let room = limits.max_jobs.map_or(usize::MAX, |most| most.saturating_sub(ended));
        Self {
            limits,
            queue: study.pending().map(|trial| trial.id).take(room).collect(),
            running: HashMap::new(),
            disregarded: Vec::new(),
        }
    }

    fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.running.is_empty()
    }

    /// Asks for as many trials as there are free places; the reason to stop if there will be no further one.
    fn fill(
        &mut self,
        study: &mut Study,
        show: &mut impl FnMut(&Study),
    ) -> Result<Option<StopReason>, Error> {
        loop {
            let own = |trial: &&Trial| trial.source == Source::Own;
            let asked = study.trials().iter().filter(own).count();
            let jobs = self.limits.max_jobs.map_or(asked, |most| asked.min(most));
            if self.limits.max_jobs.is_some_and(|most| asked >= most) {
                return Ok(Some(StopReason::JobLimit { jobs }));
            }
            if self.queue.len() + self.running.len() >= self.limits.max_parallel_jobs {
                return Ok(None);
            }
            let answer = study.ask(1)?;
            show(study);
            match answer {
                Asked::Trials(trials) => self.queue.extend(trials.iter().map(|trial| trial.id)),
                Asked::Wait => return Ok(None),
                Asked::Exhausted => return Ok(Some(StopReason::SpaceExhausted { jobs })),
            }
        }
    }

    /// Starts what is queued while there is room; how long to wait before trying again.
    fn start(&mut self, study: &Study, evaluator: &mut dyn Evaluator) -> Result<Duration, Error> {
        while self.running.len() < self.limits.max_parallel_jobs {
            let Some(trial) = self.queue.front().and_then(|id| study.trial(*id)) else {
                break;
            };
            let job = Job { trial, attempt: 1 };
            match evaluator.start(&job)? {
                Start::Started | Start::Adopted => {
                    self.running.insert(trial.id, job.id());
                    self.queue.pop_front();
                }
                Start::Busy { retry_after } => return Ok(retry_after.clamp(IMPATIENCE, PATIENCE)),
            }
        }
        Ok(PATIENCE)
    }

    /// Tells the study what happened to a job that runs; keeps anything else aside.
    fn take(&mut self, study: &mut Study, event: JobEvent) -> Result<(), Error> {
        let job = match &event {
            JobEvent::Report { job, .. } | JobEvent::Ended { job, .. } => *job,
        };
        if self.running.get(&job.trial) != Some(&job) {
            self.disregarded.push(event);
            return Ok(());
        }
        match event {
            JobEvent::Report { step, value, .. } => study.report(job.trial, step, value),
            JobEvent::Ended { outcome, .. } => {
                self.running.remove(&job.trial);
                study.tell(job.trial, outcome)
            }
        }
    }
}
