//! Jobs on a virtual clock, so that a tuning with hours of jobs takes milliseconds.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::contract::{Adoption, Evaluator, Job, JobEvent, JobId, StartOutcome};
use crate::error::EvaluatorError;
use crate::trial::Outcome;

/// Describes what a simulated job does.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulatedJob {
    /// How long the job runs, in virtual time.
    pub duration: Duration,
    /// How the job ends, unless it is stopped before.
    pub outcome: Outcome,
    /// The reports of the job, in any order. Reports after the end of the job are dropped.
    pub reports: Vec<SimulatedReport>,
}

impl SimulatedJob {
    /// Returns a job without reports that runs for `duration` and ends as `outcome`.
    pub fn new(outcome: impl Into<Outcome>, duration: Duration) -> Self {
        Self { duration, outcome: outcome.into(), reports: Vec::new() }
    }
}

/// An intermediate value of the metric that a simulated job reports.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SimulatedReport {
    /// The virtual time between the start of the job and the report.
    pub after: Duration,
    /// The step of the report: an epoch, a round or any other count.
    pub step: u64,
    /// The value of the metric at that step.
    pub value: f64,
}

/// Runs jobs on a virtual clock: use it to compare strategies, worker counts and stopping rules
/// without waiting.
///
/// Only [`wait`](Evaluator::wait) advances the clock: to the next event, or by the whole timeout.
/// A run is deterministic. Events of the same time are returned in one list, in the order in which
/// they were scheduled.
///
/// ```
/// use std::time::Duration;
///
/// use surmise::evaluator::{Evaluator, Job, SimulatedEvaluator, SimulatedJob};
/// use surmise::{
///     Error, Objective, ParameterRange, ResourceLimits, ScalingType, SearchSpace, SobolSearch,
///     Study, StudySettings, tune,
/// };
///
/// let x = ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear);
/// let space = SearchSpace::new([x])?;
/// let settings = StudySettings { limits: ResourceLimits::new(20, 4), ..Default::default() };
/// let mut study = Study::new(space, Objective::minimize("loss"), SobolSearch, settings)?;
/// let mut evaluator = SimulatedEvaluator::new(|job: &Job<'_>| {
///     let x = job.trial.configuration.float("x");
///     SimulatedJob::new(x * x, Duration::from_secs(3600))
/// });
/// tune(&mut study, &mut evaluator)?;
/// // 20 jobs of an hour, 4 at a time:
/// assert_eq!(evaluator.elapsed(), Duration::from_secs(5 * 3600));
/// # Ok::<(), Error>(())
/// ```
pub struct SimulatedEvaluator<F> {
    simulate: F,
    clock: Duration,
    /// Future events, by time and then in the order of scheduling.
    scheduled: BTreeMap<(Duration, u64), JobEvent>,
    /// Running jobs, each with the last value that it reported.
    running: BTreeMap<JobId, Option<f64>>,
    scheduled_count: u64,
}

impl<F: FnMut(&Job<'_>) -> SimulatedJob> SimulatedEvaluator<F> {
    /// Returns an evaluator that calls `simulate` once for each started job, and does what the
    /// returned [`SimulatedJob`] says.
    pub fn new(simulate: F) -> Self {
        Self {
            simulate,
            clock: Duration::ZERO,
            scheduled: BTreeMap::new(),
            running: BTreeMap::new(),
            scheduled_count: 0,
        }
    }
}

impl<F> fmt::Debug for SimulatedEvaluator<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimulatedEvaluator")
            .field("clock", &self.clock)
            .field("scheduled", &self.scheduled)
            .finish_non_exhaustive()
    }
}

impl<F: FnMut(&Job<'_>) -> SimulatedJob> Evaluator for SimulatedEvaluator<F> {
    fn start(&mut self, job: &Job<'_>) -> Result<StartOutcome, EvaluatorError> {
        let id = job.id();
        if self.running.contains_key(&id) {
            return Ok(StartOutcome::Adopted);
        }
        let SimulatedJob { duration, outcome, mut reports } = (self.simulate)(job);
        reports.sort_by_key(|report| report.after);
        for SimulatedReport { after, step, value } in reports {
            if after <= duration {
                let time = self.clock.saturating_add(after);
                self.schedule(time, JobEvent::Report { job: id, step, value });
            }
        }
        let time = self.clock.saturating_add(duration);
        self.schedule(time, JobEvent::Ended { job: id, outcome });
        self.running.insert(id, None);
        Ok(StartOutcome::Started)
    }

    fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
        let latest = self.clock.saturating_add(timeout);
        let next = self.scheduled.first_key_value().map(|((time, _), _)| *time);
        let Some(now) = next.filter(|time| *time <= latest) else {
            self.clock = latest;
            return Ok(Vec::new());
        };
        self.clock = now;
        let mut events = Vec::new();
        while let Some(entry) = self.scheduled.first_entry().filter(|entry| entry.key().0 == now) {
            let event = entry.remove();
            match &event {
                JobEvent::Report { job, value, .. } => {
                    if let Some(last) = self.running.get_mut(job) {
                        *last = Some(*value);
                    }
                }
                JobEvent::Ended { job, .. } => {
                    self.running.remove(job);
                }
                _ => {}
            }
            events.push(event);
        }
        Ok(events)
    }

    fn stop(&mut self, job: JobId) -> Result<(), EvaluatorError> {
        if let Some(last) = self.running.get(&job).copied() {
            self.scheduled.retain(|_, event| event.job() != Some(job));
            let outcome = Outcome::Stopped { value: last };
            self.schedule(self.clock, JobEvent::Ended { job, outcome });
        }
        Ok(())
    }

    fn elapsed(&self) -> Duration {
        self.clock
    }

    fn adopt(&mut self, job: &Job<'_>) -> Result<Adoption, EvaluatorError> {
        let runs = self.running.contains_key(&job.id());
        Ok(if runs { Adoption::Running } else { Adoption::NotRunning })
    }

    fn is_simulated(&self) -> bool {
        true
    }
}

