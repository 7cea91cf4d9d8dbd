//! Faults that a tuning engine must survive: those of the usual table that need neither a disk nor a cloud, one test each.
//!
//! 1 panics, 2 NaN, 3 infinities and outliers, 4 no metric, 5 a job killed, 6 the tuner killed (its ledger at hand), 13 clocks, 14 throttled jobs, 15 no
//! room, 16 silence, 17 pauses, 19 told twice, 20 told late, 21 told of unknown trials, 22 out of order, 23 no factorization, 24 nothing left, 27 stop
//! requests, 28 stops that take their time, 29 hanging jobs, 30 ten thousand trials, 31 hostile names, 32 several metrics in a log.

mod jobs;
mod ledger;
mod service;

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::time::Duration;

use surmise::evaluator::{
    Evaluator, Job, JobEvent, JobId, MetricSource, ReadingOfSeveral, Reporter, SimulatedEvaluator,
    SimulatedJob, Start,
};
use surmise::pattern::MetricPattern;
use surmise::study::Event;
use surmise::trial::StopCause;
use surmise::tune::Progress;
use surmise::*;

const SECOND: Duration = Duration::from_secs(1);

fn line() -> SearchSpace {
    SearchSpace::new([ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear)]).unwrap()
}

fn bayesian(limits: ResourceLimits) -> Study {
    let settings = StudySettings { seed: 1, limits, ..Default::default() };
    let strategy = BayesianOptimization::default();
    Study::new(line(), Objective::minimize("loss"), strategy, settings).unwrap()
}

fn kinds(study: &Study) -> Vec<FailureKind> {
    let failures = study.trials().iter().filter_map(|trial| match &trial.outcome {
        Some(Outcome::Failed(failure)) => Some(failure.kind),
        _ => None,
    });
    failures.collect()
}

/// Jobs of a second, which end by trial and attempt like this.
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
