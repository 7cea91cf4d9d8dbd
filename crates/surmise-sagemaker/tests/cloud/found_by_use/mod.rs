//! Faults that somebody found who runs training jobs, each with its number: what the service does, and what is made of it.

mod adoption;
mod ends;
mod hand_over;
mod machines;
mod metrics;
mod permissions;
mod related;
mod requests;

use super::*;
use surmise::{FailureKind, StopReason};
use surmise_sagemaker::evaluator::{ServiceError, ServiceErrorKind, TrainingJob, TrainingService};
use surmise_sagemaker::fake::{Fate, Faults, InstanceQuotas};
use surmise_sagemaker::training_job_name;

/// Half an hour of training.
const HALF_AN_HOUR: Duration = Duration::from_secs(1800);

/// A fake under these faults, of the usual training.
fn under(faults: Faults) -> (FakeSettings, FakeSageMaker) {
    let settings = FakeSettings { faults, ..Default::default() };
    let fake = fake(&settings);
    (settings, fake)
}

/// A request on spot instances that may wait for so long.
fn spot(name: &str, jobs: usize, longest_wait: u32) -> CreateHyperParameterTuningJobRequest {
    let mut request = request(name, jobs, 1);
    let definition = request.definition.as_mut().unwrap();
    definition.spot_training = Some(true);
    definition.stopping_condition.max_wait_time_in_seconds = Some(longest_wait);
    request
}

fn warnings(events: &[JobEvent]) -> Vec<&str> {
    let mut texts = Vec::new();
    for event in events {
        if let JobEvent::Warning { text } = event {
            texts.push(text.as_str());
        }
    }
    texts
}

fn ended(events: &[JobEvent]) -> Vec<Outcome> {
    let outcome = |event: &JobEvent| match event {
        JobEvent::Ended { outcome, .. } => Some(outcome.clone()),
        _ => None,
    };
    events.iter().filter_map(outcome).collect()
}

fn steps(events: &[JobEvent]) -> Vec<u64> {
    let step = |event: &JobEvent| match event {
        JobEvent::Report { step, .. } => Some(*step),
        _ => None,
    };
    events.iter().filter_map(step).collect()
}

/// How often an operation was asked for.
fn asked(fake: &FakeSageMaker, operation: &str) -> usize {
    fake.log().iter().filter(|entry| entry.operation == operation).count()
}

/// What an evaluator of the request after a change makes of a job that was created by the request before it, and that has ended.
fn adopted(
    before: impl Fn(&mut CreateHyperParameterTuningJobRequest),
    after: impl Fn(&mut CreateHyperParameterTuningJobRequest),
) -> Result<Vec<JobEvent>, String> {
    let (settings, fake) = under(Faults::default());
    let mut own = request("trees", 1, 1);
    before(&mut own);
    let mut first = evaluator(&fake, &settings.clock, &own);
    start(&mut first, 1, 0.4);
    ends(&mut first, 1);
    drop(first);
    let mut other = request("trees", 1, 1);
    after(&mut other);
    let mut second = evaluator(&fake, &settings.clock, &other);
    let known = trial(1, 0.4);
    second.start(&Job::new(&known, 1)).map_err(|error| error.to_string())?;
    let mut all = Vec::new();
    for _ in 0..100 {
        all.extend(second.wait(60 * SECOND).map_err(|error| error.to_string())?);
        if !ended(&all).is_empty() {
            break;
        }
    }
    assert_eq!(fake.creations().len(), 1, "nothing is created anew");
    Ok(all)
}