impl<F> SimulatedEvaluator<F> {
    fn schedule(&mut self, time: Duration, event: JobEvent) {
        self.scheduled.insert((time, self.scheduled_count), event);
        self.scheduled_count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::check_evaluator;
    use crate::space::{Configuration, ParameterRange, ScalingType, SearchSpace};
    use crate::trial::{Source, Trial, TrialId};

    const SECOND: Duration = Duration::from_secs(1);

    fn trial(number: u64) -> Trial {
        Trial::new(TrialId(number), Source::Study, Configuration::default())
    }

    fn ended(number: u64, outcome: Outcome) -> JobEvent {
        JobEvent::Ended { job: JobId { trial: TrialId(number), attempt: 1 }, outcome }
    }

    #[test]
    fn simulated_evaluator_keeps_the_contract() {
        let range = ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear);
        let space = SearchSpace::new([range]).unwrap();
        let create = || {
            SimulatedEvaluator::new(|job: &Job<'_>| {
                let seconds = 1 + job.trial.id.0 % 3;
                SimulatedJob {
                    reports: vec![SimulatedReport { after: SECOND / 2, step: 1, value: 2.0 }],
                    ..SimulatedJob::new(1.0, u32::try_from(seconds).unwrap() * SECOND)
                }
            })
        };
        check_evaluator(create, &space).unwrap();
    }

    #[test]
    fn clock_jumps_from_event_to_event() {
        let mut evaluator = SimulatedEvaluator::new(|job: &Job<'_>| {
            let seconds = [3, 1, 3][usize::try_from(job.trial.id.0 - 1).unwrap()];
            SimulatedJob::new(seconds as f64, seconds * SECOND)
        });
        for number in 1..=3 {
            evaluator.start(&Job::new(&trial(number), 1)).unwrap();
        }
        assert_eq!(evaluator.wait(10 * SECOND).unwrap(), [ended(2, 1.0.into())]);
        assert_eq!(evaluator.elapsed(), SECOND);
        assert_eq!(evaluator.wait(SECOND).unwrap(), []);
        assert_eq!(evaluator.elapsed(), 2 * SECOND);
        let both = [ended(1, 3.0.into()), ended(3, 3.0.into())];
        assert_eq!(evaluator.wait(10 * SECOND).unwrap(), both);
        assert_eq!(evaluator.elapsed(), 3 * SECOND);
    }

    #[test]
    fn a_stopped_job_ends_now_with_its_last_value() {
        let report = |seconds: u32| SimulatedReport {
            after: seconds * SECOND,
            step: seconds.into(),
            value: f64::from(seconds),
        };
        let mut evaluator = SimulatedEvaluator::new(move |_: &Job<'_>| SimulatedJob {
            reports: vec![report(2), report(1), report(9)],
            ..SimulatedJob::new(0.5, 4 * SECOND)
        });
        let (first, second) = (trial(1), trial(2));
        for trial in [&first, &second] {
            evaluator.start(&Job::new(trial, 1)).unwrap();
        }
        assert_eq!(evaluator.wait(10 * SECOND).unwrap().len(), 2);
        evaluator.stop(JobId { trial: first.id, attempt: 1 }).unwrap();
        let stopped = [ended(1, Outcome::Stopped { value: Some(1.0) })];
        assert_eq!(evaluator.wait(10 * SECOND).unwrap(), stopped);
        assert_eq!(evaluator.elapsed(), SECOND);
        let reported = evaluator.wait(10 * SECOND).unwrap();
        assert!(matches!(reported[..], [JobEvent::Report { step: 2, .. }]), "{reported:?}");
        assert_eq!(evaluator.wait(10 * SECOND).unwrap(), [ended(2, 0.5.into())]);
        assert_eq!(evaluator.wait(60 * SECOND).unwrap(), [], "reports after the end are dropped");
    }
}
