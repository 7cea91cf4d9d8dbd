//! The faults of docs/faults.md that need neither a disk nor a cloud service.
//!
//! The number in a test's name is the number of the fault in the table of docs/faults.md.

mod jobs;
mod results;
mod service;

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::time::Duration;

use surmise::evaluator::{
    Evaluator, Job, JobEvent, JobId, MatchSelection, MetricSource, Reporter, SimulatedEvaluator,
    SimulatedJob, StartOutcome,
};
use surmise::pattern::MetricPattern;
use surmise::study::Event;
use surmise::trial::StopCause;
use surmise::tune::Progress;
use surmise::*;

const SECOND: Duration = Duration::from_secs(1);

fn unit_interval() -> SearchSpace {
    SearchSpace::new([ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear)]).unwrap()
}

fn bayesian(limits: ResourceLimits) -> Study {
    let settings = StudySettings { seed: 1, limits, ..Default::default() };
    let strategy = BayesianOptimization::default();
    Study::new(unit_interval(), Objective::minimize("loss"), strategy, settings).unwrap()
}

fn failure_kinds(study: &Study) -> Vec<FailureKind> {
    let failures = study.trials().iter().filter_map(|trial| match &trial.outcome {
        Some(Outcome::Failed(failure)) => Some(failure.kind),
        _ => None,
    });
    failures.collect()
}

/// Runs jobs of one second each, with outcomes by trial and attempt.
fn scripted(
    outcome: impl Fn(u64, u32) -> Outcome,
) -> SimulatedEvaluator<impl FnMut(&Job<'_>) -> SimulatedJob> {
    SimulatedEvaluator::new(move |job: &Job<'_>| {
        SimulatedJob::new(outcome(job.trial.id.0, job.attempt), SECOND)
    })
}

fn failed(kind: FailureKind) -> Outcome {
    Outcome::Failed(Failure::new(kind, "scripted"))
}
