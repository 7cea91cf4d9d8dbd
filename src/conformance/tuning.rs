//! The last stage of the check of an evaluator: a complete tuning.

use std::time::Duration;

use serde_json::Value;

use super::violations::{Requirement, ViolationCollector, catch_panic};
use crate::error::{Error, EvaluatorError};
use crate::evaluator::{Evaluator, Job, JobEvent, JobId, StartOutcome};
use crate::limits::ResourceLimits;
use crate::objective::Objective;
use crate::space::SearchSpace;
use crate::strategy::RandomSearch;
use crate::study::{Study, StudySettings};
use crate::tune::tune;

const TUNES: Requirement = Requirement {
    text: "`tune` with this evaluator finishes, and all events belong to running jobs",
    remedy: "run `tune` with it, one job at a time, and print the events",
};

/// Maximum time without the end of a job, by the clock of the evaluator.
pub(super) const JOB_TIMEOUT: Duration = Duration::from_secs(60);
/// Timeout of one call of `wait`.
pub(super) const WAIT_TIMEOUT: Duration = Duration::from_millis(100);
/// Maximum `retry_after` that is respected; it is also the maximum in `tune`.
pub(super) const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);
/// Maximum number of calls of `wait`, in case the clock of the evaluator stands still.
pub(super) const MAX_WAITS: usize = 100_000;

/// Checks that `tune` with an evaluator finishes.
pub(super) fn check_tuning<E: Evaluator>(
    create: &mut impl FnMut() -> E,
    space: &SearchSpace,
    violations: &mut ViolationCollector,
) {
    let settings = StudySettings { limits: ResourceLimits::new(8, 3), ..StudySettings::default() };
    let objective = Objective::minimize("metric");
    let run = || -> Result<String, Error> {
        let mut study = Study::new(space.clone(), objective, RandomSearch, settings)?;
        let mut evaluator = create();
        let last_progress = evaluator.elapsed();
        let mut evaluator = EvaluatorWithTimeout {
            evaluator: &mut evaluator,
            last_progress,
            remaining_extensions: 20,
            waits: 0,
        };
        let result = tune(&mut study, &mut evaluator)?;
        let pending = study.pending().count();
        Ok(match (pending, result.ignored_events.as_slice()) {
            (0, []) => String::new(),
            (0, [first, ..]) => format!("{first:?}, though no such job was running"),
            _ => format!("{pending} trials that never ended"),
        })
    };
    let found = match catch_panic(run) {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => format!("the error \"{error}\""),
        Err(message) => format!("the panic \"{message}\""),
    };
    violations.check(TUNES, found.is_empty(), || found.clone());
}

/// An evaluator that returns an error if no job ends for too long, so that `tune` finishes.
struct EvaluatorWithTimeout<'a> {
    evaluator: &'a mut dyn Evaluator,
    /// Time of the last end of a job, or the later time until which the evaluator is busy.
    last_progress: Duration,
    /// Number of times that a `retry_after` may still extend the timeout.
    remaining_extensions: u32,
    /// Number of calls of `wait` since a job ended.
    waits: usize,
}

impl Evaluator for EvaluatorWithTimeout<'_> {
    fn start(&mut self, job: &Job<'_>) -> Result<StartOutcome, EvaluatorError> {
        let start = self.evaluator.start(job)?;
        if let (StartOutcome::Busy { retry_after }, 1..) = (start, self.remaining_extensions) {
            self.remaining_extensions -= 1;
            let busy_until = self.elapsed() + retry_after.min(MAX_RETRY_AFTER);
            self.last_progress = self.last_progress.max(busy_until);
        }
        Ok(start)
    }

    fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
        let events = self.evaluator.wait(timeout.min(WAIT_TIMEOUT))?;
        let now = self.elapsed();
        let waited = now.saturating_sub(self.last_progress);
        self.waits += 1;
        if events.iter().any(|event| matches!(event, JobEvent::Ended { .. })) {
            (self.last_progress, self.waits) = (now, 0);
        } else if waited >= JOB_TIMEOUT || self.waits >= MAX_WAITS {
            let text = format!("no job has ended for {waited:?} and {} waits", self.waits);
            return Err(EvaluatorError::new(text));
        }
        Ok(events)
    }

    fn stop(&mut self, job: JobId) -> Result<(), EvaluatorError> {
        self.evaluator.stop(job)
    }

    fn loses_jobs_on_exit(&self) -> bool {
        self.evaluator.loses_jobs_on_exit()
    }

    fn pause_starts(&mut self, is_paused: bool) {
        self.evaluator.pause_starts(is_paused);
    }

    fn journal_note(&mut self) -> Option<Value> {
        self.evaluator.journal_note()
    }

    fn elapsed(&self) -> Duration {
        self.evaluator.elapsed()
    }
}
