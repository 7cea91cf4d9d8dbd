//! The tuner: limits, early stopping, completion, retries, timeouts and enqueued configurations.

mod adversarial;
mod completion;
mod early_stopping;
mod enqueued;
mod failures;
mod time_limits;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use proptest::prelude::{Just, ProptestConfig, prop_assert, prop_assert_eq, prop_oneof, proptest};
use surmise::evaluator::{
    Evaluator, Job, JobEvent, JobId, Reporter, SimulatedEvaluator, SimulatedJob, SimulatedReport,
    StartOutcome,
};
use surmise::limits::{Backoff, MedianRule};
use surmise::rng::Rng;
use surmise::space::GridLevels;
use surmise::study::Event;
use surmise::trial::StopCause;
use surmise::tune::Progress;
use surmise::*;

const SECOND: Duration = Duration::from_secs(1);

fn unit_interval() -> SearchSpace {
    SearchSpace::new([ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear)]).unwrap()
}

fn study_with(limits: ResourceLimits, strategy: impl Strategy + 'static) -> Study {
    let settings = StudySettings { seed: 1, limits, ..Default::default() };
    Study::new(unit_interval(), Objective::minimize("loss"), strategy, settings).unwrap()
}

fn study(jobs: usize, parallel: usize) -> Study {
    study_with(ResourceLimits::new(jobs, parallel), SobolSearch)
}

/// Runs jobs of one second each, with outcomes by trial number.
fn by_number(
    outcome: impl Fn(u64) -> Outcome,
) -> SimulatedEvaluator<impl FnMut(&Job<'_>) -> SimulatedJob> {
    SimulatedEvaluator::new(move |job: &Job<'_>| SimulatedJob::new(outcome(job.trial.id.0), SECOND))
}

fn failed(kind: FailureKind) -> Outcome {
    Outcome::Failed(Failure::new(kind, "as scripted"))
}

/// Returns a job that reports one of these values per second and ends with the last one.
fn curve(values: &[f64]) -> SimulatedJob {
    let reports = (1_u32..).zip(values).map(|(step, value)| SimulatedReport {
        after: step * SECOND,
        step: step.into(),
        value: *value,
    });
    let duration = u32::try_from(values.len()).unwrap() * SECOND;
    SimulatedJob {
        reports: reports.collect(),
        ..SimulatedJob::new(*values.last().unwrap(), duration)
    }
}
